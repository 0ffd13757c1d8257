//! KCM caches: daemons that support little, and daemons that are hostile or faulty.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helper functions of tests"
)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use kerberos_files::ccache::{
    Ccache, CcacheError, CcacheName, CcacheOptions, Collection, KcmError, Version,
    encode_credential, encode_principal,
};
use test_support::TempDir;

#[path = "support/kcm_daemon.rs"]
mod kcm_daemon;
#[path = "support/samples.rs"]
mod samples;

use kcm_daemon::Daemon;
use samples::{cache, content, credential, user};

const INITIALIZE: u16 = 4;
const STORE: u16 = 6;
const GET_PRINCIPAL: u16 = 8;
const GET_CRED_UUID_LIST: u16 = 9;
const GET_CRED_BY_UUID: u16 = 10;
const GET_CACHE_UUID_LIST: u16 = 18;
const GET_CACHE_BY_UUID: u16 = 19;
const GET_DEFAULT_CACHE: u16 = 20;
const GET_KDC_OFFSET: u16 = 22;
const SET_KDC_OFFSET: u16 = 23;
const GET_CRED_LIST: u16 = 13_001;
const REPLACE: u16 = 13_002;

const NOT_FOUND: i32 = -1_765_328_243;
const END: i32 = -1_765_328_242;
const IO: i32 = -1_765_328_191;
const NO_FILE: i32 = -1_765_328_189;
const INTERNAL: i32 = -1_765_328_188;
const NO_SUPPORT: i32 = -1_765_328_137;

fn options(socket: &Path) -> CcacheOptions {
    CcacheOptions::default().with_kcm_socket(Some(socket))
}

/// Of who does not wait long for a daemon that may not answer at all.
fn impatient(socket: &Path) -> CcacheOptions {
    options(socket).with_kcm_timeout(Duration::from_millis(300))
}

fn resolve(socket: &Path) -> Result<Ccache, CcacheError> {
    Ccache::resolve(&kcm(), &options(socket))
}

fn kcm() -> CcacheName {
    CcacheName::parse("KCM:0").unwrap()
}

fn kcm_error(error: CcacheError) -> KcmError {
    match error {
        CcacheError::Kcm(error) => error,
        other => panic!("{other:?}"),
    }
}

/// The result of reading from a daemon with this behaviour.
fn reading(name: &str, serve: impl Fn(UnixStream) + Send + Sync + 'static) -> KcmError {
    reading_with(options, name, serve)
}

fn reading_with(
    options: impl Fn(&Path) -> CcacheOptions,
    name: &str,
    serve: impl Fn(UnixStream) + Send + Sync + 'static,
) -> KcmError {
    let folder = TempDir::new();
    let daemon = Daemon::new(&folder.join("socket"), serve);
    let options = options(daemon.socket());
    let begin = Instant::now();
    let cache = Ccache::resolve(&kcm(), &options).unwrap();
    let error = cache.open().unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(5), "{name}: {error}");
    kcm_error(error)
}

