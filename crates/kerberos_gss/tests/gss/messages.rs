//! Messages: both directions, all types of keys, and each fault with its error.

use std::fmt::Write as _;

use kerberos_gss::{AcceptorOptions, GssError, OrderFault, Protection, Receiver, Sender, TokenId};

use crate::pair::{ETYPES, Pair, establish, pair, pair_with_seed, plain, ticket};
use crate::random::Rng;

const BOTH: [Protection; 2] = [Protection::Seal, Protection::Sign];

fn wrap(sender: &mut Sender, protection: Protection, message: &[u8]) -> Vec<u8> {
    sender.wrap(protection, message, &mut Rng(5)).unwrap()
}

/// Both directions of a context.
fn directions(pair: &mut Pair) -> [(&mut Sender, &mut Receiver); 2] {
    let Pair {
        initiator,
        acceptor,
        ..
    } = pair;
    [
        (&mut initiator.sender, &mut acceptor.receiver),
        (&mut acceptor.sender, &mut initiator.receiver),
    ]
}

#[test]
fn wrap_and_mic_round_trip_for_all_enctypes_and_lengths() {
    for etype in ETYPES {
        let mut pair = pair(etype);
        for (sender, receiver) in directions(&mut pair) {
            for length in (0..40).chain([1000, 70_000]) {
                let message: Vec<u8> = (0..=255).cycle().take(length).collect();
                for protection in BOTH {
                    let token = wrap(sender, protection, &message);
                    let read = receiver.unwrap(&token).unwrap();
                    assert_eq!(
                        (read.protection, read.message),
                        (protection, message.clone())
                    );
                    let mut token = wrap(sender, protection, &message);
                    let read = receiver.unwrap_in_place(&mut token).unwrap();
                    assert_eq!(
                        (read.protection, &*read.message),
                        (protection, &message[..])
                    );
                }
                let mic = sender.mic(&message).unwrap();
                receiver.verify_mic(&message, &mic).unwrap();
            }
        }
    }
}

#[test]
fn sealed_message_contains_no_plaintext() {
    for etype in ETYPES {
        let mut pair = pair(etype);
        let message = b"a message that must stay secret";
        let sealed = wrap(&mut pair.initiator.sender, Protection::Seal, message);
        let signed = wrap(&mut pair.initiator.sender, Protection::Sign, message);
        let shows = |token: &[u8]| token.windows(8).any(|part| message.starts_with(part));
        assert!(!shows(&sealed) && shows(&signed));
    }
}

#[test]
fn several_tokens_share_a_buffer() {
    let mut pair = pair(18);
    let mut buffer = Vec::new();
    let mut ends = Vec::new();
    for message in [&b"one"[..], b"two", b""] {
        let sender = &mut pair.initiator.sender;
        sender
            .wrap_into(&mut buffer, Protection::Seal, message, &mut Rng(5))
            .unwrap();
        ends.push(buffer.len());
    }
    let receiver = &mut pair.acceptor.receiver;
    assert_eq!(receiver.unwrap(&buffer[..ends[0]]).unwrap().message, b"one");
    assert_eq!(
        receiver.unwrap(&buffer[ends[0]..ends[1]]).unwrap().message,
        b"two"
    );
}

#[test]
fn wrap_size_limit_is_the_longest_message_that_fits() {
    for etype in ETYPES {
        let mut pair = pair(etype);
        let sender = &mut pair.initiator.sender;
        for limit in (0..400).chain([4096, 65_535, 65_536, 65_600]) {
            for protection in BOTH {
                let longest = sender.wrap_size_limit(protection, limit);
                let token = wrap(sender, protection, &vec![7; longest]);
                assert!(token.len() <= limit || longest == 0, "{etype} {limit}");
                let token = wrap(sender, protection, &vec![7; longest + 1]);
                assert!(token.len() > limit, "{etype} {limit}");
            }
        }
    }
}

#[test]
fn reflected_token_is_refused_as_wrong_direction() {
    for etype in ETYPES {
        let mut pair = pair(etype);
        for protection in BOTH {
            let token = wrap(&mut pair.initiator.sender, protection, b"hello");
            let error = pair.initiator.unwrap(&token).unwrap_err();
            assert!(
                matches!(error, GssError::WrongDirection),
                "{etype}: {error}"
            );
        }
        let mic = pair.acceptor.mic(b"hello").unwrap();
        let error = pair.acceptor.verify_mic(b"hello", &mic).unwrap_err();
        assert!(
            matches!(error, GssError::WrongDirection),
            "{etype}: {error}"
        );
    }
}

#[test]
fn messages_of_another_context_are_refused() {
    for etype in ETYPES {
        let mut one = pair(etype);
        let mut other = pair_with_seed(etype, 99);
        for protection in BOTH {
            let token = wrap(&mut other.initiator.sender, protection, b"hello");
            let error = one.acceptor.unwrap(&token).unwrap_err();
            // An older token hides what it is, so it may look like one of the other direction.
            let named = matches!(error, GssError::Integrity | GssError::WrongDirection);
            assert!(named, "{etype}: {error}");
        }
    }
}

