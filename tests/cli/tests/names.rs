//! One binary with many names: which tool runs, how messages begin, and the links that provide the
//! names.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::path::Path;

use cli::{assert_explained, place_without_kdc};
use test_support::Tool;

#[test]
fn program_name_selects_the_tool() {
    let place = place_without_kdc();
    let check = |name: &str, usage: &str| {
        let help = place.ours(name).arg("--help").run().success().stdout();
        assert!(help.contains(usage), "{name}: {help}");
    };
    check("rkinit", "PRINCIPAL");
    check("kinit", "PRINCIPAL");
    check("rklist", "-k");
    check("klist", "-k");
    check("/usr/local/bin/klist", "-k");
    check("klist.mit", "-k");
    check("rkdestroy", "-q");
    check("kdestroy", "-q");
    check("rkvno", "--u2u");
    check("kvno", "--u2u");
}

#[test]
fn messages_begin_with_the_program_name() {
    let place = place_without_kdc();
    let check = |name: &str, expected: &str| {
        let run = place.ours(name).run().exits(1);
        assert!(run.stderr().starts_with(expected), "{run}");
    };
    check("klist", "klist: No credentials cache found");
    check("rklist", "rklist: No credentials cache found");
    check("/opt/bin/klist", "klist: No credentials cache found");
    check("klist.mit", "klist.mit: No credentials cache found");
}

#[test]
fn hints_use_tool_names_with_the_same_prefix() {
    let place = place_without_kdc();
    let check = |name: &str, line: &str, expected: &str| {
        let run = place.ours(name).line(line).run().exits(1);
        assert!(run.stderr().contains(expected), "{run}");
    };
    for (name, kinit) in [
        ("klist", "kinit"),
        ("klist.mit", "kinit"),
        ("rklist", "rkinit"),
    ] {
        check(
            name,
            "-c FILE:gone",
            &format!("hint: get a ticket with {kinit}, or"),
        );
    }
    check(
        "rkdestroy",
        "-p a@R",
        "hint: list the caches with rklist -l\n",
    );
    check(
        "kdestroy",
        "-p a@R",
        "hint: list the caches with klist -l\n",
    );
    check(
        "rkswitch",
        "-p a@R",
        "hint: list the caches with rklist -l\n",
    );
    check("rkvno", "host/a@R", "hint: log in with rkinit\n");
    place.write("keytab", [5, 2]);
    check(
        "rkinit",
        "-kt keytab a@R",
        "hint: list the principals in the keytab with rklist -k ",
    );
}

#[test]
fn version_goes_to_standard_output() {
    let place = place_without_kdc();
    for (name, option) in [
        ("klist", "-V"),
        ("kinit", "--version"),
        ("klist", "--version"),
        ("kvno", "-V"),
        ("kvno", "--version"),
    ] {
        let run = place.ours(name).arg(option).run().success();
        assert!(run.stdout().contains(env!("CARGO_PKG_VERSION")), "{run}");
        assert_eq!(run.stderr(), "");
    }
}

#[test]
fn install_links_creates_working_links() {
    let place = place_without_kdc();
    let bin = place.path("bin");
    let install = |more: &[&str]| {
        place
            .ours("rkinit")
            .arg("--install-links")
            .arg(&bin)
            .args(more)
            .run()
    };
    assert_explained(&install(&[]), "bin");
    fs::create_dir(&bin).expect("the folder is writable");
    install(&[]).success();
    // Installing again changes nothing.
    install(&[]).success();
    let run = |name: &str| {
        Tool::new(bin.join(name))
            .env("KRB5CCNAME", place.cache())
            .run()
    };
    assert!(run("rklist").exits(1).stderr().starts_with("rklist: "));
    assert!(!bin.join("klist").exists());
    install(&["--mit-names"]).success();
    assert!(run("klist").exits(1).stderr().starts_with("klist: "));
    assert!(run("kdestroy").success().stderr().starts_with("kdestroy: "));
    assert!(run("rkvno").exits(1).stderr().starts_with("Usage: rkvno "));
    assert!(run("kvno").exits(1).stderr().starts_with("Usage: kvno "));
}

#[test]
fn install_links_does_not_replace_existing_files() {
    let place = place_without_kdc();
    let file = place.write("rklist", "somebody's own klist");
    let folder = place.path("").display().to_string();
    let run = place
        .ours("rkinit")
        .arg("--install-links")
        .arg(folder)
        .run();
    assert_explained(&run, "rklist");
    assert_eq!(read(&file), "somebody's own klist");
}

#[test]
fn unknown_program_name_runs_kinit() {
    let place = place_without_kdc();
    let run = place.ours("krb-login").arg("--nonsense").run().exits(2);
    assert!(run.stderr().starts_with("krb-login: "), "{run}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("the file exists")
}
