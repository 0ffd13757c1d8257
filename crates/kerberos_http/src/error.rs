//! `HttpError`: why a negotiation failed.

use kerberos_client::ServiceAcceptor;
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
    #[error("a token of {length} characters exceeds the limit of {limit}")]
    TooLong {
        /// Its length, in base64.
        length: usize,
        /// What is taken.
        limit: usize,
    },
    /// The server or proxy saw the token and does not let the client in.
    #[error("the ticket was presented, and the answer is {0}")]
    Rejected(http::StatusCode),
    /// The answer would be one for a client that is let in, and nothing proves whose it is: mutual
    /// authentication was asked for.
    #[error("the server did not prove its identity, and the answer is {0}")]
    NotProven(http::StatusCode),
    /// The request failed, and what answers did not say who it is: perhaps something before the
    /// server, as a gateway that does not reach it (502), which has not seen the ticket.
    #[error("the request failed, and the answer is {0}")]
    Failed(http::StatusCode),
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

impl HttpError {
    /// What to do about it, where that can be told.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Context(failed) => ServiceAcceptor::gss_hint(&failed.error),
            _ => None,
        }
    }
}
