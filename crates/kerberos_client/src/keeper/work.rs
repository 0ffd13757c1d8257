//! `Work`: what a keeper's thread or task does: refresh, publish, sleep.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kerberos_asn1::KerberosTime;
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
    /// How many of the logins that were wanted expressly have come.
    pub(super) logins_done: u64,
    /// When the ticket at hand is to be refreshed.
    pub(super) refresh_at: Timestamp,
    /// After a failure: when the next attempt may be made, unless somebody calls for one earlier.
    quiet_until: Option<Timestamp>,
    /// Whether the last attempt brought no login.
    pub(super) has_failed: bool,
    /// The last login, until it has been published.
    pub(super) unpublished: Option<Arc<Login>>,
    /// While attempts fail: when that may be tried again, and the failures of it.
    pub(super) publish_at: Timestamp,
    pub(super) publish_backoff: Backoff,
}

/// A login that has come.
pub(super) struct Refreshed {
    pub(super) login: Arc<Login>,
    /// Whether by renewing the ticket of the one before.
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
        }
    }

    /// Keeps the login fresh until the keeper is stopped.
    pub(super) async fn run(mut self) {
        let mut woken = Woken::Called;
        loop {
            if self.shared.clock.look() {
                // What the last login found of the KDC's clock is no longer true.
                self.shared.want_login();
                woken = Woken::Called;
            }
            let before = self.shared.state.current();
            let quiet_until = self.quiet_until.filter(|until| now() < *until);
            let mut state = match quiet_until.filter(|_| woken == Woken::Due) {
                Some(until) => left_alone(&before, until),
                None => self.refresh(&before, woken).await,
            };
            self.renew_meanwhile(&mut state).await;
            self.publish_meanwhile(&mut state).await;
            if self.shared.is_stopped() {
                return;
            }
            let next = state.next_attempt;
            self.observe(&state).await;
            self.shared.state.set(state);
            let was_set = || self.shared.clock.was_set();
            woken = self.shared.alarm.sleep(self.driver.io, next, was_set).await;
            if self.shared.is_stopped() {
                return;
            }
        }
    }

    /// One attempt; what there is to be told of it.
    async fn refresh(&mut self, before: &KeeperState, woken: Woken) -> KeeperState {
        let mut state = before.clone();
        state.attempts += 1;
        if self.is_only_to_be_published(woken) {
            let published = self.publish_waiting(&mut state).await;
            return self.conclude(state, published);
        }
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

    /// Whether there is a login that only has to be published, and it is not time for another, nor
    /// is one called for: no KDC need be asked because of a folder that cannot be written to.
    fn is_only_to_be_published(&self, woken: Woken) -> bool {
        let is_good = woken == Woken::Due && now() < self.refresh_at;
        self.unpublished.is_some() && is_good && !self.has_failed && !self.wants_login()
    }

    /// While a login that is wanted fails, the ticket at hand is renewed in its time all the same:
    /// a new secret that is wrong must not cost a service the ticket that it has. The failure stays
    /// in the state, and the login is tried when it would have been.
    async fn renew_meanwhile(&mut self, state: &mut KeeperState) {
        let is_alive = self.wants_login() && state.error.is_some() && !self.shared.is_stopped();
        let renews = self.params.renew && !self.params.only_renew && is_alive;
        // A ticket that has just come gains nothing by being renewed now, but it will.
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

    /// What is kept from now on. It counts even where it cannot be published.
    fn take(&mut self, state: &mut KeeperState, refreshed: Refreshed) {
        self.unpublished = Some(Arc::clone(&refreshed.login));
        self.refresh_at = self.refresh_time(&refreshed.login, None);
        self.publish_at = Timestamp::default();
        state.take(refreshed);
    }

    /// Whether there is a login to come that was wanted expressly.
    fn wants_login(&self) -> bool {
        self.shared.logins_wanted.load(Ordering::Acquire) != self.logins_done
    }

    /// What there is to be told after an attempt, and when the next one is due.
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

    /// Tells the observer, if there is one. A failure to tell it is no reason to stop.
    async fn observe(&self, state: &KeeperState) {
        let Some(observe) = self.params.observe.clone() else {
            return;
        };
        let state = state.clone();
        let tell = move || observe.call(|observe| observe(&state));
        let _ = self.driver.io.run(tell).await;
    }
}

/// If the work ends unasked, because a callback panicked or the runtime was shut down, watchers are
/// told so; and nobody waits for news any more.
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

/// The state where only the ticket at hand is looked after, since an attempt failed a while ago.
fn left_alone(before: &KeeperState, until: Timestamp) -> KeeperState {
    KeeperState {
        attempts: before.attempts + 1,
        next_attempt: until,
        ..before.clone()
    }
}

/// Any number, so that many keepers do not do everything at the same time. Without one from the
/// system they do.
pub(super) fn random() -> u16 {
    let mut bytes = [0; 2];
    let _ = getrandom::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

/// After a renewal that failed while a login fails, too.
const NEXT_RENEWAL: Duration = Duration::from_secs(60);
