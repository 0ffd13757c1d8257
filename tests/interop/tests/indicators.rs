//! Authentication indicators, which MIT's KDC puts into service tickets and `klist -I` shows.

use test_support::{MitOptions, MitRealm};

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn klist_shows_authentication_indicators_of_mit() {
    let options = MitOptions {
        indicator: Some("by-spake".into()),
        ..MitOptions::default()
    };
    let realm = MitRealm::start_with(&options);
    let place = realm.place();
    let kinit = place.mit("kinit").arg("alice").stdin("wonderland\n");
    kinit.run().success();
    for name in ["host/a.mit.test", "host/localhost"] {
        place.ours("kvno").arg(name).run().success();
    }
    let keytab = realm.keytab("services");
    let shown = |keytab: &str| {
        let klist = place.ours("klist").args(["-I", keytab]);
        klist.run().success().stdout()
    };
    let plain = place.ours("klist").run().success().stdout();
    let after = |name: &str| format!("  {name}@MIT.TEST\n\tAuthentication indicators: by-spake\n");
    // The keytab can decrypt only one of the tickets.
    let expected = plain.replace("  host/a.mit.test@MIT.TEST\n", &after("host/a.mit.test"));
    assert_ne!(expected, plain);
    assert_eq!(shown(&keytab.display().to_string()), expected);
    assert_eq!(shown("/nowhere"), plain);
    // The default keytab.
    let localhost = realm.keytab("localhost");
    let klist = place
        .ours("klist")
        .line("-I -")
        .env("KRB5_KTNAME", localhost);
    let expected = plain.replace("  host/localhost@MIT.TEST\n", &after("host/localhost"));
    assert_eq!(klist.run().success().stdout(), expected);
    // An invalid name causes an error below the header, which ends the listing.
    let run = place.ours("klist").line("-I FOO:x").run().exits(1);
    let expected = "klist: Unknown Key table type while resolving keytab\n";
    assert_eq!(run.stderr_without_hint(), expected);
    assert!(run.stdout().ends_with("Service principal\n"), "{run}");
    // A login by encrypted timestamp has no indicator.
    let kinit = place.ours("kinit").arg("alice").stdin("wonderland\n");
    kinit.run().success();
    place.ours("kvno").arg("host/a.mit.test").run().success();
    let text = shown(&keytab.display().to_string());
    assert!(!text.contains("indicators"), "{text}");
}
