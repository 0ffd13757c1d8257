//! Why a tool did not do what it was asked to: what to print, and what to do about it.

use std::borrow::Cow;
use std::fmt;

use kerberos_client::ClientError;
use kerberos_files::ccache::CcacheError;
use kerberos_files::keytab::{KeytabError, KeytabNameError};

use crate::input::ccache_select::SelectError;
use crate::input::{configuration, keytab_select};
use crate::messages::{Program, hint};

/// The parts of an error's lines.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) message: Cow<'static, str>,
    pub(crate) context: Cow<'static, str>,
    pub(crate) hint: Option<String>,
    /// The error's number in MIT's library.
    pub(crate) code: Option<i32>,
}

/// An error whose text is that of MIT's library.
pub(crate) trait MitError: fmt::Display {
    /// The error's number in MIT's library.
    fn code(&self) -> Option<i32>;

    /// What to do about the error.
    fn advice(&self) -> Option<String>;
}

impl Refusal {
    /// An error without a number or hint.
    pub(crate) fn new(error: impl fmt::Display, context: &str) -> Self {
        Self {
            message: error.to_string().into(),
            context: context.to_owned().into(),
            hint: None,
            code: None,
        }
    }

    /// `error` with its `context`.
    pub(crate) fn of(error: &impl MitError, context: &str) -> Self {
        Self {
            hint: error.advice(),
            code: error.code(),
            ..Self::new(error, context)
        }
    }

    /// An error of a keytab with its `context`.
    pub(crate) fn of_keytab(error: &KeytabError, context: &str) -> Self {
        let (message, hint) = keytab_select::explain(error);
        Self {
            hint,
            code: Some(error.mit_code()),
            ..Self::new(message, context)
        }
    }

    /// Prints the error and the hint, and returns the exit status. With `err_fmt` in krb5.conf
    /// there is no hint, because the site's own format says what to do.
    pub(crate) fn report(&self, program: &Program) -> u8 {
        if let Some(message) = self.as_site_wants(program) {
            program.error(message, &self.context);
        } else {
            program.error(&self.message, &self.context);
            self.hint.iter().for_each(hint);
        }
        1
    }

    /// The message in the format `err_fmt` of krb5.conf.
    fn as_site_wants(&self, program: &Program) -> Option<String> {
        let code = self.code.filter(|_| program.heeds_err_fmt())?;
        let format = configuration::load().ok()?.krb5().err_fmt()?;
        Some(put(format, &self.message, code))
    }
}

/// Expands `format`: `%M` to the message, `%C` to the number and `%%` to a percent sign. Other
/// sequences stay unchanged.
fn put(format: &str, message: &str, code: i32) -> String {
    let mut text = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let mut letters = after.chars();
        match letters.next() {
            Some('M') => text.push_str(message),
            Some('C') => text.push_str(&code.to_string()),
            Some('%') | None => text.push('%'),
            Some(other) => text.extend(['%', other]),
        }
        rest = letters.as_str();
    }
    text + rest
}

impl SelectError {
    /// The error with its `context`.
    pub(crate) fn into_refusal(self, context: &str) -> Refusal {
        Refusal::of(&self, context)
    }
}

impl MitError for ClientError {
    fn code(&self) -> Option<i32> {
        self.mit_code()
    }

    fn advice(&self) -> Option<String> {
        self.hint()
    }
}

impl MitError for CcacheError {
    fn code(&self) -> Option<i32> {
        Some(self.mit_code())
    }

    fn advice(&self) -> Option<String> {
        self.hint()
    }
}

impl MitError for KeytabNameError {
    fn code(&self) -> Option<i32> {
        Some(self.mit_code())
    }

    fn advice(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn err_fmt_placeholders_are_expanded() {
        let check = |format, expected| assert_eq!(put(format, "Lost", -7), expected);
        check("%M", "Lost");
        check("FOO %M (see %C, %C)", "FOO Lost (see -7, -7)");
        check("%%%M %-% %C%", "%Lost %-% -7%");
        check("no more to say", "no more to say");
        check("%m%é", "%m%é");
        check("", "");
    }
}
