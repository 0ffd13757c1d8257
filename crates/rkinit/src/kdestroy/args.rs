//! The options of `kdestroy`.

use std::ffi::OsString;

use clap::Parser;

use crate::input::arguments;
use crate::input::arguments::Arguments;
use crate::messages::{Program, line};

/// Destroy Kerberos tickets.
#[derive(Parser, Debug, Default)]
#[command(args_override_self = true, version)]
pub(super) struct Typed {
    /// Destroy every cache in the collection
    #[arg(short = 'A')]
    all: bool,
    /// Do not beep if a cache cannot be destroyed
    #[arg(short = 'q')]
    quiet: bool,
    /// Destroy this cache instead of the default one
    #[arg(short = 'c', value_name = "CACHE", allow_hyphen_values = true)]
    caches: Vec<OsString>,
    /// Destroy the cache of this principal
    #[arg(short = 'p', value_name = "PRINCIPAL", allow_hyphen_values = true)]
    principals: Vec<OsString>,

    #[arg(short = '4', hide = true)]
    kerberos_4: bool,
    #[arg(short = '5', hide = true)]
    kerberos_5: bool,
    #[arg(hide = true)]
    operands: Vec<OsString>,
}

impl Arguments for Typed {
    const SHORT: &'static str = "54Aqc:p:";
    const USAGE: &'static str = "PROG [-A] [-q] [-c CACHE] [-p PRINCIPAL]";
    const EXAMPLES: &'static str = "  \
  PROG
      log out: destroy the default cache
  PROG -c FILE:/tmp/krb5cc_service
      destroy that cache";
    const USAGE_STATUS: u8 = 2;

    fn option(&mut self, letter: u8, value: OsString) {
        match letter {
            b'A' => self.all = true,
            b'q' => self.quiet = true,
            b'c' => self.caches.push(value),
            b'p' => self.principals.push(value),
            b'4' => self.kerberos_4 = true,
            _ => self.kerberos_5 = true,
        }
    }

    fn operand(&mut self, value: OsString) {
        self.operands.push(value);
    }
}

/// What to do, without contradictions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) quiet: bool,
    /// The cache of `-c`, used instead of the default one.
    pub(super) cache: Option<OsString>,
    pub(super) target: Target,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Default,
    All,
    Principal(OsString),
}

/// Parses and resolves the command line.
///
/// # Errors
/// The exit status, after a message was printed.
pub(super) fn plan(
    program: &Program,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Plan, u8> {
    let typed: Typed = arguments::parse(program, arguments)?;
    if typed.kerberos_4 {
        return Err(arguments::kerberos_4());
    }
    typed.resolve().map_err(|complaints| {
        for complaint in complaints {
            line(format_args!("{complaint}"));
        }
        arguments::usage::<Typed>(program)
    })
}

impl Typed {
    /// The plan, or all mistakes in the command line.
    fn resolve(self) -> Result<Plan, Vec<&'static str>> {
        let mut complaints = Vec::new();
        if self.caches.len() > 1 {
            complaints.push("Only one -c option allowed");
        }
        if self.principals.len() > 1 {
            complaints.push("Only one -p option allowed");
        }
        if self.all && !self.principals.is_empty() {
            complaints.push("-A option is exclusive with -p option");
        }
        if !complaints.is_empty() || !self.operands.is_empty() {
            return Err(complaints);
        }
        let target = match self.principals.into_iter().next() {
            Some(principal) => Target::Principal(principal),
            None if self.all => Target::All,
            None => Target::Default,
        };
        Ok(Plan {
            quiet: self.quiet,
            cache: self.caches.into_iter().next(),
            target,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(line: &str) -> Result<Plan, Vec<&'static str>> {
        let arguments = ["kdestroy"].into_iter().chain(line.split_whitespace());
        Typed::try_parse_from(arguments).unwrap().resolve()
    }

    #[test]
    fn options_resolve_to_the_expected_plan() {
        let check = |line: &str, quiet, cache: Option<&str>, target| {
            let expected = Plan {
                quiet,
                cache: cache.map(OsString::from),
                target,
            };
            assert_eq!(resolve(line), Ok(expected), "{line}");
        };
        check("", false, None, Target::Default);
        check("-5qc FILE:x", true, Some("FILE:x"), Target::Default);
        check("-A -c x", false, Some("x"), Target::All);
        check("-p u@R -q -q", true, None, Target::Principal("u@R".into()));
    }

    #[test]
    fn getopt_reader_agrees_with_clap() {
        arguments::assert_readers_agree::<Typed>(&[
            "",
            "-A",
            "-q",
            "-5",
            "-4",
            "-c a",
            "-ca",
            "-c a -c b",
            "-p a",
            "-Aqp x -q",
            "x -q y",
        ]);
    }

    #[test]
    fn each_conflicting_option_is_reported() {
        let check = |line: &str, complaints: &[&str]| {
            assert_eq!(resolve(line), Err(complaints.to_vec()), "{line}");
        };
        check("x", &[]);
        check("-c a -c b", &["Only one -c option allowed"]);
        check(
            "-A -p a -p b",
            &[
                "Only one -p option allowed",
                "-A option is exclusive with -p option",
            ],
        );
    }
}
