//! All tickets that are kept, and the files that their secrets are in.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use kerberos_client::Client;
use kerberos_files::ccache::Ccache;

use crate::klist;
use crate::messages::system_text;
use crate::rekinit::files::Files;
use crate::rekinit::keep::Kept;
use crate::rekinit::keep::Shared;
use crate::rekinit::log::Log;
use crate::rekinit::status::Status;
use crate::rekinit::target::Target;

/// The keepers.
pub(super) struct Fleet {
    kept: Vec<Kept>,
    /// `None` where there is nothing to watch, or no way to.
    pub(super) files: Option<Files>,
}

impl Fleet {
    /// Starts a keeper for each target; what is known of a cache `before` stays known.
    ///
    /// # Errors
    /// In words, when there are no threads for them.
    pub(super) fn start(
        targets: &[Arc<Target>],
        shared: &Shared,
        before: &[Arc<Status>],
    ) -> Result<Self, String> {
        let mut fleet = Self {
            kept: Vec::with_capacity(targets.len()),
            files: watch_files(targets, shared.log),
        };
        for (number, target) in targets.iter().enumerate() {
            let cache = target.cache.to_string();
            let same = before.iter().find(|status| status.cache == cache);
            let status = same.cloned().unwrap_or_else(|| {
                let until = found_ticket(&shared.client, target);
                Arc::new(Status::new(cache, until))
            });
            let kept = Kept::start(Arc::clone(target), status, shared, number)
                .map_err(|error| error.to_string())?;
            fleet.kept.push(kept);
        }
        Ok(fleet)
    }

    /// How the tickets fare.
    pub(super) fn statuses(&self) -> Vec<Arc<Status>> {
        let statuses = self.kept.iter().map(|kept| Arc::clone(&kept.status));
        statuses.collect()
    }

    /// Whether every cache has a good ticket.
    pub(super) fn is_ready(&self, now: i64) -> bool {
        self.kept.iter().all(|kept| kept.status.is_ready(now))
    }

    /// The cache of the first ticket, which is the application's.
    pub(super) fn first_cache(&self) -> Option<&str> {
        let first = self.kept.first()?;
        Some(&first.status.cache)
    }

    /// Has all tickets refreshed now.
    pub(super) fn refresh_now(&self) {
        for kept in &self.kept {
            kept.keeper.refresh_now();
        }
    }

    /// Has everyone log in whose secret has changed.
    pub(super) fn look_at_files(&mut self, log: Log) {
        let Some(files) = &mut self.files else {
            return;
        };
        files.read_events();
        for path in files.changed() {
            let text = format!("{} has changed: logging in anew", path.display());
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

    /// Ends the keepers. One that is publishing is waited for, but not if it waits for a KDC itself:
    /// what counts is written in one step, or not at all.
    pub(super) fn let_go(&mut self) {
        let kept = std::mem::take(&mut self.kept);
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

/// Until when the ticket is good that an earlier process left in the cache, if it is the right
/// one's.
fn found_ticket(client: &Client, target: &Target) -> Option<i64> {
    let options = client.config().krb5().ccache_options();
    let cache = Ccache::resolve(&target.cache, &options).ok()?;
    let owner = cache.principal().ok()?;
    let is_right = target
        .principal
        .as_ref()
        .is_none_or(|named| *named == owner);
    let until = klist::valid_until(&cache).ok()?;
    until.filter(|_| is_right).map(i64::from)
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
        let text = "files with secrets cannot be watched, changes are seen at the next login or \
                    signal";
        log.warning(format_args!("{text}: {error}")).write();
    }
    files.ok()
}

/// For the keepers' end: a container has a second or so to spare.
const END_LIMIT: Duration = Duration::from_millis(500);
