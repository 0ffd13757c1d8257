//! The options of `kinit` as typed.

use std::ffi::OsString;

use clap::Parser;

use crate::input::arguments;
use crate::input::arguments::Arguments;
use crate::kinit::plan::{Complaints, Plan};
use crate::messages::{Program, line};

/// Get and cache a Kerberos ticket-granting ticket.
#[derive(Parser, Debug, Default)]
#[command(args_override_self = true, infer_long_args = true)]
#[command(version, disable_version_flag = true)]
pub(super) struct Typed {
    /// Be verbose: report each step on standard error
    #[arg(short = 'V')]
    pub(super) verbose: bool,
    /// Store the ticket in this cache instead of the default one
    #[arg(short = 'c', value_name = "CACHE", allow_hyphen_values = true)]
    pub(super) caches: Vec<OsString>,
    /// Take hints on how to authenticate from this cache
    #[arg(short = 'I', value_name = "CACHE", allow_hyphen_values = true)]
    pub(super) input_caches: Vec<OsString>,
    /// Get a ticket for this service, not a ticket-granting ticket
    #[arg(short = 'S', value_name = "SERVICE", allow_hyphen_values = true)]
    pub(super) service: Option<OsString>,
    /// Print the version
    #[arg(long, action = clap::ArgAction::Version)]
    pub(super) version: Option<bool>,

