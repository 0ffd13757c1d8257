//! S4U2Self: a user's ticket to the requesting service, or a TGT on the way to its realm
//! (MS-SFU §3.2.5.1).

use kerberos_asn1::{
    Checksum, Decode, Encode, ErrorCode, KerberosString, NameType, PaDataType, PaForUser,
    PaS4uX509User, PrincipalName, S4uOptions, S4uUserId, SequenceOf,
};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyUsage, unkeyed_checksum};

use super::{Asked, Granted, components, full_name, named, subject, text};
use crate::account::AccountState;
use crate::fault::{Fault, S4uFault};
use crate::kdc::Kdc;
use crate::reply::Refusal;
use crate::request::find_padata;

/// The user named in a request.
pub(super) struct User {
    components: Vec<String>,
    name_type: Option<NameType>,
    realm: String,
    certificate: Option<Vec<u8>>,
}

impl User {
    fn wire(&self) -> PrincipalName<'_> {
        let components = self.components.iter().map(String::as_str);
        PrincipalName {
            name_type: self.name_type.unwrap_or(NameType::UNKNOWN),
            name_string: components.map(KerberosString::from).collect(),
        }
    }
}

/// The user in PA-S4U-X509-USER, or else in PA-FOR-USER. The checksums must match.
pub(super) fn requested_user<'a>(
    asked: &Asked<'a>,
) -> Result<Option<(User, Option<PaS4uX509User<'a>>)>, Refusal> {
    let modified = || Refusal::new(ErrorCode::KRB_AP_ERR_MODIFIED, "INVALID_S4U2SELF_CHECKSUM");
    if let Some(value) = find_padata(asked.request, PaDataType::FOR_X509_USER) {
        let padata = PaS4uX509User::from_der(value).map_err(|_| modified())?;
        let covered = PaS4uX509User::user_id_der(value).map_err(|_| modified())?;
        let usage = KeyUsage::PA_S4U_X509_USER_REQUEST;
        let kind = ChecksumType(padata.checksum.cksumtype);
        let made = checksum(asked.key, kind, usage, covered).ok_or_else(modified)?;
        let keyed = kind.is_keyed() || is_older(asked.key);
        if !keyed
            || made != padata.checksum.checksum
            || padata.user_id.nonce != asked.request.req_body.nonce
        {
            return Err(modified());
        }
        let id = &padata.user_id;
        let user = User {
            components: id.cname.as_ref().map_or(Vec::new(), components),
            name_type: id.cname.as_ref().map(|name| name.name_type),
            realm: text(id.crealm.0),
            certificate: id.subject_certificate.map(<[u8]>::to_vec),
        };
        return Ok(Some((user, Some(padata))));
    }
    let Some(value) = find_padata(asked.request, PaDataType::FOR_USER) else {
        return Ok(None);
    };
    let padata = PaForUser::from_der(value).map_err(|_| modified())?;
    let mut covered = padata.user_name.name_type.0.to_le_bytes().to_vec();
    for component in &padata.user_name.name_string {
        covered.extend_from_slice(component.0);
    }
    covered.extend_from_slice(padata.user_realm.0);
    covered.extend_from_slice(padata.auth_package.0);
    asked
        .session
        .verify_checksum_as(
            ChecksumType(padata.cksum.cksumtype),
            KeyUsage::PA_FOR_USER_CHECKSUM,
            &covered,
            padata.cksum.checksum,
        )
        .map_err(|_| modified())?;
    let user = User {
        components: components(&padata.user_name),
        name_type: Some(padata.user_name.name_type),
        realm: text(padata.user_realm.0),
        certificate: None,
    };
    Ok(Some((user, None)))
}

