//! `klist`: shows credential caches and keytabs. The output is byte for byte that of MIT's klist.
//!
//! Files are streamed: listing ten thousand tickets needs no more memory than listing one.

mod args;
mod cache_document;
mod cache_listing;
mod collection;
mod config_lines;
mod credential_lines;
mod etype_names;
mod host_address;
mod keytab_listing;
mod status;

pub(crate) use status::last_end;

use std::ffi::OsString;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::input::arguments;
use crate::klist::args::Action;
use crate::messages::Program;
use crate::messages::refusal::Refusal;
use crate::output;
use crate::output::Output;

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::definition::<args::Typed>(name)
}

/// Runs `klist` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let plan = match args::plan(program, arguments) {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    let name = plan.name.as_deref();
    let mut out = Output::new();
    let listed = match plan.action {
        Action::Version => {
            out.put(concat!("rkinit version ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
            Ok(0)
        }
        Action::Keytab(detail) => keytab_listing::show(program, name, detail, &mut out),
        Action::ListCaches { json } => collection::list(program, name, json, &mut out),
        Action::ShowAll(form) => collection::show_all(program, name, &form, &mut out),
        Action::Status => Ok(status::exit_status(name)),
        Action::AllStatus => Ok(collection::exit_status(name)),
        Action::Show(form) => cache_listing::show_named(program, name, &form, &mut out),
    };
    match listed.and_then(|status| out.flush().map(|()| status)) {
        Ok(status) => status,
        Err(error) => output::failure(program, &error),
    }
}

/// Prints an error and its hint, after what was listed so far.
fn fail(program: &Program, out: &mut Output, refusal: &Refusal) -> io::Result<u8> {
    out.flush()?;
    Ok(refusal.report(program))
}

/// The current time in seconds since 1970, as in the files.
fn now() -> u32 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u32::try_from(now.as_secs()).unwrap_or(u32::MAX)
}
