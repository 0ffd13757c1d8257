//! ktutil: the same scripts through MIT's and ours give the same output, messages and keytabs.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test may panic"
)]

use std::fs;

use interop::without_times;
use test_support::{Finished, MitRealm, Place};

/// Runs `script` through MIT's ktutil and through ours, in folders with the same files, and checks
/// that output, messages, exit code and every file are the same. Returns ours.
#[track_caller]
fn check(files: &[(&str, &[u8])], script: &str) -> Finished {
    let place = || {
        let place = Place::new(&MitRealm::conf_without_kdc());
        for (name, content) in files {
            place.write(name, content);
        }
        place
    };
    let (theirs_at, ours_at) = (place(), place());
    let theirs = theirs_at.mit("ktutil").env("COLUMNS", "1000");
    // With readline MIT's loses what follows a key and completes names at a tab; without, it loses
    // what follows the line before a password.
    let tab = script.contains('\t') && !script.contains("-password");
    let theirs = if tab || script.contains("-key") {
        theirs.env("SS_READLINE_PATH", "none")
    } else {
        theirs
    };
    let theirs = theirs.stdin(script).run();
    let ours = ours_at.ours("ktutil").stdin(script).run();
    let output = |run: &Finished| without_times(&without_echo(&run.stdout(), script));
    assert!(
        ours.code() == theirs.code()
            && output(&ours) == output(&theirs)
            && ours.stderr_without_hint() == theirs.stderr(),
        "ours differs from MIT's\n{script}\n=== ours: {ours}\n=== MIT's: {theirs}"
    );
    for name in ["a", "b", "c"] {
        let read = |place: &Place| fs::read(place.path(name)).ok().map(without_timestamps);
        assert_eq!(read(&ours_at), read(&theirs_at), "{name} after\n{script}");
    }
    ours
}

/// Readline shows the lines that it reads from a pipe, the library without it does not.
fn without_echo(stdout: &str, script: &str) -> String {
    let mut rest = stdout;
    let mut shown = String::new();
    for line in script.split('\n') {
        let echo = format!("ktutil:  {line}\n");
        if let Some((before, after)) = rest.split_once(&echo) {
            shown += before;
            shown += "ktutil:  ";
            rest = after;
        }
    }
    shown + rest
}

/// A keytab's bytes with every timestamp zero, as far as its records are whole.
fn without_timestamps(mut bytes: Vec<u8>) -> Vec<u8> {
    let number = |bytes: &[u8], at: usize, width: usize| {
        let field = bytes.get(at..at + width)?;
        Some(
            field
                .iter()
                .fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)),
        )
    };
    let mut at = 2;
    while let Some(length @ 1..) = number(&bytes, at, 4) {
        // A hole has its length below zero.
        let hole = (1 << 32) - length;
        if hole < length {
            at += 4 + hole;
            continue;
        }
        let mut field = at + 6;
        for _ in 0..=number(&bytes, at + 4, 2).unwrap_or_default() {
            field += 2 + number(&bytes, field, 2).unwrap_or_default();
        }
        if let Some(timestamp) = bytes.get_mut(field + 4..field + 8) {
            timestamp.fill(0);
        }
        at += 4 + length;
    }
    bytes
}

