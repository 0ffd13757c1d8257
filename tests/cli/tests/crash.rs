//! Killed at every system call, and with errors from every system call: afterwards a keytab or a
//! cache is what it was or what it was to become, and MIT's tools read it.
//!
//! `strace` kills and lies. Nothing is tried before the program opens krb5.conf: until then it is
//! the loader's.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![cfg_attr(not(strace), allow(dead_code, reason = "these tests are ignored then"))]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cli::{REALM, old_cache};
use kerberos_files::ccache::CcacheFile;
use kerberos_files::keytab::KeytabFile;
use kerberos_testkdc::TestKdc;
use test_support::{Finished, Place, Tool};

/// What is done to a file.
struct Change {
    /// It answers as long as it is here.
    _kdc: TestKdc,
    place: Place,
    /// The name of the file, or folder, that changes.
    file: &'static str,
    before: Vec<u8>,
    tool: &'static str,
    line: &'static str,
    input: &'static str,
    /// Which thread makes a call is then not the same each time, and strace counts by thread.
    has_threads: bool,
    /// Whether it may succeed without changing the file: a ticket that was got is good, kept or
    /// not.
    may_not_keep: bool,
}

const DIGITS: &str = "00112233445566778899aabbccddeeff\n";

/// Calls that change something, or stand between two that do.
const KILLED_AT: &[&str] = &[
    "openat",
    "write",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "fchmod",
    "fchown",
    "fcntl",
    "flock",
    "close",
    "lseek",
    "exit_group",
];

/// What calls may say.
const ERRORS: &[(&str, &[&str])] = &[
    (
        "ENOSPC",
        &[
            "openat",
            "write",
            "pwrite64",
            "fallocate",
            "fsync",
            "fdatasync",
            "rename",
            "renameat2",
            "mkdir",
        ],
    ),
    (
        "EIO",
        &[
            "openat",
            "read",
            "pread64",
            "write",
            "pwrite64",
            "fsync",
            "fdatasync",
            "rename",
            "renameat2",
            "close",
            "fstat",
            "statx",
            "lseek",
            "ftruncate",
        ],
    ),
    ("EMFILE", &["openat", "socket"]),
    (
        "EINTR",
        &[
            "openat",
            "read",
            "pread64",
            "write",
            "pwrite64",
            "fsync",
            "fdatasync",
            "ftruncate",
            "fallocate",
            "fcntl",
            "flock",
            "close",
            "poll",
            "ppoll",
            "connect",
            "sendto",
            "recvfrom",
        ],
    ),
];

