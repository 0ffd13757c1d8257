//! Honest KDCs of several realms, and what a hostile network may not change of the tickets they
//! give.

use core::time::Duration;

use kerberos_asn1::{Decode, Ticket};
use kerberos_proto::{Credential, Request};
use kerberos_testkdc::{Kdc, Transport};

/// The answer of the KDC of the request's realm, a billion seconds after 1970; nothing where there
/// is no such realm.
pub fn answer(kdcs: &[Kdc], request: &Request) -> Vec<u8> {
    let mut all = kdcs.iter();
    let kdc = all.find(|kdc| kdc.realm().as_bytes() == request.realm);
    let time = Duration::from_secs(1_000_000_000);
    kdc.and_then(|kdc| kdc.answer(&request.payload, Transport::Tcp, time))
        .unwrap_or_default()
}

/// What an attacker may not change.
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

/// What the KDC looks at of it: that the type of the name is another makes it no other ticket.
fn second_ticket(der: &[u8]) -> impl PartialEq + core::fmt::Debug + use<> {
    let Ok(ticket) = Ticket::from_der(der) else {
        return None;
    };
    let names = ticket.sname.name_string.iter();
    let names: Vec<_> = names.map(|name| name.0.to_vec()).collect();
    let part = ticket.enc_part;
    Some((names, part.etype, part.kvno, part.cipher.to_vec()))
}
