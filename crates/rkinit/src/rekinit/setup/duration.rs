//! Durations in options and files.

use std::time::Duration;

use serde::Deserialize;

use crate::input::durations::seconds;

/// A number, or a duration in the notation of krb5.conf.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "it is not a duration: write it as 3600 or \"1h\""
)]
pub(crate) enum Seconds {
    Number(u32),
    Text(String),
}

impl Seconds {
    /// # Errors
    /// In words, when it is not valid.
    pub(crate) fn duration(self) -> Result<Duration, String> {
        let seconds = match &self {
            Self::Number(number) => Some(*number).filter(|number| *number > 0),
            Self::Text(text) => whole_duration(text),
        };
        let shown = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        };
        seconds
            .map(|seconds| Duration::from_secs(seconds.into()))
            .ok_or_else(|| format!("{shown} is not a duration: write it as 3600 or 1h"))
    }
}

/// A duration typed as the value of `option`.
///
/// # Errors
/// In words, when it is not valid.
pub(crate) fn duration(text: Option<&str>, option: &str) -> Result<Option<Duration>, String> {
    let parse = |text: &str| {
        Seconds::Text(text.to_owned())
            .duration()
            .map_err(|error| format!("{option}: {error}"))
    };
    text.map(parse).transpose()
}

/// The duration in seconds, if all of `text` is valid. MIT's parser reads only the valid start of
/// `1.5h`, which is one second, and so short a pause would cause a login per second.
pub(crate) fn whole_duration(text: &str) -> Option<u32> {
    let is_known = |character: char| character.is_ascii_digit() || " \tdhms:-".contains(character);
    text.chars().all(is_known).then(|| seconds(text)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_must_be_valid_as_a_whole() {
        let check = |text: &str, expected| assert_eq!(whole_duration(text), expected, "{text:?}");
        check("90", Some(90));
        check("1h30m", Some(5_400));
        check(" 1d 2h ", Some(93_600));
        check("1:30", Some(5_400));
        check("1-01:00:00", Some(90_000));
        let none = [
            "1.5h", "1h # one", "1h,", "1w", "30 min", "5m.", "1h1h", "1s1", "1m1h", "2:5x", "-5",
            "0", "", "h", "1\n",
        ];
        for text in none {
            check(text, None);
        }
    }
}
