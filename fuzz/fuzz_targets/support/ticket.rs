//! A ticket for a service, and the service's keys.

use kerberos_asn1::{
    EncTicketPart, Encode, EncryptedData, EncryptionKey, KerberosString, KerberosTime, Ticket,
    TicketFlags, TransitedEncoding, TransitedType,
};
use kerberos_crypto::{EncryptionType, Key, KeyBlock, KeyUsage};
use kerberos_proto::{
    Acceptor, Credential, KeyEntry, Principal, ServiceKeys, TicketTimes, Timestamp,
};

use crate::constant::Constant;

/// When everything happens.
pub const NOW: Timestamp = Timestamp {
    seconds: 1_000_000_000,
    microseconds: 7,
};

/// A service, and a client's ticket for it whose session key has this type.
pub fn service(session: EncryptionType) -> (Acceptor<ServiceKeys>, Credential) {
    let etype = EncryptionType::AES128_CTS_HMAC_SHA1_96;
    let block = KeyBlock::new(etype, vec![1; 16]);
    let key = Key::new(&block).expect("a key");
    let client = Principal::parse("alice@R").expect("a name");
    let server = Principal::parse("host/www@R").expect("a name");
    let session = Key::generate(session, &mut Constant).expect("a key");
    let time = |seconds| KerberosTime::from_unix(NOW.seconds + seconds);
    let part = EncTicketPart {
        flags: TicketFlags::PRE_AUTHENT,
        key: EncryptionKey {
            keytype: session.etype().0,
            keyvalue: session.expose_bytes(),
        },
        crealm: KerberosString(client.realm()),
        cname: client.to_wire(),
        transited: TransitedEncoding {
            tr_type: TransitedType::DOMAIN_X500_COMPRESS,
            contents: b"",
        },
        authtime: time(-60),
        starttime: None,
        endtime: time(3600),
        renew_till: None,
        caddr: None,
        authorization_data: None,
    }
    .to_der();
    let cipher = key.encrypt(KeyUsage::KDC_REP_TICKET, &part, &mut Constant);
    let ticket = Ticket {
        tkt_vno: Ticket::VERSION,
        realm: KerberosString(server.realm()),
        sname: server.to_wire(),
        enc_part: EncryptedData {
            etype: etype.0,
            kvno: Some(1),
            cipher: &cipher,
        },
    };
    let credential = Credential {
        client,
        server: server.clone(),
        session_key: session.to_block(),
        times: TicketTimes::default(),
        is_skey: false,
        flags: TicketFlags::PRE_AUTHENT,
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        ticket: ticket.to_der(),
        second_ticket: Vec::new(),
    };
    let entry = KeyEntry {
        kvno: 1,
        key: block,
    };
    let keys = ServiceKeys::new([(server, entry)]).expect("keys");
    (Acceptor::new(keys), credential)
}
