//! A full disk, single files mounted into a container, read-only and foreign folders.
//!
//! These tests need root, because they mount file systems or become another user. Without root the
//! others run. `cargo test -p kerberos_files -- --include-ignored` runs all of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests"
)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::ccache::{
    Ccache, CcacheBuilder, CcacheError, CcacheFile, CcacheName, CcacheOptions, Collection, Header,
};
use kerberos_files::keytab::{KeytabEntry, KeytabError, KeytabFile};
use kerberos_files::rcache::{RcacheError, RcacheFile};
use kerberos_proto::{Credential, Principal, Timestamp};
use test_support::{TempDir, names_in};

#[path = "support/mounts.rs"]
mod mounts;
#[path = "support/samples.rs"]
mod samples;

use mounts::Mounts;

fn credential(size: usize) -> Credential {
    let mut credential = samples::credential("krbtgt/EXAMPLE.COM@EXAMPLE.COM");
    credential.ticket = vec![b't'; size];
    credential
}

/// A cache with one ticket of `size` bytes.
fn cache(size: usize) -> CcacheBuilder {
    let credential = credential(size);
    let mut builder = CcacheBuilder::new(&Header::default(), &credential.client).unwrap();
    builder.credential(&credential).unwrap();
    builder
}

/// The sizes of the tickets in the cache.
fn sizes(file: &CcacheFile) -> Vec<usize> {
    let mut reader = file.open().unwrap();
    let mut sizes = Vec::new();
    while let Some(view) = reader.next().unwrap() {
        sizes.push(view.ticket().len());
    }
    sizes
}

fn entry(name: &str, key_size: usize) -> KeytabEntry {
    KeytabEntry {
        principal: Principal::parse_with_realm(name, "EXAMPLE.COM").unwrap(),
        timestamp: 1,
        kvno: 1,
        key: KeyBlock::new(EncryptionType(18), vec![7; key_size]),
    }
}

#[test]
#[ignore = "needs root: mounts a tmpfs"]
fn full_disk_leaves_existing_files_unchanged() {
    let folder = TempDir::new();
    let mut mounts = Mounts::default();
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    mounts.mount(
        &["-t", "tmpfs", "-o", "size=32k"],
        Path::new("tmpfs"),
        &disk,
    );

    let file = CcacheFile::new(disk.join("cc"));
    file.replace_with(&cache(500)).unwrap();
    let keytab = KeytabFile::new(disk.join("keytab"));
    keytab.add(&[entry("a", 32)]).unwrap();

    let check = |error: &CcacheError| {
        let CcacheError::Io { path, source } = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            (path.as_path(), source.kind()),
            (file.path(), io::ErrorKind::StorageFull)
        );
        let text = format!(
            "Credentials cache I/O operation failed (filename: {})",
            file.path().display()
        );
        assert_eq!(error.to_string(), text);
        assert!(
            error.hint().unwrap().contains("No space left"),
            "{:?}",
            error.hint()
        );
        assert_eq!(sizes(&file), [500]);
        assert_eq!(names_in(&disk), ["cc", "keytab"]);
    };
    check(&file.replace_with(&cache(60_000)).unwrap_err());
    check(&file.append([&credential(60_000)]).unwrap_err());

    let error = keytab
        .add(&[entry("b", 32), entry("c", 60_000)])
        .unwrap_err();
    let KeytabError::Io { path, source } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (path.as_path(), source.kind()),
        (keytab.path(), io::ErrorKind::StorageFull)
    );
    assert_eq!(keytab.entries().unwrap().len(), 1);
    let fresh = KeytabFile::new(disk.join("fresh"))
        .add(&[entry("c", 60_000)])
        .unwrap_err();
    assert!(matches!(fresh, KeytabError::Io { .. }), "{fresh:?}");
    assert_eq!(names_in(&disk), ["cc", "keytab"]);

    // There is room again for what fits.
    file.append([&credential(600)]).unwrap();
    keytab.add(&[entry("b", 32)]).unwrap();
    assert_eq!(sizes(&file), [500, 600]);
    assert_eq!(keytab.entries().unwrap().len(), 2);
}

