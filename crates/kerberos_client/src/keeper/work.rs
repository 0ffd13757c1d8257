//! `Work`: what a keeper's thread or task does: refresh, publish, sleep.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kerberos_asn1::KerberosTime;
use kerberos_files::stamp::FileStamp;
use kerberos_proto::{Login, Timestamp};

use super::alarm::Woken;
use super::params::KeeperParams;
use super::schedule::{self, Backoff};
use super::{KeeperState, Shared};
use crate::driver::Driver;
use crate::{ClientError, now};

/// Everything that a keeper needs to do its work.
pub(super) struct Work {
    pub(super) driver: Driver,
    pub(super) params: KeeperParams,
    pub(super) shared: Arc<Shared>,
    backoff: Backoff,
    /// How many of the expressly requested logins have been done.
    pub(super) logins_done: u64,
    /// When to refresh the present ticket.
    pub(super) refresh_at: Timestamp,
    /// After a failure: no attempt before this time, unless somebody asks for one.
    quiet_until: Option<Timestamp>,
    /// Whether the last attempt gave no login.
    pub(super) has_failed: bool,
    /// The last login, until it is published.
    pub(super) unpublished: Option<Arc<Login>>,
    /// While attempts fail: when to try again to publish, and the failures of publishing.
    pub(super) publish_at: Timestamp,
    pub(super) publish_backoff: Backoff,
    /// The state of the keytab before the last attempt.
    pub(super) keytab_before: Option<FileStamp>,
}

/// A login from a successful attempt.
pub(super) struct Refreshed {
    pub(super) login: Arc<Login>,
    /// Whether it came from renewing the ticket of the previous one.
    pub(super) renewed: bool,
}

impl Work {
    pub(super) fn new(driver: Driver, params: KeeperParams, shared: Arc<Shared>) -> Self {
        Self {
            driver,
            params,
            shared,
            backoff: Backoff::default(),
            logins_done: 0,
            refresh_at: Timestamp::default(),
            quiet_until: None,
            has_failed: false,
            unpublished: None,
            publish_at: Timestamp::default(),
            publish_backoff: Backoff::default(),
            keytab_before: None,
        }
    }

    /// Keeps the login fresh until the keeper is stopped.
    pub(super) async fn run(mut self) {
        let mut woken = Woken::Called;
        loop {
            woken = self.publish_again_if_asked(woken);
            if self.shared.clock.look() {
                // The last login's estimate of the KDC's clock no longer holds.
                self.shared.want_login();
                woken = Woken::Called;
            }
            if woken == Woken::Called {
                // Whoever calls may have repaired the place, or set the clock back.
                self.publish_at = Timestamp::default();
            }
            let before = self.shared.state.current();
            let quiet_until = self.quiet_until.filter(|until| now() < *until);
            let mut state = match quiet_until.filter(|_| woken == Woken::Due) {
                Some(until) => left_alone(&before, until),
                None => self.refresh(&before, woken).await,
            };
            self.renew_meanwhile(&mut state).await;
            // Publishing may take as long as KDCs take. A failure is reported before that.
            let error = |state: &KeeperState| state.error.as_ref().map(Arc::as_ptr);
            let is_news = error(&state) != error(&before);
            if is_news && !self.report(&state).await {
                return;
            }
            let has_published = self.publish_meanwhile(&mut state).await;
            if (has_published || !is_news) && !self.report(&state).await {
                return;
            }
            woken = self.sleep(&state).await;
            if self.shared.is_stopped() {
                return;
            }
        }
    }

    /// Makes one attempt, and returns the state to report.
    async fn refresh(&mut self, before: &KeeperState, woken: Woken) -> KeeperState {
        let mut state = before.clone();
        state.attempts += 1;
        if self.is_only_to_be_published(woken) {
            let published = self.publish_waiting(&mut state).await;
            return self.conclude(state, published);
        }
        self.keytab_before = self.keytab_now().await;
        let start = Instant::now();
        let attempt = match self.params.first.take() {
            Some(login) => Ok(Refreshed {
                login: Arc::new(login),
                renewed: false,
            }),
            None => self.attempt(before.login.as_deref()).await,
        };
        state.took = start.elapsed();
        self.has_failed = attempt.is_err();
        let result = match attempt {
            Ok(refreshed) => {
                self.take(&mut state, refreshed);
                self.publish_waiting(&mut state).await
            }
            Err(error) => Err(error),
        };
        self.conclude(state, result)
    }

