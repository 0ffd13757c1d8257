//! The options of `kvno` as typed, and what they ask for.

use std::ffi::OsString;

use clap::Parser;

use crate::input::arguments;
use crate::input::arguments::Arguments;
use crate::messages::{Program, line};

/// Get tickets for services, and print the version numbers of their keys.
#[derive(Parser, Debug, Default)]
#[command(args_override_self = true, infer_long_args = true)]
#[command(version, disable_help_flag = true)]
pub(super) struct Typed {
    /// Use this cache instead of the default one
    #[arg(short = 'c', value_name = "CACHE", allow_hyphen_values = true)]
    cache: Option<OsString>,
    /// Check that this keytab can decrypt each ticket
    #[arg(short = 'k', value_name = "KEYTAB", allow_hyphen_values = true)]
    keytab: Option<OsString>,
    /// Print nothing on success
    #[arg(short = 'q')]
    quiet: bool,
    /// Print the tickets as a JSON document, for programs
    #[arg(long)]
    json: bool,
    /// Print this help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,

    /// Request this encryption type for the session keys
    #[arg(short = 'e', value_name = "ETYPE", allow_hyphen_values = true)]
    #[arg(help_heading = "The tickets")]
    etype: Option<OsString>,
    /// Let the KDC canonicalize the service names
    #[arg(short = 'C', help_heading = "The tickets")]
    canonicalize: bool,
    /// Each NAME is a host on which this service runs
    #[arg(short = 'S', value_name = "SERVICE", allow_hyphen_values = true)]
    #[arg(help_heading = "The tickets")]
    service: Option<OsString>,
    /// Use the name type "unknown" for the service names
    #[arg(short = 'u', help_heading = "The tickets")]
    unknown: bool,
    /// Get user-to-user tickets for the owner of this cache
    #[arg(long, value_name = "CACHE", allow_hyphen_values = true)]
    #[arg(help_heading = "The tickets")]
    u2u: Option<OsString>,

    /// Get a ticket on behalf of this user (S4U2Self)
    #[arg(short = 'I', value_name = "USER", allow_hyphen_values = true)]
    #[arg(overrides_with = "enterprise", help_heading = "On behalf of a user")]
    user: Option<OsString>,
    /// As -I, with an enterprise name (user@company.example)
    #[arg(short = 'U', value_name = "USER", allow_hyphen_values = true)]
    #[arg(overrides_with = "user", help_heading = "On behalf of a user")]
    enterprise: Option<OsString>,
    /// As -I, for the owner of the certificate in this PEM file
    #[arg(short = 'F', value_name = "FILE", allow_hyphen_values = true)]
    #[arg(help_heading = "On behalf of a user")]
    certificate: Option<OsString>,
    /// With -I, -U or -F: use constrained delegation (S4U2Proxy)
    #[arg(short = 'P', help_heading = "On behalf of a user")]
    proxy: bool,

    /// Use cached tickets only; do not ask the KDC
    #[arg(long, help_heading = "Caching")]
    cached_only: bool,
    /// Do not store the tickets in the cache
    #[arg(long, help_heading = "Caching")]
    no_store: bool,
    /// Initialize this cache and store the tickets there
    #[arg(long, value_name = "CACHE", allow_hyphen_values = true)]
    #[arg(help_heading = "Caching")]
    out_cache: Option<OsString>,

    #[arg(short = 'h', hide = true)]
    usage: bool,
    #[arg(hide = true)]
    names: Vec<OsString>,
}

impl Arguments for Typed {
    const SHORT: &'static str = "uCc:e:hk:qPS:I:U:F:";
    const USAGE: &'static str = "\
PROG [-c CACHE] [-e ETYPE] [-k KEYTAB] [-q | --json] [-C] [-u | -S SERVICE]
       [[{-F FILE | {-I | -U} USER} [-P]] | --u2u CACHE]
       [--cached-only] [--no-store] [--out-cache CACHE] NAME...";
    const EXAMPLES: &'static str = "  \
  PROG HTTP/www.example.com
      get a ticket for that service, or use the one in the cache
  PROG -q -S HTTP www db.example.com
      get tickets for HTTP on two hosts, without output
  PROG -k /etc/krb5.keytab host/www.example.com
      check whether the service can read the tickets that the KDC issues for it";
    const USAGE_STATUS: u8 = 1;

    fn option(&mut self, letter: u8, value: OsString) {
        match letter {
            b'c' => self.cache = Some(value),
            b'k' => self.keytab = Some(value),
            b'q' => self.quiet = true,
            b'e' => self.etype = Some(value),
            b'C' => self.canonicalize = true,
            b'S' => self.service = Some(value),
            b'u' => self.unknown = true,
            // The last of these two takes effect.
            b'I' => (self.user, self.enterprise) = (Some(value), None),
            b'U' => (self.user, self.enterprise) = (None, Some(value)),
            b'F' => self.certificate = Some(value),
            b'P' => self.proxy = true,
            _ => self.usage = true,
        }
    }

    fn operand(&mut self, value: OsString) {
        self.names.push(value);
    }
}

/// What to do, without contradictions. The names are not parsed yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) cache: Option<OsString>,
    pub(super) keytab: Option<OsString>,
    pub(super) quiet: bool,
    pub(super) json: bool,
    pub(super) etype: Option<OsString>,
    pub(super) canonicalize: bool,
    /// `-u`
    pub(super) unknown: bool,
    /// The service of `-S`; the names are then hosts.
    pub(super) service: Option<OsString>,
    /// The cache of `--u2u`.
    pub(super) user_to_user: Option<OsString>,
    pub(super) behalf: Option<Behalf>,
    pub(super) cached_only: bool,
    pub(super) no_store: bool,
    pub(super) out_cache: Option<OsString>,
    /// At least one.
    pub(super) names: Vec<OsString>,
}

