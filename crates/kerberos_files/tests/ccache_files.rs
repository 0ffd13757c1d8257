//! Cache files on a real file system: replaced whole, never followed, locked, removed, destroyed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests"
)]

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use kerberos_asn1::{KerberosTime, NameType};
use kerberos_files::ccache::{
    CcacheBuilder, CcacheError, CcacheFile, ClockOffset, ConfigEntry, Header, Version,
};
use kerberos_proto::Principal;
use test_support::TempDir;

#[path = "support/samples.rs"]
mod samples;

use samples::{cache, credential, user};

fn servers(path: &Path) -> Vec<String> {
    let mut reader = CcacheFile::new(path).open().unwrap();
    let mut names = Vec::new();
    while let Some(view) = reader.next().unwrap() {
        names.push(view.server().to_string());
    }
    names
}

#[test]
fn version_4_file_has_the_expected_bytes() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    let mut header = Header::default();
    header.kdc_offset = Some(ClockOffset {
        seconds: -600,
        microseconds: 5,
    });
    header.unknown_fields = vec![0, 9, 0, 1, 0xaa];
    let builder = CcacheBuilder::new(&header, &user()).unwrap();
    file.replace_with(&builder).unwrap();
    let expected = [
        &b"\x05\x04\x00\x11"[..],
        b"\x00\x01\x00\x08\xff\xff\xfd\xa8\x00\x00\x00\x05",
        b"\x00\x09\x00\x01\xaa",
        b"\x00\x00\x00\x01\x00\x00\x00\x01",
        b"\x00\x00\x00\x0bEXAMPLE.COM\x00\x00\x00\x04user",
    ]
    .concat();
    assert_eq!(fs::read(file.path()).unwrap(), expected);
    assert_eq!(file.open().unwrap().header(), &header);
    assert_eq!(
        file.open().unwrap().default_principal().name_type(),
        NameType::PRINCIPAL
    );
}

#[test]
fn every_version_round_trips_and_appends_in_its_format() {
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        let folder = TempDir::new();
        let file = CcacheFile::new(folder.join("cc"));
        file.replace_with(&cache(version, &["krbtgt/A@A", "host/a@A"]))
            .unwrap();
        file.append([&credential("host/b@A"), &credential("host/c@A")])
            .unwrap();
        assert_eq!(
            servers(file.path()),
            ["krbtgt/A@A", "host/a@A", "host/b@A", "host/c@A"]
        );
        let mut reader = file.open().unwrap();
        assert_eq!(reader.version(), version);
        let copy = reader.next().unwrap().unwrap().to_credential();
        let mut original = credential("krbtgt/A@A");
        // The format has 32 bits for a time.
        original.times.endtime = KerberosTime::from_unix(i64::from(u32::MAX));
        assert_eq!(copy.times, original.times);
        assert_eq!(
            copy.session_key.expose_bytes(),
            original.session_key.expose_bytes()
        );
        assert_eq!((copy.ticket, copy.flags), (original.ticket, original.flags));
    }
}

#[test]
fn set_config_replaces_only_the_same_key_and_principal() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    file.replace_with(&cache(Version::V4, &["krbtgt/A@A"]))
        .unwrap();
    let tgs = Principal::parse("krbtgt/A@A").unwrap();
    file.set_config(&ConfigEntry::new("pa_type", Some(&tgs), "2"))
        .unwrap();
    file.set_config(&ConfigEntry::new("pa_type", None, "3"))
        .unwrap();
    file.set_config(&ConfigEntry::new("pa_type", Some(&tgs), "138"))
        .unwrap();
    let mut reader = file.open().unwrap();
    let mut settings = Vec::new();
    while let Some(view) = reader.next().unwrap() {
        assert_eq!(view.is_config(), view.config().is_some());
        settings.extend(view.config().map(|config| config.to_entry()));
    }
    let expected = [
        ConfigEntry::new("pa_type", None, "3"),
        ConfigEntry::new("pa_type", Some(&tgs), "138"),
    ];
    assert_eq!(settings, expected);
}

/// The old setting must not disappear before the new one is there.
#[test]
fn set_config_works_after_a_torn_entry() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    let mut builder = cache(Version::V4, &["krbtgt/A@A"]);
    let setting = |value| ConfigEntry::new("refresh_time", None, value);
    builder.config(&setting("1")).unwrap();
    file.replace_with(&builder).unwrap();
    let mut torn = fs::read(file.path()).unwrap();
    torn.extend([0, 0, 0, 1]);
    fs::write(file.path(), &torn).unwrap();
    file.set_config(&setting("2")).unwrap();
    let mut reader = file.open().unwrap();
    let mut settings = Vec::new();
    while let Some(view) = reader.next().unwrap() {
        settings.extend(view.config().map(|config| config.to_entry()));
    }
    assert_eq!(settings, [setting("2")]);
}

