//! The configuration, which is read at most once and only when it is needed; and environment
//! variables, as far as they may be trusted.

use std::ffi::OsString;
use std::sync::OnceLock;

use kerberos_client::{Client, ClientError, Config, secure_execution};
use kerberos_files::config::ConfigError;

/// The client for the settings of krb5.conf and the environment.
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

/// The configuration without a client.
///
/// # Errors
/// As for [`client`].
pub(crate) fn load() -> Result<&'static Config, ClientError> {
    client().map(Client::config)
}

/// The text of MIT's tools for an error in krb5.conf. The line and the reason are in the hint.
pub(crate) fn mit_message(error: &ClientError) -> &'static str {
    match error {
        ClientError::Config(ConfigError::Profile(error)) => error.kind.mit_message(),
        ClientError::Config(ConfigError::NoEncryptionTypes { .. }) => {
            "No supported encryption types (config file error?)"
        }
        _ => "Improper format of Kerberos configuration file",
    }
}

/// An environment variable that names a file. It is ignored if the program runs with rights that
/// its user does not have.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    if secure_execution() {
        return None;
    }
    std::env::var_os(name)
}
