//! Folders that take seconds to make, such as a KDC's database: made once, below the target folder,
//! and copied by every test, so that no test sees what another did to its copy.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::{TempDir, Tool, parts};

/// The folder `NAME-HASH`, which `make` fills unless an earlier test did; the hash is that of
/// `depends_on`, so that a change of it makes a new one.
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
    // The folder appears under its name only when it is whole.
    let unfinished = all.join(format!("unfinished-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir(&unfinished).unwrap();
    copy(folder.path(), &unfinished);
    fs::rename(&unfinished, &finished).unwrap();
    finished
}

/// Copies what is in `from`, with owners and modes, into the folder `to`.
pub(crate) fn copy(from: &Path, to: &Path) {
    Tool::new("/bin/cp")
        .args(["-a", "--sparse=always"])
        .arg(from.join("."))
        .arg(to)
        .run()
        .success();
}

/// What tells one installed version of a program from another.
pub(crate) fn installed(program: impl AsRef<Path>) -> (u64, u64) {
    let file = fs::metadata(program).unwrap();
    let since_epoch = |time: std::time::SystemTime| time.duration_since(UNIX_EPOCH).ok();
    let changed = file.modified().ok().and_then(since_epoch);
    (file.len(), changed.map_or(0, |time| time.as_secs()))
}
