//! Whether a message is of this session: of now, the next one, and between these two hosts
//! (RFC 4120 §3.4.2). KRB-SAFE, KRB-PRIV and KRB-CRED say it in the same words.

use kerberos_asn1::{HostAddress as WireAddress, KerberosTime, Microseconds};
use thiserror::Error;

use crate::{HostAddress, Timestamp};

/// Why a message is not one of this session.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum OriginFault {
    /// It does not say when it was made.
    #[error("the message has no time")]
    NoTime,
    /// It was made at another time.
    #[error("the sender's clock is {} s off, more than {limit} s", sender.seconds.abs_diff(local.seconds))]
    ClockSkew {
        /// The time of the message.
        sender: Timestamp,
        /// The time here.
        local: Timestamp,
        /// The most they may differ, in seconds.
        limit: u32,
    },
    /// It is not the message that comes next.
    #[error("sequence number {expected} was expected, not {}", Number(*found))]
    Sequence {
        /// The number that comes next.
        expected: u32,
        /// That of the message, if it has one.
        found: Option<u32>,
    },
    /// It says to come from elsewhere than it came from.
    #[error("the message is from another host than it says")]
    SenderAddress,
    /// It is meant for another host.
    #[error("the message is for another host")]
    RecipientAddress,
}

impl OriginFault {
    /// The code in RFC 4120 §7.5.9.
    pub fn code(&self) -> kerberos_asn1::ErrorCode {
        use kerberos_asn1::ErrorCode;
        match self {
            Self::NoTime | Self::ClockSkew { .. } => ErrorCode::KRB_AP_ERR_SKEW,
            Self::Sequence { .. } => ErrorCode::KRB_AP_ERR_BADORDER,
            Self::SenderAddress | Self::RecipientAddress => ErrorCode::KRB_AP_ERR_BADADDR,
        }
    }
}

/// What a receiver insists on; `None` is not checked.
#[derive(Clone, Copy)]
pub(crate) struct ExpectedOrigin<'a> {
    pub(crate) clock_skew: Option<u32>,
    pub(crate) sequence_number: Option<u32>,
    pub(crate) sender: Option<&'a HostAddress>,
    pub(crate) recipient: Option<&'a HostAddress>,
}

/// What a message says of itself.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) time: Option<Timestamp>,
    pub(crate) sequence_number: Option<u32>,
    pub(crate) sender: Option<WireAddress<'a>>,
    pub(crate) recipient: Option<WireAddress<'a>>,
}

impl Origin<'_> {
    /// A time in two parts.
    pub(crate) fn time(
        seconds: Option<KerberosTime>,
        usec: Option<Microseconds>,
    ) -> Option<Timestamp> {
        seconds.map(|seconds| Timestamp::new(seconds.unix(), usec.unwrap_or_default().0))
    }

    /// Checks it at `local` time.
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
        // MIT's library leaves out a number that is zero.
        if let Some(expected) = expected.sequence_number
            && self.sequence_number.unwrap_or_default() != expected
        {
            let found = self.sequence_number;
            return Err(OriginFault::Sequence { expected, found });
        }
        // RFC 4120 §3.4.2 checks the addresses that are there.
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