#[test]
fn hanging_daemon_times_out() {
    // It receives the request and does not answer.
    let error = reading_with(impatient, "mute", |mut stream| {
        let _ = kcm_daemon::request(&mut stream);
        std::thread::sleep(Duration::from_secs(20));
    });
    assert_eq!(error.to_string(), "KCM daemon does not answer");
    // It sends a byte now and then, forever.
    let error = reading_with(impatient, "drip", |mut stream| {
        let _ = stream.write_all(&[0, 0x10, 0, 0, 0, 0, 0, 0]);
        while stream.write_all(&[0]).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert!(matches!(error, KcmError::Timeout { .. }), "{error:?}");
}

#[test]
fn daemon_that_accepts_no_connection_times_out() {
    let folder = TempDir::new();
    let socket = folder.join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    // Nobody accepts connections, so the queue fills up.
    rustix::net::listen(&listener, 1).unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    let begin = Instant::now();
    let error = kcm_error(Ccache::resolve(&kcm(), &impatient(&socket)).unwrap_err());
    assert!(matches!(error, KcmError::Timeout { .. }), "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop(waiting);
}

#[test]
fn replies_with_wrong_lengths_are_errors() {
    for (length, expected) in [
        (u32::MAX, "KCM daemon reply too big"),
        (10 << 20, "Credentials cache I/O operation failed"),
        (0, "Malformed reply from KCM daemon"),
        (3, "Malformed reply from KCM daemon"),
    ] {
        let error = reading(&format!("length-{length}"), move |mut stream| {
            let _ = kcm_daemon::request(&mut stream);
            let _ = stream.write_all(&length.to_be_bytes());
            let _ = stream.write_all(&[0; 4 + 3]);
        });
        assert_eq!(error.to_string(), expected);
        assert!(error.hint().is_some());
    }
}

#[test]
fn closed_connection_and_refusal_are_errors() {
    let error = reading("closed", drop);
    assert!(matches!(error, KcmError::Closed), "{error:?}");
    let error = reading("transport", |mut stream| {
        let _ = kcm_daemon::request(&mut stream);
        let _ = stream.write_all(&[0, 0, 0, 0, 0, 0, 0, 13]);
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(error.to_string(), "Permission denied");
}

#[test]
fn missing_daemon_is_an_error_with_a_hint() {
    let folder = TempDir::new();
    let check = |options: &CcacheOptions, expected: &str, hint: &str| {
        let name = CcacheName::parse("KCM:").unwrap();
        let error = Ccache::resolve(&name, options).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let told = error.hint().unwrap();
        assert!(told.contains(hint), "{told}");
    };
    let socket = folder.join("socket");
    check(&options(&socket), "No KCM server found", "sssd-kcm.socket");
    drop(UnixListener::bind(&socket).unwrap());
    check(&options(&socket), "Connection refused", "the socket is");
    let none = CcacheOptions::default().with_kcm_socket(None::<&Path>);
    check(&none, "No KCM server found", "kcm_socket = -");
    let long = Path::new("/").join("x".repeat(200));
    check(&options(&long), "File name too long", "the socket is");
    let name = CcacheName::parse("KCM:a\0b").unwrap();
    let error = Ccache::resolve(&name, &options(&socket)).unwrap_err();
    assert_eq!(error.to_string(), "Credential cache name malformed");
}

#[test]
fn missing_cache_is_recognized_by_every_status() {
    // Heimdal's answer, MIT's, and two unusual ones.
    for status in [0, NO_FILE, END, NOT_FOUND] {
        let folder = TempDir::new();
        let daemon = Daemon::answering(&folder.join("socket"), move |_, _| (status, Vec::new()));
        let error = resolve(daemon.socket()).unwrap().open().unwrap_err();
        assert!(error.is_no_cache(), "{error:?}");
        assert_eq!(error.to_string(), "Credentials cache 'KCM:0' not found");
        assert_eq!(error.base_text(), "No credentials cache found");
    }
}

/// A daemon with one cache of one ticket, which does not support any of MIT's extensions.
fn old_daemon(folder: &TempDir, unsupported: i32) -> Daemon {
    let record = encode_credential(Version::V4, &credential("krbtgt/A@A")).unwrap();
    let owner = encode_principal(Version::V4, &user()).unwrap();
    Daemon::answering(&folder.join("socket"), move |operation, parameters| {
        match operation {
            GET_PRINCIPAL => (0, owner.clone()),
            GET_KDC_OFFSET => (0, 7_i32.to_be_bytes().to_vec()),
            GET_CRED_UUID_LIST => (0, [[1; 16], [2; 16]].concat()),
            GET_CRED_BY_UUID if parameters.ends_with(&[1; 16]) => (0, record.to_vec()),
            // It has been removed meanwhile.
            GET_CRED_BY_UUID => (END, Vec::new()),
            GET_CRED_LIST | REPLACE => (unsupported, Vec::new()),
            _ => panic!("unexpected operation {operation}"),
        }
    })
}

#[test]
fn credentials_are_fetched_one_by_one_without_list_support() {
    for unsupported in [INTERNAL, NO_SUPPORT, IO] {
        let folder = TempDir::new();
        let daemon = old_daemon(&folder, unsupported);
        let cache = resolve(daemon.socket()).unwrap();
        assert_eq!(content(&cache), ["krbtgt/A@A"]);
        assert_eq!(cache.open().unwrap().kdc_offset().unwrap().seconds, 7);
    }
}

#[test]
fn replace_falls_back_to_initialize_and_store() {
    static SEEN: Mutex<Vec<(u16, usize)>> = Mutex::new(Vec::new());
    let folder = TempDir::new();
    let daemon = Daemon::answering(&folder.join("socket"), |operation, parameters| {
        SEEN.lock().unwrap().push((operation, parameters.len()));
        let status = if operation == REPLACE { INTERNAL } else { 0 };
        (status, Vec::new())
    });
    let two = cache(Version::V4, &["krbtgt/A@A", "host/a@A"]);
    resolve(daemon.socket())
        .unwrap()
        .replace_with(&two)
        .unwrap();
    let record = |server| {
        let record = encode_credential(Version::V4, &credential(server)).unwrap();
        // After the name of the cache and its NUL.
        2 + record.len()
    };
    let owner = 2 + encode_principal(Version::V4, &user()).unwrap().len();
    let (tgt, host) = (record("krbtgt/A@A"), record("host/a@A"));
    let all = owner + 4 + 4 + (4 + tgt - 2) + (4 + host - 2);
    let expected = [
        (REPLACE, all),
        (INITIALIZE, owner),
        (SET_KDC_OFFSET, 2 + 4),
        (STORE, tgt),
        (STORE, host),
    ];
    assert_eq!(*SEEN.lock().unwrap(), expected);
}

#[test]
fn damaged_entries_and_owners_are_format_errors() {
    for damaged in [GET_PRINCIPAL, GET_CRED_LIST] {
        let folder = TempDir::new();
        let owner = encode_principal(Version::V4, &user()).unwrap();
        let daemon = Daemon::answering(
            &folder.join("socket"),
            move |operation, _| match operation {
                operation if operation == damaged => (0, b"\0\0\0\x01\0\0\0\x03abc".to_vec()),
                GET_PRINCIPAL => (0, owner.clone()),
                _ => (NO_SUPPORT, Vec::new()),
            },
        );
        let error = resolve(daemon.socket()).unwrap().open().unwrap_err();
        assert_eq!(error.to_string(), "Bad format in credentials cache");
        assert!(matches!(error, CcacheError::Entry { .. }), "{error:?}");
    }
}

#[test]
fn collection_lists_the_primary_cache_first_and_once() {
    let folder = TempDir::new();
    let owner = encode_principal(Version::V4, &user()).unwrap();
    let daemon = Daemon::answering(&folder.join("socket"), move |operation, parameters| match (
        operation,
        parameters.first(),
    ) {
        (GET_CACHE_UUID_LIST, _) => (0, [[1; 16], [2; 16], [3; 16]].concat()),
        (GET_CACHE_BY_UUID, Some(1)) => (0, b"0:other\0".to_vec()),
        (GET_CACHE_BY_UUID, Some(2)) | (GET_DEFAULT_CACHE, _) => (0, b"0\0".to_vec()),
        (GET_PRINCIPAL, _) => (0, owner.clone()),
        (GET_CACHE_BY_UUID, _) => (NO_FILE, Vec::new()),
        _ => panic!("unexpected operation {operation}"),
    });
    let all = |name| {
        let caches = Collection::new(CcacheName::parse(name).unwrap(), options(daemon.socket()));
        let caches = caches.all().unwrap();
        let names = caches.iter().map(|cache| cache.name().to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(all("KCM:"), ["KCM:0", "KCM:0:other"]);
    assert_eq!(all("KCM:0:other"), ["KCM:0:other"]);
    fs::remove_file(daemon.socket()).unwrap();
    let none = Daemon::answering(&folder.join("socket"), |_, _| (NO_FILE, Vec::new()));
    let caches = Collection::new(CcacheName::parse("KCM:").unwrap(), options(none.socket()));
    assert_eq!(caches.all().unwrap().len(), 0);
}
