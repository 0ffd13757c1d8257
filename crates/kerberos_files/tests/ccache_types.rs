//! DIR and MEMORY caches, and collections of them: what exists, what is created, what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests"
)]

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

use kerberos_files::ccache::{
    Ccache, CcacheError, CcacheName, CcacheOptions, Collection, ConfigEntry, Selection, Version,
};
use kerberos_proto::Principal;
use test_support::{TempDir, names_in};

#[path = "support/samples.rs"]
mod samples;

use samples::{cache, cache_of, content, credential, user};

fn resolve(name: &str) -> Result<Ccache, CcacheError> {
    Ccache::resolve(&CcacheName::parse(name).unwrap(), &CcacheOptions::default())
}

fn collection(name: &str) -> Collection {
    Collection::new(CcacheName::parse(name).unwrap(), CcacheOptions::default())
}

fn names(caches: &Collection) -> Vec<String> {
    let caches = caches.all().unwrap();
    caches
        .iter()
        .map(|cache| cache.name().to_string())
        .collect()
}

fn dir(path: &Path) -> String {
    format!("DIR:{}", path.display())
}

/// The common behaviour of all types of caches.
fn check_operations(cache_at: &Ccache) {
    assert!(cache_at.open().unwrap_err().is_no_cache());
    assert!(cache_at.principal().unwrap_err().is_no_cache());
    assert!(cache_at.append([&credential("host/a@A")]).is_err());
    cache_at
        .replace_with(&cache(Version::V4, &["krbtgt/A@A"]))
        .unwrap();
    assert_eq!(cache_at.principal().unwrap(), user());
    cache_at
        .append([&credential("host/a@A"), &credential("host/b@A")])
        .unwrap();
    for value in ["old", "new"] {
        let entry = ConfigEntry::new("refresh_time", None, value);
        cache_at.set_config(&entry).unwrap();
    }
    let all = ["host/a@A", "host/b@A", "krbtgt/A@A", "refresh_time=new"];
    assert_eq!(content(cache_at), all);
    let of_b = |server: &str| server.contains("/b@");
    let removed = cache_at.remove(|view| of_b(&view.server().to_string()));
    assert_eq!(removed.unwrap(), 1);
    assert_eq!(
        content(cache_at),
        ["host/a@A", "krbtgt/A@A", "refresh_time=new"]
    );
    // Another user's cache, in an older format.
    let other = Principal::parse("other@B").unwrap();
    cache_at
        .replace_with(&cache_of(&other, Version::V3, &["krbtgt/B@B"]))
        .unwrap();
    assert_eq!(cache_at.principal().unwrap(), other);
    assert_eq!(content(cache_at), ["krbtgt/B@B"]);
    cache_at.destroy().unwrap();
    assert!(cache_at.open().unwrap_err().is_no_cache());
}

#[test]
fn file_cache_supports_all_operations() {
    let folder = TempDir::new();
    check_operations(&resolve(folder.join("cc").to_str().unwrap()).unwrap());
}

#[test]
fn memory_cache_supports_all_operations() {
    let cache = resolve("MEMORY:operations").unwrap();
    check_operations(&cache);
    assert_eq!(
        cache.open().unwrap_err().to_string(),
        "No credentials cache found"
    );
    cache.destroy().unwrap();
}

#[test]
fn memory_cache_is_shared_by_threads_and_read_as_a_snapshot() {
    let here = resolve("MEMORY:shared").unwrap();
    here.replace_with(&cache(Version::V4, &["krbtgt/A@A"]))
        .unwrap();
    let mut reader = here.open().unwrap();
    thread::spawn(|| {
        let there = resolve("MEMORY:shared").unwrap();
        there.append([&credential("host/a@A")]).unwrap();
    })
    .join()
    .unwrap();
    assert_eq!(content(&here), ["host/a@A", "krbtgt/A@A"]);
    assert!(reader.next().unwrap().is_some());
    assert!(reader.next().unwrap().is_none());
    assert_eq!(names(&collection("MEMORY:shared")), ["MEMORY:shared"]);
    assert_eq!(names(&collection("MEMORY:nobody's")), [""; 0]);
    here.destroy().unwrap();
}

#[test]
fn dir_cache_supports_all_operations() {
    let folder = TempDir::new();
    let path = folder.join("caches");
    let cache = resolve(&dir(&path)).unwrap();
    assert_eq!(
        cache.name().to_string(),
        format!("DIR::{}/tkt", path.display())
    );
    assert!(
        !path.exists(),
        "resolving a name must not create the directory"
    );
    check_operations(&cache);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(names_in(&path), ["primary"]);
    assert_eq!(fs::read(path.join("primary")).unwrap(), b"tkt\n");
}

