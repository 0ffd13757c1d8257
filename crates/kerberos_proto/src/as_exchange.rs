//! The AS exchange: from a password or keys to an initial ticket (RFC 4120 §3.1).
//!
//! ```text
//! start ─► AS-REQ ──► ExpectFirstReply ──AS-REP──────────────► Login
//!   │                    │  ▲  KRB-ERROR: preauthentication required
//!   │                    │  │  └─► AS-REQ with padata ─► ExpectPreauthReply ──AS-REP──► Login
//!   │                    │  └── referral, expired cookie: start over ──┘
//!   │                    └── any other KRB-ERROR ─► ExchangeError
//!   │
//!   └── the last login tells what the KDC wants ─► AS-REQ with padata ─► ExpectGuessReply
//!                        AS-REP: Login     KRB-ERROR: as above, once ◄──────┘
//! ```
//! What it leaves to others: sending and receiving, retransmission, other KDCs when one is dead or
//! is a replica that does not know yet, storing the ticket, changing an expired password.

use alloc::vec::Vec;

use kerberos_asn1::PaDataType;
use kerberos_crypto::{CryptoRng, EncryptionType};

use crate::as_key::LongTermKey;
use crate::exchange::Env;
use crate::preauth::{KeyInfo, OwnedPaData, Preauth, PreauthEnv};
use crate::trace::trace;
use crate::trail::Trail;
use crate::{ClockOffset, ExchangeError, KdcError, Principal, Request, Secret, Step, Timestamp};

mod login;
mod params;
mod refusal;
mod reply;
mod request;
mod salts;
mod states;

pub use login::Login;
pub use params::{AsParams, LastPreauth, StartTime, TicketOptions};
pub(crate) use request::{Informational, Plan, add_informational};
pub use salts::SaltExchange;

use refusal::Refusal;
use request::Sent;
use states::{Next, State};

/// An AS exchange under way.
///
/// It makes one request at a time and takes one answer to each; what it never does is IO. When
/// [`step`](Self::step) fails the exchange is over.
pub struct AsExchange {
    session: Session,
    /// `None` when the exchange is over.
    state: Option<State>,
}

impl AsExchange {
    /// Starts an exchange, and gives the first request.
    ///
    /// `now` is the caller's clock, whether or not it is right.
    ///
    /// # Errors
    /// [`ExchangeError::NoEtypes`] when the policy allows no supported encryption type, and
    /// [`ExchangeError::NoKeys`] when `secret` has keys, but none of a supported type.
    pub fn start(
        params: AsParams,
        secret: Secret,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Request), ExchangeError> {
        trace!("Getting initial credentials for {}", params.client);
        let mut session = Session::new(params, LongTermKey::new(secret))?;
        let state = State::start(&mut session, &mut Env { rng, now })?;
        let request = session.request(state.sent());
        Ok((
            Self {
                session,
                state: Some(state),
            },
            request,
        ))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// When the KDC refuses for good, when its answer is malformed or not what was asked for, and
    /// when no password can be had. Every error is final.
    pub fn step(
        &mut self,
        reply: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, ExchangeError> {
        let state = self.state.take().ok_or(ExchangeError::Finished)?;
        match state.handle(&mut self.session, reply, &mut Env { rng, now })? {
            Next::Send(state) => {
                let request = self.session.request(state.sent());
                self.state = Some(state);
                Ok(Step::Send(request))
            }
            Next::Done(login) => Ok(Step::Done(login)),
        }
    }
}

/// Shows neither the secret nor anything made from it.
impl core::fmt::Debug for AsExchange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AsExchange")
            .field("client", &self.session.client)
            .field("requests", &self.session.requests)
            .field("over", &self.state.is_none())
            .finish_non_exhaustive()
    }
}

/// What holds for the whole exchange, however often it starts over.
struct Session {
    params: AsParams,
    /// The client in the realm that is being asked.
    client: Principal,
    /// What is offered, best first.
    etypes: Vec<EncryptionType>,
    key: LongTermKey,
    requests: u8,
    /// The realms that referred the client on.
    trail: Trail,
    /// The KDC's clock by an unauthenticated error.
    offset_hint: Option<ClockOffset>,
    stream_only: bool,
    /// A key of a keytab that the KDC has refused, and how.
    refused: Option<(EncryptionType, Refusal)>,
}

impl Session {
    /// Nothing sent yet.
    ///
    /// # Errors
    /// As [`LongTermKey::order_etypes`].
    fn new(params: AsParams, key: LongTermKey) -> Result<Self, ExchangeError> {
        Ok(Self {
            etypes: key.order_etypes(&params.client, &params.policy.etypes)?,
            client: params.client.clone(),
            trail: Trail::new(params.client.realm(), &params.policy),
            params,
            key,
            requests: 0,
            offset_hint: None,
            stream_only: false,
            refused: None,
        })
    }

