//! `rekinit`: keeps tickets fresh beside an application, for as long as that runs.
//!
//! ```text
//! options, file, environment ─► spec ─► target ──► keep: a keeper's thread for each ticket
//!                                                   │ secret: read for each login
//!                                                   │ publish: the cache, replaced as a whole
//!                                                   ▼ status
//!  signals, files, http, processes, systemd ◄──── life: the main thread, asleep in one poll
//! ```
//! The keeper in `kerberos_client` decides when tickets are refreshed. This module provides the
//! secret and the cache, and everything through which people and programs observe them.

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
use crate::rekinit::log::Format;
use crate::rekinit::setup::args::Typed;
use crate::rekinit::setup::{Setup, args, environment};

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::define::<Typed>(name, args::USAGE, args::EXAMPLES)
}

/// Runs `rekinit`. The exit status is 1 when there are no tickets and 2 for a wrong command line;
/// with an application, it is the application's exit status.
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
        // The command line itself is valid, so the mistake came from the environment.
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
            let log = setup::log_of(&typed);
            let text = match log.format {
                Format::Text => mistake.to_string(),
                Format::Json => mistake.in_one_line(),
            };
            log.complain(program, text, mistake.hint.as_deref());
            2
        }
    }
}

/// The parsers of mounted files and of HTTP requests, for the fuzz target.
pub(crate) mod fuzzing {
    /// The answer to an HTTP request if every page is `page` and all tickets are fine.
    pub fn answer_to_request(request: &[u8], page: &str) -> Vec<u8> {
        super::status::http::answer(request, &|_| (true, page.to_owned()))
    }

    /// The number of tickets in a `--config` file.
    ///
    /// # Errors
    /// A description of what is wrong with the file.
    pub fn sidecar_file(text: &str) -> Result<usize, String> {
        super::setup::tickets_of_file(text)
    }

    /// Whether a secret in JSON names its principal.
    ///
    /// # Errors
    /// A description of what is wrong with the secret.
    pub fn json_secret(bytes: &[u8]) -> Result<bool, String> {
        super::secret::is_named(bytes).map_err(|error| error.to_string())
    }
}
