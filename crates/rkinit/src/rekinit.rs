//! `rekinit`: keeps tickets fresh beside an application, for as long as that runs.
//!
//! ```text
//! options, file, environment ─► spec ─► target ──► keep: a keeper's thread for each ticket
//!                                                   │ secret: read for each login
//!                                                   │ publish: the cache, replaced as a whole
//!                                                   ▼ status
//!  signals, files, http, processes, systemd ◄──── life: the main thread, asleep in one poll
//! ```
//! When tickets are refreshed is decided by `kerberos_client`'s keeper; this module brings the
//! secret, the cache and all that people and programs want to see of it.

mod check;
mod files;
mod fleet;
mod found;
mod keep;
mod life;
mod log;
mod secret;
mod setup;
mod status;
mod target;
mod wake;

use std::ffi::OsString;

use crate::input::arguments;
use crate::messages::Program;
use crate::rekinit::setup::args::Typed;
use crate::rekinit::setup::{Setup, args, environment};

/// What the tool takes, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::define::<Typed>(name, args::USAGE, args::EXAMPLES)
}

/// Runs `rekinit` and returns its exit status: 1 when there are no tickets, 2 for a wrong command
/// line, and with an application that one's.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let (arguments, application) = args::split(arguments);
    let parse = |words: &[OsString], origin: Option<&str>| {
        arguments::parse_commands::<Typed>(program, words, origin, args::USAGE, args::EXAMPLES)
    };
    let mut typed = match parse(&arguments, None) {
        Ok(typed) => typed,
        Err(status) => return status,
    };
    if typed.says_nothing() {
        let mut words = environment::words();
        words.extend(arguments);
        // The command line alone was fine.
        typed = match parse(&words, Some(&environment::origin())) {
            Ok(typed) => typed,
            Err(status) => return status,
        };
        typed.period_of_script = environment::period();
    }
    if typed.check {
        return check::run(program, &typed);
    }
    let load = || Setup::new(&typed, application.as_deref());
    match load() {
        Ok(setup) => life::run(program, setup, &load),
        Err(mistake) => {
            setup::log_of(&typed).complain(program, &mistake, mistake.hint.as_deref());
            2
        }
    }
}

/// The parsers of what is mounted and what comes by HTTP, for the fuzz target.
pub(crate) mod fuzzing {
    /// What is answered to an HTTP request where every page is `page` and there is no trouble.
    pub fn answer_to_request(request: &[u8], page: &str) -> Vec<u8> {
        super::status::http::answer(request, &|_| (true, page.to_owned()))
    }

    /// How many tickets a file of `--config` lists.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn sidecar_file(text: &str) -> Result<usize, String> {
        super::setup::tickets_of_file(text)
    }

    /// Whether a secret in JSON says whose it is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn json_secret(bytes: &[u8]) -> Result<bool, String> {
        super::secret::is_named(bytes).map_err(|error| error.to_string())
    }
}
