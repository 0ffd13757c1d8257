//! `Account`: what the KDC shall know of one principal.

use kerberos_asn1::KerberosTime;
use kerberos_crypto::EncryptionType;
use zeroize::Zeroizing;

/// A principal of the realm, as [`TestKdcBuilder::account`](crate::TestKdcBuilder::account) takes
/// it.
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
}

/// Whether an account may log in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum AccountState {
    /// It may.
    #[default]
    Normal,
    /// KDC_ERR_NAME_EXP.
    Expired,
    /// KDC_ERR_CLIENT_REVOKED.
    Locked,
    /// KDC_ERR_KEY_EXPIRED, except for tickets to change the password with.
    PasswordExpired,
}

/// How a KDC says that a client lives in another realm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Referral {
    /// KDC_ERR_WRONG_REALM with the realm in crealm (RFC 6806 §7).
    WrongRealm,
    /// KDC_ERR_C_PRINCIPAL_UNKNOWN with another realm in crealm.
    PrincipalUnknown,
}

impl Account {
    /// An account with random keys, kvno 1, that has to preauthenticate.
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
            delegates_to: Vec::new(),
            accepts_from: Vec::new(),
            may_set_passwords: false,
        }
    }

    /// Keys from this password instead of random ones.
    pub fn password(mut self, password: impl AsRef<[u8]>) -> Self {
        self.password = Some(Zeroizing::new(password.as_ref().to_vec()));
        self
    }

    /// Another salt than realm and name put together (RFC 4120 §4).
    pub fn salt(mut self, salt: impl AsRef<[u8]>) -> Self {
        self.salt = Some(salt.as_ref().to_vec());
        self
    }

    /// Another key version number than 1.
    pub fn kvno(mut self, kvno: u32) -> Self {
        self.kvno = kvno;
        self
    }

    /// Keys of these types instead of the realm's.
    pub fn etypes(mut self, etypes: &[EncryptionType]) -> Self {
        self.etypes = Some(etypes.to_vec());
        self
    }

    /// Another count of string-to-key iterations than each type's default, sent as s2kparams.
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = Some(iterations);
        self
    }

    /// Tickets without preauthentication.
    pub fn no_preauth(mut self) -> Self {
        self.preauth = false;
        self
    }

    /// An account that may not log in.
    pub fn state(mut self, state: AccountState) -> Self {
        self.state = state;
        self
    }

    /// A password that will expire; replies tell (RFC 4120 §5.4.2, last-req and key-expiration).
    pub fn password_expires(mut self, when: KerberosTime) -> Self {
        self.password_expiration = Some(when);
        self
    }

    /// A second name, which requests with the canonicalize option may use: an enterprise name
    /// such as `user@company.example`, or an ordinary one (RFC 6806 §5, §6).
    pub fn alias(mut self, alias: &str) -> Self {
        self.alias = Some(alias.to_owned());
        self
    }

    /// An account that lives in another realm. Who asks for a ticket for it with the canonicalize
    /// option gets a TGT for that realm, given a service `krbtgt/` and its name (RFC 6806 §8); if
    /// the account is itself a `krbtgt/`, without the option, too (RFC 4120 §3.3.3).
    pub fn lives_in(mut self, realm: &str, how: Referral) -> Self {
        self.referral = Some((realm.to_owned(), how));
        self
    }

    /// A user that services may also name by this X.509 certificate (MS-SFU §2.2.2).
    pub fn certificate(mut self, certificate: impl AsRef<[u8]>) -> Self {
        self.certificate = Some(certificate.as_ref().to_vec());
        self
    }

    /// A service whose tickets to itself on behalf of users (S4U2Self) are forwardable, so that it
    /// may go on to other services with them (MS-SFU §3.2.5.1.2, protocol transition).
    pub fn may_impersonate(mut self) -> Self {
        self.may_impersonate = true;
        self
    }

    /// A principal that may set everybody's password (RFC 3244).
    pub fn may_set_passwords(mut self) -> Self {
        self.may_set_passwords = true;
        self
    }

    /// A service that may go to this one on behalf of users who came with a ticket (S4U2Proxy).
    pub fn delegates_to(mut self, target: &str) -> Self {
        self.delegates_to.push(target.to_owned());
        self
    }

    /// A service to which that one may come on behalf of users, whatever the KDC says of that one
    /// (resource-based constrained delegation). In another realm it is named with the realm.
    pub fn accepts_from(mut self, service: &str) -> Self {
        self.accepts_from.push(service.to_owned());
        self
    }
}

/// Shows no password.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
