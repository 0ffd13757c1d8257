//! What the tools say on standard error: `prog: message context`, then a `hint:` line.
//!
//! The first line is worded and laid out as MIT's `com_err` does, because scripts match it; the
//! hint is ours and says what to do next. It knows no Kerberos: the wording of each error comes
//! from its type.

pub(crate) mod advice;
pub(crate) mod refusal;
pub(crate) mod trace;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::{fmt, io};

/// The name a tool was called by; every message starts with it.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    name: String,
    /// As it was called: with a path or without.
    called: PathBuf,
    /// Whether errors are put as krb5.conf wants them, which not all of MIT's tools do.
    heeds_err_fmt: bool,
}

impl Program {
    /// The program that was called as `argv0`.
    pub(crate) fn new(argv0: Option<OsString>) -> Self {
        let called = PathBuf::from(argv0.unwrap_or_else(|| "rkinit".into()));
        let name = called.file_name().unwrap_or(OsStr::new("rkinit"));
        Self {
            name: name.to_string_lossy().into_owned(),
            called,
            heeds_err_fmt: false,
        }
    }

    /// The same program, which puts its errors as `err_fmt` of krb5.conf wants them.
    pub(crate) fn heeding_err_fmt(self) -> Self {
        Self {
            heeds_err_fmt: true,
            ..self
        }
    }

    /// Whether it does.
    pub(crate) fn heeds_err_fmt(&self) -> bool {
        self.heeds_err_fmt
    }

    /// Where the program is: what the kernel says or, without `/proc`, the path in its call.
    pub(crate) fn path(&self) -> io::Result<PathBuf> {
        std::env::current_exe().or_else(|error| {
            let has_directory = self.called.components().nth(1).is_some();
            if has_directory {
                self.called.canonicalize()
            } else {
                Err(error)
            }
        })
    }

    /// The same under the whole name that it was called by, as MIT's kpasswd goes by.
    pub(crate) fn in_full(&self) -> Self {
        Self {
            name: self.called.to_string_lossy().into_owned(),
            ..self.clone()
        }
    }

    /// The last part of the path that it was called by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Prints `prog: message context`; an empty context adds no blank.
    pub(crate) fn error(&self, message: impl fmt::Display, context: impl fmt::Display) {
        let context = context.to_string();
        let blank = if context.is_empty() { "" } else { " " };
        line(format_args!("{}: {message}{blank}{context}", self.name));
    }
}

/// Prints `hint: …`, what to do about the error before it.
pub(crate) fn hint(text: impl fmt::Display) {
    line(format_args!("hint: {text}"));
}

/// What the system said, without Rust's `(os error N)`: as the C library words it.
pub(crate) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Prints a line on standard error, in one write; a closed standard error is nobody's problem.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_goes_by_the_last_part_of_its_path() {
        let check = |argv0: Option<&str>, name: &str| {
            assert_eq!(Program::new(argv0.map(Into::into)).name(), name);
        };
        check(Some("/usr/bin/klist"), "klist");
        check(Some("klist"), "klist");
        check(Some("./kinit.mit"), "kinit.mit");
        check(Some(""), "rkinit");
        check(None, "rkinit");
    }

    #[test]
    fn system_errors_read_as_the_c_librarys() {
        assert_eq!(
            system_text(&io::Error::from_raw_os_error(13)),
            "Permission denied"
        );
        assert_eq!(system_text(&io::Error::other("odd")), "odd");
    }
}
