//! `Account`: what the KDC knows about a principal.

use std::time::Duration;

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;
use zeroize::Zeroizing;

/// A principal of the realm, for [`TestKdcBuilder::account`](crate::TestKdcBuilder::account).
///
/// The name is without the realm; `\/` and `\@` stand for the characters themselves. Without a
/// password the keys are random.
///
/// # Example
/// ```
/// use kerberos_testkdc::{Account, AccountState, TestKdc};
/// let kdc = TestKdc::builder("TEST.REALM")
///     .account(Account::new("old").password("password").state(AccountState::Locked))
///     .account(Account::new("odd").password("password").salt(b"pepper").kvno(7).no_preauth())
///     .build()?;
/// assert_eq!(kdc.keys("odd")[0].kvno(), 7);
/// assert_eq!(kdc.keys("odd")[0].salt(), Some(&b"pepper"[..]));
/// assert_eq!(kdc.keys("old")[0].salt(), Some(&b"TEST.REALMold"[..]));
/// # Ok::<(), kerberos_testkdc::TestKdcError>(())
/// ```
#[derive(Clone)]
pub struct Account {
    pub(crate) name: String,
    pub(crate) password: Option<Zeroizing<Vec<u8>>>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) kvno: u32,
    pub(crate) etypes: Option<Vec<EncryptionType>>,
    pub(crate) iterations: Option<u32>,
    pub(crate) preauth: bool,
    pub(crate) state: AccountState,
    pub(crate) password_expiration: Option<KerberosTime>,
    pub(crate) alias: Option<String>,
    pub(crate) referral: Option<(String, Referral)>,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) may_impersonate: bool,
    pub(crate) delegates_to: Vec<String>,
    pub(crate) accepts_from: Vec<String>,
    pub(crate) may_set_passwords: bool,
    pub(crate) max_life: Option<Duration>,
}

/// Whether an account may log in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum AccountState {
    /// It may log in.
    #[default]
    Normal,
    /// Logins fail with KDC_ERR_NAME_EXP.
    Expired,
    /// Logins fail with KDC_ERR_CLIENT_REVOKED.
    Locked,
    /// Logins fail with KDC_ERR_KEY_EXPIRED, except for tickets to change the password.
    PasswordExpired,
}

/// How a KDC says that a client belongs to another realm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Referral {
    /// KDC_ERR_WRONG_REALM with the realm in crealm (RFC 6806 §7).
    WrongRealm,
    /// KDC_ERR_C_PRINCIPAL_UNKNOWN with another realm in crealm.
    PrincipalUnknown,
}

impl Account {
    /// An account with random keys of version 1 that must preauthenticate.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: None,
            salt: None,
            kvno: 1,
            etypes: None,
            iterations: None,
            preauth: true,
            state: AccountState::Normal,
            password_expiration: None,
            alias: None,
            referral: None,
            certificate: None,
            may_impersonate: false,
            max_life: None,
            delegates_to: Vec::new(),
            accepts_from: Vec::new(),
            may_set_passwords: false,
        }
    }

    /// Derives the keys from this password instead of making random ones.
    pub fn password(mut self, password: impl AsRef<[u8]>) -> Self {
        self.password = Some(Zeroizing::new(password.as_ref().to_vec()));
        self
    }

    /// Uses this salt instead of the concatenated realm and name (RFC 4120 §4).
    pub fn salt(mut self, salt: impl AsRef<[u8]>) -> Self {
        self.salt = Some(salt.as_ref().to_vec());
        self
    }

    /// Uses this key version number instead of 1.
    pub fn kvno(mut self, kvno: u32) -> Self {
        self.kvno = kvno;
        self
    }

    /// Makes keys of these types instead of the realm's.
    pub fn etypes(mut self, etypes: &[EncryptionType]) -> Self {
        self.etypes = Some(etypes.to_vec());
        self
    }

    /// Uses this number of string-to-key iterations instead of each type's default, and sends it as
    /// s2kparams.
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = Some(iterations);
        self
    }

    /// Does not require preauthentication.
    pub fn no_preauth(mut self) -> Self {
        self.preauth = false;
        self
    }

    /// Sets whether the account may log in.
    pub fn state(mut self, state: AccountState) -> Self {
        self.state = state;
        self
    }

    /// Limits the life of tickets for this service that are granted for another ticket.
    pub fn max_life(mut self, life: Duration) -> Self {
        self.max_life = Some(life);
        self
    }

    /// Makes the password expire. Replies contain the time (RFC 4120 §5.4.2, last-req and
    /// key-expiration).
    pub fn password_expires(mut self, when: KerberosTime) -> Self {
        self.password_expiration = Some(when);
        self
    }

    /// Adds a second name for requests with the canonicalize option: an enterprise name such as
    /// `user@company.example`, or an ordinary one (RFC 6806 §5, §6).
    pub fn alias(mut self, alias: &str) -> Self {
        self.alias = Some(alias.to_owned());
        self
    }

    /// Says that the account belongs to another realm. A request for a ticket to it with the
    /// canonicalize option gets a TGT for that realm, if there is a service `krbtgt/` with the
    /// realm's name (RFC 6806 §8). If the account itself is a `krbtgt/`, the option is not
    /// necessary (RFC 4120 §3.3.3).
    pub fn lives_in(mut self, realm: &str, how: Referral) -> Self {
        self.referral = Some((realm.to_owned(), how));
        self
    }

    /// Lets services name this user by the X.509 certificate, too (MS-SFU §2.2.2).
    pub fn certificate(mut self, certificate: impl AsRef<[u8]>) -> Self {
        self.certificate = Some(certificate.as_ref().to_vec());
        self
    }

    /// Makes this service's tickets to itself on behalf of users (S4U2Self) forwardable, so that it
    /// can use them to get tickets to other services (MS-SFU §3.2.5.1.2, protocol transition).
    pub fn may_impersonate(mut self) -> Self {
        self.may_impersonate = true;
        self
    }

    /// Lets this principal set everybody's password (RFC 3244).
    pub fn may_set_passwords(mut self) -> Self {
        self.may_set_passwords = true;
        self
    }

    /// Lets this service get tickets to `target` on behalf of users who presented a ticket
    /// (S4U2Proxy).
    pub fn delegates_to(mut self, target: &str) -> Self {
        self.delegates_to.push(target.to_owned());
        self
    }

    /// Lets `service` get tickets to this one on behalf of users, whatever that service is allowed
    /// otherwise (resource-based constrained delegation). A service of another realm is named with
    /// its realm.
    pub fn accepts_from(mut self, service: &str) -> Self {
        self.accepts_from.push(service.to_owned());
        self
    }
}

/// Does not show the password.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
