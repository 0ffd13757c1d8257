//! The program that runs with the ticket, and the signals that are meant for it.
//!
//! What another process sends to kinit goes on to the program. What the terminal sends it sends to
//! both, so that goes no further: the program alone decides what Ctrl-C does, and kinit waits.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use kerberos_files::ccache::CcacheName;
use nix::libc::SI_KERNEL;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::sys::signalfd::SfdFlags;
use nix::sys::signalfd::SignalFd;
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::process::WaitOptions;
use rustix::process::WaitStatus;

use crate::messages::line;
use crate::messages::system_text;
use crate::refusal::Refusal;

/// What goes on to the program.
const PASSED_ON: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// The exit statuses of a shell for a program that is not there, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// The signals of this process, as a file to be read.
pub(super) struct Signals {
    file: SignalFd,
}

impl Signals {
    /// Keeps signals from this thread, and from those that it starts.
    ///
    /// # Errors
    /// When the system does not let one.
    pub(super) fn block() -> Result<Self, Refusal> {
        let mut set = SigSet::from_iter(PASSED_ON);
        // As to k5start, an alarm means that the ticket is to be refreshed now.
        set.extend([Signal::SIGCHLD, Signal::SIGALRM]);
        let file = set
            .thread_block()
            .and_then(|()| SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC));
        let file = file.map_err(|error| Refusal::new(error.desc(), "while waiting for signals"))?;
        Ok(Self { file })
    }
}

/// A program that runs.
pub(super) struct Child {
    pid: Pid,
}

impl Child {
    /// Starts the program with the arguments in `command`, which finds its tickets in `cache`.
    ///
    /// # Errors
    /// A shell's exit status for it, after a message, when it cannot be run.
    pub(super) fn start(command: &[OsString], cache: &CcacheName) -> Result<Self, u8> {
        let (name, arguments) = command.split_first().ok_or(NOT_FOUND)?;
        let started = Command::new(name)
            .args(arguments)
            .env("KRB5CCNAME", cache.to_string())
            .spawn();
        match started {
            Ok(child) => Ok(Self {
                pid: Pid::from_child(&child),
            }),
            Err(error) => {
                line(format_args!("{}: {}", name.display(), system_text(&error)));
                let is_missing = error.kind() == io::ErrorKind::NotFound;
                Err(if is_missing { NOT_FOUND } else { NOT_RUN })
            }
        }
    }

    /// Waits for its end; its exit status, or 128 and the number of the signal that ended it.
    /// `refresh` is called when an alarm comes.
    ///
    /// # Errors
    /// When there is nothing to wait for any more.
    pub(super) fn wait(self, signals: &Signals, refresh: impl Fn()) -> Result<u8, Refusal> {
        loop {
            if let Some(status) = self.ended().map_err(|error| refusal(&error.into()))? {
                return Ok(exit_status(status));
            }
            let signal = match signals.file.read_signal() {
                Ok(Some(signal)) => signal,
                Ok(None) | Err(nix::Error::EINTR) => continue,
                Err(error) => return Err(refusal(&error.into())),
            };
            let number = signal.ssi_signo.cast_signed();
            match Signal::try_from(number) {
                Ok(Signal::SIGALRM) => refresh(),
                Ok(Signal::SIGCHLD) | Err(_) => {}
                Ok(_) if signal.ssi_code == SI_KERNEL => {}
                Ok(_) => self.pass_on(number),
            }
        }
    }

    /// How it ended, if it did. As the first process of a container this one inherits orphans, whose
    /// ends nobody else notices.
    fn ended(&self) -> Result<Option<WaitStatus>, Errno> {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.pid => return Ok(Some(status)),
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    fn pass_on(&self, number: i32) {
        if let Some(signal) = rustix::process::Signal::from_named_raw(number) {
            // It may have ended meanwhile, but it is not gone before it has been waited for.
            let _ = rustix::process::kill_process(self.pid, signal);
        }
    }
}

fn exit_status(status: WaitStatus) -> u8 {
    let number = status
        .exit_status()
        .or(status.terminating_signal().map(|signal| 128 + signal));
    number
        .and_then(|number| u8::try_from(number).ok())
        .unwrap_or(1)
}

fn refusal(error: &io::Error) -> Refusal {
    Refusal::new(system_text(error), "while waiting for the command")
}
