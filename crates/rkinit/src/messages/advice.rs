//! What to do about a failed login: the hint below the error. The library provides most of these
//! hints; here are those that mention options and other tools.

use kerberos_asn1::ErrorCode;
use kerberos_client::ClientError;
use kerberos_proto::{AskError, ExchangeError, KdcError, Principal, Shown};

use crate::Tool;

/// The hint for `error`, if anything can be done about it.
pub(crate) fn advice(error: &ClientError, principal: &Principal, keytab: bool) -> Option<String> {
    match error {
        ClientError::Exchange(ExchangeError::Kdc(error)) => kdc_advice(error, principal, keytab),
        ClientError::Exchange(error) => exchange_advice(error),
        ClientError::Config(error) => Some(error.to_string()),
        error => error.hint(),
    }
}

fn exchange_advice(error: &ExchangeError) -> Option<String> {
    Some(match error {
        ExchangeError::NoKeys { .. } => format!(
            "list the principals and key types in the keytab with {} -ke",
            Tool::Klist
        ),
        ExchangeError::NoKeyFor { etype, .. } => format!(
            "the KDC requires an {etype} key, and the keytab has none: list its keys with {} -ke",
            Tool::Klist
        ),
        ExchangeError::Ask(AskError::Interrupted) => return None,
        ExchangeError::Ask(_) => {
            "give the password on standard input, or use a keytab with -kt FILE".into()
        }
        error => return error.hint(),
    })
}

fn kdc_advice(error: &KdcError, principal: &Principal, keytab: bool) -> Option<String> {
    let advice = match error.code {
        ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY if keytab => {
            "the key does not match the KDC's, perhaps it was changed: extract the keytab again"
        }
        ErrorCode::KDC_ERR_PREAUTH_FAILED => "the password or the clock is wrong",
        ErrorCode::KDC_ERR_KEY_EXPIRED => {
            let kpasswd = Tool::Kpasswd;
            return Some(format!("change the password: {kpasswd} {principal}"));
        }
        ErrorCode::KDC_ERR_NEVER_VALID => "ask for a longer lifetime (-l), or set the clock",
        ErrorCode::KDC_ERR_WRONG_REALM => "log in with -C, or name the realm that has the account",
        ErrorCode::KDC_ERR_CANNOT_POSTDATE => {
            "leave out -s: the account is not allowed to postdate tickets"
        }
        _ => {
            if let Some(hint) = error.hint() {
                return Some(hint.into());
            }
            let text = error.text.as_deref().filter(|text| !text.is_empty())?;
            return Some(format!("the KDC says of {principal}: {}", Shown::new(text)));
        }
    };
    Some(advice.into())
}
