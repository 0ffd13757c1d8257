//! The acceptor and hostile AP-REQs. Any bytes; an honest request that was altered on the way,
//! which may only get it refused; a request whose client encrypts what it likes, which cannot
//! change anything in the ticket; and one whose ticket comes from a KDC that encrypts what it
//! likes, which cannot change anything else.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/script.rs"]
mod script;
#[path = "support/ticket.rs"]
mod ticket;

use std::sync::LazyLock;

use kerberos_asn1::{ApReq, Decode, Encode, EncryptedData, KrbError, RawTicket, Ticket};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyUsage};
use kerberos_proto::{
    Accepted, Acceptor, AcceptorReply, ApChecksum, ApError, ApInitiator, ApRequestOptions,
    AuthorizationDataElement, Credential, MemoryReplayCache, ServiceKeys, Subkey,
};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use script::Script;
use ticket::NOW;

static SERVICE: LazyLock<Service> = LazyLock::new(Service::new);

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else {
        return;
    };
    let service = &*SERVICE;
    let mut script = Script(rest);
    match choice % 4 {
        0 => drop(service.accept(rest)),
        1 => {
            let altered = script.alter(service.honest.clone());
            if let Ok(accepted) = service.accept(&altered) {
                let honest = service
                    .accept(&service.honest)
                    .expect("the honest request is accepted");
                assert_eq!(of_ticket(&accepted), of_ticket(&honest));
                assert_eq!(of_client(&accepted), of_client(&honest));
            }
        }
        2 => {
            let authenticator = script.alter(service.authenticator());
            let request = service.request(&service.ticket_part(), &authenticator);
            if let Ok(accepted) = service.accept(&request) {
                let honest = service
                    .accept(&service.honest)
                    .expect("the honest request is accepted");
                assert_eq!(of_ticket(&accepted), of_ticket(&honest));
            }
        }
        _ => {
            let part = script.alter(service.ticket_part());
            let request = service.request(&part, &service.authenticator());
            if let Ok(accepted) = service.accept(&request) {
                let honest = service
                    .accept(&service.honest)
                    .expect("the honest request is accepted");
                assert_eq!(of_client(&accepted), of_client(&honest));
            }
        }
    }
});

/// What the KDC states in the ticket.
fn of_ticket(accepted: &Accepted) -> impl PartialEq + core::fmt::Debug + use<> {
    (
        accepted.client.to_string(),
        accepted.server.to_string(),
        accepted.ticket_key.expose_bytes().to_vec(),
        accepted.session_key.expose_bytes().to_vec(),
        (accepted.flags, accepted.times),
        accepted.addresses.clone(),
        accepted.transited.clone(),
        accepted.authorization_data.clone(),
    )
}

/// What the client states in the authenticator. The AP options that it sends are not protected.
fn of_client(accepted: &Accepted) -> impl PartialEq + core::fmt::Debug + use<> {
    let subkey = accepted.subkey.as_ref();
    (
        accepted.client.to_string(),
        accepted.server.to_string(),
        subkey.map(|key| (key.etype(), key.expose_bytes().to_vec())),
        accepted.sequence_number,
        accepted.time,
        accepted.checksum.clone(),
        accepted.client_authorization_data.clone(),
    )
}

struct Service {
    acceptor: Acceptor<ServiceKeys>,
    credential: Credential,
    session: Key,
    /// An AP-REQ that uses every optional part.
    honest: Vec<u8>,
    /// The service's key.
    key: Key,
}

impl Service {
    fn new() -> Self {
        let (acceptor, credential) = ticket::service(EncryptionType::AES128_CTS_HMAC_SHA1_96);
        let mut options = ApRequestOptions::default();
        options.mutual = true;
        options.subkey = Subkey::Generate;
        options.sequence_number = true;
        options.checksum = Some(ApChecksum {
            checksum_type: ChecksumType::HMAC_SHA1_96_AES128,
            checksum: vec![7; 12],
        });
        options.authorization_data = vec![AuthorizationDataElement {
            ad_type: kerberos_asn1::AuthorizationDataType::IF_RELEVANT,
            ad_data: b"\x30\x00".to_vec(),
        }];
        let start = ApInitiator::start(&credential, &options, &mut Constant, NOW);
        let honest = start.expect("the initiator starts").1;
        let mut replays = MemoryReplayCache::default();
        let accepted = acceptor.accept(&honest, None, &mut replays, NOW);
        let accepted = accepted.expect("the honest request is accepted");
        Self {
            acceptor,
            credential,
            session: accepted.session_key,
            honest,
            key: Key::clone(&accepted.ticket_key),
        }
    }

    /// Processing always ends; a repeated request is a replay, and every refusal has an error
    /// message.
    fn accept(&self, message: &[u8]) -> Result<Accepted, ApError> {
        let server = &self.credential.server;
        let mut replays = MemoryReplayCache::default();
        let first = self.acceptor.accept(message, None, &mut replays, NOW);
        match &first {
            Ok(accepted) => {
                assert_eq!(&accepted.server, server);
                let again = self.acceptor.accept(message, None, &mut replays, NOW);
                assert!(matches!(again, Err(ApError::Replay)));
                let reply = accepted.reply(&AcceptorReply::default(), &mut Constant);
                assert!(reply.is_ok());
            }
            Err(error) => {
                assert!(replays.is_empty() && !error.to_string().is_empty());
                let told = error.to_message(server, NOW);
                let told = KrbError::from_der(&told).expect("valid KRB-ERROR");
                assert_eq!(told.error_code, error.code());
            }
        }
        first
    }

    /// The plaintext of the honest ticket's encrypted part.
    fn ticket_part(&self) -> Vec<u8> {
        let ticket = Ticket::from_der(&self.credential.ticket).expect("valid ticket");
        let plain = self
            .key
            .decrypt(KeyUsage::KDC_REP_TICKET, ticket.enc_part.cipher);
        plain.expect("this key decrypts it").to_vec()
    }

    /// The plaintext of the honest request's authenticator.
    fn authenticator(&self) -> Vec<u8> {
        let request = ApReq::from_der(&self.honest).expect("valid AP-REQ");
        let plain = self
            .session
            .decrypt(KeyUsage::AP_REQ_AUTHENTICATOR, request.authenticator.cipher);
        plain.expect("this key decrypts it").to_vec()
    }

    /// The honest request with other plaintexts.
    fn request(&self, part: &[u8], authenticator: &[u8]) -> Vec<u8> {
        let sealed = |key: &Key, usage, plain: &[u8]| key.encrypt(usage, plain, &mut Constant);
        let cipher = sealed(&self.key, KeyUsage::KDC_REP_TICKET, part);
        let ticket = Ticket::from_der(&self.credential.ticket).expect("valid ticket");
        let enc_part = EncryptedData {
            cipher: &cipher,
            ..ticket.enc_part
        };
        let ticket = Ticket { enc_part, ..ticket }.to_der();
        let cipher = sealed(&self.session, KeyUsage::AP_REQ_AUTHENTICATOR, authenticator);
        let honest = ApReq::from_der(&self.honest).expect("valid AP-REQ");
        ApReq {
            ticket: RawTicket::from_der(&ticket).expect("valid ticket"),
            authenticator: EncryptedData {
                cipher: &cipher,
                ..honest.authenticator
            },
            ..honest
        }
        .to_der()
    }
}
