//! Advisory locks on whole files, which MIT's, Heimdal's and our tools all respect.
//!
//! MIT's and Heimdal's tools use `fcntl` locks. On Linux, locks of open file descriptions conflict
//! with those and, unlike plain `fcntl` locks, also separate the threads of a process. The others
//! would ignore `flock`, which `std::fs::File::lock` uses.

use std::fs::File;
use std::io;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// Takes a shared lock on the whole `file`, waiting until nobody holds an exclusive one.
///
/// The lock lasts until [`unlock`], or until `file` and all its duplicates are closed.
///
/// # Errors
/// The error of `fcntl`: the file system does not support locks, or the wait was interrupted.
pub fn lock_shared(file: &File) -> io::Result<()> {
    set_lock(file, libc::F_RDLCK)
}

/// Takes an exclusive lock on the whole `file`, which must be open for writing, waiting for others.
///
/// # Errors
/// The same as [`lock_shared`].
pub fn lock_exclusive(file: &File) -> io::Result<()> {
    set_lock(file, libc::F_WRLCK)
}

/// Releases the lock.
///
/// # Errors
/// The same as [`lock_shared`].
pub fn unlock(file: &File) -> io::Result<()> {
    set_lock(file, libc::F_UNLCK)
}

/// Whether the file cannot be locked at all, in which case a reader may continue without a lock.
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw),
        Some(Errno::ENOLCK | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL | Errno::EBADF)
    )
}

fn set_lock(file: &File, kind: libc::c_int) -> io::Result<()> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the constants 0, 1 and 2 fit any width"
    )]
    let lock = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    loop {
        let mut result = fcntl(file, FcntlArg::F_OFD_SETLKW(&lock));
        if result == Err(Errno::EINVAL) {
            // The kernel does not support locks of open file descriptions. MIT falls back to plain
            // ones, too.
            result = fcntl(file, FcntlArg::F_SETLKW(&lock));
        }
        match result {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "a system call that miri lacks")]
    fn an_exclusive_lock_keeps_another_thread_out() {
        let folder = test_support::TempDir::new();
        let path = folder.join("file");
        let first = File::create(&path).unwrap();
        let second = File::options().read(true).open(&path).unwrap();
        lock_exclusive(&first).unwrap();
        let released = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                lock_shared(&second).unwrap();
                assert!(
                    released.load(Ordering::SeqCst),
                    "the shared lock was granted beside an exclusive one"
                );
            });
            std::thread::sleep(std::time::Duration::from_millis(30));
            released.store(true, Ordering::SeqCst);
            unlock(&first).unwrap();
        });
    }
}
