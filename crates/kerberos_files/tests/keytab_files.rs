//! Keytab files on a real file system: holes, key versions, changes in place, damage.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use kerberos_asn1::NameType;
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::keytab::{KeytabEntry, KeytabError, KeytabFile, Version, encode_keytab};
use kerberos_proto::Principal;
use test_support::TempDir;

fn keytab_in(folder: &TempDir) -> KeytabFile {
    KeytabFile::new(folder.join("keytab"))
}

#[test]
fn pipe_is_refused_as_keytab() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    let made = Command::new("mkfifo").arg(keytab.path()).status();
    assert!(made.unwrap().success());
    let results = [
        keytab.open().map(drop),
        keytab.keys_for(&principal("a")).map(drop),
        keytab.add(&[entry("a", 1, 18)]),
        keytab.remove(|_| true).map(drop),
    ];
    for error in results.map(Result::unwrap_err) {
        assert!(matches!(error, KeytabError::NotAFile { .. }), "{error:?}");
    }
}

#[test]
fn a_beginning_that_is_wrong_is_shown() {
    let folder = TempDir::new();
    for (content, hint) in [
        (&b""[..], "keytab is empty"),
        (b"x", "keytab begins with [78], but"),
        (b"xyz", "keytab begins with [78, 79], but"),
    ] {
        fs::write(folder.join("keytab"), content).unwrap();
        let error = keytab_in(&folder).open().unwrap_err();
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    }
}

fn principal(name: &str) -> Principal {
    Principal::parse_with_realm(name, "EXAMPLE.COM").unwrap()
}

fn entry(name: &str, kvno: u32, etype: i32) -> KeytabEntry {
    KeytabEntry {
        principal: principal(name),
        timestamp: 1_700_000_000,
        kvno,
        key: KeyBlock::new(EncryptionType(etype), vec![0x5a; 32]),
    }
}

fn list(keytab: &KeytabFile) -> Vec<(String, u32, i32)> {
    let mut reader = keytab.open().unwrap();
    let mut found = Vec::new();
    while let Some(view) = reader.next().unwrap() {
        let name = view.principal().components().last().unwrap();
        found.push((
            String::from_utf8(name.to_vec()).unwrap(),
            view.kvno(),
            view.etype().0,
        ));
    }
    found
}

fn names(keytab: &KeytabFile) -> Vec<String> {
    list(keytab).into_iter().map(|(name, _, _)| name).collect()
}

fn length(keytab: &KeytabFile) -> u64 {
    fs::metadata(keytab.path()).unwrap().len()
}

#[test]
fn new_keytab_has_mode_0600_and_round_trips() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    let missing = keytab.open().unwrap_err().to_string();
    assert_eq!(
        missing,
        format!("Key table file '{}' not found", keytab.path().display())
    );
    let empty = keytab.require_content().unwrap_err().to_string();
    assert_eq!(
        empty,
        format!(
            "Keytab FILE:{} is nonexistent or empty",
            keytab.path().display()
        )
    );

    keytab
        .add(&[entry("a", 1, 18), entry("a", 1, 17), entry("b", 70_000, 23)])
        .unwrap();
    assert_eq!(fs::metadata(keytab.path()).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(folder.names(), ["keytab"]);
    let expected = [("a", 1, 18), ("a", 1, 17), ("b", 70_000, 23)];
    assert!(
        list(&keytab)
            .iter()
            .map(|(n, k, e)| (n.as_str(), *k, *e))
            .eq(expected)
    );
    let entries = keytab.entries().unwrap();
    assert_eq!(entries[2].principal, principal("b"));
    assert_eq!(entries[2].principal.name_type(), NameType::PRINCIPAL);
    assert_eq!(entries[2].key.expose_bytes(), [0x5a; 32]);
    keytab.require_content().unwrap();
    assert_eq!(keytab.open().unwrap().version(), Version::V2);
}

#[test]
fn removed_keys_are_zeroed_and_holes_are_reused() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    let all = ["tiny", "a longer name", "middle"].map(|name| entry(name, 1, 18));
    keytab.add(&all).unwrap();
    let full = length(&keytab);
    let removed = keytab.remove(|view| view.principal().components().next() != Some(b"middle"));
    assert_eq!(removed.unwrap(), 2);
    assert_eq!(names(&keytab), ["middle"]);
    let bytes = fs::read(keytab.path()).unwrap();
    let keys = bytes
        .windows(32)
        .filter(|window| *window == [0x5a; 32])
        .count();
    assert_eq!(keys, 1, "removed keys must be overwritten");

    // Too long for the first hole; fits into the second, with slack.
    keytab.add(&[entry("long name", 2, 18)]).unwrap();
    assert_eq!(names(&keytab), ["long name", "middle"]);
    assert_eq!(length(&keytab), full);
    // Fits into the first hole; the second is taken; the last goes to the end.
    keytab
        .add(&[entry("b", 0x0102, 18), entry("c", 3, 18)])
        .unwrap();
    assert_eq!(names(&keytab), ["b", "long name", "middle", "c"]);
    assert_eq!(list(&keytab)[0].1, 0x0102);
    assert!(length(&keytab) > full);
    assert_eq!(keytab.remove(|_| false).unwrap(), 0);
}

