//! `PacError`: why a PAC is not one, not true, or not readable.

use alloc::string::String;

use kerberos_asn1::{DecodeError, KerberosTime};
use kerberos_crypto::ChecksumType;
use thiserror::Error;

use super::{FileTime, PacBufferType};
use crate::Principal;

/// What is wrong with a PAC.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PacError {
    /// An AD-IF-RELEVANT, which might hold the PAC, is not well-formed.
    #[error("AD-IF-RELEVANT: {0}")]
    IfRelevant(#[source] DecodeError),
    /// The ticket has several PACs.
    #[error("there are several PACs")]
    SeveralPacs,

    /// The PAC ends within its list of buffers.
    #[error("the PAC ends within its list of buffers")]
    Truncated,
    /// The PAC's format has another version than 0.
    #[error("PACs of version {0} are not understood")]
    Version(u32),
    /// There are no buffers, or more than anybody needs.
    #[error("a PAC of {count} buffers; 1 to {limit} are allowed")]
    BufferCount {
        /// How many it says to have.
        count: u32,
        /// The most that are read.
        limit: u32,
    },
    /// A buffer does not begin at a multiple of eight bytes (MS-PAC §2.4).
    #[error("{0} is not aligned")]
    Alignment(PacBufferType),
    /// A buffer lies outside the PAC, or upon its list of buffers.
    #[error("{buffer_type} lies outside the PAC: {size} bytes at {offset}")]
    BufferRange {
        /// The buffer.
        buffer_type: PacBufferType,
        /// Its size as stated.
        size: u32,
        /// Its offset as stated.
        offset: u64,
    },
    /// Two buffers share bytes.
    #[error("{0} and {1} overlap")]
    Overlap(PacBufferType, PacBufferType),
    /// There are two buffers of a known type.
    #[error("there are two buffers of type {0}")]
    Duplicate(PacBufferType),

    /// The service's signature is missing.
    #[error("the PAC has no server checksum")]
    NoServerChecksum,
    /// The service's signature is wrong: by another key, or the PAC was altered.
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
    /// The signature over the ticket is wrong: the ticket was altered, or the PAC is another's.
    #[error("the ticket checksum is wrong")]
    TicketChecksum,
    /// The KDC's signature over the whole PAC is missing.
    #[error("the PAC has no full checksum")]
    NoFullChecksum,
    /// The KDC's signature over the whole PAC is wrong.
    #[error("the full checksum is wrong")]
    FullChecksum,
    /// A signature is of a type that proves nothing, is not known, or does not go with the key.
    #[error("{buffer_type} has checksum type {checksum_type}, which is not allowed here")]
    ChecksumType {
        /// Which signature.
        buffer_type: PacBufferType,
        /// Its type.
        checksum_type: ChecksumType,
    },
    /// The ticket that was given for the ticket checksum cannot be read.
    #[error("the encrypted part of the ticket: {0}")]
    Ticket(#[source] DecodeError),
    /// The ticket that was given for the ticket checksum does not hold this PAC.
    #[error("the ticket does not hold this PAC")]
    OtherTicket,

    /// The PAC does not name its client.
    #[error("the PAC has no CLIENT_INFO")]
    NoClientInfo,
    /// The PAC is about another client than the ticket's.
    #[error("the PAC is for {pac:?}, but the ticket is for {ticket}")]
    ClientName {
        /// The client that the PAC names.
        pac: String,
        /// The client that the ticket names.
        ticket: Principal,
    },
    /// The PAC is of another login than the ticket.
    #[error("the PAC is from the login at {pac}, but the ticket is from that at {}", ticket.unix())]
    AuthTime {
        /// When the client logged in by the PAC.
        pac: FileTime,
        /// When it did by the ticket.
        ticket: KerberosTime,
    },

    /// The contents of a buffer are not well-formed.
    #[error("{buffer_type}, byte {position}: {fault}")]
    Buffer {
        /// Which buffer.
        buffer_type: PacBufferType,
        /// Where in it the trouble begins.
        position: usize,
        /// What the trouble is.
        fault: PacFault,
    },
}

/// What is wrong within a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum PacFault {
    /// It ends too early.
    #[error("ends too early")]
    Truncated,
    /// Not NDR of the only kind that PACs use: version 1, little-endian (MS-RPCE §2.2.6).
    #[error("not NDR of version 1 in little-endian order")]
    NdrHeader,
    /// A pointer is null where there has to be something.
    #[error("a required pointer is null")]
    NullPointer,
    /// Two counts of the same elements differ.
    #[error("two counts of the same elements differ")]
    Count,
    /// Text that is no UTF-16.
    #[error("text is not UTF-16")]
    Utf16,
    /// Not a SID of revision 1 with at most 15 parts.
    #[error("not a security identifier")]
    Sid,
    /// A version that is not known.
    #[error("of an unknown version")]
    Version,
}

/// What is wrong in a buffer, and where: a [`PacError::Buffer`] before it knows which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) kind: PacFault,
    pub(super) position: usize,
}

impl Fault {
    /// The error when this is in a buffer of `buffer_type`.
    pub(super) fn within(buffer_type: PacBufferType) -> impl FnOnce(Self) -> PacError {
        move |fault| PacError::Buffer {
            buffer_type,
            position: fault.position,
            fault: fault.kind,
        }
    }
}
