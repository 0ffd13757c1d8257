//! `UserRealm`: finds a user's realm like MIT's library does, with an AS-REQ that is not meant to
//! be completed (RFC 6806 §7, MS-SFU §3.1.5.1.1.1).

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::{Decode, ErrorCode, KrbError, MessageType, NameType, PaDataType};
use kerberos_crypto::{CryptoRng, EncryptionType};

use super::S4uUser;
use crate::as_exchange::{Informational, Plan, add_informational};
use crate::exchange::Env;
use crate::preauth::OwnedPaData;
use crate::trace::trace;
use crate::trail::Trail;
use crate::{AsParams, ExchangeError, KdcError, Policy, Principal, Request, Step, Timestamp};

/// A search for a user's realm in progress.
///
/// Its result is not authenticated and only tells which realm to ask next.
/// [`S4u2Self`](super::S4u2Self) proves the user's name.
#[derive(Debug)]
pub struct UserRealm {
    params: AsParams,
    /// The user, in the realm that is currently being asked.
    user: Principal,
    certificate: Option<Vec<u8>>,
    etypes: Vec<EncryptionType>,
    trail: Trail,
    informational: Informational,
    stream_only: bool,
    message: Vec<u8>,
    over: bool,
}

impl UserRealm {
    /// Starts the search for a service in `realm`. It is over at once if the name already tells.
    ///
    /// # Errors
    /// [`ExchangeError::NoEtypes`] when the policy allows no supported encryption type.
    ///
    /// # Example
    /// ```
    /// # let mut rng = kerberos_testkdc::Repeatable(7);
    /// use kerberos_proto::{Policy, Principal, S4uUser, Step, Timestamp, UserRealm};
    /// let user = S4uUser::Name(Principal::parse("alice@EXAMPLE.COM")?);
    /// let now = Timestamp::new(1_767_225_600, 0);
    /// let (_, step) = UserRealm::start(&user, b"OTHER.COM", Policy::default(), &mut rng, now)?;
    /// assert!(matches!(step, Step::Done(realm) if *realm == b"EXAMPLE.COM"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start(
        user: &S4uUser,
        realm: &[u8],
        policy: Policy,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Step<Vec<u8>>), ExchangeError> {
        let (user, certificate) = match user {
            S4uUser::Name(name) => (name.clone(), None),
            // Like MIT's library: KDCs look at the certificate and not at the name.
            S4uUser::Certificate(certificate) => (
                Principal::new(NameType::X500_PRINCIPAL, [b""], realm),
                Some(certificate.clone()),
            ),
        };
        let known = certificate.is_none() && user.name_type() != NameType::ENTERPRISE;
        let user = if known && !user.is_anonymous() {
            user
        } else {
            user.with_realm(realm)
        };
        let mut params = AsParams::new(user.clone());
        params.lifetime = Some(LIFETIME);
        params.options.canonicalize = true;
        let supported = policy.etypes.iter().copied();
        let etypes: Vec<_> = supported.filter(|etype| etype.is_supported()).collect();
        if etypes.is_empty() {
            return Err(ExchangeError::NoEtypes);
        }
        let trail = Trail::new(user.realm(), &policy);
        params.policy = policy;
        let mut search = Self {
            params,
            user,
            certificate,
            etypes,
            trail,
            informational: Informational::Present,
            stream_only: false,
            message: Vec::new(),
            over: known,
        };
        if known {
            let realm = search.user.realm().to_owned();
            return Ok((search, Step::Done(Box::new(realm))));
        }
        trace!("Getting initial credentials for {}", search.user);
        let step = search.ask(&mut Env { rng, now });
        Ok((search, step))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// When the KDC does not know the user or refuses for another reason, when its answer is
    /// malformed, and when referrals are too many or circular. Every error is final.
    pub fn step(
        &mut self,
        reply: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step<Vec<u8>>, ExchangeError> {
        if core::mem::replace(&mut self.over, true) {
            return Err(ExchangeError::Finished);
        }
        match MessageType::of_der(reply) {
            // The contents do not matter: only a realm that has the user would answer like this.
            Some(MessageType::AS_REP) => Ok(self.found()),
            Some(MessageType::KRB_ERROR) => {
                let error =
                    KrbError::from_der(reply).map_err(ExchangeError::decode("the KRB-ERROR"))?;
                self.refused(&error, &mut Env { rng, now })
            }
            _ => Err(ExchangeError::UnexpectedMessage),
        }
    }

    fn refused(
        &mut self,
        error: &KrbError<'_>,
        env: &mut Env<'_>,
    ) -> Result<Step<Vec<u8>>, ExchangeError> {
        let referral = error.crealm.filter(|realm| realm.0 != self.user.realm());
        match (error.error_code, referral) {
            (ErrorCode::KRB_ERR_RESPONSE_TOO_BIG, _) if !self.stream_only => {
                self.stream_only = true;
                Ok(self.send())
            }
            // A realm that does not have the user would not ask for preauthentication.
            (ErrorCode::KDC_ERR_PREAUTH_REQUIRED | ErrorCode::KDC_ERR_KEY_EXPIRED, _) => {
                Ok(self.found())
            }
            // MIT's KDC before 1.7 treats padata that it does not know as a failed attempt.
            (ErrorCode::KDC_ERR_PREAUTH_FAILED, _)
                if self.informational == Informational::Present =>
            {
                self.informational = Informational::LeftOut;
                Ok(self.ask(env))
            }
            // RFC 6806 §7, and Windows's way to say the same.
            (
                ErrorCode::KDC_ERR_WRONG_REALM | ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN,
                Some(realm),
            ) => {
                self.trail.follow(realm.0)?;
                trace!("Following referral to realm {}", realm.0.escape_ascii());
                self.user = self.user.clone().with_realm(realm.0);
                self.informational = Informational::Present;
                Ok(self.ask(env))
            }
            _ => {
                let server = Principal::krbtgt(self.user.realm(), self.user.realm());
                let error = KdcError::new(error, &self.user, &server);
                Err(ExchangeError::Kdc(Box::new(error)))
            }
        }
    }

    fn ask(&mut self, env: &mut Env<'_>) -> Step<Vec<u8>> {
        let plan = Plan::new(&self.params, &self.user, &self.etypes, env.now, env.rng);
        let mut padata = Vec::new();
        add_informational(&mut padata, &self.params, self.informational);
        // MS-SFU §2.2.2: in an AS-REQ this is just the certificate.
        if let Some(certificate) = &self.certificate {
            let certificate = certificate.clone();
            padata.push(OwnedPaData::new(PaDataType::FOR_X509_USER, certificate));
        }
        self.message = plan.message(&padata);
        self.send()
    }

    fn send(&mut self) -> Step<Vec<u8>> {
        self.over = false;
        Step::Send(Request {
            realm: self.user.realm().to_owned(),
            payload: self.message.clone(),
            stream_only: self.stream_only,
        })
    }

    fn found(&self) -> Step<Vec<u8>> {
        let realm = self.user.realm();
        trace!(
            "Identified realm of client principal as {}",
            realm.escape_ascii()
        );
        Step::Done(Box::new(realm.to_owned()))
    }
}

/// In seconds. If the KDC issues a ticket, it is not used.
const LIFETIME: i32 = 15;
