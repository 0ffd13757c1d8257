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
//! Left to the caller: sending and receiving, retransmission, trying other KDCs when one is down or
//! is a replica without the latest changes, storing the ticket, changing an expired password.

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

/// An AS exchange in progress.
///
/// It makes one request at a time and takes one answer to each. It does no IO. After an error from
/// [`step`](Self::step) the exchange is over.
pub struct AsExchange {
    session: Session,
    /// `None` when the exchange is over.
    state: Option<State>,
}

impl AsExchange {
    /// Starts an exchange and returns the first request.
    ///
    /// `now` is the time by the caller's clock, which may be wrong.
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
    /// When the KDC refuses and there is nothing left to try, when its answer is malformed or does
    /// not match the request, and when no password could be obtained. Every error is final.
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

/// The state that lasts for the whole exchange, however often it starts over.
struct Session {
    params: AsParams,
    /// The client, in the realm that is currently being asked.
    client: Principal,
    /// The encryption types offered, best first.
    etypes: Vec<EncryptionType>,
    key: LongTermKey,
    requests: u8,
    /// The realms that referred the client on.
    trail: Trail,
    /// The offset of the KDC's clock according to an unauthenticated error.
    offset_hint: Option<ClockOffset>,
    stream_only: bool,
    /// A keytab key that the KDC has refused, and its refusal.
    refused: Option<(EncryptionType, Refusal)>,
}

impl Session {
    /// A session that has sent nothing yet.
    ///
    /// # Errors
    /// The same as [`LongTermKey::order_etypes`].
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

    /// Plans the next request. Every request counts towards the limit, except one that is resent.
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
        // Assume the first type offered; any hint from the KDC corrects this.
        let first = self.etypes.first().copied();
        let info = KeyInfo::new(first.unwrap_or(EncryptionType::AES256_CTS_HMAC_SHA1_96));
        Preauth::new(info, self.refused.as_ref().map(|(etype, _)| *etype))
    }

    /// The preauthentication type to begin with, and the type of its key: set if the KDC can be
    /// expected to accept it, and if the ordinary exchange would show the KDC that same key anyway.
    fn guess(&self) -> Option<(PaDataType, EncryptionType)> {
        let last = self.params.last_preauth?;
        let ready = self.key.etypes_in(&self.etypes);
        let first = ready.first().copied()?;
        let is_that_of_the_last_login = match last.etype {
            Some(etype) => etype == first,
            // Only one type of key exists, so the KDC must have used it.
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

    /// `now` by the KDC's clock, if its offset is known and may be used.
    fn kdc_time(&self, now: Timestamp) -> Timestamp {
        match self.offset_hint {
            Some(offset) if self.params.policy.kdc_timesync => now + offset,
            _ => now,
        }
    }

    /// Learns the KDC's clock from an error. The error is not authenticated, so the offset is used
    /// only for what the KDC sees of our clock: requested times and the encrypted timestamp.
    fn note_time(&mut self, error: &KdcError, now: Timestamp) {
        let kdc = Timestamp::new(error.time.unix(), error.microseconds);
        self.offset_hint = Some(ClockOffset::between(now, kdc));
    }

    /// The KDC's earlier refusal of a key, if there was one. It says more than `error`, which only
    /// means that there is nothing left to try.
    fn prefer_refusal(&mut self, error: ExchangeError) -> ExchangeError {
        match self.refused.take() {
            Some((_, refusal)) => refusal.prefer_over(error, self),
            None => error,
        }
    }

    /// The realm that an error refers the client to, if it is a referral and the client may follow
    /// it.
    ///
    /// RFC 6806 §7 uses the code WRONG_REALM. Windows instead reports an unknown client and names a
    /// realm other than the one that was asked.
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
