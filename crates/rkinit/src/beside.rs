//! Programs that run beside tickets: starting them, noticing when they end, and forwarding the
//! signals that are meant for them. Shared by `kinit … -- COMMAND` and `rekinit`.
//!
//! The first process of a container inherits orphans, which nobody else reaps. So every child that
//! ends is collected here.

mod signals;

pub(crate) use signals::{Ignored, Received, Signals};

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

/// A program to start, with its arguments and environment.
///
/// [`std::process::Command`] is no alternative: it leaves the signals blocked that [`Signals`]
/// blocks for this process.
pub(crate) struct Command {
    words: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    apart: bool,
}

impl Command {
    /// The program named by the first of `words`, with our environment.
    pub(crate) fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Self {
        Self {
            words: words.into_iter().map(Into::into).collect(),
            environment: std::env::vars_os().collect(),
            apart: false,
        }
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Removes an environment variable.
    pub(crate) fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.remove(name.as_ref());
        self
    }

    /// Runs the program in its own process group, with nothing to read.
    pub(crate) fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Starts the program.
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
        // Rust's runtime ignores this signal in our process, and the program would inherit that.
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

/// The exit status that a shell gives for a program that cannot be run.
pub(crate) fn not_run(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::NotFound => 127,
        _ => 126,
    }
}

/// The next process that has ended: its id, and its exit status, or 128 plus the number of the
/// signal that ended it. `None` if no further process has ended.
///
/// # Errors
/// When there are no child processes.
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

/// Forwards a signal to a process that has not been collected, though it may have ended.
pub(crate) fn pass_on(received: Received, to: Pid) {
    // A signal from the terminal reaches both processes, so the program alone decides what Ctrl-C
    // does. But when the terminal is gone, only the session's leader gets SIGHUP. If that is us, we
    // forward it, as the program itself would be the leader in a window of its own.
    let reached_both = received.from_terminal && !(received.is_hangup() && leads_session());
    if !reached_both && let Some(signal) = rustix::process::Signal::from_named_raw(received.number)
    {
        let _ = rustix::process::kill_process(to, signal);
    }
}

fn leads_session() -> bool {
    rustix::process::getsid(None) == Ok(rustix::process::getpid())
}
