//! What the reply to a request on behalf of a user must prove (MS-SFU §3.1.5.1.1.2, §3.1.5.2.2).
//!
//! The client's name in a KDC-REP is not protected by itself. Here the padata protects it, with a
//! keyed checksum or, if the keys are too old for one, with a copy of the checksum in the encrypted
//! part.

use kerberos_asn1::{
    Decode, EncKdcRepPart, KdcRep, PaDataType, PaPacOptions, PaS4uX509User, PacOptions, S4uOptions,
    S4uUserId,
};
use kerberos_crypto::{ChecksumType, EncryptionType, KeyUsage, unkeyed_checksum};

use super::super::request::Sent;
use super::OnBehalf;
use crate::preauth::{OwnedPaData, find};
use crate::{ExchangeError, Principal, ReplyFault, S4uFault};

/// What the KDC's reply proves about a request on behalf of a user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct S4uProof {
    /// The user as named by the KDC under its checksum (S4U2Self); `None` from an old KDC.
    pub user: Option<Principal>,
    /// Whether the KDC supports resource-based constrained delegation (S4U2Proxy).
    pub resource_based: bool,
}

/// Checks the padata of the reply and of its encrypted part.
pub(crate) fn check_padata(
    on_behalf: &OnBehalf,
    reply: &KdcRep<'_>,
    part: &EncKdcRepPart<'_>,
    sent: &Sent,
) -> Result<S4uProof, ExchangeError> {
    let padata = OwnedPaData::list(reply.padata.as_ref());
    let encrypted = OwnedPaData::list(part.encrypted_pa_data.as_ref());
    match on_behalf {
        OnBehalf::ClientOf { .. } => {
            let options = match find(&encrypted, PaDataType::PAC_OPTIONS) {
                Some(options) => {
                    PaPacOptions::from_der(options)
                        .map_err(ExchangeError::decode("the PA-PAC-OPTIONS"))?
                        .flags
                }
                None => PacOptions::empty(),
            };
            Ok(S4uProof {
                user: None,
                resource_based: options.contains(RESOURCE_BASED),
            })
        }
        OnBehalf::User {
            name, may_rename, ..
        } => {
            let user = confirmed_user(sent, &padata, &encrypted)?;
            // A realm is trusted about its own users only: it may correct a name, but not to one of
            // another realm, for example an administrator of the service's realm.
            let renames = |got: &Principal| *may_rename && got.realm() == sent.kdc_realm;
            match &user {
                Some(got) if got != name && !renames(got) => Err(S4uFault::UserChanged {
                    asked: name.clone(),
                    got: got.clone(),
                }
                .into()),
                _ => Ok(S4uProof {
                    user,
                    resource_based: false,
                }),
            }
        }
    }
}

/// Checks the client of the final ticket, not of a referral.
pub(crate) fn check_client(
    on_behalf: &OnBehalf,
    proof: &S4uProof,
    client: &Principal,
    requester: &Principal,
) -> Result<(), ReplyFault> {
    let expected = match on_behalf {
        OnBehalf::ClientOf { client, .. } => client,
        OnBehalf::User { name, .. } => proof.user.as_ref().unwrap_or(name),
    };
    if client == expected {
        return Ok(());
    }
    if client == requester {
        // A KDC without the extension issues an ordinary ticket.
        return Err(S4uFault::Ignored.into());
    }
    Err(ReplyFault::ClientName {
        asked: expected.clone(),
        got: client.clone(),
    })
}

/// The user named in the KDC's PA-S4U-X509-USER. A KDC that only knows PA-FOR-USER does not send
/// one.
fn confirmed_user(
    sent: &Sent,
    padata: &[OwnedPaData],
    encrypted: &[OwnedPaData],
) -> Result<Option<Principal>, ExchangeError> {
    let repeated = find(encrypted, PaDataType::FOR_X509_USER);
    let Some(value) = find(padata, PaDataType::FOR_X509_USER) else {
        return match repeated {
            Some(_) => Err(S4uFault::ProofMissing.into()),
            None => Ok(None),
        };
    };
    let decode = || ExchangeError::decode("the PA-S4U-X509-USER");
    let reply = PaS4uX509User::from_der(value).map_err(decode())?;
    let covered = PaS4uX509User::user_id_der(value).map_err(decode())?;
    if reply.user_id.nonce != sent.nonce {
        return Err(S4uFault::Nonce.into());
    }
    let options = reply.user_id.options.unwrap_or_default();
    let own_usage = options.contains(S4uOptions::USE_REPLY_KEY_USAGE);
    let usage = if own_usage {
        KeyUsage::PA_S4U_X509_USER_REPLY
    } else {
        KeyUsage::PA_S4U_X509_USER_REQUEST
    };
    let kind = ChecksumType(reply.checksum.cksumtype);
    let checksum = reply.checksum.checksum;
    let fits = if kind.is_keyed() {
        let verified = sent
            .subkey
            .verify_checksum_as(kind, usage, covered, checksum);
        verified.is_ok()
    } else {
        unkeyed_checksum(kind, covered).is_ok_and(|made| made == checksum)
    };
    if !fits {
        return Err(S4uFault::Checksum.into());
    }
    if !is_older(sent.subkey.etype()) {
        // Anyone can compute a checksum without a key.
        if !kind.is_keyed() {
            return Err(S4uFault::ChecksumNotKeyed(kind).into());
        }
    } else if repeated.is_none() && own_usage
        || repeated.is_some_and(|repeated| repeated != [&sent.user_checksum, checksum].concat())
    {
        // MS-SFU §2.2.2: both checksums, encrypted. Only KDCs too old for the options omit them.
        return Err(S4uFault::ChecksumNotRepeated.into());
    }
    user(&reply.user_id).map(Some)
}

fn user(user_id: &S4uUserId<'_>) -> Result<Principal, ExchangeError> {
    let name = user_id.cname.as_ref();
    let name = name.filter(|name| !name.name_string.is_empty());
    let name = name.ok_or(S4uFault::UserMissing)?;
    Ok(Principal::from_wire(name, user_id.crealm))
}

/// The encryption types that are not "newer" in the sense of RFC 4120 §5.2.7.4.
fn is_older(etype: EncryptionType) -> bool {
    [EncryptionType::DES3_CBC_SHA1, EncryptionType::ARCFOUR_HMAC].contains(&etype)
}

const RESOURCE_BASED: PacOptions = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
