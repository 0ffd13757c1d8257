//! Tickets from a cache, and tickets made like a KDC's, but with session keys of types that no KDC
//! issues.

use std::path::Path;

use kerberos_asn1::KerberosString;
use kerberos_client::kerberos_proto::{Credential, Principal, TicketTimes};
use kerberos_client::{now, system_rng};
use kerberos_crypto::{EncryptionType, Key};
use kerberos_files::ccache::CcacheFile;
use kerberos_files::keytab::KeytabFile;
use kerberos_testkdc::forge::{enc_ticket_part, seal};
use test_support::Place;

/// The ticket for `server` in the default cache of `place`.
#[track_caller]
pub(crate) fn cached(place: &Place, server: &str) -> Credential {
    let mut reader = CcacheFile::new(place.cache()).open().unwrap();
    while let Some(view) = reader.next().unwrap() {
        if view.server().to_string() == server {
            return view.to_credential();
        }
    }
    panic!("no ticket for {server}");
}

/// A ticket of alice for `server`, whose keys are in `keytab`, with a session key of type `etype`.
pub(crate) fn by_hand(server: &str, keytab: &Path, etype: &str) -> Credential {
    let mut rng = system_rng().unwrap();
    let server = Principal::parse(server).unwrap();
    let client = Principal::parse("alice@MIT.TEST").unwrap();
    let entry = KeytabFile::new(keytab).find(&server, None, None).unwrap();
    let known = EncryptionType::SUPPORTED.iter();
    let etype = *known.clone().find(|one| one.to_string() == etype).unwrap();
    let session = Key::generate(etype, &mut rng).unwrap();
    let (realm, sname) = (KerberosString(server.realm()), server.to_wire());
    let crealm = KerberosString(client.realm());
    let part = enc_ticket_part(crealm, client.to_wire(), &session, now().seconds);
    let key = Key::new(&entry.key).unwrap();
    let ticket = seal(&part, realm, sname, (&key, Some(entry.kvno)), &mut rng);
    Credential {
        ticket,
        client: client.clone(),
        server: server.clone(),
        session_key: session.to_block(),
        times: TicketTimes {
            authtime: part.authtime,
            starttime: part.starttime,
            endtime: part.endtime,
            renew_till: None,
        },
        is_skey: false,
        flags: part.flags,
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        second_ticket: Vec::new(),
    }
}
