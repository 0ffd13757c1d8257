//! The TGS-REP: decrypted (RFC 4120 §3.3.4) and turned into a ticket or a referral (RFC 6806 §8).
//! The checks are in `reply/checks.rs`.

use alloc::vec::Vec;

use kerberos_asn1::{EncKdcRepPart, KdcOptions, KdcRep, TicketFlags};
use kerberos_crypto::{CryptoError, EncryptionType, Key, KeyUsage, Plaintext};

use super::request::{Sent, second_ticket};
use super::{S4uProof, TgsOutcome, TgsParams};
use crate::plain::without_padding;
use crate::trace::{Etype, trace};
use crate::{Credential, ExchangeError, Principal, Timestamp};

mod checks;

use checks::{Checked, Decrypted};

/// Decrypts and checks `reply`, the answer to `sent`.
pub(super) fn finish(
    reply: &KdcRep<'_>,
    sent: &Sent,
    params: &TgsParams,
    now: Timestamp,
) -> Result<(TgsOutcome, S4uProof), ExchangeError> {
    let (plain, etype) = decrypt(reply, sent)?;
    let part = EncKdcRepPart::from_der_any_tag(without_padding(&plain, etype))
        .map_err(ExchangeError::decode("the encrypted part of the TGS-REP"))?;
    let reply = Decrypted {
        message: reply,
        part: &part,
        client: Principal::from_wire(&reply.cname, reply.crealm),
        server: Principal::from_wire(&part.sname, part.srealm),
    };
    trace!(
        "TGS reply is for {} -> {} with session key {}",
        reply.client,
        reply.server,
        Etype(reply.session_etype())
    );
    let Checked { referral, proof } = reply.check(sent, params, now)?;
    let credential = credential(reply, sent, params);
    let outcome = match referral {
        // Only the service's own ticket is encrypted in the session key of the second ticket.
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

/// RFC 4120 §3.3.4: the reply is encrypted in the authenticator's subkey. Some KDCs use the session
/// key anyway, which is just as secret.
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

fn credential(reply: Decrypted<'_>, sent: &Sent, params: &TgsParams) -> Credential {
    let tgt = &sent.tgt;
    // OK-AS-DELEGATE is a statement of the client's own realm. Another realm's statement counts if
    // ours trusts that realm in this respect (RFC 4120 §2.8 leaves this to policy; MIT's library
    // does the same).
    let home = tgt.server.tgt_realm() == Some(tgt.client.realm())
        && tgt.server.realm() == tgt.client.realm();
    let flags = if home || tgt.flags.contains(TicketFlags::OK_AS_DELEGATE) {
        reply.part.flags
    } else {
        reply.part.flags.without(TicketFlags::OK_AS_DELEGATE)
    };
    Credential {
        is_skey: sent.options.contains(KdcOptions::ENC_TKT_IN_SKEY),
        flags,
        authorization_data: params.authorization_data.clone(),
        second_ticket: second_ticket(params).cloned().unwrap_or_default(),
        ..Credential::of_reply(reply.message, reply.part, reply.client, reply.server)
    }
}
