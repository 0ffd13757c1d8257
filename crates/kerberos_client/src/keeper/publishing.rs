//! How a login is published, and what happens if that fails. `Publishing` records who is
//! publishing, for whoever ends the keeper meanwhile.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use kerberos_asn1::KerberosTime;
use kerberos_proto::{Login, Timestamp};

use super::alarm::Woken;
use super::schedule::Backoff;
use super::work::{Work, random};
use super::{KeeperState, Shared};
use crate::store::store_at;
use crate::{ClientError, now};

impl Work {
    /// Makes the present login one that has yet to be published, if a caller asked for that and
    /// the login is valid. It is then no reason to ask a KDC. Returns what the work is woken for.
    pub(super) fn publish_again_if_asked(&mut self, woken: Woken) -> Woken {
        let is_asked = self.shared.is_asked.swap(false, Ordering::AcqRel);
        let again = self
            .shared
            .is_to_publish_again
            .swap(false, Ordering::AcqRel);
        let state = self.shared.state.current();
        let Some(login) = state.valid_login(now()).filter(|_| again) else {
            return woken;
        };
        self.unpublished = Some(Arc::clone(login));
        self.publish_at = Timestamp::default();
        if is_asked { woken } else { Woken::Due }
    }

    /// Publishes the login that has yet to be published, if there is one.
    pub(super) async fn publish_waiting(
        &mut self,
        state: &mut KeeperState,
    ) -> Result<(), ClientError> {
        let Some(login) = self.unpublished.clone() else {
            return Ok(());
        };
        let end = self.publish(&login).await?;
        if end.is_some() {
            // What is published may end before the login, but never after it.
            self.refresh_at = self.refresh_at.min(self.refresh_time(&login, end));
        }
        self.unpublished = None;
        self.publish_backoff = Backoff::default();
        state.published = Some(login);
        Ok(())
    }

    /// Publishes what could not be published before (or has since been renewed), while attempts to
    /// get another login fail. Retries have their own pace: a folder may be repaired long before
    /// the KDC is asked again. The state keeps the attempt's error. Returns whether something was
    /// published.
    pub(super) async fn publish_meanwhile(&mut self, state: &mut KeeperState) -> bool {
        let waits = self.has_failed && self.unpublished.is_some();
        if !waits || self.shared.is_stopped() || state.valid_login(now()).is_none() {
            return false;
        }
        if self.publish_at <= now()
            && let Err(error) = self.publish_waiting(state).await
        {
            tracing::info!("the ticket that there is was not published: {error}");
            self.publish_at = now() + self.publish_backoff.delay(&error, random());
        }
        let next = match self.unpublished {
            Some(_) => self.publish_at,
            None => self.refresh_at,
        };
        // An overdue refresh has just failed, and already has a time for its next attempt.
        if next > now() {
            state.next_attempt = state.next_attempt.min(next);
        }
        self.unpublished.is_none()
    }

    /// Publishes the login, unless the keeper has been stopped. Returns when the first of what is
    /// published ends, if that is before the login.
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
}

/// Lets one thread at a time publish, and none after the end.
#[derive(Default, Debug)]
pub(super) struct Publishing {
    turn: Mutex<Turn>,
    over: Condvar,
}

#[derive(Default, Debug)]
struct Turn {
    /// The thread that is publishing.
    by: Option<ThreadId>,
    /// Whether nothing more may be published once the publication in progress, if any, is over.
    is_last: bool,
}

/// A publication in progress, until this is dropped.
pub(super) struct UnderWay<'a>(&'a Shared);

impl Shared {
    /// Begins to publish; `None` after the end.
    pub(super) fn begin_to_publish(&self) -> Option<UnderWay<'_>> {
        let mut turn = self.publishing.lock();
        if turn.is_last {
            return None;
        }
        turn.by = Some(thread::current().id());
        Some(UnderWay(self))
    }

    /// From now on nothing is published or reported. A publication in progress comes before the
    /// end, and its thread then reports the end, since the runtime may no longer run the keeper's
    /// task.
    pub(super) fn end(&self) {
        let mut turn = self.publishing.lock();
        turn.is_last = true;
        let is_over = turn.by.is_none();
        drop(turn);
        if is_over {
            self.state.close();
        }
    }
}

impl Publishing {
    /// Waits until no other thread is publishing.
    pub(super) fn wait_for_others(&self) {
        let this = thread::current().id();
        let by_another = |turn: &mut Turn| turn.by.is_some_and(|by| by != this);
        let waited = self.over.wait_while(self.lock(), by_another);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let publishing = &self.0.publishing;
        let mut turn = publishing.lock();
        turn.by = None;
        let is_last = turn.is_last;
        drop(turn);
        publishing.over.notify_all();
        if is_last {
            self.0.state.close();
        }
    }
}
