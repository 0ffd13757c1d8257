//! `kswitch`: makes another cache the primary one of its collection.

mod args;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use kerberos_files::ccache::Ccache;

use crate::Tool;
use crate::input::{arguments, ccache_select};
use crate::kswitch::args::Target;
use crate::messages::Program;
use crate::messages::refusal::Refusal;

/// The tool's clap definition, for manual pages and completions.
pub(crate) fn definition(name: &str) -> clap::Command {
    arguments::definition::<args::Typed>(name)
}

/// Runs `kswitch` and returns its exit status.
pub(crate) fn run(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let target = match args::plan(program, arguments) {
        Ok(target) => target,
        Err(status) => return status,
    };
    match switch(&target) {
        Ok(()) => 0,
        Err(refusal) => refusal.report(program),
    }
}

fn switch(target: &Target) -> Result<(), Refusal> {
    let cache = match target {
        Target::Cache(name) => {
            let cache =
                ccache_select::cache(Some(name)).and_then(|name| ccache_select::open(&name));
            cache.map_err(|error| Refusal {
                message: error.base_text().into(),
                ..error.into_refusal(&format!("while resolving {}", name.display()))
            })?
        }
        Target::Principal(principal) => of_principal(principal)?,
    };
    cache.make_primary().map_err(|error| Refusal {
        message: error.base_text().into(),
        ..Refusal::of(&error, "while switching to credential cache")
    })
}

/// The cache of `principal` in the default collection.
fn of_principal(principal: &OsStr) -> Result<Ccache, Refusal> {
    let shown = principal.display();
    let wanted = ccache_select::principal(principal.as_bytes(), false)
        .map_err(|error| error.into_refusal(&format!("while parsing principal name {shown}")))?;
    let context = format!("while searching for ccache for {shown}");
    let found = ccache_select::collection(None)
        .and_then(|caches| Ok(caches.of_principal(&wanted)?))
        .map_err(|error| Refusal {
            message: error.base_text().into(),
            ..error.into_refusal(&context)
        })?;
    found.ok_or_else(|| Refusal {
        hint: Some(format!("list the caches with {} -l", Tool::Klist)),
        ..Refusal::new("Matching credential not found", &context)
    })
}
