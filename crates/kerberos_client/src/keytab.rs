//! The secret of a client whose keys lie in a keytab. Which keytab is left to the caller, and which
//! of the keys to the exchange.

use kerberos_files::keytab::{KeytabFile, KeytabName};
use kerberos_proto::{Principal, Secret};

use crate::ClientError;

/// All keys of `client` in the keytab called `name`, the most recent first; they are read once, and
/// the file is closed.
///
/// See the [crate](crate) for an example.
///
/// # Errors
/// [`ClientError::KeytabName`] when `name` is no file, [`ClientError::Keytab`] when the file cannot
/// be read or has no key of `client`.
pub fn keytab_secret(name: &KeytabName, client: &Principal) -> Result<Secret, ClientError> {
    let keys = KeytabFile::new(name.file_path()?).keys_for(client)?;
    Ok(Secret::Keys(keys))
}
