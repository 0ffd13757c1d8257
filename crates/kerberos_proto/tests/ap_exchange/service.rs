//! A service, its keys, and configurable tickets for it: each oddity is a field.

use kerberos_asn1::{
    ApReq, Authenticator, AuthorizationDataEntry, AuthorizationDataType, Decode, EncTicketPart,
    Encode, KerberosString, KerberosTime, SequenceOf, Ticket, TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key, KeyBlock, KeyUsage};
use kerberos_proto::{
    Accepted, Acceptor, ApError, ApInitiator, ApRequestOptions, Credential, HostAddress, KeyEntry,
    MemoryReplayCache, OwnTgt, Principal, ServiceKeys, TicketTimes, Timestamp,
};
use kerberos_testkdc::forge::{enc_ticket_part, seal};

pub(crate) use crate::random::Rng;

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};
pub(crate) const AES256: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;
pub(crate) const AES128: EncryptionType = EncryptionType::AES128_CTS_HMAC_SHA1_96;

pub(crate) fn client() -> Principal {
    Principal::parse("alice@EXAMPLE.COM").unwrap()
}

pub(crate) fn server() -> Principal {
    Principal::parse("host/www.example.com@EXAMPLE.COM").unwrap()
}

pub(crate) fn after(seconds: i64) -> KerberosTime {
    KerberosTime::from_unix(NOW.seconds + seconds)
}

/// The key of type `etype` and version `kvno`: arbitrary, but always the same.
pub(crate) fn service_key(etype: EncryptionType, kvno: u32) -> Key {
    Key::generate(etype, &mut Rng(u64::from(kvno) + 1_000)).unwrap()
}

pub(crate) fn entry(etype: EncryptionType, kvno: u32) -> (Principal, KeyEntry) {
    let key = service_key(etype, kvno).to_block();
    (server(), KeyEntry { kvno, key })
}

pub(crate) fn acceptor(keys: &[(EncryptionType, u32)]) -> Acceptor<ServiceKeys> {
    let entries = keys.iter().map(|&(etype, kvno)| entry(etype, kvno));
    Acceptor::new(ServiceKeys::new(entries).unwrap())
}

/// A service's TGT with this session key.
pub(crate) fn own_tgt(service: Principal, session_key: &Key) -> OwnTgt {
    let mut tgt = Issue::new().credential();
    tgt.client = service;
    tgt.session_key = session_key.to_block();
    OwnTgt::new(&tgt).unwrap()
}

/// How to make a ticket.
pub(crate) struct Issue {
    /// The key that encrypts it.
    pub(crate) key: Key,
    pub(crate) kvno: Option<u32>,
    pub(crate) session_etype: EncryptionType,
    pub(crate) server: Principal,
    pub(crate) edit_part: fn(&mut EncTicketPart<'_>),
    pub(crate) edit_ticket: fn(&mut Ticket<'_>),
}

impl Issue {
    pub(crate) fn new() -> Self {
        Self {
            key: service_key(AES256, 1),
            kvno: Some(1),
            session_etype: AES256,
            server: server(),
            edit_part: |_| {},
            edit_ticket: |_| {},
        }
    }

    /// A client's credential with the ticket.
    pub(crate) fn credential(&self) -> Credential {
        let session = Key::generate(self.session_etype, &mut Rng(7)).unwrap();
        let client = client();
        let pac = [AuthorizationDataEntry {
            ad_type: AuthorizationDataType::IF_RELEVANT,
            ad_data: b"a PAC",
        }];
        let crealm = KerberosString(client.realm());
        let mut part = enc_ticket_part(crealm, client.to_wire(), &session, NOW.seconds);
        part.flags |= TicketFlags::FORWARDABLE;
        part.authtime = after(-3600);
        part.starttime = Some(after(-60));
        part.authorization_data = Some(SequenceOf::from(&pac[..]));
        (self.edit_part)(&mut part);
        let (realm, sname) = (KerberosString(self.server.realm()), self.server.to_wire());
        let sealed = seal(&part, realm, sname, (&self.key, self.kvno), &mut Rng(8));
        let mut ticket = Ticket::from_der(&sealed).unwrap();
        (self.edit_ticket)(&mut ticket);
        Credential {
            client: client.clone(),
            server: self.server.clone(),
            session_key: KeyBlock::new(session.etype(), session.expose_bytes().to_vec()),
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
            ticket: ticket.to_der(),
            second_ticket: Vec::new(),
        }
    }

    pub(crate) fn request(&self, options: &ApRequestOptions) -> (ApInitiator, Vec<u8>) {
        ApInitiator::start(&self.credential(), options, &mut Rng(1), NOW).unwrap()
    }

    /// An AP-REQ whose authenticator is modified by `edit`.
    pub(crate) fn request_with(&self, edit: fn(&mut Authenticator<'_>)) -> Vec<u8> {
        let (initiator, message) = self.request(&ApRequestOptions::default());
        let mut request = ApReq::from_der(&message).unwrap();
        let key = initiator.session_key();
        let usage = KeyUsage::AP_REQ_AUTHENTICATOR;
        let plain = key.decrypt(usage, request.authenticator.cipher).unwrap();
        let mut authenticator = Authenticator::from_der(&plain).unwrap();
        edit(&mut authenticator);
        let cipher = key.encrypt(usage, &authenticator.to_der(), &mut Rng(9));
        request.authenticator.cipher = &cipher;
        request.to_der()
    }
}

/// How a service with one aes256 key reacts to `message`.
pub(crate) fn accept(message: &[u8]) -> Result<Accepted, ApError> {
    accept_by(&acceptor(&[(AES256, 1)]), message, None)
}

pub(crate) fn accept_by(
    acceptor: &Acceptor<ServiceKeys>,
    message: &[u8],
    peer: Option<&HostAddress>,
) -> Result<Accepted, ApError> {
    acceptor.accept(message, peer, &mut MemoryReplayCache::default(), NOW)
}
