//! `Negotiation`: the client's side, from the first token to the proof of the server's identity
//! (RFC 4559 §5).

use http::{HeaderMap, HeaderValue, StatusCode};
use kerberos_client::Initiation;
use kerberos_client::kerberos_gss::{Context, Step};

use crate::header::{decode, encode};
use crate::{HttpError, Party};

/// A client that presents its ticket to a server or proxy; see the [crate](crate).
#[derive(Debug)]
pub struct Negotiation {
    party: Party,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectToken(Initiation),
    /// Nothing more needs to be proven, possibly because mutual authentication is off.
    Established(Box<Context>),
    Finished,
}

/// The next step of a negotiation.
#[derive(Debug)]
#[must_use = "the request is to be sent again, or the answer to be used"]
pub enum Progress {
    /// Send the request again with this value in [`Party::request_header`], over the same
    /// connection: a server that has not finished identifies the client by the connection.
    Again(HeaderValue),
    /// The other side has proven its identity and accepted the ticket; without mutual
    /// authentication, it only claims to have accepted it. The status of the answer tells the
    /// outcome of the request.
    Done(Box<Context>),
}

impl Negotiation {
    /// Starts with the result of [`Client::initiate`](kerberos_client::Client::initiate) for
    /// `HTTP/host`, where `host` is the proxy's own for a proxy. Send the request with the returned
    /// value in [`Party::request_header`].
    ///
    /// # Errors
    /// [`HttpError::Finished`] if there is no token to send.
    pub fn start(
        party: Party,
        (initiation, step): (Initiation, Step),
    ) -> Result<(Self, HeaderValue), HttpError> {
        let (state, token) = match step {
            Step::Continue(token) => (State::ExpectToken(initiation), token),
            Step::Done {
                send: Some(token),
                context,
            } => (State::Established(context), token),
            Step::Done { send: None, .. } => return Err(HttpError::Finished),
        };
        Ok((Self { party, state }, encode(&token)))
    }

    /// Takes the status and the headers of the response.
    ///
    /// # Errors
    /// Every error is final. [`HttpError::NotProven`]: the answer looks like a success, but it is
    /// not known who sent it. [`HttpError::Failed`]: any other answer of unknown origin.
    /// [`HttpError::Rejected`]: the answer still asks for a ticket, or comes from a server that has
    /// proven its identity and refuses the client.
    pub fn step(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<Progress, HttpError> {
        let refused = status == self.party.status();
        let token = self
            .party
            .challenge(headers)
            .filter(|text| !text.is_empty());
        let mut initiation = match std::mem::replace(&mut self.state, State::Finished) {
            State::ExpectToken(initiation) => initiation,
            State::Established(_) if refused => return Err(HttpError::Rejected(status)),
            State::Established(context) => return Ok(Progress::Done(context)),
            State::Finished => return Err(HttpError::Finished),
        };
        let Some(token) = token else {
            return without_token(initiation, status, refused);
        };
        match initiation.step(&decode(token)?)? {
            Step::Continue(token) if refused => {
                self.state = State::ExpectToken(initiation);
                Ok(Progress::Again(encode(&token)))
            }
            // RFC 4178 §5: in a signed negotiation, the client sends the last message.
            Step::Done {
                send: Some(token),
                context,
            } if refused => {
                self.state = State::Established(context);
                Ok(Progress::Again(encode(&token)))
            }
            Step::Done {
                send: None,
                context,
            } if !refused => Ok(Progress::Done(context)),
            // It knows who the client is, and refuses it.
            Step::Done { send: None, .. } => Err(HttpError::Rejected(status)),
            _ => Err(HttpError::Unfinished(status)),
        }
    }
}

/// The outcome of an answer without a token.
fn without_token(
    initiation: Initiation,
    status: StatusCode,
    refused: bool,
) -> Result<Progress, HttpError> {
    if refused {
        return Err(HttpError::Rejected(status));
    }
    if status.is_client_error() || status.is_server_error() {
        return Err(HttpError::Failed(status));
    }
    // RFC 4559 §5: the server may omit its token if it has nothing to prove.
    let context = initiation.into_unanswered();
    context
        .map(Progress::Done)
        .ok_or(HttpError::NotProven(status))
}