#[test]
fn bytes_after_the_end_mark_never_become_entries() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    let mut bytes = encode_keytab(&[entry("a", 1, 18)]).unwrap().to_vec();
    bytes.extend([0; 4]);
    bytes.extend([0xee; 200]);
    fs::write(keytab.path(), &bytes).unwrap();
    assert_eq!(names(&keytab), ["a"]);
    keytab.add(&[entry("b", 1, 18), entry("c", 1, 18)]).unwrap();
    assert_eq!(
        names(&keytab),
        ["a", "b", "c"],
        "bytes after the end mark must not become entries"
    );
}

#[test]
fn version_1_files_are_read_and_grow_in_their_own_format() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    // `a@R`, written 9 s after 1970, kvno 3, etype 1, key "k", in the machine's byte order.
    let entry_bytes = [
        &2_u16.to_ne_bytes()[..],
        &1_u16.to_ne_bytes(),
        b"R",
        &1_u16.to_ne_bytes(),
        b"a",
        &9_u32.to_ne_bytes(),
        &[3],
        &1_u16.to_ne_bytes(),
        &1_u16.to_ne_bytes(),
        b"k",
    ]
    .concat();
    let size = i32::try_from(entry_bytes.len()).unwrap();
    let hole = (-5_i32).to_ne_bytes();
    let file = [
        &[5, 1][..],
        &hole,
        b"-----",
        &size.to_ne_bytes(),
        &entry_bytes,
    ]
    .concat();
    fs::write(keytab.path(), file).unwrap();
    let found = keytab
        .find(&Principal::parse("a@R").unwrap(), Some(3), None)
        .unwrap();
    assert_eq!((found.timestamp, found.key.expose_bytes()), (9, &b"k"[..]));
    keytab.add(&[entry("b", 1, 18)]).unwrap();
    assert_eq!(names(&keytab), ["a", "b"]);
    assert_eq!(keytab.open().unwrap().version(), Version::V1);
}

#[test]
fn finding_a_key_follows_mits_rules() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    let old = |name, kvno, timestamp| KeytabEntry {
        timestamp,
        ..entry(name, kvno, 18)
    };
    keytab
        .add(&[
            entry("two", 1, 18),
            entry("two", 2, 17),
            entry("two", 2, 18),
            old("wrapped", 255, 10),
            old("wrapped", 3, 20),
            old("narrow", 1, 10),
        ])
        .unwrap();
    let check = |name: &str, kvno, etype: Option<i32>, expected: Result<(u32, i32), &str>| {
        let found = keytab.find(&principal(name), kvno, etype.map(EncryptionType));
        let found = found.map(|entry| (entry.kvno, entry.key.etype().0));
        let found = found.map_err(|error| error.to_string());
        assert_eq!(
            found.as_ref().map_err(String::as_str),
            expected.as_ref().map_err(|e| *e)
        );
    };
    check("two", None, None, Ok((2, 17)));
    check("two", Some(0), None, Ok((2, 17)));
    check("two", None, Some(18), Ok((2, 18)));
    check("two", Some(1), None, Ok((1, 18)));
    check("two", Some(258), Some(18), Ok((2, 18)));
    check("wrapped", None, None, Ok((3, 18)));
    check("narrow", Some(257), None, Ok((1, 18)));
    let wrong = "Key version number for principal in key table is incorrect";
    check("two", Some(3), None, Err(wrong));
    check("two", Some(1), Some(17), Err(wrong));
    check(
        "two",
        None,
        Some(23),
        Err("No key table entry found for two@EXAMPLE.COM"),
    );
    check(
        "none",
        Some(1),
        None,
        Err("No key table entry found for none@EXAMPLE.COM"),
    );

    let kvnos = |name: &str| {
        let keys = keytab.keys_for(&principal(name)).unwrap();
        keys.iter()
            .map(|entry| (entry.kvno, entry.key.etype().0))
            .collect::<Vec<_>>()
    };
    assert_eq!(kvnos("two"), [(2, 17), (2, 18), (1, 18)]);
    assert_eq!(kvnos("wrapped"), [(3, 18), (255, 18)]);
    let error = keytab.keys_for(&principal("none")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Keytab contains no suitable keys for none@EXAMPLE.COM"
    );
    let hint = error.hint().unwrap();
    let names = "wrapped@EXAMPLE.COM, narrow@EXAMPLE.COM: name a principal of";
    assert!(hint.contains(names), "{hint}");
    let many = ["a", "b", "c"].map(|name| entry(name, 1, 18));
    keytab.add(&many).unwrap();
    let error = keytab.keys_for(&principal("none")).unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("a@EXAMPLE.COM, …: name a"), "{hint}");
}

