//! The parser: turns lines into nodes, and follows includes.
//!
//! The rules are those of MIT's `prof_parse.c`, including the odd ones: everything before the first
//! `[` in column 0 is a comment; `include` and `includedir` only count in column 0, but there
//! anywhere, even within braces; an included file starts outside of any section. One rule is not
//! implemented: MIT cuts lines at 2047 bytes and parses the rest as another line.

mod include;
mod line;
mod state;

use std::io;
use std::path::{Path, PathBuf};

use include::Directive;
use line::{Line, argument, lex, skip_blanks, unquote};
use state::{FileState, Mode};

use super::load::{Loader, Source};
use super::tree::{NodeId, Place};
use super::{
    MAX_FILES, MAX_INCLUDE_DEPTH, MAX_NODES, MAX_TEXT, Profile, ProfileError, ProfileErrorKind,
};

/// Parses the text of a single file.
pub(super) fn single(
    text: String,
    file: &Path,
    loader: &mut dyn Loader,
) -> Result<Profile, ProfileError> {
    let mut parser = Parser::new(loader);
    let root = parser.profile.tree.add_root();
    parser.profile.roots.push(root);
    parser.add_text(text, file, root)?;
    Ok(parser.profile)
}

/// Parses a list of files and folders.
pub(super) fn list<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
    loader: &mut dyn Loader,
) -> Result<Profile, ProfileError> {
    let mut parser = Parser::new(loader);
    let mut denied = None;
    for path in paths {
        let path = path.as_ref();
        let source = match parser.loader.open(path) {
            Ok(source) => source,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                let is_denied = error.kind() == io::ErrorKind::PermissionDenied;
                let kind = ProfileErrorKind::Unreadable {
                    reason: error.to_string(),
                    denied: is_denied,
                };
                let error = ProfileError {
                    kind,
                    file: path.to_owned(),
                    line: 0,
                };
                if !is_denied {
                    return Err(error);
                }
                denied = Some(error);
                continue;
            }
        };
        let root = parser.profile.tree.add_root();
        parser.profile.roots.push(root);
        match source {
            Source::File(bytes) => parser.add_text(to_text(bytes), path, root)?,
            Source::Directory(names) => {
                let here = Here {
                    file: path,
                    line: 0,
                };
                parser.add_directory(path, names, root, here)?;
            }
        }
    }
    match denied {
        Some(error) if parser.profile.roots.is_empty() => Err(error),
        _ => Ok(parser.profile),
    }
}

struct Parser<'l> {
    profile: Profile,
    loader: &'l mut dyn Loader,
    /// The files being parsed, each of which includes the next.
    including: Vec<PathBuf>,
}

/// A file and line for errors.
#[derive(Clone, Copy)]
struct Here<'a> {
    file: &'a Path,
    line: u32,
}

impl<'l> Parser<'l> {
    fn new(loader: &'l mut dyn Loader) -> Self {
        Self {
            profile: Profile::empty(),
            loader,
            including: Vec::new(),
        }
    }

    /// Appends the text of `file` and parses it below `root`.
    fn add_text(&mut self, text: String, file: &Path, root: NodeId) -> Result<(), ProfileError> {
        let here = Here { file, line: 0 };
        let profile = &mut self.profile;
        if self.including.len() >= MAX_INCLUDE_DEPTH {
            return Err(here.error(ProfileErrorKind::IncludeDepth));
        }
        if self.including.iter().any(|other| other == file) {
            return Err(here.error(ProfileErrorKind::IncludeLoop {
                path: file.to_owned(),
            }));
        }
        if profile.text.len() + text.len() > MAX_TEXT {
            return Err(here.error(ProfileErrorKind::TooLarge));
        }
        let index = match u16::try_from(profile.files.len()) {
            Ok(index) if profile.files.len() < MAX_FILES => index,
            _ => return Err(here.error(ProfileErrorKind::TooManyFiles)),
        };
        profile.files.push(file.to_owned());
        let start = profile.text.len();
        if start == 0 {
            profile.text = text;
        } else {
            profile.text.push_str(&text);
        }
        let end = profile.text.len();
        self.including.push(file.to_owned());
        self.parse(start, end, index, root, file)?;
        self.including.pop();
        Ok(())
    }

    fn parse(
        &mut self,
        start: usize,
        end: usize,
        file_index: u16,
        root: NodeId,
        file: &Path,
    ) -> Result<(), ProfileError> {
        let mut state = FileState::new(root);
        let mut place = Place {
            file: file_index,
            line: 0,
        };
        let mut next = start;
        while next < end {
            place.line = place.line.saturating_add(1);
            let here = Here {
                file,
                line: place.line,
            };
            let rest = self.profile.text.get(next..end).unwrap_or("");
            let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
            next += line.len() + 1;

            if let Some(directive) = Directive::of(line) {
                let directive = directive.into_owned();
                self.include(&directive, root, here)?;
                continue;
            }
            if state.mode == Mode::BeforeFirstSection {
                if argument(line, "module").is_some() {
                    return Err(here.error(ProfileErrorKind::Module));
                }
                if !line.starts_with('[') {
                    continue;
                }
                state.mode = Mode::Lines;
            }
            if state.mode == Mode::ExpectBrace {
                if !skip_blanks(line).starts_with('{') {
                    return Err(here.error(ProfileErrorKind::MissingBrace));
                }
                state.mode = Mode::Lines;
                continue;
            }
            let line = lex(&self.profile.text, line).map_err(|kind| here.error(kind))?;
            self.apply(line, &mut state, place)
                .map_err(|kind| here.error(kind))?;
        }
        Ok(())
    }

    /// Adds a line to the tree.
    fn apply(
        &mut self,
        line: Line,
        state: &mut FileState,
        place: Place,
    ) -> Result<(), ProfileErrorKind> {
        let profile = &mut self.profile;
        if profile.tree.len() >= MAX_NODES {
            return Err(ProfileErrorKind::TooManyNodes);
        }
        match line {
            Line::Nothing => {}
            Line::Section { name, is_final } => state.section(profile, place, name, is_final)?,
            Line::Open {
                name,
                is_final,
                on_next_line,
            } => {
                if on_next_line {
                    state.mode = Mode::ExpectBrace;
                }
                state.open(profile, place, name, is_final);
            }
            Line::Close { is_final } => state.close(&mut profile.tree, is_final)?,
            Line::Relation {
                name,
                is_final,
                value,
                quoted,
            } => {
                if state.is_discarding() {
                    return Ok(());
                }
                let Profile { text, tree, .. } = profile;
                let value = if quoted { unquote(text, value)? } else { value };
                let node = tree.add_relation(state.current, name, value, place, text);
                if let (Some(node), true) = (node, is_final) {
                    tree.mark_final(node);
                }
            }
        }
        Ok(())
    }
}

impl Here<'_> {
    fn error(self, kind: ProfileErrorKind) -> ProfileError {
        ProfileError {
            kind,
            file: self.file.to_owned(),
            line: self.line,
        }
    }
}

fn to_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
