//! Preauthentication data, owned, and lists of it (RFC 4120 §5.2.7).

use alloc::vec::Vec;

use kerberos_asn1::{MethodData, PaData, PaDataType};

use crate::trace::{Printable, trace};

/// One element of preauthentication data, owned.
#[derive(Clone, Debug)]
pub(crate) struct OwnedPaData {
    pub(crate) padata_type: PaDataType,
    pub(crate) value: Vec<u8>,
}

impl OwnedPaData {
    pub(crate) fn new(padata_type: PaDataType, value: Vec<u8>) -> Self {
        Self { padata_type, value }
    }

    pub(crate) fn empty(padata_type: PaDataType) -> Self {
        Self::new(padata_type, Vec::new())
    }

    /// An owned copy of the padata in a message.
    pub(crate) fn list(wire: Option<&MethodData<'_>>) -> Vec<Self> {
        let padata = wire.into_iter().flat_map(|list| list.iter());
        padata.map(Self::from).collect()
    }

    pub(crate) fn as_wire(&self) -> PaData<'_> {
        PaData {
            padata_type: self.padata_type,
            padata_value: &self.value,
        }
    }
}

impl From<PaData<'_>> for OwnedPaData {
    fn from(padata: PaData<'_>) -> Self {
        Self::new(padata.padata_type, padata.padata_value.to_vec())
    }
}

/// The contents of the first padata of type `wanted`.
pub(crate) fn find(padata: &[OwnedPaData], wanted: PaDataType) -> Option<&[u8]> {
    padata
        .iter()
        .find(|one| one.padata_type == wanted)
        .map(|one| one.value.as_slice())
}

/// RFC 6113 §5.2: a cookie must be sent back unchanged.
pub(super) fn cookie(padata: &[OwnedPaData]) -> Option<OwnedPaData> {
    let cookie = find(padata, PaDataType::FX_COOKIE)?;
    trace!("Received cookie: {}", Printable(cookie));
    Some(OwnedPaData::new(PaDataType::FX_COOKIE, cookie.to_vec()))
}

/// Moves the preferred types to the front, in the order of preference, and keeps the order of the
/// rest.
pub(super) fn sorted(mut padata: Vec<OwnedPaData>, preferred: &[i32]) -> Vec<OwnedPaData> {
    let rank = |one: &OwnedPaData| {
        preferred
            .iter()
            .position(|&number| number == one.padata_type.0)
    };
    padata.sort_by_key(|one| rank(one).unwrap_or(usize::MAX));
    padata
}
