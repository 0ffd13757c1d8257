//! Checks whether a cache still has the ticket that was stored in it. There is no notification when
//! somebody removes or replaces the ticket, and polling would wake the process up. So the cache is
//! checked when a probe asks.

use std::cell::Cell;
use std::time::{Duration, Instant};

use kerberos_client::Client;
use kerberos_files::ccache::Collection;
use kerberos_files::stamp::FileStamp;

use super::LOOK_LIMIT;
use crate::rekinit::found::{Found, Lack, Sought, may_rename};
use crate::rekinit::keep::Kept;
use crate::rekinit::log;
use crate::rekinit::log::Log;
use crate::rekinit::setup::service;

/// What is remembered about a cache.
#[derive(Default)]
pub(super) struct Seen {
    /// The state of the file when its ticket was last found valid.
    file: Cell<Option<FileStamp>>,
    /// Whether the ticket was missing.
    is_lost: Cell<bool>,
    /// When the ticket was last written again, or refreshed, because it was missing.
    restored: Cell<Option<Instant>>,
}

impl Seen {
    /// Looks for the ticket at `now`. If it is missing, the cache is no longer ready, and the
    /// ticket is written again, or refreshed if there is none. This is not repeated too often,
    /// because whoever removed the ticket may do so again. There is no refresh after a failed
    /// attempt, because the next attempt comes anyway.
    pub(super) fn look(&self, kept: &Kept, client: &Client, log: Log, now: i64) {
        let status = &kept.history.status;
        let facts = status.facts();
        match facts.valid_until {
            // There was no ticket yet.
            None if !self.is_lost.get() => return,
            Some(_) => self.is_lost.set(false),
            None => {}
        }
        // If the ticket in the cache has expired but the one that we stored is still valid,
        // somebody replaced it.
        let is_over = facts.valid_until.is_some() && !facts.is_ready(now);
        let is_replaced = is_over && facts.is_published(now);
        // Set only for a cache in a file of its own.
        let path = kept.target.cache.path();
        let stamp = path.and_then(|path| FileStamp::of(path).ok());
        let is_known = stamp.is_some() && stamp == self.file.get();
        if is_known && !is_replaced && !self.is_lost.get() {
            return;
        }
        let whole = |found: Found| match found.lost_service(facts.services.clone())? {
            Some(lost) => Err(Lack::Other(format!(
                "there is no ticket for {} in {}",
                service::shown(&lost),
                found.cache
            ))),
            None => Ok(found),
        };
        let lack = match sought(kept, client).find().and_then(whole) {
            Ok(found) if found.until > now => {
                // Not all caches store the offset of our clock.
                let published = facts.published_until.filter(|end| *end > now);
                let until = published.map_or(found.until, |end| end.min(found.until));
                if status.saw(&facts, Some(until)) {
                    self.file.set(stamp);
                    self.is_lost.set(false);
                }
                return;
            }
            // The stored ticket itself has expired, and a new one is already being requested.
            _ if is_over && !is_replaced => return,
            Ok(found) => Lack::Other(format!(
                "the ticket in {} expired at {}",
                found.cache,
                log::time(found.until)
            )),
            Err(Lack::Unseen(_)) => return,
            // A cache that was given away is for others to read.
            Err(Lack::Denied(_)) if kept.target.access.owner.is_some() => return,
            Err(lack) => lack,
        };
        if !status.saw(&facts, None) {
            return;
        }
        let was_lost = self.is_lost.replace(true);
        let instant = Instant::now();
        let is_long_ago = |last| instant.saturating_duration_since(last) >= PAUSE;
        let has_failed = facts.reason.is_some();
        let has_login = kept
            .keeper
            .state()
            .valid_login(kerberos_client::now())
            .is_some();
        let is_useful = has_login || !has_failed;
        let restores = is_useful && self.restored.get().is_none_or(is_long_ago);
        if !was_lost || restores {
            let next = facts.next_attempt.map(log::time).unwrap_or_default();
            let outcome = match (restores, has_login) {
                (true, true) => "writing it again".to_owned(),
                (true, false) => "refreshing".to_owned(),
                (false, _) if !is_useful => format!("the next attempt is at {next}"),
                // It was removed twice in a short time.
                (false, _) => format!("it is restored within {} s", PAUSE.as_secs()),
            };
            let (principal, place) = (facts.shown_principal(), status.place());
            let (event, what) = match lack {
                Lack::Gone(_) => ("cache_gone", format!("{place} is gone")),
                lack => ("cache_changed", format!("{place} was changed, and {lack}")),
            };
            log.warning(format_args!("{principal}: {what}; {outcome}"))
                .with("event", event)
                .with("principal", principal)
                .with("cache", place)
                .write();
        }
        if restores {
            self.restored.set(Some(instant));
            kept.keeper.publish_again();
        }
    }
}

/// The ticket to look for, under the KDC's name for the principal once that is known.
fn sought(kept: &Kept, client: &Client) -> Sought {
    let (target, status) = (&kept.target, &kept.history.status);
    let config = client.config().krb5();
    let login = kept.keeper.state().login.clone();
    let known = login.map(|login| login.credential.client.clone());
    let request = &target.request;
    let owner = kept.history.owner.clone();
    let is_alias = request.canonicalize || request.enterprise || may_rename(config, owner.as_ref());
    let place = status.facts().place().cloned();
    let options = config.ccache_options().with_kcm_timeout(LOOK_LIMIT);
    Sought {
        caches: Collection::new(place.unwrap_or_else(|| target.cache.clone()), options),
        is_alias: is_alias && known.is_none(),
        principal: known.or(owner),
        by_kdc: config.kdc_timesync(),
    }
}

/// How long not to write a missing ticket a second time.
const PAUSE: Duration = Duration::from_secs(60);
