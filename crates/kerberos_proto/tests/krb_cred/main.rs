//! KRB-CRED: what arrives, what is refused and why, and what no bytes can achieve.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

use kerberos_asn1::{
    AddressType, Decode, EncKrbCredPart, Encode, EncryptedData, ErrorCode, KerberosString,
    KerberosTime, KrbCred, RawTicket, SequenceOf, Ticket, TicketFlags,
};
use kerberos_crypto::{EncryptionType, Key, KeyBlock, KeyUsage};
use kerberos_proto::{
    CredError, CredProtection, CredReceiver, CredSender, Credential, HostAddress, OriginFault,
    Principal, ReceivedCredentials, TicketTimes, Timestamp,
};

#[path = "../shared/random.rs"]
mod random;

use random::{Rng, edited};

const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};

fn key(etype: EncryptionType) -> Key {
    Key::generate(etype, &mut Rng(1)).unwrap()
}

fn aes() -> Key {
    key(EncryptionType::AES256_CTS_HMAC_SHA1_96)
}

fn address(last: u8) -> HostAddress {
    HostAddress {
        address_type: AddressType::IPV4,
        address: vec![127, 0, 0, last],
    }
}

/// A forwarded TGT with everything that a credential can contain.
fn tgt() -> Credential {
    let server = Principal::krbtgt(b"EXAMPLE.COM", b"EXAMPLE.COM");
    let at = |seconds| KerberosTime::from_unix(NOW.seconds + seconds);
    Credential {
        client: Principal::parse("alice/admin@EXAMPLE.COM").unwrap(),
        session_key: KeyBlock::new(EncryptionType(99), vec![5; 7]),
        times: TicketTimes {
            authtime: at(-3600),
            starttime: Some(at(-60)),
            endtime: at(3600),
            renew_till: Some(at(7200)),
        },
        is_skey: false,
        flags: TicketFlags::FORWARDED | TicketFlags::FORWARDABLE,
        addresses: vec![address(1), address(2)],
        authorization_data: Vec::new(),
        ticket: Ticket {
            tkt_vno: Ticket::VERSION,
            realm: KerberosString(server.realm()),
            sname: server.to_wire(),
            enc_part: EncryptedData {
                etype: 18,
                kvno: Some(0x8000_0001),
                cipher: b"opaque",
            },
        }
        .to_der(),
        server,
        second_ticket: Vec::new(),
    }
}

fn send(sender: &CredSender<'_>, credentials: &[Credential]) -> Vec<u8> {
    sender
        .message(credentials, &mut Rng(2), NOW)
        .unwrap()
        .to_vec()
}

fn receive(receiver: &CredReceiver<'_>, message: &[u8]) -> Result<ReceivedCredentials, CredError> {
    receiver.credentials(message, NOW)
}

/// A receiver with a key.
fn with(key: &Key) -> CredReceiver<'_> {
    let mut receiver = CredReceiver::new();
    receiver.keys = vec![key];
    receiver
}

/// All parts of a credential, for comparison.
fn shown(credential: &Credential) -> String {
    let key = credential.session_key.expose_bytes();
    format!("{credential:?} {key:?} {:?}", credential.ticket)
}

/// A message encrypted with `aes()` whose parts are modified by `edit`.
fn odd(edit: impl FnOnce(&mut Vec<RawTicket<'_>>, &mut EncKrbCredPart<'_>)) -> Vec<u8> {
    let key = aes();
    let message = send(&CredSender::new(CredProtection::Key(&key)), &[tgt(), tgt()]);
    let message = KrbCred::from_der(&message).unwrap();
    let usage = KeyUsage::KRB_CRED_ENC_PART;
    let plain = key.decrypt(usage, message.enc_part.cipher).unwrap();
    let mut part = EncKrbCredPart::from_der(&plain).unwrap();
    let mut tickets = message.tickets.iter().collect();
    edit(&mut tickets, &mut part);
    let cipher = key.encrypt(usage, &part.to_der(), &mut Rng(3));
    KrbCred {
        tickets: SequenceOf::from(tickets),
        enc_part: EncryptedData {
            cipher: &cipher,
            ..message.enc_part
        },
    }
    .to_der()
}

