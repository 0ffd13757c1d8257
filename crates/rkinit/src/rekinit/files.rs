//! Notices changes of files with secrets, without polling them.
//!
//! The folders are watched (inotify), because an editor replaces the file by another one, and
//! Kubernetes replaces a symbolic link (`..data`) on the path to it. So the folder of each link on
//! the path is watched, too. If something on the path is missing, the last existing folder is
//! watched. The files themselves are watched as well: a file that is mounted alone, as Compose
//! does, changes in a folder that is not visible to us. Where watching is impossible, changes are
//! just noticed later, because each login reads the secret again.

mod way;

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kerberos_files::stamp::FileStamp;
use rustix::fs::inotify;
use rustix::fs::inotify::{CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use way::{FOLDER, way_to};

use crate::messages::system_text;
use crate::rekinit::log::Log;

/// Watched files, and their state when they were last looked at.
#[derive(Debug)]
pub(super) struct Files {
    inotify: OwnedFd,
    log: Log,
    watched: Vec<Watched>,
    /// The descriptors of all watches, with the events of each.
    watches: BTreeMap<i32, WatchFlags>,
    /// The watched folders and files on the paths to the secrets.
    places: Vec<Place>,
    /// Set if something has happened: when to look at the files, if nothing else happens until
    /// then.
    look_at: Option<Instant>,
}

#[derive(Debug)]
struct Watched {
    path: PathBuf,
    /// Its state at the last report of changes.
    told: Option<FileStamp>,
    /// Its state at the last event.
    seen: Option<FileStamp>,
    /// Whether a warning was logged that it cannot be watched.
    is_complained_of: bool,
}

/// A folder or file to watch for the secret with index `file`.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    file: usize,
    path: PathBuf,
    events: WatchFlags,
}

impl Files {
    /// Watches `files`. A file that cannot be watched causes a warning and does not affect the
    /// others.
    ///
    /// # Errors
    /// When the system has no more inotify instances, which are limited in number.
    pub(super) fn watch(
        files: impl IntoIterator<Item = PathBuf>,
        log: Log,
    ) -> std::io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut paths: Vec<PathBuf> = files.into_iter().collect();
        paths.sort();
        paths.dedup();
        let watched = paths.into_iter().map(|path| {
            let stamp = FileStamp::of(&path).ok();
            Watched {
                path,
                told: stamp,
                seen: stamp,
                is_complained_of: false,
            }
        });
        let mut files = Self {
            inotify,
            log,
            watched: watched.collect(),
            watches: BTreeMap::new(),
            places: Vec::new(),
            look_at: None,
        };
        files.watch_again();
        Ok(files)
    }

    /// When to call [`changed`](Self::changed) next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look_at
    }

    /// Reads the pending events.
    pub(super) fn read_events(&mut self) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut happened = false;
        while let Ok(event) = reader.next() {
            // The end of a watch always follows another event.
            happened |= event.events() != ReadFlags::IGNORED;
        }
        if !happened {
            return;
        }
        self.watch_again();
        // The name in an event is useless, because any name may belong to a link on the path. So
        // each file is compared, and events of neighbouring files do not postpone the check
        // forever.
        let mut changed = false;
        for file in &mut self.watched {
            let now = FileStamp::of(&file.path).ok();
            changed |= now != file.seen;
            file.seen = now;
        }
        if changed {
            self.look_at = Instant::now().checked_add(QUIET);
        }
    }

    /// The files that have changed, once no events have come for a while.
    pub(super) fn changed(&mut self) -> Vec<PathBuf> {
        if self.look_at.is_none_or(|at| at > Instant::now()) {
            return Vec::new();
        }
        self.look_at = None;
        let mut changed = Vec::new();
        for file in &mut self.watched {
            let now = FileStamp::of(&file.path).ok();
            // A file that is gone is not a new secret, nor is one that comes back unchanged.
            if now.is_some() && now != file.told {
                changed.push(file.path.clone());
                file.told = now;
            }
            file.seen = now;
        }
        changed
    }

    /// Watches the current paths to the files.
    pub(super) fn watch_again(&mut self) {
        // Something may be added to the path before the folder that contains it is watched. Another
        // look detects this.
        for _ in 0..ATTEMPTS {
            self.set_watches();
            if self.places() == self.places {
                return;
            }
        }
    }

    fn places(&self) -> Vec<Place> {
        let files = self.watched.iter().enumerate();
        files
            .flat_map(|(file, watched)| {
                let place = move |(path, events)| Place { file, path, events };
                way_to(&watched.path).into_iter().map(place)
            })
            .collect()
    }

    fn set_watches(&mut self) {
        self.places = self.places();
        let mut wanted: BTreeMap<&Path, WatchFlags> = BTreeMap::new();
        for place in &self.places {
            let events = wanted.entry(&place.path).or_insert(WatchFlags::empty());
            *events |= place.events;
        }
        let mut watches: BTreeMap<i32, WatchFlags> = BTreeMap::new();
        let mut failed = Vec::new();
        for (path, events) in wanted {
            let added = inotify::add_watch(&self.inotify, path, events).and_then(|number| {
                // A file that is mounted twice has two names but only one watch, which must cover
                // the events of both.
                let before = watches.get(&number).copied();
                let all = before.unwrap_or(WatchFlags::empty()) | events;
                if all != events {
                    inotify::add_watch(&self.inotify, path, all)?;
                }
                watches.insert(number, all);
                Ok(())
            });
            if let Err(errno) = added {
                failed.push((path.to_owned(), errno));
            }
        }
        for number in self.watches.keys() {
            if !watches.contains_key(number) {
                // If its folder is gone, the watch has ended by itself.
                let _ = inotify::remove_watch(&self.inotify, *number);
            }
        }
        self.watches = watches;
        for (path, errno) in failed {
            self.complain(&path, errno);
        }
    }

    /// Logs a warning that the folder at `path` cannot be watched, once for each affected file.
    fn complain(&mut self, path: &Path, errno: Errno) {
        // If it has just been removed, another event reports that. If a file cannot be watched, its
        // folder still is.
        if matches!(errno, Errno::NOENT | Errno::NOTDIR) {
            return;
        }
        let concerns = |place: &&Place| place.path == path && place.events == FOLDER;
        for place in self.places.iter().filter(concerns) {
            let Some(file) = self.watched.get_mut(place.file) else {
                continue;
            };
            if std::mem::replace(&mut file.is_complained_of, true) {
                continue;
            }
            let text = format!(
                "changes to {} may be noticed only at the next login or signal: {} cannot be watched: {}",
                file.path.display(),
                path.display(),
                system_text(&errno.into())
            );
            let event = self.log.warning(text);
            event.with("event", "unwatched").write();
        }
    }
}

