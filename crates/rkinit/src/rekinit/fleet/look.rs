//! Whether a cache still has the ticket that was put there. Nobody tells when somebody else removes
//! or replaces it, and nothing is to stir meanwhile: so it is looked at when a probe asks.

use std::cell::Cell;
use std::time::{Duration, Instant};

use kerberos_client::Client;
use kerberos_files::ccache::Collection;
use kerberos_files::stamp::FileStamp;

use super::LOOK_LIMIT;
use crate::rekinit::found::{Lack, Sought, may_rename};
use crate::rekinit::keep::Kept;
use crate::rekinit::log;
use crate::rekinit::log::Log;

/// What is remembered of a cache.
#[derive(Default)]
pub(super) struct Seen {
    /// The file as it was when its ticket was seen to be good.
    file: Cell<Option<FileStamp>>,
    /// Whether the ticket was not there.
    is_lost: Cell<bool>,
    /// When it was refreshed for that.
    restored: Cell<Option<Instant>>,
}

impl Seen {
    /// Looks for the ticket at `now`. Without it the cache is no longer ready, and the ticket is
    /// refreshed: not time and again, since whoever took it may do so again, and not where the last
    /// attempt failed, since the next one comes anyway.
    pub(super) fn look(&self, kept: &Kept, client: &Client, log: Log, now: i64) {
        let status = &kept.history.status;
        let facts = status.facts();
        match facts.valid_until {
            // It is not there yet.
            None if !self.is_lost.get() => return,
            Some(_) => self.is_lost.set(false),
            None => {}
        }
        // One that was published and is good need not be the one that lies there and has ended.
        let is_over = facts.valid_until.is_some() && !facts.is_ready(now);
        let is_replaced = is_over && facts.is_published(now);
        // Of a cache that is a file of its own.
        let path = kept.target.cache.path();
        let stamp = path.and_then(|path| FileStamp::of(path).ok());
        let is_known = stamp.is_some() && stamp == self.file.get();
        if is_known && !is_replaced && !self.is_lost.get() {
            return;
        }
        let lack = match sought(kept, client).find() {
            Ok(found) if found.until > now => {
                // Not every cache tells how wrong our clock is.
                let published = facts.published_until.filter(|end| *end > now);
                let until = published.map_or(found.until, |end| end.min(found.until));
                if status.saw(&facts, Some(until)) {
                    self.file.set(stamp);
                    self.is_lost.set(false);
                }
                return;
            }
            // It has ended where it is, and another is being asked for.
            _ if is_over && !is_replaced => return,
            Ok(found) => Lack::Other(format!(
                "the ticket in {} expired at {}",
                found.cache,
                log::time(found.until)
            )),
            Err(Lack::Unseen(_)) => return,
            Err(lack) => lack,
        };
        if !status.saw(&facts, None) {
            return;
        }
        let was_lost = self.is_lost.replace(true);
        let instant = Instant::now();
        let is_long_ago = |last| instant.saturating_duration_since(last) >= PAUSE;
        let restores = facts.reason.is_none() && self.restored.get().is_none_or(is_long_ago);
        if !was_lost || restores {
            let next = facts.next_attempt.map(log::time).unwrap_or_default();
            let outcome = if restores {
                "refreshing".to_owned()
            } else {
                format!("the next refresh is at {next}")
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
            kept.keeper.refresh_now();
        }
    }
}

/// The ticket to look for: the KDC's name for the principal, once that is known.
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

/// Between two refreshes for a ticket that was not there.
const PAUSE: Duration = Duration::from_secs(60);
