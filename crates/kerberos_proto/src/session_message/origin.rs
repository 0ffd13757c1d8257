//! Checks that a message belongs to this session: that it is recent, is the next one, and was sent
//! between these two hosts (RFC 4120 §3.4.2). KRB-SAFE, KRB-PRIV and KRB-CRED have the same fields
//! for this.

use kerberos_asn1::{HostAddress as WireAddress, KerberosTime, Microseconds};
use thiserror::Error;

use crate::{HostAddress, Timestamp};

/// Why a message does not belong to this session.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum OriginFault {
    /// It has no time.
    #[error("the message has no time")]
    NoTime,
    /// Its time differs too much from the local time.
    #[error("the sender's clock is {} s off, more than {limit} s", sender.seconds.abs_diff(local.seconds))]
    ClockSkew {
        /// The time in the message.
        sender: Timestamp,
        /// The local time.
        local: Timestamp,
        /// The maximum difference allowed, in seconds.
        limit: u32,
    },
    /// It does not have the expected sequence number.
    #[error("sequence number {expected} was expected, not {}", Number(*found))]
    Sequence {
        /// The expected number.
        expected: u32,
        /// The number in the message, if any.
        found: Option<u32>,
    },
    /// The sender that it states is not the host it came from.
    #[error("the message is from another host than it says")]
    SenderAddress,
    /// It is addressed to another host.
    #[error("the message is for another host")]
    RecipientAddress,
}

impl OriginFault {
    /// The error code of RFC 4120 §7.5.9.
    pub fn code(&self) -> kerberos_asn1::ErrorCode {
        use kerberos_asn1::ErrorCode;
        match self {
            Self::NoTime | Self::ClockSkew { .. } => ErrorCode::KRB_AP_ERR_SKEW,
            Self::Sequence { .. } => ErrorCode::KRB_AP_ERR_BADORDER,
            Self::SenderAddress | Self::RecipientAddress => ErrorCode::KRB_AP_ERR_BADADDR,
        }
    }
}

/// A receiver's requirements. `None` means unchecked.
#[derive(Clone, Copy)]
pub(crate) struct ExpectedOrigin<'a> {
    pub(crate) clock_skew: Option<u32>,
    pub(crate) sequence_number: Option<u32>,
    pub(crate) sender: Option<&'a HostAddress>,
    pub(crate) recipient: Option<&'a HostAddress>,
}

/// A message's statements about its origin.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) time: Option<Timestamp>,
    pub(crate) sequence_number: Option<u32>,
    pub(crate) sender: Option<WireAddress<'a>>,
    pub(crate) recipient: Option<WireAddress<'a>>,
}

impl Origin<'_> {
    /// Combines seconds and microseconds into a time.
    pub(crate) fn time(
        seconds: Option<KerberosTime>,
        usec: Option<Microseconds>,
    ) -> Option<Timestamp> {
        seconds.map(|seconds| Timestamp::new(seconds.unix(), usec.unwrap_or_default().0))
    }

    /// Checks the origin. `local` is the local time.
    pub(crate) fn check(
        &self,
        expected: &ExpectedOrigin<'_>,
        local: Timestamp,
    ) -> Result<(), OriginFault> {
        if let Some(limit) = expected.clock_skew {
            let sender = self.time.ok_or(OriginFault::NoTime)?;
            if sender.seconds.abs_diff(local.seconds) > limit.into() {
                return Err(OriginFault::ClockSkew {
                    sender,
                    local,
                    limit,
                });
            }
        }
        // MIT's library omits the number zero.
        if let Some(expected) = expected.sequence_number
            && self.sequence_number.unwrap_or_default() != expected
        {
            let found = self.sequence_number;
            return Err(OriginFault::Sequence { expected, found });
        }
        // RFC 4120 §3.4.2: addresses are checked if present.
        if !agree(expected.sender, self.sender) {
            return Err(OriginFault::SenderAddress);
        }
        if !agree(expected.recipient, self.recipient) {
            return Err(OriginFault::RecipientAddress);
        }
        Ok(())
    }
}

fn agree(expected: Option<&HostAddress>, found: Option<WireAddress<'_>>) -> bool {
    match (expected, found) {
        (Some(expected), Some(found)) => expected.is(&found),
        _ => true,
    }
}

struct Number(Option<u32>);

impl core::fmt::Display for Number {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(number) => number.fmt(f),
            None => f.write_str("none"),
        }
    }
}
