//! `kdestroy`: removes credential caches.
//!
//! As with MIT, a cache that does not exist is reported but is not a failure.

mod args;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use kerberos_files::ccache::{Ccache, Collection};

use crate::Tool;
use crate::input::ccache_select::SelectError;
use crate::input::{arguments, ccache_select};
use crate::kdestroy::args::Target;
use crate::messages::refusal::MitError as _;
use crate::messages::{Program, hint, line};

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::definition::<args::Typed>(name)
}

/// Runs `kdestroy` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let plan = match args::plan(program, arguments) {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    let caches = match ccache_select::collection(plan.cache.as_deref()) {
        Ok(caches) => caches,
        Err(error) => return fail(program, &error, "while resolving ccache"),
    };
    let (cache, others_count) = match plan.target {
        Target::All => return destroy_all(program, &caches),
        Target::Default => (caches.primary(), !plan.quiet),
        Target::Principal(principal) => match of_principal(program, &caches, &principal) {
            Ok(cache) => (Ok(cache), false),
            Err(status) => return status,
        },
    };
    let status = match cache {
        Ok(cache) => destroy(program, &cache, plan.quiet),
        Err(error) => return fail(program, &error.into(), "while resolving ccache"),
    };
    if status == 0 && others_count && has_any(&caches) {
        line(format_args!(
            "Other credential caches present, use -A to destroy all"
        ));
    }
    status
}

/// Whether a cache is left. One without an owner is not worth destroying: it may be what is left of
/// one that could be emptied but not removed.
fn has_any(caches: &Collection) -> bool {
    let has_owner = |cache: &Ccache| cache.principal().is_ok();
    caches
        .all()
        .is_ok_and(|caches| caches.iter().any(has_owner))
}

fn destroy(program: &Program, cache: &Ccache, quiet: bool) -> u8 {
    let Err(error) = cache.destroy() else {
        return 0;
    };
    program.error(error.base_text(), "while destroying cache");
    if error.is_missing() {
        return 0;
    }
    let bell = if quiet { "" } else { "\x07" };
    line(format_args!("Ticket cache {bell}NOT{bell} destroyed!"));
    error.hint().into_iter().for_each(hint);
    1
}

/// Destroys all caches. Errors are reported, but are not a failure.
fn destroy_all(program: &Program, caches: &Collection) -> u8 {
    let caches = match caches.all() {
        Ok(caches) => caches,
        Err(error) => return fail(program, &error.into(), "while listing credential caches"),
    };
    for cache in caches {
        match cache.destroy() {
            Err(error) if !error.is_missing() => {
                let name = cache.name();
                program.error(
                    error.base_text(),
                    format_args!("while destroying cache {name}"),
                );
                error.hint().into_iter().for_each(hint);
            }
            _ => {}
        }
    }
    0
}

/// The cache of `principal`.
///
/// # Errors
/// If there is none: the exit status, after a message was printed.
fn of_principal(program: &Program, caches: &Collection, principal: &OsStr) -> Result<Ccache, u8> {
    let text = principal.to_string_lossy();
    let wanted = ccache_select::principal(principal.as_bytes(), false).map_err(|error| {
        fail(
            program,
            &error,
            &format!("while parsing principal name {text}"),
        )
    })?;
    let context = format!("while finding cache for {text}");
    match caches.of_principal(&wanted) {
        Ok(Some(cache)) => Ok(cache),
        Ok(None) => {
            program.error("Matching credential not found", context);
            hint(format_args!("list the caches with {} -l", Tool::Klist));
            Err(1)
        }
        Err(error) => Err(fail(program, &error.into(), &context)),
    }
}

fn fail(program: &Program, error: &SelectError, context: &str) -> u8 {
    program.error(error.base_text(), context);
    error.advice().into_iter().for_each(hint);
    1
}
