//! What a keeper sleeps for: its next attempt, and after a failure also a change of its keytab.

use std::time::Duration;

use kerberos_files::stamp::FileStamp;

use super::KeeperState;
use super::alarm::Woken;
use super::work::Work;
use crate::now;

impl Work {
    /// Sleeps until the next attempt. After a failure, a changed keytab ends the sleep: its keys
    /// are no repeated guess, and an administrator who has corrected it should not have to wait.
    pub(super) async fn sleep(&self, state: &KeeperState) -> Woken {
        let (io, next) = (self.driver.io, state.next_attempt);
        let looks = self.params.keytab.is_some() && state.error.is_some();
        loop {
            let until = if looks { next.min(now() + LOOK) } else { next };
            let was_set = || self.shared.clock.was_set();
            let woken = self.shared.alarm.sleep(io, until, was_set).await;
            if woken == Woken::Called || until == next {
                return woken;
            }
            if self.keytab_now().await != self.keytab_before {
                return Woken::Called;
            }
        }
    }

    /// The present state of the keytab; `None` if there is none.
    pub(super) async fn keytab_now(&self) -> Option<FileStamp> {
        let path = self.params.keytab.clone()?;
        // The folder may be on a network.
        let look = move || FileStamp::of(&path).ok();
        self.driver.io.run(look).await.ok().flatten()
    }
}

/// The time between two looks at the keytab.
const LOOK: Duration = Duration::from_secs(10);
