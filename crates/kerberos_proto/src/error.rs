//! `ExchangeError` and its parts: why an exchange failed, whose fault it was, and MIT's message for
//! it.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use kerberos_asn1::{DecodeError, ErrorCode, KerberosTime, PaDataType};
use kerberos_crypto::{CryptoError, EncryptionType};
use thiserror::Error;

use crate::trace::PaType;
use crate::{AskError, Principal, Shown, Timestamp};

mod hint;
mod kdc;
mod mit;
mod s4u;

pub use kdc::KdcError;
pub use s4u::S4uFault;

/// Why an exchange failed. Every error is final: the exchange is over.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The KDC refused, and nothing the client could still send would change that.
    #[error("{0}")]
    Kdc(Box<KdcError>),
    /// The password is wrong: either the KDC's reply does not decrypt with it (`None`), or the KDC
    /// says so (with its error).
    #[error("password incorrect")]
    WrongPassword(Option<Box<KdcError>>),
    /// The reply does not decrypt with the key of the keytab.
    #[error("the reply does not decrypt with the given {etype} key, version {kvno}")]
    WrongKey {
        /// The encryption type of the reply and the key.
        etype: EncryptionType,
        /// The version of the key that was tried.
        kvno: u32,
        /// The version of the key that the reply is encrypted with, if the KDC states it. This is
        /// not authenticated.
        kdc_kvno: Option<u32>,
    },
    /// Keys were given, but none is of a supported type.
    #[error("no suitable keys for {client}")]
    NoKeys {
        /// The client whose keys were wanted.
        client: Principal,
    },
    /// Keys were given, but none is of the type that the KDC chose.
    #[error("no {etype} key for {client}")]
    NoKeyFor {
        /// The client whose key was needed.
        client: Principal,
        /// The encryption type that was needed.
        etype: EncryptionType,
    },
    /// The policy allows no supported encryption type.
    #[error("no supported encryption types are allowed")]
    NoEtypes,
    /// The KDC names only encryption types that were not offered (RFC 4120 §5.2.7.5).
    #[error("the KDC has no key of a type that was offered")]
    NoCommonEtype {
        /// Whether the KDC names at least one type that this library knows.
        known: bool,
    },
    /// The KDC asks for the AFS salt (Andrew File System), which exists for single DES only.
    #[error("the KDC requires an AFS salt")]
    AfsSalt,
    /// The KDC requires preauthentication, but offers no mechanism that is both known and allowed.
    #[error("{}", no_mechanism(offered))]
    NoMechanism {
        /// What the KDC offered.
        offered: Vec<PaDataType>,
    },
    /// The KDC requires an encrypted timestamp, which the policy forbids.
    #[error("Encrypted timestamp is disabled")]
    TimestampDisabled,
    /// No password could be obtained.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The KDC's reply does not match the request. The reply may or may not be authentic.
    #[error("the KDC's reply is not what was asked for: {0}")]
    Reply(#[from] ReplyFault),
    /// The KDC's clock is too far from the caller's, and the policy does not let the client adopt
    /// it.
    #[error("the KDC's clock is {} s off, more than {limit} s", kdc.unix().abs_diff(local.seconds))]
    ClockSkew {
        /// The start of the ticket, by the KDC's clock.
        kdc: KerberosTime,
        /// The time of the request, by the caller's clock.
        local: Timestamp,
        /// The maximum difference allowed, in seconds.
        limit: u32,
    },
    /// The message is neither a reply of this exchange nor an error.
    #[error("the message is neither a reply nor an error")]
    UnexpectedMessage,
    /// A message, or a part of one, is malformed.
    #[error("{what}: {error}")]
    Decode {
        /// Which message or part it is.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// A key cannot be derived or used as the KDC asks, for example because of too many iterations.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The ticket-granting ticket is not for the realm of the service that was asked for.
    #[error("{tgt} cannot be used to get tickets for {server}")]
    WrongTgt {
        /// The service that was asked for.
        server: Principal,
        /// The service that the given ticket is for.
        tgt: Principal,
    },
    /// The KDC does not let a service act for the client of a ticket that is not forwardable
    /// (MS-SFU §3.2.5.2.1). The KDC's own error is less specific.
    #[error("the evidence ticket is not forwardable: {0}")]
    EvidenceNotForwardable(Box<KdcError>),
    /// The KDC kept asking for another request.
    #[error("the KDC asks for more than {limit} requests")]
    TooManyRequests {
        /// The maximum that the policy allows.
        limit: u8,
    },
    /// The KDCs kept referring the client on.
    #[error("referred {limit} times, and then to realm {}{}", Shown::new(realm.escape_ascii()), By(hops))]
    TooManyReferrals {
        /// The maximum that the policy allows.
        limit: u8,
        /// The realm that the last referral points to.
        realm: Vec<u8>,
        /// The realms whose KDCs were asked, in order.
        hops: Vec<Vec<u8>>,
    },
    /// A KDC referred the client back to a realm that has already referred it on.
    #[error("referred back to realm {}{}", Shown::new(realm.escape_ascii()), By(hops))]
    ReferralLoop {
        /// The realm.
        realm: Vec<u8>,
        /// The realms whose KDCs were asked, in order.
        hops: Vec<Vec<u8>>,
    },
    /// `step` was called after the exchange was over, which is a mistake of the caller.
    #[error("the exchange is over")]
    Finished,
}

/// How a KDC's reply differs from what was requested (RFC 4120 §3.1.5).
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ReplyFault {
    /// The reply is encrypted with a type that was not offered.
    #[error("encrypted with {0}, which was not offered")]
    EtypeNotOffered(EncryptionType),
    /// The session key has a type that was not offered.
    #[error("the session key is of type {0}, which was not offered")]
    SessionKeyNotOffered(EncryptionType),
    /// The reply is for another client.
    #[error("for client {} instead of {asked}", Shown::new(got))]
    ClientName {
        /// The client in the request.
        asked: Principal,
        /// The client in the reply.
        got: Principal,
    },
    /// The reply is for another service.
    #[error("for service {} instead of {asked}", Shown::new(got))]
    ServerName {
        /// The service in the request.
        asked: Principal,
        /// The service in the reply.
        got: Principal,
    },
    /// The ticket and the encrypted part of the reply name different services.
    #[error(
        "the ticket is for {}, the reply for {}",
        Shown::new(ticket),
        Shown::new(reply)
    )]
    TicketServerName {
        /// The service in the ticket.
        ticket: Principal,
        /// The service in the encrypted part.
        reply: Principal,
    },
    /// The reply is for another request.
    #[error("the nonce is not the request's")]
    Nonce,
    /// The ticket does not start at the requested time or, if none was requested, now.
    #[error("the ticket does not start at the time asked for")]
    StartTime,
    /// The ticket lasts longer than asked for, or ends before it starts.
    #[error("the ticket ends too late, or before it starts")]
    EndTime,
    /// The ticket is renewable for longer than asked for.
    #[error("the ticket is renewable for longer than asked for")]
    RenewTill,
    /// The ticket has a flag that an initial ticket may not have unless requested, or lacks a
    /// required flag.
    #[error("the ticket's flags do not fit")]
    Flags,
    /// The ticket is bound to an address that was not asked for.
    #[error("the ticket is bound to an address that was not asked for")]
    Addresses,
    /// The KDC claims to protect the request, but the proof is missing (RFC 6806 §11).
    #[error("the proof that the KDC saw our request is missing")]
    RequestProofMissing,
    /// The request was altered on its way to the KDC (RFC 6806 §11).
    #[error("the KDC saw another request than ours")]
    RequestAltered,
    /// The reply does not prove on whose behalf the ticket is (MS-SFU).
    #[error(transparent)]
    S4u(#[from] S4uFault),
}

