//! `ApError`: why an AP exchange failed, with the codes of RFC 4120 §3.2.3.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use kerberos_asn1::{
    DecodeError, Encode, ErrorCode, KerberosString, KerberosTime, KrbError, Microseconds,
};
use kerberos_crypto::{CryptoError, EncryptionType};
use thiserror::Error;

use crate::{KdcError, Principal, Shown, Timestamp};

/// Why an AP exchange failed, at the client or at the service.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApError {
    /// The message is not of the expected type.
    #[error("the message is not of the expected type")]
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
    /// A key cannot be used: its type is not supported, or its length is wrong.
    #[error(transparent)]
    Crypto(#[from] CryptoError),

    /// The service answered with an error. This is not authenticated.
    #[error("the service refused: {0}")]
    Refused(Box<KdcError>),
    /// The reply does not decrypt with the session key.
    #[error("the reply does not decrypt with the session key")]
    ReplyIntegrity,
    /// The reply does not repeat the time of the request, so it answers another request.
    #[error("the reply answers another request")]
    MutualFailed,

    /// There are no keys at all, or none for the one service that is allowed.
    #[error("there are no keys{}", server.as_ref().map(|one| format!(" of {}", Shown::new(one))).unwrap_or_default())]
    NoKeys {
        /// The service; `None` if any service is allowed.
        server: Option<Principal>,
    },
    /// The ticket is for a service that is not served here.
    #[error("the ticket is for {}, which is not served here", Shown::new(server))]
    NotUs {
        /// The service named in the ticket.
        server: Principal,
    },
    /// The version of the ticket's format is not 5.
    #[error("tickets of version {0} are not understood")]
    TicketVersion(i32),
    /// The service has keys of the ticket's version, but of other types.
    #[error("no {etype} key of {}", Shown::new(server))]
    NoKey {
        /// The service.
        server: Principal,
        /// The encryption type of the ticket.
        etype: EncryptionType,
        /// The types of the keys that are present.
        present: Vec<EncryptionType>,
    },
    /// The service has keys, but of other versions.
    #[error("no key of {} with version {kvno}", Shown::new(server))]
    KeyVersion {
        /// The service.
        server: Principal,
        /// The key version of the ticket.
        kvno: u32,
        /// The versions of the keys that are present.
        present: Vec<u32>,
    },
    /// Searching for keys failed.
    #[error("looking for keys failed: {0}")]
    Keys(#[source] Box<dyn core::error::Error + Send + Sync>),
    /// The client asks for user-to-user authentication, but the acceptor has no TGT.
    #[error("no ticket-granting ticket for user-to-user authentication")]
    NoTgt,
    /// The ticket does not decrypt with the service's key.
    #[error("the ticket does not decrypt with the service's key")]
    TicketIntegrity,
    /// The authenticator does not decrypt with the ticket's session key.
    #[error("the authenticator does not decrypt with the session key")]
    AuthenticatorIntegrity,
    /// An encryption type is not permitted.
    #[error("encryption type {0} is not permitted")]
    EtypeNotPermitted(EncryptionType),
    /// Ticket and authenticator name different clients.
    #[error(
        "the ticket is {}'s, the authenticator {}'s",
        Shown::new(ticket),
        Shown::new(authenticator)
    )]
    ClientMismatch {
        /// The client named in the ticket.
        ticket: Principal,
        /// The client named in the authenticator.
        authenticator: Principal,
    },
    /// The ticket may not be used from the peer's address.
    #[error("the ticket is not valid from the peer's address")]
    Address,
    /// The authenticator's time differs too much from the local time.
    #[error("the client's clock is {} s off, more than {limit} s", client.seconds.abs_diff(local.seconds))]
    ClockSkew {
        /// The time in the authenticator.
        client: Timestamp,
        /// The local time.
        local: Timestamp,
        /// The maximum difference allowed, in seconds.
        limit: u32,
    },
    /// The ticket is not yet valid.
    #[error("the ticket is not yet valid")]
    NotYetValid {
        /// When it becomes valid.
        starttime: KerberosTime,
    },
    /// The ticket is postdated and has not been validated.
    #[error("the ticket is postdated and was not validated")]
    Invalid,
    /// The ticket has expired.
    #[error("the ticket has expired")]
    Expired {
        /// When it expired.
        endtime: KerberosTime,
    },
    /// The ticket came through realms that no KDC claims to have checked and that are not on the
    /// path from the client's realm to the service's.
    #[error("the client came through realms that are not trusted on this path")]
    PathNotAccepted,
    /// The ticket does not name its holder. A KDC may issue anonymous tickets to anyone.
    #[error("the ticket is anonymous, {}", Shown::new(client))]
    Anonymous {
        /// The name in the ticket.
        client: Principal,
    },
    /// The same authenticator has been seen before.
    #[error("the request is a replay")]
    Replay,
    /// The replay cache does not work.
    #[error("the replay cache failed: {0}")]
    ReplayCache(#[source] Box<dyn core::error::Error + Send + Sync>),
}

impl ApError {
    /// Makes an error about decoding `what`.
    pub(crate) fn decode(what: &'static str) -> impl FnOnce(DecodeError) -> Self {
        move |error| Self::Decode { what, error }
    }

