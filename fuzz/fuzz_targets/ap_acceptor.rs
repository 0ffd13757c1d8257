//! The acceptor and hostile AP-REQs: any bytes; an honest one altered by somebody on the way, who
//! may get it refused and nothing else; and one of a client, or a KDC, that encrypts what it likes.
#![no_main]

#[path = "support/constant.rs"]
mod constant;

use std::sync::LazyLock;

use kerberos_asn1::{
    ApReq, Authenticator, Decode, EncTicketPart, Encode, EncryptedData, EncryptionKey,
    KerberosString, KerberosTime, KrbError, Microseconds, RawTicket, Ticket, TicketFlags,
    TransitedEncoding, TransitedType,
};
use kerberos_crypto::{EncryptionType, Key, KeyBlock, KeyUsage};
use kerberos_proto::{
    Accepted, Acceptor, AcceptorReply, ApError, KeyEntry, MemoryReplayCache, Principal,
    ServiceKeys, Timestamp,
};
use libfuzzer_sys::fuzz_target;

use constant::Constant;

const NOW: Timestamp = Timestamp {
    seconds: 1_000_000_000,
    microseconds: 7,
};
const ETYPE: EncryptionType = EncryptionType::AES128_CTS_HMAC_SHA1_96;

static SERVICE: LazyLock<Service> = LazyLock::new(Service::new);

fuzz_target!(|data: &[u8]| {
    let Some((&choice, script)) = data.split_first() else {
        return;
    };
    let service = &*SERVICE;
    match choice % 4 {
        0 => drop(service.accept(script)),
        1 => {
            let altered = alter(service.honest(), script);
            if let Ok(accepted) = service.accept(&altered) {
                let honest = service.accept(&service.honest()).expect("it is honest");
                assert_eq!(essence(&accepted), essence(&honest));
            }
        }
        2 => {
            let authenticator = alter(service.authenticator(), script);
            let _ = service.accept(&service.request(&service.ticket_part(), &authenticator));
        }
        _ => {
            let part = alter(service.ticket_part(), script);
            let _ = service.accept(&service.request(&part, &service.authenticator()));
        }
    }
});

/// What nobody on the way can change. What the client asks for (its options) is not protected.
fn essence(accepted: &Accepted) -> impl PartialEq + core::fmt::Debug + use<> {
    (
        accepted.client.to_string(),
        accepted.server.to_string(),
        accepted.session_key.expose_bytes().to_vec(),
        accepted
            .subkey
            .as_ref()
            .map(|key| key.expose_bytes().to_vec()),
        accepted.times,
        accepted.flags,
        accepted.time,
        accepted.sequence_number,
    )
}

struct Service {
    acceptor: Acceptor<ServiceKeys>,
    key: Key,
    session: Key,
}

impl Service {
    fn new() -> Self {
        let block = KeyBlock::new(ETYPE, vec![1; 16]);
        let key = Key::new(&block).expect("a key");
        let entry = KeyEntry {
            kvno: 1,
            key: block,
        };
        let keys = ServiceKeys::new([(server(), entry)]).expect("keys");
        Self {
            acceptor: Acceptor::new(keys),
            key,
            session: Key::from_bytes(ETYPE, &[2; 16]).expect("a key"),
        }
    }

    /// However it ends, it ends; a second time it is a replay, and a refusal can be told.
    fn accept(&self, message: &[u8]) -> Result<Accepted, ApError> {
        let mut replays = MemoryReplayCache::default();
        let first = self.acceptor.accept(message, None, &mut replays, NOW);
        match &first {
            Ok(accepted) => {
                assert_eq!(accepted.server, server());
                let again = self.acceptor.accept(message, None, &mut replays, NOW);
                assert!(matches!(again, Err(ApError::Replay)));
                let reply = accepted.reply(&AcceptorReply::default(), &mut Constant);
                assert!(reply.is_ok());
            }
            Err(error) => {
                assert!(replays.is_empty() && !error.to_string().is_empty());
                let told = error.to_message(&server(), NOW);
                let told = KrbError::from_der(&told).expect("a KRB-ERROR");
                assert_eq!(told.error_code, error.code());
            }
        }
        first
    }

    fn honest(&self) -> Vec<u8> {
        self.request(&self.ticket_part(), &self.authenticator())
    }

    fn ticket_part(&self) -> Vec<u8> {
        let client = client();
        EncTicketPart {
            flags: TicketFlags::PRE_AUTHENT,
            key: wire(&self.session),
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
        .to_der()
    }

    fn authenticator(&self) -> Vec<u8> {
        let client = client();
        let subkey = Key::from_bytes(ETYPE, &[3; 16]).expect("a key");
        Authenticator {
            crealm: KerberosString(client.realm()),
            cname: client.to_wire(),
            cksum: None,
            cusec: Microseconds(7),
            ctime: time(0),
            subkey: Some(wire(&subkey)),
            seq_number: Some(1),
            authorization_data: None,
        }
        .to_der()
    }

    fn request(&self, part: &[u8], authenticator: &[u8]) -> Vec<u8> {
        let server = server();
        let sealed = |key: &Key, usage, plain: &[u8]| key.encrypt(usage, plain, &mut Constant);
        let cipher = sealed(&self.key, KeyUsage::KDC_REP_TICKET, part);
        let ticket = Ticket {
            tkt_vno: Ticket::VERSION,
            realm: KerberosString(server.realm()),
            sname: server.to_wire(),
            enc_part: EncryptedData {
                etype: ETYPE.0,
                kvno: Some(1),
                cipher: &cipher,
            },
        }
        .to_der();
        let cipher = sealed(&self.session, KeyUsage::AP_REQ_AUTHENTICATOR, authenticator);
        ApReq {
            ap_options: kerberos_asn1::ApOptions::MUTUAL_REQUIRED,
            ticket: RawTicket::from_der(&ticket).expect("a ticket"),
            authenticator: EncryptedData {
                etype: ETYPE.0,
                kvno: None,
                cipher: &cipher,
            },
        }
        .to_der()
    }
}

fn client() -> Principal {
    Principal::parse("alice@R").expect("a name")
}

fn server() -> Principal {
    Principal::parse("host/www@R").expect("a name")
}

fn time(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(NOW.seconds + seconds)
}

fn wire(key: &Key) -> EncryptionKey<'_> {
    EncryptionKey {
        keytype: key.etype().0,
        keyvalue: key.expose_bytes(),
    }
}

/// `bytes` with the changes that `script` lists, four bytes each: what, where and by what.
fn alter(mut bytes: Vec<u8>, script: &[u8]) -> Vec<u8> {
    for change in script.chunks_exact(4) {
        let &[what, high, low, byte] = change else {
            break;
        };
        let at = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
        match what % 4 {
            0 => bytes.insert(at, byte),
            1 => drop(bytes.splice(at..(at + 1).min(bytes.len()), [])),
            2 => bytes.truncate(at),
            _ => bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|old| *old = byte),
        }
    }
    bytes
}
