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
use crate::store::store_at;
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
    refresh_at: Timestamp,
    /// After a failure: when the next attempt may be made, unless somebody calls for one earlier.
    quiet_until: Option<Timestamp>,
    /// The last login, if it could not be published.
    unpublished: Option<Refreshed>,
}

/// A login that has come.
#[derive(Clone)]
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
            unpublished: None,
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
        if let Some(refreshed) = self.still_to_be_published(woken) {
            let published = self.publish(&refreshed.login).await;
            let refresh_at = self.refresh_at;
            let state = self.conclude(before, Ok((refreshed, published)), before.took);
            if self.unpublished.is_some() {
                self.refresh_at = refresh_at;
            }
            return state;
        }
        let start = Instant::now();
        let attempt = match self.params.first.take() {
            Some(login) => Ok(Refreshed {
                login: Arc::new(login),
                renewed: false,
            }),
            None => self.attempt(before.login.as_deref()).await,
        };
        let took = start.elapsed();
        let done = match attempt {
            Ok(refreshed) => {
                let published = self.publish(&refreshed.login).await;
                Ok((refreshed, published))
            }
            Err(error) => Err(error),
        };
        self.conclude(before, done, took)
    }

    /// The login that only has to be published, unless it is time for another, or one is called
    /// for: no KDC need be asked because of a folder that cannot be written to.
    fn still_to_be_published(&mut self, woken: Woken) -> Option<Refreshed> {
        let unpublished = self.unpublished.take();
        let is_good = woken == Woken::Due && now() < self.refresh_at && !self.wants_login();
        unpublished.filter(|_| is_good)
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
            match self.renewed_and_published(&last).await {
                Ok((refreshed, end)) => {
                    self.refresh_at = self.refresh_time(&refreshed.login, end);
                    self.unpublished = None;
                    state.published = Some(Arc::clone(&refreshed.login));
                    state.take(refreshed);
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

    async fn renewed_and_published(
        &self,
        last: &Login,
    ) -> Result<(Refreshed, Option<KerberosTime>), ClientError> {
        let refreshed = Refreshed {
            login: Arc::new(self.driver.renew_login(last).await?),
            renewed: true,
        };
        let end = self.publish(&refreshed.login).await?;
        Ok((refreshed, end))
    }

    /// Whether there is a login to come that was wanted expressly.
    fn wants_login(&self) -> bool {
        self.shared.logins_wanted.load(Ordering::Acquire) != self.logins_done
    }

    /// Shows the login to the world, unless the keeper has been stopped; says when the first of
    /// what it shows ends, if that is before the login.
    async fn publish(&self, login: &Arc<Login>) -> Result<Option<KerberosTime>, ClientError> {
        let (cache, callback) = (self.params.cache.clone(), self.params.publish.clone());
        if cache.is_none() && callback.is_none() {
            return Ok(None);
        }
        let (shared, login) = (Arc::clone(&self.shared), Arc::clone(login));
        let config = Arc::clone(&self.driver.config);
        let work = move || {
            let Some(_under_way) = shared.begin_to_publish() else {
                return Ok(None);
            };
            if let Some(name) = cache {
                store_at(&login, &name, config.krb5())?;
            }
            callback.map_or(Ok(None), |callback| {
                callback.call(|publish| publish(&login))
            })
        };
        self.driver.io.finish(work).await?
    }

    /// What there is to be told after an attempt, and when the next one is due.
    fn conclude(&mut self, before: &KeeperState, done: Done, took: Duration) -> KeeperState {
        let mut state = before.clone();
        state.attempts += 1;
        state.took = took;
        let error = match done {
            // The login counts even where it could not be published.
            Ok((refreshed, published)) => {
                state.take(refreshed.clone());
                let end = published.as_ref().ok().copied().flatten();
                self.refresh_at = self.refresh_time(&refreshed.login, end);
                if published.is_ok() {
                    state.published = Some(refreshed.login);
                } else {
                    self.unpublished = Some(refreshed);
                }
                published.err()
            }
            Err(error) => Some(error),
        };
        state.next_attempt = if let Some(error) = &error {
            let at = now() + self.backoff.delay(error, random());
            *self.quiet_until.insert(at)
        } else {
            self.backoff = Backoff::default();
            self.quiet_until = None;
            self.refresh_at
        };
        state.failures = self.backoff.failures();
        state.error = error.map(Arc::new);
        state
    }

    fn refresh_time(&self, login: &Login, end: Option<KerberosTime>) -> Timestamp {
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

/// What came of an attempt: a login, and what came of publishing it.
type Done = Result<(Refreshed, Result<Option<KerberosTime>, ClientError>), ClientError>;

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
fn random() -> u16 {
    let mut bytes = [0; 2];
    let _ = getrandom::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}

/// After a renewal that failed while a login fails, too.
const NEXT_RENEWAL: Duration = Duration::from_secs(60);
