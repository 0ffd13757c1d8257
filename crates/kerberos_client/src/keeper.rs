//! `TicketKeeper`: a login that stays fresh for as long as a service runs.
//!
//! ```text
//!             ┌──────────── renew, else log in anew ◄──── KeeperParams: for whom, with what
//!             ▼                    │
//!        publish (a cache)         │ fails: back off
//!             ▼                    ▼
//!        KeeperState ──► watch    Alarm: the next refresh, or `refresh_now`, or the end
//! ```
//! A keeper is a thread of its own ([`Client::keep`]) or a Tokio task (`AsyncClient::keep`); it
//! sleeps between refreshes. The module `schedule` decides when to do what; it has no clock.

mod alarm;
mod attempt;
mod clock;
mod params;
mod publishing;
mod schedule;
mod sleep;
mod source;
mod state;
mod watch;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use kerberos_proto::Login;

pub use params::KeeperParams;
pub use source::LoginSource;
pub use state::KeeperState;
pub use watch::KeeperWatch;

use crate::driver::Driver;
use crate::io::block_on;
use crate::{Client, ClientError, now};
use alarm::Alarm;
use clock::WallClock;
use publishing::Publishing;
use watch::Watched;
use work::Work;

/// A login that is kept fresh until this handle is dropped.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use kerberos_client::{Client, Config, KeeperParams, Password, Secret};
///
/// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM").principal("svc", "password").start()?;
/// # let krb5_conf = kdc.krb5_conf();
/// # let path = std::env::temp_dir().join(format!("keeper_doc_{}", std::process::id()));
/// let config = Config::parse(&krb5_conf)?.with_ccache_name(path.display().to_string());
/// let client = Client::new(config);
/// let login = client.as_params(client.principal("svc")?)?;
/// // Asked for at each login, so that a new password or keytab needs no restart.
/// let secret = || Ok(Secret::Password(Password::new("password")));
/// let keeper = client.keep(
///     KeeperParams::new(login, secret).with_cache(client.config().ccache_name()?),
/// )?;
///
/// let first = keeper.wait(Duration::from_secs(10))?;
/// assert_eq!(first.credential.client.to_string(), "svc@EXAMPLE.COM");
/// assert!(path.exists());
/// # drop(keeper);
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "what is dropped keeps nothing"]
#[derive(Debug)]
pub struct TicketKeeper {
    shared: Arc<Shared>,
    /// Whether a task has awaited the end already, for as long as it wanted to.
    is_awaited: AtomicBool,
}

#[derive(Debug)]
struct Shared {
    state: Watched,
    alarm: Alarm,
    clock: WallClock,
    stopped: AtomicBool,
    /// How many times a caller asked for a login instead of a renewal.
    logins_wanted: AtomicU64,
    /// Whether a caller asked for an attempt.
    is_asked: AtomicBool,
    /// Whether a caller asked to publish the login again.
    is_to_publish_again: AtomicBool,
    publishing: Publishing,
}

impl TicketKeeper {
    /// The current state.
    pub fn state(&self) -> Arc<KeeperState> {
        self.shared.state.current()
    }

    /// A watch on the state. It sees every change from now on, and the keeper's end.
    pub fn watch(&self) -> KeeperWatch {
        self.shared.state.watch()
    }

    /// Waits up to `timeout` for a login whose ticket has not ended and that has been published
    /// ([`KeeperState::published`]). It blocks the calling thread: in a task await
    /// [`ready`](Self::ready).
    ///
    /// # Errors
    /// Why the last attempt failed, or [`ClientError::NotYet`] when no attempt has ended.
    pub fn wait(&self, timeout: Duration) -> Result<Arc<Login>, ClientError> {
        let deadline = std::time::Instant::now().checked_add(timeout);
        let mut watch = self.watch();
        loop {
            let state = self.state();
            if let Some(login) = state.valid_published(now()) {
                return Ok(Arc::clone(login));
            }
            if watch.changed_until(deadline).is_none() {
                return Err(state
                    .error
                    .as_deref()
                    .map_or(ClientError::NotYet, Clone::clone));
            }
        }
    }

    /// Waits as [`wait`](Self::wait) does, on any executor and without a time limit: failed
    /// attempts are repeated. For a limit, use the executor's, such as `tokio::time::timeout`;
    /// [`state`](Self::state) then tells what has gone wrong.
    ///
    /// # Errors
    /// [`ClientError::KeeperEnded`] when the keeper has ended, so that there will be no login.
    ///
    /// # Example
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use kerberos_client::{AsyncClient, Config, KeeperParams, Password, Secret};
    ///
    /// # let kdc = kerberos_testkdc::TestKdc::builder("EXAMPLE.COM").principal("svc", "password").start()?;
    /// # let krb5_conf = kdc.krb5_conf();
    /// let client = AsyncClient::new(Config::parse(&krb5_conf)?);
    /// let login = client.as_params(client.principal("svc").await?)?;
    /// let secret = || Ok(Secret::Password(Password::new("password")));
    /// let keeper = client.keep(KeeperParams::new(login, secret))?;
    ///
    /// let first = tokio::time::timeout(Duration::from_secs(10), keeper.ready()).await??;
    /// assert_eq!(first.credential.client.to_string(), "svc@EXAMPLE.COM");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "tokio"))]
    /// # fn main() {}
    /// ```
    pub async fn ready(&self) -> Result<Arc<Login>, ClientError> {
        let mut watch = self.watch();
        loop {
            if let Some(login) = self.state().valid_published(now()) {
                return Ok(Arc::clone(login));
            }
            if watch.changed().await.is_none() {
                return Err(ClientError::KeeperEnded);
            }
        }
    }

