//! `Kdc`: turns the bytes of a request into the bytes of an answer, without a network or a clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kerberos_asn1::{Decode, KdcReq, MessageType};
use kerberos_crypto::CryptoRng;

use crate::builder::{Hint, TestKdcBuilder};
use crate::database::{Database, PrincipalKey};
use crate::fault::{Fault, Faults};
use crate::password_service::Replays;
use crate::reply::Refusal;
use crate::{as_service, tgs_service};

/// A KDC without a network.
///
/// [`answer`](Self::answer) does everything; [`TestKdc`](crate::TestKdc) calls it from its sockets.
pub struct Kdc {
    pub(crate) realm: String,
    pub(crate) database: Database,
    pub(crate) policy: Policy,
    pub(crate) faults: Faults,
    pub(crate) rng: Mutex<Box<dyn CryptoRng + Send>>,
    pub(crate) received: Mutex<Vec<Received>>,
    pub(crate) password_requests: Mutex<Vec<Received>>,
    pub(crate) replays: Mutex<Replays>,
}

/// The limits for what the KDC grants.
pub(crate) struct Policy {
    pub(crate) clock_skew: Duration,
    pub(crate) max_life: Duration,
    pub(crate) max_renewable_life: Duration,
    pub(crate) max_udp_reply: usize,
    pub(crate) hints: Vec<Hint>,
}

/// How a request arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// In a datagram.
    Udp,
    /// Over a connection.
    Tcp,
}

/// A request that the KDC received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// How it arrived.
    pub transport: Transport,
    /// The message; over TCP without its length.
    pub message: Vec<u8>,
}

impl Kdc {
    /// The same as [`TestKdc::builder`](crate::TestKdc::builder).
    pub fn builder(realm: &str) -> TestKdcBuilder {
        TestKdcBuilder::new(realm)
    }

    /// The answer to `request`. `None` means no answer: `request` is not a request, or a fault is
    /// set.
    ///
    /// `now` is the time since 1970-01-01T00:00:00Z. An answer that is too long for UDP becomes
    /// KRB_ERR_RESPONSE_TOO_BIG (RFC 4120 §7.2.1).
    pub fn answer(&self, request: &[u8], transport: Transport, now: Duration) -> Option<Vec<u8>> {
        lock(&self.received).push(Received {
            transport,
            message: request.to_vec(),
        });
        let now = self.heard(transport, now)?;
        let parsed = KdcReq::from_der(request).ok()?;

        let mut reply = self
            .serve(request, &parsed, transport, now)
            .unwrap_or_else(|refusal| refusal.to_error(self, &parsed, now));
        if transport == Transport::Udp && reply.len() > self.policy.max_udp_reply {
            reply = Refusal::too_big().to_error(self, &parsed, now);
        }
        self.sent(reply)
    }

    /// The time by this KDC's clock; `None` if a fault makes it ignore the request.
    pub(crate) fn heard(&self, transport: Transport, now: Duration) -> Option<Now> {
        if self.faults.strikes(&Fault::Silence) || self.faults.strikes(&Fault::SilenceOn(transport))
        {
            return None;
        }
        let offset = self.faults.find(|fault| match fault {
            Fault::ClockOffset(seconds) => Some(*seconds),
            _ => None,
        });
        Some(Now::new(now, offset.unwrap_or(0)))
    }

    /// Applies faults to `reply` before it is sent.
    pub(crate) fn sent(&self, reply: Vec<u8>) -> Option<Vec<u8>> {
        if self.faults.strikes(&Fault::Garbage) {
            return Some(b"HTTP/1.0 400 Bad Request\r\n\r\n".to_vec());
        }
        if self.faults.strikes(&Fault::Truncated) {
            return reply.get(..reply.len() / 2).map(<[u8]>::to_vec);
        }
        Some(reply)
    }

    /// The realm of this KDC.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The keys of a principal; empty if there is no such principal. The name is without the realm.
    pub fn keys(&self, name: &str) -> &[PrincipalKey] {
        self.database
            .find_by_text(name)
            .map_or(&[], |entry| &entry.keys)
    }

    /// Sets a fault from now on, in addition to those already set.
    pub fn set_fault(&self, fault: Fault) {
        self.faults.set(fault, None);
    }

    /// Sets a fault for the next time that it applies.
    pub fn set_fault_once(&self, fault: Fault) {
        self.faults.set(fault, Some(1));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// The requests received so far, the oldest first.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.received).clone()
    }

    /// The number of requests received over this transport.
    pub fn count(&self, transport: Transport) -> usize {
        lock(&self.received)
            .iter()
            .filter(|request| request.transport == transport)
            .count()
    }

    /// Clears the list of received requests.
    pub fn forget_requests(&self) {
        lock(&self.received).clear();
    }

    /// Runs `work` with the source of randomness.
    pub(crate) fn with_rng<T>(&self, work: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        work(&mut **lock(&self.rng))
    }

    fn serve(
        &self,
        message: &[u8],
        request: &KdcReq<'_>,
        transport: Transport,
        now: Now,
    ) -> Result<Vec<u8>, Refusal> {
        if transport == Transport::Udp && self.faults.strikes(&Fault::TooBigForUdp) {
            return Err(Refusal::too_big());
        }
        let ordered = self.faults.find(|fault| match fault {
            Fault::Error(code) => Some(*code),
            _ => None,
        });
        if let Some(code) = ordered {
            return Err(Refusal::new(code, "ORDERED_BY_TEST"));
        }
        if request.msg_type == MessageType::TGS_REQ {
            tgs_service::serve(self, message, request, now)
        } else {
            as_service::serve(self, message, request, now)
        }
    }
}

impl std::fmt::Debug for Kdc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kdc")
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// The time by the KDC's clock, which may deliberately be wrong.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    pub(crate) seconds: i64,
    pub(crate) microseconds: u32,
}

impl Now {
    fn new(since_epoch: Duration, offset: i64) -> Self {
        let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
        Self {
            seconds: seconds.saturating_add(offset),
            microseconds: since_epoch.subsec_micros(),
        }
    }
}

/// Ignores poisoning: a panic elsewhere leaves no incomplete changes in what is locked here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
