//! `HttpError`: why a negotiation failed.

use kerberos_client::kerberos_gss::StepError;
use thiserror::Error;

/// Why a negotiation failed. It is final.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// What follows `Negotiate` is no base64.
    #[error("what follows Negotiate is not base64")]
    Base64,
    /// A token is longer than is taken.
    #[error("a token of {length} characters, {limit} are taken")]
    TooLong {
        /// Its length, in base64.
        length: usize,
        /// What is taken.
        limit: usize,
    },
    /// The server or proxy saw the token and does not let the client in.
    #[error("the ticket was presented, and the answer is {0}")]
    Rejected(http::StatusCode),
    /// The client is let in, and the server did not prove who it is: mutual authentication was
    /// asked for.
    #[error("the server did not prove its identity")]
    NotProven,
    /// The server goes on negotiating, and says that all is done; or the other way round.
    #[error("the negotiation is not over, and the answer is {0}")]
    Unfinished(http::StatusCode),
    /// The context could not be established.
    #[error(transparent)]
    Context(#[from] StepError),
    /// The negotiation is over.
    #[error("there is no next step")]
    Finished,
}
