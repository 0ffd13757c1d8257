//! Names and addresses of hosts, and the records that name a realm's servers: from the hosts file,
//! or else from a stub resolver (RFC 1034 §5.3.1) that asks the servers of resolv.conf.
//!
//! ```text
//! Resolver ──► HostsFile
//!     │ not there
//!     ▼
//!   Cache ──► Lookup (a machine without IO) ◄──► driver ◄──► servers of ResolvConf (UDP, TCP)
//! ```
//! What it never does: trust anything because DNS said so. Answers are not authenticated; a server
//! found by them must prove itself by Kerberos.

mod cache;
mod driver;
mod hosts_file;
mod lookup;
mod message;
mod name;
mod resolv_conf;
mod resolver;
mod source;

use std::fmt;
use std::net::SocketAddr;

use thiserror::Error;

pub use hosts_file::HostsFile;
#[doc(hidden)]
pub use lookup::play_lookup;
pub use resolv_conf::ResolvConf;
pub use resolver::Resolver;

pub(crate) use message::{Data, RecordType};

/// Why DNS has no answer. That a name does not exist is an answer, not an error.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DnsError {
    /// A text is not a domain name: it is too long, or has an empty label.
    #[error("{0:?} is not a domain name")]
    BadName(String),
    /// No server answered.
    #[error("no answer about {name} from DNS{}", Listed(.servers))]
    NoAnswer {
        /// The name that was asked for.
        name: String,
        /// The servers that were asked, each with the reason why it gave no answer.
        servers: Vec<Silence>,
    },
    /// resolv.conf cannot be read.
    #[error("{path}: {reason}")]
    ResolvConf {
        /// Its path.
        path: String,
        /// The system's error.
        reason: String,
    },
}

/// The reason for a server that said nothing at all.
const NOTHING_HEARD: &str = "no answer";

impl DnsError {
    /// Whether no server said anything at all.
    fn is_silence(&self) -> bool {
        let heard = |silence: &Silence| silence.reason != NOTHING_HEARD;
        matches!(self, Self::NoAnswer { servers, .. } if !servers.iter().any(heard))
    }
}

/// A server that did not answer.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Silence {
    /// Its address.
    pub server: SocketAddr,
    /// What happened instead.
    pub reason: String,
}

/// The number of records with which a message answers a question about `name`; `None` when it is no
/// answer, or malformed. For the fuzz target alone.
#[doc(hidden)]
pub fn count_answers(name: &str, kind: u16, id: u16, message: &[u8]) -> Option<usize> {
    let question = message::Question {
        name: name::parse(name)?,
        kind: RecordType::from_int(kind),
    };
    match question.read(id, message) {
        message::Verdict::Answered(answer) => {
            assert!(answer.name.as_slice().len() <= 255);
            Some(answer.records.len())
        }
        _ => None,
    }
}

struct Listed<'a>(&'a [Silence]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, silence) in self.0.iter().enumerate() {
            let before = if index == 0 { " (" } else { "; " };
            write!(f, "{before}{}: {}", silence.server, silence.reason)?;
        }
        f.write_str(if self.0.is_empty() { "" } else { ")" })
    }
}