#[test]
fn adding_keeps_inode_mode_and_symlink() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    keytab.add(&[entry("a", 1, 18)]).unwrap();
    fs::set_permissions(keytab.path(), fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(keytab.path()).unwrap();
    symlink(keytab.path(), folder.join("link")).unwrap();
    KeytabFile::new(folder.join("link"))
        .add(&[entry("b", 1, 18)])
        .unwrap();
    let after = fs::metadata(keytab.path()).unwrap();
    assert_eq!((after.ino(), after.mode()), (before.ino(), before.mode()));
    assert_eq!(names(&keytab), ["a", "b"]);
    assert!(
        fs::symlink_metadata(folder.join("link"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn many_threads_add_and_find_at_once() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let keytab = &keytab;
            scope.spawn(move || {
                for index in 0..10 {
                    let name = format!("{thread}-{index}");
                    keytab
                        .add(&[entry(&name, 1, 18), entry(&name, 1, 17)])
                        .unwrap();
                    keytab.find(&principal(&name), Some(1), None).unwrap();
                }
            });
        }
    });
    assert_eq!(names(&keytab).len(), 80);
    assert_eq!(folder.names(), ["keytab"]);
}

#[test]
fn damaged_entry_is_reported_and_others_stay_readable() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    let whole = encode_keytab(&[entry("a", 1, 18)]).unwrap().to_vec();
    let record = &whole[2..];

    // An entry whose key claims more bytes than the record has, between two good ones.
    let mut bad = record.to_vec();
    let key_length = bad.len() - 4 - 32 - 2;
    bad[key_length] = 0x7f;
    fs::write(keytab.path(), [&whole, &bad[..], record].concat()).unwrap();
    let mut reader = keytab.open().unwrap();
    assert!(reader.next().unwrap().is_some());
    let error = reader.next().unwrap_err();
    assert_eq!(error.to_string(), "Bad format in keytab");
    let hint = error.hint().unwrap();
    assert!(
        hint.contains(&format!("byte {}", whole.len())) && hint.contains("key"),
        "{hint}"
    );
    assert!(
        reader.next().unwrap().is_some(),
        "the entry after the damaged one must be found"
    );
    assert!(reader.next().unwrap().is_none());
    assert_eq!(keytab.keys_for(&principal("a")).unwrap().len(), 2);
    let error = keytab.keys_for(&principal("b")).unwrap_err();
    assert!(matches!(error, KeytabError::Format { .. }), "{error:?}");

    // Truncated.
    fs::write(keytab.path(), [&whole, &record[..30]].concat()).unwrap();
    assert_eq!(keytab.keys_for(&principal("a")).unwrap().len(), 1);
    let offset = whole.len() as u64;
    let error = keytab.add(&[entry("c", 1, 18)]).unwrap_err();
    assert!(matches!(error, KeytabError::TornEntry { offset: at, .. } if at == offset));

    // An impossible hole.
    fs::write(keytab.path(), [&whole[..], &[0x80, 0, 0, 0]].concat()).unwrap();
    let error = keytab.entries().unwrap_err();
    assert!(matches!(error, KeytabError::Format { offset: at, .. } if at == offset));

    for contents in [&b""[..], b"\x05", b"\x05\x03", b"#!"] {
        fs::write(keytab.path(), contents).unwrap();
        let error = keytab.open().unwrap_err();
        assert_eq!(
            error.to_string(),
            "Unsupported key table format version number"
        );
        assert!(error.hint().is_some());
    }
}

#[test]
fn directory_and_missing_folder_are_refused_by_name() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    fs::create_dir(keytab.path()).unwrap();
    let text = format!(
        "Key table file '{}' is not an ordinary file",
        keytab.path().display()
    );
    assert_eq!(keytab.open().unwrap_err().to_string(), text);
    assert_eq!(
        keytab.add(&[entry("a", 1, 18)]).unwrap_err().to_string(),
        text
    );
    let nowhere = KeytabFile::new(folder.join("no/keytab"));
    let error = nowhere.add(&[entry("a", 1, 18)]).unwrap_err();
    assert!(error.to_string().contains("no/keytab"), "{error}");
}

#[test]
fn dangling_symlink_is_refused_and_kept() {
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    symlink(folder.join("nowhere"), keytab.path()).unwrap();
    let error = keytab.add(&[entry("a", 1, 18)]).unwrap_err();
    assert!(matches!(error, KeytabError::NotFound { .. }), "{error}");
    assert!(!folder.join("nowhere").exists());
    assert_eq!(fs::read_dir(folder.join("")).unwrap().count(), 1);
}

#[test]
fn hole_longer_than_the_longest_entry_is_not_used() {
    const HOLE: i32 = (16 << 20) + 1;
    let folder = TempDir::new();
    let keytab = keytab_in(&folder);
    fs::write(
        keytab.path(),
        [&[5, 2][..], &(-HOLE).to_be_bytes()].concat(),
    )
    .unwrap();
    let file = fs::File::options().write(true).open(keytab.path()).unwrap();
    file.set_len(6 + u64::try_from(HOLE).unwrap()).unwrap();
    keytab.add(&[entry("a", 1, 18)]).unwrap();
    assert_eq!(names(&keytab), ["a"]);
}
