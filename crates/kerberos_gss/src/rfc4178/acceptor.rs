//! The acceptor's side of SPNEGO. It also accepts bare Kerberos tokens.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_asn1::Encode;
use kerberos_crypto::CryptoRng;
use kerberos_proto::{KeySource, ReplayCache, Timestamp};

use super::initiator::no_common_mechanism;
use super::messages::{NegState, NegTokenInit, NegTokenResp, mech_types_der};
use crate::mechanism::unframe;
use crate::{Acceptor, AcceptorOptions, Context, GssError, Mechanism, Step, StepError};

/// A service that establishes a context with one client, with or without SPNEGO.
///
/// This is what `Authorization: Negotiate` requires: browsers send SPNEGO, and some programs send
/// bare Kerberos tokens.
#[derive(Debug)]
pub struct SpnegoAcceptor<K> {
    kerberos: Acceptor<K>,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectInit,
    /// The client uses Kerberos without SPNEGO.
    Bare,
    Negotiating(Negotiation),
    ExpectMic(Negotiation, Box<Context>),
    Finished,
}

#[derive(Debug)]
struct Negotiation {
    /// The encoded list of offered mechanisms.
    mech_types: Vec<u8>,
    /// The identifier of Kerberos to announce to the client; `None` once that is done.
    announce: Option<Mechanism<'static>>,
    /// Whether Kerberos was not the client's first choice, so that both sides must sign the list.
    mic_required: bool,
}

impl<K: KeySource> SpnegoAcceptor<K> {
    /// An acceptor for a single client. `service` is shared by all connections.
    pub fn new(service: Arc<kerberos_proto::Acceptor<K>>, options: AcceptorOptions) -> Self {
        Self {
            kerberos: Acceptor::new(service, options),
            state: State::ExpectInit,
        }
    }

    /// The first message of an acceptor that speaks first, as in SMB: NegTokenInit2 with Kerberos
    /// under both identifiers, Microsoft's first (MS-SPNG §3.2.5.2).
    pub fn hint() -> Vec<u8> {
        let mech_types = mech_types_der(&[Mechanism::MS_KRB5, Mechanism::KRB5]);
        NegTokenInit {
            mech_types_der: &mech_types,
            mech_types: Vec::new(),
            mech_token: None,
            mech_list_mic: None,
            hints: true,
        }
        .to_der()
    }

    /// Takes the initiator's `token`. An empty token is answered with [`hint`](Self::hint).
    ///
    /// # Errors
    /// The same as [`Acceptor::step`]; [`GssError::Ntlm`] if the client has no ticket and offers
    /// NTLM; [`GssError::NoCommonMechanism`], [`GssError::TokenMissing`],
    /// [`GssError::MechListMic`], [`GssError::MechListMicMissing`]. Every error is final. Send
    /// [`StepError::send`], if set, to the initiator.
    pub fn step(
        &mut self,
        token: &[u8],
        replays: &mut dyn ReplayCache,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        match core::mem::replace(&mut self.state, State::Finished) {
            State::ExpectInit if token.is_empty() => {
                self.state = State::ExpectInit;
                Ok(Step::Continue(Self::hint()))
            }
            State::ExpectInit => self.handle_first(token, replays, rng, now),
            State::Bare => self.bare(token, replays, rng, now),
            State::Negotiating(negotiation) => {
                let message = NegTokenResp::read(token)?;
                let token = message.response_token.ok_or(GssError::TokenMissing)?;
                let mic = message.mech_list_mic;
                self.advance(negotiation, token, mic, replays, rng, now)
            }
            State::ExpectMic(negotiation, context) => {
                let message = NegTokenResp::read(token)?;
                let mic = message.mech_list_mic.ok_or(GssError::MechListMicMissing)?;
                Ok(negotiation.complete(context, message.neg_state, mic)?)
            }
            State::Finished => Err(GssError::Finished.into()),
        }
    }

