//! `KeeperParams`: for whom a ticket is kept, with what secret, and where it is put.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kerberos_asn1::KerberosTime;
use kerberos_files::ccache::CcacheName;
use kerberos_files::keytab::KeytabName;
use kerberos_proto::{AsParams, Login};

use super::{KeeperState, LoginSource};
use crate::{ClientError, keytab_secret};

/// A part that the caller brings, to be called by one at a time wherever it may take its time.
pub(super) struct Callback<F: ?Sized>(Arc<Mutex<Box<F>>>);

/// Gives the secret for a login.
pub(super) type Source = Callback<dyn LoginSource>;

/// Shows a login to the world; says when what it shows ends, if that is before the login.
pub(super) type Publish =
    Callback<dyn FnMut(&Login) -> Result<Option<KerberosTime>, ClientError> + Send>;

/// Hears what came of an attempt.
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
    /// For whom to log in, and what to ask for. With a `renew_lifetime` the ticket is renewed for
    /// as long as that goes.
    pub login: AsParams,
    /// Whether a ticket that can be renewed is; else every refresh is a login.
    pub renew: bool,
    /// The longest time from one refresh to the next, however long the ticket lasts; `None` leaves
    /// it to that.
    pub longest_pause: Option<Duration>,
    /// Whether there is nothing to log in with.
    pub(super) only_renew: bool,
    pub(super) source: Source,
    pub(super) cache: Option<CcacheName>,
    pub(super) publish: Option<Publish>,
    pub(super) first: Option<Login>,
    pub(super) observe: Option<Observe>,
}

impl KeeperParams {
    /// Keeps what `login` describes, with a secret that is asked for at each login: by a closure,
    /// or by a [`LoginSource`] that knows more than one.
    pub fn new(login: AsParams, source: impl LoginSource + 'static) -> Self {
        Self {
            login,
            renew: true,
            longest_pause: None,
            only_renew: false,
            source: Source::new(Box::new(source)),
            cache: None,
            publish: None,
            first: None,
            observe: None,
        }
    }

    /// Keeps what `login` describes with the keys of the keytab called `keytab`, which is read at
    /// each login: keys may be rotated meanwhile.
    pub fn with_keytab(login: AsParams, keytab: KeytabName) -> Self {
        let client = login.client.clone();
        Self::new(login, move || keytab_secret(&keytab, &client))
    }

    /// Keeps `login`, which is at hand, by renewing its ticket for as long as the KDC does.
    pub fn renewing(login: Login) -> Self {
        let params = AsParams::new(login.credential.client.clone());
        // It is never asked for.
        let no_secret = || Err(ClientError::NotYet);
        Self {
            only_renew: true,
            ..Self::new(params, no_secret).with_login(login)
        }
    }

    /// With a login that is at hand already in place of the first one.
    pub fn with_login(mut self, login: Login) -> Self {
        self.first = Some(login);
        self
    }

    /// With each new login put into the cache called `name`, which is replaced as a whole.
    ///
    /// A cache that cannot be written makes the attempt a failed one. It is tried again with the
    /// same login, for as long as that need not be refreshed.
    pub fn with_cache(mut self, name: CcacheName) -> Self {
        self.cache = Some(name);
        self
    }

    /// With `publish` called for each new login, before anyone else sees it, and after it was put
    /// into the [cache](Self::with_cache), if there is one. Its failure is one as that of the
    /// cache; [`ClientError::callback`] makes an error of anything. There is one callback: the
    /// last.
    pub fn with_publish(
        self,
        mut publish: impl FnMut(&Login) -> Result<(), ClientError> + Send + 'static,
    ) -> Self {
        self.with_publish_until(move |login| publish(login).map(|()| None))
    }

    /// As [`with_publish`](Self::with_publish), where more than the login is published: `publish`
    /// says when the first ticket of it ends, and the next refresh comes in time for that.
    pub fn with_publish_until(
        mut self,
        publish: impl FnMut(&Login) -> Result<Option<KerberosTime>, ClientError> + Send + 'static,
    ) -> Self {
        self.publish = Some(Publish::new(Box::new(publish)));
        self
    }

    /// With `observe` called after each attempt, whatever came of it, before others see it: for
    /// logs and metrics, which should miss nothing, where a [`KeeperWatch`](crate::KeeperWatch)
    /// sees the last change.
    pub fn with_observer(mut self, observe: impl FnMut(&KeeperState) + Send + 'static) -> Self {
        self.observe = Some(Observe::new(Box::new(observe)));
        self
    }
}

/// Whose ticket it is; the secret stays one.
impl fmt::Debug for KeeperParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeeperParams")
            .field("login", &self.login)
            .field("renew", &self.renew)
            .field("longest_pause", &self.longest_pause)
            .finish_non_exhaustive()
    }
}