    /// Refreshes the login now, however recent the last attempt was.
    pub fn refresh_now(&self) {
        self.shared.is_asked.store(true, Ordering::Release);
        self.shared.alarm.ring();
    }

    /// As [`refresh_now`](Self::refresh_now), but logs in instead of renewing the ticket. Use it
    /// when there is a new secret, to see that it works before the old ticket ends.
    ///
    /// Every further attempt is a login until one succeeds. If that takes longer than the present
    /// ticket lasts, the ticket is renewed meanwhile, and [`KeeperState::error`] still tells why
    /// the login fails.
    pub fn login_now(&self) {
        self.shared.want_login();
        self.refresh_now();
    }

    /// Publishes the login again, without asking a KDC. Use it when somebody removed or changed
    /// the cache. If no login is valid now, it does what [`refresh_now`](Self::refresh_now) does.
    pub fn publish_again(&self) {
        self.shared
            .is_to_publish_again
            .store(true, Ordering::Release);
        self.shared.alarm.ring();
    }

    /// Ends the keeper without waiting for an attempt in progress; no further login is published.
    /// Dropping the keeper ends it, too, but waits for a publication in progress.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.alarm.ring();
        // Watchers should not have to wait for a KDC that does not answer.
        self.shared.end();
    }

    /// Ends the keeper as dropping it does, for a task: it awaits a publication in progress, where
    /// a drop would block the runtime's thread for as long as a lock or a callback takes.
    ///
    /// A caller that sets a time limit may drop the keeper when the limit is over. The drop does
    /// not wait then, and the publication finishes by itself.
    pub async fn shutdown(&self) {
        self.is_awaited.store(true, Ordering::Release);
        self.stop();
        let mut watch = self.watch();
        while watch.changed().await.is_some() {}
    }
}

/// Ends the keeper, and waits for a publication in progress. Nothing is published afterwards,
/// though a request that no KDC has answered yet may run on in the background.
///
/// There is no wait if the publishing callback itself drops the keeper, or after a
/// [`shutdown`](TicketKeeper::shutdown) that was given up. A task awaits `shutdown` instead of
/// dropping: if the runtime's only thread waited for a callback that needs the runtime, it would
/// wait for ever.
impl Drop for TicketKeeper {
    fn drop(&mut self) {
        self.stop();
        if !self.is_awaited.load(Ordering::Acquire) {
            self.shared.publishing.wait_for_others();
        }
    }
}

impl Client {
    /// Logs in, and keeps the login fresh in a thread of its own until the handle is dropped. It
    /// returns before the first login has finished; see [`TicketKeeper::wait`].
    ///
    /// # Errors
    /// [`ClientError::Keeper`] when the system cannot provide a thread or a timer.
    ///
    /// # Example
    /// See [`TicketKeeper`].
    pub fn keep(&self, params: KeeperParams) -> Result<TicketKeeper, ClientError> {
        let (keeper, work) = keeper(self.driver.clone(), params)?;
        thread::Builder::new()
            .name("krb5-keeper".to_owned())
            // The stack has the usual size, because the caller's callbacks run on it, even in
            // builds without optimisation. Unused stack costs address space, but no memory.
            .spawn(move || block_on(work))
            .map_err(|error| ClientError::Keeper(Arc::new(error)))?;
        Ok(keeper)
    }
}

/// A keeper, and the work for its thread or task.
pub(crate) fn keeper(
    driver: Driver,
    params: KeeperParams,
) -> Result<(TicketKeeper, impl Future<Output = ()> + Send), ClientError> {
    let shared = Arc::new(Shared {
        state: Watched::new(KeeperState {
            next_attempt: now(),
            ..KeeperState::default()
        }),
        alarm: Alarm::new().map_err(|error| ClientError::Keeper(Arc::new(error)))?,
        stopped: AtomicBool::new(false),
        clock: WallClock::new(driver.config.krb5().clock_skew()),
        logins_wanted: AtomicU64::new(0),
        is_asked: AtomicBool::new(false),
        is_to_publish_again: AtomicBool::new(false),
        publishing: Publishing::default(),
    });
    let handle = TicketKeeper {
        shared: Arc::clone(&shared),
        is_awaited: AtomicBool::new(false),
    };
    let work = Work::new(driver.unattended(), params, shared);
    Ok((handle, work.run()))
}

impl Shared {
    /// Makes the next successful refresh a login.
    fn want_login(&self) {
        self.logins_wanted.fetch_add(1, Ordering::AcqRel);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests;