/// MS-SFU §3.2.5.1: a ticket to the requester itself, or a TGT on the way to its realm.
pub(super) fn to_self(
    kdc: &Kdc,
    asked: &Asked<'_>,
    mut user: User,
    x509: Option<PaS4uX509User<'_>>,
) -> Result<Granted, Refusal> {
    let requester = named(&asked.tgt.cname, asked.tgt.crealm);
    let referral = asked.server.is_krbtgt();
    if !referral && asked.server.components != requester.0 {
        let text = "INVALID_S4U2SELF_REQUEST_SERVER_MISMATCH";
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_BADMATCH, text));
    }
    if user.realm == kdc.realm {
        let text = "UNKNOWN_S4U2SELF_PRINCIPAL";
        let unknown = || Refusal::new(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, text);
        let name = user.wire();
        let found = match &user.certificate {
            Some(certificate) => kdc.database.find_by_certificate(certificate),
            None => kdc.database.find(&name, true),
        };
        // A principal that is referred to another realm is not a user of this realm.
        let at_home = found.filter(|entry| entry.account.referral.is_none());
        let entry = at_home.ok_or_else(unknown)?;
        if entry.account.state == AccountState::Locked {
            let text = "LOCKED_OUT";
            return Err(Refusal::new(ErrorCode::KDC_ERR_CLIENT_REVOKED, text));
        }
        let components = entry.components.clone();
        user.components = components;
        user.name_type = Some(NameType::PRINCIPAL);
        if kdc.faults.strikes(&Fault::S4u(S4uFault::OtherRealm)) {
            user.realm = if requester.1 == kdc.realm {
                "OTHER.TEST".to_owned()
            } else {
                requester.1.clone()
            };
        }
    } else {
        // Only the user's realm knows the user. A requester that comes from there has a TGT that
        // says so.
        let text = "S4U2SELF_CLIENT_NOT_OURS";
        let said = subject(asked.tgt).filter(|_| asked.issuer.0 != kdc.realm.as_bytes());
        if said.is_none_or(|said| said != full_name(&user.components, &user.realm)) {
            return Err(Refusal::new(ErrorCode::KDC_ERR_POLICY, text));
        }
    }
    let mut granted = Granted::of_requester(asked);
    if referral {
        granted.subject = Some(full_name(&user.components, &user.realm));
    } else {
        granted.client = (user.components.clone(), user.realm.clone());
        granted.name_type = user.name_type.unwrap_or(NameType::PRINCIPAL);
        granted.forwardable = asked.server.account.may_impersonate;
    }
    if let Some(x509) = x509 {
        prove(kdc, asked.key, &user, &x509, &mut granted);
    }
    Ok(granted)
}

/// MS-SFU §2.2.2: adds the padata that proves to the service which user the KDC saw.
fn prove(kdc: &Kdc, key: &Key, user: &User, x509: &PaS4uX509User<'_>, granted: &mut Granted) {
    let strikes = |fault| kdc.faults.strikes(&Fault::S4u(fault));
    if strikes(S4uFault::NoPadata) {
        return;
    }
    let asked = x509.user_id.options.unwrap_or_default();
    let options = asked & S4uOptions::USE_REPLY_KEY_USAGE;
    let usage = if options == S4uOptions::empty() {
        KeyUsage::PA_S4U_X509_USER_REQUEST
    } else {
        KeyUsage::PA_S4U_X509_USER_REPLY
    };
    let mut user_id = S4uUserId {
        nonce: x509.user_id.nonce,
        cname: Some(user.wire()),
        crealm: user.realm.as_str().into(),
        subject_certificate: None,
        options: Some(options),
    };
    if strikes(S4uFault::WrongNonce) {
        user_id.nonce ^= 1;
    }
    if strikes(S4uFault::NoUser) {
        user_id.cname = None;
    }
    let other_user = PrincipalName {
        name_type: NameType::PRINCIPAL,
        name_string: SequenceOf::from(vec!["mallory".into()]),
    };
    if strikes(S4uFault::OtherUser) {
        user_id.cname = Some(other_user);
    }
    let mut kind = ChecksumType(x509.checksum.cksumtype);
    if strikes(S4uFault::UnkeyedChecksum) {
        kind = ChecksumType::RSA_MD4;
    }
    let mut made = checksum(key, kind, usage, &user_id.to_der()).unwrap_or_default();
    if strikes(S4uFault::WrongChecksum)
        && let Some(first) = made.first_mut()
    {
        *first ^= 1;
    }
    let reply = PaS4uX509User {
        user_id,
        checksum: Checksum {
            cksumtype: kind.0,
            checksum: &made,
        },
    };
    let both = [x509.checksum.checksum, &made].concat();
    granted.padata = vec![(PaDataType::FOR_X509_USER, reply.to_der())];
    if is_older(key) && !strikes(S4uFault::NotRepeated) {
        granted.encrypted = vec![(PaDataType::FOR_X509_USER, both)];
    }
}

fn checksum(key: &Key, kind: ChecksumType, usage: KeyUsage, covered: &[u8]) -> Option<Vec<u8>> {
    if kind.is_keyed() {
        key.checksum_as(kind, usage, covered).ok()
    } else {
        unkeyed_checksum(kind, covered).ok()
    }
}

/// Encryption types from before keyed checksums were used for this (MS-SFU §2.2.2).
fn is_older(key: &Key) -> bool {
    [EncryptionType::DES3_CBC_SHA1, EncryptionType::ARCFOUR_HMAC].contains(&key.etype())
}
