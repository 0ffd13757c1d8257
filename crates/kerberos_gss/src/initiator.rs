//! `Initiator`: the client's side (RFC 4121 §4.1).
//!
//! ```text
//! start ──AP-REQ──►                     Done at once without mutual authentication
//! step  ◄──AP-REP── or KRB-ERROR        Done
//!       ──AP-REP──►                     in DCE style only
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;

use kerberos_asn1::MessageType;
use kerberos_crypto::{CryptoRng, EncryptionType, Key, KeyBlock};
use kerberos_proto::{ApError, ApInitiator, ClockOffset, Credential, TicketTimes, Timestamp};

use crate::authenticator::GssChecksum;
use crate::context::{Clock, Context, Details, Keys};
use crate::mechanism::{frame, unframe_kerberos};
use crate::message::Side;
use crate::{ChannelBindings, ContextFlags, GssError, Step, StepError, TokenId};

mod options;

pub use options::InitiatorOptions;

/// A client that establishes a context.
#[derive(Debug)]
pub struct Initiator {
    state: Option<Box<ExpectReply>>,
}

/// The AP-REQ was sent.
#[derive(Debug)]
struct ExpectReply {
    exchange: ApInitiator,
    flags: ContextFlags,
    channel_bound: bool,
    /// The types of subkey that the acceptor may choose.
    etypes: Vec<EncryptionType>,
    credential: Names,
}

/// The parts of the credential that the context's details need.
#[derive(Debug)]
struct Names {
    initiator: kerberos_proto::Principal,
    acceptor: kerberos_proto::Principal,
    times: TicketTimes,
    kdc_offset: Option<ClockOffset>,
}

impl Initiator {
    /// Starts a context with the service of `credential`. `now` is the time by the caller's clock.
    ///
    /// # Errors
    /// [`GssError::Ap`] if the credential cannot be used; [`GssError::Delegation`] if the
    /// credential to delegate cannot be used; [`GssError::NothingToDelegate`] if the flags ask for
    /// delegation but there is no such credential; and [`GssError::Checksum`] if it is too long (64
    /// KiB).
    pub fn start(
        credential: &Credential,
        options: &InitiatorOptions,
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<(Self, Step), GssError> {
        let flags = options.context_flags()?;
        let lent = options.lent(credential, rng, now)?;
        let bindings = options.channel_bindings.as_ref();
        let checksum = GssChecksum {
            bindings: bindings.map(ChannelBindings::hash).unwrap_or_default(),
            flags,
            delegated: lent.as_deref().map(Vec::as_slice),
        };
        let session = credential.session_key.etype();
        let etypes = options.etypes.as_deref();
        let mut etypes = etypes.unwrap_or(EncryptionType::SUPPORTED).to_vec();
        let request = options.request(flags, &checksum, &etypes, session)?;
        etypes.push(session);
        let (exchange, message) = ApInitiator::start(credential, &request, rng, now)?;
        let token = if flags.contains(ContextFlags::DCE_STYLE) {
            message
        } else {
            frame(TokenId::AP_REQ, &message)
        };
        let state = ExpectReply {
            exchange,
            flags,
            // The acceptor does not say whether it checks the bindings.
            channel_bound: bindings.is_some(),
            etypes,
            credential: Names {
                initiator: credential.client.clone(),
                acceptor: credential.server.clone(),
                times: credential.times,
                kdc_offset: options.kdc_offset,
            },
        };
        if request.mutual {
            let state = Some(Box::new(state));
            return Ok((Self { state }, Step::Continue(token)));
        }
        let context = Box::new(state.establish(None, None));
        let send = Some(token);
        Ok((Self { state: None }, Step::Done { send, context }))
    }

    /// Takes the acceptor's `token`.
    ///
    /// # Errors
    /// [`GssError::Ap`] if the acceptor refuses, is not the service that the ticket is for, or
    /// chooses a key of a forbidden type; other errors for unexpected tokens. Every error is final.
    pub fn step(
        &mut self,
        token: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        let state = self.state.take().ok_or(GssError::Finished)?;
        state.handle(token, rng, now)
    }
}

impl ExpectReply {
    fn handle(
        self,
        token: &[u8],
        rng: &mut dyn CryptoRng,
        now: Timestamp,
    ) -> Result<Step, StepError> {
        let dce_style = self.flags.contains(ContextFlags::DCE_STYLE);
        let bare = [MessageType::AP_REP, MessageType::KRB_ERROR];
        let bare = MessageType::of_der(token).is_some_and(|kind| bare.contains(&kind));
        let message = if dce_style && bare {
            token
        } else {
            match unframe_kerberos(token)? {
                (TokenId::AP_REP, _) if dce_style => return Err(GssError::DceStyle.into()),
                (TokenId::AP_REP | TokenId::ERROR, message) => message,
                (found, _) => {
                    return Err(GssError::TokenId {
                        expected: TokenId::AP_REP,
                        found,
                    }
                    .into());
                }
            }
        };
        let reply = self.exchange.check_reply(message)?;
        // RFC 4537 §3: the acceptor must choose one of the offered types. Another choice could lead
        // to keys that the client's administrator does not permit.
        let choice = reply.subkey.as_ref().map(KeyBlock::etype);
        if let Some(etype) = choice.filter(|etype| !self.etypes.contains(etype)) {
            return Err(GssError::from(ApError::EtypeNotPermitted(etype)).into());
        }
        let send = dce_style.then(|| self.exchange.confirm(&reply, rng, now));
        let subkey = reply.subkey.as_ref().map(Key::new).transpose()?;
        let number = reply.sequence_number.unwrap_or_default();
        let context = Box::new(self.establish(subkey, Some(number)));
        Ok(Step::Done { send, context })
    }

    fn establish(self, acceptor_subkey: Option<Key>, number: Option<u32>) -> Context {
        let Self {
            exchange,
            flags,
            channel_bound,
            credential,
            ..
        } = self;
        let own = exchange.sequence_number().unwrap_or_default();
        let key = exchange.subkey().unwrap_or(exchange.session_key()).clone();
        let dce_style = flags.contains(ContextFlags::DCE_STYLE);
        let keys = Keys::with_acceptor(key, acceptor_subkey, dce_style);
        // Without an AP-REP, both sides start with the same sequence number, as in MIT's library.
        let numbers = (own, number.unwrap_or(own));
        let (sender, receiver) = keys.directions(Side::Initiator, flags, numbers);
        Context {
            details: Details {
                initiator: credential.initiator,
                acceptor: credential.acceptor,
                flags,
                channel_bound,
                times: credential.times,
                clock: Clock::Offset(credential.kdc_offset),
                accepted: None,
                delegated: Vec::new(),
                keys,
            },
            sender,
            receiver,
        }
    }
}
