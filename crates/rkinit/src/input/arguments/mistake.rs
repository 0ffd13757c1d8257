//! Words clap's errors in a command line as getopt does, where getopt has the same error.

use std::error::Error as _;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The error text for the arguments of `command`.
pub(super) fn text(error: &clap::Error, command: &clap::Command) -> String {
    if let (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(missing))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    {
        let missing: Vec<String> = missing.iter().map(|wanted| in_words(wanted)).collect();
        return match missing.as_slice() {
            [one] => format!("{one} is required with these options"),
            several => format!("{} are required", several.join(" and ")),
        };
    }
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        let text = error.to_string();
        return text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .into();
    };
    // clap shows an option together with its value's name, as in `-c <CACHE>`.
    let option = argument.split([' ', '=']).next().unwrap_or(argument);
    let short = option
        .strip_prefix('-')
        .filter(|rest| !rest.starts_with('-'));
    match (error.kind(), short) {
        (ErrorKind::UnknownArgument, Some(letter)) => format!("invalid option -- '{letter}'"),
        (ErrorKind::UnknownArgument, None) if !option.starts_with('-') => {
            format!("extra argument '{argument}'")
        }
        (ErrorKind::UnknownArgument, None) => unknown_option(option, command),
        (ErrorKind::ValueValidation, _) => {
            let value = match error.get(ContextKind::InvalidValue) {
                Some(ContextValue::String(value)) => value.as_str(),
                _ => "",
            };
            let reason = error
                .source()
                .map_or_else(String::new, |why| format!(": {why}"));
            format!("option '{option}' does not accept '{value}'{reason}")
        }
        (ErrorKind::ArgumentConflict, _) => conflict(option, error),
        (ErrorKind::InvalidValue, Some(letter)) => {
            format!("option requires an argument -- '{letter}'")
        }
        (ErrorKind::InvalidValue, None) => format!("option '{option}' requires an argument"),
        (ErrorKind::TooManyValues, _) => format!("option '{option}' doesn't allow an argument"),
        _ => format!("invalid use of option '{option}'"),
    }
}

/// The error text if there is `--password` or the like among the arguments: taken for an
/// abbreviation of `--password-file`, it would make a password the name of a file, which is shown.
pub(super) fn of_a_password(arguments: &[OsString]) -> Option<String> {
    let mut options = arguments.iter().take_while(|argument| *argument != "--");
    options.find_map(|argument| {
        let option = argument.to_str()?.split('=').next()?;
        let is_abbreviation = option.starts_with("--pa")
            && PASSWORD_FILE.starts_with(option)
            && option != PASSWORD_FILE;
        is_abbreviation.then(|| {
            format!(
                "unrecognized option '{option}'; every user of the machine could read a password \
                 here, so there is only {PASSWORD_FILE} FILE"
            )
        })
    })
}

/// Whether `command` has that option.
pub(super) fn takes_password_file(command: &clap::Command) -> bool {
    let mut known = command.get_arguments();
    known.any(|known| known.get_long() == PASSWORD_FILE.strip_prefix("--"))
}

const PASSWORD_FILE: &str = "--password-file";

/// What is missing, from clap's notation: if one of several options suffices, that is
/// `<--this <VALUE>|--that>`.
fn in_words(wanted: &str) -> String {
    let inner = wanted
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'));
    match inner {
        Some(inner) if inner.contains('|') => inner.replace('|', " or "),
        _ => wanted.to_owned(),
    }
}

/// getopt's text for an option that does not exist, or for an ambiguous prefix.
fn unknown_option(option: &str, command: &clap::Command) -> String {
    let begun = option.trim_start_matches("--");
    let possible: Vec<String> = command
        .get_arguments()
        .filter_map(|known| known.get_long())
        .filter(|known| known.starts_with(begun))
        .map(|known| format!("'--{known}'"))
        .collect();
    match possible.as_slice() {
        [_, _, ..] => format!(
            "option '{option}' is ambiguous; possibilities: {}",
            possible.join(" ")
        ),
        _ => format!("unrecognized option '{option}'"),
    }
}

/// The text for an option that cannot be used together with others, or more than once.
fn conflict(option: &str, error: &clap::Error) -> String {
    let others = match error.get(ContextKind::PriorArg) {
        Some(ContextValue::String(other)) => vec![other.clone()],
        Some(ContextValue::Strings(others)) => others.clone(),
        _ => Vec::new(),
    };
    let others: Vec<&str> = others
        .iter()
        .filter_map(|other| other.split(' ').next())
        .collect();
    match others.as_slice() {
        [] => format!("invalid use of option '{option}'"),
        [other] if *other == option => format!("option '{option}' is given twice"),
        others => format!(
            "option '{option}' cannot be used with '{}'",
            others.join("' and '")
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::CommandFactory as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Sample {
        #[arg(short = 'f')]
        _flag: bool,
        #[arg(short = 'c', allow_hyphen_values = true)]
        _cache: Option<OsString>,
        #[arg(long = "long")]
        _long: bool,
        #[arg(long = "longer")]
        _longer: bool,
        #[arg(long = "number", conflicts_with = "_long")]
        _number: Option<u8>,
    }

    #[test]
    fn usage_errors_are_worded_like_getopt() {
        let check = |line: &str, expected: &str| {
            let command = Sample::command().infer_long_args(true);
            let arguments = ["sample"].into_iter().chain(line.split(' '));
            let error = command.clone().try_get_matches_from(arguments).unwrap_err();
            assert_eq!(text(&error, &command), expected);
        };
        check("-z", "invalid option -- 'z'");
        check("-fz", "invalid option -- 'z'");
        check("--nope", "unrecognized option '--nope'");
        check(
            "--lon",
            "option '--lon' is ambiguous; possibilities: '--long' '--longer'",
        );
        check(
            "--number x",
            "option '--number' does not accept 'x': invalid digit found in string",
        );
        check(
            "--number 1 --long",
            "option '--number' cannot be used with '--long'",
        );
        check("-c", "option requires an argument -- 'c'");
        check("-fc", "option requires an argument -- 'c'");
        check("--long=1", "option '--long' doesn't allow an argument");
    }
}
