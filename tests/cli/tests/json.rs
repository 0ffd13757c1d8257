//! `--json`: documents for programs. Their fields are documented in `docs/JSON.md`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic, and an absent field is null"
)]

use std::fs;

use cli::{PASSWORD, REALM, kinit, old_cache, realm};
use serde_json::{Value, json};
use test_support::raw::{self, RawCredential, RawKey, RawPrincipal};
use test_support::{Finished, Place};

/// Standard output, which must be a single document.
fn document(run: &Finished) -> Value {
    serde_json::from_slice(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"))
}

fn listed(place: &Place, arguments: &str) -> Value {
    let line = format!("--json {arguments}");
    document(&place.ours("klist").line(&line).run().success())
}

#[test]
fn ccache_is_listed_as_json() {
    let (_kdc, place) = realm();
    let bob = RawPrincipal::new("bob", REALM);
    let tgt = RawPrincipal::new(&format!("krbtgt/{REALM}"), REALM);
    let mut ticket = RawCredential::new(&bob, &tgt);
    ticket.times = [1_780_000_000, 0, 1_800_000_000, 0];
    ticket.addresses = vec![(2, vec![192, 0, 2, 7])];
    ticket.authdata = vec![(128, vec![1])];
    let setting = RawCredential::config(&bob, "pa_type", Some("x@Y"), b"2");
    let bytes = RawCredential::config(&bob, "bytes", None, b"\xff");
    let entries = [setting, ticket, bytes];
    place.write("cache", raw::cache(4, Some((60, 0)), &bob, &entries));
    let name = format!("FILE:{}", place.text("cache"));
    let expected = json!({
        "cache": name,
        "principal": format!("bob@{REALM}"),
        "kdc_offset_seconds": 60,
        "tickets": [{
            "client": format!("bob@{REALM}"),
            "server": format!("krbtgt/{REALM}@{REALM}"),
            "ticket_server": format!("krbtgt/{REALM}@{REALM}"),
            "authtime": "2026-05-28T20:26:40Z",
            "starttime": "2026-05-28T20:26:40Z",
            "endtime": "2027-01-15T08:00:00Z",
            "renew_till": null,
            "expired": true,
            "flags": ["forwardable", "renewable", "initial", "pre-authent"],
            "flags_number": 0x40e0_0000,
            "session_key_enctype": "aes256-cts-hmac-sha1-96",
            "session_key_enctype_number": 18,
            "ticket_enctype": "aes256-cts-hmac-sha1-96",
            "ticket_enctype_number": 18,
            "ticket_kvno": 1,
            "user_to_user": false,
            "addresses": [{"type": 2, "address": "192.0.2.7"}],
            "authorization_data_types": [128],
        }],
        "config": [
            {"name": "pa_type", "principal": "x@Y", "value": "2", "value_hex": "32"},
            {"name": "bytes", "principal": null, "value": null, "value_hex": "ff"},
        ],
        "valid": false,
    });
    let mut shown = listed(&place, "");
    // Whether it has expired depends on when this test is run.
    let ended = shown["tickets"][0]["expired"].take();
    assert!(ended.is_boolean());
    shown["tickets"][0]["expired"] = true.into();
    shown["valid"] = false.into();
    assert_eq!(shown, expected);

    let with_key = listed(&place, "-K");
    let key = with_key["tickets"][0]["session_key"].as_str();
    assert_eq!(key, Some("5a".repeat(32).as_str()));
    let all = listed(&place, "-A");
    assert_eq!(all["caches"][0]["cache"], name);
    let list = listed(&place, "-l");
    assert_eq!(list["caches"][0]["principal"], format!("bob@{REALM}"));
}

#[test]
fn missing_cache_prints_no_document_damaged_one_has_an_error() {
    let (_kdc, place) = realm();
    let run = place.ours("klist").arg("--json").run().exits(1);
    assert_eq!(run.stdout(), "");
    assert!(run.stderr().contains("No credentials cache found"), "{run}");
    for line in ["-l --json", "-A --json"] {
        let run = place.ours("klist").line(line).run().exits(1);
        assert_eq!(document(&run), json!({"caches": []}));
    }
    // A collection may contain files that are not caches, as the first or the last.
    for (name, contents) in [("tkt", vec![]), ("tkt1", old_cache()), ("tkt2", vec![])] {
        fs::create_dir_all(place.path("all")).expect("a folder can be made");
        place.write(&format!("all/{name}"), contents);
    }
    let all = format!("DIR:{}", place.text("all"));
    for line in ["-l --json", "-A --json"] {
        let klist = place.ours("klist").line(line).env("KRB5CCNAME", &all);
        let shown = document(&klist.run().success());
        let caches = shown["caches"].as_array().expect("caches is an array");
        assert_eq!(caches.len(), 1, "{shown}");
    }
    // For a damaged cache, the document is complete and contains the error.
    let mut torn = old_cache();
    torn.truncate(torn.len() - 1);
    place.write("cache", torn);
    let run = place.ours("klist").arg("--json").run().exits(1);
    let shown = document(&run);
    let error = shown["error"].as_str().unwrap_or_default();
    assert!(
        error.starts_with("Bad format in credentials cache"),
        "{run}"
    );
    assert_eq!(shown["valid"], false);
}

#[test]
fn keytab_is_listed_as_json() {
    let (_kdc, place) = realm();
    let key = RawKey {
        principal: RawPrincipal::new("host/www", REALM),
        timestamp: 1_780_000_000,
        kvno: 300,
        etype: 17,
        key: vec![0xab; 16],
    };
    place.write("keytab", raw::keytab(2, &[key]));
    let line = format!("-k {}", place.text("keytab"));
    let mut entry = json!({
        "slot": 1,
        "principal": format!("host/www@{REALM}"),
        "name_type": 1,
        "kvno": 300,
        "enctype": "aes128-cts-hmac-sha1-96",
        "enctype_number": 17,
        "timestamp": "2026-05-28T20:26:40Z",
    });
    assert_eq!(listed(&place, &line)["entries"], json!([entry]));
    entry["key"] = "ab".repeat(16).into();
    assert_eq!(
        listed(&place, &format!("-K {line}"))["entries"],
        json!([entry])
    );
}

#[test]
fn kinit_and_kvno_print_json() {
    let (_kdc, place) = realm();
    let run = kinit(&place, "--json alice").run().success();
    // Standard output contains nothing but the document.
    let prompt = format!("Password for alice@{REALM}: \n");
    assert_eq!(run.stderr(), prompt);
    let shown = document(&run);
    assert_eq!(shown["principal"], format!("alice@{REALM}"));
    assert_eq!(shown["cache"], format!("FILE:{}", place.text("cache")));
    assert_eq!(shown["ticket"]["expired"], false);
    assert_eq!(shown["ticket"]["session_key"], Value::Null);
    assert!(!run.stdout().contains(PASSWORD));

    let tgt = format!("krbtgt/{REALM}");
    let line = format!("--json {tgt} no/such@@name");
    let run = place.ours("kvno").line(&line).run().exits(1);
    let shown = document(&run);
    assert_eq!(shown["services"][0]["service"], tgt);
    assert_eq!(
        shown["services"][0]["ticket"]["server"],
        format!("{tgt}@{REALM}")
    );
    let error = "Malformed representation of principal";
    assert_eq!(
        shown["services"][1],
        json!({"service": "no/such@@name", "error": error})
    );
    assert!(run.stderr().contains(error), "{run}");
}

#[test]
fn conflicting_options_are_refused_with_json() {
    let (_kdc, place) = realm();
    kinit(&place, "alice").run().success();
    place.ours("klist").line("-s").run().success();
    place.ours("klist").line("-s --json").run().exits(1);
    place
        .ours("kinit")
        .line("--json alice -- true x")
        .run()
        .exits(2);
}
