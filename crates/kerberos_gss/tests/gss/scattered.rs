//! Messages in several pieces.

use kerberos_gss::{AcceptorOptions, ContextFlags, GssError, Overhead, Part, Pieces, Protection};

use crate::pair::{ETYPES, Pair, establish, plain, ticket};
use crate::random::Rng;

/// A message in its pieces.
struct Places {
    header: Vec<u8>,
    signed: Vec<u8>,
    text: [Vec<u8>; 2],
    padding: Vec<u8>,
    trailer: Option<Vec<u8>>,
}

impl Places {
    fn new(overhead: Overhead, with_trailer: bool, length: usize) -> Self {
        let in_front = if with_trailer { 0 } else { overhead.trailer };
        Self {
            header: vec![0; overhead.header + in_front],
            signed: b"the header of a PDU".to_vec(),
            text: [vec![1; length / 3], vec![2; length - length / 3]],
            padding: vec![0; overhead.padding],
            trailer: with_trailer.then(|| vec![0; overhead.trailer]),
        }
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Pieces<'_, '_>) -> T) -> T {
        let [first, second] = &mut self.text;
        let mut parts = [
            Part::Sealed(first),
            Part::Signed(&self.signed),
            Part::Sealed(second),
        ];
        work(&mut Pieces {
            header: &mut self.header,
            parts: &mut parts,
            padding: &mut self.padding,
            trailer: self.trailer.as_deref_mut(),
        })
    }
}

fn pair(etype: i32, flags: ContextFlags) -> Pair {
    let mut options = plain();
    options.flags |= flags;
    establish(&ticket(etype), &options, AcceptorOptions::default()).unwrap()
}

#[test]
fn scattered_pieces_round_trip_and_are_integrity_protected() {
    for etype in ETYPES.into_iter().filter(|etype| *etype != 16) {
        for style in [ContextFlags::empty(), ContextFlags::DCE_STYLE] {
            for with_trailer in [true, false] {
                for protection in [Protection::Seal, Protection::Sign] {
                    for length in [0, 1, 16, 47, 100, 1000] {
                        let mut pair = pair(etype, style);
                        let sender = &mut pair.initiator.sender;
                        let overhead = sender.overhead(protection, length);
                        let mut places = Places::new(overhead, with_trailer, length);
                        let plain = places.text.clone();
                        places
                            .with(|pieces| sender.wrap_scattered(protection, pieces, &mut Rng(5)))
                            .unwrap();
                        if protection == Protection::Sign {
                            assert_eq!(places.text, plain);
                        } else {
                            assert!(length < 16 || places.text != plain);
                        }
                        let receiver = &mut pair.acceptor.receiver;
                        places.signed[0] ^= 1;
                        let error = places.with(|pieces| receiver.unwrap_scattered(pieces));
                        assert!(matches!(error.unwrap_err(), GssError::Integrity));
                        places.signed[0] ^= 1;
                        // A failed message may have been wiped, so start over.
                        let mut pair = crate::scattered::pair(etype, style);
                        let sender = &mut pair.initiator.sender;
                        places = Places::new(overhead, with_trailer, length);
                        places
                            .with(|pieces| sender.wrap_scattered(protection, pieces, &mut Rng(5)))
                            .unwrap();
                        let receiver = &mut pair.acceptor.receiver;
                        let read = places.with(|pieces| receiver.unwrap_scattered(pieces));
                        assert_eq!(read.unwrap(), protection);
                        assert_eq!(places.text, plain);
                    }
                }
            }
        }
    }
}

#[test]
fn concatenated_pieces_form_a_wrap_token() {
    for etype in ETYPES.into_iter().filter(|etype| *etype != 16) {
        for with_trailer in [true, false] {
            let mut pair = pair(etype, ContextFlags::empty());
            let sender = &mut pair.initiator.sender;
            let overhead = sender.overhead(Protection::Seal, 100);
            let mut places = Places::new(overhead, with_trailer, 100);
            places.signed.clear();
            let plain = places.text.concat();
            places
                .with(|pieces| sender.wrap_scattered(Protection::Seal, pieces, &mut Rng(5)))
                .unwrap();
            let trailer = places.trailer.unwrap_or_default();
            let text = places.text.concat();
            let token = [places.header, text, places.padding, trailer].concat();
            assert_eq!(
                pair.acceptor.unwrap(&token).unwrap().message,
                plain,
                "{etype}"
            );
        }
    }
}

#[test]
fn wrong_piece_length_is_an_error() {
    let mut pair = pair(18, ContextFlags::empty());
    let sender = &mut pair.initiator.sender;
    let overhead = sender.overhead(Protection::Seal, 10);
    for wrong in ["header", "padding", "trailer"] {
        let mut places = Places::new(overhead, true, 10);
        match wrong {
            "header" => places.header.push(0),
            "padding" => places.padding.push(0),
            _ => places.trailer.as_mut().unwrap().truncate(3),
        }
        let result =
            places.with(|pieces| sender.wrap_scattered(Protection::Seal, pieces, &mut Rng(5)));
        let GssError::PieceLength { piece, .. } = result.unwrap_err() else {
            panic!("{wrong}");
        };
        assert_eq!(piece, wrong);
    }
    // Triple DES does not support this.
    let mut pair = crate::scattered::pair(16, ContextFlags::empty());
    let sender = &mut pair.initiator.sender;
    let overhead = sender.overhead(Protection::Seal, 16);
    let mut places = Places::new(overhead, true, 16);
    let result = places.with(|pieces| sender.wrap_scattered(Protection::Seal, pieces, &mut Rng(5)));
    assert!(matches!(result.unwrap_err(), GssError::Crypto(_)));
}
