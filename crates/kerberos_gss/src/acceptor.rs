//! `Acceptor`: the service's side (RFC 4121 §4.1).
//!
//! ```text
//! step  ◄──AP-REQ──
//!       ──AP-REP──►    where the initiator asks for it; KRB-ERROR when it is refused
//! step  ◄──AP-REP──    in DCE style only
//! ```

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use kerberos_asn1::MessageType;
use kerberos_crypto::{CryptoRng, Key};
use kerberos_proto::{
    AcceptorChoice, AcceptorReply, HostAddress, KeySource, Principal, ReplayCache, Subkey,
    Timestamp,
};

use crate::authenticator::negotiated_etype;
use crate::mechanism::{frame, unframe_kerberos};
use crate::message::is_old;
use crate::{ChannelBindings, ContextFlags, GssError, Step, StepError, TokenId};

mod request;

use request::Request;

/// What an acceptor wants of a connection.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AcceptorOptions {
    /// The channel that the context is established over, by each of the bindings that stand for it:
    /// of both certificates while one is replaced by the other, or by each of the types that
    /// initiators may use. An initiator that sends others is refused. One that sends none is let
    /// in, unless it promised to send them (MS-KILE) or they are
    /// [required](Self::require_bindings).
    pub channel_bindings: Vec<ChannelBindings>,
    /// Refuse an initiator that sends no channel bindings: against an attacker in between who lets
    /// the victim connect without TLS. [`channel_bindings`](Self::channel_bindings) must be set
    /// then; else it is [`GssError::OwnBindingsMissing`].
    pub require_bindings: bool,
    /// Flags that the initiator must set.
    pub require: ContextFlags,
    /// Take the TGT that an initiator lends, into
    /// [`Details::delegated`](crate::Details::delegated), and refuse the initiator when it cannot
    /// be read. Requiring [`DELEG`](ContextFlags::DELEG) by [`require`](Self::require) implies it.
    /// By default the TGT is ignored: its holder can act as the initiator, which most services do
    /// not need.
    pub delegation: bool,
    /// Where the initiator is: tickets may be bound to addresses.
    pub peer: Option<HostAddress>,
}

/// A service that establishes a context with one client.
#[derive(Debug)]
pub struct Acceptor<K> {
    service: Arc<kerberos_proto::Acceptor<K>>,
    options: AcceptorOptions,
    state: State,
}

#[derive(Debug)]
enum State {
    ExpectRequest,
    ExpectConfirmation(Box<ExpectConfirmation>),
    Finished,
}

/// DCE style: the AP-REP is out, and its number is to come back.
#[derive(Debug)]
struct ExpectConfirmation {
    request: Request,
    choice: AcceptorChoice,
}

impl<K: KeySource> Acceptor<K> {
    /// An acceptor for one client of `service`, which all connections share.
    pub fn new(service: Arc<kerberos_proto::Acceptor<K>>, options: AcceptorOptions) -> Self {
        Self {
            service,
            options,
            state: State::ExpectRequest,
        }
    }

    /// Takes the initiator's `token`, at `now`.
    ///
    /// # Errors
    /// Each with its own name; the initiator is to get [`StepError::send`], if there is something.
    /// It is final.
    pub fn step(
        &mut self,
        token: &[u8],
        replays: &mut dyn ReplayCache,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        match core::mem::replace(&mut self.state, State::Finished) {
            State::ExpectRequest => {
                let step = self.handle_request(token, replays, rng, now);
                step.map_err(|error| self.refusal(token, error, now))
            }
            State::ExpectConfirmation(state) => Ok(state.handle(token)?),
            State::Finished => Err(GssError::Finished.into()),
        }
    }

    fn handle_request(
        &mut self,
        token: &[u8],
        replays: &mut dyn ReplayCache,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, GssError> {
        // Before the request is noted as seen: it may come again once this is mended.
        if self.options.require_bindings && self.options.channel_bindings.is_empty() {
            return Err(GssError::OwnBindingsMissing);
        }
        let framed = !is_bare_request(token);
        let message = if framed {
            match unframe_kerberos(token)? {
                (TokenId::AP_REQ, message) => message,
                (found, _) => {
                    let expected = TokenId::AP_REQ;
                    return Err(GssError::TokenId { expected, found });
                }
            }
        } else {
            token
        };
        let peer = self.options.peer.as_ref();
        let accepted = self.service.accept(message, peer, replays, now)?;
        let request = self.examine(accepted, now)?;
        let dce_style = request.flags.contains(ContextFlags::DCE_STYLE);
        if dce_style == framed {
            return Err(GssError::DceStyle);
        }
        if !request.flags.contains(ContextFlags::MUTUAL) {
            let context = Box::new(request.establish(None));
            return Ok(Step::Done {
                send: None,
                context,
            });
        }
        let mut reply = AcceptorReply::default();
        reply.sequence_number = true;
        reply.subkey = self.subkey(&request, rng)?;
        let (message, choice) = request.accepted.reply(&reply, rng)?;
        if dce_style {
            self.state =
                State::ExpectConfirmation(Box::new(ExpectConfirmation { request, choice }));
            return Ok(Step::Continue(message));
        }
        let send = Some(frame(TokenId::AP_REP, &message));
        let context = Box::new(request.establish(Some(choice)));
        Ok(Step::Done { send, context })
    }

    /// The key to choose. With keys of older types one is chosen only to get to a newer type, or in
    /// DCE style: their tokens do not say which key they are protected with.
    fn subkey(&self, request: &Request, rng: &mut dyn CryptoRng) -> Result<Subkey, GssError> {
        let accepted = &request.accepted;
        let wishes = &accepted.client_authorization_data;
        let base = accepted.subkey.as_ref().unwrap_or(&accepted.session_key);
        let etype = negotiated_etype(wishes, &self.service.etypes).unwrap_or(base.etype());
        let key = Key::generate(etype, rng)?;
        let dce_style = request.flags.contains(ContextFlags::DCE_STYLE);
        Ok(if is_old(base) && is_old(&key) && !dce_style {
            Subkey::None
        } else {
            Subkey::Given(key.to_block())
        })
    }

    /// The error, and the KRB-ERROR for the initiator: framed as its request is.
    fn refusal(&self, token: &[u8], error: GssError, now: Timestamp) -> StepError {
        let send = match &error {
            GssError::Ap(cause) if !is_bare_request(token) => {
                // RFC 4120 §5.9.1 wants a name: one's own, or none in particular.
                let nobody = || Principal::new(kerberos_asn1::NameType::UNKNOWN, [""; 0], "");
                let server = self.service.server.clone().unwrap_or_else(nobody);
                Some(frame(TokenId::ERROR, &cause.to_message(&server, now)))
            }
            _ => None,
        };
        StepError {
            send,
            ..error.into()
        }
    }
}

impl ExpectConfirmation {
    fn handle(self, token: &[u8]) -> Result<Step, GssError> {
        let accepted = &self.request.accepted;
        accepted.check_confirmation(token, &self.choice)?;
        let context = Box::new(self.request.establish(Some(self.choice)));
        Ok(Step::Done {
            send: None,
            context,
        })
    }
}

/// Whether `token` is an AP-REQ as it is: DCE style.
fn is_bare_request(token: &[u8]) -> bool {
    MessageType::of_der(token) == Some(MessageType::AP_REQ)
}
