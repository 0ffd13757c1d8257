//! `Context`: an established security context, with the peers, the negotiated properties, and the
//! two directions of messages.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use kerberos_crypto::{CryptoRng, EncryptionType, Key, KeyBlock};
use kerberos_proto::pac::{PacError, PacSummary};
use kerberos_proto::{Accepted, ClockOffset, Credential, Principal, TicketTimes, Timestamp};

use crate::message::{Side, is_old};
use crate::sequence::Window;
use crate::{ContextFlags, GssError, Protection, Receiver, Sender, Unwrapped};

/// An established security context.
///
/// It can be split into its three parts, for example for two tasks of which one sends and the other
/// receives: `let Context { details, sender, receiver, .. } = *context;`
#[derive(Debug)]
#[non_exhaustive]
pub struct Context {
    /// The peers and the negotiated properties.
    pub details: Details,
    /// Protects outgoing messages.
    pub sender: Sender,
    /// Verifies incoming messages.
    pub receiver: Receiver,
}

/// The peers and the negotiated properties of a context.
#[derive(Debug)]
#[non_exhaustive]
pub struct Details {
    /// The client that started the context. Compare it as a [`Principal`] or with
    /// [`export_name`](crate::export_name). Its text form is for people, and two principals may
    /// have the same.
    pub initiator: Principal,
    /// The service. Without [`ContextFlags::MUTUAL`], the initiator has no proof of this.
    pub acceptor: Principal,
    /// The services of the context. For an acceptor, [`ContextFlags::DELEG`] is set if
    /// [`delegated`](Self::delegated) contains a credential.
    pub flags: ContextFlags,
    /// Whether the context is bound to a channel. An acceptor knows that both ends see the same
    /// channel, but unless it requires bindings it may also have clients without them. For an
    /// initiator, this only says that it sent bindings.
    pub channel_bound: bool,
    /// The times of the ticket.
    pub times: TicketTimes,
    /// For an acceptor: the contents of ticket and authenticator. See [`Accepted::pac`], and
    /// [`Accepted::evidence`] for tickets on the initiator's behalf, if the KDC allows that
    /// (constrained delegation).
    pub accepted: Option<Box<Accepted>>,
    /// For an acceptor that [accepts delegation](crate::AcceptorOptions::delegation): the TGT that
    /// the initiator forwarded.
    pub delegated: Vec<Credential>,
    pub(crate) clock: Clock,
    pub(crate) keys: Keys,
}

/// How the ticket's end relates to the local clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// For an initiator: how far the KDC's clock is ahead, if known.
    Offset(Option<ClockOffset>),
    /// For an acceptor: the allowed clock skew, in seconds.
    Skew(u32),
}

/// The keys of a context.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// The initiator's subkey, or else the session key.
    pub(crate) initiator: Arc<Key>,
    /// The acceptor's subkey, if it is used.
    pub(crate) acceptor: Option<Arc<Key>>,
}

/// The key that a pseudo-random value is derived from (RFC 4401 §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrfKey {
    /// The key to which both sides contributed, if the acceptor chose one (`GSS_C_PRF_KEY_FULL`).
    Full,
    /// The initiator's key alone (`GSS_C_PRF_KEY_PARTIAL`).
    Partial,
}

impl Context {
    /// Makes a token that contains `message`; see [`Sender::wrap`].
    ///
    /// # Errors
    /// The same as [`Sender::wrap`].
    pub fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, GssError> {
        self.sender.wrap(protection, message, rng)
    }

    /// The message in `token`; see [`Receiver::unwrap`].
    ///
    /// # Errors
    /// The same as [`Receiver::unwrap`].
    pub fn unwrap(&mut self, token: &[u8]) -> Result<Unwrapped<Vec<u8>>, GssError> {
        self.receiver.unwrap(token)
    }

    /// Makes a token that signs `message`; see [`Sender::mic`].
    ///
    /// # Errors
    /// The same as [`Sender::mic`].
    pub fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, GssError> {
        self.sender.mic(message)
    }

    /// Checks that `token` signs `message`; see [`Receiver::verify_mic`].
    ///
    /// # Errors
    /// The same as [`Receiver::verify_mic`].
    pub fn verify_mic(&mut self, message: &[u8], token: &[u8]) -> Result<(), GssError> {
        self.receiver.verify_mic(message, token)
    }
}

