//! `kinit … -- COMMAND`: runs a program with a cache whose ticket is kept fresh until it ends.
//!
//! The cache belongs to the program alone: `KRB5CCNAME` names it, and it is destroyed at the
//! program's end. A cache named with `-c` is kept fresh, too, but is not destroyed.

use std::ffi::OsString;
use std::thread;
use std::time::Duration;

use kerberos_client::{Client, KeeperParams, KeeperWatch};
use kerberos_files::ccache::{Ccache, CcacheError, CcacheName};
use kerberos_proto::Login;
use nix::sys::signal::Signal;
use rustix::event::{PollFd, PollFlags};

use crate::beside;
use crate::beside::{Command, Signals};
use crate::input::new_password::mit_message;
use crate::kinit::choose::{Choice, Role};
use crate::kinit::plan::Plan;
use crate::kinit::{choose, not_stored, store};
use crate::messages::refusal::Refusal;
use crate::messages::{Program, hint, line, system_text};

/// The command's cache, and the signals for the command.
pub(super) struct Place {
    cache: Ccache,
    is_private: bool,
    signals: Signals,
}

/// A place with a ticket in it, and the parameters for keeping the ticket fresh.
pub(super) struct Company {
    place: Place,
    params: KeeperParams,
}

impl Place {
    /// Prepares the place. This is called once there is a ticket and no more prompts follow: until
    /// here, a signal ends kinit. From here on signals wait, so that a cache that was created is
    /// destroyed in any case.
    ///
    /// # Errors
    /// When the cache cannot be created, or the system has no file descriptor left.
    pub(super) fn take(plan: &Plan, choice: &Choice) -> Result<Self, Refusal> {
        let signals = Signals::take(true);
        let signals = signals.map_err(|error| Refusal::new(system_text(&error), WAITING))?;
        let is_private = choice.role == Role::Private;
        let cache = if is_private {
            choose::private(plan)?
        } else {
            choice.cache.clone()
        };
        Ok(Self {
            cache,
            is_private,
            signals,
        })
    }

    /// Stores `login` in the cache; it will be kept fresh with `params`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn fill(
        self,
        client: &Client,
        login: &Login,
        params: KeeperParams,
    ) -> Result<Company, Refusal> {
        match store(client, login, &self.cache) {
            Ok(()) => Ok(Company {
                place: self,
                params,
            }),
            Err(error) => {
                // The error worth reporting is that the ticket cannot be stored.
                let _ = self.leave();
                Err(not_stored(&error))
            }
        }
    }

    /// Runs the command of `plan` with this cache, and keeps its ticket fresh.
    fn keep(
        &self,
        program: &Program,
        client: &'static Client,
        plan: &Plan,
        params: KeeperParams,
    ) -> Result<u8, u8> {
        let target = self.cache.clone();
        let params = params.with_publish(move |login| store(client, login, &target));
        let keeper = client.keep(params).map_err(|error| {
            Refusal::new(error, "while keeping the ticket fresh").report(program)
        })?;
        let watch = keeper.watch();
        let complaints = program.clone();
        thread::spawn(move || complain(&complaints, watch));
        let refresh = || keeper.refresh_now();
        let status = accompany(&plan.command, self.cache.name(), &self.signals, refresh)?;
        status.map_err(|refusal| refusal.report(program))
    }

    /// Destroys the cache if it was created for the command.
    fn leave(&self) -> Result<(), CcacheError> {
        if !self.is_private {
            return Ok(());
        }
        match self.cache.destroy() {
            Err(error) if !error.is_missing() => Err(error),
            _ => Ok(()),
        }
    }
}

impl Company {
    /// Runs the command of `plan` and keeps its ticket fresh. Returns the command's exit status.
    ///
    /// # Errors
    /// The exit status, after a message was printed, when the ticket cannot be kept fresh, or the
    /// program cannot be run.
    pub(super) fn keep(
        self,
        program: &Program,
        client: &'static Client,
        plan: &Plan,
    ) -> Result<u8, u8> {
        let Self { place, params } = self;
        let status = place.keep(program, client, plan, params);
        if let Err(error) = place.leave() {
            program.error(&error, "while destroying cache");
            error.hint().into_iter().for_each(hint);
        }
        status
    }
}

/// Starts the program named by `words`, waits for its end, and returns its exit status. On SIGALRM
/// it calls `refresh`, as k5start does.
///
/// # Errors
/// When the program cannot be run: a shell's exit status for that, after a message. The inner error
/// occurs when there is no longer any process to wait for.
fn accompany(
    words: &[OsString],
    cache: &CcacheName,
    signals: &Signals,
    refresh: impl Fn(),
) -> Result<Result<u8, Refusal>, u8> {
    let command = Command::new(words).env("KRB5CCNAME", cache.to_string());
    let child = command.start().map_err(|error| {
        let name = words.first().map(|word| word.display());
        let text = system_text(&error);
        if let Some(name) = name {
            line(format_args!("{name}: {text}"));
        }
        beside::not_run(&error)
    })?;
    loop {
        loop {
            match beside::ended() {
                Ok(Some((pid, status))) if pid == child => return Ok(Ok(status)),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return Ok(Err(Refusal::new(system_text(&error.into()), WAITING))),
            }
        }
        for received in signals.pending() {
            if received.number == Signal::SIGALRM as i32 {
                refresh();
            } else if received.number != Signal::SIGCHLD as i32 {
                beside::pass_on(received, child);
            }
        }
        // The result does not matter, because all events are checked anyway.
        let _ = rustix::event::poll(&mut [PollFd::new(signals, PollFlags::IN)], None);
    }
}

/// Reports problems with the ticket while the program runs.
fn complain(program: &Program, mut watch: KeeperWatch) {
    while let Some(state) = watch.changed_within(Duration::MAX) {
        if let Some(error) = &state.error {
            program.error(mit_message(error), "while keeping the ticket fresh");
        }
    }
}

const WAITING: &str = "while waiting for the command";
