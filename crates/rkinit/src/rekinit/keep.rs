//! A target's keeper: what it publishes, and what it reports of each attempt.

mod diagnosis;
mod gathering;
mod observe;
mod publish;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use kerberos_client::{Client, ClientError, KeeperParams, TicketKeeper};
use kerberos_proto::Principal;

use crate::rekinit::log::Log;
use crate::rekinit::status::Status;
use crate::rekinit::status::reason::Reason;
use crate::rekinit::target::{Accepted, Source, Target, Turn};
use crate::rekinit::wake::Wake;
use observe::Observer;
use publish::Publisher;

/// A target and its keeper.
pub(super) struct Kept {
    pub(super) target: Arc<Target>,
    pub(super) history: History,
    pub(super) keeper: TicketKeeper,
    /// Whether nothing more may be published.
    ended: Arc<AtomicBool>,
}

/// What is known about a ticket; it outlives the keeper.
#[derive(Clone)]
pub(super) struct History {
    /// Who is to log in, if that was known; the KDC may use another name for them.
    pub(super) owner: Option<Principal>,
    pub(super) status: Arc<Status>,
    pub(super) accepted: Accepted,
}

impl History {
    /// Whether it is the ticket of `owner`.
    pub(super) fn is_of(&self, owner: &Principal) -> bool {
        let known = self.owner.clone();
        // An owner unknown at the start may have logged in since.
        let known = known.or_else(|| self.status.facts().principal);
        known.as_ref() == Some(owner)
    }
}

/// What a keeper's thread tells the main thread after each attempt.
pub(super) struct Attempted {
    pub(super) status: Arc<Status>,
    /// Why it failed, if it did.
    pub(super) failed: Option<Reason>,
    /// Whether there is a new ticket in the cache. While a requested login fails, that can be the
    /// present ticket renewed.
    pub(super) is_new: bool,
}

/// What all keepers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) log: Log,
    pub(super) longest_pause: Option<Duration>,
    /// Whether the program ends with the first tickets.
    pub(super) once: bool,
    /// Whether the program ends with the first failure.
    pub(super) exit_on_error: bool,
    pub(super) events: Sender<Attempted>,
    pub(super) wake: Arc<Wake>,
    pub(super) turn: Turn,
}

impl Kept {
    /// Starts a keeper for `target`.
    ///
    /// # Errors
    /// [`ClientError::Keeper`] when there is no thread or no descriptor for it.
    pub(super) fn start(
        target: Arc<Target>,
        history: History,
        shared: &Shared,
    ) -> Result<Self, ClientError> {
        let status = &history.status;
        let client = &shared.client;
        let ended = Arc::new(AtomicBool::new(false));
        let source = Source::new(
            client.clone(),
            Arc::clone(&target),
            Arc::clone(status),
            history.accepted.clone(),
            shared.turn.clone(),
            Arc::clone(&ended),
        );
        let mut publisher = Publisher::new(
            client.clone(),
            Arc::clone(&target),
            Arc::clone(status),
            shared.log,
            Arc::clone(&ended),
        );
        let mut observer = Observer::new(shared.clone(), Arc::clone(&target), Arc::clone(status));
        let mut params = KeeperParams::new(target.login.clone(), source)
            .with_publish_until(move |login| publisher.publish(login))
            .with_observer(move |state| observer.observe(state));
        params.longest_pause = shared.longest_pause;
        let keeper = client.keep(params)?;
        Ok(Self {
            target,
            history,
            keeper,
            ended,
        })
    }

    /// Stops publishing, without waiting for the keeper's work in progress.
    pub(super) fn stop(&self) {
        self.keeper.stop();
        self.ended.store(true, Ordering::Release);
    }
}
