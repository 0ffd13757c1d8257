//! The AS exchange: answers an AS-REQ with an AS-REP (RFC 4120 §3.1, RFC 6806).

use kerberos_asn1::{
    Checksum, Encode, ErrorCode, KdcOptions, KdcReq, KdcReqBody, MessageType, MethodData, NameType,
    PaData, PaDataType, TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};

use crate::account::{AccountState, Referral};
use crate::database::{Entry, PrincipalKey};
use crate::fault::Fault;
use crate::kdc::{Kdc, Now};
use crate::preauth::{check_preauth, hints, method_data};
use crate::reply::{Grant, Refusal};
use crate::request::find_padata;

mod times;

/// Answers an AS-REQ; `message` is its encoding.
pub(crate) fn serve(
    kdc: &Kdc,
    message: &[u8],
    request: &KdcReq<'_>,
    now: Now,
) -> Result<Vec<u8>, Refusal> {
    let body = &request.req_body;
    if body.realm.0 != kdc.realm.as_bytes() {
        return Err(Refusal::new(ErrorCode::KDC_ERR_WRONG_REALM, "WRONG_REALM"));
    }
    let canonicalize = body.kdc_options.contains(KdcOptions::CANONICALIZE);
    let client = find_client(kdc, body, canonicalize)?;
    let (server, server_type) = find_server(kdc, body, canonicalize)?;
    check_state(client, body)?;
    let keys = Keys::choose(client, server, body)?;

    let preauthenticated = check_preauth(kdc, client, request, now)?;
    let (times, mut flags) = times::grant(kdc, body, now)?;
    flags |= TicketFlags::INITIAL;
    if preauthenticated {
        flags |= TicketFlags::PRE_AUTHENT;
    }
    // RFC 6806 §11: the checksum over the request, if the client asks for it.
    let asked = find_padata(request, PaDataType::REQ_ENC_PA_REP).is_some();
    let checksum = asked
        .then(|| request_checksum(kdc, keys.client.key(), message))
        .flatten();
    if asked {
        flags |= TicketFlags::ENC_PA_REP;
    }

    let hints = hints(kdc, &[keys.client]);
    Grant {
        reply_type: MessageType::AS_REP,
        client: client.name(client_type(body)),
        client_realm: kdc.realm.as_str().into(),
        server: server.name(server_type),
        server_realm: kdc.realm.as_str().into(),
        ticket_key: keys.server.with_version(),
        session_etype: keys.session_etype,
        flags,
        times,
        addresses: body.addresses.clone(),
        nonce: body.nonce,
        password_expiration: client.account.password_expiration,
        padata: (!hints.is_empty()).then(|| method_data(&hints)),
        encrypted_pa_data: checksum.as_deref().map(protected_padata),
        authorization_data: None,
        reply_key: (
            keys.client.key(),
            Some(keys.client.kvno()),
            KeyUsage::AS_REP_ENC_PART,
        ),
    }
    .issue(kdc, now)
}

/// The first type in the request for which the server has a key and which this crate supports.
pub(crate) fn session_etype(server: &Entry, body: &KdcReqBody<'_>) -> Option<EncryptionType> {
    server.key_for(body.etype.iter()).map(PrincipalKey::etype)
}

/// The keys used in an answer.
struct Keys<'k> {
    /// Encrypts the client's part.
    client: &'k PrincipalKey,
    /// The type of the session key.
    session_etype: EncryptionType,
    /// Encrypts the ticket.
    server: &'k PrincipalKey,
}

impl<'k> Keys<'k> {
    /// RFC 4120 §3.1.3: the reply key has the first requested type for which the client has a key,
    /// the session key the first one that the KDC and the server support.
    fn choose(
        client: &'k Entry,
        server: &'k Entry,
        body: &KdcReqBody<'_>,
    ) -> Result<Self, Refusal> {
        let no_etype = || Refusal::new(ErrorCode::KDC_ERR_ETYPE_NOSUPP, "BAD_ENCRYPTION_TYPE");
        Ok(Self {
            client: client.key_for(body.etype.iter()).ok_or_else(no_etype)?,
            session_etype: session_etype(server, body).ok_or_else(no_etype)?,
            server: server.ticket_key().ok_or_else(no_etype)?,
        })
    }
}

