//! Tickets out of a cache, and such as a KDC would make them, with session keys of types that no KDC
//! gives.

use std::path::Path;

use kerberos_asn1::{
    EncTicketPart, Encode, EncryptedData, EncryptionKey, KerberosString, KerberosTime, Ticket,
    TicketFlags, TransitedEncoding, TransitedType,
};
use kerberos_client::kerberos_proto::{Credential, Principal, TicketTimes};
use kerberos_client::{now, system_rng};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};
use kerberos_files::ccache::CcacheFile;
use kerberos_files::keytab::KeytabFile;
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
    let time = |seconds| KerberosTime::from_unix(now().seconds + seconds);
    let part = EncTicketPart {
        flags: TicketFlags::PRE_AUTHENT,
        key: EncryptionKey {
            keytype: etype.0,
            keyvalue: session.expose_bytes(),
        },
        crealm: KerberosString(client.realm()),
        cname: client.to_wire(),
        transited: TransitedEncoding {
            tr_type: TransitedType::DOMAIN_X500_COMPRESS,
            contents: b"",
        },
        authtime: time(-60),
        starttime: Some(time(-60)),
        endtime: time(3600),
        renew_till: None,
        caddr: None,
        authorization_data: None,
    };
    let key = Key::new(&entry.key).unwrap();
    let cipher = key.encrypt(KeyUsage::KDC_REP_TICKET, &part.to_der(), &mut rng);
    let ticket = Ticket {
        tkt_vno: Ticket::VERSION,
        realm: KerberosString(server.realm()),
        sname: server.to_wire(),
        enc_part: EncryptedData {
            etype: key.etype().0,
            kvno: Some(entry.kvno),
            cipher: &cipher,
        },
    };
    Credential {
        ticket: ticket.to_der(),
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