#[test]
fn removed_entries_are_tombstones_of_the_same_length() {
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        let folder = TempDir::new();
        let file = CcacheFile::new(folder.join("cc"));
        let mut builder = cache(version, &["krbtgt/A@A", "host/a@A", "host/b@A"]);
        builder
            .config(&ConfigEntry::new("fast_avail", None, "yes"))
            .unwrap();
        file.replace_with(&builder).unwrap();
        let length = fs::metadata(file.path()).unwrap().len();
        let removed = file
            .remove(|view| view.is_config() || view.server().components().eq([&b"host"[..], b"a"]))
            .unwrap();
        assert_eq!(removed, 2);
        assert_eq!(fs::metadata(file.path()).unwrap().len(), length);
        assert_eq!(servers(file.path()), ["krbtgt/A@A", "host/b@A"]);
        let mut reader = file.open().unwrap().with_removed(true);
        let mut tombs = Vec::new();
        while let Some(view) = reader.next().unwrap() {
            if view.is_removed() {
                tombs.push((
                    view.server().realm().to_vec(),
                    view.authtime(),
                    view.endtime(),
                ));
            }
        }
        let expected = [
            (b"A".to_vec(), u32::MAX, 0),
            (b"X-RMED-CONF:".to_vec(), u32::MAX, 0),
        ];
        assert_eq!(tombs, expected);
    }
}

#[test]
fn new_cache_has_mode_0600_and_leaves_no_temporary_file() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    fs::write(file.path(), "something else").unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).unwrap();
    file.replace_with(&cache(Version::V4, &["krbtgt/A@A"]))
        .unwrap();
    assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(folder.names(), ["cc"]);
}

#[test]
fn planted_symlink_is_replaced_and_not_followed() {
    let folder = TempDir::new();
    fs::write(folder.join("victim"), "precious").unwrap();
    symlink(folder.join("victim"), folder.join("cc")).unwrap();
    let file = CcacheFile::new(folder.join("cc"));
    file.replace_with(&cache(Version::V4, &["krbtgt/A@A"]))
        .unwrap();
    assert_eq!(fs::read(folder.join("victim")).unwrap(), b"precious");
    assert!(fs::symlink_metadata(file.path()).unwrap().is_file());
    assert_eq!(servers(file.path()), ["krbtgt/A@A"]);
}

#[test]
fn directories_devices_and_pipes_are_refused_by_name() {
    fn check(path: &Path) {
        let file = CcacheFile::new(path);
        let expected = format!(
            "Credentials cache permissions incorrect (filename: {})",
            path.display()
        );
        let results = [file.replace_with(&cache(Version::V4, &[])), file.destroy()];
        for result in results {
            let error = result.unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(matches!(error, CcacheError::NotAFile { .. }), "{error:?}");
        }
    }
    let folder = TempDir::new();
    fs::create_dir(folder.join("dir")).unwrap();
    check(&folder.join("dir"));
    check(Path::new("/dev/null"));
    // A device may be readable, but it is not a file that a crash has left empty.
    let error = CcacheFile::new("/dev/null").open().unwrap_err();
    assert!(error.is_no_cache(), "{error:?}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("a cache is an ordinary file"), "{hint}");
    let error = CcacheFile::new(folder.join("dir")).open().unwrap_err();
    assert!(matches!(error, CcacheError::NotAFile { .. }), "{error:?}");
    // Opening a pipe would wait for a writer.
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status();
    assert!(made.unwrap().success());
    check(&folder.join("pipe"));
    let pipe = CcacheFile::new(folder.join("pipe"));
    let results = [pipe.open().map(drop), pipe.append([])];
    for error in results.map(Result::unwrap_err) {
        assert!(matches!(error, CcacheError::NotAFile { .. }), "{error:?}");
    }
    let stdout = CcacheFile::new("/dev/stdout").replace_with(&cache(Version::V4, &[]));
    assert!(matches!(stdout.unwrap_err(), CcacheError::NotAFile { .. }));
    assert_eq!(folder.names(), ["dir", "pipe"]);
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_path() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("no/cc"));
    let error = file.replace_with(&cache(Version::V4, &[])).unwrap_err();
    let CcacheError::Io { path, source } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (path.as_path(), source.kind()),
        (file.path(), io::ErrorKind::NotFound)
    );
}

