//! The command-line options of `rekinit` as typed.
//!
//! Letters are the same as in `kinit` if it has the option, otherwise as in `k5start`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

/// Keep Kerberos tickets fresh for as long as an application runs.
#[derive(Parser, Debug, Default)]
#[command(args_override_self = true, infer_long_args = true)]
#[command(version, disable_version_flag = true)]
pub(crate) struct Typed {
    /// The principal; without one the first of the keytab, or the user name of the secret
    #[arg(value_name = "PRINCIPAL", hide = true)]
    pub(crate) principals: Vec<String>,
    /// Be verbose: log debug messages too
    #[arg(short = 'V')]
    pub(crate) verbose: bool,
    /// Print the version
    #[arg(long, action = clap::ArgAction::Version)]
    pub(crate) version: Option<bool>,

    /// Log in with the default keytab
    #[arg(short = 'k', help_heading = "Secrets (read again for each login)")]
    pub(crate) keytab: bool,
    /// Log in with this keytab
    #[arg(short = 't', value_name = "KEYTAB", allow_hyphen_values = true)]
    #[arg(help_heading = "Secrets (read again for each login)")]
    pub(crate) keytab_name: Option<String>,
    /// Log in with the default client keytab
    #[arg(short = 'i', help_heading = "Secrets (read again for each login)")]
    pub(crate) client_keytab: bool,
    /// Read the password from FILE (-: standard input)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    #[arg(help_heading = "Secrets (read again for each login)")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from this environment variable
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Secrets (read again for each login)"
    )]
    pub(crate) password_env: Option<String>,
    /// Read "username" and "password" from a JSON file
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Secrets (read again for each login)"
    )]
    pub(crate) secret_file: Option<PathBuf>,
    /// Read such JSON from this environment variable
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Secrets (read again for each login)"
    )]
    pub(crate) secret_env: Option<String>,

    /// Keep the tickets in this cache instead of the default one
    #[arg(short = 'c', value_name = "CACHE", allow_hyphen_values = true)]
    #[arg(help_heading = "The cache")]
    pub(crate) cache: Option<String>,
    /// The owner of the cache file: a user's name or number
    #[arg(short = 'o', long, value_name = "USER", help_heading = "The cache")]
    pub(crate) owner: Option<String>,
    /// The group of the cache file: its name or number
    #[arg(short = 'g', long, value_name = "GROUP", help_heading = "The cache")]
    pub(crate) group: Option<String>,
    /// Permissions of the cache file, in octal [default: 600]
    #[arg(short = 'm', long, value_name = "MODE", help_heading = "The cache")]
    pub(crate) mode: Option<String>,
    /// Destroy the cache when rekinit ends
    #[arg(long, help_heading = "The cache")]
    pub(crate) destroy: bool,

    /// How long tickets are valid: 36000, 10h or 1d12h30m
    #[arg(short = 'l', value_name = "LIFETIME", help_heading = "The ticket")]
    pub(crate) lifetime: Option<String>,
    /// How long tickets can be renewed without a login (7d)
    #[arg(short = 'r', value_name = "LIFETIME", help_heading = "The ticket")]
    pub(crate) renew_lifetime: Option<String>,
    /// Also keep a ticket for this service; may be repeated
    #[arg(long, value_name = "SERVICE", help_heading = "The ticket")]
    pub(crate) service: Vec<String>,
    /// Get a ticket for this service instead of a TGT
    #[arg(short = 'S', value_name = "SERVICE", help_heading = "The ticket")]
    pub(crate) initial_service: Option<String>,
    /// Request forwardable tickets
    #[arg(
        short = 'f',
        long,
        overrides_with = "not_forwardable",
        help_heading = "The ticket"
    )]
    pub(crate) forwardable: bool,
    /// Request tickets that are not forwardable
    #[arg(short = 'F', long = "noforwardable", help_heading = "The ticket")]
    pub(crate) not_forwardable: bool,
    /// Request proxiable tickets
    #[arg(
        short = 'p',
        long,
        overrides_with = "not_proxiable",
        help_heading = "The ticket"
    )]
    pub(crate) proxiable: bool,
    /// Request tickets that are not proxiable
    #[arg(short = 'P', long = "noproxiable", help_heading = "The ticket")]
    pub(crate) not_proxiable: bool,
    /// Let the KDC canonicalize the principal name
    #[arg(short = 'C', long, help_heading = "The ticket")]
    pub(crate) canonicalize: bool,
    /// The principal is an enterprise name (u@corp.example)
    #[arg(short = 'E', long, help_heading = "The ticket")]
    pub(crate) enterprise: bool,
    #[arg(short = 'A', long = "noaddresses", hide = true)]
    pub(crate) no_addresses: bool,
    #[arg(short = '5', hide = true)]
    pub(crate) kerberos_5: bool,

    /// Refresh at least this often
    #[arg(long, value_name = "SECONDS", help_heading = "When")]
    pub(crate) period: Option<String>,
    /// The same as --period, in minutes
    #[arg(
        short = 'K',
        value_name = "MINUTES",
        conflicts_with = "period",
        help_heading = "When"
    )]
    pub(crate) period_minutes: Option<String>,
    /// What a script's environment says of it, and in which variable
    #[arg(skip)]
    pub(crate) period_of_script: Option<(&'static str, String)>,
    /// Get the tickets and exit (for init containers)
    #[arg(long, help_heading = "When")]
    pub(crate) once: bool,
    /// Give up and exit with 1 after this time [--once: 60]
    #[arg(long, value_name = "SECONDS", help_heading = "When")]
    pub(crate) timeout: Option<String>,
    /// Exit with 1 at the first failure
    #[arg(short = 'x', help_heading = "When")]
    pub(crate) exit_on_error: bool,

    /// Serve /livez, /readyz and /metrics (127.0.0.1:9464)
    #[arg(long, value_name = "ADDRESS", help_heading = "Monitoring")]
    pub(crate) listen: Option<String>,
    /// The format of the log: text or json
    #[arg(long, value_name = "FORMAT", help_heading = "Monitoring")]
    pub(crate) log: Option<String>,
    /// Log warnings and errors only
    #[arg(short = 'q', long, help_heading = "Monitoring")]
    pub(crate) quiet: bool,
    /// Run this program after each refresh
    #[arg(long, value_name = "PROGRAM", help_heading = "Monitoring")]
    pub(crate) hook: Option<String>,
    /// Run the hook as a command line of /bin/sh
    #[arg(long, requires = "hook", help_heading = "Monitoring")]
    pub(crate) hook_shell: bool,

    /// Exit with 0 if the ticket is valid, else with 1
    #[arg(long, help_heading = "Other")]
    pub(crate) check: bool,
    /// How much longer it must be valid for --check
    #[arg(
        long,
        value_name = "SECONDS",
        requires = "check",
        help_heading = "Other"
    )]
    pub(crate) min_life: Option<String>,
    /// Read the tickets to keep and settings from this file
    #[arg(long, value_name = "FILE", help_heading = "Other")]
    pub(crate) config: Option<PathBuf>,
}

