//! The command-line tools as a library, with one module per tool. Shared modules: `input` is
//! everything that a tool is given, `output` is for listings, and `messages` is for errors.
//!
//! A single binary behaves according to the name it is called by: `rkinit` or `kinit`, `rklist` or
//! `klist`, `rkvno` or `kvno`, `rkdestroy` or `kdestroy`, `rkswitch` or `kswitch`, `rktutil` or
//! `ktutil`, `rkpasswd` or `kpasswd`. So a symbolic link is a drop-in replacement for MIT's tool of
//! that name. Under the name `rekinit`, it is a sidecar. Options, output, messages and exit codes
//! are MIT's; `docs/TOOLS.md` lists the differences.
//!
//! What this crate leaves to others: files are read and written by `kerberos_files`, and exchanges
//! with a KDC are made by `kerberos_client`. This is the only crate that prints, prompts or reads
//! the user's environment.
#![forbid(unsafe_code)]

mod beside;
mod check_config;
mod input;
mod kdestroy;
mod kinit;
mod klist;
mod kpasswd;
mod kswitch;
mod ktutil;
mod kvno;
mod links;
mod messages;
mod output;
mod rekinit;
mod ticket_keys;

use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

pub use links::NAMES;
use messages::{Program, trace};

/// Functions for the fuzz targets; not for other callers.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::ktutil::fuzzing::{addent_is_sound, edit, json_keytab, words};
    pub use crate::kvno::fuzzing::pem_certificate;
    pub use crate::rekinit::fuzzing::{answer_to_request, json_secret, sidecar_file};
}

/// Runs the tool named by the first argument, which is the program's own name.
///
/// A name that does not belong to any tool runs `rkinit`, so that the binary may be renamed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let program = Program::new(arguments.next());
    trace::start();
    let tool = Tool::from_name(program.name());
    Tool::go_by_names_of_kind(program.name());
    let program = match tool {
        // MIT's other tools print errors as in the library's table, and ignore `err_fmt`.
        Tool::Kinit | Tool::Klist | Tool::Kvno => program.heeding_err_fmt(),
        _ => program,
    };
    let code = match tool {
        Tool::Kinit => kinit::run(&program, arguments),
        Tool::Klist => klist::run(&program, arguments),
        Tool::Kdestroy => kdestroy::run(&program, arguments),
        Tool::Kswitch => kswitch::run(&program, arguments),
        Tool::Kvno => kvno::run(&program, arguments),
        Tool::Ktutil => ktutil::run(&program, arguments),
        Tool::Kpasswd => kpasswd::run(&program, arguments),
        Tool::Rekinit => rekinit::run(&program, arguments),
    };
    ExitCode::from(code)
}

/// The clap definition of each tool, for every name of the tool. Manual pages and shell completions
/// are generated from them (`cargo xtask pages`).
pub fn definitions() -> Vec<clap::Command> {
    let define = |(name, tool)| match tool {
        Tool::Kinit => kinit::definition(name),
        Tool::Klist => klist::definition(name),
        Tool::Kdestroy => kdestroy::definition(name),
        Tool::Kswitch => kswitch::definition(name),
        Tool::Kvno => kvno::definition(name),
        Tool::Ktutil => ktutil::definition(name),
        Tool::Kpasswd => kpasswd::definition(name),
        Tool::Rekinit => rekinit::definition(name),
    };
    Tool::NAMES.into_iter().map(define).collect()
}

/// The tools, each with its own options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tool {
    Kinit,
    Klist,
    Kdestroy,
    Kswitch,
    Kvno,
    Ktutil,
    Kpasswd,
    Rekinit,
}

impl Tool {
    /// The names of all tools. The first name of each tool is our own.
    const NAMES: [(&'static str, Self); 15] = [
        ("rkinit", Self::Kinit),
        ("kinit", Self::Kinit),
        ("rklist", Self::Klist),
        ("klist", Self::Klist),
        ("rkdestroy", Self::Kdestroy),
        ("kdestroy", Self::Kdestroy),
        ("rkswitch", Self::Kswitch),
        ("kswitch", Self::Kswitch),
        ("rkvno", Self::Kvno),
        ("kvno", Self::Kvno),
        ("rktutil", Self::Ktutil),
        ("ktutil", Self::Ktutil),
        ("rkpasswd", Self::Kpasswd),
        ("kpasswd", Self::Kpasswd),
        ("rekinit", Self::Rekinit),
    ];

    fn from_name(name: &str) -> Self {
        Self::known(name).map_or(Self::Kinit, |(_, tool)| tool)
    }

    /// The name and the tool that belong to the program's own name.
    fn known(name: &str) -> Option<(&'static str, Self)> {
        // `klist.mit` and `klist.exe` also mean klist.
        let stem = name.split('.').next().unwrap_or(name);
        Self::NAMES.into_iter().find(|(known, _)| *known == stem)
    }

    /// From now on, tools are shown with names of the same kind as `called`: MIT's or our own.
    fn go_by_names_of_kind(called: &str) {
        let is_mits = Self::known(called).is_some_and(|(name, _)| !is_our_own(name));
        BY_MITS_NAMES.store(is_mits, Ordering::Relaxed);
    }

    /// The tool's name of the given kind.
    fn name(self, of_mit: bool) -> &'static str {
        let mut names = Self::NAMES.iter().filter(|(_, tool)| *tool == self);
        let is_wanted = |(name, _): &&(&'static str, Self)| is_our_own(name) != of_mit;
        // The sidecar has only one name.
        names.find(is_wanted).map_or("rekinit", |(name, _)| name)
    }
}

/// Whether the name is ours and not MIT's.
fn is_our_own(name: &str) -> bool {
    name.starts_with('r')
}

/// Whether hints use MIT's names of the tools. A user who called a tool by its MIT name has links
/// with those names; our own names always exist.
static BY_MITS_NAMES: AtomicBool = AtomicBool::new(false);

/// The name by which the user can call the tool, for hints.
impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name(BY_MITS_NAMES.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_name_selects_the_tool() {
        let check = |name: &str, tool| assert_eq!(Tool::from_name(name), tool);
        check("klist", Tool::Klist);
        check("rklist", Tool::Klist);
        check("kdestroy", Tool::Kdestroy);
        check("rkdestroy", Tool::Kdestroy);
        check("kswitch", Tool::Kswitch);
        check("rkswitch", Tool::Kswitch);
        check("kvno", Tool::Kvno);
        check("rkvno", Tool::Kvno);
        check("ktutil", Tool::Ktutil);
        check("rktutil", Tool::Ktutil);
        check("kpasswd", Tool::Kpasswd);
        check("rkpasswd", Tool::Kpasswd);
        check("rekinit", Tool::Rekinit);
        check("rekinit.sh", Tool::Rekinit);
        check("kinit.mit", Tool::Kinit);
        check("klist.exe", Tool::Klist);
        check("something-else", Tool::Kinit);
    }

    #[test]
    fn each_tool_has_its_own_name_and_an_mit_name() {
        let check = |tool: Tool, ours, mits| {
            assert_eq!((tool.name(false), tool.name(true)), (ours, mits));
        };
        check(Tool::Kinit, "rkinit", "kinit");
        check(Tool::Klist, "rklist", "klist");
        check(Tool::Kpasswd, "rkpasswd", "kpasswd");
        check(Tool::Rekinit, "rekinit", "rekinit");
    }
}
