//! `KeeperState`: what a keeper shows of itself.

use std::sync::Arc;
use std::time::Duration;

use kerberos_proto::{Login, Timestamp};

use crate::ClientError;

/// What a keeper keeps, and how it fares.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KeeperState {
    /// The last login, perhaps a renewed one; it may have ended if it could not be replaced.
    pub login: Option<Arc<Login>>,
    /// Whether it is a renewed one.
    pub renewed: bool,
    /// When that came, by this machine's clock.
    pub refreshed_at: Option<Timestamp>,
    /// Why the last attempt failed, if it did; [`ClientError::KeeperEnded`] where there will be no
    /// other, and nobody asked for that. While a login fails that
    /// [`login_now`](crate::TicketKeeper::login_now) asked for, it stays, though the ticket at hand
    /// is renewed.
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
        self.login
            .as_ref()
            .filter(|login| login.by_kdc(now).seconds < login.credential.times.endtime.unix())
    }
}
