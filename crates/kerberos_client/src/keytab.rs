//! The secret of a client whose keys are in a keytab. The caller chooses the keytab, and the
//! exchange chooses the key.

use kerberos_files::keytab::{KeytabFile, KeytabName};
use kerberos_proto::{Principal, Secret};

use crate::ClientError;

/// All keys of `client` in the keytab called `name`, the most recent first. They are read once, and
/// the file is closed.
///
/// See the [crate](crate) for an example.
///
/// # Errors
/// [`ClientError::KeytabName`] when `name` does not mean a file, [`ClientError::Keytab`] when the
/// file cannot be read or has no key of `client`.
pub fn keytab_secret(name: &KeytabName, client: &Principal) -> Result<Secret, ClientError> {
    let keys = KeytabFile::new(name.file_path()?).keys_for(client)?;
    Ok(Secret::Keys(keys))
}
