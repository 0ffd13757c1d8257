//! `Context`: an established security context: who the peers are, what was agreed on, and the two
//! directions of messages.

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
/// Its three parts can be taken apart, for two tasks of which one sends and one receives:
/// `let Context { details, sender, receiver, .. } = *context;`
#[derive(Debug)]
#[non_exhaustive]
pub struct Context {
    /// Who the peers are and what was agreed on.
    pub details: Details,
    /// The messages that go out.
    pub sender: Sender,
    /// The messages that come in.
    pub receiver: Receiver,
}

/// What was agreed on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Details {
    /// The client that asked for the context. Compare it as a [`Principal`] or by
    /// [`export_name`](crate::export_name); its text is for people, and may be the same for two.
    pub initiator: Principal,
    /// The service. An initiator that did not ask for [`ContextFlags::MUTUAL`] takes it on trust.
    pub acceptor: Principal,
    /// What the context offers. As an acceptor, [`ContextFlags::DELEG`] is set where there is a
    /// credential in [`delegated`](Self::delegated).
    pub flags: ContextFlags,
    /// Whether both ends see the same channel. An acceptor knows it, and has clients without
    /// bindings, too, unless it requires them; for an initiator it means that it sent some.
    pub channel_bound: bool,
    /// The times of the ticket.
    pub times: TicketTimes,
    /// As an acceptor: what ticket and authenticator say, with [`Accepted::pac`], and
    /// [`Accepted::evidence`] for tickets on the initiator's behalf where the KDC lets the service
    /// have them (constrained delegation).
    pub accepted: Option<Box<Accepted>>,
    /// As an acceptor that [wants it](crate::AcceptorOptions::delegation): what the initiator
    /// lends, a forwarded TGT.
    pub delegated: Vec<Credential>,
    pub(crate) clock: Clock,
    pub(crate) keys: Keys,
}

/// How a ticket's end is told by the local clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clock {
    /// As an initiator: how far the KDC's is ahead, if that is known.
    Offset(Option<ClockOffset>),
    /// As an acceptor: how many seconds they may differ.
    Skew(u32),
}

/// The keys of a context.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// The initiator's choice, or the session key.
    pub(crate) initiator: Arc<Key>,
    /// The acceptor's choice, where it counts.
    pub(crate) acceptor: Option<Arc<Key>>,
}

/// Which key a pseudo-random value comes from (RFC 4401 §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PrfKey {
    /// The one that both sides took part in, if the acceptor chose one (`GSS_C_PRF_KEY_FULL`).
    Full,
    /// The initiator's alone (`GSS_C_PRF_KEY_PARTIAL`).
    Partial,
}

impl Context {
    /// A token that holds `message`; see [`Sender::wrap`].
    ///
    /// # Errors
    /// As [`Sender::wrap`].
    pub fn wrap(
        &mut self,
        protection: Protection,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, GssError> {
        self.sender.wrap(protection, message, rng)
    }

    /// The message that `token` holds; see [`Receiver::unwrap`].
    ///
    /// # Errors
    /// As [`Receiver::unwrap`].
    pub fn unwrap(&mut self, token: &[u8]) -> Result<Unwrapped<Vec<u8>>, GssError> {
        self.receiver.unwrap(token)
    }

    /// A token that signs `message`; see [`Sender::mic`].
    ///
    /// # Errors
    /// As [`Sender::mic`].
    pub fn mic(&mut self, message: &[u8]) -> Result<Vec<u8>, GssError> {
        self.sender.mic(message)
    }

    /// Checks that `token` signs `message`; see [`Receiver::verify_mic`].
    ///
    /// # Errors
    /// As [`Receiver::verify_mic`].
    pub fn verify_mic(&mut self, message: &[u8], token: &[u8]) -> Result<(), GssError> {
        self.receiver.verify_mic(message, token)
    }
}

impl Details {
    /// Details of a context that never was, for tests of what uses them: no flags, no times,
    /// nothing lent, and a key that everybody knows.
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

    /// Who the client is in Active Directory, as an acceptor knows it: its SID and its groups.
    /// `None` when its KDC says nothing of that.
    ///
    /// # Errors
    /// As [`Accepted::pac`] and
    /// [`VerifiedPac::summary`](kerberos_proto::pac::VerifiedPac::summary): a caller that decides
    /// by groups refuses the client then.
    pub fn pac(&self) -> Result<Option<PacSummary>, PacError> {
        let Some(accepted) = &self.accepted else {
            return Ok(None);
        };
        accepted.pac()?.map(|pac| pac.summary()).transpose()
    }

    /// How the client has logged in, as an acceptor knows it; see [`Accepted::indicators`].
    pub fn indicators(&self) -> Vec<String> {
        let accepted = self.accepted.as_ref();
        accepted.map_or_else(Vec::new, |accepted| accepted.indicators())
    }

    /// How long the ticket is good from `now` on, by the caller's clock; zero when it has expired.
    /// Messages are still protected then: to end the context is the caller's part.
    ///
    /// For an initiator it ends by the KDC's clock. An acceptor counts the time in which it would
    /// still take the ticket, since clocks may differ.
    pub fn lifetime(&self, now: Timestamp) -> Duration {
        let (now, grace) = match self.clock {
            Clock::Offset(offset) => (now.by_kdc(offset), 0),
            Clock::Skew(skew) => (now, skew),
        };
        let end = self.times.endtime.unix().saturating_add(grace.into());
        let left = end.saturating_sub(now.seconds);
        Duration::from_secs(u64::try_from(left).unwrap_or(0))
    }

    /// The key that protects the messages, for protocols that derive theirs from it, such as SMB.
    pub fn session_key(&self) -> &Key {
        self.keys.last()
    }

    /// A value that only the two sides can compute (`GSS_Pseudo_random`, RFC 4402):
    /// `length` octets for `input`, which names the purpose.
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
            // The capacity was there before, so that no copy is left behind.
            let rest = (length - output.len()).min(block.len());
            output.extend_from_slice(block.get(..rest).unwrap_or_default());
        }
        output
    }
}

impl Keys {
    /// The key that counts in the end.
    pub(crate) fn last(&self) -> &Arc<Key> {
        self.acceptor.as_ref().unwrap_or(&self.initiator)
    }

    /// Keeps the acceptor's choice where it counts. Older tokens do not say which key they are
    /// protected with, so there it only does when it has another type, or in DCE style: the same
    /// as MIT's library.
    pub(crate) fn with_acceptor(initiator: Key, acceptor: Option<Key>, dce_style: bool) -> Self {
        let counts =
            |key: &Key| dce_style || !is_old(&initiator) || key.etype() != initiator.etype();
        let acceptor = acceptor.filter(counts).map(Arc::new);
        Self {
            initiator: Arc::new(initiator),
            acceptor,
        }
    }

    /// Both directions, as they are at `side`. `numbers` are the first ones of the
    /// initiator and of the acceptor.
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
        // RFC 4121 §4.2.6: 64 bits; older tokens have 32.
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
