//! The parser: lines into nodes, includes into further files.
//!
//! The rules are those of MIT's `prof_parse.c`, including the odd ones: everything before the
//! first `[` in column 0 is a comment; `include` and `includedir` count in column 0 only, but
//! there anywhere, even within braces; an included file starts outside of any section. One rule is
//! not kept: MIT cuts lines at 2047 bytes and reads the rest as a line of its own.

use std::io;
use std::path::{Path, PathBuf};

use super::load::{Loader, Source};
use super::tree::{NodeId, Place, Span};
use super::{
    MAX_FILES, MAX_INCLUDE_DEPTH, MAX_NODES, MAX_TEXT, Profile, ProfileError, ProfileErrorKind,
};

/// Parses the text of one file.
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
    /// The files being parsed, each including the next.
    including: Vec<PathBuf>,
}

/// What stands on one line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    Nothing,
    Section {
        name: Span,
        is_final: bool,
    },
    Close {
        is_final: bool,
    },
    Open {
        name: Span,
        is_final: bool,
        on_next_line: bool,
    },
    Relation {
        name: Span,
        is_final: bool,
        value: Span,
        quoted: bool,
    },
}

/// The state of one file.
struct FileState {
    root: NodeId,
    current: NodeId,
    mode: Mode,
    /// 0 outside of any section, 1 in a section, 2 in its subsections, and so on.
    level: usize,
    /// The level of a section whose content is ignored, because it was final already; else 0.
    discard: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    BeforeFirstSection,
    Lines,
    ExpectBrace,
}

/// A file and line to put into errors.
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
        let mut state = FileState {
            root,
            current: root,
            mode: Mode::BeforeFirstSection,
            level: 0,
            discard: 0,
        };
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

    /// Puts a line into the tree.
    fn apply(
        &mut self,
        line: Line,
        state: &mut FileState,
        place: Place,
    ) -> Result<(), ProfileErrorKind> {
        let Profile { text, tree, .. } = &mut self.profile;
        if tree.len() >= MAX_NODES {
            return Err(ProfileErrorKind::TooManyNodes);
        }
        match line {
            Line::Nothing => {}
            Line::Section { name, is_final } => {
                if state.level > 1 {
                    return Err(ProfileErrorKind::SectionNotTop);
                }
                state.level = 1;
                state.current = tree.add_section(state.root, name, place, text);
                state.discard = usize::from(tree.node(state.current).is_final);
                if is_final {
                    tree.mark_final(state.current);
                }
            }
            Line::Open {
                name,
                is_final,
                on_next_line,
            } => {
                if on_next_line {
                    state.mode = Mode::ExpectBrace;
                }
                state.level += 1;
                if state.discard == 0 {
                    state.current = tree.add_section(state.current, name, place, text);
                    if tree.node(state.current).is_final {
                        state.discard = state.level;
                    }
                    if is_final {
                        tree.mark_final(state.current);
                    }
                }
            }
            Line::Close { is_final } => {
                if state.level < 2 {
                    return Err(ProfileErrorKind::ExtraBrace);
                }
                if is_final {
                    tree.mark_final(state.current);
                }
                state.level -= 1;
                if state.level < state.discard {
                    state.discard = 0;
                }
                // A discarded subsection was never descended into.
                if state.discard == 0 {
                    state.current = tree.parent(state.current);
                }
            }
            Line::Relation {
                name,
                is_final,
                value,
                quoted,
            } => {
                if state.discard != 0 {
                    return Ok(());
                }
                let value = if quoted { unquote(text, value)? } else { value };
                let node = tree.add_relation(state.current, name, value, place, text);
                if let (Some(node), true) = (node, is_final) {
                    tree.mark_final(node);
                }
            }
        }
        Ok(())
    }

    fn include(
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
            // MIT opens it, fails to read a line, and goes on.
            Ok(Source::Directory(_)) => Ok(()),
            Err(error) => Err(here.error(ProfileErrorKind::IncludeFile {
                path: path.to_owned(),
                reason: error.to_string(),
            })),
        }
    }

    fn add_directory(
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

impl Here<'_> {
    fn error(self, kind: ProfileErrorKind) -> ProfileError {
        ProfileError {
            kind,
            file: self.file.to_owned(),
            line: self.line,
        }
    }
}

/// An `include` or `includedir` line.
enum Directive<P> {
    File(P),
    Folder(P),
}

