//! `ChannelBindings`: the data that ties a context to its channel (RFC 2743 §1.1.6, RFC 5929), and
//! its hash (RFC 4121 §4.1.1.2).

mod certificate;

use alloc::vec::Vec;

use kerberos_crypto::{ChecksumType, unkeyed_checksum};

use crate::GssError;

/// The channel of a context, almost always TLS.
///
/// # Example
/// ```
/// use kerberos_gss::ChannelBindings;
/// // The hash of the server's certificate, by the hash of its signature (RFC 5929 §4.1).
/// let certificate_hash = [7; 32];
/// let bindings = ChannelBindings::tls_server_end_point(&certificate_hash);
/// assert!(bindings.application_data.starts_with(b"tls-server-end-point:"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ChannelBindings {
    /// The type of the initiator's address; 0 means that none is given.
    pub initiator_address_type: u32,
    /// The initiator's address.
    pub initiator_address: Vec<u8>,
    /// The type of the acceptor's address; 0 means that none is given.
    pub acceptor_address_type: u32,
    /// The acceptor's address.
    pub acceptor_address: Vec<u8>,
    /// The identification of the channel: the prefix required by RFC 5056 §2.1, and data.
    pub application_data: Vec<u8>,
}

impl ChannelBindings {
    /// Bindings that consist of this data only, as in all current protocols.
    pub fn new(application_data: impl Into<Vec<u8>>) -> Self {
        Self {
            application_data: application_data.into(),
            ..Self::default()
        }
    }

    /// `tls-server-end-point`: a hash of the server's certificate (RFC 5929 §4), as used by HTTP,
    /// LDAP and Active Directory.
    pub fn tls_server_end_point(certificate_hash: &[u8]) -> Self {
        Self::prefixed(b"tls-server-end-point:", certificate_hash)
    }

    /// The `tls-server-end-point` bindings for an X.509 certificate in DER, which is the first one
    /// that the server sends.
    ///
    /// # Errors
    /// [`GssError::Decode`] if it is not a certificate, and [`GssError::CertificateSignature`] if
    /// RFC 5929 defines no hash for its signature, as for Ed25519.
    ///
    /// # Example
    /// ```
    /// use kerberos_gss::{ChannelBindings, GssError};
    /// // As little as there is to one: nothing that is signed, and by which algorithm.
    /// let of = |oid: &[u8]| {
    ///     let mut certificate = vec![0x30, 9 + oid.len() as u8, 0x30, 0];
    ///     certificate.extend([0x30, 2 + oid.len() as u8, 0x06, oid.len() as u8]);
    ///     certificate.extend(oid);
    ///     certificate.extend([0x03, 1, 0]);
    ///     ChannelBindings::of_certificate(&certificate)
    /// };
    /// // ecdsa-with-SHA256, ecdsa-with-SHA384, Ed25519.
    /// let length = "tls-server-end-point:".len();
    /// assert_eq!(of(b"\x2a\x86\x48\xce\x3d\x04\x03\x02")?.application_data.len(), length + 32);
    /// assert_eq!(of(b"\x2a\x86\x48\xce\x3d\x04\x03\x03")?.application_data.len(), length + 48);
    /// assert!(matches!(of(b"\x2b\x65\x70"), Err(GssError::CertificateSignature(_))));
    /// # Ok::<(), GssError>(())
    /// ```
    pub fn of_certificate(certificate: &[u8]) -> Result<Self, GssError> {
        certificate::hash(certificate).map(|hash| Self::tls_server_end_point(&hash))
    }

    /// `tls-unique`: the first Finished message of the handshake (RFC 5929 §3). TLS 1.3 does not
    /// have it.
    pub fn tls_unique(finished: &[u8]) -> Self {
        Self::prefixed(b"tls-unique:", finished)
    }

    /// `tls-exporter`: 32 octets of exported keying material with the label
    /// `EXPORTER-Channel-Binding` (RFC 9266).
    pub fn tls_exporter(keying_material: &[u8]) -> Self {
        Self::prefixed(b"tls-exporter:", keying_material)
    }

    /// `Bnd`, the MD5 hash that is sent in the authenticator (RFC 4121 §4.1.1.2).
    ///
    /// # Example
    /// ```
    /// use kerberos_gss::ChannelBindings;
    /// let hash = ChannelBindings::new("x").hash();
    /// assert_ne!(hash, ChannelBindings::new("y").hash());
    /// assert_ne!(hash, [0; 16]); // zeros mean: no bindings
    /// ```
    pub fn hash(&self) -> [u8; 16] {
        let mut text = Vec::new();
        for (kind, address) in [
            (self.initiator_address_type, &self.initiator_address),
            (self.acceptor_address_type, &self.acceptor_address),
        ] {
            text.extend_from_slice(&kind.to_le_bytes());
            counted(&mut text, address);
        }
        counted(&mut text, &self.application_data);
        let digest = unkeyed_checksum(ChecksumType::RSA_MD5, &text);
        // MD5 is always available, and its output has 16 octets.
        let mut hash = [0; 16];
        for (to, from) in hash.iter_mut().zip(digest.unwrap_or_default()) {
            *to = from;
        }
        hash
    }

    fn prefixed(prefix: &[u8], data: &[u8]) -> Self {
        Self::new([prefix, data].concat())
    }
}

/// Appends the length of `bytes` as a little-endian number, and `bytes`.
fn counted(text: &mut Vec<u8>, bytes: &[u8]) {
    // RFC 4121 §4.1.1.2: 32 bits. No identification of a channel comes near that length.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    text.extend_from_slice(&length.to_le_bytes());
    text.extend_from_slice(bytes);
}
