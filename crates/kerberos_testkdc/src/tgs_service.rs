//! The TGS exchange: service tickets, renewals, validations, forwarded tickets and proxies,
//! user-to-user and referrals by a ticket of this realm (RFC 4120 §3.3, RFC 6806 §8).
//!
//! What the ticket of a request is good for is in `header_ticket`, what is on behalf of users in `s4u`.

use kerberos_asn1::{
    ApReq, Authenticator, Decode, EncTicketPart, ErrorCode, KdcOptions, KdcReq, KdcReqBody,
    KerberosTime, MessageType, NameType, PaDataType, PrincipalName, SequenceOf, Ticket,
    TicketFlags,
};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyUsage, Plaintext};

use crate::as_service::session_etype;
use crate::database::Entry;
use crate::header_ticket;
use crate::kdc::{Kdc, Now};
use crate::reply::{Grant, Refusal, Times, after};
use crate::request::{decode_padded, find_padata, whole_seconds};
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

    // RFC 4120 §3.3.2, §3.2.3: the ticket is ours, and who sends it knows its session key.
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

    let unknown = || Refusal::new(ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN, "LOOKING_UP_SERVER");
    let server_name = body.sname.as_ref().ok_or_else(unknown)?;
    let asked = |option| body.kdc_options.contains(option);
    let canonicalize = asked(KdcOptions::CANONICALIZE);
    let server = kdc
        .database
        .find(server_name, canonicalize)
        .ok_or_else(unknown)?;
    // RFC 6806 §8: a TGT for the realm where the service lives. RFC 4120 §3.3.3: instead of a TGT
    // one of a realm on the way, without being asked.
    let server = match &server.account.referral {
        None => server,
        Some((realm, _)) if canonicalize || is_tgt(server_name) => kdc
            .database
            .find_by_text(&format!("krbtgt/{realm}"))
            .ok_or_else(unknown)?,
        Some(_) => return Err(unknown()),
    };
    let no_etype = || Refusal::new(ErrorCode::KDC_ERR_ETYPE_NOSUPP, "BAD_ENCRYPTION_TYPE");
    let (times, flags) = grant_times(kdc, &tgt, body, now)?;
    let moved = asked(KdcOptions::FORWARDED) || asked(KdcOptions::PROXY);
    let second_key = if asked(KdcOptions::ENC_TKT_IN_SKEY) {
        Some(second_key(kdc, server, body)?)
    } else {
        None
    };

    // RFC 4120 §3.3.3: the subkey, where there is one, else the session key.
    let subkey = authenticator
        .subkey
        .map(|key| wire_key(key.keytype, key.keyvalue));
    let (reply_key, usage) = match &subkey {
        None => (&session, KeyUsage::TGS_REP_ENC_PART_SESSION_KEY),
        Some(Some(key)) => (key, KeyUsage::TGS_REP_ENC_PART_SUBKEY),
        Some(None) => return Err(no_etype()),
    };
    let granted = Granted::new(
        kdc,
        &Asked {
            request,
            tgt: &tgt,
            issuer: ap_req.ticket.ticket().realm,
            session: &session,
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

fn is_tgt(name: &PrincipalName<'_>) -> bool {
    name.name_string
        .iter()
        .next()
        .is_some_and(|component| component.0 == b"krbtgt")
}

/// Decrypts a ticket of one of the KDC's principals.
pub(crate) fn open_ticket(kdc: &Kdc, ticket: &Ticket<'_>) -> Result<Plaintext, Refusal> {
    let key = kdc
        .database
        .find(&ticket.sname, false)
        .and_then(|entry| entry.key_for(std::iter::once(ticket.enc_part.etype)))
        .ok_or(Refusal::new(ErrorCode::KRB_AP_ERR_NOT_US, "NOT_US"))?;
    // RFC 4120 §3.2.3: no key is kept but the newest version.
    if ticket.enc_part.kvno.is_some_and(|kvno| kvno != key.kvno()) {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_BADKEYVER, "BADKEYVER"));
    }
    key.key()
        .decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher)
        .map_err(|_| Refusal::new(ErrorCode::KRB_AP_ERR_BAD_INTEGRITY, "PROCESS_TGS"))
}

