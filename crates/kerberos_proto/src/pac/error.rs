//! `PacError`: why a PAC is malformed, not verifiable or not readable.

use alloc::string::String;

use kerberos_asn1::{DecodeError, KerberosTime};
use kerberos_crypto::ChecksumType;
use thiserror::Error;

use super::{FileTime, PacBufferType};
use crate::Principal;

/// Why a PAC cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PacError {
    /// An AD-IF-RELEVANT element, which might contain the PAC, is malformed.
    #[error("AD-IF-RELEVANT: {0}")]
    IfRelevant(#[source] DecodeError),
    /// The ticket has several PACs.
    #[error("there are several PACs")]
    SeveralPacs,

    /// The PAC ends within its list of buffers.
    #[error("the PAC ends within its list of buffers")]
    Truncated,
    /// The version of the PAC's format is not 0.
    #[error("PACs of version {0} are not understood")]
    Version(u32),
    /// There are no buffers, or too many.
    #[error("a PAC of {count} buffers; 1 to {limit} are allowed")]
    BufferCount {
        /// The stated number of buffers.
        count: u32,
        /// The maximum number that is read.
        limit: u32,
    },
    /// A buffer does not begin at a multiple of eight bytes (MS-PAC §2.4).
    #[error("{0} is not aligned")]
    Alignment(PacBufferType),
    /// A buffer lies outside the PAC, or overlaps the list of buffers.
    #[error("{buffer_type} lies outside the PAC: {size} bytes at {offset}")]
    BufferRange {
        /// The buffer.
        buffer_type: PacBufferType,
        /// Its stated size.
        size: u32,
        /// Its stated offset.
        offset: u64,
    },
    /// Two buffers overlap.
    #[error("{0} and {1} overlap")]
    Overlap(PacBufferType, PacBufferType),
    /// There are two buffers of the same known type.
    #[error("there are two buffers of type {0}")]
    Duplicate(PacBufferType),

    /// The service's signature is missing.
    #[error("the PAC has no server checksum")]
    NoServerChecksum,
    /// The service's signature is wrong: it was made with another key, or the PAC was altered.
    #[error("the server checksum is wrong")]
    ServerChecksum,
    /// The KDC's signature is missing.
    #[error("the PAC has no KDC checksum")]
    NoKdcChecksum,
    /// The KDC's signature is wrong.
    #[error("the KDC checksum is wrong")]
    KdcChecksum,
    /// The signature over the ticket is missing.
    #[error("the PAC has no ticket checksum")]
    NoTicketChecksum,
    /// The signature over the ticket is wrong: the ticket was altered, or the PAC belongs to
    /// another ticket.
    #[error("the ticket checksum is wrong")]
    TicketChecksum,
    /// The KDC's signature over the whole PAC is missing.
    #[error("the PAC has no full checksum")]
    NoFullChecksum,
    /// The KDC's signature over the whole PAC is wrong.
    #[error("the full checksum is wrong")]
    FullChecksum,
    /// The checksum type of a signature is unkeyed, is unknown, or does not belong to the key.
    #[error("{buffer_type} has checksum type {checksum_type}, which is not allowed here")]
    ChecksumType {
        /// Which signature.
        buffer_type: PacBufferType,
        /// Its checksum type.
        checksum_type: ChecksumType,
    },
    /// The ticket given for verifying the ticket checksum cannot be parsed.
    #[error("the encrypted part of the ticket: {0}")]
    Ticket(#[source] DecodeError),
    /// The ticket given for verifying the ticket checksum does not contain this PAC.
    #[error("the ticket does not hold this PAC")]
    OtherTicket,

    /// The PAC does not name its client.
    #[error("the PAC has no CLIENT_INFO")]
    NoClientInfo,
    /// The PAC is about a client other than the ticket's.
    #[error("the PAC is for {pac:?}, but the ticket is for {ticket}")]
    ClientName {
        /// The client named in the PAC.
        pac: String,
        /// The client named in the ticket.
        ticket: Principal,
    },
    /// The PAC and the ticket come from different logins.
    #[error("the PAC is from the login at {pac}, but the ticket is from that at {}", ticket.unix())]
    AuthTime {
        /// The time of the login according to the PAC.
        pac: FileTime,
        /// The time of the login according to the ticket.
        ticket: KerberosTime,
    },

    /// The contents of a buffer are malformed.
    #[error("{buffer_type}, byte {position}: {fault}")]
    Buffer {
        /// Which buffer.
        buffer_type: PacBufferType,
        /// The position of the fault in the buffer.
        position: usize,
        /// The fault.
        fault: PacFault,
    },
}

/// How the contents of a buffer are malformed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PacFault {
    /// The buffer ends too early.
    #[error("ends too early")]
    Truncated,
    /// The encoding is not the only kind of NDR that PACs use: version 1, little-endian
    /// (MS-RPCE §2.2.6).
    #[error("not NDR of version 1 in little-endian order")]
    NdrHeader,
    /// A required pointer is null.
    #[error("a required pointer is null")]
    NullPointer,
    /// Two counts of the same elements differ.
    #[error("two counts of the same elements differ")]
    Count,
    /// A text is not UTF-16.
    #[error("text is not UTF-16")]
    Utf16,
    /// A SID does not have revision 1 and at most 15 parts.
    #[error("not a security identifier")]
    Sid,
    /// The version is unknown.
    #[error("of an unknown version")]
    Version,
}

/// A fault in a buffer and its position: a [`PacError::Buffer`] without the buffer's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) kind: PacFault,
    pub(super) position: usize,
}

impl Fault {
    /// The error for this fault in a buffer of type `buffer_type`.
    pub(super) fn within(buffer_type: PacBufferType) -> impl FnOnce(Self) -> PacError {
        move |fault| PacError::Buffer {
            buffer_type,
            position: fault.position,
            fault: fault.kind,
        }
    }
}
