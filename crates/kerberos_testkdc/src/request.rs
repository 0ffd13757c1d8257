//! What the services read requests with: padata by its type, what was decrypted, and seconds.

use kerberos_asn1::{Decode, KdcReq, PaDataType};

/// The contents of a kind of pre-authentication data.
pub(crate) fn find_padata<'a>(request: &KdcReq<'a>, wanted: PaDataType) -> Option<&'a [u8]> {
    let mut padata = request.padata.as_ref()?.iter();
    padata
        .find(|element| element.padata_type == wanted)
        .map(|element| element.padata_value)
}

/// Decodes what was decrypted: triple DES leaves padding behind it (RFC 3961 §6.3).
pub(crate) fn decode_padded<'a, T: Decode<'a>>(bytes: &'a [u8]) -> Option<T> {
    T::decode(&mut kerberos_asn1::der::Reader::new(bytes)).ok()
}

/// Seconds as the wire has them.
pub(crate) fn whole_seconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
