//! Honest KDCs of several realms, and what a hostile network must not be able to change in their
//! tickets.

use core::time::Duration;

use kerberos_asn1::{Decode, Ticket};
use kerberos_proto::{Credential, Request};
use kerberos_testkdc::{Kdc, Transport};

/// The answer of the KDC for the request's realm, a billion seconds after 1970; empty if there is
/// no such realm.
pub fn answer(kdcs: &[Kdc], request: &Request) -> Vec<u8> {
    let mut all = kdcs.iter();
    let kdc = all.find(|kdc| kdc.realm().as_bytes() == request.realm);
    let time = Duration::from_secs(1_000_000_000);
    kdc.and_then(|kdc| kdc.answer(&request.payload, Transport::Tcp, time))
        .unwrap_or_default()
}

/// The parts that an attacker must not be able to change.
pub fn essence(credential: &Credential) -> impl PartialEq + core::fmt::Debug + use<> {
    (
        credential.client.to_string(),
        credential.server.to_string(),
        credential.session_key.etype(),
        credential.session_key.expose_bytes().to_vec(),
        credential.times,
        credential.flags,
        credential.is_skey,
        second_ticket(&credential.second_ticket),
        credential.addresses.clone(),
    )
}

/// The parts that a KDC reads: a ticket with another name type is still the same ticket.
fn second_ticket(der: &[u8]) -> impl PartialEq + core::fmt::Debug + use<> {
    let Ok(ticket) = Ticket::from_der(der) else {
        return None;
    };
    let names = ticket.sname.name_string.iter();
    let names: Vec<_> = names.map(|name| name.0.to_vec()).collect();
    let part = ticket.enc_part;
    Some((names, part.etype, part.kvno, part.cipher.to_vec()))
}
