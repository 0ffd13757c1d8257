//! Messages from anybody to an established context, with keys for each format of tokens: arbitrary
//! bytes are refused, and an altered honest token is either refused or accepted once with its
//! original contents.
#![no_main]

#[path = "support/constant.rs"]
mod constant;
#[path = "support/contexts.rs"]
mod contexts;
#[path = "support/script.rs"]
mod script;
#[path = "support/ticket.rs"]
mod ticket;

use kerberos_crypto::EncryptionType;
use kerberos_gss::{Context, Part, Pieces, Protection, Receiver};
use libfuzzer_sys::fuzz_target;

use constant::Constant;
use contexts::contexts;
use script::Script;

const ETYPES: [i32; 5] = [17, 20, 26, 23, 16];
const MESSAGE: &[u8] = b"a message of more than one block, and not of whole ones";
const SIGNED: &[u8] = b"signed with it";

fuzz_target!(|data: &[u8]| {
    let mut script = Script(data);
    let etype = EncryptionType(ETYPES[usize::from(script.byte()) % ETYPES.len()]);
    let choices = script.byte();
    let protection = [Protection::Seal, Protection::Sign][usize::from(choices & 1)];
    let (ours, theirs) = contexts(etype);
    match choices >> 1 & 3 {
        0 | 1 => wrapped(*ours, *theirs, protection, choices & 2 != 0, &mut script),
        2 => signed(*ours, *theirs, &mut script),
        // Tokens of triple DES cannot be divided.
        _ if etype == EncryptionType::DES3_CBC_SHA1 => {}
        _ => scattered(*ours, *theirs, protection, &mut script),
    }
});

fn wrapped(
    mut ours: Context,
    mut theirs: Context,
    protection: Protection,
    in_place: bool,
    script: &mut Script<'_>,
) {
    let token = ours.wrap(protection, MESSAGE, &mut Constant);
    let token = token.expect("the message can be wrapped");
    let altered = script.alter(token.clone());
    // Nobody signed this, and the attempt has no side effects.
    assert!(theirs.verify_mic(MESSAGE, &altered).is_err());
    let cut = usize::from(script.byte()).min(altered.len());
    let (header, rest) = altered.split_at(cut);
    let more = open_scattered(&mut theirs.receiver, SIGNED, header, rest, &[], &[]);
    assert_eq!(more, None);

    let mut place = altered.clone();
    let taken = if in_place {
        let read = theirs.receiver.unwrap_in_place(&mut place);
        read.map(|read| (read.message.to_vec(), read.protection))
    } else {
        let read = theirs.unwrap(&altered);
        read.map(|read| (read.message, read.protection))
    };
    match taken {
        Ok(taken) => assert_eq!(taken, (MESSAGE.to_vec(), protection)),
        Err(error) => assert!(altered != token && !error.to_string().is_empty()),
    }
    // Whether it was accepted before or not, it is refused now.
    assert!(theirs.unwrap(&altered).is_err());
    let mut place = altered.clone();
    assert!(theirs.receiver.unwrap_in_place(&mut place).is_err());
}

fn signed(mut ours: Context, mut theirs: Context, script: &mut Script<'_>) {
    let token = ours.mic(MESSAGE).expect("the message can be signed");
    let altered = script.alter(token.clone());
    let message = script.alter(MESSAGE.to_vec());
    assert!(theirs.unwrap(&altered).is_err());
    match theirs.verify_mic(&message, &altered) {
        Ok(()) => assert_eq!(message, MESSAGE),
        Err(error) => {
            assert!(altered != token || message != MESSAGE);
            assert!(!error.to_string().is_empty());
        }
    }
    assert!(altered != token || message != MESSAGE || theirs.verify_mic(MESSAGE, &token).is_err());
}

fn scattered(
    mut ours: Context,
    mut theirs: Context,
    protection: Protection,
    script: &mut Script<'_>,
) {
    let sizes = ours.sender.overhead(protection, MESSAGE.len());
    let in_front = script.byte() % 2 == 1;
    let trailer_len = if in_front { 0 } else { sizes.trailer };
    let mut header = vec![0; sizes.total() - sizes.padding - trailer_len];
    let (mut text, mut padding) = (MESSAGE.to_vec(), vec![0; sizes.padding]);
    let mut trailer = vec![0; trailer_len];
    let mut pieces = Pieces {
        header: &mut header,
        parts: &mut [Part::Signed(SIGNED), Part::Sealed(&mut text)],
        padding: &mut padding,
        trailer: (!in_front).then_some(&mut trailer),
    };
    let wrapped = ours
        .sender
        .wrap_scattered(protection, &mut pieces, &mut Constant);
    wrapped.expect("the pieces have the right sizes");

    let token = [&header[..], &text, &padding, &trailer].concat();
    let altered = script.alter(token.clone());
    let also_signed = script.alter(SIGNED.to_vec());
    // Divided like the original token, as far as there are enough bytes.
    let mut rest = &altered[..];
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at(length.min(rest.len()));
        rest = left;
        taken
    };
    let head = take(header.len());
    let end = altered
        .len()
        .saturating_sub(head.len() + padding.len() + trailer.len());
    let (body, padding, trailer) = (take(end), take(padding.len()), take(trailer.len()));
    let mut open = || {
        open_scattered(
            &mut theirs.receiver,
            &also_signed,
            head,
            body,
            padding,
            trailer,
        )
    };
    match open() {
        Some(taken) => {
            assert_eq!(taken, (MESSAGE.to_vec(), protection));
            assert_eq!(also_signed, SIGNED);
        }
        None => assert!(altered != token || also_signed != SIGNED),
    }
    assert_eq!(open(), None);
}

/// Unwraps a message in pieces, which may come from anybody, and returns it with its protection.
fn open_scattered(
    receiver: &mut Receiver,
    signed: &[u8],
    header: &[u8],
    text: &[u8],
    padding: &[u8],
    trailer: &[u8],
) -> Option<(Vec<u8>, Protection)> {
    let [mut header, mut text, mut padding, mut trailer] =
        [header, text, padding, trailer].map(<[u8]>::to_vec);
    let mut pieces = Pieces {
        header: &mut header,
        parts: &mut [Part::Signed(signed), Part::Sealed(&mut text)],
        padding: &mut padding,
        trailer: (!trailer.is_empty()).then_some(&mut trailer),
    };
    match receiver.unwrap_scattered(&mut pieces) {
        Ok(protection) => Some((text, protection)),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
