//! From an AP-REQ to the PAC in one call.

use kerberos_asn1::{Encode, EncryptedData, KerberosString, Ticket, TicketFlags};
use kerberos_crypto::{EncryptionType, KeyBlock, KeyUsage};
use kerberos_proto::pac::{PacBufferType, PacError};
use kerberos_proto::{
    Accepted, Acceptor, ApInitiator, ApRequestOptions, Credential, KeyEntry, MemoryReplayCache,
    Principal, ServiceKeys, TicketTimes, Timestamp,
};

use crate::random::Rng;
use crate::sample::*;

/// Accepts the client of a ticket with `enc_ticket_part`, whose session key is that of the samples.
fn accepted(sample: &Sample, enc_ticket_part: &[u8]) -> Accepted {
    let server = Principal::parse("host/www.example.com@EXAMPLE.COM").unwrap();
    let cipher = sample
        .service_key
        .encrypt(KeyUsage::KDC_REP_TICKET, enc_ticket_part, &mut Rng(1));
    let ticket = Ticket {
        tkt_vno: Ticket::VERSION,
        realm: KerberosString(server.realm()),
        sname: server.to_wire(),
        enc_part: EncryptedData {
            etype: sample.service_key.etype().0,
            kvno: Some(3),
            cipher: &cipher,
        },
    };
    let credential = Credential {
        client: sample.client.clone(),
        server: server.clone(),
        session_key: KeyBlock::new(EncryptionType::AES256_CTS_HMAC_SHA1_96, vec![9; 32]),
        times: TicketTimes::default(),
        is_skey: false,
        flags: TicketFlags::default(),
        addresses: Vec::new(),
        authorization_data: Vec::new(),
        ticket: ticket.to_der(),
        second_ticket: Vec::new(),
    };
    let now = Timestamp::new(AUTHTIME + 60, 0);
    let options = ApRequestOptions::default();
    let (_, request) = ApInitiator::start(&credential, &options, &mut Rng(2), now).unwrap();
    let key = |kvno, key| (server.clone(), KeyEntry { kvno, key });
    let older = KeyBlock::new(sample.service_key.etype(), vec![5; 32]);
    let keys = [key(2, older), key(3, sample.service_key.to_block())];
    Acceptor::new(ServiceKeys::new(keys).unwrap())
        .accept(&request, None, &mut MemoryReplayCache::default(), now)
        .unwrap()
}

#[test]
fn pac_of_an_accepted_client_is_verified() {
    let sample = Sample::new();
    let accepted = accepted(&sample, &sample.build().1);
    let pac = accepted.pac().unwrap().unwrap();
    let summary = pac.summary().unwrap();
    assert_eq!(summary.upn.as_deref(), Some("alice@example.com"));
}

/// A ticket with the PAC of another client, although the service's own key signed it.
#[test]
fn pac_of_another_client_is_refused() {
    let sample = Sample::new().with(PacBufferType::CLIENT_INFO, client_info(AUTHTIME, "root"));
    let error = accepted(&sample, &sample.build().1).pac().unwrap_err();
    assert!(matches!(error, PacError::ClientName { .. }), "{error}");
}

#[test]
fn missing_pac_is_not_an_error_but_an_empty_one_is() {
    let sample = Sample::new();
    let ticket = sample.enc_ticket_part(&[]);
    // An empty element is a truncated PAC. Having no PAC at all is not an error.
    assert_eq!(
        accepted(&sample, &ticket).pac().unwrap_err(),
        PacError::Truncated
    );
    let mut none = accepted(&sample, &ticket);
    none.authorization_data.clear();
    assert!(none.pac().unwrap().is_none());
}
