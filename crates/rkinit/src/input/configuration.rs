//! The configuration, read at most once and only when something in it decides; and the
//! environment as far as it may be trusted.

use std::ffi::OsString;
use std::sync::OnceLock;

use kerberos_client::{Client, ClientError, Config, secure_execution};
use kerberos_files::config::ConfigError;

/// The client that krb5.conf and the environment describe.
///
/// # Errors
/// [`ClientError::Config`] when krb5.conf is malformed.
pub(crate) fn client() -> Result<&'static Client, ClientError> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    let client = Client::from_env()?;
    Ok(CLIENT.get_or_init(|| client))
}

/// The configuration alone.
///
/// # Errors
/// As [`client`].
pub(crate) fn load() -> Result<&'static Config, ClientError> {
    client().map(Client::config)
}

/// The words in which MIT's tools report an error of krb5.conf; which line is wrong, and how, is
/// for the hint.
pub(crate) fn mit_message(error: &ClientError) -> &'static str {
    match error {
        ClientError::Config(ConfigError::Profile(error)) => error.kind.mit_message(),
        ClientError::Config(ConfigError::NoEncryptionTypes { .. }) => {
            "No supported encryption types (config file error?)"
        }
        _ => "Improper format of Kerberos configuration file",
    }
}

/// An environment variable that names a file, unless the program runs with rights that its user
/// does not have.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    if secure_execution() {
        return None;
    }
    std::env::var_os(name)
}
