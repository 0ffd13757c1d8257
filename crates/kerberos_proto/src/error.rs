//! `ExchangeError` and its parts: why an exchange failed, by whose fault, and MIT's words for it.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use kerberos_asn1::{DecodeError, ErrorCode, KerberosTime, PaDataType};
use kerberos_crypto::{CryptoError, EncryptionType};
use thiserror::Error;

use crate::{AskError, Principal, Shown, Timestamp};

mod hint;
mod kdc;
mod mit;
mod s4u;

pub use kdc::KdcError;
pub use s4u::S4uFault;

/// Why an exchange failed. Each is final: the exchange is over.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The KDC refused, and nothing the client knows would change its mind.
    #[error("{0}")]
    Kdc(Box<KdcError>),
    /// The password is wrong: the KDC's reply does not decrypt with it, or the KDC says so, whose
    /// error is then here.
    #[error("password incorrect")]
    WrongPassword(Option<Box<KdcError>>),
    /// The reply does not decrypt with the key of the keytab.
    #[error("the reply does not decrypt with the given {etype} key, version {kvno}")]
    WrongKey {
        /// The encryption type of the reply and the key.
        etype: EncryptionType,
        /// The version of the key that was tried.
        kvno: u32,
        /// The version of the key that the reply is encrypted with, if the KDC says; nothing
        /// proves it.
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
        /// The client whose key was wanted.
        client: Principal,
        /// The type wanted.
        etype: EncryptionType,
    },
    /// The policy allows no supported encryption type.
    #[error("no supported encryption types are allowed")]
    NoEtypes,
    /// The KDC names only encryption types that were not offered (RFC 4120 §5.2.7.5).
    #[error("the KDC has no key of a type that was offered")]
    NoCommonEtype {
        /// Whether it names at least one that this library knows.
        known: bool,
    },
    /// The KDC wants a salt of the Andrew file system's kind, which goes with single DES only.
    #[error("the KDC requires an AFS salt")]
    AfsSalt,
    /// The KDC wants preauthentication of no kind that is known and allowed.
    #[error("{}", no_mechanism(offered))]
    NoMechanism {
        /// What the KDC offered.
        offered: Vec<PaDataType>,
    },
    /// The KDC wants an encrypted timestamp, which the policy forbids.
    #[error("Encrypted timestamp is disabled")]
    TimestampDisabled,
    /// No password could be had.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The KDC's reply is authentic, or claims to be, and is not what was asked for.
    #[error("the KDC's reply is not what was asked for: {0}")]
    Reply(#[from] ReplyFault),
    /// The KDC's clock is too far off, and it may not be taken for the true one.
    #[error("the KDC's clock is {} s off, more than {limit} s", kdc.unix().abs_diff(local.seconds))]
    ClockSkew {
        /// When the ticket starts, by the KDC's clock.
        kdc: KerberosTime,
        /// When the request was made, by the caller's clock.
        local: Timestamp,
        /// The most they may differ, in seconds.
        limit: u32,
    },
    /// The message is neither a reply of this exchange nor an error.
    #[error("the message is neither a reply nor an error")]
    UnexpectedMessage,
    /// A message, or a part of it, is not well-formed.
    #[error("{what}: {error}")]
    Decode {
        /// Which message or part.
        what: &'static str,
        /// What is wrong with it, and where.
        #[source]
        error: DecodeError,
    },
    /// A key cannot be made or used as the KDC says: too many iterations among others.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The ticket-granting ticket is not for the realm of the service that was asked for.
    #[error("{tgt} cannot be used to get tickets for {server}")]
    WrongTgt {
        /// What was asked for.
        server: Principal,
        /// What the ticket at hand is for.
        tgt: Principal,
    },
    /// The KDC does not let a service act for the client of a ticket that is not forwardable
    /// (MS-SFU §3.2.5.2.1), which its error says less clearly.
    #[error("the evidence ticket is not forwardable: {0}")]
    EvidenceNotForwardable(Box<KdcError>),
    /// The KDC kept asking for another request.
    #[error("the KDC asks for more than {limit} requests")]
    TooManyRequests {
        /// The most that the policy allows.
        limit: u8,
    },
    /// The KDCs kept referring the client on.
    #[error("referred {limit} times, and then to realm {}{}", Shown::new(realm.escape_ascii()), By(hops))]
    TooManyReferrals {
        /// The most that the policy allows.
        limit: u8,
        /// Where the last referral goes.
        realm: Vec<u8>,
        /// The realms whose KDCs were asked, the first to the last.
        hops: Vec<Vec<u8>>,
    },
    /// A KDC referred the client to a realm that had referred it on.
    #[error("referred back to realm {}{}", Shown::new(realm.escape_ascii()), By(hops))]
    ReferralLoop {
        /// The realm.
        realm: Vec<u8>,
        /// The realms whose KDCs were asked, the first to the last.
        hops: Vec<Vec<u8>>,
    },
    /// A step was taken after the exchange was over: the caller's mistake.
    #[error("the exchange is over")]
    Finished,
}

