//! Asks for a new password, and has it typed twice, as MIT's tools do.

use kerberos_client::ClientError;
use kerberos_proto::{AskError, Password};
use std::borrow::Cow;
use thiserror::Error;

use crate::input::{configuration, prompt};

/// Why there is no new password.
#[derive(Debug, Error)]
pub(crate) enum Unusable {
    /// It cannot be read.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// What was typed first and what was typed then are different.
    #[error("Password mismatch")]
    Mismatch,
}

/// Asks for a new password twice.
///
/// # Errors
/// When it cannot be read, or was not typed the same way twice.
pub(crate) fn ask() -> Result<Password, Unusable> {
    let first = prompt::password(b"Enter new password")?;
    let second = prompt::password(b"Enter it again")?;
    if first.expose_bytes() == second.expose_bytes() {
        Ok(first)
    } else {
        Err(Unusable::Mismatch)
    }
}

/// An error of getting the ticket or of changing the password, as MIT's library words it.
pub(crate) fn mit_message(error: &ClientError) -> Cow<'static, str> {
    match error {
        ClientError::Exchange(error) => error.mit_message(),
        ClientError::PasswordChange(error) => error.mit_message(),
        ClientError::Config(_) => configuration::mit_message(error).into(),
        error => error.to_string().into(),
    }
}
