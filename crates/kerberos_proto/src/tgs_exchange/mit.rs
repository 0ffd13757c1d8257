//! What MIT's library says when a TGS exchange fails, where that differs from an AS exchange.

use alloc::borrow::Cow;
use alloc::format;

use kerberos_asn1::{ErrorCode, NameType};

use crate::ExchangeError;

impl ExchangeError {
    /// What MIT's tools print when a TGS exchange fails so, before "while getting credentials".
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::ExchangeError;
    /// let error = ExchangeError::NoEtypes;
    /// assert_eq!(error.mit_tgs_message(), error.mit_message());
    /// ```
    pub fn mit_tgs_message(&self) -> Cow<'static, str> {
        // What told the realm of a user with such a name was an AS exchange on the way (S4U2Self).
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
                // Who that is, the error does not say: the one on whose behalf the ticket was asked
                // for, not the TGT's client.
                Self::Kdc(error) if error.code == ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN => {
                    crate::mit_text(error.code.0).into()
                }
                // MIT's library takes realms that lead nowhere for KDCs that cannot be reached.
                Self::ReferralLoop { .. } | Self::TooManyReferrals { .. } => {
                    "Cannot contact any KDC for requested realm".into()
                }
                // In a TGS exchange there is no password that could be wrong.
                _ => self.mit_message(),
            },
        }
    }
}