    /// Use a key from a keytab instead of a password
    #[arg(short = 'k', overrides_with_all = ["renew", "validate"], help_heading = "Secrets")]
    pub(super) keytab: bool,
    /// Use this keytab instead of the default one
    #[arg(short = 't', value_name = "KEYTAB", allow_hyphen_values = true)]
    #[arg(help_heading = "Secrets")]
    pub(super) keytabs: Vec<OsString>,
    /// Use the default client keytab
    #[arg(short = 'i', help_heading = "Secrets")]
    pub(super) client_keytab: bool,
    /// Read the password from FILE (-: standard input)
    #[arg(long, value_name = "FILE", allow_hyphen_values = true)]
    #[arg(help_heading = "Secrets")]
    pub(super) password_file: Option<OsString>,
    /// Authenticate anonymously (not supported yet)
    #[arg(short = 'n', help_heading = "Secrets")]
    pub(super) anonymous: bool,
    /// FAST armor for the exchange (not supported yet)
    #[arg(short = 'T', value_name = "CACHE", allow_hyphen_values = true)]
    #[arg(help_heading = "Secrets")]
    pub(super) armor: Vec<OsString>,
    /// A preauthentication attribute (not supported yet)
    #[arg(
        short = 'X',
        value_name = "ATTRIBUTE[=VALUE]",
        allow_hyphen_values = true
    )]
    #[arg(help_heading = "Secrets")]
    pub(super) attributes: Vec<OsString>,

    /// How long it is valid: 36000, 10h or 1d12h30m
    #[arg(short = 'l', value_name = "LIFETIME", allow_hyphen_values = true)]
    #[arg(help_heading = "The ticket")]
    pub(super) lifetime: Vec<OsString>,
    /// How long it can be renewed, counted from now (7d)
    #[arg(short = 'r', value_name = "LIFETIME", allow_hyphen_values = true)]
    #[arg(help_heading = "The ticket")]
    pub(super) renew_lifetime: Vec<OsString>,
    /// Start: a delay from now (2h) or a time (20270704120000)
    #[arg(short = 's', value_name = "TIME", allow_hyphen_values = true)]
    #[arg(help_heading = "The ticket")]
    pub(super) start: Vec<OsString>,
    /// Request a forwardable ticket
    #[arg(short = 'f', long, help_heading = "The ticket")]
    pub(super) forwardable: bool,
    /// Request a ticket that is not forwardable
    #[arg(short = 'F', long = "noforwardable", help_heading = "The ticket")]
    pub(super) not_forwardable: bool,
    /// Request a proxiable ticket
    #[arg(short = 'p', long, help_heading = "The ticket")]
    pub(super) proxiable: bool,
    /// Request a ticket that is not proxiable
    #[arg(short = 'P', long = "noproxiable", help_heading = "The ticket")]
    pub(super) not_proxiable: bool,
    /// Bind the ticket to this host's addresses
    #[arg(short = 'a', long, help_heading = "The ticket")]
    pub(super) addresses: bool,
    /// Do not bind the ticket to addresses
    #[arg(short = 'A', long = "noaddresses", help_heading = "The ticket")]
    pub(super) no_addresses: bool,
    /// Request a ticket with a PAC
    #[arg(long, help_heading = "The ticket")]
    pub(super) request_pac: bool,
    /// Request a ticket without a PAC
    #[arg(long, help_heading = "The ticket")]
    pub(super) no_request_pac: bool,

    /// Let the KDC canonicalize the principal name
    #[arg(short = 'C', long, help_heading = "The principal")]
    pub(super) canonicalize: bool,
    /// The principal is an enterprise name (user@company.example)
    #[arg(short = 'E', long, help_heading = "The principal")]
    pub(super) enterprise: bool,

    /// Renew the cache's ticket, or with -S that service's ticket
    #[arg(short = 'R', overrides_with_all = ["keytab", "validate"], help_heading = "Existing tickets")]
    pub(super) renew: bool,
    /// Validate the cache's postdated ticket after its start time
    #[arg(short = 'v', overrides_with_all = ["keytab", "renew"], help_heading = "Existing tickets")]
    pub(super) validate: bool,

    /// Check krb5.conf and whether the KDCs answer
    #[arg(long, help_heading = "Other")]
    pub(super) check_config: bool,
    /// Print the result as a JSON document
    #[arg(long, help_heading = "Other")]
    pub(super) json: bool,
    /// Create a link for each tool in DIRECTORY
    #[arg(long, value_name = "DIRECTORY", help_heading = "Other")]
    pub(super) install_links: Option<OsString>,
    /// Also create links with MIT's names
    #[arg(long, requires = "install_links", help_heading = "Other")]
    pub(super) mit_names: bool,

    #[arg(short = '4', hide = true)]
    pub(super) kerberos_4: bool,
    #[arg(short = '5', hide = true)]
    pub(super) kerberos_5: bool,
    #[arg(hide = true)]
    pub(super) principals: Vec<OsString>,
    #[arg(last = true, hide = true)]
    pub(super) command: Vec<OsString>,
}

impl Arguments for Typed {
    const SHORT: &'static str = "r:fpFPn54aAVl:s:c:kit:T:RS:vX:CEI:";
    const USAGE: &'static str = "\
PROG [-V] [-l LIFETIME] [-s START_TIME] [-r RENEWABLE_LIFE]
       [-f | -F] [-p | -P] [-n] [-a | -A] [-C] [-E]
       [--request-pac | --no-request-pac]
       [-v] [-R] [-k [-i | -t KEYTAB]] [-c CACHE]
       [-S SERVICE] [-I INPUT_CACHE] [-T ARMOR_CACHE]
       [-X ATTRIBUTE[=VALUE]] [--password-file FILE] [PRINCIPAL]
       [--json | -- COMMAND [ARGUMENTS]]
       PROG --check-config [--json] [REALM]";
    const EXAMPLES: &'static str = "  \
  PROG alice@EXAMPLE.COM
      ask for alice's password and cache a ticket-granting ticket
  PROG -kt /etc/app.keytab app/host.example.com
      the same for a service, with a key from a keytab
  PROG -l 1h -r 7d -c FILE:/run/app/cc -kt /etc/app.keytab app
      a one-hour ticket that can be renewed for a week, in its own cache
  PROG -kt /etc/app.keytab app -- /usr/bin/app --serve
      run a program with its own cache, and keep the ticket fresh until it ends
  PROG -R -- ./night-job.sh
      renew the ticket into a separate cache, and run a program with that
  PROG --check-config EXAMPLE.COM
      show what krb5.conf says, where the KDCs are and whether they answer";
    const USAGE_STATUS: u8 = 2;