impl AsFd for Files {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

/// How long no events must come, because a file may be copied in pieces.
const QUIET: Duration = Duration::from_millis(200);
/// How often to check whether the watched path is still the current one.
const ATTEMPTS: u32 = 4;
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use test_support::TempDir;

    use super::way::ITSELF;
    use super::*;
    use crate::rekinit::log::{Format, Level};

    const LOG: Log = Log {
        format: Format::Text,
        least: Level::Error,
    };

    /// A temporary folder.
    struct Folder(TempDir);

    impl Folder {
        fn new() -> Self {
            Self(TempDir::new())
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn write(&self, name: &str, content: &str) {
            std::fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
            std::fs::write(self.at(name), content).unwrap();
        }

        /// Makes the link `name` point to `target`, atomically.
        fn swap(&self, name: &str, target: &str) {
            symlink(target, self.at("new-link")).unwrap();
            std::fs::rename(self.at("new-link"), self.at(name)).unwrap();
        }
    }

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
    fn swapped_symlink_is_noticed_and_neighbouring_file_is_not() {
        let folder = Folder::new();
        let at = |name: &str| folder.at(name);
        folder.write("..1/keytab", "..1");
        folder.write("..2/keytab", "..2");
        symlink("..1", at("..data")).unwrap();
        symlink("..data/keytab", at("keytab")).unwrap();
        let mut files = Files::watch([at("keytab")], LOG).unwrap();
        folder.write("neighbour", "");
        files.read_events();
        assert_eq!(files.deadline(), None);
        folder.swap("..data", "..2");
        assert_eq!(wait(&mut files), [at("keytab")]);
        // The file that the link now points to is watched, too.
        folder.write("..2/keytab", "longer");
        assert_eq!(wait(&mut files), [at("keytab")]);
        // A change through another name of the file, in another folder, is also noticed.
        std::fs::create_dir(at("elsewhere")).unwrap();
        std::fs::hard_link(at("..2").join("keytab"), at("elsewhere/other")).unwrap();
        folder.write("elsewhere/other", "longer still");
        assert_eq!(wait(&mut files), [at("keytab")]);
    }

    #[test]
    fn swap_of_any_symlink_in_the_path_is_noticed() {
        let folder = Folder::new();
        let at = |name: &str| folder.at(name);
        for version in ["v1", "v2", "v3"] {
            folder.write(&format!("{version}/kt"), version);
        }
        symlink("v1", at("cur")).unwrap();
        // The same for a folder that is a link, a link to a file beyond one, and a path through
        // others.
        std::fs::create_dir(at("sub")).unwrap();
        symlink(at("cur/kt"), at("sub/link")).unwrap();
        let paths = [at("cur/kt"), at("sub/../v2/../sub/link")];
        let mut files = Files::watch(paths.clone(), LOG).unwrap();
        for version in ["v2", "v3", "v1"] {
            folder.swap("cur", version);
            assert_eq!(wait(&mut files), paths, "{version}");
        }
    }

    #[test]
    fn file_is_noticed_after_its_directory_is_recreated() {
        let folder = Folder::new();
        let at = |name: &str| folder.at(name);
        folder.write("a/b/kt", "1");
        let mut files = Files::watch([at("a/b/kt"), at("none/yet/kt")], LOG).unwrap();
        for (gone, content) in [("a/b", "22"), ("a", "333")] {
            std::fs::remove_dir_all(at(gone)).unwrap();
            std::thread::sleep(Duration::from_millis(300));
            files.read_events();
            assert_eq!(files.changed(), [""; 0].map(PathBuf::from));
            folder.write("a/b/kt", content);
            assert_eq!(wait(&mut files), [at("a/b/kt")], "{gone}");
        }
        // The whole folder can also be moved elsewhere.
        std::fs::rename(at("a"), at("old")).unwrap();
        folder.write("a/b/kt", "4444");
        assert_eq!(wait(&mut files), [at("a/b/kt")]);
        folder.write("none/yet/kt", "1");
        assert_eq!(wait(&mut files), [at("none/yet/kt")]);
        // Watches that are no longer needed have been removed.
        let root = inotify::add_watch(&files.inotify, folder.0.path(), ITSELF).unwrap();
        assert_eq!(files.watches.get(&root), Some(&ITSELF));
    }

    #[test]
    fn unwatchable_path_does_not_stop_watching_others() {
        let folder = Folder::new();
        let at = |name: &str| folder.at(name);
        folder.write("good/kt", "1");
        symlink("loop", at("loop")).unwrap();
        folder.write("file", "");
        let paths = [at("file/kt"), at("good/kt"), at("loop/kt")];
        let mut files = Files::watch(paths, LOG).unwrap();
        folder.write("good/kt", "22");
        assert_eq!(wait(&mut files), [at("good/kt")]);
    }
}
