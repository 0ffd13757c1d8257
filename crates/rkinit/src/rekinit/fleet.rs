//! All kept tickets, and the files with their secrets.

mod before;
mod look;

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use kerberos_client::{Client, now};
use kerberos_proto::Principal;

use crate::messages::system_text;
use crate::rekinit::files::Files;
use crate::rekinit::found::Sought;
use crate::rekinit::keep::{History, Kept, Shared};
use crate::rekinit::log::Log;
use crate::rekinit::status::Status;
use crate::rekinit::target::{Accepted, HeldTurn, Target};
use before::take_over;
use look::Seen;

/// The keepers.
pub(super) struct Fleet {
    kept: Vec<Kept>,
    /// What is remembered about each cache.
    seen: Vec<Seen>,
    /// `None` when there are no files to watch, or they cannot be watched.
    pub(super) files: Option<Files>,
}

impl Fleet {
    /// Starts a keeper for each target, which waits for its turn. Facts in `before` about the
    /// ticket of the same principal in the same cache are kept.
    ///
    /// # Errors
    /// A message, when there are no threads for them; then no ticket is kept.
    pub(super) fn start(
        targets: &[Arc<Target>],
        shared: &Shared,
        before: Vec<(Arc<Target>, History)>,
        _held: &HeldTurn<'_>,
    ) -> Result<Self, String> {
        let mut fleet = Self {
            kept: Vec::with_capacity(targets.len()),
            seen: targets.iter().map(|_| Seen::default()).collect(),
            files: watch_files(targets, shared.log),
        };
        let owners = targets.iter().map(|target| target.owner(&shared.client));
        let owners: Vec<_> = owners.collect();
        let known = take_over(targets, &owners, before);
        for ((target, owner), known) in targets.iter().zip(owners).zip(known) {
            let history = known.unwrap_or_else(|| {
                let cache = target.cache.to_string();
                let status = Status::new(cache, owner.clone());
                if let Some(owner) = &owner {
                    note_found(&status, &shared.client, target, owner);
                }
                History {
                    status: Arc::new(status),
                    accepted: Accepted::default(),
                    owner,
                }
            });
            match Kept::start(Arc::clone(target), history, shared) {
                Ok(kept) => fleet.kept.push(kept),
                Err(error) => {
                    fleet.kept.iter().for_each(Kept::stop);
                    return Err(error.to_string());
                }
            }
        }
        let now = now().seconds;
        for status in fleet.statuses() {
            status.starts(now);
        }
        Ok(fleet)
    }

    /// What is known about the tickets.
    pub(super) fn histories(&self) -> Vec<(Arc<Target>, History)> {
        let history = |kept: &Kept| (Arc::clone(&kept.target), kept.history.clone());
        self.kept.iter().map(history).collect()
    }

    /// The targets, and the status of their tickets.
    pub(super) fn tickets(&self) -> Vec<(Arc<Target>, Arc<Status>)> {
        let ticket = |kept: &Kept| (Arc::clone(&kept.target), Arc::clone(&kept.history.status));
        self.kept.iter().map(ticket).collect()
    }

    /// The status of each ticket.
    pub(super) fn statuses(&self) -> Vec<Arc<Status>> {
        let statuses = self.kept.iter().map(|kept| &kept.history.status);
        statuses.cloned().collect()
    }

    /// Whether every cache has a valid ticket; false if there is no ticket to keep.
    pub(super) fn is_ready(&self, now: i64) -> bool {
        let mut kept = self.kept.iter();
        !self.kept.is_empty() && kept.all(|kept| kept.history.status.is_ready(now))
    }

    /// The cache of the first ticket, which is the application's.
    pub(super) fn first_cache(&self) -> Option<String> {
        let first = self.kept.first()?;
        Some(first.history.status.place())
    }

    /// Refreshes all tickets now.
    pub(super) fn refresh_now(&self) {
        for kept in &self.kept {
            kept.keeper.refresh_now();
        }
    }

    /// Starts a login for every target whose secret has changed.
    pub(super) fn look_at_files(&mut self, log: Log) {
        let Some(files) = &mut self.files else {
            return;
        };
        files.read_events();
        for path in files.changed() {
            let text = format!("{} has changed: logging in again", path.display());
            log.info(text).with("event", "secret_changed").write();
            self.secret_changed(&path);
        }
    }

    fn secret_changed(&self, path: &Path) {
        let concerned = |kept: &&Kept| kept.target.secret.path() == Some(path);
        for kept in self.kept.iter().filter(concerned) {
            kept.keeper.login_now();
        }
    }

    /// Checks that all caches still have their tickets. Those that do not are no longer ready, and
    /// are refreshed.
    pub(super) fn look_at_caches(&self, client: &Client, log: Log, now: i64) {
        let start = Instant::now();
        for (kept, seen) in self.kept.iter().zip(&self.seen) {
            seen.look(kept, client, log, now);
            // It is enough to ask an unresponsive daemon once.
            if start.elapsed() >= LOOK_LIMIT {
                return;
            }
        }
    }

    /// Ends the keepers, and waits up to a limit for publications in progress. A keeper that
    /// publishes and waits for a KDC may be cut off: what matters is written in one step, or not at
    /// all.
    pub(super) fn let_go(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        // Stop all of them first, because waiting for one delays the others.
        kept.iter().for_each(Kept::stop);
        let (done, ended) = mpsc::channel();
        let ending = std::thread::Builder::new().spawn(move || {
            drop(kept);
            let _ = done.send(());
        });
        if ending.is_ok() {
            let _ = ended.recv_timeout(END_LIMIT);
        }
    }
}

/// Records the ticket of `owner` that an earlier process left in a cache, and whether it also left
/// the tickets for services.
fn note_found(status: &Status, client: &Client, target: &Target, owner: &Principal) {
    let is_alias = target.request.canonicalize || target.request.enterprise;
    let (cache, owner) = (target.cache.clone(), Some(owner.clone()));
    let mut sought = Sought::new(client, cache, owner, is_alias);
    if sought.caches.can_switch() {
        // The primary cache may belong to anybody; a login must first show the name by which the
        // KDC knows the owner.
        sought.is_alias = false;
    }
    let Ok(found) = sought.find() else {
        return;
    };
    // DNS is not asked here: whoever waits for us cannot wait for that.
    let missing = found.missing_service(&target.services, now().seconds, |_| None);
    let Ok(missing) = missing else {
        return;
    };
    status.update(|facts| match missing {
        None => (facts.valid_until, facts.found) = (Some(found.until), Some(found.cache)),
        Some(service) => facts.incomplete = Some((found.until, service)),
    });
}

fn watch_files(targets: &[Arc<Target>], log: Log) -> Option<Files> {
    let paths = targets.iter().filter_map(|target| target.secret.path());
    let paths: Vec<PathBuf> = paths.map(PathBuf::from).collect();
    if paths.is_empty() {
        return None;
    }
    for path in &paths {
        log.debug(format_args!("watching {}", path.display()))
            .write();
    }
    let files = Files::watch(paths, log);
    if let Err(error) = &files {
        let error = system_text(error);
        let text = "files with secrets cannot be watched; changes are noticed at the next login or \
                    signal";
        let event = log.warning(format_args!("{text}: {error}"));
        event.with("event", "unwatched").write();
    }
    files.ok()
}

/// The limit for checking the caches: probes and signals wait meanwhile.
const LOOK_LIMIT: Duration = Duration::from_millis(500);

/// The limit for the end of the keepers: a container has about a second to spare.
const END_LIMIT: Duration = Duration::from_millis(500);
