//! Asks for a new password twice, as MIT's tools do.

use kerberos_client::ClientError;
use kerberos_proto::{AskError, Password};
use std::borrow::Cow;
use thiserror::Error;

use crate::input::{configuration, prompt};

/// Why there is no new password.
#[derive(Debug, Error)]
pub(crate) enum Unusable {
    /// The password cannot be read.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The two passwords differ.
    #[error("Password mismatch")]
    Mismatch,
}

/// Asks for a new password twice.
///
/// # Errors
/// When it cannot be read, or the two differ.
pub(crate) fn ask() -> Result<Password, Unusable> {
    let first = prompt::password(b"Enter new password")?;
    let second = prompt::password(b"Enter it again")?;
    if first.expose_bytes() == second.expose_bytes() {
        Ok(first)
    } else {
        Err(Unusable::Mismatch)
    }
}

/// The text of MIT's library for an error in getting the ticket or in changing the password.
pub(crate) fn mit_message(error: &ClientError) -> Cow<'static, str> {
    match error {
        ClientError::Exchange(error) => error.mit_message(),
        ClientError::PasswordChange(error) => error.mit_message(),
        ClientError::Config(_) => configuration::mit_message(error).into(),
        error => error.to_string().into(),
    }
}
