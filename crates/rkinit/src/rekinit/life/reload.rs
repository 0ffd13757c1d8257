//! HUP: everything is read anew.

use kerberos_client::now;

use super::Life;
use crate::rekinit::fleet::Fleet;

impl Life<'_> {
    /// Reads everything anew; if that cannot be used, all stays as it is.
    pub(super) fn reload(&mut self) {
        self.systemd.reloading();
        self.read_anew();
        self.systemd.reloaded();
        let statuses = self.fleet.statuses();
        self.tell_systemd(&statuses, now().seconds);
    }

    fn read_anew(&mut self) {
        let log = self.setup.log;
        let setup = match (self.load)() {
            Ok(setup) => setup,
            Err(error) => {
                let text = format!("the configuration stays as it was: {error}");
                log.error(text).with("event", "reload").write();
                return;
            }
        };
        if setup.listen != self.setup.listen {
            log.warning("another address to listen at needs a restart")
                .write();
        }
        let before = self.fleet.histories();
        self.fleet.let_go();
        self.processes
            .reconfigure(setup.log, setup.hook.clone(), setup.secret_variables());
        self.shared.client = setup.client.clone();
        self.shared.log = setup.log;
        self.shared.longest_pause = setup.longest_pause;
        self.setup = setup;
        let log = self.setup.log;
        match Fleet::start(&self.setup.targets, &self.shared, before) {
            Ok(fleet) => {
                self.awaited = fleet.statuses();
                self.fleet = fleet;
                let text = "the configuration was read anew";
                log.info(text).with("event", "reload").write();
            }
            Err(error) => log.error(error).with("event", "reload").write(),
        }
    }
}
