//! `ktutil`: makes, shows and changes keytabs.
//!
//! Without arguments it is MIT's interactive shell, which collects keys in a list and writes them
//! all at once; with arguments it does one command, as Heimdal's tool of that name.

mod addent;
mod commands;
mod editor;
mod keylist;
mod keys;
mod lines;
mod requests;
mod shell;
mod words;

use std::ffi::OsString;

use crate::messages::Program;

/// Runs `ktutil` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.is_empty() {
        shell::run(program)
    } else {
        commands::run(program, arguments)
    }
}

/// Seconds since 1970, as files count them.
fn now() -> u32 {
    u32::try_from(kerberos_client::now().seconds).unwrap_or(u32::MAX)
}
