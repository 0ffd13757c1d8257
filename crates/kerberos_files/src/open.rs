//! Opening files for reading and changing, without waiting for a writer that may never come.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Opens `path` for reading, without waiting for another program to open it.
///
/// Named pipes are refused: opening one waits until a program opens it for writing, possibly
/// forever, and without a writer it reads as empty. Reading does wait for a pipe that this process
/// was given, as in `klist -kt <(command)` or `/dev/stdin`, because the caller has provided a
/// writer; likewise for a terminal that is named by its descriptor. Other devices, such as
/// `/dev/null`, return what they have at once.
pub(crate) fn to_read(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() || kind.is_dir() {
        return Ok(file);
    }
    let was_given = names_descriptor(path) || (kind.is_fifo() && has_no_name(&file));
    if kind.is_fifo() && !was_given {
        return Err(not_a_file());
    }
    if was_given {
        // A reopened descriptor has its own flags, so those of the original are not changed.
        wait_to_read(&file)?;
    }
    Ok(file)
}

/// Makes reads wait for data, for a file that was opened without waiting.
pub(crate) fn wait_to_read(file: &File) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    Ok(rustix::fs::fcntl_setfl(
        file,
        flags.difference(OFlags::NONBLOCK),
    )?)
}

/// Opens the existing ordinary file at `path` for reading and writing.
pub(crate) fn to_change(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(not_a_file())
    }
}

/// Whether `path` refers to a descriptor of this process.
fn names_descriptor(path: &Path) -> bool {
    path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"]
            .iter()
            .any(|folder| path.starts_with(folder))
}

/// Whether this is a pipe made by `pipe(2)`, which can only be reached through a descriptor.
pub(crate) fn has_no_name(pipe: &File) -> bool {
    const PIPEFS_MAGIC: rustix::fs::FsWord = 0x5049_5045;
    rustix::fs::fstatfs(pipe).is_ok_and(|system| system.f_type == PIPEFS_MAGIC)
}

/// Callers distinguish this from file system errors, and report it in their own words.
fn not_a_file() -> io::Error {
    io::ErrorKind::IsADirectory.into()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use test_support::TempDir;

    use super::*;
    use crate::window::Window;

    #[test]
    #[cfg_attr(miri, ignore = "a system call that miri lacks")]
    fn named_pipe_is_refused_and_inherited_pipe_is_read() {
        use std::os::fd::AsRawFd as _;
        let folder = TempDir::new();
        let path = folder.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let is_refused =
            |result: io::Result<File>| result.unwrap_err().kind() == io::ErrorKind::IsADirectory;
        assert!(is_refused(to_read(&path)));
        assert!(is_refused(to_change(&path)));
        assert!(is_refused(to_change(Path::new("/dev/null"))));
        let mut nothing = Window::open(Path::new("/dev/null")).unwrap();
        assert!(!nothing.require(1).unwrap());

        let (reader, mut writer) = io::pipe().unwrap();
        for folder in ["/dev/fd", "/proc/self/fd", "/proc/self/../self/fd"] {
            let given = Path::new(folder).join(reader.as_raw_fd().to_string());
            let mut window = Window::open(&given).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(std::time::Duration::from_millis(30));
                    writer.write_all(b"late").unwrap();
                });
                assert!(window.require(4).unwrap());
            });
            assert_eq!(window.bytes(), b"late");
        }
    }
}
