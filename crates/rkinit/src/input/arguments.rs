//! From a command line to typed arguments: clap parses, and mistakes are reported in the words of
//! the C library's getopt, as users of MIT's tools know them.
//!
//! This module knows no specific tool: each tool has its own struct and checks what getopt cannot.
//!
//! Short start-up time is a main feature of the tools, and clap alone takes a tenth of a
//! millisecond, more than a listing. So command lines that consist only of short options and
//! operands, which is nearly all of them, are read into the same struct by a short implementation
//! of getopt. Clap does the rest: long options, help and mistakes.

mod help_style;
mod mistake;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use clap::error::ErrorKind;

use crate::messages::{Program, line};
use crate::output;

/// The exit status of `-4`, in every tool.
const KERBEROS_4_STATUS: u8 = 3;

/// The options of a tool, and what clap does not derive.
pub(crate) trait Arguments: clap::Parser + Default {
    /// The short options in getopt's notation: a colon follows those that take a value.
    const SHORT: &'static str;

    /// The usage; `PROG` stands for the name by which the tool was called.
    const USAGE: &'static str;
    /// Example lines for the help, with `PROG` as above.
    const EXAMPLES: &'static str;
    /// The exit status for a wrong command line.
    const USAGE_STATUS: u8;

    /// Stores a short option, with its value if it takes one.
    fn option(&mut self, letter: u8, value: OsString);

    /// Stores an operand.
    fn operand(&mut self, value: OsString);

    /// Stores an argument after `--`.
    fn behind_dashes(&mut self, value: OsString) {
        self.operand(value);
    }

    /// Messages that MIT's tool prints before getopt's error, about the options before the wrong
    /// one.
    fn complaints_before_a_mistake(self) -> Vec<&'static str> {
        Vec::new()
    }
}

/// Parses `arguments`, which exclude the program's name, for the tool that `A` describes.
///
/// # Errors
/// The exit status: 0 after `--help` or `--version`, otherwise the one for a wrong command line.
pub(crate) fn parse<A: Arguments>(
    program: &Program,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<A, u8> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(parsed) = getopt(&arguments) {
        return Ok(parsed);
    }
    let mistake = match parse_all(program, &arguments, A::USAGE, A::EXAMPLES) {
        Ok(arguments) => return Ok(arguments),
        Err(outcome) => outcome?,
    };
    line(format_args!("{}: {}", program.name(), mistake.text));
    let before = (0..arguments.len())
        .rev()
        .find_map(|end| getopt::<A>(arguments.get(..end)?));
    for complaint in before.map_or_else(Vec::new, A::complaints_before_a_mistake) {
        line(format_args!("{complaint}"));
    }
    Err(usage::<A>(program))
}

/// Like [`parse`], for a tool with subcommands, which only clap parses. `origin` says where the
/// arguments come from, if not from the command line.
///
/// # Errors
/// As for [`parse`]; the status for a wrong command line is 2.
pub(crate) fn parse_commands<A: clap::Parser>(
    program: &Program,
    arguments: &[OsString],
    origin: Option<&str>,
    usage: &str,
    examples: &str,
) -> Result<A, u8> {
    let mistake = match parse_all(program, arguments, usage, examples) {
        Ok(arguments) => return Ok(arguments),
        Err(outcome) => outcome?,
    };
    let origin = origin.map_or_else(String::new, |origin| format!("{origin}: "));
    line(format_args!("{}: {origin}{}", program.name(), mistake.text));
    match mistake.command {
        Some(mut command) => {
            let usage = command.render_usage();
            let name = command.get_bin_name().unwrap_or(program.name());
            line(format_args!("{usage}\n{}", try_help(name)));
        }
        None => print_usage(program, usage),
    }
    Err(2)
}

/// What is wrong with a command line.
struct Mistake {
    text: String,
    /// The subcommand whose arguments are wrong, for a tool that has subcommands.
    command: Option<Box<clap::Command>>,
}

/// The clap definition of a tool called `name`. It is used for parsing, and to generate the help,
/// manual pages and completions.
pub(crate) fn definition<A: Arguments>(name: &str) -> clap::Command {
    define::<A>(name, A::USAGE, A::EXAMPLES)
}

/// Like [`definition`], for a tool with subcommands.
pub(crate) fn define<A: clap::CommandFactory>(
    name: &str,
    usage: &str,
    examples: &str,
) -> clap::Command {
    A::command()
        .display_name(name)
        .bin_name(name)
        .override_usage(usage.replace("PROG", name))
        .after_help(format!("Examples:\n{}", examples.replace("PROG", name)))
}

/// Parses with clap. For a wrong command line, the error describes the mistake; for a request such
/// as `--help`, it is the exit status after that.
fn parse_all<A: clap::Parser>(
    program: &Program,
    arguments: &[OsString],
    usage: &str,
    examples: &str,
) -> Result<A, Result<Mistake, u8>> {
    let mut command = define::<A>(program.name(), usage, examples).no_binary_name(true);
    let parsed = command.try_get_matches_from_mut(arguments);
    if let Some(text) = mistake::of_a_password(arguments) {
        let inner = named_command(&command, arguments);
        if mistake::takes_password_file(inner.as_deref().unwrap_or(&command)) {
            return Err(Ok(Mistake {
                text,
                command: inner,
            }));
        }
    }
    let refused = match parsed {
        Ok(mut matches) => match A::from_arg_matches_mut(&mut matches) {
            Ok(arguments) => return Ok(arguments),
            Err(error) => error,
        },
        Err(error) => error,
    };
    if matches!(
        refused.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
    ) {
        let mut text = refused.render().to_string();
        if help_style::is_wanted() {
            text = help_style::coloured(&text);
        }
        return Err(Err(match output::write_all(text.as_bytes()) {
            Ok(()) => 0,
            Err(error) => output::failure(program, &error),
        }));
    }
    let inner = named_command(&command, arguments);
    Err(Ok(Mistake {
        text: mistake::text(&refused, inner.as_deref().unwrap_or(&command)),
        command: inner,
    }))
}

