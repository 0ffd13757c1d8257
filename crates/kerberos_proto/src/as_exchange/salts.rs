//! `SaltExchange`: asks a KDC how it derives keys from a client's password, without logging in.
//!
//! The answer to an AS-REQ without preauthentication says so (RFC 4120 §5.2.7.5), whether it is an
//! error or a ticket. The answer is not authenticated: a forged one leads to a key that does not
//! work, and the number of iterations it can ask for is limited where the key is derived.

use alloc::vec::Vec;

use kerberos_asn1::{AsRep, Decode, ErrorCode, KrbError, MessageType};
use kerberos_crypto::{CryptoRng, EncryptionType};

use super::refusal::Refusal;
use super::request::{Informational, Sent};
use super::{AsParams, Session};
use crate::as_key::LongTermKey;
use crate::exchange::Env;
use crate::preauth::{KeyInfo, OwnedPaData};
use crate::trace::{Printable, trace};
use crate::{
    ExchangeError, Password, PasswordSalt, Principal, ReplyFault, Request, Secret, Step, Timestamp,
};

/// A question about salts in progress.
///
/// It is driven like [`AsExchange`](super::AsExchange). The result has the KDC's parameters for
/// each of the requested encryption types, in the client's order.
///
/// # Example
/// ```
/// use kerberos_proto::{AsParams, Principal, SaltExchange, Step, Timestamp};
/// # use kerberos_testkdc::{Kdc, Transport};
/// # let mut rng = kerberos_testkdc::Repeatable(7);
/// # let kdc = Kdc::builder("EXAMPLE.COM").principal("alice", "correct horse").build()?;
/// # let now = Timestamp::new(1_767_225_600, 0);
/// let params = AsParams::new(Principal::parse("alice@EXAMPLE.COM")?);
/// let (mut exchange, mut request) = SaltExchange::start(params, &mut rng, now)?;
/// let salts = loop {
///     # let time = std::time::Duration::from_secs(now.seconds as u64);
///     let reply = kdc.answer(&request.payload, Transport::Tcp, time).expect("an answer");
///     match exchange.step(&reply, &mut rng, now)? {
///         Step::Send(next) => request = next,
///         Step::Done(salts) => break salts,
///     }
/// };
/// assert_eq!(salts[0].salt, b"EXAMPLE.COMalice");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SaltExchange {
    session: Session,
    /// The request that awaits an answer; `None` when the exchange is over.
    sent: Option<Sent>,
}

impl SaltExchange {
    /// Starts asking about `params.client` and the encryption types of `params.policy`, and returns
    /// the first request.
    ///
    /// # Errors
    /// [`ExchangeError::NoEtypes`] when the policy allows no supported encryption type.
    pub fn start(
        params: AsParams,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Request), ExchangeError> {
        trace!("Asking how the keys of {} are made", params.client);
        // No key is derived here, but a session needs a source of keys.
        let key = LongTermKey::new(Secret::Password(Password::new(Vec::new())));
        let session = Session::new(params, key)?;
        let mut exchange = Self {
            session,
            sent: None,
        };
        let request = exchange.ask(Informational::Present, &mut Env { rng, now })?;
        Ok((exchange, request))
    }

    /// Takes the answer to the last request. The result has at least one entry.
    ///
    /// # Errors
    /// When the KDC does not know the client, has no key of the requested types or does not say how
    /// it derives them, and when its answer is malformed. Every error is final.
    pub fn step(
        &mut self,
        reply: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step<Vec<PasswordSalt>>, ExchangeError> {
        let sent = self.sent.take().ok_or(ExchangeError::Finished)?;
        let mut env = Env { rng, now };
        let refusal = match MessageType::of_der(reply) {
            Some(MessageType::AS_REP) => return self.of_reply(reply).map(done),
            Some(MessageType::KRB_ERROR) => {
                let error =
                    KrbError::from_der(reply).map_err(ExchangeError::decode("the KRB-ERROR"))?;
                Refusal::new(&error, &sent)
            }
            _ => return Err(ExchangeError::UnexpectedMessage),
        };
        match refusal.error.code {
            // RFC 4120 §7.2.1, as in a login.
            ErrorCode::KRB_ERR_RESPONSE_TOO_BIG if !self.session.stream_only => {
                self.session.stream_only = true;
                let request = self.session.request(&sent);
                self.sent = Some(sent);
                Ok(Step::Send(request))
            }
            ErrorCode::KDC_ERR_PREAUTH_REQUIRED => self
                .of_hints(&refusal.padata, None, &self.session.client)
                .map(done),
            // An old KDC that fails on padata it does not know.
            ErrorCode::KDC_ERR_PREAUTH_FAILED if sent.informational == Informational::Present => {
                self.ask(Informational::LeftOut, &mut env).map(Step::Send)
            }
            _ => match self.session.referral(&refusal)? {
                Some(realm) => {
                    trace!("Following referral to realm {}", Printable(&realm));
                    self.session.client = self.session.client.clone().with_realm(realm);
                    self.ask(Informational::Present, &mut env).map(Step::Send)
                }
                None => Err(refusal.into_error(&self.session, false)),
            },
        }
    }

    fn ask(
        &mut self,
        informational: Informational,
        env: &mut Env<'_>,
    ) -> Result<Request, ExchangeError> {
        let plan = self.session.plan(env)?;
        let sent = self.session.send(plan, Vec::new(), informational, env);
        let request = self.session.request(&sent);
        self.sent = Some(sent);
        Ok(request)
    }

    /// Reads the salts from a reply that came without preauthentication.
    fn of_reply(&self, reply: &[u8]) -> Result<Vec<PasswordSalt>, ExchangeError> {
        let reply = AsRep::from_der(reply).map_err(ExchangeError::decode("the AS-REP"))?;
        let etype = EncryptionType(reply.0.enc_part.etype);
        // RFC 4120 §3.1.3: the KDC picks from the client's list.
        if !self.session.etypes.contains(&etype) {
            return Err(ReplyFault::EtypeNotOffered(etype).into());
        }
        let padata = OwnedPaData::list(reply.0.padata.as_ref());
        // RFC 4120 §3.1.5: without an explicit salt, it is the default salt of the client's name as
        // the KDC knows it.
        let client = Principal::from_wire(&reply.0.cname, reply.0.crealm);
        self.of_hints(&padata, Some(etype), &client)
    }

    /// The salts in `padata`. A salt without an encryption type is for `assumed`.
    fn of_hints(
        &self,
        padata: &[OwnedPaData],
        assumed: Option<EncryptionType>,
        client: &Principal,
    ) -> Result<Vec<PasswordSalt>, ExchangeError> {
        let salts: Vec<PasswordSalt> = KeyInfo::all(padata, &self.session.etypes, assumed)?
            .iter()
            .map(|info| info.salt_for(client))
            .collect();
        if salts.is_empty() {
            return Err(ExchangeError::NoCommonEtype { known: true });
        }
        Ok(salts)
    }
}

impl core::fmt::Debug for SaltExchange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SaltExchange")
            .field("client", &self.session.client)
            .field("over", &self.sent.is_none())
            .finish_non_exhaustive()
    }
}

fn done(salts: Vec<PasswordSalt>) -> Step<Vec<PasswordSalt>> {
    Step::Done(salts.into())
}
