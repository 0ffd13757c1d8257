//! Why a profile cannot be read.

use std::path::PathBuf;

use thiserror::Error;

use super::{MAX_FILES, MAX_INCLUDE_DEPTH, MAX_NODES, MAX_TEXT};

/// Why a profile cannot be read, and where.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{}{}: {kind}", .file.display(), LineSuffix(*.line))]
pub struct ProfileError {
    /// What is wrong.
    pub kind: ProfileErrorKind,
    /// The file in which it is wrong.
    pub file: PathBuf,
    /// The line, counted from 1; 0 when the file as a whole is meant.
    pub line: u32,
}

/// What can be wrong with a profile.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ProfileErrorKind {
    /// A `[section]` stands within braces.
    #[error("a section header inside a braced subsection; a '}}' is missing above")]
    SectionNotTop,
    /// A section header lacks its `]`, or something follows it.
    #[error("malformed section header; expected [name] alone on the line")]
    SectionSyntax,
    /// A line is neither a relation, nor a section, nor a comment.
    #[error("malformed line; expected 'key = value', and a key without blanks")]
    RelationSyntax,
    /// A `}` closes nothing.
    #[error("a '}}' without an open subsection")]
    ExtraBrace,
    /// A relation without a value is not followed by a line that opens a subsection.
    #[error("the relation above has no value, and no '{{' follows it")]
    MissingBrace,
    /// An included file cannot be read.
    #[error("included file {} cannot be read: {reason}", .path.display())]
    IncludeFile {
        /// The file that was to be included.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// An included folder cannot be read.
    #[error("included directory {} cannot be read: {reason}", .path.display())]
    IncludeDir {
        /// The folder that was to be included.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file includes itself, directly or through others.
    #[error("{} includes itself", .path.display())]
    IncludeLoop {
        /// The file that is met again.
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
    /// The file asks for a loadable module.
    #[error("'module' declarations are not supported: this program loads no shared objects")]
    Module,
    /// A file of the list cannot be read.
    #[error("{reason}")]
    Unreadable {
        /// What the system says.
        reason: String,
        /// Whether permission was refused.
        denied: bool,
    },
}

impl ProfileErrorKind {
    /// The words that MIT's tools print for this error; scripts may look for them.
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