impl Typed {
    /// Whether the options specify neither who logs in nor with what.
    pub(crate) fn says_nothing(&self) -> bool {
        self.principals.is_empty() && !self.names_secret() && self.config.is_none()
    }

    /// An option that applies to a single ticket, if there is one.
    pub(crate) fn option_of_ticket(&self) -> Option<&'static str> {
        let options = [
            ("-k", self.keytab),
            ("-t", self.keytab_name.is_some()),
            ("-i", self.client_keytab),
            ("--password-file", self.password_file.is_some()),
            ("--password-env", self.password_env.is_some()),
            ("--secret-file", self.secret_file.is_some()),
            ("--secret-env", self.secret_env.is_some()),
            ("-c", self.cache.is_some()),
            ("-o", self.owner.is_some()),
            ("-g", self.group.is_some()),
            ("-m", self.mode.is_some()),
            ("--destroy", self.destroy),
            ("-l", self.lifetime.is_some()),
            ("-r", self.renew_lifetime.is_some()),
            ("--service", !self.service.is_empty()),
            ("-S", self.initial_service.is_some()),
            ("-f", self.forwardable),
            ("-F", self.not_forwardable),
            ("-p", self.proxiable),
            ("-P", self.not_proxiable),
            ("-C", self.canonicalize),
            ("-E", self.enterprise),
        ];
        let given = options.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(name, _)| name)
    }

    fn names_secret(&self) -> bool {
        self.keytab
            || self.client_keytab
            || self.keytab_name.is_some()
            || self.password_file.is_some()
            || self.password_env.is_some()
            || self.secret_file.is_some()
            || self.secret_env.is_some()
    }
}

