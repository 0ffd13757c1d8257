//! Truncated and altered replies: no panic, and never a success.

use kerberos_testkdc::PasswordFault;

use crate::random::edited;
use crate::world::*;

#[test]
fn damaged_replies_never_turn_refusal_into_success() {
    let kinds = [
        None,
        Some(PasswordFault::Rejects(4, b"too short".to_vec())),
        Some(PasswordFault::Error(4, b"too short".to_vec())),
        Some(PasswordFault::FramedError(0, Vec::new())),
    ];
    for fault in kinds {
        let (kdc, honest) = match fault {
            Some(fault) => (with_fault(fault), false),
            None => (kdc(), true),
        };
        let change = change(&kdc, "new");
        let good = reply(&kdc, &change);
        assert_eq!(change.check_reply(&good, NOW).is_ok(), honest);
        for number in 0..3000 {
            let damaged = edited(number, &good);
            match change.check_reply(&damaged, NOW) {
                // An AP-REP or KRB-PRIV with another encoding of the same contents.
                Ok(()) => assert!(honest),
                Err(error) => {
                    assert!(!error.to_string().is_empty() && !error.mit_message().is_empty());
                }
            }
        }
        for length in 0..good.len() {
            change.check_reply(&good[..length], NOW).unwrap_err();
        }
    }
}
