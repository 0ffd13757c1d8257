//! `--check-config`: what it tells people and programs about krb5.conf and the KDCs.

use cli::{REALM, place_without_kdc, realm};
use test_support::{Krb5Conf, Place};

#[test]
fn answering_kdc_is_reported_as_text_and_json() {
    let (kdc, place) = realm();
    let done = place.ours("kinit").arg("--check-config").run().success();
    let text = done.stdout();
    let conf = place.text("krb5.conf");
    assert!(
        text.contains(&format!("Configuration files\n  {conf}\n")),
        "{done}"
    );
    assert!(
        text.contains(&format!(
            "{conf}:2: [libdefaults] default_realm = {REALM}\n"
        )),
        "{done}"
    );
    assert!(
        text.contains(&format!(
            "KDCs of {REALM}\n  {}  (krb5.conf)\n",
            kdc.address()
        )),
        "{done}"
    );
    for transport in ["UDP", "TCP"] {
        assert!(
            text.contains(&format!("    {transport} {}: answers, ", kdc.address())),
            "{done}"
        );
    }
    assert_eq!(done.stderr(), "", "{done}");
    // The check does not log in.
    assert!(!place.cache().exists());

    let json = place
        .ours("kinit")
        .line("--check-config --json")
        .run()
        .success()
        .stdout();
    assert!(
        json.starts_with("{\"ok\":true,\"files\":[{\"path\":"),
        "{json}"
    );
    assert!(json.contains("\"transport\":\"TCP\""), "{json}");
    assert!(json.contains("\"milliseconds\":"), "{json}");
    assert!(json.ends_with("}\n"), "{json}");
}

#[test]
fn unreachable_kdc_is_reported_and_fails() {
    let place = place_without_kdc();
    let done = place.ours("kinit").arg("--check-config").run().exits(1);
    assert!(done.stdout().contains("TCP 127.0.0.1:"), "{done}");
    assert!(done.stdout().contains(": Connection refused\n"), "{done}");
    assert!(done.stdout().ends_with("  No KDC answers.\n"), "{done}");
    let json = place
        .ours("kinit")
        .line("--check-config --json")
        .run()
        .exits(1);
    assert!(
        json.stdout().contains("\"error\":\"Connection refused\""),
        "{json}"
    );
    // The other realm has no KDCs.
    let done = place
        .ours("kinit")
        .line("--check-config OTHER.TEST")
        .run()
        .exits(1);
    assert!(
        done.stdout()
            .contains("KDCs of OTHER.TEST\n  Cannot find KDC for realm"),
        "{done}"
    );
    assert!(
        done.stdout().contains("  hint: name one in krb5.conf"),
        "{done}"
    );
}

#[test]
fn unknown_invalid_and_overridden_lines_are_reported() {
    let place = Place::new(
        &Krb5Conf::new(REALM)
            .set("forwardible", "yes")
            .set("forwardable", "perhaps")
            .set("krb4_config", "/etc/krb.conf")
            .set("permitted_enctypes", "aes256-ctx aes128-cts")
            .set("default_ccache_name", "FILE:/tmp/%{foo}")
            .text("[libdefaults]\ndefault_realm = LATER\n\u{1b}[0m = x\n")
            .text("[domain_realm]\nWWW.foo = X\n"),
    );
    place.write("more.conf", "[libdefaults]\nproxiable = \u{1b}]0;x\u{7}\n");
    let folder = place.text("empty.d");
    std::fs::create_dir(&folder).unwrap();
    let files = format!(
        "{}:{}:/nonexistent:{folder}",
        place.text("krb5.conf"),
        place.text("more.conf")
    );
    let run = |line: &str| {
        place
            .ours("kinit")
            .line(line)
            .env("KRB5_CONFIG", &files)
            .run()
            .exits(1)
    };
    let done = run("--check-config");
    let text = done.stdout();
    let check = |line: &str| assert!(text.contains(line), "{line}: {done}");
    check("  /nonexistent  (not found)\n");
    check(&format!("  {folder}  (nothing was read from it)\n"));
    check("aes256-ctx aes128-cts  (a mistake: unknown encryption type aes256-ctx)\n");
    check("FILE:/tmp/%{foo}  (a mistake: Invalid token %{foo}; known are ");
    check("WWW.foo = X  (a mistake: expected www.foo: host names are compared in lower case)\n");
    check("forwardible = yes  (no effect: unknown name, perhaps misspelled)\n");
    check("forwardable = perhaps  (a mistake: expected yes or no)\n");
    check("krb4_config = /etc/krb.conf  (no effect here: only for obsolete programs)\n");
    check("default_realm = LATER  (no effect: an earlier line overrides it)\n");
    check("more.conf:2: [libdefaults] proxiable = ");
    // Text from a file must not control the terminal.
    assert!(!text.contains(['\u{1b}', '\u{7}']), "{done}");
    assert!(!run("--check-config --json").stdout().contains('\u{1b}'));
}

#[test]
fn bad_arguments_config_or_missing_realm_are_reported() {
    let place = place_without_kdc();
    let done = place
        .ours("kinit")
        .line("--check-config A B")
        .run()
        .exits(2);
    assert!(
        done.stderr()
            .starts_with("Extra arguments (starting with \"B\")."),
        "{done}"
    );
    place.configure(&"[libdefaults]\ndefault_realm\n");
    let done = place.ours("kinit").arg("--check-config").run().exits(1);
    assert!(
        done.stderr()
            .contains("Improper format of Kerberos configuration file"),
        "{done}"
    );
    assert!(
        done.stderr().contains("krb5.conf, line 2: malformed line"),
        "{done}"
    );
    place.configure(&"[libdefaults]\ndns_lookup_kdc = no\n");
    let done = place.ours("kinit").arg("--check-config").run().success();
    assert!(
        done.stdout()
            .ends_with("No realm was given, and there is no default_realm.\n"),
        "{done}"
    );
}
