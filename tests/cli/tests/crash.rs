//! Kills the tools at every system call, and makes every system call fail: afterwards a keytab or
//! cache has either its old or its new contents, and MIT's tools can read it.
//!
//! This uses `strace`. It starts with the opening of krb5.conf, because the calls before belong to
//! the loader.
#![allow(clippy::expect_used, clippy::panic, reason = "tests may panic")]
#![cfg_attr(not(strace), allow(dead_code, reason = "only used with strace"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cli::{REALM, old_cache};
use kerberos_files::ccache::CcacheFile;
use kerberos_files::keytab::KeytabFile;
use kerberos_testkdc::TestKdc;
use test_support::{Finished, Place, Tool};

#[path = "crash/calls.rs"]
mod calls;
#[path = "crash/trace.rs"]
mod trace;

use calls::{ERRORS, KILLED_AT, TOLD_WITH_THREADS};
use trace::{assert_hit, calls, made};

/// A change of a file by one of our tools.
struct Change {
    /// Answers until it is dropped.
    _kdc: TestKdc,
    place: Place,
    /// The name of the file or folder that is changed.
    file: &'static str,
    before: Vec<u8>,
    tool: &'static str,
    line: &'static str,
    input: &'static str,
    /// Whether the tool has threads. It is then not always the same thread that makes a call, but
    /// strace counts by thread.
    has_threads: bool,
    /// Whether the tool only adds to the file. It may then succeed without a change, because a
    /// ticket is useful even if it cannot be stored.
    only_adds: bool,
}