    fn option(&mut self, letter: u8, value: OsString) {
        match letter {
            b'V' => self.verbose = true,
            b'c' => self.caches.push(value),
            b'I' => self.input_caches.push(value),
            b'S' => self.service = Some(value),
            // The last of these three takes effect.
            b'k' | b'R' | b'v' => {
                self.keytab = letter == b'k';
                self.renew = letter == b'R';
                self.validate = letter == b'v';
            }
            b't' => self.keytabs.push(value),
            b'i' => self.client_keytab = true,
            b'n' => self.anonymous = true,
            b'T' => self.armor.push(value),
            b'X' => self.attributes.push(value),
            b'l' => self.lifetime.push(value),
            b'r' => self.renew_lifetime.push(value),
            b's' => self.start.push(value),
            b'f' => self.forwardable = true,
            b'F' => self.not_forwardable = true,
            b'p' => self.proxiable = true,
            b'P' => self.not_proxiable = true,
            b'a' => self.addresses = true,
            b'A' => self.no_addresses = true,
            b'C' => self.canonicalize = true,
            b'E' => self.enterprise = true,
            b'4' => self.kerberos_4 = true,
            _ => self.kerberos_5 = true,
        }
    }

    fn operand(&mut self, value: OsString) {
        self.principals.push(value);
    }

    fn behind_dashes(&mut self, value: OsString) {
        self.command.push(value);
    }
}

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Ticket(Box<Plan>),
    Links {
        directory: OsString,
        mit_names: bool,
    },
    Check {
        realm: Option<OsString>,
        as_json: bool,
    },
}

/// Parses and resolves the command line.
///
/// # Errors
/// The exit status, after a message was printed.
pub(super) fn parse(
    program: &Program,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Asked, u8> {
    let mut typed: Typed = arguments::parse(program, arguments)?;
    if typed.kerberos_4 {
        return Err(arguments::kerberos_4());
    }
    if let Some(directory) = typed.install_links.take() {
        return Ok(Asked::Links {
            directory,
            mit_names: typed.mit_names,
        });
    }
    if typed.check_config {
        let mut operands = typed.principals.drain(..);
        let realm = operands.next();
        if let Some(extra) = operands.next() {
            let extra = extra.display();
            line(format_args!("Extra arguments (starting with \"{extra}\")."));
            return Err(arguments::usage::<Typed>(program));
        }
        let as_json = typed.json;
        return Ok(Asked::Check { realm, as_json });
    }
    let mut complaints = Complaints::default();
    let plan = typed.resolve(&mut complaints);
    for text in &complaints.texts {
        line(format_args!("{text}"));
    }
    if complaints.count > 0 {
        Err(arguments::usage::<Typed>(program))
    } else {
        Ok(Asked::Ticket(Box::new(plan)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn getopt_reader_agrees_with_clap() {
        arguments::assert_readers_agree::<Typed>(&[
            "",
            "-V",
            "-f",
            "-F",
            "-p",
            "-P",
            "-n",
            "-a",
            "-A",
            "-C",
            "-E",
            "-4",
            "-5",
            "-k",
            "-i",
            "-R",
            "-v",
            "-k -R",
            "-v -k",
            "-R -v",
            "-t kt",
            "-ktkt -t x",
            "-T a -T b",
            "-X a -Xb=c",
            "-S s -S t",
            "-l 1h -l 2h",
            "-r 1d",
            "-s 1",
            "-s -1",
            "-c a -cb",
            "-I x",
            "u -kt f v",
            "-- -V",
            "-k u -- ls -l -- -a",
        ]);
    }
}
