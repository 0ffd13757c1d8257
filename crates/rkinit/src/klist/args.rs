//! The options of `klist` as typed, and the single action that they ask for.

use std::ffi::OsString;

use clap::Parser;

use crate::input::arguments;
use crate::input::arguments::Arguments;
use crate::messages::Program;

/// List cached Kerberos tickets, or the keys of a keytab.
#[derive(Parser, Debug, Default)]
#[command(args_override_self = true, disable_version_flag = true)]
pub(super) struct Typed {
    /// List a credential cache: CACHE, or else the default one
    #[arg(short = 'c')]
    cache: bool,
    /// List a keytab: KEYTAB, or else the default one
    #[arg(short = 'k')]
    keytab: bool,
    /// Show encryption types
    #[arg(short = 'e')]
    etypes: bool,
    /// Print the version
    #[arg(short = 'V', long = "version")]
    version: bool,

    /// Show the flags of each ticket
    #[arg(short = 'f', help_heading = "Caches")]
    flags: bool,
    /// Show the addresses that each ticket is bound to
    #[arg(short = 'a', help_heading = "Caches")]
    addresses: bool,
    /// With -a: show addresses as numbers
    #[arg(short = 'n', help_heading = "Caches")]
    numeric: bool,
    /// Show the types of the requested authorization data
    #[arg(short = 'd', help_heading = "Caches")]
    ad_types: bool,
    /// Also show configuration entries
    #[arg(short = 'C', help_heading = "Caches")]
    config: bool,
    /// List the caches in the collection
    #[arg(short = 'l', help_heading = "Caches")]
    list: bool,
    /// Show the tickets of every cache in the collection
    #[arg(short = 'A', help_heading = "Caches")]
    all: bool,
    /// Print nothing; exit with 0 if there is a valid ticket, else 1
    #[arg(short = 's', help_heading = "Caches")]
    status: bool,
    /// Show authentication indicators, using KEYTAB's keys (-: default)
    #[arg(short = 'I', value_name = "KEYTAB", allow_hyphen_values = true)]
    #[arg(help_heading = "Caches")]
    indicators: Option<OsString>,

    /// Show when each key was added
    #[arg(short = 't', help_heading = "Keytabs")]
    timestamps: bool,
    /// Show the secret keys; with --json the session keys of tickets too
    #[arg(short = 'K', help_heading = "Keytabs")]
    keys: bool,
    /// List the default client keytab if no KEYTAB is given
    #[arg(short = 'i', help_heading = "Keytabs")]
    client_keytab: bool,

    /// Print all details as a JSON document, for programs
    #[arg(long)]
    json: bool,

    /// As in MIT's klist, `-c` and `-k` exclude themselves too.
    #[arg(skip)]
    mode_twice: bool,
    #[arg(short = '4', hide = true)]
    kerberos_4: bool,
    #[arg(short = '5', hide = true)]
    kerberos_5: bool,
    #[arg(hide = true)]
    names: Vec<OsString>,
}

impl Arguments for Typed {
    const SHORT: &'static str = "dfetKsnacki45lAVCI:";
    const USAGE: &'static str = "\
PROG [-c] [-e] [-f] [-d] [-C] [-a [-n]] [-s] [-l | -A] [-I KEYTAB] [CACHE]
       PROG -k [-e] [-t] [-K] [-i] [KEYTAB]
       PROG --json [-l | -A | -k] [-K] [CACHE | KEYTAB]
       PROG -V";
    const EXAMPLES: &'static str = "  \
  PROG -ef
      show the default cache's tickets, with encryption types and flags
  PROG -s && echo valid
      check whether there is a valid ticket
  PROG --json | jq -r '.tickets[].server'
      show which services there are tickets for
  PROG -kte /etc/krb5.keytab
      show the keys in a keytab, with their timestamps and encryption types";
    const USAGE_STATUS: u8 = 1;

    fn option(&mut self, letter: u8, value: OsString) {
        self.mode_twice |= letter == b'c' && self.cache || letter == b'k' && self.keytab;
        match letter {
            b'c' => self.cache = true,
            b'k' => self.keytab = true,
            b'e' => self.etypes = true,
            b'V' => self.version = true,
            b'f' => self.flags = true,
            b'a' => self.addresses = true,
            b'n' => self.numeric = true,
            b'd' => self.ad_types = true,
            b'C' => self.config = true,
            b'l' => self.list = true,
            b'A' => self.all = true,
            b's' => self.status = true,
            b'I' => self.indicators = Some(value),
            b't' => self.timestamps = true,
            b'K' => self.keys = true,
            b'i' => self.client_keytab = true,
            b'4' => self.kerberos_4 = true,
            _ => self.kerberos_5 = true,
        }
    }

    fn operand(&mut self, value: OsString) {
        self.names.push(value);
    }
}

/// What to do, without contradictions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) action: Action,
    /// The named cache or keytab.
    pub(super) name: Option<OsString>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    Version,
    /// `-l`
    ListCaches {
        json: bool,
    },
    /// `-A`
    ShowAll(Form),
    /// `-A -s`
    AllStatus,
    /// `-s`
    Status,
    Show(Form),
    /// `-k`
    Keytab(KeytabDetail),
}

/// What to show for each ticket.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) etypes: bool,
    pub(super) flags: bool,
    pub(super) addresses: bool,
    pub(super) numeric: bool,
    pub(super) ad_types: bool,
    pub(super) config: bool,
    /// The keytab of `-I`; `-` is the default one.
    pub(super) indicators: Option<OsString>,
}

