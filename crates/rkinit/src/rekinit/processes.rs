//! The processes that are started: the application, and hooks. As process 1 of a container this
//! collects what others leave behind, too.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::WaitOptions;
use rustix::process::WaitStatus;

use crate::messages::system_text;
use crate::rekinit::log::Log;
use crate::rekinit::status::Status;

/// What to run after each refresh.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hook {
    /// The program and its arguments.
    pub(super) words: Vec<String>,
}

impl Hook {
    /// A program without arguments, or a command line for the shell.
    pub(super) fn new(text: String, by_shell: bool) -> Self {
        let words = if by_shell {
            vec!["/bin/sh".to_owned(), "-c".to_owned(), text]
        } else {
            vec![text]
        };
        Self { words }
    }
}

/// The processes that run.
#[derive(Debug)]
pub(super) struct Processes {
    log: Log,
    hook: Option<Hook>,
    /// Variables with secrets: they are kept from all processes.
    hidden: Vec<String>,
    application: Option<Pid>,
    hooks: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    pid: Pid,
    status: Arc<Status>,
    deadline: Instant,
    /// There was another refresh meanwhile.
    again: bool,
}

impl Processes {
    pub(super) fn new(log: Log, hook: Option<Hook>, hidden: Vec<String>) -> Self {
        Self {
            log,
            hook,
            hidden,
            application: None,
            hooks: Vec::new(),
        }
    }

    /// The same processes with other settings.
    pub(super) fn reconfigure(&mut self, log: Log, hook: Option<Hook>, hidden: Vec<String>) {
        self.log = log;
        self.hook = hook;
        self.hidden = hidden;
    }

    /// Starts the application, whose tickets are in `cache`.
    ///
    /// # Errors
    /// When it cannot be run.
    pub(super) fn start_application(&mut self, words: &[OsString], cache: &str) -> io::Result<()> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = self.command(program);
        // It is we who tell systemd; what the application says would not count.
        command.args(arguments).env_remove("NOTIFY_SOCKET");
        command
            .env_remove("WATCHDOG_USEC")
            .env_remove("WATCHDOG_PID");
        let child = command.env("KRB5CCNAME", cache).spawn()?;
        self.application = pid(&child);
        Ok(())
    }

    pub(super) fn has_application(&self) -> bool {
        self.application.is_some()
    }

    /// Passes a signal on to the application, if it runs.
    pub(super) fn signal_application(&self, number: i32) {
        let signal = Signal::from_named_raw(number);
        if let (Some(pid), Some(signal)) = (self.application, signal) {
            // It may have ended this moment; it is not collected yet, so that nobody else has its
            // number.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Runs the hook for a ticket that was refreshed, if there is one; while it still runs for the
    /// last time, it is run once more afterwards.
    pub(super) fn run_hook(&mut self, status: &Arc<Status>) {
        let same = |running: &&mut Running| Arc::ptr_eq(&running.status, status);
        if let Some(running) = self.hooks.iter_mut().find(same) {
            running.again = true;
            return;
        }
        let Some(hook) = self.hook.clone() else {
            return;
        };
        let Some((program, arguments)) = hook.words.split_first() else {
            return;
        };
        let facts = status.facts();
        let mut command = self.command(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            // What it starts goes with it.
            .process_group(0)
            .env("KRB5CCNAME", &status.cache)
            .env("REKINIT_PRINCIPAL", facts.shown_principal())
            .env(
                "REKINIT_EXPIRES",
                facts.valid_until.unwrap_or(0).to_string(),
            )
            .env_remove("NOTIFY_SOCKET");
        match command.spawn() {
            Ok(child) => self.hooks.extend(pid(&child).map(|pid| Running {
                pid,
                status: Arc::clone(status),
                deadline: Instant::now() + HOOK_LIMIT,
                again: false,
            })),
            Err(error) => {
                let error = system_text(&error);
                status.update(|facts| facts.hooks_failed += 1);
                self.log
                    .error(format_args!("the hook {program} cannot be run: {error}"))
                    .with("event", "hook")
                    .write();
            }
        }
    }

    /// When a hook has run for too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.hooks.iter().map(|running| running.deadline).min()
    }

    /// Ends hooks that run for too long.
    pub(super) fn end_late_hooks(&mut self) {
        let now = Instant::now();
        for running in self
            .hooks
            .iter_mut()
            .filter(|running| running.deadline <= now)
        {
            let _ = rustix::process::kill_process_group(running.pid, Signal::KILL);
            running.deadline = now + HOOK_LIMIT;
        }
    }

    /// Collects the processes that have ended, and gives the exit code of the application if it is
    /// one of them: its own, or 128 and the number of the signal that ended it.
    pub(super) fn reap(&mut self) -> Option<u8> {
        let mut code = None;
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if self.application == Some(pid) {
                self.application = None;
                code = Some(exit_code(status));
            }
            if let Some(at) = self.hooks.iter().position(|running| running.pid == pid) {
                let running = self.hooks.swap_remove(at);
                self.hook_ended(&running, exit_code(status));
            }
        }
        code
    }

    fn hook_ended(&mut self, running: &Running, code: u8) {
        running.status.update(|facts| match code {
            0 => facts.hooks_succeeded += 1,
            _ => facts.hooks_failed += 1,
        });
        if code != 0 {
            let principal = running.status.facts().shown_principal();
            self.log
                .warning(format_args!(
                    "{principal}: the hook ended with status {code}"
                ))
                .with("event", "hook")
                .with("principal", principal)
                .write();
        }
        if running.again {
            self.run_hook(&running.status);
        }
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        for name in &self.hidden {
            command.env_remove(name);
        }
        command
    }
}

fn pid(child: &std::process::Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn exit_code(status: WaitStatus) -> u8 {
    let signal = || status.terminating_signal().map(|signal| 128 + signal);
    let code = status.exit_status().or_else(signal);
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
}

/// How long a hook may run.
const HOOK_LIMIT: Duration = Duration::from_secs(60);
