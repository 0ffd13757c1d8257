//! `TestKdcBuilder`: what realm to serve, to whom, and how.

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

/// Sets up a KDC; made by [`TestKdc::builder`].
pub struct TestKdcBuilder {
    realm: String,
    etypes: Vec<EncryptionType>,
    accounts: Vec<Account>,
    faults: Vec<Fault>,
    policy: Policy,
    rng: Box<dyn CryptoRng + Send>,
}

/// How the KDC tells salts and string-to-key parameters (RFC 4120 §5.2.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Hint {
    /// PA-ETYPE-INFO2.
    EtypeInfo2,
    /// PA-ETYPE-INFO, of older KDCs.
    EtypeInfo,
    /// PA-PW-SALT, of still older ones.
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

    /// A user, who has to preauthenticate.
    pub fn principal(self, name: &str, password: &str) -> Self {
        self.account(Account::new(name).password(password))
    }

    /// A service, with random keys.
    pub fn service(self, name: &str) -> Self {
        self.account(Account::new(name))
    }

    /// A principal in all detail.
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// The types of every principal's keys, first the one that tickets are made with; unless set,
    /// aes256-cts-hmac-sha1-96 and aes128-cts-hmac-sha1-96.
    pub fn etypes(mut self, etypes: &[EncryptionType]) -> Self {
        self.etypes = etypes.to_vec();
        self
    }

    /// How far a client's clock may be off; unless set, five minutes.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.policy.clock_skew = skew;
        self
    }

    /// The longest life of a ticket; unless set, a day.
    pub fn max_life(mut self, life: Duration) -> Self {
        self.policy.max_life = life;
        self
    }

    /// How long a ticket can be renewed; unless set, a week. Zero means not at all.
    pub fn max_renewable_life(mut self, life: Duration) -> Self {
        self.policy.max_renewable_life = life;
        self
    }

    /// The longest reply that goes by UDP, in bytes; unless set, 4096.
    pub fn max_udp_reply(mut self, bytes: usize) -> Self {
        self.policy.max_udp_reply = bytes;
        self
    }

    /// How salts are told; unless set, by PA-ETYPE-INFO2 alone.
    pub fn hints(mut self, hints: &[Hint]) -> Self {
        self.policy.hints = hints.to_vec();
        self
    }

    /// Something that goes wrong, from the first request on.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Another source of randomness than the system's, for tickets that are the same each time.
    pub fn rng(mut self, rng: impl CryptoRng + Send + 'static) -> Self {
        self.rng = Box::new(rng);
        self
    }

    /// The KDC without a network: see [`Kdc::answer`].
    ///
    /// # Errors
    /// [`TestKdcError::Key`] and [`TestKdcError::Duplicate`].
    pub fn build(mut self) -> Result<Kdc, TestKdcError> {
        // RFC 4120 §7.3: the name of the ticket-granting service. A test may have given it a key
        // that another realm's KDC has, too.
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

    /// The KDC on a free port of 127.0.0.1, the same for UDP and TCP.
    ///
    /// # Errors
    /// Those of [`build`](Self::build), and [`TestKdcError::Listen`].
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

/// A realm as one component of a name.
fn escape(realm: &str) -> String {
    realm.replace('\\', "\\\\").replace('/', "\\/")
}