/// RFC 4120 §3.7: the session key of the additional ticket, a TGT of the service.
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

fn grant_times(
    kdc: &Kdc,
    tgt: &EncTicketPart<'_>,
    body: &KdcReqBody<'_>,
    now: Now,
) -> Result<(Times, TicketFlags), Refusal> {
    let asked = |option| body.kdc_options.contains(option);
    let start = after(now, 0);
    let mut flags = tgt
        .flags
        .without(TicketFlags::INITIAL | TicketFlags::ENC_PA_REP);
    let mut end = tgt.endtime;
    let mut renew_till = tgt.renew_till;

    if asked(KdcOptions::RENEW) {
        // RFC 4120 §3.3.3: the same life again, but not beyond renew-till.
        let till = tgt
            .renew_till
            .filter(|_| tgt.flags.contains(TicketFlags::RENEWABLE));
        let till = till.ok_or(Refusal::new(ErrorCode::KDC_ERR_BADOPTION, "NOT RENEWABLE"))?;
        if till <= start {
            return Err(Refusal::new(
                ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
                "TKT_EXPIRED",
            ));
        }
        let life = tgt.endtime.unix() - tgt.starttime.unwrap_or(tgt.authtime).unix();
        end = till.min(after(now, life));
    } else if asked(KdcOptions::VALIDATE) {
        // RFC 4120 §3.3.3: a postdated ticket whose time has come.
        if !tgt.flags.contains(TicketFlags::INVALID) {
            return Err(Refusal::new(ErrorCode::KDC_ERR_BADOPTION, "NOT INVALID"));
        }
        if tgt.starttime.is_some_and(|time| time > start) {
            return Err(Refusal::new(ErrorCode::KRB_AP_ERR_TKT_NYV, "NOT_YET_VALID"));
        }
        flags = flags.without(TicketFlags::INVALID);
    } else {
        let kept = [
            (KdcOptions::FORWARDABLE, TicketFlags::FORWARDABLE),
            (KdcOptions::PROXIABLE, TicketFlags::PROXIABLE),
            (KdcOptions::RENEWABLE, TicketFlags::RENEWABLE),
            (KdcOptions::ALLOW_POSTDATE, TicketFlags::MAY_POSTDATE),
        ];
        for (option, flag) in kept {
            if !asked(option) {
                flags = flags.without(flag);
            }
        }
        let till = if body.till.unix() == 0 {
            KerberosTime::MAX
        } else {
            body.till
        };
        end = end
            .min(till)
            .min(after(now, whole_seconds(kdc.policy.max_life)));
        renew_till = renew_till.filter(|_| flags.contains(TicketFlags::RENEWABLE));
        // RFC 4120 §2.5, §2.6.
        let moved = [
            (
                KdcOptions::FORWARDED,
                TicketFlags::FORWARDABLE,
                TicketFlags::FORWARDED,
            ),
            (
                KdcOptions::PROXY,
                TicketFlags::PROXIABLE,
                TicketFlags::PROXY,
            ),
        ];
        for (option, needed, flag) in moved {
            if asked(option) && !tgt.flags.contains(needed) {
                return Err(Refusal::new(ErrorCode::KDC_ERR_BADOPTION, "NOT ALLOWED"));
            }
            if asked(option) {
                flags |= flag;
            }
        }
    }
    if end <= start {
        return Err(Refusal::new(ErrorCode::KDC_ERR_NEVER_VALID, "NEVER_VALID"));
    }
    flags |= TicketFlags::TRANSITED_POLICY_CHECKED;
    Ok((
        Times {
            auth: tgt.authtime,
            start,
            end,
            renew_till,
        },
        flags,
    ))
}

fn wire_key(etype: i32, bytes: &[u8]) -> Option<Key> {
    Key::from_bytes(EncryptionType(etype), bytes).ok()
}