const DIGITS: &str = "00112233445566778899aabbccddeeff\n";

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn adding_a_key_survives_kills_and_failed_syscalls() {
    let line = "-k keytab add -p new -V 2 -e rc4-hmac -H";
    Change::keytab("ktutil", line).check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn removing_a_key_survives_kills_and_failed_syscalls() {
    Change::keytab("ktutil", "-k keytab remove -p alice").check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn creating_a_keytab_survives_kills_and_failed_syscalls() {
    let line = "-k made add -p new -V 2 -e rc4-hmac -H";
    let mut change = Change::keytab("ktutil", line);
    (change.file, change.before) = ("made", Vec::new());
    change.check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn replacing_a_cache_survives_kills_and_failed_syscalls() {
    let mut change = Change::keytab("kinit", "-k alice");
    (change.file, change.before) = ("cache", old_cache());
    change.check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn adding_a_ticket_survives_kills_and_failed_syscalls() {
    let mut change = Change::keytab("kvno", "-q app/service");
    change.place.ours("kinit").line("-k alice").run().success();
    let cache = fs::read(change.place.cache()).expect("the file was created");
    (change.file, change.before) = ("cache", cache);
    change.only_adds = true;
    change.check();
}

#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn publishing_a_cache_survives_kills_and_failed_syscalls() {
    let line = "--once -x -k -t keytab -c FILE:cache alice";
    let mut change = Change::keytab("rekinit", line);
    (change.file, change.before) = ("cache", old_cache());
    change.has_threads = true;
    change.check();
}

/// Network file systems may report only on close that there is no space, and the file is then
/// incomplete.
#[test]
#[cfg_attr(not(strace), ignore = "needs strace")]
fn failed_close_keeps_the_old_cache() {
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

/// Somebody who has opened the file can read what is written to it later.
#[test]
#[cfg_attr(
    not(all(strace, root)),
    ignore = "needs strace, and root to change the group"
)]
fn group_is_set_before_the_mode_grants_access() {
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
    /// A place with a keytab for alice.
    fn keytab(tool: &'static str, line: &'static str) -> Self {
        let kdc = TestKdc::builder(REALM)
            .principal("alice", "password")
            .service("app/service");
        let kdc = kdc.start().expect("a port is free");
        let place = Place::new(&kdc.krb5_conf());
        let add = "-k keytab add -p alice -V 1 -e aes256-cts --password-file -";
        let add = place.ours("ktutil").line(add).stdin("password\n");
        add.run().success();
        // An entry after the first one that must not change.
        let other = "-k keytab add -p other -V 1 -e aes128-cts -r";
        place.ours("ktutil").line(other).run().success();
        let before = fs::read(place.path("keytab")).expect("the file was created");
        Self {
            _kdc: kdc,
            place,
            file: "keytab",
            before,
            tool,
            line,
            input: DIGITS,
            has_threads: false,
            only_adds: false,
        }
    }

    /// The states before and after a run, and the system calls of the run.
    fn traced_calls(&self) -> (String, String, BTreeMap<String, BTreeSet<usize>>) {
        self.reset();
        let old = self.state();
        let trace = self.place.path("trace");
        let run = self.traced(&[&format!("-o{}", trace.display())]);
        let new = self.state();
        assert!(run.code() == 0, "{run}");
        assert_ne!(old, new, "the run must change the file");
        let calls = calls(&fs::read_to_string(trace).expect("strace writes it"));
        (old, new, calls)
    }

    fn check(&self) {
        let (old, new, calls) = self.traced_calls();
        let mut killed = Vec::new();
        let mut failed = Vec::new();
        for (call, places) in &calls {
            for place in places {
                if KILLED_AT.contains(&call.as_str()) {
                    let how = format!("{call}:signal=SIGKILL:when={place}");
                    let run = self.inject(&how);
                    let struck = self.struck(call, *place);
                    let hit = run.code() == 137 && !struck.is_empty();
                    assert!(hit || self.has_threads, "{how}: not killed: {run}");
                    let state = self.state();
                    assert!(state == old || state == new, "{how}: {state}");
                    self.check_what_is_left(&how);
                    if hit && state == old {
                        self.goes_next_time(&how, &new);
                    }
                    killed.extend(struck);
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
                    let struck = self.struck(call, *place);
                    if struck.is_empty() && self.has_threads {
                        // The error only hit the loader, or no call at all.
                        continue;
                    }
                    self.check_failed(&how, &run, (&old, &new));
                    failed.extend(struck);
                }
            }
        }
        let tried = killed.len() + failed.len();
        assert!(tried > 20, "strace shows no calls: {calls:?}");
        if self.has_threads {
            // With threads, it is random which calls are hit, but the most important ones must be
            // among them.
            assert_hit(&killed, "write(", "CLI.");
            assert_hit(&killed, "rename", ".cache.");
            assert_hit(&failed, "openat(", ".cache.");
            assert_hit(&failed, "rename", ".cache.");
        }
        // Whatever happened before, the change now works.
        self.reset();
        self.goes_next_time("at last", &new);
        eprintln!("{tried} runs");
    }

    /// After an error from a system call: the tool reports it or continues without the call, and
    /// removes temporary files.
    fn check_failed(&self, how: &str, run: &Finished, (old, new): (&str, &str)) {
        let (state, text) = (self.state(), run.stderr());
        assert!(!text.contains("panicked"), "{how}: {run}");
        match run.code() {
            0 if self.only_adds && state == old => {}
            0 => assert_eq!(state, new, "{how}: success without the change: {run}"),
            1 | 2 => {
                assert!(!text.is_empty(), "{how}: failed without a message");
                assert!(state == old || state == new, "{how}: {state}");
            }
            _ => panic!("{how}: {run}"),
        }
        if !how.starts_with("unlink") {
            assert_eq!(self.left(), [""; 0], "{how}: {run}");
        }
    }

    /// The remains of the last run do not affect the next one.
    fn goes_next_time(&self, how: &str, new: &str) {
        let run = self.tool().run();
        assert!(run.code() == 0, "after {how}: {run}");
        assert_eq!(self.state(), new, "after {how}");
    }

    /// Restores the old state and runs the tool, with the fault `how` injected by strace.
    fn inject(&self, how: &str) -> Finished {
        self.reset();
        let trace = self.place.text("trace");
        self.traced(&["-o", &trace, "-e", &format!("inject={how}")])
    }

    /// The system calls of the last run, after the loader's, with this name and this number within
    /// their thread.
    fn struck(&self, call: &str, number: usize) -> Vec<String> {
        let trace = fs::read_to_string(self.place.path("trace")).expect("strace writes it");
        let made = made(&trace).filter(|made| made.name == call && made.number == number);
        made.map(|made| made.line.to_owned()).collect()
    }

    fn tool(&self) -> Tool {
        let tool: Tool = self.place.ours_installed(self.tool).line(self.line);
        tool.stdin(self.input)
    }

    fn traced(&self, options: &[&str]) -> Finished {
        let mut wrapper = vec!["strace", "-f", "-qq"];
        if self.has_threads {
            // strace hits the same call number in every thread. The loader first looks into these
            // useless folders, so its calls take the low numbers in the first thread, and the other
            // threads' first calls can be hit without affecting only the loader.
            wrapper.extend([
                "-E",
                "LD_LIBRARY_PATH=/none/1:/none/2:/none/3:/none/4:/none/5",
            ]);
        }
        wrapper.extend(options);
        self.tool().through(wrapper).run()
    }

    /// Restores the old contents, and removes remains.
    fn reset(&self) {
        for name in self.left() {
            fs::remove_file(self.place.path(&name)).expect("the file can be removed");
        }
        let path = self.place.path(self.file);
        if self.before.is_empty() {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, &self.before).expect("the file is writable");
        }
    }

    /// Files that a killed process left beside the file.
    fn left(&self) -> Vec<String> {
        let beside = format!(".{}.", self.file);
        let folder = fs::read_dir(self.place.path("")).expect("the folder is readable");
        let names = folder.flatten().map(|one| one.file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(&beside)).collect()
    }

    /// At most one file is left, which only its owner may read; and MIT's tools can read the
    /// result.
    fn check_what_is_left(&self, how: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let left = self.left();
        assert!(left.len() <= 1, "{how}: {left:?}");
        for name in &left {
            let metadata = fs::metadata(self.place.path(name)).expect("the file exists");
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{how}: {name}");
        }
        let path = self.place.path(self.file);
        if cfg!(mit) && path.exists() {
            let what = if self.file == "cache" { "-c" } else { "-kt" };
            let listing = self.place.mit("klist").arg(what).arg(&path).run();
            assert!(listing.code() == 0, "{how}: {listing}");
        }
    }

    /// The contents of the file in words, without times and other values that always differ.
    fn state(&self) -> String {
        let path = self.place.path(self.file);
        let Ok(bytes) = fs::read(&path) else {
            return "nothing".to_owned();
        };
        match self.file {
            "cache" if bytes == self.before => "as it was".to_owned(),
            "cache" if self.only_adds && !bytes.starts_with(&self.before) => {
                "what was there is another".to_owned()
            }
            "cache" => cache(&path),
            // The space of a record that is not yet visible to readers may exist already.
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
        let (etype, key) = (entry.key.etype(), entry.key.expose_bytes());
        let _ = writeln!(
            text,
            "{} {} {etype:?} {key:02x?}",
            entry.principal, entry.kvno
        );
    }
    text
}

/// Keys and tickets differ each time, but their lengths do not.
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
