//! The states of the exchange, one type for each answer it can wait for. A reply turns one into the
//! next.

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::{AsRep, Decode, ErrorCode, KdcRep, KrbError, MessageType};

use super::refusal::Refusal;
use super::request::{Informational, Plan, Sent};
use super::{Login, Session, reply};
use crate::ExchangeError;
use crate::exchange::Env;
use crate::preauth::{OwnedPaData, Preauth};
use crate::trace::{Error, Printable, trace};

mod guess;

use guess::ExpectGuessReply;

/// The answer that the exchange is waiting for.
pub(super) enum State {
    /// The answer to a request that was preauthenticated before the KDC asked for it.
    Guess(Box<ExpectGuessReply>),
    /// The answer to a request without preauthentication.
    First(Box<ExpectFirstReply>),
    /// The answer to a request with preauthentication.
    Preauthenticated(Box<ExpectPreauthReply>),
}

/// What to do after a reply.
pub(super) enum Next {
    /// Send the state's request.
    Send(State),
    /// The exchange is over.
    Done(Box<Login>),
}

/// Waits for the answer to a request without preauthentication.
pub(super) struct ExpectFirstReply {
    sent: Sent,
    preauth: Preauth,
}

/// Waits for the answer to a request with preauthentication.
pub(super) struct ExpectPreauthReply {
    sent: Sent,
    preauth: Preauth,
}

impl State {
    /// The request that awaits an answer.
    pub(super) fn sent(&self) -> &Sent {
        match self {
            Self::Guess(state) => state.sent(),
            Self::First(state) => &state.sent,
            Self::Preauthenticated(state) => &state.sent,
        }
    }

    /// Makes a request without preauthentication to the client's realm, with no knowledge about it.
    pub(super) fn begin(
        session: &mut Session,
        informational: Informational,
        env: &mut Env<'_>,
    ) -> Result<Self, ExchangeError> {
        let plan = session.plan(env)?;
        Ok(Self::unauthenticated(plan, session, informational, env))
    }

    fn unauthenticated(
        plan: Plan,
        session: &Session,
        informational: Informational,
        env: &Env<'_>,
    ) -> Self {
        trace!("Sending unauthenticated request");
        Self::First(Box::new(ExpectFirstReply {
            sent: session.send(plan, Vec::new(), informational, env),
            preauth: session.fresh_preauth(),
        }))
    }

    /// Handles the answer `message` and returns what to do next.
    pub(super) fn handle(
        self,
        session: &mut Session,
        message: &[u8],
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        let refusal = match MessageType::of_der(message) {
            Some(MessageType::AS_REP) => {
                let reply =
                    AsRep::from_der(message).map_err(ExchangeError::decode("the AS-REP"))?;
                return self.conclude(&reply.0, session, env);
            }
            Some(MessageType::KRB_ERROR) => {
                let error =
                    KrbError::from_der(message).map_err(ExchangeError::decode("the KRB-ERROR"))?;
                Refusal::new(&error, self.sent())
            }
            _ => return Err(ExchangeError::UnexpectedMessage),
        };
        trace!("Received error from KDC: {}", Error(refusal.error.code.0));
        match refusal.error.code {
            // RFC 4120 §7.2.1: ask again over a stream. On a stream this error makes no sense.
            ErrorCode::KRB_ERR_RESPONSE_TOO_BIG if !session.stream_only => {
                trace!("Request or response is too big for UDP; retrying with TCP");
                session.stream_only = true;
                Ok(Next::Send(self))
            }
            // RFC 6113 §5.2: the cookie has expired. Start over.
            ErrorCode::KDC_ERR_PREAUTH_EXPIRED => {
                let informational = self.sent().informational;
                Self::begin(session, informational, env).map(Next::Send)
            }
            _ => match session.referral(&refusal)? {
                Some(realm) => {
                    trace!("Following referral to realm {}", Printable(&realm));
                    session.client = session.client.clone().with_realm(realm);
                    session.refused = None;
                    Self::begin(session, Informational::Present, env).map(Next::Send)
                }
                None => match self {
                    Self::Guess(state) => state.refused(refusal, session, env),
                    Self::First(state) => state.refused(refusal, session, env),
                    Self::Preauthenticated(state) => state.refused(refusal, session, env),
                },
            },
        }
    }