#[test]
fn credentials_round_trip_with_every_enctype() {
    let mut bare = tgt();
    bare.times = TicketTimes::default();
    bare.addresses.clear();
    for etype in EncryptionType::SUPPORTED {
        let key = key(*etype);
        for credentials in [vec![tgt()], vec![tgt(), bare.clone()]] {
            let message = send(&CredSender::new(CredProtection::Key(&key)), &credentials);
            let received = receive(&with(&key), &message).unwrap();
            let sent: Vec<_> = credentials.iter().map(shown).collect();
            let got: Vec<_> = received.credentials.iter().map(shown).collect();
            assert_eq!(got, sent, "{etype}");
            assert_eq!((received.time, received.sequence_number), (Some(NOW), None));
        }
    }
}

/// Peers differ in which key they use.
#[test]
fn message_under_subkey_or_session_key_is_accepted() {
    let (subkey, session) = (key(EncryptionType::AES128_CTS_HMAC_SHA256_128), aes());
    for by in [&subkey, &session] {
        let message = send(&CredSender::new(CredProtection::Key(by)), &[tgt()]);
        let mut receiver = CredReceiver::new();
        receiver.keys = vec![&subkey, &session];
        assert!(receive(&receiver, &message).is_ok());
        receiver.keys.retain(|key| key.etype() != by.etype());
        assert_eq!(
            receive(&receiver, &message).unwrap_err(),
            CredError::Integrity
        );
    }
}

/// RFC 6448: only for callers that ask for it.
#[test]
fn unprotected_message_is_accepted_only_if_allowed() {
    let message = send(&CredSender::new(CredProtection::DangerousNone), &[tgt()]);
    let key = aes();
    let mut receiver = with(&key);
    assert_eq!(
        receive(&receiver, &message).unwrap_err(),
        CredError::Unprotected
    );
    receiver.accept_unprotected = true;
    let taken = receive(&receiver, &message).unwrap();
    assert_eq!(shown(&taken.credentials[0]), shown(&tgt()));
    // An encrypted message is decrypted nevertheless.
    let message = send(&CredSender::new(CredProtection::Key(&key)), &[tgt()]);
    assert!(receive(&receiver, &message).is_ok());
}

#[test]
fn empty_list_and_broken_tickets_are_not_sent() {
    let sender = CredSender::new(CredProtection::DangerousNone);
    let refused = |credentials: &[Credential]| sender.message(credentials, &mut Rng(1), NOW);
    assert_eq!(refused(&[]).unwrap_err(), CredError::NoTickets);
    let mut broken = tgt();
    broken.ticket.pop();
    let error = refused(&[tgt(), broken]).unwrap_err();
    assert!(matches!(error, CredError::Decode { .. }), "{error}");
}

#[test]
fn mismatched_tickets_and_infos_are_refused() {
    let key = aes();
    let check = |message: Vec<u8>, expected: CredError| {
        let error = receive(&with(&key), &message).unwrap_err();
        assert_eq!(error, expected);
        assert_eq!(error.code(), ErrorCode::KRB_AP_ERR_MODIFIED);
    };
    check(
        odd(|tickets, _| drop(tickets.pop())),
        CredError::Counts {
            tickets: 1,
            infos: 2,
        },
    );
    check(
        odd(|_, part| part.ticket_info = part.ticket_info.iter().take(1).collect()),
        CredError::Counts {
            tickets: 2,
            infos: 1,
        },
    );
    // Other implementations have crashed on an empty list.
    check(
        odd(|tickets, part| {
            tickets.clear();
            part.ticket_info = SequenceOf::empty();
        }),
        CredError::NoTickets,
    );
    let without = |edit: fn(&mut kerberos_asn1::KrbCredInfo<'_>)| {
        odd(|_, part| {
            let mut infos: Vec<_> = part.ticket_info.iter().collect();
            edit(&mut infos[1]);
            part.ticket_info = SequenceOf::from(infos);
        })
    };
    check(without(|info| info.pname = None), CredError::NoName(1));
    check(without(|info| info.prealm = None), CredError::NoName(1));
    check(without(|info| info.sname = None), CredError::NoName(1));
    check(without(|info| info.srealm = None), CredError::NoName(1));
}

