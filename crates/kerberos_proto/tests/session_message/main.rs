//! KRB-SAFE and KRB-PRIV: what arrives, what is refused and why, and what no bytes can achieve.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helper functions of tests assert by panicking and truncate random numbers"
)]

use core::net::{IpAddr, Ipv4Addr};

use kerberos_asn1::{
    Checksum, Decode, EncKrbPrivPart, Encode, EncryptedData, ErrorCode, KrbPriv, KrbSafe,
    KrbSafeBody,
};
use kerberos_crypto::{EncryptionType, Key, KeyUsage};
use kerberos_proto::{
    HostAddress, MessageError, MessageReceiver, MessageSender, OriginFault, ReceivedMessage,
    Timestamp,
};

#[path = "../shared/random.rs"]
mod random;

use random::{Rng, edited};

const NOW: Timestamp = Timestamp {
    seconds: 1_767_225_600,
    microseconds: 250_000,
};
const DATA: &[u8] = b"what the application sends";

fn key(etype: EncryptionType) -> Key {
    Key::generate(etype, &mut Rng(1)).unwrap()
}

fn aes() -> Key {
    key(EncryptionType::AES256_CTS_HMAC_SHA1_96)
}

fn address(last: u8) -> HostAddress {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)).into()
}

/// How to make a message, and how to read it.
type Make = fn(&MessageSender<'_>, &[u8]) -> Vec<u8>;
type Read = fn(&MessageReceiver<'_>, &[u8], Timestamp) -> Result<ReceivedMessage, MessageError>;

const KINDS: [(Make, Read); 2] = [
    (
        |sender, data| sender.private(data, &mut Rng(2), NOW),
        |receiver, message, now| receiver.private(message, now),
    ),
    (
        |sender, data| sender.safe(data, NOW),
        |receiver, message, now| receiver.safe(message, now),
    ),
];

#[test]
fn messages_round_trip_with_every_enctype() {
    for (make, read) in KINDS {
        for &etype in EncryptionType::SUPPORTED {
            let key = key(etype);
            let mut sender = MessageSender::new(&key, address(1));
            for data in [b"".as_slice(), DATA, &[0; 5000]] {
                let received = read(&MessageReceiver::new(&key), &make(&sender, data), NOW);
                let received = received.unwrap();
                assert_eq!(&*received.data, data, "{etype}");
                assert_eq!((received.time, received.sequence_number), (None, None));
            }
            sender.with_time = true;
            sender.sequence_number = Some(u32::MAX);
            let received = read(&MessageReceiver::new(&key), &make(&sender, DATA), NOW).unwrap();
            assert_eq!(received.time, Some(NOW));
            assert_eq!(received.sequence_number, Some(u32::MAX));
            assert!(
                !format!("{received:?}").contains("119"),
                "Debug must not show the data"
            );
        }
    }
}

#[test]
fn wrong_key_or_wrong_message_type_is_refused() {
    let (right, wrong) = (aes(), key(EncryptionType::AES128_CTS_HMAC_SHA1_96));
    let other = Key::generate(right.etype(), &mut Rng(9)).unwrap();
    let sender = MessageSender::new(&right, address(1));
    let private = sender.private(DATA, &mut Rng(2), NOW);
    let safe = sender.safe(DATA, NOW);
    for key in [&wrong, &other] {
        let error = MessageReceiver::new(key)
            .private(&private, NOW)
            .unwrap_err();
        assert_eq!(error, MessageError::Integrity);
        assert_eq!(error.code(), ErrorCode::KRB_AP_ERR_BAD_INTEGRITY);
    }
    let error = MessageReceiver::new(&other).safe(&safe, NOW).unwrap_err();
    assert_eq!(error, MessageError::Altered);
    let error = MessageReceiver::new(&wrong).safe(&safe, NOW).unwrap_err();
    assert_eq!(error, MessageError::InappropriateChecksum(16));
    let receiver = MessageReceiver::new(&right);
    for result in [receiver.private(&safe, NOW), receiver.safe(&private, NOW)] {
        assert_eq!(result.unwrap_err(), MessageError::UnexpectedMessage);
    }
}

#[test]
fn wrong_time_sequence_number_or_address_is_refused() {
    let key = aes();
    let mut sender = MessageSender::new(&key, address(1));
    let without = sender.clone();
    sender.with_time = true;
    sender.sequence_number = Some(7);
    sender.recipient = Some(address(2));
    for (make, read) in KINDS {
        let check = |edit: fn(&mut MessageReceiver<'_>), sender, expected: Option<OriginFault>| {
            let mut receiver = MessageReceiver::new(&key);
            edit(&mut receiver);
            let result = read(&receiver, &make(sender, DATA), NOW);
            assert_eq!(result.err(), expected.map(MessageError::Origin));
        };
        check(|r| r.clock_skew = Some(0), &sender, None);
        check(
            |r| r.clock_skew = Some(9),
            &without,
            Some(OriginFault::NoTime),
        );
        let sequence = |expected, found| Some(OriginFault::Sequence { expected, found });
        check(|r| r.sequence_number = Some(7), &sender, None);
        check(
            |r| r.sequence_number = Some(6),
            &sender,
            sequence(6, Some(7)),
        );
        check(|r| r.sequence_number = Some(7), &without, sequence(7, None));
        check(|r| r.sequence_number = Some(0), &without, None);
        check(|r| r.sender = Some(address(1)), &sender, None);
        let elsewhere = Some(OriginFault::SenderAddress);
        check(|r| r.sender = Some(address(2)), &without, elsewhere);
        check(|r| r.recipient = Some(address(2)), &sender, None);
        let not_here = Some(OriginFault::RecipientAddress);
        check(|r| r.recipient = Some(address(1)), &sender, not_here);
        // The sender's address is required, the recipient's is not.
        check(|r| r.recipient = Some(address(1)), &without, None);

        let mut receiver = MessageReceiver::new(&key);
        receiver.clock_skew = Some(300);
        for (seconds, fits) in [(300, true), (-300, true), (301, false), (-301, false)] {
            let now = Timestamp::new(NOW.seconds + seconds, 0);
            let result = read(&receiver, &make(&sender, DATA), now);
            assert_eq!(result.is_ok(), fits, "{seconds}");
        }
    }
}

#[test]
fn rfc_1510_checksum_over_the_body_alone_is_accepted() {
    let key = aes();
    let sender = MessageSender::new(&key, address(1));
    let message = sender.safe(DATA, NOW);
    let body = KrbSafe::safe_body_der(&message).unwrap();
    let body = KrbSafeBody::from_der(body).unwrap();
    let checksum = key.checksum(KeyUsage::KRB_SAFE_CHECKSUM, &body.to_der());
    let make = |cksumtype, checksum| {
        KrbSafe {
            safe_body: body.clone(),
            cksum: Checksum {
                cksumtype,
                checksum,
            },
        }
        .to_der()
    };
    let receiver = MessageReceiver::new(&key);
    assert_eq!(
        &*receiver.safe(&make(16, &checksum), NOW).unwrap().data,
        DATA
    );
    // A checksum that anyone can make.
    let crc = receiver.safe(&make(1, &[0; 4]), NOW).unwrap_err();
    assert_eq!(crc, MessageError::InappropriateChecksum(1));
}

#[test]
fn encrypted_garbage_is_a_decode_error() {
    let key = aes();
    let seal = |plain: &[u8]| {
        let cipher = key.encrypt(KeyUsage::KRB_PRIV_ENC_PART, plain, &mut Rng(3));
        KrbPriv {
            enc_part: EncryptedData {
                etype: 18,
                kvno: None,
                cipher: &cipher,
            },
        }
        .to_der()
    };
    let receiver = MessageReceiver::new(&key);
    let good = EncKrbPrivPart {
        user_data: DATA,
        timestamp: None,
        usec: None,
        seq_number: None,
        s_address: kerberos_asn1::HostAddress {
            addr_type: kerberos_asn1::AddressType::IPV4,
            address: b"1234",
        },
        r_address: None,
    }
    .to_der();
    assert_eq!(&*receiver.private(&seal(&good), NOW).unwrap().data, DATA);
    for plain in [b"".as_slice(), b"password", &good[..good.len() - 1]] {
        let error = receiver.private(&seal(plain), NOW).unwrap_err();
        assert!(matches!(error, MessageError::Decode { .. }), "{error}");
    }
}

#[test]
fn altered_messages_never_yield_other_data() {
    let key = aes();
    let mut sender = MessageSender::new(&key, address(1));
    sender.with_time = true;
    let receiver = MessageReceiver::new(&key);
    for (make, read) in KINDS {
        let good = make(&sender, DATA);
        for number in 0..3000 {
            match read(&receiver, &edited(number, &good), NOW) {
                Ok(message) => assert_eq!(&*message.data, DATA),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        for length in 0..good.len() {
            read(&receiver, &good[..length], NOW).unwrap_err();
        }
    }
}