impl Details {
    /// Details of a fictitious context, for testing code that uses them: no flags, no times, no
    /// delegated credentials, and a publicly known key.
    ///
    /// # Errors
    /// [`GssError::Crypto`], which does not happen.
    ///
    /// # Example
    /// ```
    /// use kerberos_gss::Details;
    /// use kerberos_proto::Principal;
    /// let alice = Principal::parse("alice@EXAMPLE.COM")?;
    /// let service = Principal::parse("HTTP/www.example.com@EXAMPLE.COM")?;
    /// let mut details = Details::for_tests(alice, service)?;
    /// details.channel_bound = true;
    /// assert_eq!(details.initiator.to_string(), "alice@EXAMPLE.COM");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_tests(initiator: Principal, acceptor: Principal) -> Result<Self, GssError> {
        let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
        let key = Key::new(&KeyBlock::new(etype, vec![0; 32]))?;
        Ok(Self {
            initiator,
            acceptor,
            flags: ContextFlags::empty(),
            channel_bound: false,
            times: TicketTimes::default(),
            accepted: None,
            delegated: Vec::new(),
            clock: Clock::Offset(None),
            keys: Keys::with_acceptor(key, None, false),
        })
    }

    /// The client's identity in Active Directory, for an acceptor: its SID and groups. `None` if
    /// the KDC does not provide them.
    ///
    /// # Errors
    /// The same as [`Accepted::pac`] and
    /// [`VerifiedPac::summary`](kerberos_proto::pac::VerifiedPac::summary). A caller that bases
    /// decisions on groups must then refuse the client.
    pub fn pac(&self) -> Result<Option<PacSummary>, PacError> {
        let Some(accepted) = &self.accepted else {
            return Ok(None);
        };
        accepted.pac()?.map(|pac| pac.summary()).transpose()
    }

    /// How the client logged in, for an acceptor; see [`Accepted::indicators`].
    pub fn indicators(&self) -> Vec<String> {
        let accepted = self.accepted.as_ref();
        accepted.map_or_else(Vec::new, |accepted| accepted.indicators())
    }

    /// How long the ticket remains valid after `now`, by the caller's clock; zero if it has
    /// expired. Messages are protected even after that; ending the context is up to the caller.
    ///
    /// For an initiator the ticket ends by the KDC's clock. For an acceptor, the time in which it
    /// would still accept the ticket because of clock skew is included.
    pub fn lifetime(&self, now: Timestamp) -> Duration {
        let (now, grace) = match self.clock {
            Clock::Offset(offset) => (now.by_kdc(offset), 0),
            Clock::Skew(skew) => (now, skew),
        };
        let end = self.times.endtime.unix().saturating_add(grace.into());
        let left = end.saturating_sub(now.seconds);
        Duration::from_secs(u64::try_from(left).unwrap_or(0))
    }

    /// The key that protects the messages, for protocols that derive their own keys from it, such
    /// as SMB.
    pub fn session_key(&self) -> &Key {
        self.keys.last()
    }

    /// A value that only the two sides can compute (`GSS_Pseudo_random`, RFC 4402): `length` octets
    /// for `input`, which identifies the purpose.
    pub fn pseudo_random(
        &self,
        key: PrfKey,
        input: &[u8],
        length: usize,
    ) -> zeroize::Zeroizing<Vec<u8>> {
        let key = match key {
            PrfKey::Full => self.keys.last(),
            PrfKey::Partial => &self.keys.initiator,
        };
        let mut output = zeroize::Zeroizing::new(Vec::with_capacity(length + 64));
        // RFC 4402 §2: T1 = pseudo-random(K, n || S) with a 32-bit n that counts from 0.
        for counter in 0_u32.. {
            if output.len() >= length {
                break;
            }
            let input = [&counter.to_be_bytes(), input].concat();
            let block = key.prf(&input);
            // Within the reserved capacity, so that no copy is left behind.
            let rest = (length - output.len()).min(block.len());
            output.extend_from_slice(block.get(..rest).unwrap_or_default());
        }
        output
    }
}

impl Keys {
    /// The key that protects messages.
    pub(crate) fn last(&self) -> &Arc<Key> {
        self.acceptor.as_ref().unwrap_or(&self.initiator)
    }

    /// Adds the acceptor's subkey if it is used. Older tokens do not say which key protects them,
    /// so with older keys it is used only if it is of another type, or in DCE style. MIT's library
    /// does the same.
    pub(crate) fn with_acceptor(initiator: Key, acceptor: Option<Key>, dce_style: bool) -> Self {
        let counts =
            |key: &Key| dce_style || !is_old(&initiator) || key.etype() != initiator.etype();
        let acceptor = acceptor.filter(counts).map(Arc::new);
        Self {
            initiator: Arc::new(initiator),
            acceptor,
        }
    }

    /// Both directions as seen from `side`. `numbers` are the initial sequence numbers of the
    /// initiator and the acceptor.
    pub(crate) fn directions(
        &self,
        side: Side,
        flags: ContextFlags,
        numbers: (u32, u32),
    ) -> (Sender, Receiver) {
        let (out, incoming) = match side {
            Side::Initiator => numbers,
            Side::Acceptor => (numbers.1, numbers.0),
        };
        let dce_style = flags.contains(ContextFlags::DCE_STYLE);
        let sender = Sender {
            key: Arc::clone(self.last()),
            acceptor_subkey: self.acceptor.is_some(),
            from: side,
            dce_style,
            sequence_number: out.into(),
        };
        // RFC 4121 §4.2.6: 64 bits. Older tokens have 32 bits.
        let mask = if is_old(self.last()) {
            0xffff_ffff
        } else {
            u64::MAX
        };
        let receiver = Receiver {
            key: Arc::clone(&self.initiator),
            acceptor_subkey: self.acceptor.clone(),
            from: side.peer(),
            dce_style,
            window: Window::new(
                incoming.into(),
                mask,
                flags.contains(ContextFlags::REPLAY),
                flags.contains(ContextFlags::SEQUENCE),
            ),
        };
        (sender, receiver)
    }
}
