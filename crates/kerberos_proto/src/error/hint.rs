//! What to do about an error of an exchange, if that is clear. The hints are for the administrator
//! of a program and mention no options of any particular tool.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};

use kerberos_asn1::ErrorCode;

use super::{ExchangeError, KdcError, ReplyFault};

impl ExchangeError {
    /// What to do about the error, if that is clear.
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::ExchangeError;
    /// let error = ExchangeError::NoEtypes;
    /// assert!(error.hint().is_some_and(|hint| hint.starts_with("permitted_enctypes")));
    /// assert_eq!(ExchangeError::Finished.hint(), None);
    /// ```
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Kdc(error) => return error.hint().map(str::to_owned),
            Self::WrongPassword(_) => {
                "type the password again: it is case-sensitive, and it may have been changed"
            }
            Self::WrongKey { etype, kvno, .. } => {
                return Some(format!(
                    "the {etype} key of version {kvno} does not match the KDC's: extract the keytab again"
                ));
            }
            Self::NoKeys { .. } => "extract keys of a supported type into the keytab",
            Self::NoKeyFor { etype, .. } => {
                return Some(format!(
                    "the KDC requires an {etype} key, and the keytab has none: extract the keytab again"
                ));
            }
            Self::NoEtypes => {
                "permitted_enctypes in krb5.conf leaves no encryption type that is supported"
            }
            Self::NoCommonEtype { .. }
            | Self::Reply(ReplyFault::EtypeNotOffered(_) | ReplyFault::SessionKeyNotOffered(_)) => {
                ETYPES
            }
            Self::TimestampDisabled => {
                "disable_encrypted_timestamp in krb5.conf forbids the only preauthentication that \
                 the KDC and this program share"
            }
            // MIT's text, which the tools print, does not list the mechanisms offered.
            Self::NoMechanism { .. } => return Some(self.to_string()),
            Self::ClockSkew { .. } => CLOCK,
            Self::EvidenceNotForwardable(_) => {
                "the KDC did not make the user's ticket forwardable: the service's own TGT is not \
                 (set forwardable = true in [libdefaults] of krb5.conf, and log in again), delegation \
                 is not allowed for the user, or the service is not trusted for protocol transition"
            }
            Self::Reply(fault) => {
                return Some(format!(
                    "{fault}: the KDC is at fault, or the reply was altered on the way"
                ));
            }
            Self::UnexpectedMessage | Self::Decode { .. } => {
                "the answer is not that of a KDC: check the address"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl KdcError {
    /// What to do about the error, if its code tells. The KDC's own words are in
    /// [`text`](Self::text) and in the `Display` output.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.code {
            ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN => {
                "check the spelling of the name and its realm"
            }
            ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN
                if self.server.tgt_realm().is_some_and(is_like_host) =>
            {
                "no path to that realm is known, and it looks like a host: a service on a host is \
                 written HTTP/www.example.com"
            }
            // MIT's and Heimdal's KDCs use this code for an unknown realm, too.
            ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN if self.server.is_krbtgt() => {
                "no path to that realm is known: check the spelling of the realm, [domain_realm] \
                 and [capaths] in krb5.conf"
            }
            ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN => {
                "check the spelling of the service and its realm; the KDC has no key for that name, \
                 or it is disabled"
            }
            ErrorCode::KDC_ERR_PREAUTH_FAILED => "the password, the key or the clock is wrong",
            ErrorCode::KDC_ERR_KEY_EXPIRED => "the password has expired: change it",
            ErrorCode::KDC_ERR_CLIENT_REVOKED => {
                "the account is locked or disabled: ask its administrator"
            }
            ErrorCode::KDC_ERR_NAME_EXP => "the account has expired: ask its administrator",
            ErrorCode::KDC_ERR_ETYPE_NOSUPP => ETYPES,
            ErrorCode::KDC_ERR_NEVER_VALID => "ask for a longer lifetime, or set the clock",
            ErrorCode::KDC_ERR_WRONG_REALM => "name the realm that has the account",
            ErrorCode::KDC_ERR_CANNOT_POSTDATE => "the account is not allowed to postdate tickets",
            ErrorCode::KDC_ERR_BADOPTION if self.is_about_forwarding() => {
                "log in with a forwardable ticket: set forwardable = true in [libdefaults] of krb5.conf"
            }
            ErrorCode::KDC_ERR_POLICY | ErrorCode::KDC_ERR_BADOPTION => {
                "the KDC does not allow everything that was requested: leave out options, or ask for \
                 less"
            }
            ErrorCode::KRB_AP_ERR_TKT_EXPIRED => "log in again: the ticket has expired",
            ErrorCode::KRB_AP_ERR_SKEW => CLOCK,
            _ => return None,
        })
    }

    /// Whether the KDC's words say so, such as MIT's "TGT NOT FORWARDABLE".
    fn is_about_forwarding(&self) -> bool {
        let text = self.text.as_deref().unwrap_or_default();
        text.to_ascii_uppercase().contains("FORWARDABLE")
    }
}

/// Realms are in upper case by convention.
fn is_like_host(realm: &[u8]) -> bool {
    realm.contains(&b'.') && !realm.iter().any(u8::is_ascii_uppercase)
}

const CLOCK: &str = "set the clock, or synchronize it (NTP)";
const ETYPES: &str = "permit another encryption type in krb5.conf, or give the account newer keys";
