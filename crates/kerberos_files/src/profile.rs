//! `Profile`: the syntax of krb5.conf, parsed like in MIT's profile library.
//!
//! A profile is a tree of sections, subsections and relations (`key = value`), collected from one
//! or more files. This module knows the syntax, and the rules for combining files, sections and
//! relations. The meaning of the keys is in [`config`](crate::config).
//!
//! The parser does no IO: it asks a [`Loader`] for the contents of files and folders. [`FsLoader`]
//! reads them from the file system.
//!
//! What it does not do: `module` declarations name a shared object, which a static program cannot
//! load, so they are a separate error. Invalid UTF-8 is replaced by replacement characters, so that
//! a stray byte in a comment does no harm.

mod error;
mod load;
mod parse;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};

pub use error::{ProfileError, ProfileErrorKind};
pub use load::{FsLoader, Loader, Source};
use tree::{NodeId, Tree};

/// The maximum size of the text of all files of a profile, in bytes.
pub const MAX_TEXT: usize = 16 << 20;

/// The maximum number of files of a profile.
pub const MAX_FILES: usize = 4096;

/// The maximum depth of `include` and `includedir`.
pub const MAX_INCLUDE_DEPTH: usize = 32;

/// The maximum number of sections and relations of a profile.
pub const MAX_NODES: usize = 1 << 20;

/// The sections and relations of a list of configuration files.
///
/// Names are case-sensitive. If only one value is asked for, earlier files take precedence.
/// Relations with the same name accumulate, and sections with the same name are merged.
///
/// # Example
/// ```
/// use kerberos_files::profile::Profile;
/// let profile = Profile::parse(
///     "[libdefaults]\n default_realm = EXAMPLE.COM\n\
///      [realms]\n EXAMPLE.COM = {\n  kdc = kdc1.example.com\n  kdc = kdc2.example.com\n }\n",
/// )?;
/// assert_eq!(profile.first(&["libdefaults", "default_realm"]), Some("EXAMPLE.COM"));
/// let kdcs: Vec<_> = profile.values(&["realms", "EXAMPLE.COM", "kdc"]).collect();
/// assert_eq!(kdcs, ["kdc1.example.com", "kdc2.example.com"]);
/// # Ok::<(), kerberos_files::profile::ProfileError>(())
/// ```
#[derive(Clone)]
pub struct Profile {
    /// The text of all files, concatenated, and of all values that contained escapes.
    text: String,
    files: Vec<PathBuf>,
    tree: Tree,
    /// One root for each file of the list. Included files share the root of the file that includes
    /// them.
    roots: Vec<NodeId>,
}

/// A value and its origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Located<'p> {
    /// The name of the relation.
    pub name: &'p str,
    /// Its value.
    pub value: &'p str,
    /// The file that sets it.
    pub file: &'p Path,
    /// The line, counted from 1.
    pub line: u32,
    /// Whether it is marked final (`*`), so that later files cannot add to it.
    pub is_final: bool,
}

