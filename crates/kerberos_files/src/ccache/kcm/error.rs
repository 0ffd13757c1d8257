//! `KcmError`: errors of the KCM daemon, with MIT's texts.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::ccache::error::system_text;

/// Why a request to the KCM daemon failed.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum KcmError {
    /// There is no socket, or the configuration disables its use.
    #[error("No KCM server found")]
    NoServer {
        /// The expected path of the socket.
        socket: Option<PathBuf>,
    },
    /// The socket cannot be used.
    #[error("{}", system_text(source))]
    Socket {
        /// The socket.
        socket: PathBuf,
        /// The error of the system.
        source: Arc<io::Error>,
    },
    /// The daemon did not answer in time.
    #[error("KCM daemon does not answer")]
    Timeout {
        /// The time limit.
        limit: Duration,
    },
    /// The daemon closed the connection instead of answering.
    #[error("Credentials cache I/O operation failed")]
    Closed,
    /// The daemon announces more than 10 MiB, or sends more than 64 MiB in pieces.
    #[error("KCM daemon reply too big")]
    TooBig {
        /// The number of bytes.
        length: usize,
    },
    /// The reply does not have the format for the request.
    #[error("Malformed reply from KCM daemon")]
    Malformed {
        /// The missing field.
        field: &'static str,
    },
    /// The daemon returned an error.
    #[error("{}", text(*code))]
    Refused {
        /// MIT's error number.
        code: i32,
    },
}

impl KcmError {
    /// What to tell people besides the message.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoServer { socket: None } => {
                "kcm_socket = - in krb5.conf turns KCM off".to_owned()
            }
            Self::NoServer {
                socket: Some(socket),
            } => format!(
                "nothing listens at {}: start the daemon (sssd-kcm.socket, or Heimdal's kcm), or \
                 set kcm_socket in krb5.conf",
                socket.display()
            ),
            Self::Socket { socket, .. } => format!("the socket is {}", socket.display()),
            Self::Timeout { limit } => format!("it did not answer within {} s", limit.as_secs()),
            Self::Closed => "the KCM daemon ended the connection".to_owned(),
            Self::TooBig { length } => format!("{length} bytes are more than a cache can have"),
            Self::Malformed { field } => format!("it has no {field}"),
            Self::Refused { code } => format!("the KCM daemon reports this with the number {code}"),
        })
    }

    /// Whether the daemon says that the cache, or credential, does not exist.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: NO_FILE | END | NOT_FOUND
            }
        )
    }

    /// Whether the daemon may not support the operation. sssd returns CC_IO for operations that it
    /// does not know, and CC_NOSUPP for those that it knows but does not support.
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: INTERNAL | IO | NO_SUPPORT
            }
        )
    }
}

fn text(code: i32) -> String {
    let text = TEXTS.iter().find(|(known, _)| *known == code);
    match text {
        Some((_, text)) => (*text).to_owned(),
        // Small numbers are system errors.
        None if (1..4096).contains(&code) => system_text(&io::Error::from_raw_os_error(code)),
        None => format!("KCM daemon refuses, error {code}"),
    }
}

// Numbers in MIT's error table `krb5`, whose base is -1765328384.
const NOT_FOUND: i32 = -1_765_328_243;
const END: i32 = -1_765_328_242;
const IO: i32 = -1_765_328_191;
const PERMISSION: i32 = -1_765_328_190;
const NO_FILE: i32 = -1_765_328_189;
const INTERNAL: i32 = -1_765_328_188;
const NO_SUPPORT: i32 = -1_765_328_137;

const TEXTS: [(i32, &str); 9] = [
    (-1_765_328_245, "Credential cache name malformed"),
    (NOT_FOUND, "Matching credential not found"),
    (END, "End of credential cache reached"),
    (IO, "Credentials cache I/O operation failed"),
    (PERMISSION, "Credentials cache permissions incorrect"),
    (NO_FILE, "No credentials cache found"),
    (INTERNAL, "Internal credentials cache error"),
    (-1_765_328_185, "Bad format in credentials cache"),
    (NO_SUPPORT, "Ccache function not supported: not implemented"),
];
