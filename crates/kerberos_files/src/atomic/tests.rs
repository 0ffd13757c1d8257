//! Tests of replacing, creating and rewriting files, and of what killed processes leave behind.

use std::time::Duration;

use test_support::TempDir;

use super::temporary::temporary_name;
use super::*;

/// Its temporary name would be too long.
#[test]
fn replace_works_with_the_longest_file_name() {
    let folder = TempDir::new();
    let path = folder.join("n".repeat(255));
    let access = Access::default();
    for contents in [b"first", b"other"] {
        replace(&path, contents, Durability::Volatile, &access).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), contents);
    }
    let left = folder.join(temporary_name(path.file_name().unwrap()));
    std::fs::write(&left, "").unwrap();
    assert_eq!(remove_leftovers(&path, Duration::ZERO).unwrap(), 1);
    assert!(!left.exists());
}

#[test]
#[cfg_attr(miri, ignore = "a system call that miri lacks")]
fn create_is_private_and_keeps_files_and_replace_sets_the_mode() {
    let folder = TempDir::new();
    let path = folder.join("file");
    let mode = || std::fs::metadata(&path).unwrap().mode() & 0o7777;
    assert!(create(&path, b"first", Durability::Synced).unwrap());
    assert_eq!(mode(), 0o600);
    assert!(!create(&path, b"second", Durability::Synced).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
    let access = Access {
        mode: 0o640,
        ..Access::default()
    };
    replace(&path, b"third", Durability::Synced, &access).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"third");
    assert_eq!(mode(), 0o640);
    assert_eq!(folder.names(), ["file"]);
}

#[test]
fn only_old_temporary_files_are_removed_as_leftovers() {
    let folder = TempDir::new();
    let path = folder.join("cc");
    let names = [
        "cc",
        "cc.ABCDEFGHIJKL",
        ".cc.BACKUP",
        ".cc.abcdefghijkl",
        ".dd.ABCDEFGHIJKL",
    ];
    for name in names.iter().chain(&[".cc.ABCDEFGHIJKL"]) {
        folder.write(name, "");
    }
    assert_eq!(
        remove_leftovers(&path, Duration::from_secs(60)).unwrap(),
        0,
        "a recent temporary file may still be in use"
    );
    assert_eq!(remove_leftovers(&path, Duration::ZERO).unwrap(), 1);
    assert!(names.iter().all(|name| folder.join(name).exists()));
    Temporary::create(&path).unwrap().path.keep();
    assert_eq!(remove_leftovers(&path, Duration::ZERO).unwrap(), 1);
}

#[test]
#[cfg_attr(miri, ignore = "a system call that miri lacks")]
fn rewrite_in_place_resizes_and_refuses_links() {
    let folder = TempDir::new();
    let path = folder.write("file", "what was there before");
    let rewrite = |path: &Path, bytes, refusal: io::ErrorKind| {
        let content = Content {
            bytes,
            durability: Durability::Synced,
            access: &Access::default(),
        };
        rewrite(path, &content, refusal.into())
    };
    let denied = io::ErrorKind::PermissionDenied;
    for contents in [&b"short"[..], b"longer than what was there before", b"x"] {
        rewrite(&path, contents, denied).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), contents);
    }
    let link = folder.join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let error = rewrite(&link, b"y", denied).unwrap_err();
    assert_eq!(error.kind(), denied);
    assert_eq!(std::fs::read(&path).unwrap(), b"x");
    std::fs::remove_file(&link).unwrap();
    // A file with another name is not written to either, unless it is mounted here.
    std::fs::hard_link(&path, &link).unwrap();
    let error = rewrite(&link, b"y", denied).unwrap_err();
    assert_eq!(error.kind(), denied);
    assert_eq!(std::fs::read(&path).unwrap(), b"x");
    rewrite(&link, b"y", io::ErrorKind::ResourceBusy).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"y");
}

/// In a sticky folder, a file that was given away can be neither renamed nor removed.
#[test]
#[ignore = "needs root: gives a file away"]
fn given_away_file_that_cannot_be_removed_is_emptied() {
    let folder = TempDir::new();
    let content = Content {
        bytes: b"a ticket",
        durability: Durability::Volatile,
        access: &Access {
            owner: Some(1654),
            ..Access::default()
        },
    };
    let temporary = Temporary::create(&folder.join("file")).unwrap();
    let unkept = temporary.write(&content).unwrap();
    let elsewhere = folder.join("elsewhere");
    std::fs::rename(&unkept.path, &elsewhere).unwrap();
    assert_eq!(std::fs::read(&elsewhere).unwrap(), b"a ticket");
    drop(unkept);
    assert_eq!(std::fs::read(&elsewhere).unwrap(), b"");
}