#[test]
fn dir_collection_has_a_primary_cache_and_others() {
    let folder = TempDir::new();
    let caches = collection(&dir(folder.path()));
    assert!(caches.can_switch() && !collection("FILE:/x").can_switch());
    assert_eq!(names(&caches), [""; 0]);
    let anna = Principal::parse("anna@A.TEST").unwrap();
    let ben = Principal::parse("ben@B.TEST").unwrap();
    let first = caches.primary().unwrap();
    first
        .replace_with(&cache_of(&anna, Version::V4, &[]))
        .unwrap();
    let second = caches.new_unique().unwrap();
    assert_ne!(second.name(), first.name());
    assert_eq!(
        names(&caches).len(),
        1,
        "a new cache is listed before it is written"
    );
    second
        .replace_with(&cache_of(&ben, Version::V4, &[]))
        .unwrap();

    let both = [first.name().to_string(), second.name().to_string()];
    assert_eq!(names(&caches), both);
    second.make_primary().unwrap();
    assert_eq!(names(&caches), [both[1].clone(), both[0].clone()]);
    assert_eq!(caches.primary().unwrap().principal().unwrap(), ben);
    let found = |principal: &Principal| {
        let cache = caches.of_principal(principal).unwrap();
        cache.map(|cache| cache.name().to_string())
    };
    assert_eq!(found(&anna), Some(both[0].clone()));
    assert_eq!(found(&user()), None);

    // The name of a single cache is a collection of one.
    let one = collection(&both[0]);
    assert_eq!(names(&one), [both[0].clone()]);
    let error = one.new_unique().unwrap_err().to_string();
    let expected = "Can't create new subsidiary cache because default cache is not a directory \
                    collection";
    assert_eq!(error, expected);
    first.destroy().unwrap();
    assert_eq!(names(&one), [""; 0]);
    assert_eq!(names(&caches), [both[1].clone()]);
}

#[test]
fn temporary_files_are_not_listed_in_a_dir_collection() {
    let folder = TempDir::new();
    let path = folder.join("cc");
    let caches = collection(&dir(&path));
    let cache_at = resolve(&dir(&path)).unwrap();
    let content = cache(Version::V4, &["krbtgt/A@A"]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..500).for_each(|_| cache_at.replace_with(&content).unwrap());
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let found = names(&caches);
            assert!(found.len() <= 1, "{found:?}");
        }
    });
    assert!(caches.of_principal(&user()).unwrap().is_some());
}

#[test]
fn select_picks_the_cache_by_given_identity_or_realm() {
    let folder = TempDir::new();
    let caches = collection(&dir(folder.path()));
    let anna = Principal::parse("anna@A.TEST").unwrap();
    let ben = Principal::parse("ben@B.TEST").unwrap();
    for owner in [&anna, &ben] {
        let cache = caches.new_unique().unwrap();
        cache
            .replace_with(&cache_of(owner, Version::V4, &[]))
            .unwrap();
    }
    let check =
        |service: &str, identity: Option<&Principal>, expected: Result<&Principal, &str>| {
            let service = Principal::parse(service).unwrap();
            let selected = match caches.select(&service, identity.cloned()).unwrap() {
                Selection::Cache(cache) => Ok(cache.principal().unwrap()),
                Selection::Missing(principal) => Err(principal.to_string()),
                _ => Err(String::new()),
            };
            assert_eq!(selected.as_ref().map_err(String::as_str), expected);
        };
    check("HTTP/a@A.TEST", None, Ok(&anna));
    check("HTTP/b@B.TEST", None, Ok(&ben));
    check("HTTP/c@C.TEST", None, Err(""));
    check("HTTP/a@A.TEST", Some(&ben), Ok(&ben));
    check("HTTP/a@A.TEST", Some(&user()), Err("user@EXAMPLE.COM"));
    let no_realm = Principal::parse("HTTP/a@A.TEST").unwrap().with_realm("");
    assert!(matches!(
        caches.select(&no_realm, None).unwrap(),
        Selection::Undecided
    ));
}