/// How caches are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Text(Detail),
    Json {
        /// Whether to show session keys.
        keys: bool,
    },
}

/// What to show for each key.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeytabDetail {
    pub(super) etypes: bool,
    pub(super) timestamps: bool,
    pub(super) keys: bool,
    pub(super) client_keytab: bool,
    pub(super) json: bool,
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
    typed.resolve().map_err(|extra| {
        if let Some(extra) = extra {
            arguments::extra_arguments(&extra);
        }
        arguments::usage::<Typed>(program)
    })
}

impl Typed {
    /// The plan; otherwise the superfluous operand, if that is the mistake.
    fn resolve(self) -> Result<Plan, Option<OsString>> {
        let wrong = if self.cache && self.keytab || self.mode_twice {
            true
        } else if self.keytab {
            self.flags
                || self.status
                || self.addresses
                || self.all
                || self.list
                || self.indicators.is_some()
        } else {
            self.timestamps
                || (self.keys && !self.json)
                || (self.list && (self.all || self.status))
                || (self.status && self.json)
        };
        if wrong || (self.numeric && !self.addresses) {
            return Err(None);
        }
        let mut names = self.names.into_iter();
        let name = names.next();
        if let Some(extra) = names.next() {
            return Err(Some(extra));
        }
        let form = if self.json {
            Form::Json { keys: self.keys }
        } else {
            Form::Text(Detail {
                etypes: self.etypes,
                flags: self.flags,
                addresses: self.addresses,
                numeric: self.numeric,
                ad_types: self.ad_types,
                config: self.config,
                indicators: self.indicators,
            })
        };
        let action = if self.version {
            Action::Version
        } else if self.keytab {
            Action::Keytab(KeytabDetail {
                etypes: self.etypes,
                timestamps: self.timestamps,
                keys: self.keys,
                client_keytab: self.client_keytab,
                json: self.json,
            })
        } else if self.list {
            Action::ListCaches { json: self.json }
        } else {
            match (self.all, self.status) {
                (true, true) => Action::AllStatus,
                (true, false) => Action::ShowAll(form),
                (false, true) => Action::Status,
                (false, false) => Action::Show(form),
            }
        };
        Ok(Plan { action, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(line: &str) -> Result<Plan, Option<OsString>> {
        let arguments = ["klist"].into_iter().chain(line.split_whitespace());
        Typed::try_parse_from(arguments).unwrap().resolve()
    }

    #[test]
    fn options_resolve_to_the_expected_plan() {
        let check = |line: &str, action: Action, name: Option<&str>| {
            let plan = resolve(line).unwrap();
            assert_eq!(plan.action, action, "{line}");
            assert_eq!(
                plan.name.as_deref(),
                name.map(std::ffi::OsStr::new),
                "{line}"
            );
        };
        let text = Detail::default();
        let show = Form::Text(text.clone());
        check("", Action::Show(show.clone()), None);
        check("-5 -c /tmp/x", Action::Show(show.clone()), Some("/tmp/x"));
        check("/tmp/x -c", Action::Show(show.clone()), Some("/tmp/x"));
        let ef = Detail {
            etypes: true,
            flags: true,
            ..text.clone()
        };
        check("-ef -e", Action::Show(Form::Text(ef)), None);
        let an = Detail {
            addresses: true,
            numeric: true,
            ..text
        };
        check("-an", Action::Show(Form::Text(an)), None);
        check("-A", Action::ShowAll(show.clone()), None);
        check("-i", Action::Show(show), None);
        check("-As", Action::AllStatus, None);
        check("-s x", Action::Status, Some("x"));
        check("-l", Action::ListCaches { json: false }, None);
        check("-l --json", Action::ListCaches { json: true }, None);
        check(
            "--json x",
            Action::Show(Form::Json { keys: false }),
            Some("x"),
        );
        check(
            "-AK --json",
            Action::ShowAll(Form::Json { keys: true }),
            None,
        );
        check("-V -s", Action::Version, None);
        let keys = KeytabDetail {
            etypes: true,
            timestamps: true,
            keys: true,
            ..KeytabDetail::default()
        };
        check("-ketK FILE:x", Action::Keytab(keys), Some("FILE:x"));
        let client = KeytabDetail {
            client_keytab: true,
            ..KeytabDetail::default()
        };
        check("-kiCd", Action::Keytab(client), None);
    }

    #[test]
    fn getopt_reader_agrees_with_clap() {
        arguments::assert_readers_agree::<Typed>(&[
            "",
            "-d",
            "-f",
            "-e",
            "-t",
            "-K",
            "-s",
            "-n",
            "-a",
            "-c",
            "-k",
            "-i",
            "-4",
            "-5",
            "-l",
            "-A",
            "-V",
            "-C",
            "-I kt",
            "-Ikt",
            "-I a -I b",
            "name -ef",
            "-ef name",
            "-eeI kt x y",
            "-e -- -f",
            "- -e",
            "-I -e",
        ]);
    }

    #[test]
    fn conflicting_options_are_usage_errors() {
        let check = |line: &str, extra: Option<&str>| {
            assert_eq!(resolve(line), Err(extra.map(OsString::from)), "{line}");
        };
        check("-kc", None);
        check("-n", None);
        check("-t", None);
        check("-K", None);
        check("-lA", None);
        check("-ls", None);
        check("-s --json", None);
        for option in ["-kf", "-ks", "-ka", "-kA", "-kl", "-k -I x", "-n -V"] {
            check(option, None);
        }
        check("a b", Some("b"));
        check("a -e b c", Some("b"));
    }
}
