//! What the KDC says about the client's key: PA-ETYPE-INFO2 (RFC 4120 §5.2.7.5), PA-ETYPE-INFO
//! (§5.2.7.4) or PA-PW-SALT (§5.2.7.3). The first of these that is present counts.

use alloc::vec::Vec;

use kerberos_asn1::{Decode, EtypeInfo, EtypeInfo2, PaDataType};
use kerberos_crypto::EncryptionType;

use super::{OwnedPaData, find};
use crate::trace::{Etype, PaType, Printable, trace};
use crate::{ExchangeError, PasswordSalt, Principal};

/// How to derive the client's key, as far as the KDC has said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeyInfo {
    pub(crate) etype: EncryptionType,
    /// `None` means the default salt of the client's name.
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) s2kparams: Option<Vec<u8>>,
}

impl KeyInfo {
    /// Nothing is known except an encryption type to assume.
    pub(crate) fn new(etype: EncryptionType) -> Self {
        Self {
            etype,
            salt: None,
            s2kparams: None,
        }
    }

    /// The parameters for the key of `client`, whose name provides the default for a missing salt.
    pub(crate) fn salt_for(&self, client: &Principal) -> PasswordSalt {
        PasswordSalt {
            etype: self.etype,
            salt: self.salt.clone().unwrap_or_else(|| client.default_salt()),
            s2kparams: self.s2kparams.clone(),
        }
    }

    /// What `padata` says about each of the `acceptable` types, in their order. A salt without an
    /// encryption type is for `assumed`.
    ///
    /// # Errors
    /// [`ExchangeError::AfsSalt`].
    pub(crate) fn all(
        padata: &[OwnedPaData],
        acceptable: &[EncryptionType],
        assumed: Option<EncryptionType>,
    ) -> Result<Vec<Self>, ExchangeError> {
        if let Some(entries) = entries(padata) {
            let of_type =
                |etype: &EncryptionType| entries.iter().find(|entry| entry.etype == *etype);
            let found = acceptable.iter().filter_map(of_type);
            return Ok(found.map(Entry::to_info).collect());
        }
        let Some(etype) = assumed else {
            return Ok(Vec::new());
        };
        let mut info = Self::new(etype);
        info.update_salt(padata)?;
        Ok(Vec::from([info]))
    }

    /// Updates itself from `padata`, choosing the first of `acceptable` for which the KDC has a
    /// key.
    ///
    /// A malformed hint is ignored, as in MIT's library.
    ///
    /// # Errors
    /// [`ExchangeError::NoCommonEtype`] if the KDC's hints are all for other types, and
    /// [`ExchangeError::AfsSalt`].
    pub(crate) fn update(
        &mut self,
        padata: &[OwnedPaData],
        acceptable: &[EncryptionType],
    ) -> Result<(), ExchangeError> {
        if self.learn(padata, acceptable)? {
            trace!(
                "Selected etype info: etype {}, salt \"{}\", params \"{}\"",
                Etype(self.etype),
                Printable(self.salt.as_deref().unwrap_or_default()),
                Printable(self.s2kparams.as_deref().unwrap_or_default()),
            );
        }
        Ok(())
    }

    /// The same as [`update`](Self::update), but without a trace. Returns whether an entry was
    /// chosen.
    fn learn(
        &mut self,
        padata: &[OwnedPaData],
        acceptable: &[EncryptionType],
    ) -> Result<bool, ExchangeError> {
        let Some(entries) = entries(padata) else {
            return self.update_salt(padata).map(|()| false);
        };
        let chosen = acceptable
            .iter()
            .find_map(|etype| entries.iter().find(|entry| entry.etype == *etype))
            .ok_or_else(|| ExchangeError::NoCommonEtype {
                known: entries.iter().any(|entry| entry.etype.is_supported()),
            })?;
        *self = chosen.to_info();
        Ok(true)
    }

    /// Updates itself for a reply encrypted with `etype` (the KDC may have chosen this type despite
    /// its hints), from the hints in its earlier list and in the reply.
    ///
    /// # Errors
    /// [`ExchangeError::AfsSalt`].
    pub(crate) fn for_reply(
        mut self,
        method_data: &[OwnedPaData],
        reply: &[OwnedPaData],
        etype: EncryptionType,
    ) -> Result<Self, ExchangeError> {
        // Hints for other types say nothing about this one.
        let ignore = |result| match result {
            Err(ExchangeError::NoCommonEtype { .. }) => Ok(()),
            other => other,
        };
        ignore(self.learn(method_data, &[etype]).map(drop))?;
        ignore(self.update(reply, &[etype]))?;
        self.etype = etype;
        Ok(self)
    }

    /// RFC 4120 §5.2.7.3: older KDCs send just the salt.
    fn update_salt(&mut self, padata: &[OwnedPaData]) -> Result<(), ExchangeError> {
        if let Some(salt) = find(padata, PaDataType::PW_SALT) {
            self.salt = Some(salt.to_vec());
            let pa_type = PaType(PaDataType::PW_SALT);
            trace!(
                "Received salt \"{}\" via padata type {pa_type}",
                Printable(salt)
            );
        } else if find(padata, PaDataType::AFS3_SALT).is_some() {
            return Err(ExchangeError::AfsSalt);
        }
        Ok(())
    }
}

/// An entry of PA-ETYPE-INFO2 or PA-ETYPE-INFO.
struct Entry<'a> {
    etype: EncryptionType,
    salt: Option<&'a [u8]>,
    s2kparams: Option<&'a [u8]>,
}

impl Entry<'_> {
    fn to_info(&self) -> KeyInfo {
        KeyInfo {
            etype: self.etype,
            salt: self.salt.map(<[u8]>::to_vec),
            s2kparams: self.s2kparams.map(<[u8]>::to_vec),
        }
    }
}

/// The entries of the hint that counts: RFC 4120 §5.2.7.5 gives ETYPE-INFO2 precedence over
/// ETYPE-INFO.
fn entries(padata: &[OwnedPaData]) -> Option<Vec<Entry<'_>>> {
    if let Some(info) = find(padata, PaDataType::ETYPE_INFO2) {
        let info = EtypeInfo2::from_der(info).ok()?;
        let entries = info.iter().map(|entry| Entry {
            etype: EncryptionType(entry.etype),
            salt: entry.salt.map(|salt| salt.0),
            s2kparams: entry.s2kparams,
        });
        return Some(entries.collect());
    }
    let info = EtypeInfo::from_der(find(padata, PaDataType::ETYPE_INFO)?).ok()?;
    let entries = info.iter().map(|entry| Entry {
        etype: EncryptionType(entry.etype),
        salt: entry.salt,
        s2kparams: None,
    });
    Some(entries.collect())
}
