//! What to do about a login that failed: the hint below the error.

use kerberos_asn1::ErrorCode;
use kerberos_client::ClientError;
use kerberos_proto::AskError;
use kerberos_proto::ExchangeError;
use kerberos_proto::KdcError;
use kerberos_proto::Principal;
use kerberos_proto::ReplyFault;
use kerberos_proto::Shown;

use crate::Tool;

/// The hint for `error`, when there is something to be done about it.
pub(crate) fn advice(error: &ClientError, principal: &Principal, keytab: bool) -> Option<String> {
    match error {
        ClientError::Exchange(ExchangeError::Kdc(error)) => kdc_advice(error, principal, keytab),
        ClientError::Exchange(error) => exchange_advice(error, principal),
        ClientError::Config(error) => Some(error.to_string()),
        error => error.hint(),
    }
}

fn exchange_advice(error: &ExchangeError, principal: &Principal) -> Option<String> {
    Some(match error {
        ExchangeError::WrongPassword(_) => {
            format!("type the password of {principal} again; upper and lower case differ")
        }
        ExchangeError::WrongKey { etype, kvno, .. } => {
            format!("the {etype} key of version {kvno} is not the KDC's: extract the keytab again")
        }
        ExchangeError::NoKeys { .. } => format!(
            "{} -ke shows whose keys the keytab has, and of what types",
            Tool::Klist
        ),
        ExchangeError::NoKeyFor { etype, .. } => format!(
            "the KDC wants an {etype} key and the keytab has none: {} -ke shows what it has",
            Tool::Klist
        ),
        ExchangeError::NoEtypes => {
            "permitted_enctypes in krb5.conf leaves no encryption type that is supported".into()
        }
        ExchangeError::NoCommonEtype { .. }
        | ExchangeError::Reply(
            ReplyFault::EtypeNotOffered(_) | ReplyFault::SessionKeyNotOffered(_),
        ) => "permit another encryption type in krb5.conf, or give the account newer keys".into(),
        ExchangeError::TimestampDisabled => {
            "disable_encrypted_timestamp in krb5.conf forbids the only preauthentication that the \
             KDC and this program share"
                .into()
        }
        ExchangeError::NoMechanism { .. } => error.to_string(),
        ExchangeError::Ask(AskError::Interrupted) => return None,
        ExchangeError::Ask(_) => {
            "give the password on standard input, or use a keytab with -kt FILE".into()
        }
        ExchangeError::ClockSkew { .. } => "set the clock, or let it be set (NTP)".into(),
        ExchangeError::Reply(fault) => {
            format!("{fault}: the KDC is at fault, or someone on the way altered the reply")
        }
        ExchangeError::UnexpectedMessage | ExchangeError::Decode { .. } => {
            "what answers there is not a KDC that is understood; is the address right?".into()
        }
        _ => return None,
    })
}

fn kdc_advice(error: &KdcError, principal: &Principal, keytab: bool) -> Option<String> {
    let advice = match error.code {
        ErrorCode::KDC_ERR_C_PRINCIPAL_UNKNOWN => "check the spelling of the name and its realm",
        ErrorCode::KDC_ERR_S_PRINCIPAL_UNKNOWN => "check the spelling of the service",
        ErrorCode::KDC_ERR_PREAUTH_FAILED | ErrorCode::KRB_AP_ERR_BAD_INTEGRITY if keytab => {
            "the key is not the KDC's, perhaps it was changed: extract the keytab again"
        }
        ErrorCode::KDC_ERR_PREAUTH_FAILED => "the password or the clock is wrong",
        ErrorCode::KDC_ERR_KEY_EXPIRED => {
            let kpasswd = Tool::Kpasswd;
            return Some(format!("change the password: {kpasswd} {principal}"));
        }
        ErrorCode::KDC_ERR_CLIENT_REVOKED => {
            "the account is locked or disabled: ask its administrator"
        }
        ErrorCode::KDC_ERR_NAME_EXP => "the account has expired: ask its administrator",
        ErrorCode::KDC_ERR_ETYPE_NOSUPP => {
            "permit another encryption type in krb5.conf, or give the account newer keys"
        }
        ErrorCode::KDC_ERR_NEVER_VALID => "ask for a longer lifetime (-l), or set the clock",
        ErrorCode::KDC_ERR_WRONG_REALM => "log in with -C, or name the realm that has the account",
        ErrorCode::KRB_AP_ERR_SKEW => "set the clock, or let it be set (NTP)",
        ErrorCode::KDC_ERR_CANNOT_POSTDATE => "leave out -s: the account may not postdate tickets",
        ErrorCode::KDC_ERR_POLICY | ErrorCode::KDC_ERR_BADOPTION => {
            "the KDC does not allow all that was asked for: leave out options, or ask for less"
        }
        _ => {
            let text = error.text.as_deref().filter(|text| !text.is_empty())?;
            return Some(format!("the KDC says of {principal}: {}", Shown::new(text)));
        }
    };
    Some(advice.into())
}
