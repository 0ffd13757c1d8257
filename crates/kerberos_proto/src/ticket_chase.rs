//! Getting a ticket through as many realms as necessary (RFC 4120 §1.2, §3.3.1; RFC 6806 §8).
//!
//! ```text
//! start ─► a TGT for the realm of the service: at hand, or by a walk through realms ─┐
//!             │ walk: the realm itself, else the nearest before it on the path;      │
//!             │       a KDC that knows better leads off the path                     │
//!             ▼                                                                      │
//!          the service, referrals on ── a TGT of another realm: ask there ◄┐         │
//!             │        │                                  └────────────────┘         │
//!             │        └── refused at the first realm ─► the fallback realm ─────────┘
//!             │                                          or once more, referrals off
//!             ▼
//!          Step::Done(Chased)
//! ```
//! The order of requests is that of MIT's `krb5_tkt_creds_step`. Each hop is a [`TgsExchange`],
//! which checks the reply. A TGT from a referral is never mistaken for the service's ticket. Left
//! to the caller: which realms lie on the path ([`Route`]), the credential cache, and whether the
//! realms on the way can be trusted, which the service's KDC decides.

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_crypto::CryptoRng;

use crate::exchange::Env;
use crate::trace::trace;
use crate::{Credential, ExchangeError, Request, Step, TgsExchange, Timestamp};

mod common;
mod params;
mod path;
mod states;

pub use params::{ChaseParams, Route};

use common::Common;
use states::{Next, State};

/// A chase in progress.
///
/// It makes one request at a time and takes one answer to each. It does no IO. After an error from
/// [`step`](Self::step) the chase is over. However the KDCs answer, it makes no more requests than
/// the policy allows.
///
/// # Example
/// The service is in another realm than the client assumes.
/// ```
/// # use kerberos_proto::*;
/// # use kerberos_testkdc::{Account, Kdc, Referral, Transport};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let shared = |name| Account::new(name).password("between us").salt("both");
/// # let home = Kdc::builder("EXAMPLE.COM")
/// #     .account(Account::new("alice").password("pw").no_preauth())
/// #     .account(Account::new("host/far.other.com").lives_in("OTHER.COM", Referral::WrongRealm))
/// #     .account(shared("krbtgt/OTHER.COM")).build()?;
/// # let other = Kdc::builder("OTHER.COM")
/// #     .account(shared("krbtgt/OTHER.COM")).service("host/far.other.com").build()?;
/// # let clock = || Timestamp::new(1_767_225_600, 0);
/// # let time = std::time::Duration::from_secs(1_767_225_600);
/// # let send = |request: &Request| {
/// #     let kdc = if request.realm == b"OTHER.COM" { &other } else { &home };
/// #     kdc.answer(&request.payload, Transport::Tcp, time).expect("an answer")
/// # };
/// # let params = AsParams::new(Principal::parse("alice@EXAMPLE.COM")?);
/// # let secret = Secret::Password(Password::new("pw"));
/// # let (mut exchange, request) = AsExchange::start(params, secret, &mut rng, clock())?;
/// # let Step::Done(login) = exchange.step(&send(&request), &mut rng, clock())? else { panic!() };
/// # let tgt = &login.credential;
/// use kerberos_proto::{ChaseParams, Principal, Step, TgsParams, TicketChase};
///
/// let service = Principal::parse("host/far.other.com@EXAMPLE.COM")?;
/// let params = ChaseParams::new(TgsParams::new(service));
/// let (mut chase, mut step) = TicketChase::start(params, tgt, &mut rng, clock())?;
/// let chased = loop {
///     match step {
///         Step::Send(request) => {
///             let reply = send(&request);
///             step = chase.step(&reply, &mut rng, clock())?;
///         }
///         Step::Done(chased) => break chased,
///     }
/// };
/// assert_eq!(chased.hops, [b"EXAMPLE.COM".to_vec(), b"OTHER.COM".to_vec()]);
/// assert_eq!(chased.credential.server.to_string(), "host/far.other.com@EXAMPLE.COM");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TicketChase {
    common: Common,
    under_way: Option<(State, TgsExchange)>,
}

/// The result of a chase.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Chased {
    /// The ticket, under the name that was asked for: MIT's library stores it that way, too, so
    /// that the next lookup finds it. The service's true name is in the ticket.
    pub credential: Credential,
    /// TGTs for other realms that were requested on the path. They are worth storing, and MIT's
    /// library stores the same ones. TGTs from referrals are not included, nor are TGTs obtained
    /// with those where no [`Route`] leads that way: the KDC issues them again each time.
    pub tgts: Vec<Credential>,
    /// The realms whose KDCs served the client, in order.
    pub hops: Vec<Vec<u8>>,
}

impl TicketChase {
    /// Starts a chase with `tgt` and returns the first request.
    ///
    /// # Errors
    /// The same as [`TgsExchange::start`].
    pub fn start(
        params: ChaseParams,
        tgt: &Credential,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Step<Chased>), ExchangeError> {
        let mut common = Common::new(params, tgt)?;
        let next = states::begin(&mut common, &mut Env { rng, now })?;
        let mut chase = Self {
            common,
            under_way: None,
        };
        let step = chase.take(next);
        Ok((chase, step))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// When a KDC refuses and there is no other way, when its answer is malformed or does not match
    /// the request, and when KDCs refer the client in circles or endlessly. Every error is final.
    pub fn step(
        &mut self,
        reply: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step<Chased>, ExchangeError> {
        let (state, mut exchange) = self.under_way.take().ok_or(ExchangeError::Finished)?;
        let answer = match exchange.step(reply, now) {
            Ok(Step::Send(request)) => {
                self.under_way = Some((state, exchange));
                return Ok(Step::Send(request));
            }
            Ok(Step::Done(outcome)) => {
                trace!("TGS request result: 0/Success");
                Ok(*outcome)
            }
            Err(error) => Err(error),
        };
        let next = state.handle(answer, &mut self.common, &mut Env { rng, now })?;
        Ok(self.take(next))
    }

    /// Takes the TGTs for other realms requested so far. They are worth storing even if the chase
    /// fails. [`Chased::tgts`] does not repeat those taken here.
    pub fn take_tgts(&mut self) -> Vec<Credential> {
        core::mem::take(&mut self.common.got)
    }

    fn take(&mut self, next: Next) -> Step<Chased> {
        match next {
            Next::Ask(state, asked) => {
                let (exchange, request): (TgsExchange, Request) = *asked;
                self.under_way = Some((state, exchange));
                Step::Send(request)
            }
            Next::Done(credential) => Step::Done(Box::new(Chased {
                credential: *credential,
                tgts: self.take_tgts(),
                hops: core::mem::take(&mut self.common.hops),
            })),
        }
    }
}

/// Shows neither keys nor tickets.
impl core::fmt::Debug for TicketChase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TicketChase")
            .field("server", &self.common.server)
            .field("tgt", &self.common.tgt.server)
            .field("over", &self.under_way.is_none())
            .finish_non_exhaustive()
    }
}
