//! The child processes: the application and hooks.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::beside;
use crate::beside::{Command, Received};
use crate::messages::system_text;
use crate::rekinit::log::Log;
use crate::rekinit::status::Status;

/// What to run after each refresh.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hook {
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
}

impl Hook {
    /// A program without arguments, or a command line for the shell.
    pub(crate) fn new(text: String, by_shell: bool) -> Self {
        let words = if by_shell {
            vec!["/bin/sh".to_owned(), "-c".to_owned(), text]
        } else {
            vec![text]
        };
        Self { words }
    }
}

/// The running processes.
#[derive(Debug)]
pub(crate) struct Processes {
    log: Log,
    hook: Option<Hook>,
    /// Variables with secrets; they are hidden from all processes.
    hidden: Vec<String>,
    application: Option<Pid>,
    hooks: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    pid: Pid,
    status: Arc<Status>,
    deadline: Instant,
    /// Whether there was another refresh meanwhile.
    again: bool,
}

impl Running {
    /// Kills the process and everything that it has started.
    fn kill(&self) {
        let _ = rustix::process::kill_process_group(self.pid, Signal::KILL);
    }
}

impl Processes {
    pub(crate) fn new(log: Log, hook: Option<Hook>, hidden: Vec<String>) -> Self {
        Self {
            log,
            hook,
            hidden,
            application: None,
            hooks: Vec::new(),
        }
    }

    /// Applies new settings to the processes.
    pub(crate) fn reconfigure(&mut self, log: Log, hook: Option<Hook>, hidden: Vec<String>) {
        self.log = log;
        self.hook = hook;
        self.hidden = hidden;
    }

    /// Starts the application, whose tickets are in `cache`.
    ///
    /// # Errors
    /// When it cannot be run.
    pub(crate) fn start_application(&mut self, words: &[OsString], cache: &str) -> io::Result<()> {
        let command = self
            .command(words)
            .env_remove("WATCHDOG_USEC")
            .env_remove("WATCHDOG_PID")
            .env("KRB5CCNAME", absolute(cache));
        self.application = Some(command.start()?);
        Ok(())
    }

    pub(crate) fn has_application(&self) -> bool {
        self.application.is_some()
    }

    /// Forwards a signal to the application, if it runs.
    pub(crate) fn signal_application(&self, received: Received) {
        if let Some(pid) = self.application {
            beside::pass_on(received, pid);
        }
    }

    /// Runs the hook, if there is one, for a ticket that was refreshed. If the hook for its last
    /// refresh still runs, it runs once more afterwards.
    pub(crate) fn run_hook(&mut self, status: &Arc<Status>) {
        let same = |running: &&mut Running| Arc::ptr_eq(&running.status, status);
        if let Some(running) = self.hooks.iter_mut().find(same) {
            running.again = true;
            return;
        }
        let Some(hook) = self.hook.clone() else {
            return;
        };
        let facts = status.facts();
        let expires = facts.valid_until.unwrap_or(0).to_string();
        let command = self
            .command(&hook.words)
            // So that the processes it starts are killed with it.
            .apart()
            .env("KRB5CCNAME", absolute(&status.place()))
            .env("REKINIT_PRINCIPAL", facts.shown_principal())
            .env("REKINIT_EXPIRES", expires);
        match command.start() {
            Ok(pid) => self.hooks.push(Running {
                pid,
                status: Arc::clone(status),
                deadline: Instant::now() + HOOK_LIMIT,
                again: false,
            }),
            Err(error) => {
                let error = system_text(&error);
                let program = hook.words.first().map_or("", String::as_str);
                status.update(|facts| facts.hooks_failed += 1);
                self.log
                    .error(format_args!("the hook {program} cannot be run: {error}"))
                    .with("event", "hook")
                    .write();
            }
        }
    }

    pub(crate) fn has_hooks(&self) -> bool {
        !self.hooks.is_empty()
    }

    /// When a hook exceeds its time limit.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.hooks.iter().map(|running| running.deadline).min()
    }

    /// Kills hooks that exceed their time limit.
    pub(crate) fn end_late_hooks(&mut self) {
        let now = Instant::now();
        for running in self
            .hooks
            .iter_mut()
            .filter(|running| running.deadline <= now)
        {
            running.kill();
            running.deadline = now + HOOK_LIMIT;
        }
    }

    /// Kills all hooks, because after us nobody would enforce their time limit.
    pub(crate) fn end_hooks(&self) {
        self.hooks.iter().for_each(Running::kill);
    }

    /// Collects processes that have ended. Returns the application's exit status if it is one of
    /// them: its own status, or 128 plus the number of the signal that ended it.
    pub(crate) fn reap(&mut self) -> Option<u8> {
        let mut code = None;
        loop {
            let (pid, status) = match beside::ended() {
                Ok(Some(ended)) => ended,
                Ok(None) => return code,
                // No child processes are left, so the application has ended, too, although we did
                // not collect it.
                Err(_) => return code.or(self.application.take().map(|_| UNKNOWN)),
            };
            if self.application == Some(pid) {
                self.application = None;
                code = Some(status);
            }
            if let Some(at) = self.hooks.iter().position(|running| running.pid == pid) {
                let running = self.hooks.swap_remove(at);
                self.hook_ended(&running, status);
            }
        }
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

    /// A program that does not see any secret. `NOTIFY_SOCKET` is hidden as well, because only we
    /// report to systemd, which would ignore messages from others.
    fn command<W: Into<OsString> + Clone>(&self, words: &[W]) -> Command {
        let command = Command::new(words.iter().cloned()).env_remove("NOTIFY_SOCKET");
        let hidden = self.hidden.iter();
        hidden.fold(command, Command::env_remove)
    }
}

/// The name of a cache for a program that may change its working directory.
fn absolute(name: &str) -> String {
    // Longest first: `DIR::` names a single cache in a directory.
    let is_path = |prefix: &&&str| name.starts_with(**prefix);
    let Some(prefix) = ["FILE:", "DIR::", "DIR:"].iter().find(is_path) else {
        return name.to_owned();
    };
    let path = name.strip_prefix(*prefix).unwrap_or_default();
    let path = std::path::absolute(path).ok();
    let path = path.as_deref().and_then(Path::to_str);
    path.map_or_else(|| name.to_owned(), |path| format!("{prefix}{path}"))
}

/// The exit status if the application's own one is unknown.
const UNKNOWN: u8 = 255;

/// How long a hook may run.
const HOOK_LIMIT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_cache_names_become_absolute() {
        let here = std::env::current_dir().unwrap();
        let here = here.to_str().unwrap();
        let check = |name: &str, expected: String| assert_eq!(absolute(name), expected);
        check("FILE:cc", format!("FILE:{here}/cc"));
        check("DIR:a/b", format!("DIR:{here}/a/b"));
        check("DIR::a/tkt", format!("DIR::{here}/a/tkt"));
        for name in [
            "FILE:/cc",
            "DIR::/a/tkt",
            "DIR:/a",
            "KCM:",
            "KEYRING:session",
        ] {
            check(name, name.to_owned());
        }
    }
}
