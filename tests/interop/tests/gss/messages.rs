//! Sealed and signed messages in both directions, with keys of all types and many sizes; and
//! messages that are late, repeated, missing or altered.

use kerberos_client::system_rng;
use kerberos_gss::{AcceptorOptions, GssError, InitiatorOptions, OrderFault, Protection};
use test_support::ETYPES;

use crate::{Pair, World, accept, all_flags, initiate};

fn text(length: usize) -> Vec<u8> {
    (0..=250)
        .map(|step: u8| step.wrapping_mul(7))
        .cycle()
        .take(length)
        .collect()
}

impl Pair {
    /// Sends a message in each direction, with each kind of protection, and also as a MIC.
    pub(crate) fn talk(&mut self, message: &[u8], what: &str) {
        let mut rng = system_rng().unwrap();
        for (protection, seal) in [(Protection::Seal, "1"), (Protection::Sign, "0")] {
            let token = self.ours.wrap(protection, message, &mut rng).unwrap();
            let read = self.theirs.ok("unwrap", &token);
            let sealed = u8::from(protection == Protection::Seal);
            assert!(read[0] == sealed && read[1..] == *message, "{what}");

            let token = self.theirs.ok(&format!("wrap {seal}"), message);
            let read = self.ours.unwrap(&token).unwrap();
            let kept = (read.protection, &read.message[..]);
            assert!(kept == (protection, message), "{what}");
            let mut token = self.theirs.ok(&format!("wrap {seal}"), message);
            let read = self.ours.receiver.unwrap_in_place(&mut token).unwrap();
            let kept = (read.protection, &*read.message);
            assert!(kept == (protection, message), "{what}");
        }
        let token = self.ours.mic(message).unwrap();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let signed = [&length[..], message, &token].concat();
        self.theirs.ok("verify", &signed);
        let token = self.theirs.ok("mic", message);
        self.ours.verify_mic(message, &token).unwrap();
        for limit in [100, 1000, 65_536] {
            for (protection, seal) in [(Protection::Seal, "1"), (Protection::Sign, "0")] {
                let ours = self.ours.sender.wrap_size_limit(protection, limit);
                let theirs = self.theirs.ok(&format!("limit {limit} {seal}"), b"");
                let theirs = u32::from_be_bytes(theirs.try_into().unwrap());
                let token = self.ours.wrap(protection, &text(ours), &mut rng).unwrap();
                self.theirs.ok("unwrap", &token);
                assert!(token.len() <= limit, "{what}");
                // MIT's size limit is smaller than necessary.
                assert!(
                    ours >= theirs as usize,
                    "{what}: {ours} {theirs} of {limit}"
                );
            }
        }
        let key = self.theirs.ok("session_key", b"");
        assert_eq!(
            key,
            self.ours.details.session_key().expose_bytes(),
            "{what}"
        );
    }
}

const SIZES: [usize; 8] = [0, 1, 7, 8, 16, 17, 1000, 65_536];

/// The sizes for a type. Only one type gets the largest messages.
fn sizes(etype: &str) -> impl Iterator<Item = usize> {
    let largest = if etype == "aes256-cts-hmac-sha1-96" {
        16 << 20
    } else {
        1 << 20
    };
    SIZES.into_iter().chain([largest])
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn messages_of_all_etypes_and_sizes_pass_with_our_initiator() {
    let world = World::new();
    for (_, etype) in ETYPES {
        let ticket = world.ticket(etype);
        let mut options = InitiatorOptions::default();
        // Prevents subkeys of another type.
        options.etypes = Some(Vec::new());
        let mut pair = initiate(&world, &ticket, &options, None).unwrap();
        for size in sizes(etype) {
            pair.talk(&text(size), &format!("{etype}, {size} bytes"));
        }
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn messages_of_all_etypes_and_sizes_pass_with_our_acceptor() {
    let world = World::new();
    for (_, etype) in ETYPES {
        world.ticket(etype);
        let options = AcceptorOptions::default();
        let mut pair = accept(&world, all_flags(), None, "krb5", options).unwrap();
        for size in sizes(etype) {
            pair.talk(&text(size), &format!("{etype}, {size} bytes"));
        }
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn duplicate_late_and_missing_messages_are_detected() {
    let world = World::new();
    let mut rng = system_rng().unwrap();
    for (_, etype) in ETYPES {
        let ticket = world.ticket(etype);
        let mut options = InitiatorOptions::default();
        options.etypes = Some(Vec::new());
        let mut pair = initiate(&world, &ticket, &options, None).unwrap();
        let sent: Vec<_> = (0..5)
            .map(|_| {
                pair.ours
                    .wrap(Protection::Seal, b"hello", &mut rng)
                    .unwrap()
            })
            .collect();
        pair.theirs.ok("unwrap", &sent[0]);
        let double = pair.theirs.call("unwrap", &sent[0]).unwrap_err();
        assert!(double.contains("DuplicateToken"), "{etype}: {double}");
        let missing = pair.theirs.call("unwrap", &sent[3]).unwrap_err();
        assert!(missing.contains("TokenTooEarly"), "{etype}: {missing}");
        let late = pair.theirs.call("unwrap", &sent[1]).unwrap_err();
        assert!(late.contains("TokenTooLate"), "{etype}: {late}");

        let theirs: Vec<_> = (0..5).map(|_| pair.theirs.ok("wrap 1", b"hello")).collect();
        let mut fault = |token: &[u8]| match pair.ours.unwrap(token) {
            Ok(_) => None,
            Err(GssError::Order { fault, .. }) => Some(fault),
            Err(other) => panic!("{etype}: {other}"),
        };
        assert_eq!(fault(&theirs[0]), None);
        assert_eq!(fault(&theirs[0]), Some(OrderFault::Duplicate));
        assert_eq!(fault(&theirs[3]), Some(OrderFault::Gap));
        assert_eq!(fault(&theirs[1]), Some(OrderFault::Unsequenced));
        assert_eq!(fault(&theirs[4]), None);
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn altered_and_reflected_messages_are_refused() {
    let world = World::new();
    let mut rng = system_rng().unwrap();
    for (_, etype) in ETYPES {
        let ticket = world.ticket(etype);
        let options = InitiatorOptions::default();
        let mut pair = initiate(&world, &ticket, &options, None).unwrap();
        for (protection, seal) in [(Protection::Seal, "1"), (Protection::Sign, "0")] {
            let sent = pair.ours.wrap(protection, b"hello", &mut rng).unwrap();
            let back = pair.ours.unwrap(&sent).unwrap_err();
            assert!(matches!(back, GssError::WrongDirection), "{etype}: {back}");
            for at in 0..sent.len() {
                let mut altered = sent.clone();
                altered[at] ^= 0x10;
                assert!(
                    pair.theirs.call("unwrap", &altered).is_err(),
                    "{etype}: {at}"
                );
            }
            let theirs = pair.theirs.ok(&format!("wrap {seal}"), b"hello");
            assert!(pair.theirs.call("unwrap", &theirs).is_err());
            for at in 0..theirs.len() {
                let mut altered = theirs.clone();
                altered[at] ^= 0x10;
                assert!(pair.ours.unwrap(&altered).is_err(), "{etype}: {at}");
                assert!(pair.ours.unwrap(&theirs[..at]).is_err(), "{etype}: {at}");
            }
            pair.ours.unwrap(&theirs).unwrap();
        }
    }
}
