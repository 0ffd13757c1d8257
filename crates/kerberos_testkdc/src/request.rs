//! Helpers to read requests: finding padata by type, decoding decrypted bytes, and whole seconds.

use kerberos_asn1::{Decode, KdcReq, PaDataType};

/// The contents of the first padata of type `wanted`.
pub(crate) fn find_padata<'a>(request: &KdcReq<'a>, wanted: PaDataType) -> Option<&'a [u8]> {
    let mut padata = request.padata.as_ref()?.iter();
    padata
        .find(|element| element.padata_type == wanted)
        .map(|element| element.padata_value)
}

/// Decodes decrypted bytes, which with triple DES are followed by padding (RFC 3961 §6.3).
pub(crate) fn decode_padded<'a, T: Decode<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::decode(&mut kerberos_asn1::der::Reader::new(bytes)).ok()
}

/// Whole seconds, as in messages.
pub(crate) fn whole_seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
