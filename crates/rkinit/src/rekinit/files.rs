//! Notices when the files with secrets change, without looking at them from time to time.
//!
//! It is the folders that are watched (inotify): Kubernetes swaps a symbolic link beside the file
//! (`..data`), and an editor puts another file in its place. And it is the files themselves: one that
//! is mounted alone, as Compose does it, is written to in a folder that is not ours to see. Where
//! that is not to be had, nothing is lost but time: each login reads the secret anew.

use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use kerberos_files::stamp::FileStamp;
use rustix::fs::inotify;
use rustix::fs::inotify::CreateFlags;
use rustix::fs::inotify::WatchFlags;

/// Files, and what they were when they were last looked at.
#[derive(Debug)]
pub(super) struct Files {
    inotify: OwnedFd,
    watched: Vec<(PathBuf, Option<FileStamp>)>,
    /// Something happened: they are looked at when it has been quiet for a moment.
    look_at: Option<Instant>,
}

impl Files {
    /// Watches `files`.
    ///
    /// # Errors
    /// When the system has no watch to give: their number is limited.
    pub(super) fn watch(files: impl IntoIterator<Item = PathBuf>) -> std::io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut paths: Vec<PathBuf> = files.into_iter().collect();
        paths.sort();
        paths.dedup();
        let files = Self {
            inotify,
            watched: paths
                .into_iter()
                .map(|path| {
                    let stamp = FileStamp::of(&path).ok();
                    (path, stamp)
                })
                .collect(),
            look_at: None,
        };
        files.add_watches()?;
        Ok(files)
    }

    /// When it has something to do by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look_at
    }

    /// Takes note of what happened.
    pub(super) fn read_events(&mut self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut matters = false;
        while let Ok(event) = reader.next() {
            // Without a name it is a watched file or folder itself, or events were lost.
            matters |= event.file_name().is_none_or(|name| {
                let name = name.to_bytes();
                name == b"..data" || self.watched.iter().any(|(path, _)| is_named(path, name))
            });
        }
        if matters {
            self.look_at = Instant::now().checked_add(QUIET);
        }
    }

    /// The files that have changed, once it is quiet.
    pub(super) fn changed(&mut self) -> Vec<PathBuf> {
        if self.look_at.is_none_or(|at| at > Instant::now()) {
            return Vec::new();
        }
        self.look_at = None;
        // The way to a file may lead through other folders now.
        self.watch_again();
        let mut changed = Vec::new();
        for (path, before) in &mut self.watched {
            let now = FileStamp::of(path).ok();
            // What is gone is no new secret.
            if now != *before && now.is_some() {
                changed.push(path.clone());
            }
            *before = now;
        }
        changed
    }

    /// Watches folders that were not there before, too.
    pub(super) fn watch_again(&self) {
        // What cannot be watched is read at each login all the same.
        let _ = self.add_watches();
    }

    /// Watches the folder that each file is in, the one that it really is in, and the file.
    fn add_watches(&self) -> rustix::io::Result<()> {
        let mut result = Ok(());
        for (path, _) in &self.watched {
            let real = path.canonicalize().ok();
            let folders = [Some(path.as_path()), real.as_deref()];
            let folders = folders.into_iter().flatten().filter_map(folder_of);
            for place in folders.chain(real.as_deref()) {
                let added = inotify::add_watch(&self.inotify, place, WHAT);
                // What is not there yet is looked for at the next login.
                if let Err(errno) = added
                    && errno != rustix::io::Errno::NOENT
                {
                    result = Err(errno);
                }
            }
        }
        result
    }
}

impl AsFd for Files {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn is_named(path: &Path, name: &[u8]) -> bool {
    path.file_name().map(std::ffi::OsStr::as_encoded_bytes) == Some(name)
        || path
            .canonicalize()
            .ok()
            .and_then(|real| real.file_name().map(OsString::from))
            .is_some_and(|real| real.as_encoded_bytes() == name)
}

fn folder_of(path: &Path) -> Option<&Path> {
    let folder = path.parent()?;
    Some(if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    })
}

/// How long it must be quiet: a file is copied piece by piece.
const QUIET: Duration = Duration::from_millis(200);

const WHAT: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::CREATE)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn wait(files: &mut Files) -> Vec<PathBuf> {
        for _ in 0..40 {
            std::thread::sleep(Duration::from_millis(50));
            files.read_events();
            let changed = files.changed();
            if !changed.is_empty() {
                return changed;
            }
        }
        Vec::new()
    }

    #[test]
    fn a_swapped_link_is_noticed_and_a_neighbour_is_not() {
        let folder = std::env::temp_dir().join(format!("rekinit-files-{}", std::process::id()));
        let at = |name: &str| folder.join(name);
        for version in ["..1", "..2"] {
            std::fs::create_dir_all(at(version)).unwrap();
            std::fs::write(at(version).join("keytab"), version).unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/keytab", at("keytab")).unwrap();
        let mut files = Files::watch([at("keytab")]).unwrap();
        std::fs::write(at("neighbour"), "").unwrap();
        files.read_events();
        assert_eq!(files.deadline(), None);
        symlink("..2", at("..data_tmp")).unwrap();
        std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert_eq!(wait(&mut files), [at("keytab")]);
        // The file that the link now leads to is watched, too.
        std::fs::write(at("..2").join("keytab"), "longer").unwrap();
        assert_eq!(wait(&mut files), [at("keytab")]);
        // It is, too, when it is written to by a name that it has in another folder.
        std::fs::create_dir(at("elsewhere")).unwrap();
        std::fs::hard_link(at("..2").join("keytab"), at("elsewhere/other")).unwrap();
        std::fs::write(at("elsewhere/other"), "longer still").unwrap();
        assert_eq!(wait(&mut files), [at("keytab")]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