fn find_client<'k>(
    kdc: &'k Kdc,
    body: &KdcReqBody<'_>,
    canonicalize: bool,
) -> Result<&'k Entry, Refusal> {
    let unknown = || Refusal::new(ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN, "CLIENT_NOT_FOUND");
    let name = body.cname.as_ref().ok_or_else(unknown)?;
    let entry = kdc.database.find(name, canonicalize).ok_or_else(unknown)?;
    match &entry.account.referral {
        None => Ok(entry),
        Some((realm, Referral::WrongRealm)) => {
            let refusal = Refusal::new(ErrorCode::KDC_ERR_WRONG_REALM, "REFERRAL");
            Err(refusal.with_client_realm(realm))
        }
        Some((realm, Referral::PrincipalUnknown)) => Err(unknown().with_client_realm(realm)),
    }
}

/// The requested service, and the type of its name.
fn find_server<'k>(
    kdc: &'k Kdc,
    body: &KdcReqBody<'_>,
    canonicalize: bool,
) -> Result<(&'k Entry, NameType), Refusal> {
    let unknown = || Refusal::new(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, "SERVER_NOT_FOUND");
    let name = body.sname.as_ref().ok_or_else(unknown)?;
    let entry = kdc.database.find(name, canonicalize).ok_or_else(unknown)?;
    Ok((entry, name.name_type))
}

/// The name type of the client in the answer.
fn client_type(body: &KdcReqBody<'_>) -> NameType {
    match body.cname.as_ref().map(|name| name.name_type) {
        // RFC 6806 §6: a canonicalized enterprise name becomes an ordinary one.
        Some(NameType::ENTERPRISE) | None => NameType::PRINCIPAL,
        Some(name_type) => name_type,
    }
}

fn check_state(client: &Entry, body: &KdcReqBody<'_>) -> Result<(), Refusal> {
    let changes_password = body.sname.as_ref().is_some_and(|name| {
        name.name_string
            .iter()
            .map(|component| component.0)
            .eq([&b"kadmin"[..], b"changepw"])
    });
    match client.account.state {
        AccountState::Normal => Ok(()),
        AccountState::PasswordExpired if changes_password => Ok(()),
        AccountState::PasswordExpired => Err(Refusal::new(
            ErrorCode::KDC_ERR_KEY_EXPIRED,
            "CLIENT KEY EXPIRED",
        )),
        AccountState::Expired => Err(Refusal::new(ErrorCode::KDC_ERR_NAME_EXP, "CLIENT EXPIRED")),
        AccountState::Locked => Err(Refusal::new(
            ErrorCode::KDC_ERR_CLIENT_REVOKED,
            "CLIENT LOCKED OUT",
        )),
    }
}

/// The encoded Checksum of PA-REQ-ENC-PA-REP; `None` if a fault omits it.
fn request_checksum(kdc: &Kdc, reply_key: &Key, message: &[u8]) -> Option<Vec<u8>> {
    if kdc.faults.strikes(&Fault::MissingRequestChecksum) {
        return None;
    }
    let mut checksum = reply_key.checksum(KeyUsage::AS_REQ, message);
    if kdc.faults.strikes(&Fault::WrongRequestChecksum)
        && let Some(first) = checksum.first_mut()
    {
        *first ^= 1;
    }
    let cksumtype = reply_key.checksum_type().0;
    Some(
        Checksum {
            cksumtype,
            checksum: &checksum,
        }
        .to_der(),
    )
}

/// The padata in the encrypted part that accompanies `checksum`.
fn protected_padata(checksum: &[u8]) -> MethodData<'_> {
    let element = |padata_type, padata_value| PaData {
        padata_type,
        padata_value,
    };
    MethodData::from(vec![
        element(PaDataType::REQ_ENC_PA_REP, checksum),
        element(PaDataType::FX_FAST, b""),
    ])
}
