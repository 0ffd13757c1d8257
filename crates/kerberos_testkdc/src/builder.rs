//! `TestKdcBuilder`: the realm to serve, its principals, and the KDC's behaviour.

use std::sync::Mutex;
use std::time::Duration;

use getrandom::SysRng;
use kerberos_crypto::{CryptoRng, EncryptionType};
use rand_core::UnwrapErr;

use crate::account::Account;
use crate::database::Database;
use crate::error::TestKdcError;
use crate::fault::{Fault, Faults};
use crate::kdc::{Kdc, Policy};
use crate::server::TestKdc;

/// Sets up a KDC; created by [`TestKdc::builder`].
pub struct TestKdcBuilder {
    realm: String,
    etypes: Vec<EncryptionType>,
    accounts: Vec<Account>,
    faults: Vec<Fault>,
    policy: Policy,
    rng: Box<dyn CryptoRng + Send>,
}

/// How the KDC communicates salts and string-to-key parameters (RFC 4120 §5.2.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Hint {
    /// PA-ETYPE-INFO2.
    EtypeInfo2,
    /// PA-ETYPE-INFO, used by older KDCs.
    EtypeInfo,
    /// PA-PW-SALT, used by even older KDCs.
    PwSalt,
}

impl TestKdcBuilder {
    pub(crate) fn new(realm: &str) -> Self {
        Self {
            realm: realm.to_owned(),
            etypes: vec![
                EncryptionType::AES256_CTS_HMAC_SHA1_96,
                EncryptionType::AES128_CTS_HMAC_SHA1_96,
            ],
            accounts: Vec::new(),
            faults: Vec::new(),
            policy: Policy {
                clock_skew: Duration::from_secs(300),
                max_life: Duration::from_secs(24 * 3600),
                max_renewable_life: Duration::from_secs(7 * 24 * 3600),
                max_udp_reply: 4096,
                hints: vec![Hint::EtypeInfo2],
            },
            rng: Box::new(UnwrapErr(SysRng)),
        }
    }

    /// Adds a user who must preauthenticate.
    pub fn principal(self, name: &str, password: &str) -> Self {
        self.account(Account::new(name).password(password))
    }

    /// Adds a service with random keys.
    pub fn service(self, name: &str) -> Self {
        self.account(Account::new(name))
    }

    /// Adds a principal with full control over the details.
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// Sets the types of all principals' keys. The first type is used for tickets. Default:
    /// aes256-cts-hmac-sha1-96 and aes128-cts-hmac-sha1-96.
    pub fn etypes(mut self, etypes: &[EncryptionType]) -> Self {
        self.etypes = etypes.to_vec();
        self
    }

    /// Sets the allowed difference from a client's clock. Default: five minutes.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.policy.clock_skew = skew;
        self
    }

    /// Sets the maximum lifetime of a ticket. Default: one day.
    pub fn max_life(mut self, life: Duration) -> Self {
        self.policy.max_life = life;
        self
    }

    /// Sets for how long tickets can be renewed. Zero means not at all. Default: one week.
    pub fn max_renewable_life(mut self, life: Duration) -> Self {
        self.policy.max_renewable_life = life;
        self
    }

    /// Sets the maximum length of a reply over UDP, in bytes. Default: 4096.
    pub fn max_udp_reply(mut self, bytes: usize) -> Self {
        self.policy.max_udp_reply = bytes;
        self
    }

    /// Sets how salts are communicated. Default: only PA-ETYPE-INFO2.
    pub fn hints(mut self, hints: &[Hint]) -> Self {
        self.policy.hints = hints.to_vec();
        self
    }

    /// Adds a fault that applies from the first request on.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Replaces the system's random source, for reproducible tickets.
    pub fn rng(mut self, rng: impl CryptoRng + Send + 'static) -> Self {
        self.rng = Box::new(rng);
        self
    }

    /// Builds the KDC without a network: see [`Kdc::answer`].
    ///
    /// # Errors
    /// [`TestKdcError::Key`] and [`TestKdcError::Duplicate`].
    pub fn build(mut self) -> Result<Kdc, TestKdcError> {
        // RFC 4120 §7.3: the name of the ticket-granting service. A test may already have given it
        // a key that it shares with another realm's KDC.
        let krbtgt = format!("krbtgt/{}", escape(&self.realm));
        if self.accounts.iter().all(|account| account.name != krbtgt) {
            self.accounts.push(Account::new(&krbtgt));
        }
        let database = Database::new(&self.realm, &self.etypes, &self.accounts, &mut *self.rng)?;
        Ok(Kdc {
            realm: self.realm,
            database,
            policy: self.policy,
            faults: Faults::new(self.faults),
            rng: Mutex::new(self.rng),
            received: Mutex::default(),
            password_requests: Mutex::default(),
            replays: Mutex::default(),
        })
    }

    /// Starts the KDC on a free port of 127.0.0.1, the same for UDP and TCP.
    ///
    /// # Errors
    /// The same as [`build`](Self::build), and [`TestKdcError::Listen`].
    pub fn start(self) -> Result<TestKdc, TestKdcError> {
        TestKdc::start(self.build()?)
    }
}

impl std::fmt::Debug for TestKdcBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestKdcBuilder")
            .field("realm", &self.realm)
            .field("accounts", &self.accounts)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// A realm as a single component of a name.
fn escape(realm: &str) -> String {
    realm.replace('\\', "\\\\").replace('/', "\\/")
}
