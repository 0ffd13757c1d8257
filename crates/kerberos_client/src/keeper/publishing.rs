//! How a login is published, what becomes of one that cannot be, and `Publishing`: who publishes,
//! for whoever ends the keeper meanwhile.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use kerberos_asn1::KerberosTime;
use kerberos_proto::Login;

use super::schedule::Backoff;
use super::work::{Work, random};
use super::{KeeperState, Shared};
use crate::store::store_at;
use crate::{ClientError, now};

impl Work {
    /// Publishes the login that waits for it, if there is one.
    pub(super) async fn publish_waiting(
        &mut self,
        state: &mut KeeperState,
    ) -> Result<(), ClientError> {
        let Some(login) = self.unpublished.clone() else {
            return Ok(());
        };
        let end = self.publish(&login).await?;
        if end.is_some() {
            // What is published may end before the login; it never lasts longer.
            self.refresh_at = self.refresh_at.min(self.refresh_time(&login, end));
        }
        self.unpublished = None;
        self.publish_backoff = Backoff::default();
        state.published = Some(login);
        Ok(())
    }

    /// While attempts to get another login fail, the one that could not be published, or was
    /// renewed meanwhile, is put where it is to be all the same. Its failures have a pace of their
    /// own: a folder may be mended long before the KDC is asked again. The attempt's failure is the
    /// one that stays in the state.
    pub(super) async fn publish_meanwhile(&mut self, state: &mut KeeperState) {
        let waits = self.has_failed && self.unpublished.is_some();
        if !waits || self.shared.is_stopped() || state.valid_login(now()).is_none() {
            return;
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
        // A refresh that is overdue has just failed, and waits for the time that it was given.
        if next > now() {
            state.next_attempt = state.next_attempt.min(next);
        }
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
}

/// One at a time publishes, and nobody after the end.
#[derive(Default, Debug)]
pub(super) struct Publishing {
    turn: Mutex<Turn>,
    over: Condvar,
}

#[derive(Default, Debug)]
struct Turn {
    /// Who publishes.
    by: Option<ThreadId>,
    /// Whether it is the last time, or has been.
    is_last: bool,
}

/// Somebody publishes until this is dropped.
pub(super) struct UnderWay<'a>(&'a Shared);

impl Shared {
    /// Publishes from now on; `None` after the end.
    pub(super) fn begin_to_publish(&self) -> Option<UnderWay<'_>> {
        let mut turn = self.publishing.lock();
        if turn.is_last {
            return None;
        }
        turn.by = Some(thread::current().id());
        Some(UnderWay(self))
    }

    /// Nothing is published or told any more. What is being published just now comes before the
    /// end, and it is the thread which does that that tells of it: nobody may run the keeper's task
    /// any more.
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
    /// Waits until nobody publishes any more, unless it is this thread that does.
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
