//! `KeeperParams`: for whom a ticket is kept, with what secret, and where it is put.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use kerberos_files::ccache::CcacheName;
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{AsParams, Login, Secret};

use crate::{ClientError, keytab_secret, store};

/// A part that the caller brings, to be called by one at a time wherever it may take its time.
pub(super) struct Callback<F: ?Sized>(Arc<Mutex<Box<F>>>);

/// Gives the secret for a login.
pub(super) type Source = Callback<dyn FnMut() -> Result<Secret, ClientError> + Send>;

/// Shows a new login to the world.
pub(super) type Publish = Callback<dyn FnMut(&Login) -> Result<(), ClientError> + Send>;

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
#[non_exhaustive]
pub struct KeeperParams {
    /// For whom to log in, and what to ask for. With a `renew_lifetime` the ticket is renewed for as
    /// long as that goes.
    pub login: AsParams,
    /// Whether a ticket that can be renewed is; else every refresh is a login.
    pub renew: bool,
    pub(super) secret: Source,
    pub(super) publish: Option<Publish>,
    pub(super) first: Option<Login>,
}

impl KeeperParams {
    /// Keeps what `login` describes, with a secret that is asked for at each login.
    pub fn new(
        login: AsParams,
        secret: impl FnMut() -> Result<Secret, ClientError> + Send + 'static,
    ) -> Self {
        Self {
            login,
            renew: true,
            secret: Source::new(Box::new(secret)),
            publish: None,
            first: None,
        }
    }

    /// Keeps what `login` describes with the keys of the keytab called `keytab`, which is read at
    /// each login: keys may be rotated meanwhile.
    pub fn with_keytab(login: AsParams, keytab: KeytabName) -> Self {
        let client = login.client.clone();
        Self::new(login, move || keytab_secret(&keytab, &client))
    }

    /// With a login that is at hand already in place of the first one.
    pub fn with_login(mut self, login: Login) -> Self {
        self.first = Some(login);
        self
    }

    /// With each new login put into the cache called `name`, which is replaced as a whole.
    pub fn with_cache(self, name: CcacheName) -> Self {
        self.with_publish(move |login| store(login, &name))
    }

    /// With `publish` called for each new login, before anyone else sees it. When that fails, the
    /// attempt counts as failed, and is made again.
    pub fn with_publish(
        mut self,
        publish: impl FnMut(&Login) -> Result<(), ClientError> + Send + 'static,
    ) -> Self {
        self.publish = Some(Publish::new(Box::new(publish)));
        self
    }
}

/// Whose ticket it is; the secret stays one.
impl fmt::Debug for KeeperParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeeperParams")
            .field("login", &self.login)
            .field("renew", &self.renew)
            .finish_non_exhaustive()
    }
}
