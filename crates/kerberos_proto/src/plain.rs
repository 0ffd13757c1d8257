//! Removes padding after decryption: the plaintext is a single value, followed by the octets that
//! fill the last cipher block (RFC 3961 §5.3).

use kerberos_asn1::der::Reader;
use kerberos_crypto::EncryptionType;

/// The single value in `plain`. Of the supported types, only triple DES has padding.
pub(crate) fn without_padding(plain: &[u8], etype: EncryptionType) -> &[u8] {
    if etype != EncryptionType::DES3_CBC_SHA1 {
        return plain;
    }
    let mut reader = Reader::new(plain);
    let value = reader.peek().and_then(|tag| reader.raw(tag).ok());
    value.unwrap_or(plain)
}
