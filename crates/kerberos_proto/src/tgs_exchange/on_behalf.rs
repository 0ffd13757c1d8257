//! `OnBehalf`: the user on whose behalf a client asks for a ticket (MS-SFU), and the padata that
//! says so; what the reply must prove is in `on_behalf/checks.rs`.
//!
//! It is one hop, as all of the exchange; the way through realms is in `s4u`.

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

/// The user on whose behalf a service asks for a ticket (MS-SFU §1.3).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OnBehalf {
    /// For a user, a ticket to the service that asks: S4U2Self (MS-SFU §3.1.5.1.1).
    User {
        /// The user; a realm without components where the certificate must do.
        name: Principal,
        /// The user's X.509 certificate, in DER.
        certificate: Option<Vec<u8>>,
        /// Whether the KDC may answer with another name of the user, of its own realm: that of the
        /// user's realm may, since it knows.
        may_rename: bool,
    },
    /// For the client of another ticket, a ticket to another service: S4U2Proxy (MS-SFU
    /// §3.1.5.2.1).
    ClientOf {
        /// The DER encoding of that ticket, the evidence.
        ticket: Vec<u8>,
        /// Its client, which the new ticket must name.
        client: Principal,
    },
}

impl OnBehalf {
    /// For `user`, by name; asked of a KDC of the user's own realm.
    pub fn user(user: Principal) -> Self {
        Self::User {
            name: user,
            certificate: None,
            may_rename: true,
        }
    }

    /// For the user of `realm` whose certificate this is, in DER.
    pub fn by_certificate(realm: &[u8], certificate: Vec<u8>) -> Self {
        Self::User {
            name: Principal::new(NameType::UNKNOWN, core::iter::empty::<Vec<u8>>(), realm),
            certificate: Some(certificate),
            may_rename: true,
        }
    }

    /// For the client of `evidence`.
    pub fn client_of(evidence: &Credential) -> Self {
        Self::ClientOf {
            ticket: evidence.ticket.clone(),
            client: evidence.client.clone(),
        }
    }

    /// The padata of a request with this nonce and these keys, and the checksum in it that the
    /// reply may have to repeat.
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
        // In MIT's order: some KDCs read the first that they know.
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

/// MS-SFU §2.2.2: the checksum of the subkey's type; for RC4, which had none when this was defined,
/// a digest that proves nothing, so that the reply repeats it where it cannot be changed.
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
    // HMAC-MD5 whatever the key, over the name type in little-endian order and the bare strings.
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

/// MS-SFU §2.2.5: that the client knows of resource-based constrained delegation, without which a
/// KDC would not look at the target's list of services that may act on behalf of others.
fn resource_based() -> OwnedPaData {
    let flags = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
    OwnedPaData::new(PaDataType::PAC_OPTIONS, PaPacOptions { flags }.to_der())
}

const AUTH_PACKAGE: &[u8] = b"Kerberos";