/// On whose behalf to get tickets, if not for the owner of the cache.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Behalf {
    pub(super) user: User,
    /// `-P`
    pub(super) proxy: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum User {
    /// `-I`
    Name(OsString),
    /// `-U`
    Enterprise(OsString),
    /// The file of `-F`.
    Certificate(OsString),
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
    typed.resolve().map_err(|complaint| {
        if let Some(complaint) = complaint {
            line(format_args!("{complaint}"));
        }
        arguments::usage::<Typed>(program)
    })
}

impl Typed {
    /// The plan, or the first mistake; `None` if the usage explains it.
    fn resolve(self) -> Result<Plan, Option<&'static str>> {
        if self.unknown && self.service.is_some() {
            return Err(Some("Options -u and -S are mutually exclusive"));
        }
        if self.usage {
            return Err(None);
        }
        let named = self
            .user
            .map(User::Name)
            .or(self.enterprise.map(User::Enterprise));
        let user = match (named, self.certificate) {
            (Some(_), Some(_)) => {
                return Err(Some("Options -F and -I|-U are mutually exclusive"));
            }
            (named, certificate) => named.or(certificate.map(User::Certificate)),
        };
        let proxy = self.proxy;
        let behalf = user.map(|user| Behalf { user, proxy });
        if self.u2u.is_some() && behalf.is_some() {
            return Err(Some("Options --u2u and -I|-U|-F are mutually exclusive"));
        }
        if proxy && behalf.is_none() {
            return Err(Some(
                "Option -P (constrained delegation) requires option -I|-U|-F (protocol transition)",
            ));
        }
        if self.names.is_empty() {
            return Err(None);
        }
        Ok(Plan {
            cache: self.cache,
            keytab: self.keytab,
            quiet: self.quiet,
            json: self.json,
            etype: self.etype,
            canonicalize: self.canonicalize,
            unknown: self.unknown,
            service: self.service,
            user_to_user: self.u2u,
            behalf,
            cached_only: self.cached_only,
            no_store: self.no_store,
            out_cache: self.out_cache,
            names: self.names,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(line: &str) -> Result<Plan, Option<&'static str>> {
        let arguments = ["kvno"].into_iter().chain(line.split_whitespace());
        Typed::try_parse_from(arguments).unwrap().resolve()
    }

    #[test]
    fn options_resolve_to_the_expected_plan() {
        let check = |line: &str, names: &[&str], change: &dyn Fn(&mut Plan)| {
            let mut expected = Plan {
                names: names.iter().map(OsString::from).collect(),
                ..Plan::default()
            };
            change(&mut expected);
            assert_eq!(resolve(line), Ok(expected), "{line}");
        };
        let on_behalf = |user, proxy| Some(Behalf { user, proxy });
        check("a", &["a"], &|_| {});
        check("-qC a -u b", &["a", "b"], &|plan| {
            (plan.quiet, plan.canonicalize, plan.unknown) = (true, true, true);
        });
        check("-c x -k y -e z a", &["a"], &|plan| {
            plan.cache = Some("x".into());
            plan.keytab = Some("y".into());
            plan.etype = Some("z".into());
        });
        check("-S HTTP www", &["www"], &|plan| {
            plan.service = Some("HTTP".into());
        });
        check("--cached-only --no-store a", &["a"], &|plan| {
            (plan.cached_only, plan.no_store) = (true, true);
        });
        check("--cached --out-cache=x --u2u y a", &["a"], &|plan| {
            plan.cached_only = true;
            plan.out_cache = Some("x".into());
            plan.user_to_user = Some("y".into());
        });
        check("-I u -P a", &["a"], &|plan| {
            plan.behalf = on_behalf(User::Name("u".into()), true);
        });
        check("-I u -U v@w a", &["a"], &|plan| {
            plan.behalf = on_behalf(User::Enterprise("v@w".into()), false);
        });
        check("-U v@w -I u a", &["a"], &|plan| {
            plan.behalf = on_behalf(User::Name("u".into()), false);
        });
        check("-F f a", &["a"], &|plan| {
            plan.behalf = on_behalf(User::Certificate("f".into()), false);
        });
        check("-- -a", &["-a"], &|_| {});
    }

    #[test]
    fn getopt_reader_agrees_with_clap() {
        arguments::assert_readers_agree::<Typed>(&[
            "",
            "-u",
            "-C",
            "-h",
            "-q",
            "-P",
            "-c a",
            "-ca -c b",
            "-e a",
            "-k a",
            "-S a -S b",
            "-I a",
            "-U a",
            "-I a -U b",
            "-U a -I b",
            "-I a -I b",
            "-F a",
            "-qCu a b -k c d",
            "a -- -b",
        ]);
    }

    #[test]
    fn conflicting_options_are_usage_errors() {
        let check = |line: &str, complaint: Option<&'static str>| {
            assert_eq!(resolve(line), Err(complaint), "{line}");
        };
        check("", None);
        check("-h a", None);
        check("-q", None);
        let exclusive = Some("Options -u and -S are mutually exclusive");
        check("-u -S x a", exclusive);
        check("-S x -u", exclusive);
        let behalf = Some("Options --u2u and -I|-U|-F are mutually exclusive");
        for option in ["-I", "-U", "-F", "-P -I"] {
            check(&format!("--u2u x {option} y a"), behalf);
        }
        let who = Some("Options -F and -I|-U are mutually exclusive");
        check("-F f -I u a", who);
        check("-U u -F f a", who);
        let proxy = Some(
            "Option -P (constrained delegation) requires option -I|-U|-F (protocol transition)",
        );
        check("-P a", proxy);
        check("-P --u2u x a", proxy);
    }
}
