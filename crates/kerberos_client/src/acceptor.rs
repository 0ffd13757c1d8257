//! `ServiceAcceptor`: the service's side of the AP exchange with keytab, replay cache and clock of
//! this machine.

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
/// It takes tickets for every principal of its keytab (or for [one](Self::with_server)) and follows
/// a rotated keytab without a restart. What was accepted once is kept in MIT's replay cache,
/// `dfl:` unless krb5.conf or the environment names another, so that other processes of the service
/// and other services of the user, MIT's included, refuse it, too.
///
/// A client without a name, as anybody may be where a KDC has anonymous PKINIT, is refused unless
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
    /// A service with the default keytab of `config`, as it is configured there.
    ///
    /// # Errors
    /// As [`from_keytab`](Self::from_keytab).
    pub fn new(config: &Config) -> Result<Self, ClientError> {
        Self::from_keytab(config, &config.keytab_name()?)
    }

    /// A service with the keytab called `keytab`. `config` has `clockskew`, `permitted_enctypes`,
    /// `ignore_acceptor_hostname`, `[capaths]` and the name of the replay cache.
    ///
    /// # Errors
    /// [`ClientError::KeytabName`], [`ClientError::Keytab`], and as [`from_keys`](Self::from_keys).
    pub fn from_keytab(config: &Config, keytab: &KeytabName) -> Result<Self, ClientError> {
        Self::from_keys(config, KeytabKeys::open(keytab)?)
    }

    /// A service with keys that are in no keytab, as of a secret manager; all else is as with
    /// [`from_keytab`](Self::from_keytab). [`ServiceKeys`](kerberos_proto::ServiceKeys) are keys
    /// that do not change.
    ///
    /// # Errors
    /// [`ClientError::RcacheName`], [`ClientError::Expand`], [`ClientError::Random`], and
    /// [`ClientError::Config`] when a list of encryption types names none that is known.
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
        // Its answers take random numbers.
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

    /// With keys of `server` alone; see [`Acceptor::server`].
    #[must_use = "the other one stays as it was"]
    pub fn with_server(mut self, server: Principal) -> Self {
        self.settings().server = Some(server);
        self
    }

    /// With a replay cache in the memory of this process, instead of a file: for a service of a
    /// single process whose keys nobody else has, or that may write to no file.
    ///
    /// What was accepted before a restart can then be replayed for `clockskew` seconds.
    #[must_use = "the other one stays as it was"]
    pub fn with_memory_replay_cache(self) -> Self {
        self.with_replay_cache(MemoryReplayCache::default())
    }

    /// With this replay cache: one that all machines share behind a load balancer, where a request
    /// that one has taken is not to be taken by another. A [`Mutex`] keeps it for one thread at a
    /// time.
    #[must_use = "the other one stays as it was"]
    pub fn with_replay_cache(mut self, cache: impl ReplayCache + Send + 'static) -> Self {
        self.replays = Arc::new(Replays::Other(Mutex::new(Box::new(cache))));
        self
    }

    /// What else there is to set. Clones that were made before keep what they have.
    pub fn settings(&mut self) -> &mut Acceptor<SharedKeys> {
        Arc::make_mut(&mut self.acceptor)
    }

    /// Authenticates the sender of `ap_req`, which came from `peer` if that is known.
    ///
    /// It blocks: the replay cache is a file as a rule, whose lock others may hold, and a keytab
    /// that has changed is read anew. A task awaits `accept_async` (feature `tokio`).
    ///
    /// # Errors
    /// One for each check, as [`Acceptor::accept`]. [`hint`](Self::hint) has what to do about it,
    /// [`refusal`](Self::refusal) what to tell the client.
    pub fn accept(&self, ap_req: &[u8], peer: Option<IpAddr>) -> Result<Accepted, ApError> {
        let peer = peer.map(HostAddress::from);
        let mut replays = &*self.replays;
        self.acceptor
            .accept(ap_req, peer.as_ref(), &mut replays, now())
    }

    /// As [`accept`](Self::accept), for a task: what may have to wait for a file is done by another
    /// thread.
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

    /// Checks at the start of a service, rather than at its first client, that there are keys (of
    /// the [one server](Self::with_server), if that is set) and that the replay cache can be
    /// written to. Creates the file of the replay cache.
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

    /// What the service's administrator may do about `error`, where that can be told.
    pub fn hint(error: &ApError) -> Option<String> {
        match error {
            ApError::Keys(error) => error.downcast_ref::<KeytabError>()?.hint(),
            ApError::ReplayCache(error) => error.downcast_ref::<RcacheError>()?.hint(),
            error => error.hint(),
        }
    }
}
