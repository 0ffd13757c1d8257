//! The list of realms that a ticket has passed through, which foreign KDCs write: reading any list
//! ends, and no list is accepted that contains a realm which nobody vouches for.
#![no_main]

use kerberos_asn1::{EncTicketPart, KerberosString, TicketFlags};
use kerberos_crypto::EncryptionType;
use kerberos_crypto::Key;
use kerberos_proto::{Principal, TransitPolicy};
use kerberos_testkdc::forge::enc_ticket_part;
use libfuzzer_sys::fuzz_target;

/// A realm that is on no path.
const STRANGER: &[u8] = b"(stranger)";

fuzz_target!(|input: &[u8]| {
    // The realms of client and service, and the list; one byte chooses the policy.
    let Some((&choice, rest)) = input.split_first() else {
        return;
    };
    let mut parts = rest.splitn(3, |&byte| byte == b'\n');
    let (Some(client), Some(server), Some(list)) = (parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let policy = TransitPolicy::default();
    let policy = match choice % 3 {
        0 => policy,
        1 => policy.with_path(client, server, [&b"CORP"[..], b"NET"]),
        _ => policy.with_path(client, server, [b""; 0]),
    };
    let etype = EncryptionType::AES128_CTS_HMAC_SHA1_96;
    let key = Key::from_bytes(etype, &[1; 16]).expect("valid key");
    let alice = Principal::parse("alice@R").expect("valid name");
    let accepts = |list: &[u8], edit: fn(&mut EncTicketPart<'_>)| {
        let mut ticket = enc_ticket_part(KerberosString(client), alice.to_wire(), &key, 0);
        ticket.transited.contents = list;
        edit(&mut ticket);
        policy.accepts(&ticket, server)
    };
    let checked = |ticket: &mut EncTicketPart<'_>| {
        ticket.flags |= TicketFlags::TRANSITED_POLICY_CHECKED;
    };
    assert!(accepts(list, checked) && accepts(b"", |_| ()));
    if client == b"WELLKNOWN:ANONYMOUS" || rest.windows(STRANGER.len()).any(|part| part == STRANGER)
    {
        return;
    }
    let taken = accepts(list, |_| ());
    for with_stranger in [
        [list, b",", STRANGER].concat(),
        [STRANGER, b",", list].concat(),
    ] {
        // After an unfinished escape, the comma is no separator.
        if taken {
            assert!(!accepts(&with_stranger, |_| ()));
        }
    }
});