impl<'t> Directive<&'t str> {
    fn of(line: &'t str) -> Option<Self> {
        if !line.starts_with("include") {
            return None;
        }
        argument(line, "include")
            .map(Self::File)
            .or_else(|| argument(line, "includedir").map(Self::Folder))
    }

    fn into_owned(self) -> Directive<PathBuf> {
        match self {
            Self::File(path) => Directive::File(path.into()),
            Self::Folder(path) => Directive::Folder(path.into()),
        }
    }
}

/// Reads one line; `line` is a part of `text`, without its line feed.
fn lex(text: &str, line: &str) -> Result<Line, ProfileErrorKind> {
    let line = strip_end(skip_blanks(line));
    let span = |part: &str| Span::within(text, part);
    match line.as_bytes().first() {
        None | Some(b'#' | b';') => return Ok(Line::Nothing),
        Some(b'[') => {
            let (name, rest) = line
                .get(1..)
                .and_then(|line| line.split_once(']'))
                .ok_or(ProfileErrorKind::SectionSyntax)?;
            let (is_final, rest) = match rest.strip_prefix('*') {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            if !skip_blanks(rest).is_empty() {
                return Err(ProfileErrorKind::SectionSyntax);
            }
            return Ok(Line::Section {
                name: span(name),
                is_final,
            });
        }
        Some(b'}') => {
            return Ok(Line::Close {
                is_final: line.starts_with("}*"),
            });
        }
        Some(_) => {}
    }
    let (tag, value) = line
        .split_once('=')
        .ok_or(ProfileErrorKind::RelationSyntax)?;
    let tag = tag.trim_end_matches(is_blank);
    if tag.is_empty() || tag.contains(is_blank) {
        return Err(ProfileErrorKind::RelationSyntax);
    }
    let (name, is_final) = match tag.split_once('*') {
        Some((name, _)) => (span(name), true),
        None => (span(tag), false),
    };
    let value = skip_blanks(value);
    if let Some(value) = value.strip_prefix('"') {
        return Ok(Line::Relation {
            name,
            is_final,
            value: span(value),
            quoted: true,
        });
    }
    if value.is_empty() {
        return Ok(Line::Open {
            name,
            is_final,
            on_next_line: true,
        });
    }
    if value
        .strip_prefix('{')
        .is_some_and(|rest| skip_blanks(rest).is_empty())
    {
        return Ok(Line::Open {
            name,
            is_final,
            on_next_line: false,
        });
    }
    let value = span(value.trim_end_matches(is_blank));
    Ok(Line::Relation {
        name,
        is_final,
        value,
        quoted: false,
    })
}

/// The value of a quoted string, of which `raw` is all that follows the opening quote.
///
/// Up to the closing quote or the end of the line; `\n`, `\t` and `\b` are control characters, and
/// any other character after `\` stands for itself. Without escapes this is a part of `raw`, else
/// it is appended to `text`.
fn unquote(text: &mut String, raw: Span) -> Result<Span, ProfileErrorKind> {
    let source = raw.of(text);
    let plain = source.find(['"', '\\']).unwrap_or(source.len());
    if source.as_bytes().get(plain) != Some(&b'\\') {
        let value = source.get(..plain).unwrap_or(source);
        return Ok(Span::within(text, value));
    }
    let mut value = String::with_capacity(source.len());
    let mut chars = source.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => value.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('b') => '\x08',
                Some(other) => other,
                None => '\\',
            }),
            other => value.push(other),
        }
    }
    if text.len() + value.len() > 2 * MAX_TEXT {
        return Err(ProfileErrorKind::TooLarge);
    }
    let start = text.len();
    text.push_str(&value);
    Ok(Span::within(text, text.get(start..).unwrap_or("")))
}

/// What follows `word` and a blank at the very start of `line`.
fn argument<'t>(line: &'t str, word: &str) -> Option<&'t str> {
    let rest = line.strip_prefix(word)?;
    // A line feed, too, counts as the blank.
    (rest.is_empty() || rest.starts_with(is_blank)).then(|| strip_end(skip_blanks(rest)))
}

/// Whether a file in an included folder counts: `*.conf`, or letters, digits, `-` and `_` only, so
/// that backup files and the like do not.
fn is_valid_name(name: &str) -> bool {
    !name.starts_with('.')
        && (name.len() >= 5 && name.as_bytes().ends_with(b".conf")
            || name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
}

/// What C's `isspace` says.
fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

/// Without the carriage returns at its end.
fn strip_end(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

fn to_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
