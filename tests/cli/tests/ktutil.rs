//! ktutil when things go wrong: existing entries are not lost, and no secret is shown.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use cli::{PASSWORD, REALM, assert_explained, place_without_kdc, realm};
use test_support::{Finished, Place};

const DIGITS: &str = "00112233445566778899aabbccddeeff";

/// Makes `keytab` with one random key.
fn keytab(place: &Place) -> Vec<u8> {
    let line = "-k keytab add -p old -V 1 -e aes256-cts -r";
    place.ours("ktutil").line(line).run().success();
    fs::read(place.path("keytab")).expect("the file was created")
}

fn add_key(file: &str) -> String {
    format!("addent -key -p u -k 1 -e rc4-hmac\n{DIGITS}\nwkt {file}\n")
}

fn shell(place: &Place, script: &str) -> Finished {
    place.ours("ktutil").stdin(script).run().success()
}

#[test]
fn piped_commands_are_echoed_without_secrets() {
    let place = place_without_kdc();
    let script = format!(
        "addent -password -p u -k 1 -e aes256-cts\n{PASSWORD}\n\
         addent -key -p u -k 2 -e rc4-hmac\n{DIGITS}\nl\n"
    );
    let run = shell(&place, &script);
    let expected = format!(
        "ktutil:  addent -password -p u -k 1 -e aes256-cts\nPassword for u@{REALM}: \n\
         ktutil:  addent -key -p u -k 2 -e rc4-hmac\nKey for u@{REALM} (hex): \
         ktutil:  l\nslot KVNO Principal\n---- ---- {}\n   1    1 {:>40}\n   2    2 {:>40}\nktutil:  ",
        "-".repeat(69),
        format!("u@{REALM}"),
        format!("u@{REALM}"),
    );
    assert_eq!(run.stdout(), expected);
    assert_eq!(run.stderr(), "");
}