/// Splits a command line at the first `--`: the part before it is ours, the rest is the
/// application's.
pub(crate) fn split(
    arguments: impl IntoIterator<Item = OsString>,
) -> (Vec<OsString>, Option<Vec<OsString>>) {
    let mut arguments = arguments.into_iter();
    let ours = arguments.by_ref().take_while(|word| word != "--").collect();
    let application: Vec<OsString> = arguments.collect();
    (ours, (!application.is_empty()).then_some(application))
}

pub(crate) const USAGE: &str = "\
PROG [OPTIONS] [-k [-t KEYTAB | -i]] [-c CACHE] [PRINCIPAL]
           [-- COMMAND ARGS...]
       PROG [OPTIONS] --password-file FILE | --secret-file FILE [PRINCIPAL]
       PROG [OPTIONS] --config FILE [-- COMMAND ARGS...]
       PROG --check [--min-life SECONDS] [-c CACHE | --config FILE]";

pub(crate) const EXAMPLES: &str = "  \
  PROG -k -t /krb5/svc.keytab -c FILE:/dev/shm/ccache svc@EXAMPLE.COM
      keep svc's ticket fresh in this cache, also when the keytab is replaced
  PROG --secret-file /secrets/db.json -o 1001 -m 0400 -c FILE:/scratch/cc
      the same with a secret manager's user name and password, for user 1001
  PROG -kt svc.keytab --service HTTP/www.example.com svc -- /app/server
      run an application once there are tickets, and exit with its status
  PROG --once -kt svc.keytab svc
      for an init container: get a ticket and exit
  PROG --check --min-life 300
      for a probe: is the cache's ticket valid for five more minutes?
  PROG --config /etc/rekinit.toml --listen :9464 --log json
      keep tickets of several principals; serve health and metrics over HTTP

Signals:
  ALRM, USR1: refresh the tickets now. HUP: reload the configuration. TERM, INT,
  QUIT: end. With an application, HUP, INT, QUIT, TERM, USR1 and USR2 are passed
  on to it.

Environment:
  KRB5_CONFIG, KRB5CCNAME, KRB5_KTNAME, KRB5_CLIENT_KTNAME as in kinit.
  If the command line names neither a principal, a secret nor --config:
  OPTIONS and APPEND_OPTIONS are further options. If OPTIONS is empty, the first
  of /krb5/client.keytab and /krb5/krb5.keytab that exists is the keytab.
  PERIOD_SECONDS or DELAY_SECONDS is the value of --period.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_command_starts_after_first_double_dash() {
        let check = |line: &str, ours: usize, application: Option<usize>| {
            let (first, rest) = split(line.split_whitespace().map(Into::into));
            assert_eq!(
                (first.len(), rest.map(|rest| rest.len())),
                (ours, application),
                "{line}"
            );
        };
        check("-k svc", 2, None);
        check("-k svc --", 2, None);
        check("-k svc -- app -- x", 2, Some(3));
        check("", 0, None);
    }

    #[test]
    fn options_are_spelled_as_in_kinit() {
        let parse = |line: &str| {
            Typed::try_parse_from(["rekinit"].into_iter().chain(line.split_whitespace())).unwrap()
        };
        let typed = parse("-V -kt FILE -l 1h svc -f -r 7d");
        assert_eq!(typed.keytab_name.as_deref(), Some("FILE"));
        assert!(typed.keytab && typed.forwardable && !typed.says_nothing());
        // The last of two opposite options takes effect.
        assert!(!parse("-f -F").forwardable);
        assert!(parse("-F -f").forwardable);
        assert!(parse("-c x -l 1h").says_nothing());
        // Options that apply to a single ticket cannot be used with `--config`, but those for all
        // tickets can.
        let all = "-V -A --period 1h --once --timeout 1 -x --listen :1 --log json -q --hook a \
                   --hook-shell --check --min-life 1 --config f";
        assert_eq!(parse(all).option_of_ticket(), None);
        assert_eq!(parse("-q -m 640").option_of_ticket(), Some("-m"));
        assert_eq!(parse("-F").option_of_ticket(), Some("-F"));
    }
}