#[test]
fn primary_file_must_hold_one_valid_cache_name() {
    let folder = TempDir::new();
    let primary = folder.join("primary");
    let check = |content: &[u8], expected: Option<&str>| {
        fs::write(&primary, content).unwrap();
        let name = resolve(&dir(folder.path())).map(|cache| cache.name().residual().to_owned());
        match (name, expected) {
            (Ok(name), Some(entry)) => {
                assert_eq!(name, format!(":{}", folder.join(entry).display()));
            }
            (Err(error), None) => {
                let text = format!("{} contains invalid filename", primary.display());
                assert_eq!(error.to_string(), text);
                assert!(error.hint().unwrap().contains("remove it"));
            }
            (name, _) => panic!("unexpected result for {content:?}: {name:?}"),
        }
    };
    check(b"tkt\n", Some("tkt"));
    check(b"tkt1\nmore\n", Some("tkt1"));
    for bad in [
        &b""[..],
        b"tkt",
        b"\n",
        b"../tkt\n",
        b"tkt/../../x\n",
        b"tkt\\x\n",
        b"tkt\0\n",
        b"primary\n",
        b"\xfftkt\n",
    ] {
        check(bad, None);
    }
    let long = |length: usize| format!("tkt{}\n", "x".repeat(length - 4));
    check(long(63).as_bytes(), Some(long(63).trim_end()));
    check(long(64).as_bytes(), None);
    // Such a file does not hide the existing caches.
    fs::write(folder.join("tktother"), "").unwrap();
    assert_eq!(names(&collection(&dir(folder.path()))).len(), 1);

    // A pipe makes nobody wait; a link is followed for reading, and replaced by writing.
    fs::remove_file(&primary).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &primary,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    assert!(matches!(
        resolve(&dir(folder.path())),
        Err(CcacheError::Primary { .. })
    ));
    fs::remove_file(&primary).unwrap();
    let elsewhere = folder.join("elsewhere");
    fs::write(&elsewhere, "tktlinked\n").unwrap();
    symlink(&elsewhere, &primary).unwrap();
    let cache = resolve(&dir(folder.path())).unwrap();
    assert!(cache.name().residual().ends_with("/tktlinked"));
    resolve(&format!("DIR::{}/tktx", folder.path().display()))
        .unwrap()
        .make_primary()
        .unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), b"tktlinked\n");
    assert_eq!(fs::read(&primary).unwrap(), b"tktx\n");
    assert!(!fs::symlink_metadata(&primary).unwrap().is_symlink());
}

#[test]
fn missing_directory_or_plain_file_is_an_error() {
    let folder = TempDir::new();
    let file = folder.join("file");
    fs::write(&file, "").unwrap();
    let missing = folder.join("a/b");
    let check = |name: &str, expected: &str| {
        assert_eq!(resolve(name).unwrap_err().to_string(), expected);
    };
    check(
        &dir(&file),
        &format!(
            "Credential cache directory {} exists but is not a directory",
            file.display()
        ),
    );
    check(
        &dir(&missing),
        &format!(
            "Credential cache directory {} does not exist",
            missing.display()
        ),
    );
    check("DIR:", "Credential cache directory  does not exist");
    check(
        "DIR::tkt",
        "Subsidiary cache path tkt has no parent directory",
    );
    // Looking for caches there is not an error.
    assert_eq!(names(&collection(&dir(&missing))), [""; 0]);
}

#[test]
#[ignore = "needs root: gives a folder away"]
fn foreign_default_dir_in_world_writable_folder_is_refused() {
    let folder = TempDir::new();
    let path = folder.join("krb5cc_0");
    fs::create_dir(&path).unwrap();
    let named = || CcacheName::parse(&dir(&path)).unwrap();
    let options = CcacheOptions::default;
    let resolve = || Ccache::resolve(&named().by_default(), &options());
    assert!(resolve().is_ok(), "our own directory must be accepted");
    chown(&path, Some(12345), None).unwrap();
    assert!(
        resolve().is_ok(),
        "another user's directory must be accepted where only some users can create one"
    );
    for mode in [0o1777, 0o777] {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        let error = resolve().unwrap_err();
        assert!(matches!(
            error,
            CcacheError::ForeignDirectory { owner: 12345, .. }
        ));
        let caches = Collection::new(named().by_default(), options());
        assert!(caches.all().is_err() && caches.new_unique().is_err());
        // A caller that names it knows its owner: root looks at it for its user.
        assert!(Ccache::resolve(&named(), &options()).is_ok());
        assert!(collection(&dir(&path)).all().is_ok());
    }
    chown(&path, Some(0), None).unwrap();
    assert!(resolve().is_ok());
}