    fn conclude(
        self,
        message: &KdcRep<'_>,
        session: &mut Session,
        env: &Env<'_>,
    ) -> Result<Next, ExchangeError> {
        let (sent, preauth) = match self {
            Self::Guess(state) => state.into_parts(),
            Self::First(state) => (state.sent, state.preauth),
            Self::Preauthenticated(state) => (state.sent, state.preauth),
        };
        reply::finish(message, &sent, &preauth, session, env.now).map(Next::Done)
    }
}

impl ExpectFirstReply {
    fn refused(
        self: Box<Self>,
        refusal: Refusal,
        session: &mut Session,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        match refusal.error.code {
            // An old KDC that fails on padata it does not know.
            ErrorCode::KDC_ERR_PREAUTH_FAILED
                if self.sent.informational == Informational::Present =>
            {
                State::begin(session, Informational::LeftOut, env).map(Next::Send)
            }
            ErrorCode::KDC_ERR_PREAUTH_REQUIRED if refusal.has_data() => {
                answer_first(refusal, self.sent.informational, session, env)
            }
            _ => Err(refusal.into_error(session, false)),
        }
    }
}

impl ExpectPreauthReply {
    fn refused(
        mut self: Box<Self>,
        refusal: Refusal,
        session: &mut Session,
        env: &mut Env<'_>,
    ) -> Result<Next, ExchangeError> {
        match refusal.error.code {
            ErrorCode::KDC_ERR_PREAUTH_REQUIRED if refusal.has_data() => {
                session.note_time(&refusal.error, env.now);
                session.accept(&mut self.preauth, refusal.padata);
                preauthenticate(self.preauth, self.sent.informational, session, env)
            }
            ErrorCode::KDC_ERR_PREAUTH_FAILED if refusal.has_data() => {
                session.note_time(&refusal.error, env.now);
                self.preauth.note_failed();
                if !refusal.padata.is_empty() {
                    session.accept(&mut self.preauth, refusal.padata.clone());
                }
                preauthenticate(self.preauth, self.sent.informational, session, env)
                    .map_err(|error| refusal.prefer_over(error, session))
            }
            ErrorCode::KDC_ERR_MORE_PREAUTH_DATA_REQUIRED if refusal.has_data() => {
                let plan = session.plan(env)?;
                let mut preauth_env = session.preauth_env(&plan, env.rng, env.now);
                let padata = self.preauth.follow_up(&refusal.padata, &mut preauth_env)?;
                Ok(self
                    .preauth
                    .send(plan, padata, self.sent.informational, session, env))
            }
            _ if refusal.has_data() => {
                let plan = session.plan(env)?;
                let mut preauth_env = session.preauth_env(&plan, env.rng, env.now);
                let recovered =
                    self.preauth
                        .recover(&refusal.error, &refusal.padata, &mut preauth_env);
                if let Some(padata) = recovered {
                    return Ok(self.preauth.send(
                        plan,
                        padata,
                        self.sent.informational,
                        session,
                        env,
                    ));
                }
                self.preauth.note_failed();
                preauthenticate(self.preauth, self.sent.informational, session, env)
                    .map_err(|error| refusal.prefer_over(error, session))
            }
            _ => Err(refusal.into_error(session, true)),
        }
    }
}

impl Preauth {
    /// Makes a preauthenticated request with `padata`.
    fn send(
        self,
        plan: Plan,
        padata: Vec<OwnedPaData>,
        informational: Informational,
        session: &Session,
        env: &Env<'_>,
    ) -> Next {
        let sent = session.send(plan, padata, informational, env);
        let state = ExpectPreauthReply {
            sent,
            preauth: self,
        };
        Next::Send(State::Preauthenticated(Box::new(state)))
    }
}

/// Answers the first list of accepted mechanisms from the KDC.
fn answer_first(
    refusal: Refusal,
    informational: Informational,
    session: &mut Session,
    env: &mut Env<'_>,
) -> Result<Next, ExchangeError> {
    session.note_time(&refusal.error, env.now);
    let mut preauth = session.fresh_preauth();
    session.accept(&mut preauth, refusal.padata);
    preauthenticate(preauth, informational, session, env)
        .map_err(|error| session.prefer_refusal(error))
}

/// Answers the KDC's list of accepted mechanisms.
fn preauthenticate(
    mut preauth: Preauth,
    informational: Informational,
    session: &mut Session,
    env: &mut Env<'_>,
) -> Result<Next, ExchangeError> {
    let plan = session.plan(env)?;
    trace!("Preauthenticating using KDC method data");
    let padata = preauth.answer(&mut session.preauth_env(&plan, env.rng, env.now))?;
    env.now = env.now + session.key.take_delay();
    Ok(preauth.send(plan, padata, informational, session, env))
}
