//! `Request` and `Step`: what every exchange hands to its caller, which does the IO.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use kerberos_crypto::CryptoRng;

use crate::{Login, Timestamp};

/// A message for a KDC, and how to send it.
#[derive(Clone)]
pub struct Request {
    /// The realm whose KDC is to receive it.
    pub realm: Vec<u8>,
    /// The message, without the length prefix used on a stream.
    pub payload: Vec<u8>,
    /// Whether it must be sent over a stream (TCP), because the KDC said that its answer is too big
    /// for UDP.
    pub stream_only: bool,
}

/// Omits the payload, which would only fill the log.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("realm", &format_args!("{}", self.realm.escape_ascii()))
            .field("payload_len", &self.payload.len())
            .field("stream_only", &self.stream_only)
            .finish()
    }
}

/// What an exchange wants next. `T` is its final result.
#[derive(Debug)]
#[must_use = "the exchange wants a request sent, or has its result here"]
pub enum Step<T = Login> {
    /// Send this request, and pass the answer to the next step.
    Send(Request),
    /// The exchange is over, and this is the result.
    Done(Box<T>),
}

/// The randomness and time that a step may use.
pub(crate) struct Env<'a> {
    pub(crate) rng: &'a mut dyn CryptoRng,
    /// The time by the caller's clock.
    pub(crate) now: Timestamp,
}

/// A nonce for a request: a random number (RFC 4120 §5.4.1) of 31 bits, because some KDCs treat it
/// as signed.
pub(crate) fn nonce(rng: &mut dyn CryptoRng) -> u32 {
    rng.next_u32() >> 1
}