    /// Whether there is a login that only has to be published: no refresh is due or asked for. Then
    /// no KDC need be asked just because a folder cannot be written to.
    fn is_only_to_be_published(&self, woken: Woken) -> bool {
        let is_good = woken == Woken::Due && now() < self.refresh_at;
        self.unpublished.is_some() && is_good && !self.has_failed && !self.wants_login()
    }

    /// Renews the present ticket in time while a requested login fails: a new secret that is wrong
    /// must not cost a service the ticket that it has. The error stays in the state, and the login
    /// is tried again when it would have been anyway.
    async fn renew_meanwhile(&mut self, state: &mut KeeperState) {
        let is_alive = self.wants_login() && state.error.is_some() && !self.shared.is_stopped();
        let renews = self.params.renew && !self.params.only_renew && is_alive;
        // Renewing a ticket that has just come gains nothing now, but will later.
        let then = self.refresh_at.max(now());
        let renewable = |last: &Arc<Login>| renews && schedule::renewable(last, then);
        let Some(last) = state.login.clone().filter(renewable) else {
            return;
        };
        if self.refresh_at <= now() {
            match self.driver.renew_login(&last).await {
                Ok(login) => {
                    let (login, renewed) = (Arc::new(login), true);
                    self.take(state, Refreshed { login, renewed });
                }
                Err(error) => {
                    let client = &last.credential.client;
                    tracing::info!("the TGT of {client} was not renewed: {error}");
                    self.refresh_at = now() + NEXT_RENEWAL;
                }
            }
        }
        state.next_attempt = state.next_attempt.min(self.refresh_at);
    }

    /// Records a new login. It counts even if it cannot be published.
    fn take(&mut self, state: &mut KeeperState, refreshed: Refreshed) {
        self.unpublished = Some(Arc::clone(&refreshed.login));
        self.refresh_at = self.refresh_time(&refreshed.login, None);
        self.publish_at = Timestamp::default();
        state.take(refreshed);
    }

    /// Whether an expressly requested login is still to come.
    fn wants_login(&self) -> bool {
        self.shared.logins_wanted.load(Ordering::Acquire) != self.logins_done
    }

    /// The state to report after an attempt, with the time of the next one.
    fn conclude(&mut self, mut state: KeeperState, result: Result<(), ClientError>) -> KeeperState {
        state.next_attempt = if let Err(error) = &result {
            let at = now() + self.backoff.delay(error, random());
            *self.quiet_until.insert(at)
        } else {
            self.backoff = Backoff::default();
            self.quiet_until = None;
            self.refresh_at
        };
        state.failures = self.backoff.failures();
        state.error = result.err().map(Arc::new);
        state
    }

    pub(super) fn refresh_time(&self, login: &Login, end: Option<KerberosTime>) -> Timestamp {
        schedule::refresh_at(login, end, self.params.longest_pause, now(), random())
    }

    /// Reports the state to the observer and then to everybody else, unless the keeper has been
    /// stopped. Returns whether it goes on.
    async fn report(&self, state: &KeeperState) -> bool {
        if self.shared.is_stopped() {
            return false;
        }
        self.observe(state).await;
        self.shared.state.set(state.clone());
        true
    }

    /// Tells the observer, if there is one. Failing to do so is no reason to stop.
    async fn observe(&self, state: &KeeperState) {
        let Some(observe) = self.params.observe.clone() else {
            return;
        };
        let state = state.clone();
        let tell = move || observe.call(|observe| observe(&state));
        let _ = self.driver.io.run(tell).await;
    }
}

/// If the work ends unexpectedly, because a callback panicked or the runtime was shut down,
/// watchers are told so. Nobody waits for further changes then.
impl Drop for Work {
    fn drop(&mut self) {
        if !self.shared.is_stopped() {
            let mut state = KeeperState::clone(&self.shared.state.current());
            state.error = Some(Arc::new(ClientError::KeeperEnded));
            self.shared.state.set(state);
        }
        self.shared.end();
    }
}

/// The state while only the present ticket is renewed, because an attempt failed a while ago.
fn left_alone(before: &KeeperState, until: Timestamp) -> KeeperState {
    KeeperState {
        attempts: before.attempts + 1,
        next_attempt: until,
        ..before.clone()
    }
}

/// A random number, so that many keepers do not all act at the same time. If the system provides
/// none, they do.
pub(super) fn random() -> u16 {
    let mut bytes = [0; 2];
    let _ = getrandom::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

/// How long to wait after a failed renewal while a login fails, too.
const NEXT_RENEWAL: Duration = Duration::from_secs(60);
