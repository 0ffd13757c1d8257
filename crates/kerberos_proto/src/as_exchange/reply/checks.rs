//! Checks a decrypted AS-REP against the request (RFC 4120 §3.1.5, RFC 6806 §11), with a separate
//! error for each check.

use kerberos_asn1::{
    Checksum, Decode, EncKdcRepPart, HostAddress as WireAddress, KdcOptions, KdcRep, PaDataType,
    TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};

use super::super::request::{Plan, Sent};
use crate::preauth::{OwnedPaData, find};
use crate::{ClockOffset, ExchangeError, Policy, Principal, ReplyFault, Timestamp};

/// RFC 6806 §11: a reply with the flag `enc-pa-rep` has a checksum over the AS-REQ that proves that
/// nobody altered it. Only then does the reply's list of KDC capabilities count. Returns whether
/// that list includes FAST.
pub(super) fn check_request_proof(
    part: &EncKdcRepPart<'_>,
    sent: &Sent,
    key: &Key,
) -> Result<bool, ExchangeError> {
    if !part.flags.contains(TicketFlags::ENC_PA_REP) {
        return Ok(false);
    }
    let padata = OwnedPaData::list(part.encrypted_pa_data.as_ref());
    let proof = find(&padata, PaDataType::REQ_ENC_PA_REP).ok_or(ReplyFault::RequestProofMissing)?;
    let proof = Checksum::from_der(proof)
        .map_err(ExchangeError::decode("the AS-REP's PA-REQ-ENC-PA-REP"))?;
    // The RFC allows any keyed checksum type. KDCs use the one that belongs to the key, and a
    // weaker one is refused.
    if proof.cksumtype != key.checksum_type().0
        || key
            .verify_checksum(KeyUsage::AS_REQ, &sent.message, proof.checksum)
            .is_err()
    {
        return Err(ReplyFault::RequestAltered.into());
    }
    Ok(find(&padata, PaDataType::FX_FAST).is_some())
}

/// Checks the reply against the request, and returns the service that the ticket is for.
pub(super) fn check(
    reply: &KdcRep<'_>,
    part: &EncKdcRepPart<'_>,
    client: &Principal,
    plan: &Plan,
    policy: &Policy,
) -> Result<Principal, ReplyFault> {
    // RFC 4120 §3.1.5: the nonce must be the request's.
    if part.nonce != plan.nonce {
        return Err(ReplyFault::Nonce);
    }
    // §3.1.5: cname and crealm must be the request's, unless the KDC may canonicalize them
    // (RFC 6806 §6, RFC 8062 §4.1).
    if !plan.may_rename() && *client != plan.client {
        return Err(ReplyFault::ClientName {
            asked: plan.client.clone(),
            got: client.clone(),
        });
    }
    // §3.1.5: so must sname and srealm. Only the ticket-granting service may be another one.
    let server = Principal::from_wire(&part.sname, part.srealm);
    let may_differ = plan.may_rename() && plan.server.is_krbtgt() && server.is_krbtgt();
    if !may_differ && server != plan.server {
        return Err(ReplyFault::ServerName {
            asked: plan.server.clone(),
            got: server,
        });
    }
    let ticket = reply.ticket.ticket();
    let ticket_server = Principal::from_wire(&ticket.sname, ticket.realm);
    if ticket_server != server {
        return Err(ReplyFault::TicketServerName {
            ticket: ticket_server,
            reply: server,
        });
    }
    let session_etype = EncryptionType(part.key.keytype);
    // §3.1.3: the session key's type must be one of those requested, too.
    if !plan.etypes().contains(&session_etype) {
        return Err(ReplyFault::SessionKeyNotOffered(session_etype));
    }
    check_times(part, plan, policy)?;
    check_flags(part.flags, plan)?;
    // §3.1.5: addresses must be among those requested. KDCs may drop some.
    let asked = |one: WireAddress<'_>| plan.addresses.iter().any(|address| address.is(&one));
    let mut granted = part.caddr.iter().flat_map(|list| list.iter());
    if !granted.all(asked) {
        return Err(ReplyFault::Addresses);
    }
    Ok(server)
}

