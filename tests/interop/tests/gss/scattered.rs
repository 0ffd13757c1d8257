//! Messages in several buffers: `gss_wrap_iov` and our equivalent, in both directions, with and
//! without a separate trailer, and with and without DCE style.

use kerberos_client::system_rng;
use kerberos_gss::{AcceptorOptions, ContextFlags, Part, Pieces, Protection};

use crate::{Pair, World, accept, all_flags};

impl Pair {
    fn talk_scattered(&mut self, data: &[u8], signed: &[u8], with_trailer: bool, what: &str) {
        let mut rng = system_rng().unwrap();
        // From ours to MIT's.
        let overhead = self.ours.sender.overhead(Protection::Seal, data.len());
        let in_front = if with_trailer { 0 } else { overhead.trailer };
        let mut header = vec![0; overhead.header + in_front];
        let mut padding = vec![0; overhead.padding];
        let mut trailer = vec![0; overhead.trailer];
        let mut sealed = data.to_vec();
        let mut parts = [Part::Signed(signed), Part::Sealed(&mut sealed)];
        let mut pieces = Pieces {
            header: &mut header,
            parts: &mut parts,
            padding: &mut padding,
            trailer: with_trailer.then_some(&mut trailer[..]),
        };
        let sender = &mut self.ours.sender;
        sender
            .wrap_scattered(Protection::Seal, &mut pieces, &mut rng)
            .unwrap();
        let trailer = if with_trailer { &trailer[..] } else { &[] };
        let message: Vec<u8> = [&header[..], signed, &sealed, &padding, trailer]
            .iter()
            .flat_map(|piece| [&length(piece)[..], piece].concat())
            .collect();
        let read = self.theirs.ok("unwrap_iov", &message);
        assert!(read[0] == 1 && read[1..] == *data, "{what}");

        // From MIT's to ours.
        let request = [&length(signed)[..], signed, data].concat();
        let with = u8::from(with_trailer);
        let answer = self.theirs.ok(&format!("wrap_iov {with}"), &request);
        let mut rest = &answer[..];
        let mut next = || {
            let (length, after) = rest.split_first_chunk().unwrap();
            let (piece, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            rest = after;
            piece.to_vec()
        };
        let [mut header, mut text, mut padding, mut trailer] = [(); 4].map(|()| next());
        let mut parts = [Part::Signed(signed), Part::Sealed(&mut text)];
        let mut pieces = Pieces {
            header: &mut header,
            parts: &mut parts,
            padding: &mut padding,
            trailer: with_trailer.then_some(&mut trailer[..]),
        };
        let protection = self.ours.receiver.unwrap_scattered(&mut pieces).unwrap();
        assert_eq!(protection, Protection::Seal);
        assert!(text == data, "{what}");
    }
}

fn length(piece: &[u8]) -> [u8; 4] {
    u32::try_from(piece.len()).unwrap().to_be_bytes()
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn iov_messages_pass_in_both_directions() {
    let world = World::new();
    let etypes = test_support::ETYPES.iter().map(|(_, etype)| *etype);
    for etype in etypes.filter(|etype| *etype != "des3-cbc-sha1") {
        for style in [ContextFlags::empty(), ContextFlags::DCE_STYLE] {
            world.ticket(etype);
            // Prevents subkeys of another type.
            let conf = world.realm.conf().set(
                "permitted_enctypes",
                &format!("{etype} aes256-cts-hmac-sha1-96"),
            );
            world.place.configure(&conf);
            let options = AcceptorOptions::default();
            let mut pair = accept(&world, all_flags() | style, None, "krb5", options).unwrap();
            for with_trailer in [false, true] {
                for size in [16, 17, 160, 4096, 70_000] {
                    let data = vec![7; size];
                    let what = format!("{etype} {style:?} {with_trailer} {size}");
                    pair.talk_scattered(&data, b"", with_trailer, &what);
                    pair.talk_scattered(&data, b"a header", with_trailer, &what);
                }
            }
            world.place.configure(&world.realm.conf());
        }
    }
}
