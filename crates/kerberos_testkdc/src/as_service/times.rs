//! The times and flags of an initial ticket (RFC 4120 §3.1.3).

use kerberos_asn1::{ErrorCode, KdcOptions, KdcReqBody, KerberosTime, TicketFlags};

use crate::kdc::{Kdc, Now};
use crate::reply::{Refusal, Times, after};
use crate::request::whole_seconds;

/// The granted times, and the corresponding flags (RFC 4120 §3.1.3).
pub(super) fn grant(
    kdc: &Kdc,
    body: &KdcReqBody<'_>,
    now: Now,
) -> Result<(Times, TicketFlags), Refusal> {
    let mut flags = flags_as_asked(body.kdc_options);
    let auth = after(now, 0);
    let start = match postdated_start(kdc, body, now)? {
        Some(start) => {
            flags |= TicketFlags::POSTDATED | TicketFlags::INVALID;
            start
        }
        None => auth,
    };
    let till = if body.till.unix() == 0 {
        KerberosTime::MAX
    } else {
        body.till
    };
    let end = till.min(plus(start, whole_seconds(kdc.policy.max_life)));
    if end <= start {
        return Err(Refusal::new(ErrorCode::KDC_ERR_NEVER_VALID, "NEVER_VALID"));
    }
    let longest = plus(start, whole_seconds(kdc.policy.max_renewable_life));
    let renew_till = renew_till(body, till, end)
        .map(|wanted| wanted.min(longest))
        .filter(|&till| till > end);
    if renew_till.is_some() {
        flags |= TicketFlags::RENEWABLE;
    }
    let times = Times {
        auth,
        start,
        end,
        renew_till,
    };
    Ok((times, flags))
}

/// The flags that depend only on the request.
fn flags_as_asked(options: KdcOptions) -> TicketFlags {
    let same = [
        (KdcOptions::FORWARDABLE, TicketFlags::FORWARDABLE),
        (KdcOptions::PROXIABLE, TicketFlags::PROXIABLE),
        (KdcOptions::ALLOW_POSTDATE, TicketFlags::MAY_POSTDATE),
    ];
    let asked = same.iter().filter(|(option, _)| options.contains(*option));
    asked.fold(TicketFlags::empty(), |all, (_, flag)| all | *flag)
}

/// RFC 4120 §3.1.3: a start time that is missing, in the past or within the clock skew means now,
/// unless POSTDATED is requested.
fn postdated_start(
    kdc: &Kdc,
    body: &KdcReqBody<'_>,
    now: Now,
) -> Result<Option<KerberosTime>, Refusal> {
    let latest_now = after(now, whole_seconds(kdc.policy.clock_skew));
    match body.from {
        Some(from) if body.kdc_options.contains(KdcOptions::POSTDATED) => Ok(Some(from)),
        Some(from) if from > latest_now => Err(Refusal::new(
            ErrorCode::KDC_ERR_CANNOT_POSTDATE,
            "CANNOT_POSTDATE",
        )),
        _ => Ok(None),
    }
}

/// Until when a ticket is renewable that was requested until `till` and ends at `end`.
fn renew_till(
    body: &KdcReqBody<'_>,
    till: KerberosTime,
    end: KerberosTime,
) -> Option<KerberosTime> {
    let asked = |option| body.kdc_options.contains(option);
    if asked(KdcOptions::RENEWABLE) {
        let rtime = body.rtime.filter(|rtime| rtime.unix() != 0);
        return Some(rtime.unwrap_or(KerberosTime::MAX));
    }
    // RFC 4120 §3.1.3: if the requested lifetime is not available, the ticket can be renewed until
    // the requested end.
    let shortened = till != KerberosTime::MAX && till > end;
    (asked(KdcOptions::RENEWABLE_OK) && shortened).then_some(till)
}

fn plus(time: KerberosTime, seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(time.unix().saturating_add(seconds))
}
