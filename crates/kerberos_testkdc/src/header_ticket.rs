//! What the ticket of a TGS-REQ may be used for (RFC 4120 §3.3.2, §3.3.3), by the rules of MIT's
//! KDC.
//!
//! Its authenticity is checked in `tgs_service`.

use kerberos_asn1::{
    EncTicketPart, ErrorCode, KdcOptions, KdcReqBody, PrincipalName, Ticket, TicketFlags,
};

use crate::kdc::{Kdc, Now};
use crate::reply::{Refusal, after};

/// Checks that `ticket`, whose contents are `part`, may be used for the request `body`.
pub(crate) fn check(
    kdc: &Kdc,
    ticket: &Ticket<'_>,
    part: &EncTicketPart<'_>,
    body: &KdcReqBody<'_>,
    now: Now,
) -> Result<(), Refusal> {
    let asked = |options| body.kdc_options & options != KdcOptions::empty();
    // RFC 4120 §3.3.2: a ticket other than a TGT of this KDC can be used to replace itself.
    let is_tgt = is_own_tgt(kdc, &ticket.sname);
    if !is_tgt && !asked(KdcOptions::RENEW | KdcOptions::VALIDATE | KdcOptions::PROXY) {
        let text = "BAD TGS SERVER NAME";
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_NOT_US, text));
    }
    let is_same = |name: &PrincipalName<'_>| name.name_string == ticket.sname.name_string;
    let itself = !is_tgt || asked(KdcOptions::RENEW | KdcOptions::VALIDATE);
    if itself && !body.sname.as_ref().is_some_and(is_same) {
        let text = "SERVER DIDN'T MATCH TICKET FOR RENEW/FORWARD/ETC";
        return Err(Refusal::new(ErrorCode::KDC_ERR_SERVER_NOMATCH, text));
    }
    // §3.3.3.1: a postdated ticket must be validated before other uses.
    let validate = asked(KdcOptions::VALIDATE);
    if part.flags.contains(TicketFlags::INVALID) && !validate {
        return Err(Refusal::new(
            ErrorCode::KRB_AP_ERR_TKT_NYV,
            "TICKET NOT VALID",
        ));
    }
    let skew = i64::try_from(kdc.policy.clock_skew.as_secs()).unwrap_or(i64::MAX);
    if part.starttime.unwrap_or(part.authtime) > after(now, skew) && !validate {
        return Err(Refusal::new(ErrorCode::KRB_AP_ERR_TKT_NYV, "NOT_YET_VALID"));
    }
    Ok(())
}

/// Whether this is the name of the KDC's ticket-granting service.
fn is_own_tgt(kdc: &Kdc, name: &PrincipalName<'_>) -> bool {
    let own = [&b"krbtgt"[..], kdc.realm.as_bytes()];
    name.name_string.iter().map(|part| part.0).eq(own)
}
