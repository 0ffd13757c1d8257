//! `Negotiation`: the client's side, from the first token to the proof of the server (RFC 4559 §5).

use http::{HeaderMap, HeaderValue, StatusCode};
use kerberos_client::Initiation;
use kerberos_client::kerberos_gss::{Context, Step};

use crate::header::{decode, encode};
use crate::{HttpError, Party};

/// A client that shows its ticket to a server or to a proxy; see the [crate](crate).
#[derive(Debug)]
pub struct Negotiation {
    party: Party,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectToken(Initiation),
    /// Nothing is to be proved any more, or nothing ever was: without mutual authentication.
    Established(Box<Context>),
    Finished,
}

/// What comes next.
#[derive(Debug)]
#[must_use = "the request is to be sent again, or the answer to be used"]
pub enum Progress {
    /// Send the request again, with this in [`Party::request_header`], over the same connection:
    /// a server that has not finished knows by that whom it has begun with.
    Again(HeaderValue),
    /// The other side is who it should be, and took the ticket; without mutual authentication only
    /// the latter, by its own account. The answer's status tells what came of the request.
    Done(Box<Context>),
}

impl Negotiation {
    /// Starts with what [`Client::initiate`](kerberos_client::Client::initiate) gave for
    /// `HTTP/host`, the proxy's own host if it is for a proxy. The request goes with the value in
    /// [`Party::request_header`].
    ///
    /// # Errors
    /// [`HttpError::Finished`] when there is no token to send.
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
    /// Each with its own name. After [`HttpError::NotProven`] there is an answer as for a client
    /// that is let in: by whom is not known. [`HttpError::Failed`] is any other answer of which
    /// that is not known, and [`HttpError::Rejected`] the one that asks for a ticket still.
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
            // RFC 4178 §5: the last word of a negotiation that is signed is the client's.
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
            // It knows who the client is, and does not want it.
            Step::Done { send: None, .. } => Err(HttpError::Rejected(status)),
            _ => Err(HttpError::Unfinished(status)),
        }
    }
}

/// What an answer comes to that proves nothing.
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
    // RFC 4559 §5: the server's token may be left out where it has nothing to prove.
    let context = initiation.into_unanswered();
    context
        .map(Progress::Done)
        .ok_or(HttpError::NotProven(status))
}
