//! Why there is no ticket: what to print, and what to do.

use std::borrow::Cow;
use std::fmt;

use kerberos_files::keytab::KeytabError;

use crate::ccache_select::SelectError;
use crate::keytab_select;

/// What `kinit` says most failures happened in.
pub(super) const CONTEXT: &str = "while getting initial credentials";

/// The parts of an error's lines.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) message: Cow<'static, str>,
    pub(super) context: Cow<'static, str>,
    pub(super) hint: Option<String>,
}

impl Refusal {
    /// An error without a hint.
    pub(super) fn new(error: impl fmt::Display, context: &str) -> Self {
        Self {
            message: error.to_string().into(),
            context: context.to_owned().into(),
            hint: None,
        }
    }

    pub(super) fn of_keytab(error: &KeytabError, context: &str) -> Self {
        let (message, hint) = keytab_select::explain(error);
        Self {
            hint,
            ..Self::new(message, context)
        }
    }
}

impl SelectError {
    /// The error as it happened in `context`.
    pub(super) fn into_refusal(self, context: &str) -> Refusal {
        Refusal {
            hint: self.hint(),
            ..Refusal::new(self, context)
        }
    }
}
