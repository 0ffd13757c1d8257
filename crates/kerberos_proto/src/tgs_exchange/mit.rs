//! The messages of MIT's library for a failed TGS exchange, where they differ from an AS exchange.

use alloc::borrow::Cow;
use alloc::format;

use kerberos_asn1::{ErrorCode, NameType};

use crate::ExchangeError;

impl ExchangeError {
    /// What MIT's tools print when a TGS exchange fails with this error, before "while getting
    /// credentials".
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::ExchangeError;
    /// let error = ExchangeError::NoEtypes;
    /// assert_eq!(error.mit_tgs_message(), error.mit_message());
    /// ```
    pub fn mit_tgs_message(&self) -> Cow<'static, str> {
        // With such a name, the error comes from the AS exchange that looks for a user's realm
        // (S4U2Self).
        let told_realm = self.kdc_error().is_some_and(|error| {
            let name_type = error.asked_client.name_type();
            name_type == NameType::ENTERPRISE || name_type == NameType::X500_PRINCIPAL
        });
        if told_realm {
            return self.mit_message();
        }
        let told = self.kdc_error().and_then(|error| {
            Some((
                error,
                error.text.as_deref().filter(|text| !text.is_empty())?,
            ))
        });
        match told {
            Some((error, _)) if error.code == ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN => {
                format!("Server {} not found in Kerberos database", error.server).into()
            }
            Some((error, text)) if error.code == ErrorCode::KRB_ERR_GENERIC => {
                format!("KDC returned error string: {text}").into()
            }
            _ => match self {
                // The error does not say which client is unknown: it is the one on whose behalf the
                // ticket was requested, not the TGT's client.
                Self::Kdc(error) if error.code == ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN => {
                    crate::mit_text(error.code.0).into()
                }
                // MIT's library treats realms that lead nowhere as KDCs that cannot be reached.
                Self::ReferralLoop { .. } | Self::TooManyReferrals { .. } => {
                    "Cannot contact any KDC for requested realm".into()
                }
                // A TGS exchange has no password that could be wrong.
                _ => self.mit_message(),
            },
        }
    }
}
