//! ktutil: the same scripts give the same output, messages and keytabs with MIT's and with ours;
//! and the tools of MIT and Heimdal can use what ours writes.
#![allow(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests may panic"
)]

use std::fs;

use interop::without_times;
use test_support::{Finished, MitRealm, Place};

/// Runs `script` with MIT's ktutil and with ours, in folders with the same files, and checks that
/// output, messages, exit code and all files are the same. Returns our run.
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
    // With readline, MIT's ktutil loses the input after a key, and completes names at a tab.
    // Without readline, it loses the input after the line before a password.
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

/// MIT's ktutil echoes lines from a pipe only with readline.
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

/// A keytab's bytes with all timestamps set to zero, as far as its records are complete.
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
        // The length of a hole is negative.
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

/// A keytab with two keys, made by hand.
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
        let length = u32::try_from(body.len()).expect("the record length fits into a u32");
        [&length.to_be_bytes()[..], &body].concat()
    };
    [&b"\x05\x02"[..], &entry(b"x", 3), &entry(b"y", 4)].concat()
}

#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's ktutil: cargo xtask install")]
fn requests_and_their_aliases_match_mit() {
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
fn reading_and_writing_keytabs_matches_mit() {
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
    // A hole of sufficient size is filled, one that is too small is not.
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
fn keys_from_passwords_match_mit() {
    for arguments in [
        // The usual instructions for Active Directory.
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
    // Unusual passwords.
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
fn keys_from_hex_digits_match_mit() {
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
fn invalid_addent_arguments_match_mit() {
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

/// All accounts with their own salt or parameters: `-f` finds these, and MIT's kinit can use the
/// keytab.
#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn salts_fetched_from_the_kdc_make_working_keys() {
    let realm = MitRealm::start();
    let place = realm.place();
    let accounts = [
        ("alice", "wonderland"),
        ("salt-norealm", "pw-salt"),
        ("salt-onlyrealm", "pw-salt"),
        ("salt-special", "pw-salt"),
        ("j\u{fc}rgen", "p\u{e4}ssw\u{f6}rd-\u{df}\u{20ac}"),
        ("rc4", "pw-rc4"),
        ("aes256-sha2", "pw-aes256-sha2"),
        // No preauthentication: the reply with the ticket contains the salt.
        ("aes128-open", "pw-aes128"),
    ];
    for (name, password) in accounts {
        let script = format!("addent -f -password -p {name} -k 1\n{password}\nl -e -k\nwkt kt\n");
        let mut listings = Vec::new();
        for tool in [place.mit("ktutil"), place.ours("ktutil")] {
            let _ = fs::remove_file(place.path("kt"));
            let run = tool.env("COLUMNS", "1000").stdin(script.as_str()).run();
            assert_eq!(run.stderr(), "", "{name}: {run}");
            listings.push(run.stdout());
            place
                .mit("kinit")
                .args(["-k", "-t", "kt", name])
                .run()
                .success();
        }
        assert_eq!(listings[1], listings[0], "ours (left), MIT's (right)");

        // All types at once, without a prompt.
        place.write("password", format!("{password}\n"));
        let _ = fs::remove_file(place.path("all"));
        let line = "-k all add -V 1 -f --password-file password -p";
        place.ours("ktutil").line(line).arg(name).run().success();
        for kinit in [place.mit("kinit"), place.ours("kinit")] {
            kinit.args(["-k", "-t", "all", name]).run().success();
        }
    }
    // The KDC's refusals are reported in MIT's words.
    for arguments in [
        "-p nobody",
        "-p rc4 -e aes256-cts",
        "-p gone",
        "-p u@NO.WHERE",
    ] {
        let script = format!("addent -f -password -k 1 {arguments}\npw\nl\n");
        let theirs = place.mit("ktutil").stdin(script.as_str()).run();
        let ours = place.ours("ktutil").stdin(script).run();
        assert_eq!(ours.stderr_without_hint(), theirs.stderr(), "{arguments}");
        assert_eq!(ours.stdout(), theirs.stdout(), "{arguments}");
    }
}

/// The usual instructions for service accounts of Active Directory, word for word.
#[test]
#[cfg_attr(not(mit), ignore = "needs MIT's KDC: cargo xtask install")]
fn service_account_keytab_recipe_works() {
    let realm = MitRealm::start();
    let place = realm.place();
    let script = "addent -password -p rc4@MIT.TEST -k 1 -e RC4-HMAC -s \"MIT.TESTrc4\"\n\
                  pw-rc4\nwkt rc4.keytab\nq\n";
    place.ours("ktutil").stdin(script).run().success();
    for kinit in [place.ours("kinit"), place.mit("kinit")] {
        kinit.line("rc4@MIT.TEST -k -t rc4.keytab").run().success();
    }
}

#[test]
#[cfg_attr(
    not(all(mit, heimdal)),
    ignore = "needs the tools of MIT and Heimdal: cargo xtask install"
)]
fn mit_and_heimdal_read_keytabs_of_our_commands() {
    let place = Place::new(&MitRealm::conf_without_kdc());
    let ktutil = |line: &str| place.ours("ktutil").line("-k kt").line(line);
    let listed = || {
        let run = place.mit("klist").line("-k -e kt").run().success();
        let lines: Vec<String> = run.stdout().lines().skip(3).map(str::to_owned).collect();
        // Heimdal's tool lists the same number of keys.
        let theirs = place.heimdal("ktutil").line("-k kt list").run().success();
        let keys = theirs
            .stdout()
            .lines()
            .filter(|line| line.contains('@'))
            .count();
        assert_eq!(keys, lines.len(), "{theirs}");
        lines
    };
    let aes = "aes256-cts,aes128-cts";
    ktutil(&format!("add -p host/a -V 2 -e {aes} -r"))
        .run()
        .success();
    ktutil("add -p host/a -V 3 -e rc4-hmac -H")
        .stdin(&AES256[..32])
        .run()
        .success();
    ktutil("add -p u@R -V 1 -e aes256-cts --salt x")
        .stdin("pw\n")
        .run()
        .success();
    assert_eq!(
        listed(),
        [
            "   2 host/a@MIT.TEST (aes256-cts-hmac-sha1-96) ",
            "   2 host/a@MIT.TEST (aes128-cts-hmac-sha1-96) ",
            "   3 host/a@MIT.TEST (DEPRECATED:arcfour-hmac) ",
            "   1 u@R (aes256-cts-hmac-sha1-96) ",
        ]
    );

    // Exported as JSON and imported again.
    let json = ktutil("list --json -K").run().success();
    let import = place.ours("ktutil").line("-k copy import");
    import.stdin(json.stdout.clone()).run().success();
    assert_eq!(
        fs::read(place.path("copy")).expect("the file was created"),
        fs::read(place.path("kt")).expect("the file exists")
    );
    let again = place
        .ours("ktutil")
        .line("-v -k copy import -")
        .stdin(json.stdout);
    assert_eq!(again.run().success().stderr(), "ktutil: 0 entries added\n");

    // First the newer key is too young for the older ones to be removed, then it is old enough.
    let purge = ktutil("-v purge").run().success();
    assert_eq!(purge.stderr(), "ktutil: 0 entries removed\n");
    ktutil("purge --age 0").run().success();
    assert_eq!(listed().len(), 2);

    ktutil("rename host/a host/b@R").run().success();
    ktutil("rename host/b@R host/c --no-delete").run().success();
    assert_eq!(
        listed(),
        [
            "   3 host/b@R (DEPRECATED:arcfour-hmac) ",
            "   3 host/c@MIT.TEST (DEPRECATED:arcfour-hmac) ",
            "   1 u@R (aes256-cts-hmac-sha1-96) ",
        ]
    );

    // Entries that both keytabs have are added only once.
    let merge = ktutil("-v merge copy").run().success();
    assert_eq!(merge.stderr(), "ktutil: 3 entries added\n");
    place.ours("ktutil").line("copy copy kt").run().success();
    assert_eq!(listed().len(), 6);

    ktutil("remove -p host/a -V 2").run().success();
    ktutil("delete -e rc4-hmac").run().success();
    assert_eq!(listed(), ["   1 u@R (aes256-cts-hmac-sha1-96) "]);
    ktutil("remove -V 9").run().exits(1);

    // Heimdal's tool adds, ours removes.
    let add = place
        .heimdal("ktutil")
        .line("-k kt add -p v@R -V 1 -e aes128-cts-hmac-sha1-96 -r");
    add.run().success();
    ktutil("remove -p u@R").run().success();
    assert_eq!(listed(), ["   1 v@R (aes128-cts-hmac-sha1-96) "]);
}
