//! The hash of a server's certificate, with the hash function of its signature (RFC 5929 §4.1).

use alloc::vec::Vec;

use kerberos_asn1::DecodeError;
use kerberos_asn1::der::{Reader, Tag};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::GssError;
use crate::mechanism::OBJECT_IDENTIFIER;

/// The hash of `certificate`, an X.509 certificate in DER.
pub(super) fn hash(certificate: &[u8]) -> Result<Vec<u8>, GssError> {
    let algorithm = hash_algorithm(certificate).map_err(|error| GssError::Decode {
        what: "the certificate",
        error,
    })?;
    match algorithm {
        // RFC 5929 §4.1: SHA-256 replaces MD5 and SHA-1.
        MD5_WITH_RSA | SHA1_WITH_RSA | SHA1_WITH_ECDSA | SHA1 | SHA256_WITH_RSA
        | SHA256_WITH_ECDSA | SHA256 => Ok(Sha256::digest(certificate).to_vec()),
        SHA384_WITH_RSA | SHA384_WITH_ECDSA | SHA384 => Ok(Sha384::digest(certificate).to_vec()),
        SHA512_WITH_RSA | SHA512_WITH_ECDSA | SHA512 => Ok(Sha512::digest(certificate).to_vec()),
        other => Err(GssError::CertificateSignature(other.to_vec())),
    }
}

/// The identifier that determines the hash function: that of the signature algorithm or, for
/// RSASSA-PSS, the one in its parameters (RFC 4055 §3.1).
fn hash_algorithm(certificate: &[u8]) -> Result<&[u8], DecodeError> {
    let mut outer = Reader::new(certificate);
    let mut fields = outer.enter(Tag::SEQUENCE)?;
    outer.finish()?;
    fields.contents(Tag::SEQUENCE)?;
    let mut signature = fields.enter(Tag::SEQUENCE)?;
    let algorithm = signature.contents(OBJECT_IDENTIFIER)?;
    if algorithm != RSASSA_PSS {
        return Ok(algorithm);
    }
    let mut parameters = signature.enter(Tag::SEQUENCE)?;
    match parameters.enter_optional(Tag::context(0))? {
        Some(mut hash) => hash.enter(Tag::SEQUENCE)?.contents(OBJECT_IDENTIFIER),
        None => Ok(SHA1),
    }
}

const MD5_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04";
const SHA1_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
const RSASSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
const SHA256_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
const SHA384_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
const SHA512_WITH_RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
const SHA1_WITH_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
const SHA256_WITH_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
const SHA384_WITH_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
const SHA512_WITH_ECDSA: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x04";
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// The relevant parts of a certificate: the signed part and the signature algorithm.
    fn certificate(signature: &[u8]) -> Vec<u8> {
        let element = |tag: u8, contents: &[u8]| {
            let length = u8::try_from(contents.len()).unwrap();
            [&[tag, length], contents].concat()
        };
        let fields = [
            element(0x30, b""),
            element(0x30, signature),
            element(0x03, b"\0"),
        ];
        element(0x30, &fields.concat())
    }

    fn signed_by(algorithm: &[u8], parameters: &[u8]) -> Vec<u8> {
        let length = u8::try_from(algorithm.len()).unwrap();
        certificate(&[&[6, length], algorithm, parameters].concat())
    }

    #[test]
    fn hash_length_follows_the_signature_algorithm() {
        let null = b"\x05\x00";
        for (algorithm, length) in [
            (MD5_WITH_RSA, 32),
            (SHA1_WITH_RSA, 32),
            (SHA256_WITH_ECDSA, 32),
            (SHA384_WITH_RSA, 48),
            (SHA512_WITH_ECDSA, 64),
        ] {
            let certificate = signed_by(algorithm, null);
            assert_eq!(hash(&certificate).unwrap().len(), length);
        }
        let pss = [b"\x30\x0f\xa0\x0d\x30\x0b\x06\x09", SHA512].concat();
        assert_eq!(hash(&signed_by(RSASSA_PSS, &pss)).unwrap().len(), 64);
        assert_eq!(hash(&signed_by(RSASSA_PSS, b"\x30\x00")).unwrap().len(), 32);
        // Ed25519 has no hash function in the sense of RFC 5929.
        let other = hash(&signed_by(b"\x2b\x65\x70", b""));
        assert!(matches!(other, Err(GssError::CertificateSignature(_))));
    }

    #[test]
    fn truncated_or_overlong_certificate_is_refused() {
        let whole = signed_by(SHA256_WITH_RSA, b"\x05\x00");
        for length in 0..whole.len() {
            let cut = hash(whole.get(..length).unwrap());
            assert!(matches!(cut, Err(GssError::Decode { .. })), "{length}");
        }
        assert!(hash(&[whole, vec![0]].concat()).is_err());
    }
}
