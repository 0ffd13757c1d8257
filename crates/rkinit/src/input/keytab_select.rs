//! Which keytab a tool works on, and how errors of keytabs are worded.

use std::ffi::{OsStr, OsString};

use kerberos_files::keytab::{KeytabError, KeytabFile, KeytabName};

use crate::Tool;
use crate::input::ccache_select::SelectError;
use crate::input::configuration;
use crate::messages::refusal::Refusal;
use crate::messages::system_text;

/// Which default keytab to use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Default {
    /// The keytab of services: `KRB5_KTNAME`.
    Server,
    /// The keytab of clients: `KRB5_CLIENT_KTNAME`.
    Client,
}

/// The keytab called `name`, otherwise the one in the environment, otherwise the configured one.
pub(crate) fn keytab(name: Option<&OsStr>, default: Default) -> Result<KeytabName, SelectError> {
    let variable = match default {
        Default::Server => "KRB5_KTNAME",
        Default::Client => "KRB5_CLIENT_KTNAME",
    };
    let from_env = || configuration::variable(variable);
    let Some(name) = name.map(OsString::from).or_else(from_env) else {
        let config = configuration::load()?;
        return Ok(match default {
            Default::Server => config.keytab_name(),
            Default::Client => config.client_keytab_name(),
        }?);
    };
    let name = name.into_string().map_err(SelectError::NotText)?;
    KeytabName::parse(&name).map_err(|error| SelectError::Name(error.into()))
}

/// The file of the keytab that [`keytab`] selects; `context` is for errors.
///
/// # Errors
/// When the name is malformed, or is not that of a file.
pub(crate) fn file(
    name: Option<&OsStr>,
    default: Default,
    context: &str,
) -> Result<KeytabFile, Refusal> {
    let keytab = keytab(name, default).map_err(|error| error.into_refusal(context))?;
    let path = keytab.file_path();
    path.map(KeytabFile::new)
        .map_err(|error| Refusal::of(&error, context))
}

/// The text of `error`, in MIT's words, and what to do about it.
pub(crate) fn explain(error: &KeytabError) -> (String, Option<String>) {
    match error {
        KeytabError::Io { path, source } => {
            let advice = format!("the system reports this for {}", path.display());
            (system_text(source), Some(advice))
        }
        KeytabError::NoKeys { path, .. } | KeytabError::EntryNotFound { path, .. } => {
            let path = path.display();
            let advice = format!(
                "list the principals in the keytab with {} -k {path}",
                Tool::Klist
            );
            (error.to_string(), Some(advice))
        }
        error => (error.to_string(), error.hint()),
    }
}