/// The subcommand that the arguments name, even if they are wrong otherwise.
fn named_command(tool: &clap::Command, arguments: &[OsString]) -> Option<Box<clap::Command>> {
    let lenient = tool.clone().ignore_errors(true);
    let matches = lenient.try_get_matches_from(arguments).ok()?;
    let command = tool.find_subcommand(matches.subcommand_name()?)?;
    Some(Box::new(command.clone()))
}

/// Parses short options and operands, in any order; `None` if there is anything else.
fn getopt<A: Arguments>(arguments: &[OsString]) -> Option<A> {
    let mut parsed = A::default();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut letters = match argument.as_bytes() {
            b"--" => {
                arguments.for_each(|operand| parsed.behind_dashes(operand.clone()));
                return Some(parsed);
            }
            [b'-', b'-', ..] => return None,
            [b'-', letters @ ..] if !letters.is_empty() => letters,
            _ => {
                parsed.operand(argument.clone());
                continue;
            }
        };
        while let [letter, rest @ ..] = letters {
            letters = rest;
            let value = if takes_value(A::SHORT, *letter)? {
                match std::mem::take(&mut letters) {
                    [] => arguments.next()?.clone(),
                    value => OsStr::from_bytes(value).to_owned(),
                }
            } else {
                OsString::new()
            };
            parsed.option(*letter, value);
        }
    }
    Some(parsed)
}

/// Whether the option takes a value; `None` if it does not exist.
fn takes_value(short: &str, letter: u8) -> Option<bool> {
    let at = short
        .bytes()
        .position(|known| known == letter && known != b':')?;
    Some(short.as_bytes().get(at + 1) == Some(&b':'))
}

/// Prints the tool's usage on standard error, and returns the exit status for that.
pub(crate) fn usage<A: Arguments>(program: &Program) -> u8 {
    print_usage(program, A::USAGE);
    A::USAGE_STATUS
}

fn print_usage(program: &Program, usage: &str) {
    let name = program.name();
    let usage = usage.replace("PROG", name);
    line(format_args!("Usage: {usage}\n{}", try_help(name)));
}

fn try_help(name: &str) -> String {
    format!("Try '{name} --help' for more information.")
}

/// Prints the error for more than one operand.
pub(crate) fn extra_arguments(second: &OsString) {
    let second = second.to_string_lossy();
    line(format_args!(
        "Extra arguments (starting with \"{second}\")."
    ));
}

/// Prints that Kerberos 4 is no longer supported, and returns the exit status for that.
pub(crate) fn kerberos_4() -> u8 {
    line(format_args!("Kerberos 4 is no longer supported"));
    KERBEROS_4_STATUS
}

/// Checks that getopt and clap parse each of `lines` in the same way; for the tests of all tools.
#[cfg(test)]
pub(crate) fn assert_readers_agree<A: Arguments + std::fmt::Debug>(lines: &[&str]) {
    for line in lines {
        let arguments: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
        let quick: A = getopt(&arguments).unwrap_or_else(|| panic!("{line}: not read"));
        let matches = A::command()
            .no_binary_name(true)
            .try_get_matches_from(arguments);
        let slow = matches
            .and_then(|matches| A::from_arg_matches(&matches))
            .unwrap();
        assert_eq!(format!("{quick:?}"), format!("{slow:?}"), "{line}");
    }
    for letter in 0..=u8::MAX {
        let known = takes_value(A::SHORT, letter).is_some();
        let short = Some(char::from(letter));
        let in_clap = A::command()
            .get_arguments()
            .any(|argument| argument.get_short() == short);
        assert!(!known || in_clap, "-{} is not in clap", char::from(letter));
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;

    #[derive(clap::Parser, Debug)]
    #[command(args_override_self = true)]
    struct Sample {
        #[arg(short)]
        flag: bool,
        #[arg(short, allow_hyphen_values = true)]
        cache: Option<OsString>,
        #[arg(long)]
        long: bool,
        names: Vec<OsString>,
    }

    fn sample(line: &str) -> Result<Sample, clap::Error> {
        let matches = Sample::command()
            .no_binary_name(true)
            .try_get_matches_from(line.split(' '))?;
        Sample::from_arg_matches(&matches)
    }

    #[test]
    fn getopt_spellings_parse() {
        let check = |line: &str, flag, cache: Option<&str>, names: &[&str]| {
            let sample = sample(line).unwrap();
            assert_eq!(sample.flag, flag, "{line}");
            assert_eq!(sample.cache.as_deref(), cache.map(OsStr::new), "{line}");
            assert_eq!(sample.names, names, "{line}");
        };
        check("-fc FILE:x", true, Some("FILE:x"), &[]);
        check("-cFILE:x -f -f", true, Some("FILE:x"), &[]);
        check("name -f", true, None, &["name"]);
        check("-c -f", false, Some("-f"), &[]);
        check("-- -f", false, None, &["-f"]);
        check("-c a -c b", false, Some("b"), &[]);
    }
}