#[test]
fn replay_and_sequence_checks_follow_the_flags() {
    for etype in ETYPES {
        for (flags, faults) in [
            (
                0x3e,
                [
                    Some(OrderFault::Gap),
                    Some(OrderFault::Duplicate),
                    Some(OrderFault::Unsequenced),
                ],
            ),
            (0x36, [None, Some(OrderFault::Duplicate), None]),
            (0x32, [None, None, None]),
        ] {
            let mut options = plain();
            options.flags = kerberos_gss::ContextFlags(flags);
            let mut pair = establish(&ticket(etype), &options, AcceptorOptions::default()).unwrap();
            for (sender, receiver) in directions(&mut pair) {
                let sent = [(); 4].map(|()| wrap(sender, Protection::Seal, b"hello"));
                let mut fault = |token: &[u8]| match receiver.unwrap(token) {
                    Ok(_) => None,
                    Err(GssError::Order { fault, .. }) => Some(fault),
                    Err(other) => panic!("{other}"),
                };
                assert_eq!(fault(&sent[0]), None);
                let found = [&sent[2], &sent[2], &sent[1]].map(|token| fault(token));
                assert_eq!(found, faults, "{etype} {flags:#x}");
                assert_eq!(fault(&sent[3]), None);
            }
        }
    }
}

#[test]
fn token_with_unexpected_acceptor_subkey_flag_is_refused() {
    let mut options = plain();
    options.flags = kerberos_gss::ContextFlags(0x30);
    let mut pair = establish(&ticket(18), &options, AcceptorOptions::default()).unwrap();
    let mut token = wrap(&mut pair.initiator.sender, Protection::Sign, b"hello");
    assert_eq!(token[2], 0);
    token[2] |= 4;
    let error = pair.acceptor.unwrap(&token).unwrap_err();
    assert!(matches!(error, GssError::WrongSubkey), "{error}");
}

#[test]
fn altered_header_field_is_refused() {
    let mut pair = pair(18);
    for protection in BOTH {
        let token = wrap(&mut pair.initiator.sender, protection, b"hello");
        let mut check = |at: usize, xor: u8| {
            let mut altered = token.clone();
            altered[at] ^= xor;
            pair.acceptor.unwrap(&altered).unwrap_err()
        };
        assert!(matches!(
            check(0, 1),
            GssError::TokenId {
                expected: TokenId::WRAP,
                ..
            }
        ));
        assert!(matches!(check(3, 1), GssError::Header("filler")));
        assert!(matches!(check(2, 1), GssError::WrongDirection));
        for at in [2, 4, 5, 7, 8, 15, 16] {
            let error = check(at, if at == 2 { 2 } else { 0x10 });
            let named = matches!(error, GssError::Integrity | GssError::Header("EC"));
            assert!(named, "{at}: {error}");
        }
        // Unused flags are ignored (RFC 4121 §4.2.2), but they are protected.
        assert!(matches!(check(2, 0x80), GssError::Integrity));
        pair.acceptor.unwrap(&token).unwrap();
    }
}

/// RFC 4121 §4.2.5: tokens may be rotated by any count, and must still be accepted.
#[test]
fn rotated_tokens_are_read() {
    let message = b"some message that is longer than a block or two of AES are";
    for protection in BOTH {
        for rrc in [1, 12, 16, 28, 31, 100, 1000, 65_535] {
            let mut pair = pair(18);
            let mut token = wrap(&mut pair.initiator.sender, protection, message);
            let body = token.len() - 16;
            token[16..].rotate_right(rrc % body);
            token[6..8].copy_from_slice(&(rrc as u16).to_be_bytes());
            assert_eq!(pair.acceptor.unwrap(&token).unwrap().message, message);
            let mut pair = crate::pair::pair(18);
            let read = pair.acceptor.receiver.unwrap_in_place(&mut token).unwrap();
            assert_eq!(read.message, message);
        }
    }
}

#[test]
fn sender_can_be_moved_to_another_thread() {
    let pair = pair(18);
    let kerberos_gss::Context { mut sender, .. } = *pair.initiator;
    let kerberos_gss::Context { mut receiver, .. } = *pair.acceptor;
    let sending = std::thread::spawn(move || {
        (0..100_u8)
            .map(|number| wrap(&mut sender, Protection::Seal, &[number]))
            .collect::<Vec<_>>()
    });
    for (number, token) in (0_u8..).zip(sending.join().unwrap()) {
        assert_eq!(receiver.unwrap(&token).unwrap().message, [number]);
    }
}

#[test]
fn debug_output_shows_no_key() {
    let pair = pair(18);
    let shown = format!("{:#?} {:#?}", pair.initiator, pair.acceptor);
    let shown: String = shown.split_whitespace().collect();
    let (mut listed, mut hex) = (String::new(), String::new());
    for byte in pair.initiator.details.session_key().expose_bytes() {
        write!(listed, "{byte},").unwrap();
        write!(hex, "{byte:02x}").unwrap();
    }
    assert!(!shown.contains(&listed) && !shown.to_lowercase().contains(&hex));
}