    /// Plans the next request; all but a resent one count.
    fn plan(&mut self, env: &mut Env<'_>) -> Result<Plan, ExchangeError> {
        let limit = self.params.policy.max_requests;
        if self.requests >= limit {
            return Err(ExchangeError::TooManyRequests { limit });
        }
        self.requests += 1;
        let now = self.kdc_time(env.now);
        Ok(Plan::new(
            &self.params,
            &self.client,
            &self.etypes,
            now,
            env.rng,
        ))
    }

    fn send(
        &self,
        plan: Plan,
        mut padata: Vec<OwnedPaData>,
        informational: Informational,
        env: &Env<'_>,
    ) -> Sent {
        add_informational(&mut padata, &self.params, informational);
        Sent {
            message: plan.message(&padata),
            plan,
            informational,
            at: env.now,
        }
    }

    fn request(&self, sent: &Sent) -> Request {
        Request {
            realm: sent.plan.client.realm().to_vec(),
            payload: sent.message.clone(),
            stream_only: self.stream_only,
        }
    }

    fn fresh_preauth(&self) -> Preauth {
        // The first type offered is a guess that any hint of the KDC corrects.
        let first = self.etypes.first().copied();
        let info = KeyInfo::new(first.unwrap_or(EncryptionType::AES256_CTS_HMAC_SHA1_96));
        Preauth::new(info, self.refused.as_ref().map(|(etype, _)| *etype))
    }

    /// The type of preauthentication to begin with, and the type of its key, if the KDC can be
    /// expected to take it and would be shown that key anyway.
    fn guess(&self) -> Option<(PaDataType, EncryptionType)> {
        let last = self.params.last_preauth?;
        let ready = self.key.etypes_in(&self.etypes);
        let first = ready.first().copied()?;
        let is_that_of_the_last_login = match last.etype {
            Some(etype) => etype == first,
            // There is no other that the KDC could have used.
            None => ready.len() == 1,
        };
        is_that_of_the_last_login.then_some((PaDataType(last.pa_type), first))
    }

    fn accept(&self, preauth: &mut Preauth, method_data: Vec<OwnedPaData>) {
        preauth.accept(method_data, &self.params.policy.preferred_preauth_types);
    }

    fn preauth_env<'a>(
        &'a mut self,
        plan: &'a Plan,
        rng: &'a mut dyn CryptoRng,
        now: Timestamp,
    ) -> PreauthEnv<'a> {
        PreauthEnv {
            now: self.kdc_time(now),
            policy: &self.params.policy,
            client: &self.client,
            plan,
            rng,
            key: &mut self.key,
        }
    }

    /// `now` by the KDC's clock, as far as that is known and may be used.
    fn kdc_time(&self, now: Timestamp) -> Timestamp {
        match self.offset_hint {
            Some(offset) if self.params.policy.kdc_timesync => now + offset,
            _ => now,
        }
    }

    /// Learns the KDC's clock from an error. Nothing authenticates it, so it is good for what the
    /// KDC sees of ours only: the times asked for and the encrypted timestamp.
    fn note_time(&mut self, error: &KdcError, now: Timestamp) {
        let kdc = Timestamp::new(error.time.unix(), error.microseconds);
        self.offset_hint = Some(ClockOffset::between(now, kdc));
    }

    /// The KDC's refusal of a key, if there was one: it tells more than `error`, that nothing is
    /// left to try.
    fn prefer_refusal(&mut self, error: ExchangeError) -> ExchangeError {
        match self.refused.take() {
            Some((_, refusal)) => refusal.prefer_over(error, self),
            None => error,
        }
    }

    /// The realm that the refusal sends the client to, if it does and the client may follow.
    ///
    /// RFC 6806 §7 has the code WRONG_REALM for it; Windows says that it does not know the client,
    /// and names another realm than the one asked.
    fn referral(&mut self, refusal: &Refusal) -> Result<Option<Vec<u8>>, ExchangeError> {
        use kerberos_asn1::{ErrorCode, NameType};

        let may_follow =
            self.params.options.canonicalize || self.client.name_type() == NameType::ENTERPRISE;
        let refers = matches!(
            refusal.error.code,
            ErrorCode::KDC_ERR_WRONG_REALM | ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN
        );
        let realm = match &refusal.error.client_realm {
            Some(realm) if may_follow && refers && realm != self.client.realm() => realm.clone(),
            _ => return Ok(None),
        };
        self.trail.follow(&realm)?;
        Ok(Some(realm))
    }
}
