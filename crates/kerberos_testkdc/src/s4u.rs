//! Tickets on behalf of users: S4U2Self and S4U2Proxy (MS-SFU), through realms too.
//!
//! There is no PAC here. What a real KDC reads from one, whom a TGT of another realm is about, is
//! in an element of authorization data of our own.

use kerberos_asn1::{
    AuthorizationData, AuthorizationDataEntry, AuthorizationDataType, Checksum, Decode,
    EncTicketPart, Encode, ErrorCode, KdcOptions, KdcReq, KerberosString, MethodData, NameType,
    PaData, PaDataType, PaForUser, PaPacOptions, PaS4uX509User, PacOptions, PrincipalName,
    RawTicket, Realm, S4uOptions, S4uUserId, SequenceOf, TicketFlags,
};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyUsage, unkeyed_checksum};

use crate::account::AccountState;
use crate::database::Entry;
use crate::fault::{Fault, S4uFault};
use crate::kdc::Kdc;
use crate::reply::Refusal;
use crate::request::{decode_padded, find_padata};
use crate::tgs_service::open_ticket;

/// A request with a TGT, as far as S4U looks at it.
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a KdcReq<'a>,
    pub(crate) tgt: &'a EncTicketPart<'a>,
    /// The realm that issued the TGT.
    pub(crate) issuer: Realm<'a>,
    pub(crate) session: &'a Key,
    /// The subkey, or else the session key.
    pub(crate) key: &'a Key,
    /// What is granted: the service, or a TGT on the way to it.
    pub(crate) server: &'a Entry,
}

/// What is special about a ticket on behalf of someone.
pub(crate) struct Granted {
    client: (Vec<String>, String),
    name_type: NameType,
    pub(crate) forwardable: bool,
    padata: Vec<(PaDataType, Vec<u8>)>,
    encrypted: Vec<(PaDataType, Vec<u8>)>,
    /// Whom a TGT of another realm is about.
    subject: Option<String>,
}

impl Granted {
    /// What `asked` is granted, where it is on behalf of someone or by a TGT that is.
    pub(crate) fn new(kdc: &Kdc, asked: &Asked<'_>) -> Result<Option<Self>, Refusal> {
        let options = asked.request.req_body.kdc_options;
        if options.contains(KdcOptions::CNAME_IN_ADDL_TKT) {
            return by_proxy(kdc, asked).map(Some);
        }
        if let Some((user, x509)) = requested_user(asked)? {
            if kdc.faults.strikes(&Fault::S4u(S4uFault::Ignored)) {
                return Ok(None);
            }
            return to_self(kdc, asked, user, x509).map(Some);
        }
        // On the way to the target's realm.
        Ok(subject(asked.tgt).map(|subject| Self {
            subject: Some(subject),
            ..Self::of_requester(asked)
        }))
    }

    /// A ticket with the requester's own name.
    fn of_requester(asked: &Asked<'_>) -> Self {
        Self {
            client: named(&asked.tgt.cname, asked.tgt.crealm),
            name_type: asked.tgt.cname.name_type,
            forwardable: true,
            padata: Vec::new(),
            encrypted: Vec::new(),
            subject: None,
        }
    }

    pub(crate) fn client(&self) -> (PrincipalName<'_>, Realm<'_>) {
        let (components, realm) = &self.client;
        let components = components.iter().map(String::as_str);
        let name = PrincipalName {
            name_type: self.name_type,
            name_string: components.map(KerberosString::from).collect(),
        };
        (name, realm.as_str().into())
    }

    pub(crate) fn padata(&self) -> Option<MethodData<'_>> {
        list(&self.padata)
    }

    pub(crate) fn encrypted(&self) -> Option<MethodData<'_>> {
        list(&self.encrypted)
    }

    pub(crate) fn authorization_data(&self) -> Option<AuthorizationData<'_>> {
        self.subject.as_ref().map(|subject| {
            SequenceOf::from(vec![AuthorizationDataEntry {
                ad_type: SUBJECT,
                ad_data: subject.as_bytes(),
            }])
        })
    }
}

/// The user of PA-S4U-X509-USER or else of PA-FOR-USER, whose checksums fit.
fn requested_user<'a>(
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

/// A user as the request names them.
struct User {
    components: Vec<String>,
    name_type: Option<NameType>,
    realm: String,
    certificate: Option<Vec<u8>>,
}