#[test]
#[ignore = "needs root: mounts a tmpfs"]
fn replay_cache_on_full_disk_accepts_no_new_request() {
    let folder = TempDir::new();
    let mut mounts = Mounts::default();
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    mounts.mount(
        &["-t", "tmpfs", "-o", "size=64k"],
        Path::new("tmpfs"),
        &disk,
    );
    let cache = RcacheFile::new(disk.join("rcache"), 300);
    let record = |number: u64| cache.record(&number.to_be_bytes(), 1_300, Timestamp::new(1_000, 0));
    let stored = (0..10_000)
        .take_while(|&number| record(number).is_ok())
        .count();
    let stored = u64::try_from(stored).unwrap();
    assert!((100..10_000).contains(&stored), "{stored}");
    let error = record(stored).unwrap_err();
    assert!(
        matches!(&error, RcacheError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("make room"), "{error:?}");
    // Clients accepted before are still known, and there is room again for the others.
    assert!((0..stored).all(|number| !record(number).unwrap()));
    mounts.mount(&["-o", "remount,size=1m"], Path::new("tmpfs"), &disk);
    assert!(record(stored).unwrap() && !record(stored).unwrap());
}

#[test]
#[ignore = "needs root: mounts a folder"]
fn replay_cache_in_read_only_folder_is_an_error() {
    let folder = TempDir::new();
    let mut mounts = Mounts::default();
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    mounts.mount(&["-o", "bind,ro"], &disk.clone(), &disk);
    let error = RcacheFile::new(disk.join("rcache"), 300)
        .record(b"tag", 1_300, Timestamp::new(1_000, 0))
        .unwrap_err();
    assert!(
        error.to_string().starts_with("Read-only file system"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("let the service write"));
    assert!(names_in(&disk).is_empty());
}

#[test]
#[ignore = "needs root: gives a file away"]
fn default_replay_cache_owned_by_another_user_is_refused() {
    let folder = TempDir::new();
    let cache = RcacheFile::of_user(folder.path(), 300);
    fs::write(cache.path(), [7; 16]).unwrap();
    chown(cache.path(), Some(1234), None).unwrap();
    let record = |cache: &RcacheFile| cache.record(b"tag", 1_300, Timestamp::new(1_000, 0));
    let error = record(&cache).unwrap_err();
    let text = format!(
        "Replay cache file {} is not owned by uid 0",
        cache.path().display()
    );
    assert_eq!(error.to_string(), text);
    assert_eq!(fs::read(cache.path()).unwrap(), [7; 16]);
    // A file that was named explicitly may belong to anyone, as the administrator wants.
    assert!(record(&RcacheFile::new(cache.path(), 300)).unwrap());
}

#[test]
#[ignore = "needs root: gives files away, becomes another user"]
fn cache_planted_by_another_user_in_open_folder_is_refused() {
    if let Some(folder) = std::env::var_os("TROUBLE_FOLDER") {
        return as_who_finds_them(Path::new(&folder));
    }
    let folder = TempDir::new();
    for (name, owner) in [("krb5cc", NOBODY + 1), ("own", NOBODY), ("of root", 0)] {
        fs::write(folder.join(name), cache(300).expose_bytes()).unwrap();
        chown(folder.join(name), Some(owner), None).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o666)).unwrap();
    }
    let file = CcacheFile::new(folder.join("krb5cc"));
    let rcache = RcacheFile::new(folder.join("rcache"), 300);
    fs::write(rcache.path(), [7; 16]).unwrap();
    chown(rcache.path(), Some(NOBODY + 1), None).unwrap();
    let record = || rcache.record(b"tag", 1_300, Timestamp::new(1_000, 0));

    // If only some users may write there, it is shared deliberately.
    assert_eq!(sizes(&file), [300]);
    file.append([&credential(400)]).unwrap();
    assert!(record().unwrap());

    // What matters is that everyone may write, whether or not they may remove other users' files.
    for mode in [0o777, 0o1777] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let default = file.clone().refusing_planted();
        check_foreign(&default.open().unwrap_err(), file.path());
        // In containers, administrators open folders to everyone, but /tmp is not one of those.
        let name = CcacheName::file(file.path().to_string_lossy()).by_configuration();
        let cache = Ccache::resolve(&name, &CcacheOptions::default()).unwrap();
        assert_eq!(cache.open().is_ok(), mode == 0o777);
    }
    // Nor does it matter to a caller that names it: root looks at it for its user.
    assert_eq!(sizes(&file), [300, 400]);
    let default = file.clone().refusing_planted();
    let added = default.append([&credential(1)]);
    check_foreign(&added.unwrap_err(), file.path());
    check_foreign(&default.remove(|_| true).unwrap_err(), file.path());
    let other = TempDir::new();
    symlink(file.path(), other.join("link")).unwrap();
    let link = CcacheFile::new(other.join("link")).refusing_planted();
    check_foreign(&link.open().unwrap_err(), link.path());
    let name = CcacheName::file(file.path().to_string_lossy());
    let options = CcacheOptions::default();
    let open = |name: &CcacheName| Ccache::resolve(name, &options)?.open().map(drop);
    open(&name).unwrap();
    check_foreign(&open(&name.by_default()).unwrap_err(), file.path());
    assert!(matches!(record(), Err(RcacheError::NotOurs { .. })));

    run_as_nobody(
        &folder,
        "cache_planted_by_another_user_in_open_folder_is_refused",
    );
    // Root may replace it, and it then belongs to root.
    file.replace_with(&cache(500)).unwrap();
    assert_eq!(sizes(&file), [500]);
    assert_eq!(fs::metadata(file.path()).unwrap().uid(), 0);
}

