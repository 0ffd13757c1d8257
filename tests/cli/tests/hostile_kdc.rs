//! A KDC that fails or lies: kinit prints its own error message, does not touch the old cache, and
//! does not hang.

use std::fs;
use std::time::Duration;

use cli::{kinit, log_in, old_cache, realm};
use kerberos_asn1::ErrorCode;
use kerberos_testkdc::Fault;

#[test]
fn forged_or_malformed_replies_are_refused() {
    let (kdc, place) = realm();
    place.write("cache", old_cache());
    for fault in [
        Fault::Garbage,
        Fault::Truncated,
        Fault::WrongMessageType,
        Fault::WrongNonce,
        Fault::WrongClientName,
        Fault::WrongClientRealm,
        Fault::WrongServerName,
        Fault::WrongTicketServer,
        Fault::WrongServerRealm,
        Fault::CorruptedCiphertext,
        Fault::MissingRequestChecksum,
        Fault::WrongRequestChecksum,
        Fault::EndtimeTooLate,
        Fault::HintedIterations(0),
        Fault::HintedIterations(u32::MAX),
        Fault::HintedS2kParams(vec![1, 2, 3]),
        Fault::NoMethodData,
        Fault::UnknownPreauthOnly,
        Fault::Error(ErrorCode::KRB_ERR_GENERIC),
        Fault::ErrorAfterPreauth(ErrorCode::KDC_ERR_PREAUTH_FAILED),
    ] {
        let shown = format!("{fault:?}");
        kdc.set_fault(fault);
        let kinit = kinit(&place, "alice");
        let run = kinit.limit(Duration::from_secs(60)).run().exits(1);
        let text = run.stderr();
        assert!(text.starts_with("kinit: "), "{shown}: {run}");
        assert!(
            text.contains(" while getting initial credentials\n"),
            "{shown}: {run}"
        );
        assert!(!text.contains("panicked"), "{shown}: {run}");
        assert_eq!(
            fs::read(place.cache()).expect("the file exists"),
            old_cache(),
            "{shown}"
        );
        kdc.clear_faults();
    }
    log_in(&place);
}

#[test]
fn unusual_but_legitimate_replies_are_accepted() {
    let (kdc, place) = realm();
    for fault in [
        Fault::TgsTag,
        Fault::NegativeNonce,
        Fault::TooBigForUdp,
        Fault::ClockOffset(600),
        Fault::ClockOffset(-600),
        Fault::Delay(Duration::from_millis(1200)),
    ] {
        let shown = format!("{fault:?}");
        kdc.set_fault(fault);
        let run = kinit(&place, "alice").run();
        assert_eq!(run.code(), 0, "{shown}: {run}");
        place.ours("klist").arg("-s").run().success();
        kdc.clear_faults();
    }
}
