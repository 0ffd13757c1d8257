//! Programs that run beside tickets: they are started, their ends are noticed, and they are given
//! the signals that are meant for them. `kinit … -- COMMAND` and `rekinit` share it.
//!
//! The first process of a container inherits orphans, whose ends nobody else notices: all that end
//! are collected here.

mod signals;

pub(crate) use signals::{Received, Signals};

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::{SigSet, Signal};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus};

/// A program to be started, with its arguments and environment.
///
/// [`std::process::Command`] leaves the signals blocked that [`Signals`] blocks for us.
pub(crate) struct Command {
    words: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    apart: bool,
}

impl Command {
    /// The program that the first of `words` names, with our environment.
    pub(crate) fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Self {
        Self {
            words: words.into_iter().map(Into::into).collect(),
            environment: std::env::vars_os().collect(),
            apart: false,
        }
    }

    /// With this variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Without that variable.
    pub(crate) fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.remove(name.as_ref());
        self
    }

    /// In a process group of its own, and with nothing to read.
    pub(crate) fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be run.
    pub(crate) fn start(self) -> io::Result<Pid> {
        let words = texts(self.words)?;
        let pairs = self.environment.into_iter();
        let environment = texts(pairs.map(|(name, value)| {
            let pair = [name.as_bytes(), b"=", value.as_bytes()].concat();
            OsString::from_vec(pair)
        }))?;
        let mut attributes = PosixSpawnAttr::init()?;
        let mut actions = PosixSpawnFileActions::init()?;
        let mut flags =
            PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF;
        attributes.set_sigmask(&SigSet::empty())?;
        // Rust's runtime has us ignore it.
        attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
        let nothing = self.apart.then(|| File::open("/dev/null")).transpose()?;
        if let Some(nothing) = &nothing {
            flags |= PosixSpawnFlags::POSIX_SPAWN_SETPGROUP;
            attributes.set_pgroup(nix::unistd::Pid::from_raw(0))?;
            actions.add_dup2(nothing.as_raw_fd(), 0)?;
        }
        attributes.set_flags(flags)?;
        let program = words.first().ok_or(io::ErrorKind::InvalidInput)?;
        let pid = posix_spawnp(program, &actions, &attributes, &words, &environment)?;
        Pid::from_raw(pid.as_raw()).ok_or(io::ErrorKind::InvalidData.into())
    }
}

fn texts(texts: impl IntoIterator<Item = OsString>) -> io::Result<Vec<CString>> {
    let texts = texts.into_iter();
    Ok(texts
        .map(|text| CString::new(text.into_vec()))
        .collect::<Result<_, _>>()?)
}

/// A shell's exit status for a program that cannot be run.
pub(crate) fn not_run(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::NotFound => 127,
        _ => 126,
    }
}

/// A process that has ended since this was last asked: which one, and its exit status, or 128 and
/// the number of the signal that ended it. `None` if there is none.
///
/// # Errors
/// When there are no processes to wait for.
pub(crate) fn ended() -> Result<Option<(Pid, u8)>, Errno> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(ended) => return Ok(ended.map(|(pid, status)| (pid, exit_status(status)))),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

fn exit_status(status: WaitStatus) -> u8 {
    let signal = || status.terminating_signal().map(|signal| 128 + signal);
    let status = status.exit_status().or_else(signal);
    status
        .and_then(|status| u8::try_from(status).ok())
        .unwrap_or(255)
}

/// Passes a signal on to a process that has not been collected, though it may have ended.
pub(crate) fn pass_on(received: Received, to: Pid) {
    // What the terminal sends it sends to both: the program alone decides what Ctrl-C does. But
    // that the terminal is gone its session's leader alone is told, as a program is in a window of
    // its own.
    let reached_both = received.from_terminal && !(received.is_hangup() && leads_session());
    if !reached_both && let Some(signal) = rustix::process::Signal::from_named_raw(received.number)
    {
        let _ = rustix::process::kill_process(to, signal);
    }
}

fn leads_session() -> bool {
    rustix::process::getsid(None) == Ok(rustix::process::getpid())
}
