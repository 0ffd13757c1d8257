//! The TGS exchange: from a ticket-granting ticket to a ticket for a service, or to the same ticket
//! renewed, validated or forwarded (RFC 4120 §3.3).
//!
//! ```text
//! start ─► TGS-REQ { PA-TGS-REQ: AP-REQ with the TGT, a subkey, a checksum of the body }
//!             │
//!             ├── TGS-REP for what was asked ─────────► TgsOutcome::Ticket
//!             ├── TGS-REP with a TGT of another realm ► TgsOutcome::Referral (RFC 6806 §8)
//!             ├── KRB-ERROR: too big for UDP ─────────► the same request once more
//!             └── any other KRB-ERROR ────────────────► ExchangeError
//! ```
//! This is a single hop: one TGT, one KDC, one ticket. Left to the caller: following referrals,
//! choosing the path through realms, and the credential cache.

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::{Decode, ErrorCode, KrbError, MessageType, TgsRep};
use kerberos_crypto::{CryptoRng, EncryptionType};

use crate::exchange::Env;
use crate::trace::{Etypes, trace};
use crate::{Credential, ExchangeError, KdcError, Request, Step, Timestamp};

mod mit;
mod on_behalf;
mod params;
mod reply;
mod request;

pub use on_behalf::{OnBehalf, S4uProof};
pub use params::{TgsOptions, TgsParams};

use request::Sent;

/// A TGS exchange in progress.
///
/// It makes one request at a time and takes one answer to each. It does no IO. After an error from
/// [`step`](Self::step) the exchange is over.
///
/// # Example
/// For the login before it, see [`AsExchange`](crate::AsExchange).
/// ```
/// # use kerberos_proto::*;
/// # use kerberos_testkdc::{Kdc, Transport};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let kdc = Kdc::builder("EXAMPLE.COM")
/// #     .principal("alice", "pw").service("host/www.example.com").build()?;
/// # let clock = || Timestamp::new(1_767_225_600, 0);
/// # let time = std::time::Duration::from_secs(1_767_225_600);
/// # let params = AsParams::new(Principal::parse("alice@EXAMPLE.COM")?);
/// # let secret = Secret::Password(Password::new("pw"));
/// # let (mut exchange, mut request) = AsExchange::start(params, secret, &mut rng, clock())?;
/// # let login = loop {
/// #     let reply = kdc.answer(&request.payload, Transport::Tcp, time).unwrap();
/// #     match exchange.step(&reply, &mut rng, clock())? {
/// #         Step::Send(next) => request = next,
/// #         Step::Done(login) => break login,
/// #     }
/// # };
/// use kerberos_proto::{Principal, Step, TgsExchange, TgsOutcome, TgsParams};
///
/// let mut params = TgsParams::new(Principal::parse("host/www.example.com@EXAMPLE.COM")?);
/// params.kdc_offset = login.kdc_offset;
/// let tgt = &login.credential;
/// let (mut exchange, mut request) = TgsExchange::start(params, tgt, &mut rng, clock())?;
/// let outcome = loop {
///     let transport = if request.stream_only { Transport::Tcp } else { Transport::Udp };
///     let reply = kdc.answer(&request.payload, transport, time).expect("an answer");
///     match exchange.step(&reply, clock())? {
///         Step::Send(next) => request = next,
///         Step::Done(outcome) => break *outcome,
///     }
/// };
/// let TgsOutcome::Ticket(ticket) = outcome else { panic!("no referral here") };
/// assert_eq!(ticket.client.to_string(), "alice@EXAMPLE.COM");
/// assert_eq!(ticket.server.to_string(), "host/www.example.com@EXAMPLE.COM");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TgsExchange {
    params: TgsParams,
    sent: Sent,
    stream_only: bool,
    over: bool,
    proof: S4uProof,
}

/// The result of a successful TGS exchange.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TgsOutcome {
    /// The ticket that was asked for. Its service may have another name if the KDC was allowed to
    /// canonicalize it, but it is never a TGT that was not asked for.
    Ticket(Credential),
    /// Not the ticket, but a TGT with which to ask the KDC of another realm (RFC 6806 §8, RFC 4120
    /// §3.3.3).
    Referral {
        /// The realm whose KDC to ask next.
        realm: Vec<u8>,
        /// The TGT for it.
        tgt: Credential,
    },
}