const AES256: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A keytab of two keys, made by hand.
fn sample() -> Vec<u8> {
    let entry = |name: &[u8], kvno: u8| {
        let body = [
            &b"\x00\x01\x00\x01R\x00\x01"[..],
            name,
            b"\x00\x00\x00\x01\x65\x53\xf1\x00",
            &[kvno],
            b"\x00\x11\x00\x10",
            &[kvno; 16],
            &[0, 0, 0, kvno],
        ]
        .concat();
        let length = u32::try_from(body.len()).expect("it is short");
        [&length.to_be_bytes()[..], &body].concat()
    };
    [&b"\x05\x02"[..], &entry(b"x", 3), &entry(b"y", 4)].concat()
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's ktutil: cargo xtask install")]
fn requests_and_their_names() {
    for script in [
        "",
        "\n",
        " \t \n",
        "?\n",
        "lr\n",
        "list_requests what ever\n",
        "list\n",
        "l",
        "\"list\" -e\n",
        "l\"i\"st\n",
        "  list\t-t \n",
        "l -e -k -t -t\n",
        "l -x\n",
        "list --\n",
        "list -ek\n",
        "q\nlist\n",
        "quit now\nlist\n",
        "exit\nlist\n",
        "nonsense\n",
        " nonsense with words\n",
        "\"quoted nonsense\" x\n",
        "\"\"\n",
        "\" \" x\n",
        "\"  in blanks\"y z\n",
        "\"open\n",
        "clear\n",
        "clear_list\n",
        "clear x\n",
        "rst\n",
        "rst a\n",
        "read_st a b\n",
        "wst\n",
        "write_st a\n",
        "delent\n",
        "delent 1\n",
        "delete_entry 0\n",
        "delent -1\n",
        "delent 1 2\n",
        "rkt\n",
        "rkt a b\n",
        "wkt\n",
        "write_kt a b\n",
    ] {
        check(&[], script);
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's ktutil: cargo xtask install")]
fn keytabs_read_and_written() {
    let sample = sample();
    let a: &[(&str, &[u8])] = &[("a", &sample)];
    for script in [
        "rkt a\nl\n",
        "read_kt a\nl -e -k -t\n",
        "rkt FILE:a\nrkt WRFILE:a\nl -k\n",
        "rkt a\nwkt b\nclear\nl\nrkt b\nl -k -e\n",
        "rkt a\nwkt a\nclear\nrkt a\nl\n",
        "rkt a\ndelent 1\nl\nwkt b\n",
        "rkt a\ndelent 2\ndelent 2\ndelent 1\nl\nwkt b\n",
        "rkt a\nrkt a\nl\nwkt b\nwrite_kt b\n",
        "rkt nothing\n",
        "read_kt nowhere/nothing\n",
        "rkt a\nwkt nowhere/b\n",
        "rkt BOGUS:x\n",
        "rkt .\nrkt a\nwkt .\n",
        "wkt b\n",
        "rkt \"a\"\nl\n",
    ] {
        check(a, script);
    }
    for content in [&b""[..], b"\x05", b"\x05\x03rest", b"text", b"\x05\x02"] {
        check(&[("a", content)], "rkt a\nl\n");
        check(
            &[("a", content), ("b", &sample)],
            "rkt b\nwkt a\nclear\nrkt a\nl -k\n",
        );
    }
    // A hole that is large enough is filled, one that is too small is not.
    let hole = |length: u8| {
        let hole = [
            &(-i32::from(length)).to_be_bytes()[..],
            &vec![0; length.into()],
        ]
        .concat();
        [&sample[..2], &hole, &sample[2..]].concat()
    };
    for length in [8, 44, 45, 46, 47, 100] {
        check(
            &[("a", &hole(length)), ("b", &sample)],
            "rkt b\nwkt a\nclear\nrkt a\nl -k\n",
        );
    }
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's ktutil: cargo xtask install")]
fn keys_from_passwords() {
    for arguments in [
        // The recipe that is handed around for Active Directory.
        "-p user@REALM -k 1 -e RC4-HMAC -s \"REALMuser\"",
        "-p user -k 1 -e aes256-cts",
        "-p user -k 0 -e aes256-cts-hmac-sha1-96",
        "-p user -k 256 -e aes128-cts",
        "-p user -k 4294967295 -e aes256-sha2",
        "-p user -k 1 -e aes128-sha2",
        "-p user -k 1 -e camellia256-cts",
        "-p user -k 1 -e camellia128-cts-cmac",
        "-p host/a.mit.test -k 3 -e des3-cbc-sha1",
        "-p a/b/c@OTHER -k 1 -e AES256-CTS",
        "-p \"a b\\@c@R\" -k 1 -e aes256-cts",
        "-p user -k 1 -e aes256-cts -s \"\"",
        "-p user -k 1 -e aes256-cts -s \"a \"\"salt\"\"\"",
        "-p krbtgt/R@R -k 1 -e aes256-cts",
        "-p WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS -k 1 -e aes256-cts",
        "-k 1 -k 2 -e x -e aes256-cts -p x -p user",
    ] {
        check(
            &[],
            &format!("addent -password {arguments}\nopen sesame\nl -e -k\nl -t\nwkt a\n"),
        );
    }
    // Passwords that are odd.
    for password in ["", " ", "\u{fc}\u{1f600}", "\"quoted\" \\", "a\tb"] {
        let script = format!(
            "add_entry -password -p user -k 1 -e aes256-cts\n{password}\nl -k\nwkt a\nwkt b\n"
        );
        check(&[], &script);
    }
    check(&[], "addent -password -p user -k 1 -e aes256-cts\n");
    check(
        &[],
        "addent -password -p user -k 1 -e aes256-cts\nno line feed",
    );
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's ktutil: cargo xtask install")]
fn keys_from_digits() {
    let check_key = |arguments: &str, digits: &str| {
        check(
            &[],
            &format!("addent -key {arguments}\n{digits}\nl -e -k\nwkt a\nwkt b\nrkt b\nwkt b\n"),
        );
    };
    check_key("-p user -k 1 -e aes256-cts", AES256);
    check_key("-p user -k 1 -e aes256-cts", &AES256.to_uppercase());
    check_key("-p user -k 1 -e aes256-cts", &AES256[..63]);
    check_key("-p user@R -k 77 -e rc4-hmac", &AES256[..32]);
    check_key("-p user -k 1 -e aes256-cts", "");
    check_key("-p user -k 1 -e aes256-cts", "zz");
    check_key("-p user -k 1 -e aes256-cts", "0x00");
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's ktutil: cargo xtask install")]
fn wrong_words() {
    for arguments in [
        "",
        "-key",
        "-key -p user -k 1",
        "-password -p user -k 1",
        "-password -p user -e aes256-cts",
        "-password -k 1 -e aes256-cts",
        "-key -password -p user -k 1 -e aes256-cts",
        "-password -p user -k 1 -e aes256-cts -f -s salt",
        "-password -p user -k 1 -e nonsense",
        "-password -p user -k 1 -e des-cbc-crc",
        "-password -p user -k 1 -e 18",
        "-password -p a@b@c -k 1 -e aes256-cts",
        "-password -e aes256-cts -k 1 -p",
    ] {
        check(&[], &format!("addent {arguments}\nl\n"));
        check(&[], &format!("add_entry {arguments}\nl\n"));
    }
}
