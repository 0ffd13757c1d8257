//! The arguments of the commands.

use std::ffi::OsString;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::input::arguments;
use crate::messages::Program;

const USAGE: &str = "PROG [-k KEYTAB] [-v] [COMMAND [OPTIONS]]";
const EXAMPLES: &str = "  \
  PROG
      MIT's interactive shell; ? lists what it can do
  PROG -k /etc/krb5.keytab list -t
      show the entries of a keytab, with their timestamps
  PROG -k svc.keytab add -p svc@EXAMPLE.COM -V 2 --fetch
      make an Active Directory account's keys, with the salt from its KDC
  PROG -k svc.keytab purge
      remove keys that were replaced more than a week ago";

/// Make, show and change keytabs.
#[derive(Parser, Debug)]
#[command(version, infer_subcommands = true, infer_long_args = true)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(super) struct Typed {
    /// Use this keytab instead of the default one
    #[arg(short = 'k', long, value_name = "KEYTAB")]
    pub(super) keytab: Option<OsString>,
    /// Report what was done, on standard error
    #[arg(short = 'v', long)]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Show the entries
    List(ListOptions),
    /// Add keys: from a password, as hexadecimal digits, or random
    Add(AddOptions),
    /// Remove entries
    #[command(visible_alias = "delete")]
    Remove(RemoveOptions),
    /// Change the principal of entries
    Rename(RenameOptions),
    /// Add the entries of another keytab
    #[command(visible_alias = "copy")]
    Merge(MergeOptions),
    /// Remove keys that were replaced by newer ones
    Purge(PurgeOptions),
    /// Add entries from a JSON document made by list --json --keys
    Import {
        /// The document; - or none is standard input
        #[arg(value_name = "FILE")]
        file: Option<OsString>,
    },
}

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct ListOptions {
    /// Show when each entry was written
    #[arg(short = 't', long = "timestamp")]
    pub(super) timestamps: bool,
    /// Show the secret keys
    #[arg(short = 'K', long)]
    pub(super) keys: bool,
    /// Print the entries as a JSON document
    #[arg(long)]
    pub(super) json: bool,
    /// Show encryption types, which is done anyway
    #[arg(short = 'e', hide = true)]
    _etypes: bool,
}

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("types").args(["enctypes", "fetch"]).required(true).multiple(true)))]
pub(super) struct AddOptions {
    /// The principal that the key belongs to
    #[arg(short = 'p', long, value_name = "PRINCIPAL")]
    pub(super) principal: String,
    // On two lines, because it does not fit on one beside the options.
    #[arg(
        short = 'V',
        long,
        value_name = "NUMBER",
        help = "The key version number; a service's must\nbe the KDC's (kvno shows it)"
    )]
    pub(super) kvno: u32,
    /// The encryption type; may be repeated
    #[arg(
        short = 'e',
        long = "enctype",
        value_name = "ENCTYPE",
        value_delimiter = ','
    )]
    pub(super) enctypes: Vec<String>,
    /// Generate a random key
    #[arg(short = 'r', long = "random-key", visible_alias = "random")]
    #[arg(conflicts_with_all = ["hex", "fetch", "salt", "password_file"])]
    pub(super) random_key: bool,
    /// Take the key in hexadecimal, not a password
    #[arg(short = 'H', long, conflicts_with_all = ["fetch", "salt"])]
    pub(super) hex: bool,
    /// Read the password or key from FILE (-: stdin)
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<OsString>,
    /// The salt, instead of the principal's default salt
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
    /// Only entries of this principal
    #[arg(short = 'p', long, value_name = "PRINCIPAL")]
    pub(super) principal: Option<String>,
    /// Only entries with this key version number
    #[arg(short = 'V', long, value_name = "NUMBER")]
    pub(super) kvno: Option<u32>,
    /// Only entries with this encryption type
    #[arg(short = 'e', long, value_name = "ENCTYPE")]
    pub(super) enctype: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct RenameOptions {
    /// The principal to rename
    pub(super) from: String,
    /// The new name of the principal
    pub(super) to: String,
    /// Keep the old entries as well
    #[arg(long = "no-delete")]
    pub(super) keep: bool,
}

#[derive(Args, Debug)]
pub(super) struct MergeOptions {
    /// The keytab to copy entries from
    pub(super) source: OsString,
    /// The keytab to add them to, instead of that of -k
    pub(super) destination: Option<OsString>,
    /// Also add entries that differ only in the key
    #[arg(long)]
    pub(super) copy_duplicates: bool,
}

#[derive(Args, Debug)]
pub(super) struct PurgeOptions {
    /// Minimum age of the newer key (36h or 2d)
    #[arg(long, value_name = "AGE", default_value = "1 week")]
    pub(super) age: String,
}

/// The tool's clap definition, for manual pages and completions.
pub(in crate::ktutil) fn definition(name: &str) -> clap::Command {
    arguments::define::<Typed>(name, USAGE, EXAMPLES)
}

/// Parses the command line.
///
/// # Errors
/// The exit status, after a message was printed.
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
    fn clap_definitions_are_consistent() {
        Typed::command().debug_assert();
    }

    #[test]
    fn valid_commands_parse_and_invalid_ones_are_refused() {
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
