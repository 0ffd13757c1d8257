//! S4U2Proxy: a user's ticket to another service, or a proxy TGT on the way to it
//! (MS-SFU §3.2.5.2).

use kerberos_asn1::{
    Decode, EncTicketPart, Encode, ErrorCode, NameType, PaDataType, PaPacOptions, PacOptions,
    RawTicket, SequenceOf, TicketFlags,
};

use super::{Asked, Granted, components, full_name, named, subject, text};
use crate::fault::{Fault, S4uFault};
use crate::kdc::Kdc;
use crate::reply::Refusal;
use crate::request::{decode_padded, find_padata};
use crate::tgs_service::open_ticket;

/// MS-SFU §3.2.5.2: a ticket to another service, or a proxy TGT on the way to it.
pub(super) fn by_proxy(kdc: &Kdc, asked: &Asked<'_>) -> Result<Granted, Refusal> {
    let bad = |text| Refusal::new(ErrorCode::KDC_ERR_BADOPTION, text);
    let body = &asked.request.req_body;
    let second = body
        .additional_tickets
        .as_ref()
        .and_then(SequenceOf::first)
        .ok_or_else(|| bad("NO_2ND_TKT"))?;
    let opened = open_ticket(kdc, second.ticket())?;
    let evidence: EncTicketPart<'_> = decode_padded(&opened).ok_or_else(|| bad("2ND_TKT"))?;
    let (user, forwardable) = subject_of_evidence(asked, &second, &evidence)?;

    let resource_based = find_padata(asked.request, PaDataType::PAC_OPTIONS)
        .and_then(|value| PaPacOptions::from_der(value).ok())
        .is_some_and(|padata| padata.flags.contains(RESOURCE_BASED));
    let service = components(&asked.tgt.cname).join("/");
    let full = full_name(&components(&asked.tgt.cname), &text(asked.tgt.crealm.0));
    let target = asked.server.components.join("/");
    let listed = |names: &[String], name: &str| names.iter().any(|one| one == name);
    let local = asked.issuer.0 == kdc.realm.as_bytes();
    let classic = forwardable
        && local
        && kdc
            .database
            .find_by_text(&service)
            .is_some_and(|entry| listed(&entry.account.delegates_to, &target));
    let accepted = &asked.server.account.accepts_from;
    let by_target = resource_based && (listed(accepted, &full) || listed(accepted, &service));

    let mut granted = Granted::of_requester(asked);
    if asked.server.is_krbtgt() {
        if !resource_based {
            return Err(bad("NOT_RESOURCE_BASED"));
        }
        granted.subject = Some(user);
    } else if classic || by_target {
        let (name, realm) = user.rsplit_once('@').unwrap_or((&user, ""));
        let name = name.split('/').map(str::to_owned).collect();
        granted.client = (name, realm.to_owned());
        granted.name_type = NameType::PRINCIPAL;
        granted.forwardable = forwardable;
    } else if !forwardable {
        return Err(bad("EVIDENCE_TKT_NOT_FORWARDABLE"));
    } else {
        return Err(bad("NOT_ALLOWED_TO_DELEGATE"));
    }
    if resource_based && !kdc.faults.strikes(&Fault::S4u(S4uFault::NotResourceBased)) {
        let flags = RESOURCE_BASED;
        let padata = PaPacOptions { flags }.to_der();
        granted.encrypted = vec![(PaDataType::PAC_OPTIONS, padata)];
    }
    Ok(granted)
}

/// The client of the evidence, and whether the evidence is forwardable. It must be a ticket to the
/// requester, or a proxy TGT that the requester got from its own realm.
fn subject_of_evidence(
    asked: &Asked<'_>,
    ticket: &RawTicket<'_>,
    evidence: &EncTicketPart<'_>,
) -> Result<(String, bool), Refusal> {
    let requester = components(&asked.tgt.cname);
    let forwardable = evidence.flags.contains(TicketFlags::FORWARDABLE);
    if let Some(subject) = subject(evidence) {
        return Ok((subject, forwardable));
    }
    if components(&ticket.ticket().sname) != requester {
        let text = "EVIDENCE_TICKET_MISMATCH";
        return Err(Refusal::new(ErrorCode::KDC_ERR_SERVER_NOMATCH, text));
    }
    let (name, realm) = named(&evidence.cname, evidence.crealm);
    Ok((full_name(&name, &realm), forwardable))
}

const RESOURCE_BASED: PacOptions = PacOptions::RESOURCE_BASED_CONSTRAINED_DELEGATION;
