//! What the tools print on standard error: `prog: message context`, then a `hint:` line.
//!
//! The first line has the wording and layout of MIT's `com_err`, because scripts match it. The hint
//! is our own and says what to do next. This module knows nothing about Kerberos: the wording of an
//! error comes from its type.

pub(crate) mod advice;
pub(crate) mod refusal;
pub(crate) mod trace;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::{fmt, io};

/// The name that a tool was called by; every message starts with it.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    name: String,
    /// As given by the caller: with or without a path.
    called: PathBuf,
    /// Whether errors are formatted according to `err_fmt` of krb5.conf; not all of MIT's tools do
    /// so.
    heeds_err_fmt: bool,
}

impl Program {
    /// The program that was called with the name `argv0`.
    pub(crate) fn new(argv0: Option<OsString>) -> Self {
        let called = PathBuf::from(argv0.unwrap_or_else(|| "rkinit".into()));
        let name = called.file_name().unwrap_or(OsStr::new("rkinit"));
        Self {
            name: name.to_string_lossy().into_owned(),
            called,
            heeds_err_fmt: false,
        }
    }

    /// The same program, which formats its errors according to `err_fmt` of krb5.conf.
    pub(crate) fn heeding_err_fmt(self) -> Self {
        Self {
            heeds_err_fmt: true,
            ..self
        }
    }

    /// Whether errors are formatted according to `err_fmt`.
    pub(crate) fn heeds_err_fmt(&self) -> bool {
        self.heeds_err_fmt
    }

    /// The path of the program: from the kernel or, without `/proc`, from the name it was called
    /// by.
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

    /// The same program, whose messages show the full name that it was called by, as MIT's kpasswd
    /// does.
    pub(crate) fn in_full(&self) -> Self {
        Self {
            name: self.called.to_string_lossy().into_owned(),
            ..self.clone()
        }
    }

    /// The last component of the path that it was called by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Prints `prog: message context`. Without a context there is no trailing blank.
    pub(crate) fn error(&self, message: impl fmt::Display, context: impl fmt::Display) {
        let context = context.to_string();
        let blank = if context.is_empty() { "" } else { " " };
        line(format_args!("{}: {message}{blank}{context}", self.name));
    }
}

/// Prints `hint: …`, what to do about the preceding error.
pub(crate) fn hint(text: impl fmt::Display) {
    line(format_args!("hint: {text}"));
}

/// The system's error text in the wording of the C library, without Rust's `(os error N)`.
pub(crate) fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Prints a line on standard error, in a single write. A closed standard error is ignored.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_name_is_the_last_component_of_argv0() {
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
    fn system_errors_use_the_text_of_strerror() {
        assert_eq!(
            system_text(&io::Error::from_raw_os_error(13)),
            "Permission denied"
        );
        assert_eq!(system_text(&io::Error::other("odd")), "odd");
    }
}
