//! SIGHUP: reads all settings again.

use std::fmt::Display;
use std::sync::Arc;

use kerberos_client::now;

use super::Life;
use crate::rekinit::fleet::Fleet;
use crate::rekinit::keep::Shared;
use crate::rekinit::status::Status;
use crate::rekinit::target::Target;

impl Life<'_> {
    /// Reads all settings again. If they cannot be used, nothing changes.
    pub(super) fn reload(&mut self) {
        self.systemd.reloading();
        self.read_anew();
        self.systemd.reloaded();
        let statuses = self.fleet.statuses();
        self.tell_systemd(&statuses, now().seconds);
    }

    fn read_anew(&mut self) {
        let setup = match (self.load)() {
            Ok(setup) => setup,
            Err(mistake) => return self.say_unchanged(mistake.in_one_line()),
        };
        let turn = self.shared.turn.clone();
        let held = turn.hold();
        let shared = Shared {
            client: setup.client.clone(),
            log: setup.log,
            longest_pause: setup.longest_pause,
            ..self.shared.clone()
        };
        let fleet = match Fleet::start(&setup.targets, &shared, self.fleet.histories(), &held) {
            Ok(fleet) => fleet,
            Err(error) => return self.say_unchanged(error),
        };
        let before = self.fleet.tickets();
        self.fleet.let_go();
        self.fleet = fleet;
        self.awaited = self.fleet.statuses();
        self.processes
            .reconfigure(setup.log, setup.hook.clone(), setup.secret_variables());
        self.shared = shared;
        let listen_before = std::mem::replace(&mut self.setup, setup).listen;
        for (target, status) in &before {
            if !self.still_keeps(target, status) {
                self.destroy(target, status);
            }
        }
        let log = self.setup.log;
        if self.setup.listen != listen_before {
            let text = "the new address to listen on is not used until rekinit is restarted";
            log.warning(text).with("event", "reload").write();
        }
        let text = "the configuration was reloaded";
        log.info(text).with("event", "reload").write();
    }

    fn say_unchanged(&self, error: impl Display) {
        let text = format!("the configuration was not reloaded: {error}");
        let event = self.setup.log.error(text);
        event.with("event", "reload").write();
    }

    /// Whether the cache of a former ticket is still in use.
    fn still_keeps(&self, target: &Target, status: &Arc<Status>) -> bool {
        let is_kept = |(other, of_other): &(Arc<Target>, Arc<Status>)| {
            let (file, facts) = (target.file(), status.facts());
            Arc::ptr_eq(of_other, status)
                || (file.is_some() && file == other.file())
                // For a collection, the same cache in it.
                || (facts.place().is_some() && facts.place() == of_other.facts().place())
        };
        self.fleet.tickets().iter().any(is_kept)
    }
}
