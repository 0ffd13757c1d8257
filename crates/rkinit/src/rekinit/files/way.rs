//! The path to a file: its folders, links and the file itself, and which events to watch for each.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use rustix::fs::inotify::WatchFlags;

/// What to watch on the path to `path`, as far as it exists: the folders that contain links or the
/// file for changes in them, the file itself, and all other folders for being moved or removed.
pub(super) fn way_to(path: &Path) -> Vec<(PathBuf, WatchFlags)> {
    let mut places = Vec::new();
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut left: VecDeque<OsString> = words_of(&path).collect();
    let mut at = PathBuf::from("/");
    let mut links = 0;
    while let Some(word) = left.pop_front() {
        if word == ".." {
            at.pop();
            continue;
        }
        let next = at.join(word);
        let kind = std::fs::symlink_metadata(&next).map(|metadata| metadata.file_type());
        let is_last = left.is_empty();
        match kind {
            Ok(kind) if kind.is_symlink() => {
                places.push((at.clone(), FOLDER));
                links += 1;
                let Some(target) = std::fs::read_link(&next)
                    .ok()
                    .filter(|_| links <= MOST_LINKS)
                else {
                    return places;
                };
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                for word in words_of(&target).rev() {
                    left.push_front(word);
                }
            }
            Ok(_) if is_last => {
                places.push((at.clone(), FOLDER));
                places.push((next.clone(), FILE));
            }
            Ok(_) => {
                places.push((next.clone(), ITSELF));
                at = next;
            }
            Err(_) => {
                places.push((at, FOLDER));
                return places;
            }
        }
    }
    places
}

fn words_of(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(word) => Some(word.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

/// The kernel follows the same number of links.
const MOST_LINKS: u32 = 40;

/// Events of a folder or file itself.
pub(super) const ITSELF: WatchFlags = WatchFlags::DELETE_SELF.union(WatchFlags::MOVE_SELF);
const FILE: WatchFlags = ITSELF.union(WatchFlags::CLOSE_WRITE);
/// Events in a folder, too.
pub(super) const FOLDER: WatchFlags = FILE
    .union(WatchFlags::CREATE)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE);
