//! The TGS-REP: decrypted, then checked against the request (RFC 4120 §3.3.4, RFC 6806 §8).

use alloc::{borrow::ToOwned, vec::Vec};

use kerberos_asn1::{EncKdcRepPart, KdcOptions, KdcRep, KerberosTime, TicketFlags};
use kerberos_crypto::{CryptoError, EncryptionType, Key, KeyUsage, Plaintext};

use super::on_behalf::{check_client, check_padata};
use super::request::{Sent, second_ticket};
use super::{OnBehalf, S4uProof, TgsOutcome, TgsParams};
use crate::plain::without_padding;
use crate::trace::{Etype, trace};
use crate::{Credential, ExchangeError, HostAddress, Principal, ReplyFault, Timestamp};

/// Decrypts and checks `reply` to `sent`.
pub(super) fn finish(
    reply: &KdcRep<'_>,
    sent: &Sent,
    params: &TgsParams,
    now: Timestamp,
) -> Result<(TgsOutcome, S4uProof), ExchangeError> {
    let (plain, etype) = decrypt(reply, sent)?;
    let part = EncKdcRepPart::from_der_any_tag(without_padding(&plain, etype))
        .map_err(ExchangeError::decode("the encrypted part of the TGS-REP"))?;
    let client = Principal::from_wire(&reply.cname, reply.crealm);
    let server = Principal::from_wire(&part.sname, part.srealm);
    let session_etype = EncryptionType(part.key.keytype);
    trace!(
        "TGS reply is for {client} -> {server} with session key {}",
        Etype(session_etype)
    );

    // RFC 4120 §3.1.5, which §3.3.4 refers to: the nonce is the request's.
    if part.nonce != sent.nonce {
        return Err(ReplyFault::Nonce.into());
    }
    let ticket = reply.ticket.ticket();
    let ticket_server = Principal::from_wire(&ticket.sname, ticket.realm);
    if ticket_server != server {
        return Err(ReplyFault::TicketServerName {
            ticket: ticket_server,
            reply: server,
        }
        .into());
    }
    let referral = check_server(&server, sent)?;
    let proof = match &params.on_behalf {
        Some(on_behalf) => check_padata(on_behalf, reply, &part, sent)?,
        None => S4uProof::default(),
    };
    match &params.on_behalf {
        // A referral is still the requester's own.
        Some(on_behalf) if referral.is_none() => {
            check_client(on_behalf, &proof, &client, &sent.tgt.client)?;
        }
        // §3.3.3: the new ticket is for the client of the TGT.
        _ if client != sent.tgt.client => {
            return Err(ReplyFault::ClientName {
                asked: sent.tgt.client.clone(),
                got: client,
            }
            .into());
        }
        _ => {}
    }
    // §3.1.3: the session key's type comes from the request.
    if !sent.etypes.contains(&session_etype) {
        return Err(ReplyFault::SessionKeyNotOffered(session_etype).into());
    }
    // Told now, not by whoever uses the ticket first.
    Key::from_bytes(session_etype, part.key.keyvalue)?;
    check_times(&part, sent, params, now)?;
    check_flags(part.flags, sent, params)?;
    check_addresses(&part, sent, params)?;

    let credential = credential(reply, &part, client, server, sent, params);
    let outcome = match referral {
        // Only the service's own ticket is encrypted in the session key of its TGT.
        Some(realm) => TgsOutcome::Referral {
            realm,
            tgt: Credential {
                is_skey: false,
                second_ticket: Vec::new(),
                ..credential
            },
        },
        None => TgsOutcome::Ticket(credential),
    };
    Ok((outcome, proof))
}

/// RFC 4120 §3.3.4: the reply is encrypted in the authenticator's subkey. Some KDCs take the session
/// key all the same: nobody else has it.
fn decrypt(reply: &KdcRep<'_>, sent: &Sent) -> Result<(Plaintext, EncryptionType), ExchangeError> {
    let etype = EncryptionType(reply.enc_part.etype);
    let cipher = reply.enc_part.cipher;
    let by = |key: &Key, usage| {
        if key.etype() == etype {
            key.decrypt(usage, cipher)
        } else {
            Err(CryptoError::Decrypt)
        }
    };
    let plain = by(&sent.subkey, KeyUsage::TGS_REP_ENC_PART_SUBKEY).or_else(|_| {
        trace!(
            "TGS reply didn't decode with subkey; trying session key ({})",
            Etype(sent.session_key.etype())
        );
        by(&sent.session_key, KeyUsage::TGS_REP_ENC_PART_SESSION_KEY)
    })?;
    Ok((plain, etype))
}

/// Whether the ticket is for the right service; the realm that it leads to, if it is a referral.
fn check_server(server: &Principal, sent: &Sent) -> Result<Option<Vec<u8>>, ExchangeError> {
    if *server == sent.server {
        return Ok(None);
    }
    let wrong = || ReplyFault::ServerName {
        asked: sent.server.clone(),
        got: server.clone(),
    };
    let canonicalize = sent.options.contains(KdcOptions::CANONICALIZE);
    let again = sent.options & (KdcOptions::RENEW | KdcOptions::VALIDATE);
    // A ticket that is renewed or validated stays what it is.
    if again != KdcOptions::empty() {
        return Err(wrong().into());
    }
    if server.realm() != sent.kdc_realm {
        // Active Directory knows its realm by other names, too: in small letters, by its NetBIOS
        // name. It gives TGTs for those like a foreign realm's, and then puts its true name into
        // the ticket (RFC 6806 §6): that of who issued the TGT, and no other.
        let issuer = sent.tgt.server.realm();
        let same_service = server.same_name(&sent.server) && !server.is_krbtgt();
        if canonicalize && same_service && server.realm() == issuer {
            return Ok(None);
        }
        return Err(wrong().into());
    }
    if let Some(realm) = server.tgt_realm() {
        // RFC 6806 §8: a referral, if the client can follow one. RFC 4120 §3.3.3: asked for a TGT
        // of a foreign realm, the KDC may answer with one of a realm on the way.
        if !canonicalize && !sent.server.is_krbtgt() {
            return Err(wrong().into());
        }
        if canonicalize {
            trace!(
                "Reply server {server} differs from requested {}",
                sent.server
            );
        }
        // A referral to where we are leads nowhere.
        if realm == sent.kdc_realm {
            return Err(ExchangeError::ReferralLoop {
                realm: realm.to_owned(),
                hops: alloc::vec![sent.kdc_realm.clone()],
            });
        }
        return Ok(Some(realm.to_owned()));
    }
    // RFC 6806 §6: the name may be corrected to an alias's true name; a TGT has no other name.
    if !canonicalize || sent.server.is_krbtgt() {
        return Err(wrong().into());
    }
    trace!(
        "Reply server {server} differs from requested {}",
        sent.server
    );
    Ok(None)
}

