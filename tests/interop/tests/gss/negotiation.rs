//! SPNEGO with MIT's library, both ways.

use kerberos_client::{now, system_rng};
use kerberos_gss::{
    AcceptorOptions, ContextFlags, InitiatorOptions, MechanismOrder, SpnegoInitiator, Step,
};

use crate::{World, accept, all_flags};

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn ours_as_acceptor() {
    let world = World::new();
    for etype in ["aes256-cts-hmac-sha1-96", "arcfour-hmac"] {
        world.ticket(etype);
        for flags in [
            all_flags(),
            ContextFlags::INTEG,
            all_flags() | ContextFlags::DCE_STYLE,
        ] {
            let options = AcceptorOptions::default();
            let mut pair = accept(&world, flags, None, "spnego", options).unwrap();
            assert_eq!(pair.ours.details.initiator.to_string(), "alice@MIT.TEST");
            pair.talk(b"hello", etype);
        }
    }
}

/// Both sign the list, and neither waits for more than the other sends.
#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn kerberos_is_not_their_first_choice() {
    let world = World::new();
    world.ticket("aes256-cts-hmac-sha1-96");
    for flags in [all_flags(), ContextFlags::INTEG] {
        let options = AcceptorOptions::default();
        let mut pair = accept(&world, flags, None, "spnego-second", options).unwrap();
        assert_eq!(pair.ours.details.initiator.to_string(), "alice@MIT.TEST");
        pair.talk(b"hello", &format!("{flags:?}"));
    }
}

#[test]
#[cfg_attr(
    not(all(mit, python_gssapi)),
    ignore = "needs MIT's KDC and python-gssapi: cargo xtask install"
)]
fn ours_as_initiator() {
    let world = World::new();
    for order in [MechanismOrder::Standard, MechanismOrder::Windows] {
        for flags in [
            all_flags(),
            ContextFlags::INTEG,
            all_flags() | ContextFlags::DCE_STYLE,
        ] {
            let ticket = world.ticket("aes256-cts-hmac-sha1-96");
            let mut rng = system_rng().unwrap();
            let mut options = InitiatorOptions::default();
            options.flags = flags;
            let mut theirs = world.peer();
            theirs.ok("accept -", b"");
            let start = SpnegoInitiator::start(&ticket, &options, order, &mut rng, now());
            let (mut initiator, mut step) = start.unwrap();
            let ours = loop {
                match step {
                    Step::Continue(token) => {
                        let answer = theirs.ok("step", &token);
                        step = initiator.step(&answer[1..], &mut rng, now()).unwrap();
                    }
                    Step::Done { send, context } => {
                        assert!(send.is_none());
                        break context;
                    }
                }
            };
            let mut pair = crate::Pair { ours, theirs };
            assert_eq!(pair.theirs.ok("initiator", b""), b"alice@MIT.TEST");
            pair.talk(b"hello", &format!("{order:?} {flags:?}"));
        }
    }
}
