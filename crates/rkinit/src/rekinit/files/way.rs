//! What leads to a file: folders, links and the file itself, and what is to be noticed of each.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use rustix::fs::inotify::WatchFlags;

/// What is to be watched on the way to `path`, as far as that leads: the folders of links and of
/// the file for what happens in them, the file, and of other folders whether they are put
/// elsewhere.
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

/// As many as the kernel follows.
const MOST_LINKS: u32 = 40;

/// What happens to a folder or file itself.
pub(super) const ITSELF: WatchFlags = WatchFlags::DELETE_SELF.union(WatchFlags::MOVE_SELF);
const FILE: WatchFlags = ITSELF.union(WatchFlags::CLOSE_WRITE);
/// And what happens in it.
pub(super) const FOLDER: WatchFlags = FILE
    .union(WatchFlags::CREATE)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE);
