//! The error codes and texts of MIT's library for each of our errors, for tools whose users match
//! on them.

use alloc::borrow::Cow;
use alloc::format;

use kerberos_crypto::CryptoError;

use super::{ExchangeError, ReplyFault, S4uFault};
use crate::{AskError, MIT_ERROR_BASE, mit_text};

impl ExchangeError {
    /// The code that MIT's library uses for this error.
    pub fn mit_code(&self) -> i32 {
        MIT_ERROR_BASE
            + match self {
                Self::Kdc(error) | Self::EvidenceNotForwardable(error) => {
                    error.code.0.clamp(0, 127)
                }
                // KRB5KRB_AP_ERR_BAD_INTEGRITY
                Self::WrongPassword(_)
                | Self::WrongKey { .. }
                | Self::Crypto(CryptoError::Decrypt) => 31,
                // KRB5KRB_AP_ERR_NOT_US
                Self::WrongTgt { .. } => 35,
                Self::NoKeys { .. } | Self::NoKeyFor { .. } => KT_NOTFOUND,
                Self::NoEtypes
                | Self::NoCommonEtype { known: true }
                | Self::Reply(ReplyFault::EtypeNotOffered(_)) => CONFIG_ETYPE_NOSUPP,
                Self::NoCommonEtype { known: false } => PROG_ETYPE_NOSUPP,
                Self::AfsSalt | Self::Crypto(_) => BAD_S2K_PARAMS,
                Self::NoMechanism { .. } | Self::TimestampDisabled => PREAUTH_FAILED,
                Self::Ask(AskError::Interrupted) => LIBOS_PWDINTR,
                Self::Ask(_) => LIBOS_CANTREADPWD,
                Self::Reply(ReplyFault::S4u(S4uFault::Ignored | S4uFault::NotResourceBased)) => {
                    PADATA_TYPE_NOSUPP
                }
                Self::Reply(ReplyFault::S4u(S4uFault::ChecksumNotKeyed(_))) => AP_ERR_INAPP_CKSUM,
                Self::Reply(_) => KDCREP_MODIFIED,
                Self::ClockSkew { .. } => KDCREP_SKEW,
                // KRB5KRB_AP_ERR_MSG_TYPE
                Self::UnexpectedMessage | Self::Decode { .. } => 40,
                Self::TooManyRequests { .. }
                | Self::TooManyReferrals { .. }
                | Self::ReferralLoop { .. }
                | Self::Finished => GET_IN_TKT_LOOP,
            }
    }

    /// What MIT's `kinit` prints for this error, before "while getting initial credentials".
    ///
    /// For errors that MIT's library does not know, this is our own text.
    pub fn mit_message(&self) -> Cow<'static, str> {
        match self {
            Self::Kdc(error) if error.code.0 == C_PRINCIPAL_UNKNOWN => {
                let client = &error.asked_client;
                format!("Client '{client}' not found in Kerberos database").into()
            }
            Self::Kdc(error) | Self::EvidenceNotForwardable(error) => mit_text(error.code.0).into(),
            Self::WrongPassword(_) | Self::WrongKey { .. } => "Password incorrect".into(),
            Self::NoKeys { client } => {
                format!("Keytab contains no suitable keys for {client}").into()
            }
            Self::NoKeyFor { .. } => "Key table entry not found".into(),
            Self::NoEtypes
            | Self::NoCommonEtype { known: true }
            | Self::Reply(ReplyFault::EtypeNotOffered(_)) => {
                "No supported encryption types (config file error?)".into()
            }
            Self::NoCommonEtype { known: false } => {
                "Program lacks support for encryption type".into()
            }
            Self::AfsSalt => "Invalid key generation parameters from KDC".into(),
            Self::NoMechanism { .. } => "Generic preauthentication failure".into(),
            Self::TimestampDisabled => format!("Pre-authentication failed: {self}").into(),
            Self::Reply(ReplyFault::S4u(S4uFault::Ignored | S4uFault::NotResourceBased)) => {
                mit_text(PADATA_TYPE_NOSUPP).into()
            }
            Self::Reply(ReplyFault::S4u(S4uFault::ChecksumNotKeyed(_))) => {
                mit_text(AP_ERR_INAPP_CKSUM).into()
            }
            Self::Reply(_) => "KDC reply did not match expectations".into(),
            Self::ClockSkew { .. } => "Clock skew too great in KDC reply".into(),
            Self::UnexpectedMessage => mit_text(40).into(),
            Self::TooManyRequests { .. }
            | Self::TooManyReferrals { .. }
            | Self::ReferralLoop { .. } => "Looping detected inside krb5_get_in_tkt".into(),
            Self::Ask(error) => format!("{error}").into(),
            Self::Crypto(CryptoError::Decrypt) => mit_text(31).into(),
            Self::Crypto(error) => format!("{error}").into(),
            Self::Decode { .. } | Self::WrongTgt { .. } | Self::Finished => {
                format!("{self}").into()
            }
        }
    }
}

// Offsets from MIT_ERROR_BASE of the library's own errors, in the order of krb5_err.et.
const C_PRINCIPAL_UNKNOWN: i32 = 6;
const PADATA_TYPE_NOSUPP: i32 = 16;
const AP_ERR_INAPP_CKSUM: i32 = 50;
const LIBOS_CANTREADPWD: i32 = 130;
const LIBOS_PWDINTR: i32 = 132;
const KDCREP_MODIFIED: i32 = 147;
const KDCREP_SKEW: i32 = 148;
const PROG_ETYPE_NOSUPP: i32 = 150;
const KT_NOTFOUND: i32 = 181;
const PREAUTH_FAILED: i32 = 210;
const GET_IN_TKT_LOOP: i32 = 223;
const CONFIG_ETYPE_NOSUPP: i32 = 237;
const BAD_S2K_PARAMS: i32 = 244;
