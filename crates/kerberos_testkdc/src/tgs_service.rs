//! The TGS exchange: service tickets, renewals, validations, forwarded and proxy tickets,
//! user-to-user tickets and referrals, in exchange for a ticket of this realm (RFC 4120 §3.3,
//! RFC 6806 §8).
//!
//! What the ticket in a request may be used for is checked in `header_ticket`; tickets on behalf of
//! users are in `s4u`, and the times of tickets in `times`.

mod times;

use kerberos_asn1::{
    ApReq, Authenticator, Decode, EncTicketPart, ErrorCode, KdcOptions, KdcReq, KdcReqBody,
    MessageType, NameType, PaDataType, PrincipalName, Realm, SequenceOf, Ticket, TicketFlags,
};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyUsage, Plaintext};

use crate::as_service::session_etype;
use crate::database::Entry;
use crate::header_ticket;
use crate::kdc::{Kdc, Now};
use crate::reply::{Grant, Refusal, after};
use crate::request::{decode_padded, find_padata};
use crate::s4u::{Asked, Granted};

/// Answers a TGS-REQ; `message` is its encoding.
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
    let ap_req = find_padata(request, PaDataType::TGS_REQ)
        .and_then(|bytes| ApReq::from_der(bytes).ok())
        .ok_or(Refusal::new(
            ErrorCode::KDC_ERR_PADATA_TYPE_NOSUPP,
            "NO_TGS_REQ",
        ))?;

    // RFC 4120 §3.3.2, §3.2.3: the ticket must be for us, and its sender must know the session key.
    let bad = || Refusal::new(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, "PROCESS_TGS");
    let opened = open_ticket(kdc, ap_req.ticket.ticket())?;
    let tgt: EncTicketPart<'_> = decode_padded(&opened).ok_or_else(bad)?;
    let session = wire_key(tgt.key.keytype, tgt.key.keyvalue).ok_or_else(bad)?;
    if ap_req.authenticator.etype != session.etype().0 {
        return Err(bad());
    }
    let opened = session
        .decrypt(KeyUsage::TGS_REQ_AUTHENTICATOR, ap_req.authenticator.cipher)
        .map_err(|_| bad())?;
    let authenticator: Authenticator<'_> = decode_padded(&opened).ok_or_else(bad)?;
    check_authenticator(kdc, &session, &tgt, &authenticator, message, now)?;
    header_ticket::check(kdc, ap_req.ticket.ticket(), &tgt, body, now)?;

    let header = Header {
        issuer: ap_req.ticket.ticket().realm,
        tgt: &tgt,
        session: &session,
        authenticator: &authenticator,
    };
    grant(kdc, request, &header, now)
}

/// The decrypted and verified AP-REQ of a request.
struct Header<'a> {
    issuer: Realm<'a>,
    tgt: &'a EncTicketPart<'a>,
    session: &'a Key,
    authenticator: &'a Authenticator<'a>,
}

/// Answers the request of a client whose ticket is in `header`.
fn grant(
    kdc: &Kdc,
    request: &KdcReq<'_>,
    header: &Header<'_>,
    now: Now,
) -> Result<Vec<u8>, Refusal> {
    let (body, tgt) = (&request.req_body, header.tgt);
    let server_name = body.sname.as_ref().ok_or_else(unknown_server)?;
    let asked = |option| body.kdc_options.contains(option);
    let server = find_server(kdc, server_name, asked(KdcOptions::CANONICALIZE))?;
    let no_etype = || Refusal::new(ErrorCode::KDC_ERR_ETYPE_NOSUPP, "BAD_ENCRYPTION_TYPE");
    let (times, flags) = times::grant(kdc, &server.account, tgt, body, now)?;
    let moved = asked(KdcOptions::FORWARDED) || asked(KdcOptions::PROXY);
    let second_key = if asked(KdcOptions::ENC_TKT_IN_SKEY) {
        Some(second_key(kdc, server, body)?)
    } else {
        None
    };

    // RFC 4120 §3.3.3: the subkey if there is one, otherwise the session key.
    let subkey = header.authenticator.subkey.as_ref();
    let subkey = subkey
        .map(|key| wire_key(key.keytype, key.keyvalue).ok_or_else(no_etype))
        .transpose()?;
    let (reply_key, usage) = match &subkey {
        None => (header.session, KeyUsage::TGS_REP_ENC_PART_SESSION_KEY),
        Some(key) => (key, KeyUsage::TGS_REP_ENC_PART_SUBKEY),
    };
    let granted = Granted::new(
        kdc,
        &Asked {
            request,
            tgt,
            issuer: header.issuer,
            session: header.session,
            key: reply_key,
            server,
        },
    )?;
    let granted = granted.as_ref();
    let own_name = || (tgt.cname.clone(), tgt.crealm);
    let (client, client_realm) = granted.map_or_else(own_name, Granted::client);
    let flags = match granted {
        Some(granted) if !granted.forwardable => flags.without(TicketFlags::FORWARDABLE),
        _ => flags,
    };
    Grant {
        reply_type: MessageType::TGS_REP,
        client,
        client_realm,
        server: server.name(server_name.name_type),
        server_realm: kdc.realm.as_str().into(),
        ticket_key: match &second_key {
            Some(key) => (key, None),
            None => server.ticket_key().ok_or_else(no_etype)?.with_version(),
        },
        session_etype: session_etype(server, body).ok_or_else(no_etype)?,
        flags,
        times,
        addresses: if moved {
            body.addresses.clone()
        } else {
            tgt.caddr.clone()
        },
        nonce: body.nonce,
        password_expiration: None,
        padata: granted.and_then(Granted::padata),
        encrypted_pa_data: granted.and_then(Granted::encrypted),
        authorization_data: granted.and_then(Granted::authorization_data),
        reply_key: (reply_key, None, usage),
    }
    .issue(kdc, now)
}