/// Where it came from, and not its text, which would fill a log.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Profile {
    /// A profile without sections.
    pub fn empty() -> Self {
        Self {
            text: String::new(),
            files: Vec::new(),
            tree: Tree::default(),
            roots: Vec::new(),
        }
    }

    /// Parses the text of a single file. Includes are not supported, and are an error.
    ///
    /// # Errors
    /// [`ProfileError`] if the text is malformed or too large, or includes something.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        parse::single(text.to_owned(), Path::new("krb5.conf"), &mut load::NoLoader)
    }

    /// Reads a list of files and folders, of which the first takes precedence.
    ///
    /// Entries that do not exist are skipped; if none exists, the profile is empty. An entry
    /// without read permission is skipped, too, unless there is no other. In a folder, the files
    /// whose names end in `.conf`, or consist of letters, digits, `-` and `_`, are read in the
    /// order of their names.
    ///
    /// # Errors
    /// [`ProfileError`] if a file is malformed or too large, or includes something that cannot be
    /// read.
    pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self, ProfileError> {
        parse::list(paths, &mut FsLoader)
    }

    /// The same as [`load`](Self::load), with files and folders from `loader`.
    ///
    /// # Errors
    /// The same as [`load`](Self::load).
    pub fn load_with<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        loader: &mut dyn Loader,
    ) -> Result<Self, ProfileError> {
        parse::list(paths, loader)
    }

    /// The files that were read, in order, including included ones.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// The first value of the relation at `path`: section, subsections, name.
    pub fn first(&self, path: &[&str]) -> Option<&str> {
        self.located(path).next().map(|located| located.value)
    }

    /// All values of the relation at `path`, in the order of files and lines.
    pub fn values<'p, 'n>(
        &'p self,
        path: &'n [&'n str],
    ) -> impl Iterator<Item = &'p str> + use<'p, 'n> {
        self.located(path).map(|located| located.value)
    }

    /// All values of the relation at `path`, each with its file and line.
    pub fn located<'p, 'n>(
        &'p self,
        path: &'n [&'n str],
    ) -> impl Iterator<Item = Located<'p>> + use<'p, 'n> {
        let (name, sections) = match path.split_last() {
            Some((name, sections)) => (Some(*name), sections),
            None => (None, path),
        };
        let mut stopped = name.is_none();
        self.roots
            .iter()
            .map_while(move |&root| {
                if stopped {
                    return None;
                }
                let (section, is_final) = self.section(root, sections);
                let relations = section
                    .and_then(|section| self.tree.find(section, name?, &self.text))
                    .map(|entry| self.tree.named(entry));
                // A final section or relation ends the list, so that later files are ignored.
                stopped = is_final
                    || relations.clone().into_iter().flatten().any(|node| {
                        let node = self.tree.node(node);
                        node.is_final && node.value.is_some()
                    });
                Some(relations)
            })
            .flatten()
            .flatten()
            .filter_map(|node| self.describe(node))
    }

    /// All relations directly in the section at `path`, with any name. These include relations that
    /// [`values`](Self::values) hides because of a final relation with the same name in an earlier
    /// file.
    pub fn relations<'p, 'n>(
        &'p self,
        path: &'n [&'n str],
    ) -> impl Iterator<Item = Located<'p>> + use<'p, 'n> {
        self.children(path).filter_map(|node| self.describe(node))
    }

    /// The names of the subsections of the section at `path`; for an empty path, of the top-level
    /// sections. A name is repeated if several files contain it.
    pub fn subsections<'p, 'n>(
        &'p self,
        path: &'n [&'n str],
    ) -> impl Iterator<Item = &'p str> + use<'p, 'n> {
        self.children(path)
            .filter(|&node| self.tree.node(node).value.is_none())
            .map(|node| self.tree.name(node, &self.text))
    }

    /// The nodes in the section at `path`, file by file, ending with the first file where it is
    /// final.
    fn children<'p, 'n>(
        &'p self,
        path: &'n [&'n str],
    ) -> impl Iterator<Item = NodeId> + use<'p, 'n> {
        let mut stopped = false;
        self.roots
            .iter()
            .map_while(move |&root| {
                if stopped {
                    return None;
                }
                let (section, is_final) = self.section(root, path);
                stopped = is_final;
                Some(section.map(|section| self.tree.children(section)))
            })
            .flatten()
            .flatten()
    }

    /// The section at `path` below `root`, and whether any section on the way to it is final.
    fn section(&self, root: NodeId, path: &[&str]) -> (Option<NodeId>, bool) {
        let mut section = root;
        let mut is_final = false;
        for name in path {
            let Some(child) = self
                .tree
                .find(section, name, &self.text)
                .and_then(|entry| self.tree.section_of(entry))
            else {
                return (None, is_final);
            };
            is_final |= self.tree.node(child).is_final;
            section = child;
        }
        (Some(section), is_final)
    }

    fn describe(&self, id: NodeId) -> Option<Located<'_>> {
        let node = self.tree.node(id);
        Some(Located {
            name: self.tree.name(id, &self.text),
            value: node.value?.of(&self.text),
            file: self
                .files
                .get(usize::from(node.file))
                .map_or(Path::new(""), PathBuf::as_path),
            line: node.line,
            is_final: node.is_final,
        })
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::empty()
    }
}

#[cfg(test)]
mod tests;