/// The part of the test above that runs in a process of an ordinary user.
fn as_who_finds_them(folder: &Path) {
    for name in ["own", "of root"] {
        let file = CcacheFile::new(folder.join(name)).refusing_planted();
        assert_eq!(sizes(&file), [300], "{name}");
    }
    let planted = CcacheFile::new(folder.join("krb5cc")).refusing_planted();
    check_foreign(&planted.open().unwrap_err(), planted.path());
    // It can be written to, but its owner would read what is written.
    let error = planted.replace_with(&cache(500)).unwrap_err();
    check_foreign(&error, planted.path());
    assert_eq!(fs::metadata(planted.path()).unwrap().uid(), NOBODY + 1);
}

fn check_foreign(error: &CcacheError, file: &Path) {
    let CcacheError::ForeignFile { path, owner } = error else {
        panic!("{error:?}")
    };
    assert_eq!((path.as_path(), *owner), (file, NOBODY + 1));
    assert!(error.hint().unwrap().contains("belongs to user 65535"));
}

#[test]
#[ignore = "needs root: mounts a file"]
fn a_single_mounted_file_is_rewritten_in_place() {
    let folder = TempDir::new();
    let mut mounts = Mounts::default();
    let (outside, inside) = (folder.join("outside"), folder.join("inside"));
    fs::write(&outside, vec![b'x'; 5_000]).unwrap();
    fs::set_permissions(&outside, fs::Permissions::from_mode(0o644)).unwrap();
    // The user that runs the container may not be the one that created the file.
    chown(&outside, Some(1234), None).unwrap();
    fs::write(&inside, "").unwrap();
    mounts.mount(&["--bind"], &outside, &inside);

    let file = CcacheFile::new(&inside);
    file.replace_with(&cache(500)).unwrap();
    assert_eq!(sizes(&file), [500]);
    assert_eq!(fs::read(&outside).unwrap(), cache(500).expose_bytes());
    let metadata = fs::metadata(&outside).unwrap();
    assert_eq!((metadata.mode() & 0o7777, metadata.uid()), (0o600, 1234));
    file.replace_with(&cache(9_000)).unwrap();
    assert_eq!(sizes(&file), [9_000]);
    assert_eq!(folder.names(), ["inside", "outside"]);

    file.destroy().unwrap();
    assert_eq!(fs::metadata(&outside).unwrap().len(), 0);
    assert!(file.open().unwrap_err().is_no_cache());
}

#[test]
#[ignore = "needs root: mounts a file"]
fn mounted_file_in_read_only_folder_is_rewritten_in_place() {
    let folder = TempDir::new();
    let mut mounts = Mounts::default();
    let (disk, outside) = (folder.join("disk"), folder.join("outside"));
    fs::create_dir(&disk).unwrap();
    fs::write(disk.join("cc"), cache(300).expose_bytes()).unwrap();
    fs::write(disk.join("mounted"), "").unwrap();
    fs::write(&outside, "").unwrap();
    mounts.mount(&["-o", "bind,ro"], &disk.clone(), &disk);
    mounts.mount(&["--bind"], &outside, &disk.join("mounted"));

    let mounted = CcacheFile::new(disk.join("mounted"));
    mounted.replace_with(&cache(500)).unwrap();
    assert_eq!(sizes(&mounted), [500]);

    let file = CcacheFile::new(disk.join("cc"));
    let text = format!(
        "Credentials cache permissions incorrect (filename: {})",
        file.path().display()
    );
    for result in [
        file.replace_with(&cache(500)),
        file.append([&credential(1)]),
        file.remove(|_| true).map(drop),
        file.destroy(),
    ] {
        assert_eq!(result.unwrap_err().to_string(), text);
    }
    assert_eq!(sizes(&file), [300]);
    assert_eq!(names_in(&disk), ["cc", "mounted"]);
}

