//! The errors in reading a profile.

use std::path::PathBuf;

use thiserror::Error;

use super::{MAX_FILES, MAX_INCLUDE_DEPTH, MAX_NODES, MAX_TEXT};

/// Why a profile cannot be read, and where the error is.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{}{}: {kind}", .file.display(), LineSuffix(*.line))]
pub struct ProfileError {
    /// The kind of error.
    pub kind: ProfileErrorKind,
    /// The file that contains the error.
    pub file: PathBuf,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: u32,
}

/// The kinds of errors in a profile.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ProfileErrorKind {
    /// A `[section]` is within braces.
    #[error("a section header inside a braced subsection; a '}}' is missing above")]
    SectionNotTop,
    /// A section header has no `]`, or is followed by something.
    #[error("malformed section header; expected [name] alone on the line")]
    SectionSyntax,
    /// A line is neither a relation, nor a section, nor a comment.
    #[error("malformed line; expected 'key = value', and a key without blanks")]
    RelationSyntax,
    /// A `}` without a matching `{`.
    #[error("a '}}' without an open subsection")]
    ExtraBrace,
    /// A relation without a value is not followed by a line that opens a subsection.
    #[error("the relation above has no value, and no '{{' follows it")]
    MissingBrace,
    /// An included file cannot be read.
    #[error("included file {} cannot be read: {reason}", .path.display())]
    IncludeFile {
        /// The file to include.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// An included folder cannot be read.
    #[error("included directory {} cannot be read: {reason}", .path.display())]
    IncludeDir {
        /// The folder to include.
        path: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// A file includes itself, directly or through others.
    #[error("{} includes itself", .path.display())]
    IncludeLoop {
        /// The file that is included again.
        path: PathBuf,
    },
    /// Includes are nested deeper than [`MAX_INCLUDE_DEPTH`].
    #[error("includes are nested deeper than {MAX_INCLUDE_DEPTH} files")]
    IncludeDepth,
    /// More than [`MAX_FILES`] files.
    #[error("more than {MAX_FILES} configuration files")]
    TooManyFiles,
    /// More than [`MAX_TEXT`] bytes of text.
    #[error("more than {MAX_TEXT} bytes of configuration")]
    TooLarge,
    /// More than [`MAX_NODES`] sections and relations.
    #[error("more than {MAX_NODES} sections and relations")]
    TooManyNodes,
    /// The file declares a loadable module.
    #[error("'module' declarations are not supported: this program loads no shared objects")]
    Module,
    /// A file of the list cannot be read.
    #[error("{reason}")]
    Unreadable {
        /// The error of the system.
        reason: String,
        /// Whether permission was denied.
        denied: bool,
    },
}

impl ProfileErrorKind {
    /// The text that MIT's tools print for this error. Scripts may look for it.
    pub fn mit_message(&self) -> &'static str {
        match self {
            Self::SectionNotTop
            | Self::SectionSyntax
            | Self::RelationSyntax
            | Self::ExtraBrace
            | Self::MissingBrace => "Improper format of Kerberos configuration file",
            Self::IncludeFile { .. }
            | Self::IncludeLoop { .. }
            | Self::IncludeDepth
            | Self::TooManyFiles
            | Self::TooLarge
            | Self::TooManyNodes => "Included profile file could not be read",
            Self::IncludeDir { .. } => "Included profile directory could not be read",
            Self::Module => "Unexpected module declaration in profile",
            Self::Unreadable { denied: true, .. } => "Permission denied",
            Self::Unreadable { .. } => "Can't open/find Kerberos configuration file",
        }
    }
}

/// `, line N`, or nothing for line 0.
struct LineSuffix(u32);

impl std::fmt::Display for LineSuffix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => Ok(()),
            line => write!(f, ", line {line}"),
        }
    }
}
