//! Truncated and altered messages: no panic, and only the original is accepted.

use kerberos_proto::{AcceptorReply, ApInitiator, ApRequestOptions, Subkey};

use crate::random::edited;
use crate::service::*;

fn good() -> (ApInitiator, Vec<u8>, Vec<u8>) {
    let mut options = ApRequestOptions::default();
    options.mutual = true;
    options.subkey = Subkey::Generate;
    let (initiator, request) = Issue::new().request(&options);
    let mut choice = AcceptorReply::default();
    choice.subkey = Subkey::Generate;
    let accepted = accept(&request).unwrap();
    let reply = accepted.reply(&choice, &mut Rng(2)).unwrap().0;
    (initiator, request, reply)
}

/// Everything that the ticket and the authenticator protect.
fn accepted(request: &[u8]) -> Option<String> {
    match accept(request) {
        Ok(one) => Some(format!(
            "{} {} {:?} {:?} {:?} {:?} {:?}",
            one.client,
            one.server,
            one.session_key.expose_bytes(),
            one.subkey.map(|key| key.expose_bytes().to_vec()),
            (one.flags, one.times, one.time, one.sequence_number),
            one.authorization_data,
            one.checksum,
        )),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(!error.to_message(&server(), NOW).is_empty());
            None
        }
    }
}

fn checked(initiator: &ApInitiator, reply: &[u8]) -> Option<Vec<u8>> {
    let reply = initiator.check_reply(reply).ok()?;
    Some(reply.subkey.unwrap().expose_bytes().to_vec())
}

fn check(edits: usize, edit: impl Fn(usize, &[u8]) -> Vec<u8>) {
    let (initiator, request, reply) = good();
    let right = accepted(&request);
    assert!(right.is_some());
    let right_reply = checked(&initiator, &reply);
    assert!(right_reply.is_some());
    for number in 0..edits {
        let edited = edit(number, &request);
        let result = accepted(&edited);
        assert!(result.is_none() || result == right, "{edited:02x?}");
        let edited = edit(number, &reply);
        let result = checked(&initiator, &edited);
        assert!(result.is_none() || result == right_reply, "{edited:02x?}");
    }
}

#[test]
fn no_truncation_changes_who_is_authenticated() {
    let length = good().1.len();
    check(length, |number, good| {
        good[..number.min(good.len() - 1)].to_vec()
    });
}

#[test]
fn no_flipped_bit_changes_who_is_authenticated() {
    let bits = good().1.len() * 8;
    check(bits, |number, good| {
        let mut edited = good.to_vec();
        let number = number % (good.len() * 8);
        edited[number / 8] ^= 1 << (number % 8);
        edited
    });
}

#[test]
fn no_random_edit_changes_who_is_authenticated() {
    check(20_000, edited);
}