#[test]
fn a_clock_that_is_further_off_than_the_skew_is_refused() {
    let key = aes();
    let message = send(&CredSender::new(CredProtection::Key(&key)), &[tgt()]);
    let mut receiver = with(&key);
    receiver.clock_skew = Some(300);
    for (seconds, fits) in [
        (0, true),
        (300, true),
        (-300, true),
        (301, false),
        (-301, false),
    ] {
        let local = Timestamp::new(NOW.seconds + seconds, 0);
        match receiver.credentials(&message, local) {
            Ok(_) => assert!(fits, "{seconds}"),
            Err(error) => {
                let limit = 300;
                let sender = NOW;
                assert!(!fits, "{seconds}");
                assert_eq!(
                    error,
                    CredError::Origin(OriginFault::ClockSkew {
                        sender,
                        local,
                        limit
                    })
                );
                assert_eq!(error.code(), ErrorCode::KRB_AP_ERR_SKEW);
            }
        }
    }
    let timeless = odd(|_, part| part.timestamp = None);
    assert_eq!(
        receive(&receiver, &timeless).unwrap_err(),
        OriginFault::NoTime.into()
    );
    receiver.clock_skew = None;
    assert_eq!(receive(&receiver, &timeless).unwrap().time, None);
}

#[test]
fn wrong_sequence_numbers_and_addresses_are_refused() {
    let key = aes();
    let mut sender = CredSender::new(CredProtection::Key(&key));
    let plain = send(&sender, &[tgt()]);
    sender.sequence_number = Some(7);
    sender.sender = Some(address(1));
    sender.recipient = Some(address(2));
    let message = send(&sender, &[tgt()]);

    let check = |edit: fn(&mut CredReceiver<'_>), message: &[u8], expected: Option<CredError>| {
        let mut receiver = with(&key);
        edit(&mut receiver);
        assert_eq!(receive(&receiver, message).err(), expected);
    };
    let sequence = |expected, found| Some(OriginFault::Sequence { expected, found }.into());
    check(|r| r.sequence_number = Some(7), &message, None);
    check(
        |r| r.sequence_number = Some(8),
        &message,
        sequence(8, Some(7)),
    );
    check(|r| r.sequence_number = Some(8), &plain, sequence(8, None));
    check(|r| r.sequence_number = Some(0), &plain, None);
    check(|r| r.sender = Some(address(1)), &message, None);
    check(
        |r| r.sender = Some(address(2)),
        &message,
        Some(OriginFault::SenderAddress.into()),
    );
    check(|r| r.recipient = Some(address(2)), &message, None);
    check(
        |r| r.recipient = Some(address(1)),
        &message,
        Some(OriginFault::RecipientAddress.into()),
    );
    // Addresses are checked if there are any.
    check(|r| r.sender = Some(address(9)), &plain, None);
}

#[test]
fn damaged_messages_never_yield_other_credentials() {
    let key = aes();
    let mut receiver = with(&key);
    receiver.accept_unprotected = true;
    let good = send(&CredSender::new(CredProtection::Key(&key)), &[tgt()]);
    let right = receive(&receiver, &good).unwrap();
    let key_of = |one: &ReceivedCredentials| one.credentials[0].session_key.expose_bytes().to_vec();
    for length in 0..good.len() {
        let error = receive(&receiver, &good[..length]).unwrap_err();
        assert!(!error.to_string().is_empty());
    }
    for number in 0..3_000 {
        // Only the tickets themselves can be altered, and they are opaque.
        if let Ok(received) = receive(&receiver, &edited(number, &good)) {
            assert_eq!(key_of(&received), key_of(&right));
            assert_eq!(received.credentials[0].client, right.credentials[0].client);
        }
    }
    let unprotected = send(&CredSender::new(CredProtection::DangerousNone), &[tgt()]);
    for number in 0..3_000 {
        let _ =
            receive(&receiver, &edited(number, &unprotected)).map_err(|error| error.to_string());
    }
}
