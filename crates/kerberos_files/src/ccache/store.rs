//! `Store`: what each type of cache implements, with defaults that replace the whole cache.

use kerberos_proto::{Credential, Principal};
use zeroize::Zeroizing;

use crate::ccache::{
    CcacheBuilder, CcacheError, CcacheReader, ConfigEntry, CredentialView, Version,
    encode_credential,
};

/// The operations of each type of cache. They have the same names as in
/// [`Ccache`](crate::ccache::Ccache).
pub(super) trait Store {
    fn open(&self) -> Result<CcacheReader, CcacheError>;

    fn principal(&self) -> Result<Principal, CcacheError> {
        Ok(self.open()?.default_principal().clone())
    }

    fn replace_with(&self, cache: &CcacheBuilder) -> Result<(), CcacheError>;

    fn append(&self, credentials: &[&Credential]) -> Result<(), CcacheError>;

    fn set_config(&self, entry: &ConfigEntry) -> Result<(), CcacheError> {
        let (mut cache, _) = without(self.open()?, &mut |view| view.is_setting(entry))?;
        cache.config(entry)?;
        self.replace_with(&cache)
    }

    fn remove(
        &self,
        matches: &mut dyn FnMut(&CredentialView<'_>) -> bool,
    ) -> Result<usize, CcacheError> {
        let (cache, removed) = without(self.open()?, matches)?;
        if removed > 0 {
            self.replace_with(&cache)?;
        }
        Ok(removed)
    }

    fn destroy(&self) -> Result<(), CcacheError>;

    fn make_primary(&self) -> Result<(), CcacheError> {
        Ok(())
    }

    fn make_collection(&self) -> Result<(), CcacheError> {
        Ok(())
    }
}

/// The entries of `reader` that do not match, and the number of those that do.
pub(super) fn without(
    mut reader: CcacheReader,
    matches: &mut dyn FnMut(&CredentialView<'_>) -> bool,
) -> Result<(CcacheBuilder, usize), CcacheError> {
    let mut kept = CcacheBuilder::new(reader.header(), reader.default_principal())?;
    let mut removed = 0;
    while let Some(view) = reader.next()? {
        if matches(&view) {
            removed += 1;
        } else {
            kept.copy(&view)?;
        }
    }
    Ok((kept, removed))
}

/// The entries of `reader`, each in the encoding of version 4.
pub(super) fn records(mut reader: CcacheReader) -> Result<Vec<Zeroizing<Vec<u8>>>, CcacheError> {
    let mut records = Vec::new();
    while let Some(view) = reader.next()? {
        records.push(if view.version() == Version::V4 {
            Zeroizing::new(view.expose_record().to_vec())
        } else {
            encode_credential(Version::V4, &view.to_credential())?
        });
    }
    Ok(records)
}
