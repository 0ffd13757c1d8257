//! Passwords with all kinds of characters reach the KDC as typed, from every source.
#![allow(clippy::expect_used, reason = "tests may panic")]

use cli::REALM;
use kerberos_testkdc::TestKdc;
use test_support::Place;

#[test]
fn unusual_passwords_reach_the_kdc_unchanged() {
    let long = "0123456789".repeat(1024);
    let passwords = [
        " a b  ",
        "nul\0inside",
        "pässwörd-ß€",
        "\ttab\r",
        "-l",
        &long,
    ];
    let mut builder = TestKdc::builder(REALM);
    for (index, password) in passwords.iter().enumerate() {
        builder = builder.principal(&format!("user{index}"), password);
    }
    let kdc = builder.start().expect("a port of 127.0.0.1 is free");
    let place = Place::new(&kdc.krb5_conf());
    for (index, password) in passwords.iter().enumerate() {
        let user = format!("user{index}");
        let kinit = || place.ours("kinit").arg(&user);
        kinit().stdin(format!("{password}\n")).run().success();
        if !password.ends_with('\r') {
            place.write("password", password);
            let file = place.text("password");
            kinit().args(["--password-file", &file]).run().success();
        }
    }
    for wrong in [&b"\xff\xfe\n"[..], b"\n", b"nul\n", b" a b\n"] {
        let run = place.ours("kinit").arg("user1").stdin(wrong).run().exits(1);
        let expected = "kinit: Password incorrect while getting initial credentials\n";
        assert_eq!(run.stderr_without_hint(), expected);
    }
}
