//! The initiator's side of SPNEGO.

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::Encode;
use kerberos_crypto::CryptoRng;
use kerberos_proto::{Credential, Timestamp};

use super::messages::{NegState, NegTokenInit, NegTokenResp, mech_types_der};
use crate::mechanism::unframe;
use crate::{Context, GssError, Initiator, InitiatorOptions, Mechanism, Step, StepError};

/// The order in which the two identifiers of Kerberos are offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum MechanismOrder {
    /// The correct one first, like MIT's library. Acceptors on Unix expect this.
    #[default]
    Standard,
    /// Microsoft's first, like Windows.
    Windows,
}

/// A client that establishes a context with SPNEGO.
#[derive(Debug)]
pub struct SpnegoInitiator {
    state: Option<Box<State>>,
}

#[derive(Debug)]
struct State {
    /// The encoded list of offered mechanisms.
    mech_types: Vec<u8>,
    kerberos: Kerberos,
    /// The first identifier offered, with its token; `None` once the acceptor has answered. An
    /// acceptor that chooses the other identifier has not looked at the token.
    first: Option<(Mechanism<'static>, Vec<u8>)>,
    mic: Mic,
}

/// The progress of the mechanism.
#[derive(Debug)]
enum Kerberos {
    Going(Initiator),
    Done(Box<Context>),
}

/// Who has signed the list of mechanisms.
#[derive(Debug, Default)]
struct Mic {
    /// The acceptor asked for it.
    required: bool,
    sent: bool,
    received: bool,
}

impl SpnegoInitiator {
    /// Starts a context like [`Initiator::start`]. Even without mutual authentication, the acceptor
    /// answers.
    ///
    /// # Errors
    /// The same as [`Initiator::start`].
    pub fn start(
        credential: &Credential,
        options: &InitiatorOptions,
        order: MechanismOrder,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Step), GssError> {
        let offered = match order {
            MechanismOrder::Standard => [Mechanism::KRB5, Mechanism::MS_KRB5],
            MechanismOrder::Windows => [Mechanism::MS_KRB5, Mechanism::KRB5],
        };
        let mech_types = mech_types_der(&offered);
        let (initiator, step) = Initiator::start(credential, options, rng, now)?;
        let (kerberos, token) = match step {
            Step::Continue(token) => (Kerberos::Going(initiator), token),
            Step::Done { send, context } => (Kerberos::Done(context), send.unwrap_or_default()),
        };
        let [first, _] = offered;
        let message = NegTokenInit {
            mech_types_der: &mech_types,
            mech_types: Vec::new(),
            mech_token: Some(&token),
            mech_list_mic: None,
            hints: false,
        }
        .to_der();
        let state = State {
            mech_types,
            kerberos,
            first: Some((first, token)),
            mic: Mic::default(),
        };
        let state = Some(Box::new(state));
        Ok((Self { state }, Step::Continue(message)))
    }

    /// Checks whether Kerberos is offered in the first message of an acceptor that speaks first,
    /// like SMB servers (NegTokenInit2).
    ///
    /// # Errors
    /// [`GssError::Ntlm`] or [`GssError::NoCommonMechanism`] if it is not, and
    /// [`GssError::Decode`].
    pub fn check_hint(token: &[u8]) -> Result<(), GssError> {
        let hint = NegTokenInit::read(token)?;
        if hint.mech_types.iter().any(|one| one.is_kerberos()) {
            return Ok(());
        }
        Err(no_common_mechanism(&hint.mech_types))
    }

    /// The context, if it is established without any answer: only without mutual authentication,
    /// and before the acceptor has answered. The negotiation is not authenticated then.
    pub fn into_unanswered(self) -> Option<Box<Context>> {
        let state = self.state?;
        // An acceptor that has begun to answer must also finish (RFC 4178 §4.2.2).
        state.first.as_ref()?;
        match state.kerberos {
            Kerberos::Done(context) => Some(context),
            Kerberos::Going(_) => None,
        }
    }

