//! The main loop of a sidecar: the main thread starts the keepers and the application, then sleeps
//! until there is a signal, a changed secret, a probe or news from a keeper.

pub(crate) mod processes;
mod signals;

mod beginning;
mod end;
mod reload;
mod sleep;

use std::cell::Cell;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use kerberos_client::now;

use crate::beside::{Received, Signals};
use crate::messages::{Program, system_text};
use crate::rekinit::fleet::Fleet;
use crate::rekinit::keep::{Attempted, Shared};
use crate::rekinit::log;
use crate::rekinit::setup::mistake::Mistake;
use crate::rekinit::setup::{Mode, Setup};
use crate::rekinit::status::http::{Page, Server};
use crate::rekinit::status::reason::Reason;
use crate::rekinit::status::systemd::Systemd;
use crate::rekinit::status::{Status, metrics};
use crate::rekinit::target::Turn;
use crate::rekinit::wake::Wake;
use processes::Processes;
use signals::Wish;

/// Reads the setup again.
type Load<'a> = &'a dyn Fn() -> Result<Setup, Mistake>;

/// Runs until a signal, the application's end, or the end of a one-time job. Returns the exit
/// status.
pub(super) fn run(program: &Program, setup: Setup, load: Load<'_>) -> u8 {
    let log = setup.log;
    let code = match Life::begin(setup, load) {
        Ok(mut life) => {
            let code = life.live();
            life.end();
            code
        }
        Err(error) => {
            log.complain(program, error, None);
            1
        }
    };
    log::end();
    code
}

struct Life<'a> {
    setup: Setup,
    load: Load<'a>,
    fleet: Fleet,
    /// Tickets that have not been refreshed since the start.
    awaited: Vec<Arc<Status>>,
    news: Receiver<Attempted>,
    shared: Shared,
    signals: Signals,
    http: Option<Server>,
    processes: Processes,
    systemd: Systemd,
    /// The deadline for the first tickets.
    deadline: Option<Instant>,
    has_begun: bool,
}

impl<'a> Life<'a> {
    fn begin(setup: Setup, load: Load<'a>) -> Result<Self, String> {
        let io = |error: std::io::Error| system_text(&error);
        // Before anything is started, so that no signal is lost.
        let signals = Signals::take(matches!(setup.mode, Mode::Beside(_))).map_err(io)?;
        // After the signals are taken, because they must be blocked in the log's thread, too.
        log::start();
        let http = setup.listen.as_deref().map(Server::listen).transpose()?;
        if let Some(address) = http.as_ref().and_then(Server::address) {
            let text = format!("health and metrics at http://{address}/");
            setup.log.info(text).with("event", "listening").write();
        }
        let (events, news) = mpsc::channel();
        let shared = Shared {
            client: setup.client.clone(),
            log: setup.log,
            longest_pause: setup.longest_pause,
            once: setup.mode == Mode::Once,
            exit_on_error: setup.exit_on_error,
            events,
            wake: Arc::new(Wake::new().map_err(io)?),
            turn: Turn::default(),
        };
        let processes = Processes::new(setup.log, setup.hook.clone(), setup.secret_variables());
        let turn = shared.turn.clone();
        let fleet = Fleet::start(&setup.targets, &shared, Vec::new(), &turn.hold())?;
        let awaited = fleet.statuses();
        Ok(Self {
            deadline: setup
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            setup,
            load,
            fleet,
            awaited,
            news,
            shared,
            signals,
            http,
            processes,
            systemd: Systemd::new(),
            has_begun: false,
        })
    }

    /// Runs the loop and returns the exit status.
    fn live(&mut self) -> u8 {
        loop {
            if let Some(code) = self.turn() {
                return code;
            }
            self.sleep();
        }
    }

    /// Does everything that is due. Returns the exit status once it is time to exit.
    fn turn(&mut self) -> Option<u8> {
        self.shared.wake.clear();
        let with_application = matches!(self.setup.mode, Mode::Beside(_));
        let pending: Vec<Received> = self.signals.pending().collect();
        for received in pending {
            let code = match Wish::of(received, with_application) {
                Wish::Refresh => {
                    self.fleet.refresh_now();
                    None
                }
                Wish::Reload => {
                    self.reload();
                    None
                }
                Wish::Reap => self.processes.reap(),
                Wish::PassOn if self.processes.has_application() => {
                    self.processes.signal_application(received);
                    None
                }
                Wish::PassOn | Wish::End => Some(self.ended_by(received.number)),
            };
            if code.is_some() {
                return code;
            }
        }
        self.fleet.look_at_files(self.setup.log);
        let mut has_news = false;
        while let Ok(attempted) = self.news.try_recv() {
            has_news = true;
            if let Some(code) = self.hear(&attempted) {
                return Some(code);
            }
        }
        if let Some(code) = self.look_at_beginning() {
            return Some(code);
        }
        self.processes.end_late_hooks();
        let statuses = self.fleet.statuses();
        let now = now().seconds;
        if has_news {
            self.tell_systemd(&statuses, now);
        }
        let (fleet, client, log) = (&self.fleet, &self.shared.client, self.setup.log);
        // Once in a turn is enough, however many ask: a daemon with caches may be slow.
        let has_looked = Cell::new(false);
        let look = || {
            if !has_looked.replace(true) {
                fleet.look_at_caches(client, log, now);
            }
        };
        if self.systemd.is_due() {
            look();
        }
        self.systemd.pet(metrics::liveness(&statuses, now));
        if let Some(http) = &mut self.http {
            http.serve(&|page| {
                if page != Page::Liveness {
                    look();
                }
                match page {
                    Page::Liveness if metrics::liveness(&statuses, now) => {
                        (true, "ok\n".to_owned())
                    }
                    Page::Liveness => (false, "a keeper is stuck\n".to_owned()),
                    Page::Readiness => metrics::readiness(&statuses, now),
                    Page::Metrics => (true, metrics::metrics(&statuses, now)),
                }
            });
        }
        None
    }

    /// The exit status after a signal: 0 for a sidecar that would otherwise run forever.
    fn ended_by(&self, number: i32) -> u8 {
        match self.setup.mode {
            Mode::Daemon => 0,
            _ => u8::try_from(128 + number).unwrap_or(1),
        }
    }

    /// Handles news from a keeper.
    fn hear(&mut self, attempted: &Attempted) -> Option<u8> {
        if attempted.is_new {
            self.processes.run_hook(&attempted.status);
        }
        let Some(reason) = attempted.failed else {
            self.awaited
                .retain(|status| !Arc::ptr_eq(status, &attempted.status));
            return None;
        };
        if reason == Reason::SecretUnreadable
            && let Some(files) = &mut self.fleet.files
        {
            files.watch_again();
        }
        let is_final = self.setup.mode == Mode::Once && !reason.may_pass();
        (is_final || self.setup.exit_on_error).then_some(1)
    }

    fn tell_systemd(&mut self, statuses: &[Arc<Status>], now: i64) {
        let ready = statuses
            .iter()
            .filter(|status| status.is_ready(now))
            .count();
        let all = statuses.len();
        let next = statuses
            .iter()
            .filter_map(|status| status.facts().next_attempt);
        let next = next.min().map_or_else(String::new, log::time);
        let text = format!("{ready} of {all} tickets are valid; next refresh at {next}");
        let is_ready = self.has_begun && self.fleet.is_ready(now);
        self.systemd.status(&text, is_ready);
    }
}
