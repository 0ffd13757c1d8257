//! `ServiceAcceptor`: the service's side of the AP exchange, with the keytab, replay cache and
//! clock of this machine.

mod replays;
mod shared_keys;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use kerberos_files::keytab::{KeytabError, KeytabName};
use kerberos_files::rcache::RcacheError;
use kerberos_proto::{
    Accepted, Acceptor, ApError, HostAddress, KeySource, MemoryReplayCache, Principal, ReplayCache,
};

pub(crate) use replays::Replays;
pub use shared_keys::SharedKeys;

use crate::{ClientError, Config, KeytabKeys, now, system_rng};

/// A service that authenticates its clients; cheap to clone, and to share between threads.
///
/// It accepts tickets for every principal of its keytab (or for [one](Self::with_server)), and
/// notices a rotated keytab without a restart. What it has accepted is recorded in MIT's replay
/// cache, `dfl:` unless krb5.conf or the environment names another. So other processes of the
/// service, and other services of the user, including MIT's, refuse a replay, too.
///
/// Anonymous clients, which exist where a KDC offers anonymous PKINIT, are refused unless
/// [`accept_anonymous`](Acceptor::accept_anonymous) is among the [`settings`](Self::settings).
///
/// # Example
/// ```
/// use kerberos_client::kerberos_proto::{
///     AcceptorReply, ApError, ApInitiator, ApRequestOptions, Subkey,
/// };
/// use kerberos_client::{Config, ServiceAcceptor, now, system_rng};
///
/// # use kerberos_client::{Client, Password, Secret, TicketRequest, kerberos_files};
/// # let file = |name| std::env::temp_dir().join(format!("{name}_accept_{}", std::process::id()));
/// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
/// #     .principal("alice", "password").principal("HTTP/www.example.com", "secret").start()?;
/// # let krb5_conf = kdc.krb5_conf();
/// # let client = Client::new(Config::parse(&krb5_conf)?
/// #     .with_ccache_name(file("cc").display().to_string()));
/// # let service = client.principal("HTTP/www.example.com")?;
/// # std::fs::write(file("keytab"), kdc.keytab("HTTP/www.example.com"))?;
/// # let cache = client.config().ccache_name()?;
/// # let alice = client.as_params(client.principal("alice")?)?;
/// # client.store(&client.login(alice, Secret::Password(Password::new("password")))?, &cache)?;
/// # let ticket = client.ticket(&cache, &TicketRequest::new(service))?;
/// # let (keytab, rcache) = (file("keytab").display().to_string(), file("rcache"));
/// # let rcache = format!("file2:{}", rcache.display());
/// // Alice has a ticket for the service, and sends:
/// let mut options = ApRequestOptions::default();
/// options.mutual = true;
/// options.subkey = Subkey::Generate;
/// let (initiator, ap_req) = ApInitiator::start(&ticket, &options, &mut system_rng()?, now())?;
///
/// // The service:
/// let config = Config::parse(&krb5_conf)? // or Config::from_env()?
///     .with_keytab_name(keytab)
///     .with_rcache_name(rcache);
/// let acceptor = ServiceAcceptor::new(&config)?;
/// let accepted = acceptor.accept(&ap_req, None)?;
/// assert_eq!(accepted.client.to_string(), "alice@EXAMPLE.COM");
/// assert_eq!(accepted.server.to_string(), "HTTP/www.example.com@EXAMPLE.COM");
/// let (ap_rep, _) = accepted.reply(&AcceptorReply::default(), &mut system_rng()?)?;
///
/// // Alice knows the service by its answer, and nobody can do it after her.
/// initiator.check_reply(&ap_rep)?;
/// assert!(matches!(acceptor.accept(&ap_req, None), Err(ApError::Replay)));
/// # for name in ["cc", "keytab", "rcache"] { std::fs::remove_file(file(name))?; }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServiceAcceptor {
    pub(crate) acceptor: Arc<Acceptor<SharedKeys>>,
    pub(crate) replays: Arc<Replays>,
}