impl From<S4uFault> for ExchangeError {
    fn from(fault: S4uFault) -> Self {
        ReplyFault::from(fault).into()
    }
}

impl ExchangeError {
    /// Makes an error about decoding `what`.
    pub(crate) fn decode(what: &'static str) -> impl FnOnce(DecodeError) -> Self {
        move |error| Self::Decode { what, error }
    }

    /// The KDC's error, if that is why the exchange failed.
    pub fn kdc_error(&self) -> Option<&KdcError> {
        match self {
            Self::Kdc(error)
            | Self::WrongPassword(Some(error))
            | Self::EvidenceNotForwardable(error) => Some(error),
            _ => None,
        }
    }

    /// The KDC's error code, if that is why the exchange failed.
    pub fn kdc_code(&self) -> Option<ErrorCode> {
        self.kdc_error().map(|error| error.code)
    }
}

/// The text for an exchange in which none of the mechanisms in `offered` can be used. The list is
/// not authenticated.
fn no_mechanism(offered: &[PaDataType]) -> String {
    if offered.is_empty() {
        return "the KDC named no preauthentication".to_owned();
    }
    format!(
        "none of the preauthentication that the KDC offers is supported or allowed: {}",
        Shown::new(Names(offered))
    )
}

/// Padata types, separated by commas.
struct Names<'a>(&'a [PaDataType]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for padata_type in self.0 {
            write!(f, "{comma}{}", PaType(*padata_type))?;
            comma = ", ";
        }
        Ok(())
    }
}

/// The realms on a path, if there are any.
struct By<'a>(&'a [Vec<u8>]);

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = ", by way of ";
        for realm in self.0 {
            write!(f, "{before}{}", Shown::new(realm.escape_ascii()))?;
            before = ", ";
        }
        Ok(())
    }
}