impl TgsExchange {
    /// Starts an exchange with `tgt` and returns the request.
    ///
    /// To renew or validate a ticket, pass that ticket as `tgt`. `now` is the time by the caller's
    /// clock; its offset from the KDC's clock is in the parameters.
    ///
    /// # Errors
    /// [`ExchangeError::NoEtypes`] if no supported encryption type is allowed,
    /// [`ExchangeError::WrongTgt`] if `tgt` is for a realm other than the service's,
    /// [`ExchangeError::Crypto`] if its session key is of an unsupported type, and
    /// [`ExchangeError::Decode`] if a ticket is not valid DER.
    pub fn start(
        params: TgsParams,
        tgt: &Credential,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Request), ExchangeError> {
        trace!(
            "Requesting tickets for {}, referrals {}",
            params.server,
            if params.options.canonicalize {
                "on"
            } else {
                "off"
            }
        );
        Self::begin(params, tgt, &mut Env { rng, now })
    }

    /// The same as [`start`](Self::start), for callers that have already traced the request.
    pub(crate) fn begin(
        params: TgsParams,
        tgt: &Credential,
        env: &mut Env<'_>,
    ) -> Result<(Self, Request), ExchangeError> {
        let sent = Sent::new(&params, tgt, env)?;
        let exchange = Self {
            params,
            sent,
            stream_only: false,
            over: false,
            proof: S4uProof::default(),
        };
        let request = exchange.request();
        Ok((exchange, request))
    }

    /// Takes the answer to the request.
    ///
    /// # Errors
    /// When the KDC refuses, and when its answer is malformed or does not match the request. Every
    /// error is final.
    pub fn step(
        &mut self,
        reply: &[u8],
        now: Timestamp,
    ) -> Result<Step<TgsOutcome>, ExchangeError> {
        if core::mem::replace(&mut self.over, true) {
            return Err(ExchangeError::Finished);
        }
        match MessageType::of_der(reply) {
            Some(MessageType::TGS_REP) => {
                let reply =
                    TgsRep::from_der(reply).map_err(ExchangeError::decode("the TGS-REP"))?;
                let (outcome, proof) = reply::finish(&reply.0, &self.sent, &self.params, now)?;
                self.proof = proof;
                Ok(Step::Done(Box::new(outcome)))
            }
            Some(MessageType::KRB_ERROR) => {
                let error =
                    KrbError::from_der(reply).map_err(ExchangeError::decode("the KRB-ERROR"))?;
                self.refused(&error)
            }
            _ => Err(ExchangeError::UnexpectedMessage),
        }
    }

    /// What the reply proved about the user on whose behalf the ticket is. Empty before there is a
    /// reply.
    pub fn proof(&self) -> &S4uProof {
        &self.proof
    }

    fn refused(&mut self, error: &KrbError<'_>) -> Result<Step<TgsOutcome>, ExchangeError> {
        // RFC 4120 §7.2.1: ask again over a stream. On a stream this error makes no sense.
        if error.error_code == ErrorCode::KRB_ERR_RESPONSE_TOO_BIG && !self.stream_only {
            trace!("Request or response is too big for UDP; retrying with TCP");
            self.stream_only = true;
            self.over = false;
            return Ok(Step::Send(self.request()));
        }
        let error = KdcError::new(error, &self.sent.tgt.client, &self.sent.server);
        let error = ExchangeError::Kdc(Box::new(error));
        let (code, text) = (error.mit_code(), error.mit_tgs_message());
        trace!("TGS request result: {code}/{text}");
        Err(error)
    }

    fn request(&self) -> Request {
        Request {
            realm: self.sent.kdc_realm.clone(),
            payload: self.sent.message.clone(),
            stream_only: self.stream_only,
        }
    }
}

/// Shows neither the keys nor the message.
impl core::fmt::Debug for TgsExchange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("TgsExchange")
            .field("client", &self.sent.tgt.client)
            .field("server", &self.sent.server)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// The supported encryption types among those that may be requested, best first.
fn offered(params: &TgsParams) -> Result<Vec<EncryptionType>, ExchangeError> {
    let wanted = if params.etypes.is_empty() {
        &params.policy.etypes
    } else {
        &params.etypes
    };
    let supported = wanted.iter().copied().filter(|etype| etype.is_supported());
    let etypes: Vec<_> = supported.collect();
    if etypes.is_empty() {
        return Err(ExchangeError::NoEtypes);
    }
    trace!("etypes requested in TGS request: {}", Etypes(&etypes));
    Ok(etypes)
}