fn check_times(part: &EncKdcRepPart<'_>, plan: &Plan, policy: &Policy) -> Result<(), ReplyFault> {
    let start = part.starttime.unwrap_or(part.authtime);
    // RFC 4120 §3.1.3: a postdated ticket starts at the requested time, any other immediately.
    let latest = part
        .authtime
        .unix()
        .saturating_add(policy.clock_skew.into());
    let as_asked = match plan.from {
        Some(from) if plan.options.contains(KdcOptions::POSTDATED) => start == from,
        _ => start.unix() <= latest,
    };
    if !as_asked {
        return Err(ReplyFault::StartTime);
    }
    // §3.1.3: the end is the earliest of several times, one of which is "till"; 0 sets no limit. An
    // end that is already past is not an error, because the caller may have requested one.
    if plan.till.unix() != 0 && part.endtime > plan.till {
        return Err(ReplyFault::EndTime);
    }
    let Some(renew_till) = part.renew_till else {
        return Ok(());
    };
    // §3.1.3: if requested with RENEWABLE, the limit is "rtime"; if granted instead of a long
    // lifetime because of RENEWABLE-OK, the limit is "till".
    let limit = if plan.options.contains(KdcOptions::RENEWABLE) {
        plan.rtime
    } else if plan.options.contains(KdcOptions::RENEWABLE_OK)
        && part.flags.contains(TicketFlags::RENEWABLE)
    {
        Some(plan.till)
    } else {
        None
    };
    if limit.is_some_and(|limit| renew_till > limit) {
        return Err(ReplyFault::RenewTill);
    }
    Ok(())
}

fn check_flags(flags: TicketFlags, plan: &Plan) -> Result<(), ReplyFault> {
    // RFC 4120 §2.1: INITIAL means that the AS issued the ticket. §2.4: a ticket is POSTDATED (and
    // INVALID until validated) only if that was requested.
    let postdated = plan.options.contains(KdcOptions::POSTDATED);
    let unasked = |flag| flags.contains(flag) && !postdated;
    if !flags.contains(TicketFlags::INITIAL)
        || unasked(TicketFlags::INVALID)
        || unasked(TicketFlags::POSTDATED)
    {
        return Err(ReplyFault::Flags);
    }
    // RFC 8062 §4.3: KDCs that do not know the option ignore it and issue an ordinary ticket, which
    // would reveal who the client is.
    let anonymous = plan.options.contains(KdcOptions::REQUEST_ANONYMOUS);
    if anonymous && !flags.contains(TicketFlags::ANONYMOUS) {
        return Err(ReplyFault::Flags);
    }
    Ok(())
}

/// Adopts the KDC's clock, or else requires it to be close enough.
pub(super) fn check_clock(
    part: &EncKdcRepPart<'_>,
    sent: &Sent,
    now: Timestamp,
    policy: &Policy,
) -> Result<Option<ClockOffset>, ExchangeError> {
    if policy.kdc_timesync {
        // The KDC read its clock, in whole seconds, at some moment between request and reply. If
        // its time lies in between, the clocks agree.
        let kdc = Timestamp::from_kerberos_time(part.authtime);
        let local = if (sent.at.seconds..=now.seconds).contains(&kdc.seconds) {
            kdc
        } else {
            Timestamp::new(sent.at.seconds, 0)
        };
        return Ok(Some(ClockOffset::between(local, kdc)));
    }
    // RFC 4120 §3.1.5: unless another start was requested, "starttime" must be about now.
    let start = part.starttime.unwrap_or(part.authtime);
    let off = start.unix().abs_diff(sent.at.seconds);
    if sent.plan.from.is_none() && off > policy.clock_skew.into() {
        return Err(ExchangeError::ClockSkew {
            kdc: start,
            local: sent.at,
            limit: policy.clock_skew,
        });
    }
    Ok(None)
}
