//! A ticket for a service, and the service's keys.

use kerberos_asn1::{
    AddressType, AuthorizationDataEntry, AuthorizationDataType, HostAddress, KerberosString,
    KerberosTime, SequenceOf, TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key, KeyBlock};
use kerberos_proto::{
    Acceptor, Credential, KeyEntry, Principal, ServiceKeys, TicketTimes, Timestamp,
};
use kerberos_testkdc::forge::{enc_ticket_part, seal};

use crate::constant::Constant;

/// The time at which everything happens.
pub const NOW: Timestamp = Timestamp {
    seconds: 1_000_000_000,
    microseconds: 7,
};

/// A service, and a client's ticket for it with a session key of this type.
pub fn service(session: EncryptionType) -> (Acceptor<ServiceKeys>, Credential) {
    let etype = EncryptionType::AES128_CTS_HMAC_SHA1_96;
    let block = KeyBlock::new(etype, vec![1; 16]);
    let key = Key::new(&block).expect("valid key");
    let client = Principal::parse("alice@R").expect("valid name");
    let server = Principal::parse("host/www@R").expect("valid name");
    let session = Key::generate(session, &mut Constant).expect("valid key");
    let mut part = enc_ticket_part(
        KerberosString(client.realm()),
        client.to_wire(),
        &session,
        NOW.seconds,
    );
    // The ticket uses every optional part.
    let address = HostAddress {
        addr_type: AddressType::IPV4,
        address: &[127, 0, 0, 1],
    };
    let restriction = AuthorizationDataEntry {
        ad_type: AuthorizationDataType::IF_RELEVANT,
        ad_data: b"\x30\x00",
    };
    part.transited.contents = b"MIDDLE";
    part.flags |= TicketFlags::TRANSITED_POLICY_CHECKED;
    part.starttime = Some(part.authtime);
    part.renew_till = Some(KerberosTime::from_unix(NOW.seconds + 7200));
    part.caddr = Some(SequenceOf::from(vec![address]));
    part.authorization_data = Some(SequenceOf::from(vec![restriction]));
    let (times, flags) = (
        TicketTimes {
            authtime: part.authtime,
            starttime: part.starttime,
            endtime: part.endtime,
            renew_till: part.renew_till,
        },
        part.flags,
    );
    let (realm, sname) = (KerberosString(server.realm()), server.to_wire());
    let ticket = seal(&part, realm, sname, (&key, Some(1)), &mut Constant);
    let credential = Credential {
        client,
        server: server.clone(),
        session_key: session.to_block(),
        times,
        is_skey: false,
        flags,
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        ticket,
        second_ticket: Vec::new(),
    };
    let entry = KeyEntry {
        kvno: 1,
        key: block,
    };
    let keys = ServiceKeys::new([(server, entry)]).expect("valid keys");
    (Acceptor::new(keys), credential)
}
