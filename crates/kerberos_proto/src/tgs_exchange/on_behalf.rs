//! `OnBehalf`: the user on whose behalf a client requests a ticket (MS-SFU), and the padata for
//! that. What the reply must prove is in `on_behalf/checks.rs`.
//!
//! Like the whole exchange this is a single hop; the way through realms is in `s4u`.

use alloc::vec;
use alloc::vec::Vec;

use kerberos_asn1::{
    Checksum, Encode, KerberosString, NameType, PaDataType, PaForUser, PaPacOptions, PaS4uX509User,
    PacOptions, S4uOptions, S4uUserId,
};
use kerberos_crypto::{ChecksumType, CryptoError, EncryptionType, Key, KeyUsage, unkeyed_checksum};

use crate::preauth::OwnedPaData;
use crate::{Credential, Principal};

mod checks;

pub use checks::S4uProof;
pub(super) use checks::{check_client, check_padata};

/// The user on whose behalf a service requests a ticket (MS-SFU §1.3).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OnBehalf {
    /// A ticket for a user to the requesting service itself: S4U2Self (MS-SFU §3.1.5.1.1).
    User {
        /// The user. With only a certificate, this is a realm without components.
        name: Principal,
        /// The user's X.509 certificate, in DER.
        certificate: Option<Vec<u8>>,
        /// Whether the KDC may answer with another name for the user in its own realm. Only the KDC
        /// of the user's realm may, because it knows the user.
        may_rename: bool,
    },
    /// A ticket for the client of another ticket to another service: S4U2Proxy (MS-SFU §3.1.5.2.1).
    ClientOf {
        /// The DER encoding of that other ticket, the evidence.
        ticket: Vec<u8>,
        /// The client of the evidence, which the new ticket must name.
        client: Principal,
    },
}

impl OnBehalf {
    /// On behalf of `user`, by name; for a request to a KDC of the user's own realm.
    pub fn user(user: Principal) -> Self {
        Self::User {
            name: user,
            certificate: None,
            may_rename: true,
        }
    }

    /// On behalf of the user in `realm` who has this certificate, in DER.
    pub fn by_certificate(realm: &[u8], certificate: Vec<u8>) -> Self {
        Self::User {
            name: Principal::new(NameType::UNKNOWN, core::iter::empty::<Vec<u8>>(), realm),
            certificate: Some(certificate),
            may_rename: true,
        }
    }

    /// On behalf of the client of `evidence`.
    pub fn client_of(evidence: &Credential) -> Self {
        Self::ClientOf {
            ticket: evidence.ticket.clone(),
            client: evidence.client.clone(),
        }
    }

    /// The padata for a request with this nonce and these keys, and its checksum, which the reply
    /// may have to repeat.
    pub(super) fn padata(
        &self,
        nonce: u32,
        session_key: &Key,
        subkey: &Key,
    ) -> Result<(Vec<OwnedPaData>, Vec<u8>), CryptoError> {
        let (name, certificate) = match self {
            Self::User {
                name, certificate, ..
            } => (name, certificate),
            Self::ClientOf { .. } => return Ok((vec![resource_based()], Vec::new())),
        };
        let named = name.components().len() > 0;
        let user_id = S4uUserId {
            nonce,
            cname: named.then(|| name.to_wire()),
            crealm: KerberosString(name.realm()),
            subject_certificate: certificate.as_deref(),
            options: Some(S4uOptions::USE_REPLY_KEY_USAGE),
        };
        let (cksumtype, checksum) = x509_checksum(subkey, &user_id.to_der())?;
        let x509_user = PaS4uX509User {
            user_id,
            checksum: Checksum {
                cksumtype: cksumtype.0,
                checksum: &checksum,
            },
        };
        // In MIT's order, because some KDCs read the first one that they know.
        let mut padata = vec![OwnedPaData::new(
            PaDataType::FOR_X509_USER,
            x509_user.to_der(),
        )];
        if named {
            let for_user = for_user(name, session_key)?;
            padata.push(OwnedPaData::new(PaDataType::FOR_USER, for_user));
        }
        Ok((padata, checksum))
    }
}

/// MS-SFU §2.2.2: the checksum type that belongs to the subkey. RC4 had none when this was defined,
/// so it uses a digest. That proves nothing, so the reply repeats it in its encrypted part, where
/// it cannot be changed.
fn x509_checksum(subkey: &Key, user_id: &[u8]) -> Result<(ChecksumType, Vec<u8>), CryptoError> {
    if subkey.etype() == EncryptionType::ARCFOUR_HMAC {
        let md4 = ChecksumType::RSA_MD4;
        return Ok((md4, unkeyed_checksum(md4, user_id)?));
    }
    let checksum = subkey.checksum(KeyUsage::PA_S4U_X509_USER_REQUEST, user_id);
    Ok((subkey.checksum_type(), checksum))
}

/// MS-SFU §2.2.1: for KDCs that do not know PA-S4U-X509-USER.
fn for_user(user: &Principal, session_key: &Key) -> Result<Vec<u8>, CryptoError> {
    // Always HMAC-MD5, over the name type in little-endian order and the strings without
    // separators.
    let mut covered = user.name_type().0.to_le_bytes().to_vec();
    for component in user.components() {
        covered.extend_from_slice(component);
    }
    covered.extend_from_slice(user.realm());
    covered.extend_from_slice(AUTH_PACKAGE);
    let usage = KeyUsage::PA_FOR_USER_CHECKSUM;
    let checksum = session_key.checksum_as(ChecksumType::HMAC_MD5, usage, &covered)?;
    Ok(PaForUser {
        user_name: user.to_wire(),
        user_realm: KerberosString(user.realm()),
        cksum: Checksum {
            cksumtype: ChecksumType::HMAC_MD5.0,
            checksum: &checksum,
        },
        auth_package: KerberosString(AUTH_PACKAGE),
    }
    .to_der())
}

/// MS-SFU §2.2.5: announces that the client supports resource-based constrained delegation. Without
/// this a KDC would not consult the target's list of services that may act on behalf of others.
fn resource_based() -> OwnedPaData {
    let flags = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
    OwnedPaData::new(PaDataType::PAC_OPTIONS, PaPacOptions { flags }.to_der())
}

const AUTH_PACKAGE: &[u8] = b"Kerberos";