fn check_times(
    part: &EncKdcRepPart<'_>,
    sent: &Sent,
    params: &TgsParams,
    now: Timestamp,
) -> Result<(), ReplyFault> {
    let start = part.starttime.unwrap_or(part.authtime);
    let now = now.by_kdc(params.kdc_offset);
    let latest = now.seconds.saturating_add(params.policy.clock_skew.into());
    // RFC 4120 §3.3.3: a postdated ticket starts when asked, any other at once.
    let as_asked = match params.start {
        Some(from) => start == from,
        None => start.unix() <= latest,
    };
    if !as_asked {
        return Err(ReplyFault::StartTime);
    }
    let tgt = &sent.tgt.times;
    // §3.3.3: a renewed ticket lasts until its renew-till at most, another one no longer than the
    // TGT and "till", where 1970 means no wish (§5.4.1).
    let renew_till = tgt.renew_till.unwrap_or(KerberosTime::MIN);
    let latest = match sent.till.unix() {
        _ if sent.options.contains(KdcOptions::RENEW) => renew_till,
        0 => tgt.endtime,
        _ => tgt.endtime.min(sent.till),
    };
    if part.endtime > latest || part.endtime < start {
        return Err(ReplyFault::EndTime);
    }
    // §3.3.3: nor is it renewable for longer than the TGT and "rtime".
    let latest = params
        .renew_till
        .map_or(renew_till, |asked| asked.min(renew_till));
    let renewable = part.flags.contains(TicketFlags::RENEWABLE);
    if renewable && part.renew_till.is_none_or(|till| till > latest) {
        return Err(ReplyFault::RenewTill);
    }
    Ok(())
}

/// RFC 4120 §2.4 to §2.6: a ticket is not postdated, a proxy or forwarded unless that was asked
/// for, or unless the ticket that it was made from was.
fn check_flags(flags: TicketFlags, sent: &Sent, params: &TgsParams) -> Result<(), ReplyFault> {
    // MS-SFU §3.2.5.2.2: here that was the evidence, whose flags its holder may not know.
    let from_evidence = matches!(params.on_behalf, Some(OnBehalf::ClientOf { .. }));
    let tied = [
        (TicketFlags::INVALID, KdcOptions::POSTDATED, false),
        (TicketFlags::POSTDATED, KdcOptions::POSTDATED, true),
        (TicketFlags::PROXY, KdcOptions::PROXY, true),
        (TicketFlags::FORWARDED, KdcOptions::FORWARDED, true),
    ];
    for (flag, option, inherits) in tied {
        let inherited = inherits && (from_evidence || sent.tgt.flags.contains(flag));
        let explained = sent.options.contains(option) || inherited;
        if flags.contains(flag) && !explained {
            return Err(ReplyFault::Flags);
        }
    }
    Ok(())
}

/// RFC 4120 §3.3.3: the addresses are the TGT's, but for forwarded tickets and proxies, which have
/// those of the request.
fn check_addresses(
    part: &EncKdcRepPart<'_>,
    sent: &Sent,
    params: &TgsParams,
) -> Result<(), ReplyFault> {
    let moved = sent.options & (KdcOptions::FORWARDED | KdcOptions::PROXY);
    let inherited = if moved == KdcOptions::empty() {
        &sent.tgt.addresses[..]
    } else {
        &[]
    };
    let explained = |one: &HostAddress| inherited.contains(one) || params.addresses.contains(one);
    if HostAddress::list(part.caddr.as_ref()).iter().all(explained) {
        Ok(())
    } else {
        Err(ReplyFault::Addresses)
    }
}

fn credential(
    reply: &KdcRep<'_>,
    part: &EncKdcRepPart<'_>,
    client: Principal,
    server: Principal,
    sent: &Sent,
    params: &TgsParams,
) -> Credential {
    let tgt = &sent.tgt;
    // OK-AS-DELEGATE is the word of one's own realm; another's counts when ours trusts that realm
    // so far (RFC 4120 §2.8 leaves it to policy, MIT's library does this).
    let home = tgt.server.tgt_realm() == Some(tgt.client.realm())
        && tgt.server.realm() == tgt.client.realm();
    let flags = if home || tgt.flags.contains(TicketFlags::OK_AS_DELEGATE) {
        part.flags
    } else {
        part.flags.without(TicketFlags::OK_AS_DELEGATE)
    };
    Credential {
        is_skey: sent.options.contains(KdcOptions::ENC_TKT_IN_SKEY),
        flags,
        authorization_data: params.authorization_data.clone(),
        second_ticket: second_ticket(params).cloned().unwrap_or_default(),
        ..Credential::of_reply(reply, part, client, server)
    }
}
