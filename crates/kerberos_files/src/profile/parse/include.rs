//! `include` and `includedir`: the further files that a line refers to.

use std::path::{Path, PathBuf};

use super::super::load::Source;
use super::super::tree::NodeId;
use super::super::{ProfileError, ProfileErrorKind};
use super::line::argument;
use super::{Here, Parser, to_text};

/// An `include` or `includedir` line.
pub(super) enum Directive<P> {
    File(P),
    Folder(P),
}

impl Parser<'_> {
    pub(super) fn include(
        &mut self,
        directive: &Directive<PathBuf>,
        root: NodeId,
        here: Here<'_>,
    ) -> Result<(), ProfileError> {
        match directive {
            Directive::File(path) => self.include_file(path, root, here),
            Directive::Folder(path) => {
                let names = match self.loader.open_included(path) {
                    Ok(Source::Directory(names)) => names,
                    Ok(Source::File(_)) => {
                        return Err(here.error(ProfileErrorKind::IncludeDir {
                            path: path.clone(),
                            reason: "it is a file; use 'include'".to_owned(),
                        }));
                    }
                    Err(error) => {
                        return Err(here.error(ProfileErrorKind::IncludeDir {
                            path: path.clone(),
                            reason: error.to_string(),
                        }));
                    }
                };
                self.add_directory(path, names, root, here)
            }
        }
    }

    fn include_file(
        &mut self,
        path: &Path,
        root: NodeId,
        here: Here<'_>,
    ) -> Result<(), ProfileError> {
        if self.including.iter().any(|other| other == path) {
            return Err(here.error(ProfileErrorKind::IncludeLoop {
                path: path.to_owned(),
            }));
        }
        match self.loader.open_included(path) {
            Ok(Source::File(bytes)) => self.add_text(to_text(bytes), path, root),
            // MIT opens it, fails to read a line, and continues.
            Ok(Source::Directory(_)) => Ok(()),
            Err(error) => Err(here.error(ProfileErrorKind::IncludeFile {
                path: path.to_owned(),
                reason: error.to_string(),
            })),
        }
    }

    pub(super) fn add_directory(
        &mut self,
        directory: &Path,
        mut names: Vec<String>,
        root: NodeId,
        here: Here<'_>,
    ) -> Result<(), ProfileError> {
        names.retain(|name| is_valid_name(name));
        names.sort_unstable();
        names
            .iter()
            .try_for_each(|name| self.include_file(&directory.join(name), root, here))
    }
}

impl<'t> Directive<&'t str> {
    pub(super) fn of(line: &'t str) -> Option<Self> {
        if !line.starts_with("include") {
            return None;
        }
        argument(line, "include")
            .map(Self::File)
            .or_else(|| argument(line, "includedir").map(Self::Folder))
    }

    pub(super) fn into_owned(self) -> Directive<PathBuf> {
        match self {
            Self::File(path) => Directive::File(path.into()),
            Self::Folder(path) => Directive::Folder(path.into()),
        }
    }
}

/// Whether to read a file in an included folder: `*.conf`, or only letters, digits, `-` and `_`.
/// This excludes backup files and the like.
fn is_valid_name(name: &str) -> bool {
    !name.starts_with('.')
        && (name.len() >= 5 && name.as_bytes().ends_with(b".conf")
            || name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
}
