//! `KeeperState`: what a keeper shows of itself.

use std::sync::Arc;
use std::time::Duration;

use kerberos_proto::{Login, Timestamp};

use super::work::Refreshed;
use crate::{ClientError, now};

/// What a keeper keeps, and how it fares.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeeperState {
    /// The last login, perhaps a renewed one; it may have ended if it could not be replaced.
    pub login: Option<Arc<Login>>,
    /// The last login that the cache or the callback of [`KeeperParams`](crate::KeeperParams) has
    /// got; another one than `login` if that could not be published. Where nothing is to be
    /// published it is `login`.
    pub published: Option<Arc<Login>>,
    /// Whether `login` is a renewed one.
    pub renewed: bool,
    /// When `login` came, by this machine's clock.
    pub refreshed_at: Option<Timestamp>,
    /// Why the last attempt failed, if it did; [`ClientError::KeeperEnded`] where there will be no
    /// other, and nobody asked for that. While a login fails that
    /// [`login_now`](crate::TicketKeeper::login_now) asked for, it stays, though the ticket at hand
    /// is renewed; and so does that of any attempt, though an earlier login is published late.
    pub error: Option<Arc<ClientError>>,
    /// How many attempts have failed in a row.
    pub failures: u32,
    /// How many attempts there have been.
    pub attempts: u64,
    /// How long the last one took, KDCs and all, without what was done to publish its login.
    pub took: Duration,
    /// When the next one is due, by this machine's clock.
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

    /// What is kept from now on.
    pub(super) fn take(&mut self, refreshed: Refreshed) {
        self.login = Some(refreshed.login);
        self.renewed = refreshed.renewed;
        self.refreshed_at = Some(now());
    }
}

fn is_valid(login: &Login, now: Timestamp) -> bool {
    login.by_kdc(now).seconds < login.credential.times.endtime.unix()
}