    fn handle_first(
        &mut self,
        token: &[u8],
        replays: &mut dyn ReplayCache,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        if token.starts_with(NTLM_SIGNATURE) {
            return Err(GssError::Ntlm.into());
        }
        if !unframe(token).is_ok_and(|(mechanism, _)| mechanism == Mechanism::SPNEGO) {
            return self.bare(token, replays, rng, now);
        }
        let init = NegTokenInit::read(token)?;
        let chosen = init.mech_types.iter().position(|one| one.is_kerberos());
        let Some(chosen) = chosen else {
            return Err(StepError {
                send: Some(reject(None)),
                ..no_common_mechanism(&init.mech_types).into()
            });
        };
        let mechanism = match init.mech_types.get(chosen) {
            Some(&Mechanism::MS_KRB5) => Mechanism::MS_KRB5,
            _ => Mechanism::KRB5,
        };
        let negotiation = Negotiation {
            mech_types: init.mech_types_der.to_vec(),
            announce: Some(mechanism),
            mic_required: chosen != 0,
        };
        match init.mech_token {
            Some(token) if chosen == 0 => {
                self.advance(negotiation, token, init.mech_list_mic, replays, rng, now)
            }
            // The token is for the first mechanism, or is absent: Kerberos begins now.
            _ => Ok(self.wait(negotiation)),
        }
    }

    /// Asks for the first Kerberos token.
    fn wait(&mut self, mut negotiation: Negotiation) -> Step {
        let state = if negotiation.mic_required {
            NegState::REQUEST_MIC
        } else {
            NegState::ACCEPT_INCOMPLETE
        };
        let message = negotiation.response(state, None, None);
        self.state = State::Negotiating(negotiation);
        Step::Continue(message)
    }

    fn bare(
        &mut self,
        token: &[u8],
        replays: &mut dyn ReplayCache,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        let step = self.kerberos.step(token, replays, rng, now)?;
        if matches!(step, Step::Continue(_)) {
            self.state = State::Bare;
        }
        Ok(step)
    }

    /// One step of the mechanism.
    fn advance(
        &mut self,
        mut negotiation: Negotiation,
        token: &[u8],
        mic: Option<&[u8]>,
        replays: &mut dyn ReplayCache,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        let step = self.kerberos.step(token, replays, rng, now);
        let step = step.map_err(|failed| StepError {
            send: Some(reject(failed.send.as_deref())),
            ..failed
        })?;
        match step {
            Step::Continue(token) => {
                let message = negotiation.response(NegState::ACCEPT_INCOMPLETE, Some(&token), None);
                self.state = State::Negotiating(negotiation);
                Ok(Step::Continue(message))
            }
            Step::Done { send, mut context } => {
                if let Some(mic) = mic {
                    negotiation.verify(&mut context, mic)?;
                }
                // RFC 4178 §5: if the client has signed the list or must sign it.
                let signed = (negotiation.mic_required || mic.is_some())
                    .then(|| context.mic(&negotiation.mech_types))
                    .transpose()?;
                let waiting = negotiation.mic_required && mic.is_none();
                let state = if waiting {
                    NegState::ACCEPT_INCOMPLETE
                } else {
                    NegState::ACCEPT_COMPLETED
                };
                let message = negotiation.response(state, send.as_deref(), signed.as_deref());
                if waiting {
                    self.state = State::ExpectMic(negotiation, context);
                    return Ok(Step::Continue(message));
                }
                let send = Some(message);
                Ok(Step::Done { send, context })
            }
        }
    }
}

impl Negotiation {
    fn response(&mut self, state: NegState, token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
        NegTokenResp {
            neg_state: Some(state),
            supported_mech: self.announce.take(),
            response_token: token,
            mech_list_mic: mic,
        }
        .to_der()
    }

    fn verify(&self, context: &mut Context, mic: &[u8]) -> Result<(), GssError> {
        let verified = context.verify_mic(&self.mech_types, mic);
        verified.map_err(|_| GssError::MechListMic)
    }

    /// Checks the client's MIC, which was outstanding.
    fn complete(
        mut self,
        mut context: Box<Context>,
        neg_state: Option<NegState>,
        mic: &[u8],
    ) -> Result<Step, GssError> {
        self.verify(&mut context, mic)?;
        // RFC 4178 §5 b I: a client that has completed with its MIC expects no further message. A
        // client that does not say so waits for one.
        let waits = neg_state != Some(NegState::ACCEPT_COMPLETED);
        let send = waits.then(|| self.response(NegState::ACCEPT_COMPLETED, None, None));
        Ok(Step::Done { send, context })
    }
}

/// The answer to a refused client. `token` gives the reason.
fn reject(token: Option<&[u8]>) -> Vec<u8> {
    NegTokenResp {
        neg_state: Some(NegState::REJECT),
        response_token: token,
        ..NegTokenResp::default()
    }
    .to_der()
}

/// The start of every NTLM message.
const NTLM_SIGNATURE: &[u8] = b"NTLMSSP\0";
