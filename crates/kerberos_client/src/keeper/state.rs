//! `KeeperState`: what a keeper reports about itself.

use std::sync::Arc;
use std::time::Duration;

use kerberos_proto::{Login, Timestamp};

use super::work::Refreshed;
use crate::{ClientError, now};

/// What a keeper keeps, and how its attempts went.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeeperState {
    /// The last login, perhaps renewed. Its ticket may have ended if it could not be replaced.
    pub login: Option<Arc<Login>>,
    /// The last login that reached the cache or the callback of
    /// [`KeeperParams`](crate::KeeperParams). It differs from `login` while that could not be
    /// published. It is `login` if the keeper has neither a cache nor a callback.
    pub published: Option<Arc<Login>>,
    /// Whether `login` came from renewing a ticket.
    pub renewed: bool,
    /// When `login` was obtained, by this machine's clock.
    pub refreshed_at: Option<Timestamp>,
    /// Why the last attempt failed, if it did; [`ClientError::KeeperEnded`] when the keeper ended
    /// unexpectedly and there will be no further attempt. While a login asked for with
    /// [`login_now`](crate::TicketKeeper::login_now) fails, its error stays, although the present
    /// ticket is renewed. The error of any attempt also stays when an earlier login is published
    /// late.
    pub error: Option<Arc<ClientError>>,
    /// How many attempts in a row have failed.
    pub failures: u32,
    /// How many attempts there have been, including those that only published a login again.
    pub attempts: u64,
    /// How long the last attempt took, including KDCs but not the publication of its login.
    pub took: Duration,
    /// When the next attempt is due, by this machine's clock: to log in, or only to publish again.
    pub next_attempt: Timestamp,
}

impl KeeperState {
    /// The login, if its ticket has not ended at `now` by this machine's clock.
    pub fn valid_login(&self, now: Timestamp) -> Option<&Arc<Login>> {
        self.login.as_ref().filter(|login| is_valid(login, now))
    }

    /// The login that was published last, if its ticket has not ended at `now` by this machine's
    /// clock.
    pub fn valid_published(&self, now: Timestamp) -> Option<&Arc<Login>> {
        self.published.as_ref().filter(|login| is_valid(login, now))
    }

    /// Records a new login.
    pub(super) fn take(&mut self, refreshed: Refreshed) {
        self.login = Some(refreshed.login);
        self.renewed = refreshed.renewed;
        self.refreshed_at = Some(now());
    }
}

fn is_valid(login: &Login, now: Timestamp) -> bool {
    login.by_kdc(now).seconds < login.credential.times.endtime.unix()
}
