//! The TGS-REP: decrypted, then checked against the request (RFC 4120 §3.3.4, RFC 6806 §8).

use alloc::vec::Vec;

use kerberos_asn1::{EncKdcRepPart, KdcOptions, KdcRep, TicketFlags};
use kerberos_crypto::{CryptoError, EncryptionType, Key, KeyUsage, Plaintext};

use super::on_behalf::{check_client, check_padata};
use super::request::{Sent, second_ticket};
use super::{S4uProof, TgsOutcome, TgsParams};
use crate::plain::without_padding;
use crate::trace::{Etype, trace};
use crate::{Credential, ExchangeError, Principal, ReplyFault, Timestamp};

mod checks;

use checks::{check_addresses, check_flags, check_server, check_times};

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
