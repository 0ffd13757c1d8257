//! `HttpError`: why a negotiation failed.

use kerberos_client::ServiceAcceptor;
use kerberos_client::kerberos_gss::StepError;
use thiserror::Error;

/// Why a negotiation failed. Every error is final.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The text after `Negotiate` is not base64.
    #[error("what follows Negotiate is not base64")]
    Base64,
    /// A token is longer than the limit.
    #[error("a token of {length} characters exceeds the limit of {limit}")]
    TooLong {
        /// Its length, in base64.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// The server or proxy saw the token, but refuses the client.
    #[error("the ticket was presented, and the answer is {0}")]
    Rejected(http::StatusCode),
    /// The answer looks like a success, but mutual authentication was requested and nothing proves
    /// who sent it.
    #[error("the server did not prove its identity, and the answer is {0}")]
    NotProven(http::StatusCode),
    /// The request failed, and whoever answered did not prove its identity. It may be a gateway
    /// that cannot reach the server (502), so that the server has not seen the ticket.
    #[error("the request failed, and the answer is {0}")]
    Failed(http::StatusCode),
    /// The server continues the negotiation, but its status says that everything is done, or vice
    /// versa.
    #[error("the negotiation is not over, and the answer is {0}")]
    Unfinished(http::StatusCode),
    /// The context could not be established.
    #[error(transparent)]
    Context(#[from] StepError),
    /// The negotiation is already over.
    #[error("there is no next step")]
    Finished,
}

impl HttpError {
    /// What to do about the error, if that is clear.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Context(failed) => ServiceAcceptor::gss_hint(&failed.error),
            _ => None,
        }
    }
}