/// The service with this name, or the ticket-granting service on the way to it.
fn find_server<'k>(
    kdc: &'k Kdc,
    name: &PrincipalName<'_>,
    canonicalize: bool,
) -> Result<&'k Entry, Refusal> {
    let found = kdc.database.find(name, canonicalize);
    let server = found.ok_or_else(unknown_server)?;
    // RFC 6806 §8: a TGT for the realm of the service. RFC 4120 §3.3.3: for a requested TGT, one of
    // a realm on the way, even without the canonicalize option.
    match &server.account.referral {
        None => Ok(server),
        Some((realm, _)) if canonicalize || is_tgt(name) => kdc
            .database
            .find_by_text(&format!("krbtgt/{realm}"))
            .ok_or_else(unknown_server),
        Some(_) => Err(unknown_server()),
    }
}

fn unknown_server() -> Refusal {
    Refusal::new(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, "LOOKING_UP_SERVER")
}

fn is_tgt(name: &PrincipalName<'_>) -> bool {
    name.name_string
        .iter()
        .next()
        .is_some_and(|component| component.0 == b"krbtgt")
}

/// Decrypts a ticket of one of the KDC's principals.
pub(crate) fn open_ticket(kdc: &Kdc, ticket: &Ticket<'_>) -> Result<Plaintext, Refusal> {
    // RFC 4120 §3.2.3, for the version.
    if ticket.tkt_vno != Ticket::VERSION {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_BADVERSION, "BADVERSION"));
    }
    let key = kdc
        .database
        .find(&ticket.sname, false)
        .and_then(|entry| entry.key_for(std::iter::once(ticket.enc_part.etype)))
        .ok_or(Refusal::new(ErrorCode::KRB_AP_ERR_NOT_US, "NOT_US"))?;
    // RFC 4120 §3.2.3: only the newest version of a key is kept.
    if ticket.enc_part.kvno.is_some_and(|kvno| kvno != key.kvno()) {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_BADKEYVER, "BADKEYVER"));
    }
    key.key()
        .decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
        .map_err(|_| Refusal::new(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, "PROCESS_TGS"))
}

/// RFC 4120 §3.7: the session key of the additional ticket, which is the service's TGT.
fn second_key(kdc: &Kdc, server: &Entry, body: &KdcReqBody<'_>) -> Result<Key, Refusal> {
    let bad = || Refusal::new(ErrorCode::KDC_ERR_BADOPTION, "2ND_TKT");
    let second = body
        .additional_tickets
        .as_ref()
        .and_then(SequenceOf::first)
        .ok_or_else(bad)?;
    let opened = open_ticket(kdc, second.ticket())?;
    let second: EncTicketPart<'_> = decode_padded(&opened).ok_or_else(bad)?;
    if second.cname.name_string != server.name(NameType::PRINCIPAL).name_string {
        return Err(Refusal::new(
            ErrorCode::KDC_ERR_SERVER_NOMATCH,
            "2ND_TKT_MISMATCH",
        ));
    }
    wire_key(second.key.keytype, second.key.keyvalue).ok_or_else(bad)
}

fn check_authenticator(
    kdc: &Kdc,
    session: &Key,
    tgt: &EncTicketPart<'_>,
    authenticator: &Authenticator<'_>,
    message: &[u8],
    now: Now,
) -> Result<(), Refusal> {
    if authenticator.cname.name_string != tgt.cname.name_string
        || authenticator.crealm != tgt.crealm
    {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_BADMATCH, "BADMATCH"));
    }
    let skew = authenticator.ctime.unix().abs_diff(now.seconds);
    if skew > kdc.policy.clock_skew.as_secs() {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_SKEW, "SKEW"));
    }
    if tgt.endtime < after(now, 0) {
        return Err(Refusal::new(
            ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            "TICKET_EXPIRED",
        ));
    }
    // RFC 4120 §5.5.1: the authenticator's checksum covers the encoding of the request's body.
    let modified = || Refusal::new(ErrorCode::KRB_AP_ERR_MODIFIED, "MODIFIED");
    let checksum = authenticator.cksum.ok_or(Refusal::new(
        ErrorCode::KRB_AP_ERR_INAPP_CKSUM,
        "NO_CHECKSUM",
    ))?;
    let body = KdcReq::req_body_der(message).map_err(|_| modified())?;
    let usage = KeyUsage::TGS_REQ_AUTHENTICATOR_CHECKSUM;
    session
        .verify_checksum_as(
            ChecksumType(checksum.cksumtype),
            usage,
            body,
            checksum.checksum,
        )
        .map_err(|_| modified())
}

fn wire_key(etype: i32, bytes: &[u8]) -> Option<Key> {
    Key::from_bytes(EncryptionType(etype), bytes).ok()
}
