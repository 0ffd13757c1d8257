//! `KeeperParams`: whose ticket is kept, with what secret, and where it is stored.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kerberos_asn1::KerberosTime;
use kerberos_files::ccache::CcacheName;
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{AsParams, Login};

use super::{KeeperState, LoginSource};
use crate::{ClientError, keytab_secret};

/// A callback of the caller's. Only one thread calls it at a time, one that may block.
pub(super) struct Callback<F: ?Sized>(Arc<Mutex<Box<F>>>);

/// Gives the secret for a login.
pub(super) type Source = Callback<dyn LoginSource>;

/// Publishes a login. Returns when what it publishes ends, if that is before the login.
pub(super) type Publish =
    Callback<dyn FnMut(&Login) -> Result<Option<KerberosTime>, ClientError> + Send>;

/// Is told the result of each attempt.
pub(super) type Observe = Callback<dyn FnMut(&KeeperState) + Send>;

impl<F: ?Sized> Callback<F> {
    fn new(callback: Box<F>) -> Self {
        Self(Arc::new(Mutex::new(callback)))
    }

    pub(super) fn call<T>(&self, call: impl FnOnce(&mut F) -> T) -> T {
        call(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: ?Sized> Clone for Callback<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What a [`TicketKeeper`](crate::TicketKeeper) keeps.
#[must_use = "it says what to keep, to `Client::keep`"]
#[non_exhaustive]
pub struct KeeperParams {
    /// For whom to log in, and what to ask for. With a `renew_lifetime` the ticket is renewed until
    /// that is over.
    pub login: AsParams,
    /// Whether to renew a ticket that is renewable; otherwise every refresh is a login.
    pub renew: bool,
    /// The longest time between two refreshes, however long the ticket lasts; with `None`, only the
    /// ticket's lifetime counts.
    pub longest_pause: Option<Duration>,
    /// Whether there is no secret, so that the ticket can only be renewed.
    pub(super) only_renew: bool,
    pub(super) source: Source,
    /// The file that the source reads at each login, if that is all that it does.
    pub(super) keytab: Option<PathBuf>,
    pub(super) cache: Option<CcacheName>,
    pub(super) publish: Option<Publish>,
    pub(super) first: Option<Login>,
    pub(super) observe: Option<Observe>,
}

impl KeeperParams {
    /// Keeps what `login` describes. The secret is asked for at each login, from a closure or from
    /// a [`LoginSource`], which may know more than one.
    pub fn new(login: AsParams, source: impl LoginSource + 'static) -> Self {
        Self {
            login,
            renew: true,
            longest_pause: None,
            only_renew: false,
            source: Source::new(Box::new(source)),
            keytab: None,
            cache: None,
            publish: None,
            first: None,
            observe: None,
        }
    }

    /// Keeps what `login` describes with the keys of the keytab called `keytab`. The keytab is read
    /// at each login, so the keys may be rotated. After a failure, a changed keytab is noticed
    /// within ten seconds, however long the wait for the next attempt is.
    pub fn with_keytab(login: AsParams, keytab: KeytabName) -> Self {
        let (client, path) = (login.client.clone(), keytab.file_path().ok());
        Self {
            keytab: path,
            ..Self::new(login, move || keytab_secret(&keytab, &client))
        }
    }

    /// Keeps the existing `login` by renewing its ticket for as long as the KDC does that.
    pub fn renewing(login: Login) -> Self {
        let params = AsParams::new(login.credential.client.clone());
        // Never called.
        let no_secret = || Err(ClientError::NotYet);
        Self {
            only_renew: true,
            ..Self::new(params, no_secret).with_login(login)
        }
    }

    /// Uses an existing login instead of a first one.
    pub fn with_login(mut self, login: Login) -> Self {
        self.first = Some(login);
        self
    }

    /// Stores each new login in the cache called `name`, which is replaced as a whole.
    ///
    /// If the cache cannot be written, the attempt counts as failed. Storing the same login is
    /// tried again until a newer one replaces it, or its ticket ends. A cache that somebody else
    /// removes stays away until the next refresh, or until somebody calls
    /// [`publish_again`](crate::TicketKeeper::publish_again).
    pub fn with_cache(mut self, name: CcacheName) -> Self {
        self.cache = Some(name);
        self
    }

    /// Calls `publish` for each new login, before anyone else sees it, and after it was stored in
    /// the [cache](Self::with_cache), if there is one. A failure is treated as one of the cache;
    /// [`ClientError::callback`] makes an error from anything. There is only one such callback: the
    /// last one set.
    pub fn with_publish(
        self,
        mut publish: impl FnMut(&Login) -> Result<(), ClientError> + Send + 'static,
    ) -> Self {
        self.with_publish_until(move |login| publish(login).map(|()| None))
    }

    /// As [`with_publish`](Self::with_publish), for a callback that publishes more than the login.
    /// `publish` returns when the first of the published tickets ends, and the next refresh is in
    /// time for that.
    pub fn with_publish_until(
        mut self,
        publish: impl FnMut(&Login) -> Result<Option<KerberosTime>, ClientError> + Send + 'static,
    ) -> Self {
        self.publish = Some(Publish::new(Box::new(publish)));
        self
    }

    /// Calls `observe` after each attempt, whether or not it succeeded, before others see the
    /// result. It is for logs and metrics that should miss nothing; a
    /// [`KeeperWatch`](crate::KeeperWatch) may only see the last of several changes.
    pub fn with_observer(mut self, observe: impl FnMut(&KeeperState) + Send + 'static) -> Self {
        self.observe = Some(Observe::new(Box::new(observe)));
        self
    }
}

/// Shows whose ticket it is, but not the secret.
impl fmt::Debug for KeeperParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeeperParams")
            .field("login", &self.login)
            .field("renew", &self.renew)
            .field("longest_pause", &self.longest_pause)
            .finish_non_exhaustive()
    }
}
