//! The times and flags of a ticket that is granted for another ticket (RFC 4120 §3.3.3).

use kerberos_asn1::{EncTicketPart, ErrorCode, KdcOptions, KdcReqBody, KerberosTime, TicketFlags};

use crate::account::Account;
use crate::kdc::{Kdc, Now};
use crate::reply::{Refusal, Times, after};
use crate::request::whole_seconds;

/// The times and flags for the request of a holder of `tgt` for a ticket to `server`.
pub(super) fn grant(
    kdc: &Kdc,
    server: &Account,
    tgt: &EncTicketPart<'_>,
    body: &KdcReqBody<'_>,
    now: Now,
) -> Result<(Times, TicketFlags), Refusal> {
    let start = after(now, 0);
    let kept = tgt
        .flags
        .without(TicketFlags::INITIAL | TicketFlags::ENC_PA_REP);
    let (mut end, mut renew_till) = (tgt.endtime, tgt.renew_till);
    let flags = if body.kdc_options.contains(KdcOptions::RENEW) {
        end = renewed_end(tgt, now)?;
        kept
    } else if body.kdc_options.contains(KdcOptions::VALIDATE) {
        check_postdated(tgt, start)?;
        kept.without(TicketFlags::INVALID)
    } else {
        let flags = new_flags(kept, body.kdc_options)?;
        let till = if body.till.unix() == 0 {
            KerberosTime::MAX
        } else {
            body.till
        };
        let max_life = server.max_life.unwrap_or(kdc.policy.max_life);
        end = end.min(till).min(after(now, whole_seconds(max_life)));
        renew_till = renew_till.filter(|_| flags.contains(TicketFlags::RENEWABLE));
        flags
    };
    if end <= start {
        return Err(Refusal::new(ErrorCode::KDC_ERR_NEVER_VALID, "NEVER_VALID"));
    }
    let times = Times {
        auth: tgt.authtime,
        start,
        end,
        renew_till,
    };
    Ok((times, flags | TicketFlags::TRANSITED_POLICY_CHECKED))
}

/// RFC 4120 §3.3.3: the same lifetime again, but not beyond renew-till.
fn renewed_end(tgt: &EncTicketPart<'_>, now: Now) -> Result<KerberosTime, Refusal> {
    let till = tgt
        .renew_till
        .filter(|_| tgt.flags.contains(TicketFlags::RENEWABLE));
    let till = till.ok_or(Refusal::new(ErrorCode::KDC_ERR_BADOPTION, "NOT RENEWABLE"))?;
    if till <= after(now, 0) {
        return Err(Refusal::new(
            ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            "TKT_EXPIRED",
        ));
    }
    let life = tgt.endtime.unix() - tgt.starttime.unwrap_or(tgt.authtime).unix();
    Ok(till.min(after(now, life)))
}

/// RFC 4120 §3.3.3: a postdated ticket is validated when its time has come.
fn check_postdated(tgt: &EncTicketPart<'_>, now: KerberosTime) -> Result<(), Refusal> {
    if !tgt.flags.contains(TicketFlags::INVALID) {
        return Err(Refusal::new(ErrorCode::KDC_ERR_BADOPTION, "NOT INVALID"));
    }
    if tgt.starttime.is_some_and(|time| time > now) {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_TKT_NYV, "NOT_YET_VALID"));
    }
    Ok(())
}

/// The flags of a new ticket: those that the TGT has and the request asks for.
fn new_flags(had: TicketFlags, options: KdcOptions) -> Result<TicketFlags, Refusal> {
    let mut flags = had;
    let kept = [
        (KdcOptions::FORWARDABLE, TicketFlags::FORWARDABLE),
        (KdcOptions::PROXIABLE, TicketFlags::PROXIABLE),
        (KdcOptions::RENEWABLE, TicketFlags::RENEWABLE),
        (KdcOptions::ALLOW_POSTDATE, TicketFlags::MAY_POSTDATE),
    ];
    for (option, flag) in kept {
        if !options.contains(option) {
            flags = flags.without(flag);
        }
    }
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
        if !options.contains(option) {
            continue;
        }
        if !had.contains(needed) {
            return Err(Refusal::new(ErrorCode::KDC_ERR_BADOPTION, "NOT ALLOWED"));
        }
        flags |= flag;
    }
    Ok(flags)
}