    /// Takes the acceptor's `token`.
    ///
    /// # Errors
    /// The same as [`Initiator::step`]; [`GssError::NotSpnego`], [`GssError::Rejected`],
    /// [`GssError::Ntlm`], [`GssError::NoCommonMechanism`], [`GssError::TokenMissing`],
    /// [`GssError::MechListMic`], [`GssError::MechListMicMissing`]. Every error is final.
    pub fn step(
        &mut self,
        token: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        let mut state = self.state.take().ok_or(GssError::Finished)?;
        // An acceptor without SPNEGO refuses with a bare KRB-ERROR.
        if unframe(token).is_ok_and(|(mechanism, _)| mechanism.is_kerberos()) {
            if matches!(state.kerberos, Kerberos::Going(_)) {
                state.advance(token, rng, now)?;
            }
            return Err(GssError::NotSpnego.into());
        }
        let message = NegTokenResp::read(token)?;
        let ignored = state.check_choice(&message)?;
        // Windows 2000 repeats its token in place of the MIC. Like MIT's library, treat this as no
        // MIC.
        let mic = message.mech_list_mic;
        let mic = mic.filter(|mic| message.response_token != Some(mic));
        let reply = match message.response_token {
            Some(token) if matches!(state.kerberos, Kerberos::Going(_)) => {
                state.advance(token, rng, now)?
            }
            _ => ignored,
        };
        if message.neg_state == Some(NegState::REJECT) {
            return Err(GssError::Rejected.into());
        }
        state.mic.required |= message.neg_state == Some(NegState::REQUEST_MIC);
        let state = *state;
        let (step, rest) = state.finish(message.neg_state, mic, reply.as_deref())?;
        self.state = rest.map(Box::new);
        Ok(step)
    }
}

impl State {
    /// RFC 4178 §4.2.2: the first answer selects the mechanism. Returns the first token if it must
    /// be sent again.
    fn check_choice(&mut self, message: &NegTokenResp<'_>) -> Result<Option<Vec<u8>>, GssError> {
        if message.neg_state == Some(NegState::REJECT) && message.response_token.is_none() {
            return Err(GssError::Rejected);
        }
        let first = self.first.take();
        let Some(chosen) = message.supported_mech else {
            return Ok(None);
        };
        if !chosen.is_kerberos() {
            return Err(no_common_mechanism(&[chosen]));
        }
        // Windows answers with either identifier, whichever was first, and with its token.
        let goes_on = message.response_token.is_none()
            && message.neg_state != Some(NegState::ACCEPT_COMPLETED);
        Ok(first
            .filter(|(mechanism, _)| goes_on && *mechanism != chosen)
            .map(|(_, token)| token))
    }

    /// One step of the mechanism. Returns the token to send.
    fn advance(
        &mut self,
        token: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, StepError> {
        let Kerberos::Going(initiator) = &mut self.kerberos else {
            return Err(GssError::Finished.into());
        };
        match initiator.step(token, rng, now)? {
            Step::Continue(token) => Ok(Some(token)),
            Step::Done { send, context } => {
                self.kerberos = Kerberos::Done(context);
                Ok(send)
            }
        }
    }

    /// The next step of the negotiation, and the state to wait in, if any.
    fn finish(
        mut self,
        neg_state: Option<NegState>,
        mic: Option<&[u8]>,
        reply: Option<&[u8]>,
    ) -> Result<(Step, Option<Self>), GssError> {
        let completed = neg_state == Some(NegState::ACCEPT_COMPLETED);
        let Kerberos::Done(context) = &mut self.kerberos else {
            if completed {
                return Err(GssError::NotMutual);
            }
            // RFC 4178 §4.2.2: it is the acceptor's turn to send a token, and an empty answer would
            // not help it. MIT's library also ends here.
            let reply = reply.ok_or(GssError::TokenMissing)?;
            let message = response(None, Some(reply), None);
            return Ok((Step::Continue(message), Some(self)));
        };
        if let Some(mic) = mic {
            context
                .verify_mic(&self.mech_types, mic)
                .map_err(|_| GssError::MechListMic)?;
            self.mic.received = true;
        }
        // RFC 4178 §5: whoever receives a MIC and has sent none sends one, unless everything is
        // complete.
        let own = (self.mic.required || self.mic.received) && !self.mic.sent && !completed;
        let own = own.then(|| context.mic(&self.mech_types)).transpose()?;
        self.mic.sent |= own.is_some();
        // An acceptor that leaves nothing to send has finished, whatever its negState: some omit
        // it. MIT's library does the same. §5 b I: likewise an acceptor that sent its MIC with its
        // last token. Our MIC is then the last message.
        let over = completed || reply.is_none() && (own.is_none() || self.mic.received);
        // RFC 4178 §5 d: if a MIC was requested, both sides must send one.
        if over && self.mic.required && !self.mic.received {
            return Err(GssError::MechListMicMissing);
        }
        if completed && reply.is_some() {
            return Err(GssError::Finished);
        }
        let Kerberos::Done(context) = self.kerberos else {
            return Err(GssError::Finished);
        };
        if over {
            let last = |mic: Vec<u8>| response(Some(NegState::ACCEPT_COMPLETED), None, Some(&mic));
            let send = own.map(last);
            return Ok((Step::Done { send, context }, None));
        }
        let message = response(None, reply, own.as_deref());
        self.kerberos = Kerberos::Done(context);
        Ok((Step::Continue(message), Some(self)))
    }
}

/// Makes a NegTokenResp of the initiator.
fn response(state: Option<NegState>, token: Option<&[u8]>, mic: Option<&[u8]>) -> Vec<u8> {
    NegTokenResp {
        neg_state: state,
        response_token: token,
        mech_list_mic: mic,
        ..NegTokenResp::default()
    }
    .to_der()
}

/// The error when there is no common mechanism.
pub(super) fn no_common_mechanism(offered: &[Mechanism<'_>]) -> GssError {
    if offered.contains(&Mechanism::NTLMSSP) {
        return GssError::Ntlm;
    }
    GssError::NoCommonMechanism(offered.iter().map(|one| one.0.to_vec()).collect())
}