#[test]
#[ignore = "needs root: becomes another user"]
fn ordinary_user_in_root_folder_can_change_only_own_files() {
    if let Some(folder) = std::env::var_os("TROUBLE_FOLDER") {
        return as_that_user(Path::new(&folder));
    }
    let folder = TempDir::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, owner, mode) in [
        ("own", NOBODY, 0o600),
        ("foreign", 0, 0o600),
        ("open to all", 0, 0o666),
    ] {
        let path = folder.join(name);
        fs::write(&path, cache(300).expose_bytes()).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    // The folder may be writable but not readable.
    let unseen = folder.join("unseen");
    fs::create_dir(&unseen).unwrap();
    chown(&unseen, Some(NOBODY), None).unwrap();
    fs::set_permissions(&unseen, fs::Permissions::from_mode(0o300)).unwrap();
    run_as_nobody(
        &folder,
        "ordinary_user_in_root_folder_can_change_only_own_files",
    );
    let left = ["foreign", "open to all", "own", "program", "unseen"];
    assert_eq!(folder.names(), left);
    assert_eq!(names_in(&unseen), ["keytab"]);
}

/// Runs the test `name` of this program as an ordinary user, which finds the path of `folder` in
/// the environment.
fn run_as_nobody(folder: &TempDir, name: &str) {
    // The build folder may not be accessible to others.
    let program = folder.join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut command = Command::new(&program);
    command
        .args(["--exact", name, "--include-ignored"])
        .env("TROUBLE_FOLDER", folder.path())
        .current_dir(folder.path())
        .uid(NOBODY)
        .gid(NOBODY);
    let output = loop {
        match command.output() {
            // A process that another test has just started still has the copy open for writing.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::yield_now();
            }
            output => break output.unwrap(),
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

/// The part of the test above that runs in a process of an ordinary user.
fn as_that_user(folder: &Path) {
    let own = CcacheFile::new(folder.join("own"));
    own.replace_with(&cache(500)).unwrap();
    assert_eq!(sizes(&own), [500]);
    own.destroy().unwrap();
    assert!(own.open().unwrap_err().is_no_cache());
    // With another name it may be somebody's backup, and this name cannot be removed from it.
    own.replace_with(&cache(300)).unwrap();
    fs::hard_link(own.path(), folder.join("unseen/backup")).unwrap();
    own.destroy().unwrap_err();
    assert_eq!(sizes(&own), [300]);
    fs::remove_file(folder.join("unseen/backup")).unwrap();
    own.destroy().unwrap();

    KeytabFile::new(folder.join("unseen/keytab"))
        .add(&[entry("a", 32)])
        .unwrap();

    let incorrect = |path: &Path| {
        format!(
            "Credentials cache permissions incorrect (filename: {})",
            path.display()
        )
    };
    let foreign = CcacheFile::new(folder.join("foreign"));
    assert_eq!(
        foreign.open().unwrap_err().to_string(),
        incorrect(foreign.path())
    );
    let error = foreign.replace_with(&cache(500)).unwrap_err();
    assert_eq!(error.to_string(), incorrect(foreign.path()));
    assert!(
        error.hint().unwrap().contains("ermission denied"),
        "{:?}",
        error.hint()
    );

    // Writable, but its owner can read what is written to it.
    let open_to_all = CcacheFile::new(folder.join("open to all"));
    let error = open_to_all.replace_with(&cache(500)).unwrap_err();
    assert_eq!(error.to_string(), incorrect(open_to_all.path()));
    assert_eq!(sizes(&open_to_all), [300]);

    let keytab = KeytabFile::new(folder.join("foreign"));
    let error = keytab.open().unwrap_err().to_string();
    assert!(error.contains("foreign': Permission denied"), "{error}");
    let error = KeytabFile::new(folder.join("new"))
        .add(&[entry("a", 32)])
        .unwrap_err();
    assert!(
        error.to_string().contains("new': Permission denied"),
        "{error}"
    );
}

/// A cache that was found may be written to much later, by its name: while a KDC was asked.
#[test]
#[ignore = "needs root: gives a folder away"]
fn directory_created_by_another_user_meanwhile_is_refused() {
    let folder = TempDir::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let path = folder.join("cc");
    let name = CcacheName::parse(&format!("DIR:{}", path.display())).unwrap();
    let options = CcacheOptions::default();
    for name in [name.clone().by_default(), name.by_configuration()] {
        let found = Ccache::resolve(&name, &options).unwrap();
        let new = Collection::new(name, options.clone()).new_unique().unwrap();
        fs::create_dir(&path).unwrap();
        chown(&path, Some(NOBODY), None).unwrap();
        for cache in [found, new] {
            let error = Ccache::resolve(cache.name(), &options).unwrap_err();
            assert!(
                matches!(error, CcacheError::ForeignDirectory { owner: NOBODY, .. }),
                "{error:?}"
            );
        }
        fs::remove_dir(&path).unwrap();
    }
}

const NOBODY: u32 = 65_534;