    /// The error code of RFC 4120 §7.5.9, or KRB_ERR_GENERIC for details that are none of the
    /// peer's business.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnexpectedMessage => ErrorCode::KRB_AP_ERR_MSG_TYPE,
            Self::Refused(error) => error.code,
            Self::MutualFailed => ErrorCode::KRB_AP_ERR_MUT_FAIL,
            Self::NotUs { .. } => ErrorCode::KRB_AP_ERR_NOT_US,
            Self::TicketVersion(_) => ErrorCode::KRB_AP_ERR_BADVERSION,
            Self::NoKey { .. } | Self::NoKeys { .. } => ErrorCode::KRB_AP_ERR_NOKEY,
            Self::KeyVersion { .. } => ErrorCode::KRB_AP_ERR_BADKEYVER,
            Self::NoTgt => ErrorCode::KRB_AP_ERR_NO_TGT,
            Self::TicketIntegrity
            | Self::AuthenticatorIntegrity
            | Self::ReplyIntegrity
            | Self::Crypto(CryptoError::Decrypt) => ErrorCode::KRB_AP_ERR_BAD_INTEGRITY,
            Self::EtypeNotPermitted(_) | Self::Crypto(CryptoError::UnsupportedEtype(_)) => {
                ErrorCode::KDC_ERR_ETYPE_NOSUPP
            }
            Self::ClientMismatch { .. } => ErrorCode::KRB_AP_ERR_BADMATCH,
            Self::Address => ErrorCode::KRB_AP_ERR_BADADDR,
            Self::ClockSkew { .. } => ErrorCode::KRB_AP_ERR_SKEW,
            Self::NotYetValid { .. } | Self::Invalid => ErrorCode::KRB_AP_ERR_TKT_NYV,
            Self::Expired { .. } => ErrorCode::KRB_AP_ERR_TKT_EXPIRED,
            Self::PathNotAccepted => ErrorCode::KRB_AP_PATH_NOT_ACCEPTED,
            // RFC 8062 has no code for services. KDCs use this one (§4.2).
            Self::Anonymous { .. } => ErrorCode::KDC_ERR_POLICY,
            Self::Replay => ErrorCode::KRB_AP_ERR_REPEAT,
            Self::Decode { .. } | Self::Crypto(_) | Self::Keys(_) | Self::ReplayCache(_) => {
                ErrorCode::KRB_ERR_GENERIC
            }
        }
    }

    /// What a service's administrator can do about the error, if that is clear.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoKeys { .. } => "add the service's keys to the keytab".to_owned(),
            Self::NotUs { server } => format!(
                "add keys of {} to the keytab, or have clients use a name that is in it",
                Shown::new(server)
            ),
            Self::NoKey { etype, present, .. } => format!(
                "the keys are of type {}, but the ticket needs {etype}: extract the keytab again, \
                 or set the service's encryption types at the KDC",
                list(present)
            ),
            Self::KeyVersion { kvno, present, .. } => {
                let newer = present.iter().any(|one| one > kvno);
                format!(
                    "the keys have version {}, but the ticket needs {kvno}: {}",
                    list(present),
                    if newer {
                        "the ticket is older than the key; the client needs a new ticket"
                    } else {
                        "the key has been changed; extract the keytab again"
                    }
                )
            }
            Self::TicketIntegrity => {
                "the service's key is another than the KDC's: extract the keytab again".to_owned()
            }
            Self::PathNotAccepted => {
                "list in [capaths] of krb5.conf which realms clients of that realm may \
                 come through, or have the KDC check the path"
                    .to_owned()
            }
            Self::Anonymous { .. } => {
                "have the client log in by name, or accept anonymous clients (accept_anonymous)"
                    .to_owned()
            }
            Self::ClockSkew { .. } => {
                "synchronize the clocks of the client and the service".to_owned()
            }
            Self::EtypeNotPermitted(etype) => {
                format!("to allow it, add {etype} to permitted_enctypes in krb5.conf")
            }
            _ => return None,
        })
    }

    /// Whether the service itself is at fault, whatever the client sent: its keys or its replay
    /// cache are not accessible, or it has no keys.
    pub fn is_own_fault(&self) -> bool {
        matches!(
            self,
            Self::Keys(_) | Self::NoKeys { .. } | Self::ReplayCache(_)
        )
    }

    /// The KRB-ERROR to send to the client (RFC 4120 §3.2.6), from `server` at the time `now`.
    ///
    /// It contains only the code, because the client is not authenticated.
    pub fn to_message(&self, server: &Principal, now: Timestamp) -> Vec<u8> {
        KrbError {
            ctime: None,
            cusec: None,
            stime: now.to_kerberos_time(),
            susec: Some(Microseconds(now.microseconds)),
            error_code: self.code(),
            crealm: None,
            cname: None,
            realm: KerberosString(server.realm()),
            sname: server.to_wire(),
            e_text: None,
            e_data: None,
        }
        .to_der()
    }
}

/// The values, separated by commas.
fn list<T: fmt::Display>(values: &[T]) -> String {
    let mut list = String::new();
    for value in values {
        let comma = if list.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(list, "{comma}{value}");
    }
    list
}
