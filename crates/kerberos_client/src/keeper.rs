//! `TicketKeeper`: a login that stays fresh for as long as a service runs.
//!
//! ```text
//!             ┌──────────── renew, else log in anew ◄──── KeeperParams: for whom, with what
//!             ▼                    │
//!        publish (a cache)         │ fails: back off
//!             ▼                    ▼
//!        KeeperState ──► watch    Alarm: the next refresh, or `refresh_now`, or the end
//! ```
//! A keeper is a thread of its own ([`Client::keep`]) or a Tokio task (`AsyncClient::keep`);
//! between refreshes it sleeps. When to do what is in `schedule`, without a clock.

mod alarm;
mod attempt;
mod clock;
mod params;
mod publishing;
mod schedule;
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
    /// Whether a task has waited for the end already, for as long as it would.
    is_awaited: AtomicBool,
}

#[derive(Debug)]
struct Shared {
    state: Watched,
    alarm: Alarm,
    clock: WallClock,
    stopped: AtomicBool,
    /// How many times the next refresh was to be a login.
    logins_wanted: AtomicU64,
    publishing: Publishing,
}

impl TicketKeeper {
    /// What is kept now.
    pub fn state(&self) -> Arc<KeeperState> {
        self.shared.state.current()
    }

    /// A watch on what is kept; it sees every change from now on, and the keeper's end.
    pub fn watch(&self) -> KeeperWatch {
        self.shared.state.watch()
    }

    /// Waits until there is a login that has not ended, and that was put where it is to be
    /// ([`KeeperState::published`]), for `timeout` at most. It blocks the calling thread: in a task
    /// await [`ready`](Self::ready).
    ///
    /// # Errors
    /// Why the last attempt failed, or [`ClientError::NotYet`] when none has ended.
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

    /// Waits as [`wait`](Self::wait) does, on any executor, for as long as it takes:
    /// failures are tried again. A limit is whatever the executor has, as `tokio::time::timeout`;
    /// what has gone wrong by then is in [`state`](Self::state).
    ///
    /// # Errors
    /// [`ClientError::KeeperEnded`] when the keeper has ended, and there will be none.
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

    /// Has the login refreshed now, without regard to how long the last attempt was ago.
    pub fn refresh_now(&self) {
        self.shared.alarm.ring();
    }

    /// As [`refresh_now`](Self::refresh_now), but the ticket is not renewed: as when a new secret
    /// has come, which should be seen to be good before the day on which it is needed.
    ///
    /// Every further attempt is a login until one has succeeded; if that takes longer than the
    /// ticket at hand lasts, that is renewed meanwhile, and [`KeeperState::error`] goes on to tell
    /// why the login fails.
    pub fn login_now(&self) {
        self.shared.want_login();
        self.shared.alarm.ring();
    }

    /// Ends the keeper without waiting for an attempt that is under way; no further login is
    /// published. Dropping it ends it as well, and waits for what is being published.
    pub fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.shared.alarm.ring();
        // Watchers need not wait for a KDC that does not answer.
        self.shared.end();
    }

    /// Ends the keeper as dropping it does, for a task: what is being published is awaited, where a
    /// drop would block the thread of the runtime, for as long as a lock or a callback takes.
    ///
    /// Whoever sets a limit to it may go on when that is over, and drop the keeper: that does not
    /// wait any more, and what is being published comes to its end by itself.
    pub async fn shutdown(&self) {
        self.is_awaited.store(true, Ordering::Release);
        self.stop();
        let mut watch = self.watch();
        while watch.changed().await.is_some() {}
    }
}

/// Ends the keeper. What is being published is waited for; nothing is published any more after
/// that, though a request that a KDC has not answered yet may run on to its end in the background.
/// Dropped by the very callback that publishes, or after a [`shutdown`](TicketKeeper::shutdown)
/// that was given up, it waits for nothing. A task awaits that instead of dropping: a runtime whose
/// only thread waits for a callback that needs it would wait for ever.
impl Drop for TicketKeeper {
    fn drop(&mut self) {
        self.stop();
        if !self.is_awaited.load(Ordering::Acquire) {
            self.shared.publishing.wait_for_others();
        }
    }
}

impl Client {
    /// Logs in, and keeps the login fresh in a thread of its own until the handle is dropped. The
    /// first login is on its way when this returns: [`TicketKeeper::wait`].
    ///
    /// # Errors
    /// [`ClientError::Keeper`] when the system has no thread or no timer to give.
    ///
    /// # Example
    /// See [`TicketKeeper`].
    pub fn keep(&self, params: KeeperParams) -> Result<TicketKeeper, ClientError> {
        let (keeper, work) = keeper(self.driver.clone(), params)?;
        thread::Builder::new()
            .name("krb5-keeper".to_owned())
            // With a stack of the usual size: callbacks of the caller's run on it, in builds
            // without optimisation, too. What is not used of it is address space and no memory.
            .spawn(move || block_on(work))
            .map_err(|error| ClientError::Keeper(Arc::new(error)))?;
        Ok(keeper)
    }
}

/// A keeper, and the work that it has to do.
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
    /// The next refresh that succeeds is to be a login.
    fn want_login(&self) {
        self.logins_wanted.fetch_add(1, Ordering::AcqRel);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests;