#[test]
fn new_keytab_is_readable_by_its_owner_only() {
    let place = place_without_kdc();
    keytab(&place);
    shell(&place, &add_key("other"));
    for name in ["keytab", "other"] {
        let mode = fs::metadata(place.path(name)).expect("a keytab").mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
}

#[test]
fn files_that_are_not_keytabs_are_not_overwritten() {
    let place = place_without_kdc();
    let torn = {
        let whole = keytab(&place);
        whole[..whole.len() - 3].to_vec()
    };
    for content in [&b"precious text"[..], b"\x05", b"", &torn] {
        place.write("file", content);
        let run = shell(&place, &add_key("file"));
        assert!(run.stderr().starts_with("wkt: "), "{run}");
        let line = "-k file add -p u -V 1 -e aes256-cts -r";
        place.ours("ktutil").line(line).run().exits(1);
        assert_eq!(fs::read(place.path("file")).expect("a file"), content);
    }
    for place_of in ["/dev/full", "/dev/null", "."] {
        let run = shell(&place, &add_key(place_of));
        assert!(run.stderr().starts_with("wkt: "), "{run}");
    }
}

#[test]
fn all_intact_entries_of_a_damaged_keytab_are_read() {
    let place = place_without_kdc();
    let whole = keytab(&place);
    let record = &whole[2..];
    let mut damaged = record.to_vec();
    // The length of the realm, behind that of the record and the number of components.
    damaged[6] = 0x4d;
    place.write(
        "file",
        [&whole, &damaged[..], record, &record[..9]].concat(),
    );
    let entries = |run: &Finished| run.stdout().matches(&format!(" old@{REALM}")).count();
    let error = "Bad format in keytab";

    let run = shell(&place, "rkt file\nlist\nwkt rescued\n");
    assert_eq!(entries(&run), 2, "{run}");
    assert!(run.stderr().contains(error), "{run}");
    let run = place.ours("klist").line("-k rescued").run().success();
    assert_eq!(entries(&run), 2, "{run}");
    for (tool, line) in [("klist", "-k file"), ("ktutil", "-k file list")] {
        let run = place.ours(tool).line(line).run().exits(1);
        assert_eq!(entries(&run), 2, "{run}");
        assert_explained(&run, error);
        let run = place
            .ours(tool)
            .line(&format!("{line} --json"))
            .run()
            .exits(1);
        assert_eq!(run.stdout().matches("\"principal\"").count(), 2, "{run}");
        assert!(run.stdout().contains(error), "{run}");
    }
}

#[test]
fn dangling_symlink_is_not_followed() {
    let place = place_without_kdc();
    symlink(place.path("victim"), place.path("planted")).expect("the folder is writable");
    let run = shell(&place, &add_key("planted"));
    assert!(run.stderr().starts_with("wkt: "), "{run}");
    let line = "-k planted add -p u -V 1 -e aes256-cts -r";
    assert_explained(&place.ours("ktutil").line(line).run(), "planted");
    assert!(!place.path("victim").exists());
}

#[test]
#[cfg_attr(not(root), ignore = "needs root, to mount a small file system")]
fn full_disk_leaves_the_keytab_unchanged() {
    let place = place_without_kdc();
    keytab(&place);
    let more: String = (0..200).map(|_| "rkt keytab\n").collect();
    place.write("script", format!("{more}wkt disk/keytab\nwkt disk/new\n"));
    // The mount exists only in its own namespace.
    let script = "
        mkdir disk && mount -t tmpfs -o size=12k none disk || exit 90
        cp keytab disk/keytab
        cat /dev/zero > disk/filler 2>/dev/null
        \"$0\" < script; code=$?
        cmp keytab disk/keytab || exit 91
        ls disk
        exit $code";
    // The command prefix loses the name by which the tool is called.
    symlink(test_support::rkinit(), place.path("ktutil")).expect("the folder is writable");
    let ktutil = place.program(&place.text("ktutil"));
    let run = ktutil
        .through(["unshare", "--mount", "sh", "-c", script])
        .run();
    assert_eq!(run.code(), 0, "{run}");
    let full = run.stderr().matches("No space left on device").count();
    assert_eq!(full, 2, "{run}");
    assert!(run.stdout().ends_with("filler\nkeytab\n"), "{run}");
}

#[test]
fn broken_pipe_is_quiet_and_full_output_device_fails() {
    let place = place_without_kdc();
    keytab(&place);
    symlink(test_support::rkinit(), place.path("ktutil")).expect("the folder is writable");
    let run = |script: &str| place.program("/bin/sh").arg("-c").arg(script).run();
    let quiet =
        run("{ printf 'rkt keytab\\nl\\nwkt new\\n'; } | { ./ktutil; echo $? >code; } | true");
    assert_eq!(quiet.stderr(), "");
    let code = fs::read_to_string(place.path("code")).expect("the file was written");
    // It may have finished before its reader closed the pipe.
    assert!(["141\n", "0\n"].contains(&code.as_str()), "{code}");
    run("./ktutil -k keytab list >/dev/full").exits(1);
    run("echo l | ./ktutil >/dev/full").exits(1);
    run("./ktutil <&-").exits(0);
}

#[test]
fn password_on_the_command_line_is_refused() {
    let place = place_without_kdc();
    let line = "-k keytab add -p u -V 1 -e aes256-cts -w";
    let run = place.ours("ktutil").line(line).arg(PASSWORD).run();
    assert_explained(&run, "password");
    assert!(!run.stderr().contains(PASSWORD), "{run}");
    assert!(!place.path("keytab").exists());
}

#[test]
fn malformed_import_documents_change_nothing() {
    let place = place_without_kdc();
    let before = keytab(&place);
    let good = format!(
        "{{\"principal\":\"a@R\",\"kvno\":1,\"enctype\":\"rc4-hmac\",\"key\":\"{DIGITS}\"}}"
    );
    let deep = "[".repeat(100_000);
    for document in [
        String::new(),
        "{".to_owned(),
        "{}".to_owned(),
        deep,
        format!("[{good},{{}}]"),
        format!("[{good}"),
        format!("[{}]", good.replace("eeff", "ee")),
    ] {
        let run = place
            .ours("ktutil")
            .line("-k keytab import")
            .stdin(document)
            .run();
        assert_explained(&run, "Bad format of the document");
        assert!(!run.stderr().contains(&DIGITS[..8]), "{run}");
    }
    assert_eq!(fs::read(place.path("keytab")).expect("a keytab"), before);
}

#[test]
fn invalid_command_lines_print_usage() {
    let place = place_without_kdc();
    let check = |line: &str, usage: &str| {
        let run = place.ours("ktutil").line(line).run().exits(2);
        let usage = format!("\nUsage: ktutil {usage}");
        assert!(run.stderr().contains(&usage), "{run}");
    };
    for line in ["nonsense", "-k", "-k x", "-z"] {
        check(line, "[-k KEYTAB]");
    }
    check("-k x add -p u", "add [OPTIONS] --principal");
    check("-k x remove", "remove ");
    check("-k x list y", "list ");
    let help = place.ours("ktutil").arg("--help").run().success();
    assert!(help.stdout().contains("\nExamples:\n"), "{help}");
    let run = place.ours("ktutil").line("-k absent list").run();
    assert_explained(&run, "absent");
    for command in ["remove -V 1", "rename a b", "purge", "merge keytab"] {
        let run = place.ours("ktutil").line("-k absent").line(command).run();
        assert_eq!(run.code(), 1, "{run}");
    }
}

#[test]
fn fetched_salt_is_that_of_the_kdc() {
    let (_kdc, place) = realm();
    let line = "-k keytab add -p alice -V 1 -f --password-file -";
    let add = place.ours("ktutil").line(line).stdin(cli::typed_password());
    add.run().success();
    place
        .ours("kinit")
        .line("-k -t keytab alice")
        .run()
        .success();
    let line = line.replace("alice", "nobody");
    let run = place.ours("ktutil").line(&line).stdin("x").run();
    assert_explained(&run, "Client not found in Kerberos database");
}

/// On a terminal, made by script(1): input typed ahead reaches the prompt that it answers, and
/// appears neither on the screen nor in the history.
#[test]
fn lines_are_edited_on_a_terminal() {
    let place = place_without_kdc();
    symlink(test_support::rkinit(), place.path("ktutil")).expect("the folder is writable");
    // Keys typed before the terminal is in raw mode would be echoed by the terminal itself.
    let typed = format!(
        "addent -password -p u -k 1 -e aes256-cts\\r{PASSWORD}\\rlixt\\002\\177s\\005\\r\
         \\033[A -k\\r\\033[A\\033[A\\033[A\\003{PASSWORD}\\r\\033[A\\033[A\\033[A\\033[A\\001rkt \
         nowhere \\005\\013\\rq\\r"
    );
    let script = format!(
        "(while ! grep -q 'ktutil:  ' screen 2>/dev/null; do sleep 0.1; done; printf '{typed}') |
         TERM=xterm script -qfec ./ktutil screen >/dev/null"
    );
    place
        .program("/bin/sh")
        .arg("-c")
        .arg(&script)
        .run()
        .success();
    let screen = fs::read_to_string(place.path("screen")).expect("script writes it");
    assert!(
        screen.contains(&format!("Password for u@{REALM}: ")),
        "{screen}"
    );
    let rows = |end: &str| screen.matches(&format!("u@{REALM}{end}")).count();
    assert_eq!((rows("\r\n"), rows(" (0x")), (1, 1), "{screen}");
    assert!(screen.contains("Unknown request \"correct-horse-battery-staple\""));
    // A password typed at the wrong prompt was shown while it was typed, but it is not in the
    // history.
    let whole_line = format!("ktutil:  {PASSWORD}");
    assert_eq!(screen.matches(&whole_line).count(), 1, "{screen}");
    assert!(screen.contains("rkt nowhere addent"), "{screen}");
}
