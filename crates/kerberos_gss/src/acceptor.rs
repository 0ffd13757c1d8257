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

/// What an acceptor requires of initiators.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AcceptorOptions {
    /// The channel over which the context is established, as one or more alternative bindings: for
    /// example of both certificates while one is being replaced by the other, or of each type that
    /// initiators may use. An initiator that sends other bindings is refused. An initiator that
    /// sends none is accepted, unless it promised to send them (MS-KILE) or they are
    /// [required](Self::require_bindings).
    pub channel_bindings: Vec<ChannelBindings>,
    /// Refuse an initiator that sends no channel bindings. This protects against a man in the
    /// middle whose victim connects without TLS. [`channel_bindings`](Self::channel_bindings) must
    /// then be set, otherwise the error is [`GssError::OwnBindingsMissing`].
    pub require_bindings: bool,
    /// Flags that the initiator must request.
    pub require: ContextFlags,
    /// Accept a TGT that an initiator delegates, into
    /// [`Details::delegated`](crate::Details::delegated), and refuse the initiator if the TGT
    /// cannot be read. Setting [`DELEG`](ContextFlags::DELEG) in [`require`](Self::require) implies
    /// this. By default the TGT is ignored: its holder can act as the initiator, which most
    /// services do not need.
    pub delegation: bool,
    /// The initiator's address, since tickets may be bound to addresses.
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

/// DCE style: the AP-REP was sent, and the client must repeat its sequence number.
#[derive(Debug)]
struct ExpectConfirmation {
    request: Request,
    choice: AcceptorChoice,
}

impl<K: KeySource> Acceptor<K> {
    /// An acceptor for a single client. `service` is shared by all connections.
    pub fn new(service: Arc<kerberos_proto::Acceptor<K>>, options: AcceptorOptions) -> Self {
        Self {
            service,
            options,
            state: State::ExpectRequest,
        }
    }

    /// Takes the initiator's `token`. `now` is the current time.
    ///
    /// # Errors
    /// Every error is final. Send [`StepError::send`], if set, to the initiator.
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
        // Checked before the request is recorded in the replay cache, so that it can be repeated
        // after this mistake is fixed.
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

    /// The subkey to choose. With keys of older types, a subkey is chosen only to switch to a newer
    /// type, or in DCE style: their tokens do not say which key protects them.
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

    /// The error, with a KRB-ERROR for the initiator, which is framed like its request.
    fn refusal(&self, token: &[u8], error: GssError, now: Timestamp) -> StepError {
        let send = match &error {
            GssError::Ap(cause) if !is_bare_request(token) => {
                // RFC 4120 §5.9.1 requires a name: the service's own, or an empty one.
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

/// Whether `token` is an AP-REQ without a frame, which means DCE style.
fn is_bare_request(token: &[u8]) -> bool {
    MessageType::of_der(token) == Some(MessageType::AP_REQ)
}