/// What in a KDC's reply is not what was asked for (RFC 4120 §3.1.5).
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ReplyFault {
    /// Encrypted with a type that was not offered.
    #[error("encrypted with {0}, which was not offered")]
    EtypeNotOffered(EncryptionType),
    /// The session key has a type that was not offered.
    #[error("the session key is of type {0}, which was not offered")]
    SessionKeyNotOffered(EncryptionType),
    /// For another client.
    #[error("for client {} instead of {asked}", Shown::new(got))]
    ClientName {
        /// Whom the request names.
        asked: Principal,
        /// Whom the reply names.
        got: Principal,
    },
    /// For another service.
    #[error("for service {} instead of {asked}", Shown::new(got))]
    ServerName {
        /// What the request names.
        asked: Principal,
        /// What the reply names.
        got: Principal,
    },
    /// The ticket is not for the service that the encrypted part names.
    #[error(
        "the ticket is for {}, the reply for {}",
        Shown::new(ticket),
        Shown::new(reply)
    )]
    TicketServerName {
        /// What the ticket names.
        ticket: Principal,
        /// What the encrypted part names.
        reply: Principal,
    },
    /// Made for another request.
    #[error("the nonce is not the request's")]
    Nonce,
    /// The ticket starts at another time than asked for: a postdated one then, others at once.
    #[error("the ticket does not start at the time asked for")]
    StartTime,
    /// The ticket lasts longer than asked for, or ends before it starts.
    #[error("the ticket ends too late, or before it starts")]
    EndTime,
    /// The ticket is renewable for longer than asked for.
    #[error("the ticket is renewable for longer than asked for")]
    RenewTill,
    /// The ticket has a flag that an initial ticket may not have unasked, or lacks one it must
    /// have.
    #[error("the ticket's flags do not fit")]
    Flags,
    /// The ticket is bound to an address that was not asked for.
    #[error("the ticket is bound to an address that was not asked for")]
    Addresses,
    /// The KDC says that it protects the request, but the proof is missing (RFC 6806 §11).
    #[error("the proof that the KDC saw our request is missing")]
    RequestProofMissing,
    /// The request was altered on its way to the KDC (RFC 6806 §11).
    #[error("the KDC saw another request than ours")]
    RequestAltered,
    /// It does not prove on whose behalf the ticket is (MS-SFU).
    #[error(transparent)]
    S4u(#[from] S4uFault),
}

impl From<S4uFault> for ExchangeError {
    fn from(fault: S4uFault) -> Self {
        ReplyFault::from(fault).into()
    }
}

impl ExchangeError {
    /// An error in decoding `what`.
    pub(crate) fn decode(what: &'static str) -> impl FnOnce(DecodeError) -> Self {
        move |error| Self::Decode { what, error }
    }

    /// The KDC's error, when that is the reason.
    pub fn kdc_error(&self) -> Option<&KdcError> {
        match self {
            Self::Kdc(error)
            | Self::WrongPassword(Some(error))
            | Self::EvidenceNotForwardable(error) => Some(error),
            _ => None,
        }
    }

    /// The KDC's error code, when that is the reason.
    pub fn kdc_code(&self) -> Option<ErrorCode> {
        self.kdc_error().map(|error| error.code)
    }
}

/// That none of the mechanisms in `offered` will do. Whoever is on the network may have listed
/// them.
fn no_mechanism(offered: &[PaDataType]) -> String {
    if offered.is_empty() {
        return "the KDC named no preauthentication".to_owned();
    }
    format!(
        "no usable preauthentication among {}",
        Shown::new(Numbers(offered))
    )
}

/// Types of padata, with commas between them.
struct Numbers<'a>(&'a [PaDataType]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for PaDataType(number) in self.0 {
            write!(f, "{comma}{number}")?;
            comma = ", ";
        }
        Ok(())
    }
}

/// The realms of a way, if there are any.
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