#[test]
fn missing_or_truncated_cache_is_reported_as_no_cache() {
    fn check(folder: &TempDir, contents: Option<&[u8]>, hint: Option<&str>) {
        let file = CcacheFile::new(folder.join("cc"));
        match contents {
            Some(contents) => fs::write(file.path(), contents).unwrap(),
            None => assert!(!file.path().exists()),
        }
        let error = file.open().unwrap_err();
        let path = file.path().display();
        assert!(error.is_no_cache(), "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("No credentials cache found (filename: {path})"),
            "{contents:?}"
        );
        assert_eq!(error.hint().is_some(), hint.is_some());
        let text = error.hint().unwrap_or_default();
        assert!(text.contains(hint.unwrap_or_default()), "{text}");
    }
    let folder = TempDir::new();
    check(&folder, None, None);
    check(&folder, Some(b""), Some("empty"));
    check(&folder, Some(&[0; 4096]), Some("empty"));
    check(&folder, Some(&[5]), Some("cut off in its version"));
    check(&folder, Some(&[5, 4]), Some("cut off in its header"));
    check(&folder, Some(&[5, 4, 0, 0]), Some("cut off"));
    check(
        &folder,
        Some(&[&[5, 4][..], &[0; 4094]].concat()),
        Some("zeros"),
    );
    let whole = cache(Version::V4, &[]).expose_bytes().to_vec();
    for cut in 0..whole.len() {
        check(&folder, Some(&whole[..cut]), Some(""));
    }
}

#[test]
fn other_file_types_and_versions_are_refused() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    for contents in [
        &b"#!/bin/sh\n"[..],
        b"\x05\x05....",
        b"\x05\x00....",
        b"\x05\x02....",
    ] {
        fs::write(file.path(), contents).unwrap();
        let error = file.open().unwrap_err();
        assert_eq!(
            error.is_no_cache(),
            contents.starts_with(b"\x05\x02"),
            "{error:?}"
        );
    }
    fs::write(file.path(), b"\x05\x07").unwrap();
    let error = file.open().unwrap_err();
    let path = file.path().display();
    let text = format!("Unsupported credentials cache format version number (filename: {path})");
    assert_eq!(error.to_string(), text);
}

#[test]
fn torn_entry_ends_reading_and_is_repaired_by_append() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    let whole = cache(Version::V4, &["krbtgt/A@A", "host/a@A"])
        .expose_bytes()
        .to_vec();
    let one = cache(Version::V4, &["krbtgt/A@A"]).expose_bytes().len();
    for tail in [&whole[one..whole.len() - 1], &whole[one..=one], &[0; 500]] {
        fs::write(file.path(), [&whole[..one], tail].concat()).unwrap();
        let mut reader = file.open().unwrap();
        assert!(reader.next().unwrap().is_some());
        let error = reader.next().unwrap_err();
        let CcacheError::TornEntry { offset, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(offset, one as u64);
        assert!(error.hint().unwrap().contains(&one.to_string()));
        assert!(reader.next().unwrap().is_none());
        file.append([&credential("host/b@A")]).unwrap();
        assert_eq!(servers(file.path()), ["krbtgt/A@A", "host/b@A"]);
    }
}

#[test]
fn many_threads_append_and_read_at_once() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    file.replace_with(&cache(Version::V4, &[])).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let file = &file;
            scope.spawn(move || {
                for index in 0..25 {
                    file.append([&credential(&format!("host/{thread}-{index}@A"))])
                        .unwrap();
                    servers(file.path());
                }
            });
        }
    });
    let mut names = servers(file.path());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 100);
}

#[test]
fn destroy_overwrites_with_zeros_and_removes_the_file() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    file.replace_with(&cache(Version::V4, &["krbtgt/A@A"]))
        .unwrap();
    let length = fs::metadata(file.path()).unwrap().len();
    let mut open = fs::File::open(file.path()).unwrap();
    file.destroy().unwrap();
    assert_eq!(folder.names(), [""; 0]);
    let mut left = Vec::new();
    open.read_to_end(&mut left).unwrap();
    assert_eq!(left, vec![0; usize::try_from(length).unwrap()]);
    assert!(file.destroy().unwrap_err().is_no_cache());
}

#[test]
fn destroy_does_not_wipe_a_hard_linked_file() {
    let folder = TempDir::new();
    let file = CcacheFile::new(folder.join("cc"));
    file.replace_with(&cache(Version::V4, &["krbtgt/A@A"]))
        .unwrap();
    let before = fs::read(file.path()).unwrap();
    let (backup, link) = (folder.join("backup"), folder.join("link"));
    fs::hard_link(file.path(), &backup).unwrap();
    symlink(&backup, &link).unwrap();
    file.destroy().unwrap();
    assert_eq!(folder.names(), ["backup", "link"]);
    assert_eq!(fs::read(&backup).unwrap(), before);
    // Our symbolic link represents the file, which has no other name.
    CcacheFile::new(link).destroy().unwrap();
    assert_eq!(folder.names(), ["backup"]);
    assert_eq!(fs::read(&backup).unwrap(), vec![0; before.len()]);
}
