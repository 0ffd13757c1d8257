//! The options of `kswitch`.

use std::ffi::OsString;

use clap::Parser;

use crate::input::arguments;
use crate::input::arguments::Arguments;
use crate::messages::{Program, line};

/// Make a credential cache the primary one of its collection.
#[derive(Parser, Debug, Default)]
#[command(args_override_self = true, version)]
pub(super) struct Typed {
    /// The cache to switch to
    #[arg(short = 'c', value_name = "CACHE", allow_hyphen_values = true)]
    caches: Vec<OsString>,
    /// Switch to the cache of this principal
    #[arg(short = 'p', value_name = "PRINCIPAL", allow_hyphen_values = true)]
    principals: Vec<OsString>,

    #[arg(hide = true)]
    operands: Vec<OsString>,
}

impl Arguments for Typed {
    const SHORT: &'static str = "c:p:";
    const USAGE: &'static str = "PROG {-c CACHE | -p PRINCIPAL}";
    const EXAMPLES: &'static str = "  \
  PROG -p alice@EXAMPLE.COM
      use alice's tickets from now on
  PROG -c DIR::/run/user/1000/krb5cc/tktservice
      use the tickets in that cache from now on";
    const USAGE_STATUS: u8 = 2;

    fn option(&mut self, letter: u8, value: OsString) {
        match letter {
            b'c' => self.caches.push(value),
            _ => self.principals.push(value),
        }
    }

    fn operand(&mut self, value: OsString) {
        self.operands.push(value);
    }

    fn complaints_before_a_mistake(self) -> Vec<&'static str> {
        self.resolve().err().unwrap_or_default()
    }
}

/// What to switch to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Cache(OsString),
    Principal(OsString),
}

/// Parses and resolves the command line.
///
/// # Errors
/// The exit status, after a message was printed.
pub(super) fn plan(
    program: &Program,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Target, u8> {
    let typed: Typed = arguments::parse(program, arguments)?;
    typed.resolve().map_err(|complaints| {
        for complaint in complaints {
            line(format_args!("{complaint}"));
        }
        arguments::usage::<Typed>(program)
    })
}

impl Typed {
    /// The target, or all mistakes in the command line.
    fn resolve(self) -> Result<Target, Vec<&'static str>> {
        let caches = self.caches.into_iter().map(Target::Cache);
        let principals = self.principals.into_iter().map(Target::Principal);
        let mut targets = caches.chain(principals);
        let target = targets.next();
        // MIT's tool prints this once for each superfluous option.
        let mut complaints: Vec<_> = targets
            .map(|_| "Only one -c or -p option allowed")
            .collect();
        let Some(target) = target else {
            complaints.push("One of -c or -p must be specified");
            return Err(complaints);
        };
        if complaints.is_empty() && self.operands.is_empty() {
            Ok(target)
        } else {
            Err(complaints)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(line: &str) -> Result<Target, Vec<&'static str>> {
        let arguments = ["kswitch"].into_iter().chain(line.split_whitespace());
        Typed::try_parse_from(arguments).unwrap().resolve()
    }

    #[test]
    fn options_resolve_to_the_expected_target() {
        assert_eq!(resolve("-c KCM:0"), Ok(Target::Cache("KCM:0".into())));
        assert_eq!(resolve("-pa@R"), Ok(Target::Principal("a@R".into())));
    }

    #[test]
    fn each_conflicting_option_is_reported() {
        let check = |line: &str, complaints: &[&str]| {
            assert_eq!(resolve(line), Err(complaints.to_vec()), "{line}");
        };
        let one = "Only one -c or -p option allowed";
        check("", &["One of -c or -p must be specified"]);
        check("x", &["One of -c or -p must be specified"]);
        check("-c a x", &[]);
        check("-c a -p b", &[one]);
        check("-c a -c b -p c", &[one, one]);
    }

    #[test]
    fn getopt_reader_agrees_with_clap() {
        arguments::assert_readers_agree::<Typed>(&["", "-c a", "-ca", "-p a -c b", "x -p y z"]);
    }
}
