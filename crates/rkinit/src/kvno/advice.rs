//! What to do if a service ticket could not be obtained: the hint below errors of `kvno`,
//! `kinit -R` and `kinit -v`. Hints that mention neither options nor caches come from the library.

use kerberos_asn1::ErrorCode;
use kerberos_client::ClientError;
use kerberos_files::ccache::CcacheError;
use kerberos_proto::{ExchangeError, KdcError, Shown};

use crate::Tool;

/// The hint for `error`, if anything can be done about it.
pub(crate) fn advice(error: &ClientError, cached_only: bool) -> Option<String> {
    match error {
        ClientError::NoCredential { .. } | ClientError::NoCredentialOfEtype { .. }
            if cached_only =>
        {
            Some(format!(
                "{} shows what is cached; leave out --cached-only to ask the KDC",
                Tool::Klist
            ))
        }
        ClientError::Exchange(ExchangeError::Kdc(error)) => kdc_advice(error),
        ClientError::Exchange(error) => exchange_advice(error),
        ClientError::Config(error) => Some(error.to_string()),
        ClientError::Ccache(error @ CcacheError::NotFound { .. }) => {
            Some(error.hint().unwrap_or_else(log_in))
        }
        error => error.hint(),
    }
}

fn exchange_advice(error: &ExchangeError) -> Option<String> {
    match error {
        ExchangeError::Crypto(_) => {
            Some("the session key in the cache does not match the KDC's: log in again".into())
        }
        error => error.hint(),
    }
}

fn kdc_advice(error: &KdcError) -> Option<String> {
    let advice = match error.code {
        ErrorCode::KDC_ERR_ETYPE_NOSUPP => {
            "the service has no key of a requested type: leave out -e, or permit more types in \
             krb5.conf"
        }
        ErrorCode::KRB_AP_ERR_TKT_EXPIRED => return Some(log_in()),
        ErrorCode::KRB_AP_ERR_TKT_NYV => {
            return Some(format!(
                "{} -f shows when the ticket-granting ticket starts; if it has the flag i, {} -v \
                 validates it then. If it should be valid now, set the clock (NTP)",
                Tool::Klist,
                Tool::Kinit
            ));
        }
        ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN => {
            "the KDC does not know that user, or no longer knows the owner of the cache"
        }
        ErrorCode::KRB_AP_ERR_MODIFIED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY => {
            "the KDC cannot read the ticket in the cache; perhaps its key was changed: log in again"
        }
        ErrorCode::KDC_ERR_BADOPTION => {
            "the KDC does not allow that: check that the service is trusted for delegation and \
             that the user's ticket is forwardable"
        }
        ErrorCode::KDC_ERR_MUST_USE_USER2USER => {
            "that principal accepts user-to-user tickets only: give its cache with --u2u"
        }
        ErrorCode::KDC_ERR_POLICY => "the KDC's policy forbids it: ask its administrator",
        _ => {
            if let Some(hint) = error.hint() {
                return Some(hint.into());
            }
            let text = error.text.as_deref().filter(|text| !text.is_empty())?;
            return Some(format!("the KDC says: {}", Shown::new(text)));
        }
    };
    Some(advice.into())
}

fn log_in() -> String {
    format!("log in with {}", Tool::Kinit)
}
