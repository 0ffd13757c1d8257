//! Why a tool did not do what it was asked: what to print, and what to do.

use std::borrow::Cow;
use std::fmt;

use kerberos_files::keytab::KeytabError;

use crate::ccache_select::SelectError;
use crate::keytab_select;
use crate::messages::Program;
use crate::messages::hint;

/// The parts of an error's lines.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) message: Cow<'static, str>,
    pub(crate) context: Cow<'static, str>,
    pub(crate) hint: Option<String>,
}

impl Refusal {
    /// An error without a hint.
    pub(crate) fn new(error: impl fmt::Display, context: &str) -> Self {
        Self {
            message: error.to_string().into(),
            context: context.to_owned().into(),
            hint: None,
        }
    }

    /// The error of a keytab as it happened in `context`.
    pub(crate) fn of_keytab(error: &KeytabError, context: &str) -> Self {
        let (message, hint) = keytab_select::explain(error);
        Self {
            hint,
            ..Self::new(message, context)
        }
    }

    /// Says what is wrong and what to do; the exit status.
    pub(crate) fn report(&self, program: &Program) -> u8 {
        program.error(&self.message, &self.context);
        self.hint.iter().for_each(hint);
        1
    }
}

impl SelectError {
    /// The error as it happened in `context`.
    pub(crate) fn into_refusal(self, context: &str) -> Refusal {
        Refusal {
            hint: self.hint(),
            ..Refusal::new(self, context)
        }
    }
}