impl ServiceAcceptor {
    /// A service with the default keytab of `config`, configured as `config` says.
    ///
    /// # Errors
    /// As [`from_keytab`](Self::from_keytab).
    pub fn new(config: &Config) -> Result<Self, ClientError> {
        Self::from_keytab(config, &config.keytab_name()?)
    }

    /// A service with the keytab called `keytab`. From `config` it takes `clockskew`,
    /// `permitted_enctypes`, `ignore_acceptor_hostname`, `[capaths]` and the name of the replay
    /// cache.
    ///
    /// # Errors
    /// [`ClientError::KeytabName`], [`ClientError::Keytab`], and as [`from_keys`](Self::from_keys).
    pub fn from_keytab(config: &Config, keytab: &KeytabName) -> Result<Self, ClientError> {
        Self::from_keys(config, KeytabKeys::open(keytab)?)
    }

    /// A service whose keys are in no keytab, but in a secret manager, for example. Everything else
    /// is as with [`from_keytab`](Self::from_keytab). Use
    /// [`ServiceKeys`](kerberos_proto::ServiceKeys) for keys that do not change.
    ///
    /// # Errors
    /// [`ClientError::RcacheName`], [`ClientError::Expand`], [`ClientError::Random`], and
    /// [`ClientError::Config`] when a value of krb5.conf is a mistake.
    ///
    /// # Example
    /// ```
    /// use kerberos_client::kerberos_crypto::{EncryptionType, KeyBlock};
    /// use kerberos_client::kerberos_proto::{KeyEntry, ServiceKeys};
    /// use kerberos_client::{Config, Principal, ServiceAcceptor};
    ///
    /// # let bytes_of_the_vault = || vec![7; 32];
    /// let key = KeyBlock::new(EncryptionType::AES256_CTS_HMAC_SHA1_96, bytes_of_the_vault());
    /// let principal = Principal::parse("HTTP/www.example.com@EXAMPLE.COM")?;
    /// let keys = ServiceKeys::new([(principal, KeyEntry { kvno: 3, key })])?;
    /// let service = ServiceAcceptor::from_keys(&Config::from_env()?, keys)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_keys(
        config: &Config,
        keys: impl KeySource + Send + Sync + 'static,
    ) -> Result<Self, ClientError> {
        let krb5 = config.krb5();
        // Fails here if there are no random numbers, which its answers need.
        system_rng()?;
        let mut acceptor = Acceptor::new(SharedKeys::new(keys));
        acceptor.clock_skew = krb5.clock_skew();
        acceptor.etypes = krb5.permitted_enctypes()?;
        acceptor.ignore_hostname = krb5.ignore_acceptor_hostname()?;
        acceptor.transit = config.transit_policy();
        let replays = config
            .rcache_name()?
            .open(config.rcache_folder(), acceptor.clock_skew)
            .map_or(Replays::None, Replays::File);
        Ok(Self {
            acceptor: Arc::new(acceptor),
            replays: Arc::new(replays),
        })
    }

    /// Uses only the keys of `server`; see [`Acceptor::server`].
    #[must_use = "the other one stays as it was"]
    pub fn with_server(mut self, server: Principal) -> Self {
        self.settings().server = Some(server);
        self
    }

    /// Keeps the replay cache in the memory of this process instead of a file. This is for a
    /// service that is a single process and shares its keys with nobody, or that may not write to
    /// files.
    ///
    /// After a restart, earlier requests can be replayed for `clockskew` seconds.
    #[must_use = "the other one stays as it was"]
    pub fn with_memory_replay_cache(self) -> Self {
        self.with_replay_cache(MemoryReplayCache::default())
    }

    /// Uses this replay cache, such as one shared by all machines behind a load balancer, so that a
    /// request accepted by one is refused by the others. A [`Mutex`] lets only one thread at a time
    /// use it.
    #[must_use = "the other one stays as it was"]
    pub fn with_replay_cache(mut self, cache: impl ReplayCache + Send + 'static) -> Self {
        self.replays = Arc::new(Replays::Other(Mutex::new(Box::new(cache))));
        self
    }

    /// The remaining settings. Existing clones keep theirs.
    pub fn settings(&mut self) -> &mut Acceptor<SharedKeys> {
        Arc::make_mut(&mut self.acceptor)
    }

    /// Authenticates the sender of `ap_req`, which came from `peer` if that is known.
    ///
    /// Blocks: the replay cache is usually a file that others may have locked, and a keytab that
    /// has changed is read again. A task awaits `accept_async` (feature `tokio`).
    ///
    /// # Errors
    /// One for each check, as [`Acceptor::accept`]. [`hint`](Self::hint) says what to do about it,
    /// [`refusal`](Self::refusal) what to tell the client.
    pub fn accept(&self, ap_req: &[u8], peer: Option<IpAddr>) -> Result<Accepted, ApError> {
        let peer = peer.map(HostAddress::from);
        let mut replays = &*self.replays;
        self.acceptor
            .accept(ap_req, peer.as_ref(), &mut replays, now())
    }

    /// As [`accept`](Self::accept), for a task: work that may have to wait for a file is done on
    /// another thread.
    ///
    /// # Errors
    /// The same.
    #[cfg(feature = "tokio")]
    pub async fn accept_async(
        &self,
        ap_req: &[u8],
        peer: Option<IpAddr>,
    ) -> Result<Accepted, ApError> {
        let (service, ap_req) = (self.clone(), ap_req.to_vec());
        let accepted = crate::io::Io::Tokio
            .run_or_do(move || service.accept(&ap_req, peer))
            .await;
        accepted.unwrap_or_else(|| Err(ApError::Keys(ClientError::NoRuntime.into())))
    }

    /// Checks that there are keys (of the [one server](Self::with_server) if that is set) and that
    /// the replay cache can be written to. Call it when a service starts; otherwise its first
    /// client reveals the problem. Creates the file of the replay cache.
    ///
    /// # Errors
    /// [`ApError::Keys`], [`ApError::NoKeys`] and [`ApError::ReplayCache`].
    ///
    /// # Example
    /// ```
    /// use kerberos_client::{Config, ServiceAcceptor};
    ///
    /// # let file = |name| std::env::temp_dir().join(format!("{name}_check_{}", std::process::id()));
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM")
    /// #     .principal("HTTP/www.example.com", "secret").start()?;
    /// # std::fs::write(file("keytab"), kdc.keytab("HTTP/www.example.com"))?;
    /// # let keytab = file("keytab").display().to_string();
    /// let config = Config::parse("")?.with_keytab_name(keytab);
    /// let config = config.with_rcache_name("file2:/nonexistent/rcache");
    /// let service = ServiceAcceptor::new(&config)?;
    /// assert!(service.check().is_err_and(|error| error.is_own_fault()));
    /// assert!(service.with_memory_replay_cache().check().is_ok());
    /// # std::fs::remove_file(file("keytab"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(&self) -> Result<(), ApError> {
        self.acceptor.check_keys()?;
        self.replays.check()
    }

    /// The KRB-ERROR for a client whose request was refused with `error`, in the name of `server`.
    pub fn refusal(error: &ApError, server: &Principal) -> Vec<u8> {
        error.to_message(server, now())
    }

    /// What the service's administrator may do about `error`, if that is known.
    pub fn hint(error: &ApError) -> Option<String> {
        match error {
            ApError::Keys(error) => error.downcast_ref::<KeytabError>()?.hint(),
            ApError::ReplayCache(error) => error.downcast_ref::<RcacheError>()?.hint(),
            error => error.hint(),
        }
    }
}
