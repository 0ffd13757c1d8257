//! Names and addresses of hosts, and the records that say where a realm's servers are: the hosts
//! file, then a stub resolver (RFC 1034 §5.3.1) over the servers of resolv.conf.
//!
//! ```text
//! Resolver ──► HostsFile
//!     │ not there
//!     ▼
//!   Cache ──► Lookup (a machine without IO) ◄──► driver ◄──► servers of ResolvConf (UDP, TCP)
//! ```
//! What it never does: it believes nothing more because DNS said so. Answers are not authenticated;
//! what they lead to must prove itself by Kerberos.

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
    /// A text is no domain name: too long, or with an empty label.
    #[error("{0:?} is not a domain name")]
    BadName(String),
    /// No server answered.
    #[error("no answer about {name} from DNS{}", Listed(.servers))]
    NoAnswer {
        /// The name that was asked for.
        name: String,
        /// The servers that were asked, each with what was heard of it.
        servers: Vec<Silence>,
    },
    /// resolv.conf cannot be read.
    #[error("{path}: {reason}")]
    ResolvConf {
        /// Its path.
        path: String,
        /// What the system says.
        reason: String,
    },
}

/// What is heard of a server that says nothing.
const NOTHING_HEARD: &str = "no answer";

impl DnsError {
    /// Whether no server has said anything at all.
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
    /// What was heard of it instead.
    pub reason: String,
}

/// How many records a message has in answer to a question about `name`; `None` when it is no
/// answer, or a malformed one. For the fuzz target alone.
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
