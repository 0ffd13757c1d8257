//! Why there is no new ticket: one of a few reasons, each with a name for metrics and alarms.

use kerberos_asn1::ErrorCode;
use kerberos_client::ClientError;
use kerberos_proto::{ExchangeError, KdcError};

/// A reason that somebody can do something about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    KdcUnreachable,
    ClockSkew,
    /// The keytab's key is not the KDC's, for example because its version is older.
    WrongKey,
    WrongPassword,
    AccountLocked,
    AccountExpired,
    PasswordExpired,
    UnknownPrincipal,
    SecretUnreadable,
    CacheUnwritable,
    /// The KDC refuses for another reason.
    Refused,
    Configuration,
    Other,
}

impl Reason {
    pub(crate) const ALL: [Self; 13] = [
        Self::KdcUnreachable,
        Self::ClockSkew,
        Self::WrongKey,
        Self::WrongPassword,
        Self::AccountLocked,
        Self::AccountExpired,
        Self::PasswordExpired,
        Self::UnknownPrincipal,
        Self::SecretUnreadable,
        Self::CacheUnwritable,
        Self::Refused,
        Self::Configuration,
        Self::Other,
    ];

    /// The name in metrics and logs; it never changes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KdcUnreachable => "kdc_unreachable",
            Self::ClockSkew => "clock_skew",
            Self::WrongKey => "wrong_key",
            Self::WrongPassword => "wrong_password",
            Self::AccountLocked => "account_locked",
            Self::AccountExpired => "account_expired",
            Self::PasswordExpired => "password_expired",
            Self::UnknownPrincipal => "unknown_principal",
            Self::SecretUnreadable => "secret_unreadable",
            Self::CacheUnwritable => "cache_unwritable",
            Self::Refused => "kdc_refused",
            Self::Configuration => "configuration",
            Self::Other => "other",
        }
    }

    /// The reason for `error` in a login with keys or with a password.
    pub(crate) fn of(error: &ClientError, with_keys: bool) -> Self {
        let wrong = if with_keys {
            Self::WrongKey
        } else {
            Self::WrongPassword
        };
        match error {
            ClientError::CannotContactKdc { .. } | ClientError::CannotFindKdc { .. } => {
                Self::KdcUnreachable
            }
            ClientError::NoSecret { .. } | ClientError::Keytab(_) | ClientError::KeytabName(_) => {
                Self::SecretUnreadable
            }
            ClientError::Ccache(_) | ClientError::CcacheName(_) | ClientError::Encode(_) => {
                Self::CacheUnwritable
            }
            ClientError::Config(_)
            | ClientError::Expand(_)
            | ClientError::NoDefaultRealm
            | ClientError::Principal { .. } => Self::Configuration,
            ClientError::Exchange(error) => match error {
                ExchangeError::WrongPassword(_) | ExchangeError::WrongKey { .. } => wrong,
                ExchangeError::ClockSkew { .. } => Self::ClockSkew,
                ExchangeError::NoKeys { .. } | ExchangeError::NoKeyFor { .. } => Self::WrongKey,
                ExchangeError::Kdc(error) => Self::of_kdc(error, wrong),
                _ => Self::Refused,
            },
            _ => Self::Other,
        }
    }

    fn of_kdc(error: &KdcError, wrong: Self) -> Self {
        match error.code {
            ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY => wrong,
            ErrorCode::KRB_AP_ERR_SKEW => Self::ClockSkew,
            // Active Directory uses one code for all of these, and distinguishes them in the
            // error's data (MS-ERREF §2.3.1).
            ErrorCode::KDC_ERR_CLIENT_REVOKED => match error.nt_status() {
                Some(0xc000_0193) => Self::AccountExpired,
                Some(0xc000_0071) => Self::PasswordExpired,
                _ => Self::AccountLocked,
            },
            ErrorCode::KDC_ERR_NAME_EXP => Self::AccountExpired,
            ErrorCode::KDC_ERR_KEY_EXPIRED => Self::PasswordExpired,
            ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN => Self::UnknownPrincipal,
            _ => Self::Refused,
        }
    }

    /// Whether the problem may soon disappear by itself, as while a machine boots, so that waiting
    /// makes sense.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::KdcUnreachable | Self::SecretUnreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_names_are_unique_valid_labels() {
        let mut names = Reason::ALL.map(Reason::name).to_vec();
        assert!(
            names
                .iter()
                .all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }

    #[test]
    fn client_errors_map_to_reasons() {
        let no_kdc = ClientError::CannotContactKdc {
            realm: "R".into(),
            attempts: Vec::new(),
        };
        assert!(Reason::of(&no_kdc, true).may_pass());
        let wrong = ClientError::Exchange(ExchangeError::WrongPassword(None));
        assert_eq!(Reason::of(&wrong, false), Reason::WrongPassword);
        assert_eq!(Reason::of(&wrong, true), Reason::WrongKey);
        assert_eq!(
            Reason::of(&ClientError::NoDefaultRealm, true),
            Reason::Configuration
        );
    }
}
