//! What the KDC says of the client's key: PA-ETYPE-INFO2 (RFC 4120 §5.2.7.5), PA-ETYPE-INFO
//! (§5.2.7.4) and PA-PW-SALT (§5.2.7.3), of which the first that is there counts.

use alloc::vec::Vec;

use kerberos_asn1::{Decode, EtypeInfo, EtypeInfo2, PaDataType};
use kerberos_crypto::EncryptionType;

use super::{OwnedPaData, find};
use crate::trace::{Etype, PaType, Printable, trace};
use crate::{ExchangeError, PasswordSalt, Principal};

/// How the client's key is made, as far as the KDC has said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeyInfo {
    pub(crate) etype: EncryptionType,
    /// `None` means the default salt of the client's name.
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) s2kparams: Option<Vec<u8>>,
}

impl KeyInfo {
    /// Nothing is known but the type to assume.
    pub(crate) fn new(etype: EncryptionType) -> Self {
        Self {
            etype,
            salt: None,
            s2kparams: None,
        }
    }

    /// The same for the key of `client`, whose name fills in for a missing salt.
    pub(crate) fn salt_for(&self, client: &Principal) -> PasswordSalt {
        PasswordSalt {
            etype: self.etype,
            salt: self.salt.clone().unwrap_or_else(|| client.default_salt()),
            s2kparams: self.s2kparams.clone(),
        }
    }

    /// What `padata` says of each of the `acceptable` types, in their order. Where no list names
    /// types, what there is to say is of the type `assumed`.
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

    /// Learns from `padata`, taking the first of `acceptable` that the KDC has a key of.
    ///
    /// A hint that is not well-formed is ignored, as in MIT's library.
    ///
    /// # Errors
    /// [`ExchangeError::NoCommonEtype`] when the KDC has hints, but for other types only, and
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

    /// As [`update`](Self::update), without a trace; returns whether an entry was chosen.
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

    /// The same for a reply encrypted with `etype`, which the KDC may have chosen after all, with
    /// the hints of its earlier list and of the reply.
    ///
    /// # Errors
    /// [`ExchangeError::AfsSalt`].
    pub(crate) fn for_reply(
        mut self,
        method_data: &[OwnedPaData],
        reply: &[OwnedPaData],
        etype: EncryptionType,
    ) -> Result<Self, ExchangeError> {
        // Hints for other types say nothing of this one.
        let ignore = |result| match result {
            Err(ExchangeError::NoCommonEtype { .. }) => Ok(()),
            other => other,
        };
        ignore(self.learn(method_data, &[etype]).map(drop))?;
        ignore(self.update(reply, &[etype]))?;
        self.etype = etype;
        Ok(self)
    }

    /// RFC 4120 §5.2.7.3: an older KDC sends the salt alone.
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

/// An entry of either kind of hint.
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

/// The entries of the hint that counts: RFC 4120 §5.2.7.5 lets ETYPE-INFO2 go before ETYPE-INFO.
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