/// Those of them that may fail where there are threads: the others also read and write what wakes a
/// thread, which no kernel refuses, and close a folder, of which Rust's library takes the same for
/// granted.
const TOLD_WITH_THREADS: &[&str] = &[
    "openat",
    "rename",
    "renameat2",
    "socket",
    "connect",
    "sendto",
    "recvfrom",
    "fstat",
    "statx",
];

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn a_key_is_added_to_a_keytab() {
    let line = "-k keytab add -p new -V 2 -e rc4-hmac -H";
    Change::keytab("ktutil", line).check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn a_key_is_removed_from_a_keytab() {
    Change::keytab("ktutil", "-k keytab remove -p alice").check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn a_keytab_is_made() {
    let line = "-k made add -p new -V 2 -e rc4-hmac -H";
    let mut change = Change::keytab("ktutil", line);
    (change.file, change.before) = ("made", Vec::new());
    change.check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn a_login_replaces_a_cache() {
    let mut change = Change::keytab("kinit", "-k alice");
    (change.file, change.before) = ("cache", old_cache());
    change.check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn a_ticket_is_added_to_a_cache() {
    let mut change = Change::keytab("kvno", "-q app/service");
    change.place.ours("kinit").line("-k alice").run().success();
    let cache = fs::read(change.place.cache()).expect("it is made");
    (change.file, change.before) = ("cache", cache);
    change.may_not_keep = true;
    change.check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn a_sidecar_publishes_a_cache() {
    let line = "--once -x -k -t keytab -c FILE:cache alice";
    let mut change = Change::keytab("rekinit", line);
    (change.file, change.before) = ("cache", old_cache());
    change.has_threads = true;
    change.check();
}

/// The file systems of other machines may say only then that there is no room, and what was written
/// is no whole file.
#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn a_new_cache_that_cannot_be_closed_replaces_none() {
    let mut change = Change::keytab("kinit", "-k alice");
    (change.file, change.before) = ("cache", old_cache());
    let (old, new, calls) = change.traced_calls();
    let told = calls["close"].iter().filter(|place| {
        let run = change.inject(&format!("close:error=EDQUOT:when={place}"));
        let told = run.stderr().contains("quota exceeded");
        assert_eq!(run.code(), i32::from(told), "{run}");
        assert_eq!(change.state(), if told { &*old } else { &*new });
        assert_eq!(change.left(), [""; 0]);
        told
    });
    assert_eq!(told.count(), 1);
}

/// Whoever has opened a file may read what is written to it later.
#[test]
#[cfg_attr(
    not(all(strace, root)),
    ignore = "needs strace, and root gives to a group"
)]
fn a_new_cache_is_nobody_elses_before_it_has_its_group() {
    let line = "--once -x -k -t keytab -c FILE:cache -g 1234 -m 0440 alice";
    let mut change = Change::keytab("rekinit", line);
    (change.file, change.before) = ("cache", old_cache());
    let trace = change.place.path("trace");
    let run = change.traced(&[
        "-e",
        "trace=fchown,fchmod",
        "-o",
        &trace.display().to_string(),
    ]);
    assert!(run.code() == 0, "{run}");
    let trace = fs::read_to_string(trace).expect("strace writes it");
    let (group, mode) = (trace.find(", 1234)"), trace.find(", 0440)"));
    assert!(group.is_some() && group < mode, "{trace}");
}

impl Change {
    /// A place with a keytab of alice's.
    fn keytab(tool: &'static str, line: &'static str) -> Self {
        let kdc = TestKdc::builder(REALM)
            .principal("alice", "password")
            .service("app/service");
        let kdc = kdc.start().expect("a port is free");
        let place = Place::new(&kdc.krb5_conf());
        let add = "-k keytab add -p alice -V 1 -e aes256-cts --password-file -";
        let add = place.ours("ktutil").line(add).stdin("password\n");
        add.run().success();
        // Something that stays, on both sides of what changes.
        let other = "-k keytab add -p other -V 1 -e aes128-cts -r";
        place.ours("ktutil").line(other).run().success();
        let before = fs::read(place.path("keytab")).expect("it is made");
        Self {
            _kdc: kdc,
            place,
            file: "keytab",
            before,
            tool,
            line,
            input: DIGITS,
            has_threads: false,
            may_not_keep: false,
        }
    }

    /// What there is before a run and after it, and the calls of that run.
    fn traced_calls(&self) -> (String, String, BTreeMap<String, Vec<usize>>) {
        self.reset();
        let old = self.state();
        let trace = self.place.path("trace");
        let run = self.traced(&[&format!("-o{}", trace.display())]);
        let new = self.state();
        assert!(run.code() == 0, "{run}");
        assert_ne!(old, new, "it changes something");
        let calls = calls(&fs::read_to_string(trace).expect("strace writes it"));
        (old, new, calls)
    }

    fn check(&self) {
        let (old, new, calls) = self.traced_calls();
        let mut tried = 0;
        for (call, places) in &calls {
            for place in places {
                if KILLED_AT.contains(&call.as_str()) {
                    let how = format!("{call}:signal=SIGKILL:when={place}");
                    let run = self.inject(&how);
                    let state = self.state();
                    let missed = self.has_threads && run.code() == 0;
                    assert!(run.code() == 137 || missed, "{how}: not killed: {run}");
                    assert!(state == old || state == new, "{how}: {state}");
                    self.check_what_is_left(&how);
                    tried += 1;
                }
                for (error, said_by) in ERRORS {
                    if !said_by.contains(&call.as_str()) {
                        continue;
                    }
                    if self.has_threads && !TOLD_WITH_THREADS.contains(&call.as_str()) {
                        continue;
                    }
                    let how = format!("{call}:error={error}:when={place}");
                    let run = self.inject(&how);
                    let state = self.state();
                    let text = run.stderr();
                    assert!(!text.contains("panicked"), "{how}: {run}");
                    match run.code() {
                        0 if self.may_not_keep && state == old => {}
                        0 => assert_eq!(state, new, "{how}: a success that is none: {run}"),
                        1 | 2 => {
                            assert!(!text.is_empty(), "{how}: it does not say what is wrong");
                            assert!(state == old || state == new, "{how}: {state}");
                        }
                        _ => panic!("{how}: {run}"),
                    }
                    tried += 1;
                }
            }
        }
        assert!(tried > 20, "strace shows no calls: {calls:?}");
        // However it went before, it goes now.
        self.reset();
        let run = self.traced(&[]);
        assert!(run.code() == 0, "{run}");
        assert_eq!(self.state(), new);
        eprintln!("{tried} runs");
    }

    fn inject(&self, how: &str) -> Finished {
        self.reset();
        self.traced(&["-o/dev/null", "-e", &format!("inject={how}")])
    }

    fn traced(&self, options: &[&str]) -> Finished {
        let wrapper = ["strace", "-f", "-qq"].iter().chain(options);
        let tool: Tool = self.place.ours_installed(self.tool).line(self.line);
        tool.stdin(self.input).through(wrapper).run()
    }

    /// Everything as it was, and nothing that was left.
    fn reset(&self) {
        for name in self.left() {
            fs::remove_file(self.place.path(&name)).expect("it is ours");
        }
        let path = self.place.path(self.file);
        if self.before.is_empty() {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, &self.before).expect("it is ours");
        }
    }

    /// What a killed process left beside the file.
    fn left(&self) -> Vec<String> {
        let beside = format!(".{}.", self.file);
        let folder = fs::read_dir(self.place.path("")).expect("it is ours");
        let names = folder.flatten().map(|one| one.file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(&beside)).collect()
    }

    /// One file at most, which only its owner may read; and MIT's tools take what is there.
    fn check_what_is_left(&self, how: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let left = self.left();
        assert!(left.len() <= 1, "{how}: {left:?}");
        for name in &left {
            let metadata = fs::metadata(self.place.path(name)).expect("it is there");
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{how}: {name}");
        }
        let path = self.place.path(self.file);
        if cfg!(mit) && path.exists() {
            let what = if self.file == "cache" { "-c" } else { "-kt" };
            let listing = self.place.mit("klist").arg(what).arg(&path).run();
            assert!(listing.code() == 0, "{how}: {listing}");
        }
    }

    /// What is in the file, in words; times and keys, which are others each time, left out.
    fn state(&self) -> String {
        let path = self.place.path(self.file);
        if !path.exists() {
            return "nothing".to_owned();
        }
        match self.file {
            "cache" => cache(&path),
            _ => keytab(&path),
        }
    }
}

fn keytab(path: &Path) -> String {
    let entries = match KeytabFile::new(path).entries() {
        Ok(entries) => entries,
        Err(error) => return format!("no keytab: {error}"),
    };
    let mut text = String::new();
    for entry in entries {
        let (etype, length) = (entry.key.etype(), entry.key.expose_bytes().len());
        let _ = writeln!(
            text,
            "{} {} {etype:?} {length}",
            entry.principal, entry.kvno
        );
    }
    text
}

fn cache(path: &Path) -> String {
    let mut reader = match CcacheFile::new(path).open() {
        Ok(reader) => reader,
        Err(error) => return format!("no cache: {error}"),
    };
    let mut text = format!("{}\n", reader.default_principal());
    loop {
        match reader.next() {
            Ok(Some(view)) => {
                let (server, length) = (view.server().to_principal(), view.ticket().len());
                let _ = writeln!(text, "{server} {length}");
            }
            Ok(None) => return text,
            Err(error) => return format!("{text}then {error}"),
        }
    }
}

/// The calls in a trace from the opening of krb5.conf on: of each name, which ones in their order
/// from 1, as strace counts.
fn calls(trace: &str) -> BTreeMap<String, Vec<usize>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut calls: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut ours = false;
    for line in trace.lines() {
        // With threads each line begins with a number.
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((name, arguments)) = line.split_once('(') else {
            continue;
        };
        let count = counts.entry(name).or_default();
        *count += 1;
        ours |= name == "openat" && arguments.contains("krb5.conf");
        if ours {
            calls.entry(name.to_owned()).or_default().push(*count);
        }
    }
    calls
}