/// MS-SFU §3.2.5.1: a ticket to the requester itself, or a TGT on the way to its realm.
fn to_self(
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
        // Who is referred to another realm is no user of this one.
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
        // Only the user's realm knows the user: who comes from there has it in writing.
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

/// MS-SFU §2.2.2: the padata that proves to the service that the KDC saw this user.
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

/// MS-SFU §3.2.5.2: a ticket to another service, or a proxy TGT on the way to it.
fn by_proxy(kdc: &Kdc, asked: &Asked<'_>) -> Result<Granted, Refusal> {
    let bad = |text| Refusal::new(ErrorCode::KDC_ERR_BADOPTION, text);
    let body = &asked.request.req_body;
    let second = body
        .additional_tickets
        .as_ref()
        .and_then(SequenceOf::first)
        .ok_or_else(|| bad("NO_2ND_TKT"))?;
    let opened = open_ticket(kdc, second.ticket())?;
    let evidence: EncTicketPart<'_> = decode_padded(&opened).ok_or_else(|| bad("2ND_TKT"))?;
    let (user, forwardable) = subject_of_evidence(asked, &second, &evidence)?;

    let resource_based = find_padata(asked.request, PaDataType::PAC_OPTIONS)
        .and_then(|value| PaPacOptions::from_der(value).ok())
        .is_some_and(|padata| padata.flags.contains(RESOURCE_BASED));
    let service = components(&asked.tgt.cname).join("/");
    let full = full_name(&components(&asked.tgt.cname), &text(asked.tgt.crealm.0));
    let target = asked.server.components.join("/");
    let listed = |names: &[String], name: &str| names.iter().any(|one| one == name);
    let local = asked.issuer.0 == kdc.realm.as_bytes();
    let classic = forwardable
        && local
        && kdc
            .database
            .find_by_text(&service)
            .is_some_and(|entry| listed(&entry.account.delegates_to, &target));
    let accepted = &asked.server.account.accepts_from;
    let by_target = resource_based && (listed(accepted, &full) || listed(accepted, &service));

    let mut granted = Granted::of_requester(asked);
    if asked.server.is_krbtgt() {
        if !resource_based {
            return Err(bad("NOT_RESOURCE_BASED"));
        }
        granted.subject = Some(user);
    } else if classic || by_target {
        let (name, realm) = user.rsplit_once('@').unwrap_or((&user, ""));
        let name = name.split('/').map(str::to_owned).collect();
        granted.client = (name, realm.to_owned());
        granted.name_type = NameType::PRINCIPAL;
        granted.forwardable = forwardable;
    } else if !forwardable {
        return Err(bad("EVIDENCE_TKT_NOT_FORWARDABLE"));
    } else {
        return Err(bad("NOT_ALLOWED_TO_DELEGATE"));
    }
    if resource_based && !kdc.faults.strikes(&Fault::S4u(S4uFault::NotResourceBased)) {
        let flags = RESOURCE_BASED;
        let padata = PaPacOptions { flags }.to_der();
        granted.encrypted = vec![(PaDataType::PAC_OPTIONS, padata)];
    }
    Ok(granted)
}

/// Whose ticket the evidence is, and whether it is forwardable: one to the requester, or a proxy
/// TGT that it got from its own realm.
fn subject_of_evidence(
    asked: &Asked<'_>,
    ticket: &RawTicket<'_>,
    evidence: &EncTicketPart<'_>,
) -> Result<(String, bool), Refusal> {
    let requester = components(&asked.tgt.cname);
    let forwardable = evidence.flags.contains(TicketFlags::FORWARDABLE);
    if let Some(subject) = subject(evidence) {
        return Ok((subject, forwardable));
    }
    if components(&ticket.ticket().sname) != requester {
        let text = "EVIDENCE_TICKET_MISMATCH";
        return Err(Refusal::new(ErrorCode::KDC_ERR_SERVER_NOMATCH, text));
    }
    let (name, realm) = named(&evidence.cname, evidence.crealm);
    Ok((full_name(&name, &realm), forwardable))
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

/// Whom a TGT is about.
fn subject(tgt: &EncTicketPart<'_>) -> Option<String> {
    let elements = tgt.authorization_data.as_ref()?;
    let element = elements.iter().find(|one| one.ad_type == SUBJECT)?;
    Some(text(element.ad_data))
}

fn checksum(key: &Key, kind: ChecksumType, usage: KeyUsage, covered: &[u8]) -> Option<Vec<u8>> {
    if kind.is_keyed() {
        key.checksum_as(kind, usage, covered).ok()
    } else {
        unkeyed_checksum(kind, covered).ok()
    }
}

/// Types from before there were keyed checksums for this (MS-SFU §2.2.2).
fn is_older(key: &Key) -> bool {
    [EncryptionType::DES3_CBC_SHA1, EncryptionType::ARCFOUR_HMAC].contains(&key.etype())
}

fn list(padata: &[(PaDataType, Vec<u8>)]) -> Option<MethodData<'_>> {
    let wire = padata.iter().map(|(padata_type, value)| PaData {
        padata_type: *padata_type,
        padata_value: value,
    });
    (!padata.is_empty()).then(|| wire.collect())
}

fn components(name: &PrincipalName<'_>) -> Vec<String> {
    name.name_string.iter().map(|one| text(one.0)).collect()
}

fn named(name: &PrincipalName<'_>, realm: Realm<'_>) -> (Vec<String>, String) {
    (components(name), text(realm.0))
}

fn full_name(components: &[String], realm: &str) -> String {
    format!("{}@{realm}", components.join("/"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const RESOURCE_BASED: PacOptions = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
/// In place of a PAC: whom a TGT of another realm is about.
const SUBJECT: AuthorizationDataType = AuthorizationDataType(-4242);
