//! What the commands may be told.

use std::ffi::OsString;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::input::arguments;
use crate::messages::Program;

const USAGE: &str = "PROG [-k KEYTAB] [-v] [COMMAND [OPTIONS]]";
const EXAMPLES: &str = "  \
  PROG
      MIT's interactive shell; ? lists what it can do
  PROG -k /etc/krb5.keytab list -t
      show whose keys a keytab has
  PROG -k svc.keytab add -p svc@EXAMPLE.COM -V 2 --fetch
      make the keys of an account of Active Directory, as its KDC says
  PROG -k svc.keytab purge
      remove keys that were replaced more than a week ago";

/// Make, show and change keytabs.
#[derive(Parser, Debug)]
#[command(version, infer_subcommands = true, infer_long_args = true)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(super) struct Typed {
    /// The keytab, instead of that of KRB5_KTNAME or the configured one
    #[arg(short = 'k', long, value_name = "KEYTAB")]
    pub(super) keytab: Option<OsString>,
    /// Say what was done, on standard error
    #[arg(short = 'v', long)]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Show the entries
    List(ListOptions),
    /// Add keys made of a password, given as digits, or random
    Add(AddOptions),
    /// Remove entries
    #[command(visible_alias = "delete")]
    Remove(RemoveOptions),
    /// Give the entries of one principal to another
    Rename(RenameOptions),
    /// Add what another keytab has
    #[command(visible_alias = "copy")]
    Merge(MergeOptions),
    /// Remove keys for which there is a newer one
    Purge(PurgeOptions),
    /// Add the entries of a JSON document, as `list --json --keys` shows them
    Import {
        /// The document; - is standard input
        #[arg(value_name = "FILE")]
        file: Option<OsString>,
    },
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct ListOptions {
    /// Show when each entry was written
    #[arg(short = 't', long = "timestamp")]
    pub(super) timestamps: bool,
    /// Show the keys themselves
    #[arg(short = 'K', long)]
    pub(super) keys: bool,
    /// Show a JSON document
    #[arg(long)]
    pub(super) json: bool,
    /// Show encryption types, which is done anyway
    #[arg(short = 'e', hide = true)]
    _etypes: bool,
}

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("types").args(["enctypes", "fetch"]).required(true).multiple(true)))]
pub(super) struct AddOptions {
    /// Whose key it is
    #[arg(short = 'p', long, value_name = "PRINCIPAL")]
    pub(super) principal: String,
    /// The key version number
    #[arg(short = 'V', long, value_name = "NUMBER")]
    pub(super) kvno: u32,
    /// The encryption type; repeat it for more than one
    #[arg(
        short = 'e',
        long = "enctype",
        value_name = "ENCTYPE",
        value_delimiter = ','
    )]
    pub(super) enctypes: Vec<String>,
    /// Make a random key
    #[arg(short = 'r', long = "random-key", visible_alias = "random")]
    #[arg(conflicts_with_all = ["hex", "fetch", "salt", "password_file"])]
    pub(super) random_key: bool,
    /// Take hexadecimal digits of the key instead of a password
    #[arg(short = 'H', long, conflicts_with_all = ["fetch", "salt"])]
    pub(super) hex: bool,
    /// Read the password, or the digits, from the first line of a file; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<OsString>,
    /// The salt, instead of that which follows from the principal
    #[arg(long, conflicts_with = "fetch", allow_hyphen_values = true)]
    pub(super) salt: Option<OsString>,
    /// Ask the KDC for the salt and the encryption types
    #[arg(short = 'f', long)]
    pub(super) fetch: bool,
    #[arg(short = 'w', long, hide = true, allow_hyphen_values = true)]
    pub(super) password: Option<OsString>,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(super) struct RemoveOptions {
    /// Whose entries
    #[arg(short = 'p', long, value_name = "PRINCIPAL")]
    pub(super) principal: Option<String>,
    /// With this key version number
    #[arg(short = 'V', long, value_name = "NUMBER")]
    pub(super) kvno: Option<u32>,
    /// With this encryption type
    #[arg(short = 'e', long, value_name = "ENCTYPE")]
    pub(super) enctype: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct RenameOptions {
    /// Whose entries they are
    pub(super) from: String,
    /// Whose they shall be
    pub(super) to: String,
    /// Keep the old entries too
    #[arg(long = "no-delete")]
    pub(super) keep: bool,
}

#[derive(Args, Debug)]
pub(super) struct MergeOptions {
    /// The keytab to take entries from
    pub(super) source: OsString,
    /// The keytab to add them to, instead of that of -k
    pub(super) destination: Option<OsString>,
    /// Add also entries that differ from one that is there by nothing but the key
    #[arg(long)]
    pub(super) copy_duplicates: bool,
}

#[derive(Args, Debug)]
pub(super) struct PurgeOptions {
    /// For how long a newer key must have been there, as "1 week", 36h or 2d
    #[arg(long, value_name = "AGE", default_value = "1 week")]
    pub(super) age: String,
}

/// What the tool takes, for manual pages and completions.
pub(in crate::ktutil) fn definition(name: &str) -> clap::Command {
    arguments::define::<Typed>(name, USAGE, EXAMPLES)
}

/// Parses the command line.
///
/// # Errors
/// The exit status, after what there was to say.
pub(super) fn parse(program: &Program, arguments: &[OsString]) -> Result<Typed, u8> {
    arguments::parse_commands(program, arguments, None, USAGE, EXAMPLES)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Typed, clap::Error> {
        Typed::try_parse_from(["ktutil"].into_iter().chain(line.split_whitespace()))
    }

    #[test]
    fn the_definitions_are_sound() {
        Typed::command().debug_assert();
    }

    #[test]
    fn what_is_taken_and_what_is_not() {
        let check = |line: &str, taken| assert_eq!(parse(line).is_ok(), taken, "{line}");
        check("-k x list", true);
        check("--keytab=x -v list -t --keys --json", true);
        check("list -tK", true);
        check("add -p u -V 1 -e aes256-cts", true);
        check("add -p u -V 1 -e aes256-cts,aes128-cts -r", true);
        check("add -p u -V 1 -f", true);
        check("add -p u -V 1", false);
        check("add -p u -e aes256-cts", false);
        check("add -V 1 -e aes256-cts", false);
        check("add -p u -V -1 -e aes256-cts", false);
        check("add -p u -V 1 -e aes256-cts -r -H", false);
        check("add -p u -V 1 -e aes256-cts -f --salt x", false);
        check("remove", false);
        check("remove -p u", true);
        check("delete -V 3 -e aes256-cts", true);
        check("rename a", false);
        check("rename a b --no-delete", true);
        check("copy a b", true);
        check("merge a", true);
        check("purge --age 3d", true);
        check("import", true);
        check("import - x", false);
        check("nonsense", false);
        check("-k x", false);
    }
}
