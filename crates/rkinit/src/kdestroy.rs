//! `kdestroy`: removes credential caches.
//!
//! A cache that is not there is reported but is no failure, as with MIT. MIT's hint at other
//! caches of the collection never shows: a file cache has no others.

mod args;

use std::ffi::OsStr;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use kerberos_files::ccache::CcacheError;
use kerberos_files::ccache::CcacheFile;
use kerberos_files::ccache::CcacheName;

use crate::ccache_select;
use crate::kdestroy::args::Target;
use crate::messages::Program;
use crate::messages::hint;
use crate::messages::line;

/// Runs `kdestroy` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let plan = match args::plan(program, arguments) {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    let name = match ccache_select::cache(plan.cache.as_deref()) {
        Ok(name) => name,
        Err(error) => {
            program.error(&error, "while resolving ccache");
            error.hint().into_iter().for_each(hint);
            return 1;
        }
    };
    let file = match ccache_select::file(&name) {
        Ok(file) => file,
        Err(error) => {
            program.error(&error, "");
            error.hint().into_iter().for_each(hint);
            return 1;
        }
    };
    match plan.target {
        Target::All => destroy_all(program, &name, &file),
        Target::Default => destroy(program, &file, plan.quiet),
        Target::Principal(principal) => {
            if let Err(status) = holds(program, &file, &principal) {
                return status;
            }
            destroy(program, &file, plan.quiet)
        }
    }
}

fn destroy(program: &Program, file: &CcacheFile, quiet: bool) -> u8 {
    let Err(error) = file.destroy() else {
        return 0;
    };
    program.error(base_text(&error), "while destroying cache");
    if matches!(error, CcacheError::NotFound { .. }) {
        return 0;
    }
    let bell = if quiet { "" } else { "\x07" };
    line(format_args!("Ticket cache {bell}NOT{bell} destroyed!"));
    error.hint().into_iter().for_each(hint);
    1
}

/// The collection of a file cache is that cache; what fails is said but is no failure.
fn destroy_all(program: &Program, name: &CcacheName, file: &CcacheFile) -> u8 {
    match file.destroy() {
        Ok(()) | Err(CcacheError::NotFound { .. }) => {}
        Err(error) => {
            program.error(
                base_text(&error),
                format_args!("while destroying cache {name}"),
            );
            error.hint().into_iter().for_each(hint);
        }
    }
    0
}

/// Whether the cache is that of `principal`.
///
/// # Errors
/// The exit status, after a message, when it is not.
fn holds(program: &Program, file: &CcacheFile, principal: &OsStr) -> Result<(), u8> {
    let text = principal.to_string_lossy();
    let wanted = ccache_select::principal(principal.as_bytes(), false).map_err(|error| {
        program.error(&error, format_args!("while parsing principal name {text}"));
        error.hint().into_iter().for_each(hint);
        1
    })?;
    let found = file
        .open()
        .is_ok_and(|reader| *reader.default_principal() == wanted);
    if found {
        return Ok(());
    }
    program.error(
        "Matching credential not found",
        format_args!("while finding cache for {text}"),
    );
    hint("klist -l shows whose caches there are");
    Err(1)
}

/// The error's text without the name of the file, as MIT's kdestroy has it.
fn base_text(error: &CcacheError) -> String {
    let text = error.to_string();
    match text.split_once(" (filename: ") {
        Some((base, _)) => base.into(),
        None => text,
    }
}
