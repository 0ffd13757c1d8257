//! Folders that take seconds to create, such as a KDC's database: created once, below the target
//! folder, and copied by every test, so that tests do not affect each other.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::{TempDir, Tool, parts};

/// The folder `NAME-HASH`, which `make` fills unless an earlier test did so. The hash is computed
/// from `depends_on`, so that a change there creates a new folder.
pub(crate) fn folder(name: &str, depends_on: impl Hash, make: impl FnOnce(&Path)) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    depends_on.hash(&mut hasher);
    let all = parts::target_dir().join("test-support");
    fs::create_dir_all(&all).unwrap();
    let finished = all.join(format!("{name}-{:016x}", hasher.finish()));
    if finished.exists() {
        return finished;
    }
    let lock = File::create(all.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if finished.exists() {
        return finished;
    }
    let folder = TempDir::new();
    make(folder.path());
    // The folder gets its final name only when it is complete.
    let unfinished = all.join(format!("unfinished-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir(&unfinished).unwrap();
    copy(folder.path(), &unfinished);
    fs::rename(&unfinished, &finished).unwrap();
    finished
}

/// Copies the contents of `from`, with owners and modes, into the folder `to`.
pub(crate) fn copy(from: &Path, to: &Path) {
    Tool::new("/bin/cp")
        .args(["-a", "--sparse=always"])
        .arg(from.join("."))
        .arg(to)
        .run()
        .success();
}

/// Values that identify the installed version of a program.
pub(crate) fn installed(program: impl AsRef<Path>) -> (u64, u64) {
    let file = fs::metadata(program).unwrap();
    let since_epoch = |time: std::time::SystemTime| time.duration_since(UNIX_EPOCH).ok();
    let changed = file.modified().ok().and_then(since_epoch);
    (file.len(), changed.map_or(0, |time| time.as_secs()))
}
