//! The names of principals as the user wrote them.

use kerberos_client::{Client, ClientError};
use kerberos_proto::{ParseOptions, Principal, PrincipalError};

use crate::rekinit::setup::mistake::Mistake;

/// The principal that `text` names, in the default realm unless `text` contains a realm.
///
/// # Errors
/// When the name is malformed, or has no realm.
pub(crate) fn parse(client: &Client, text: &str, enterprise: bool) -> Result<Principal, Mistake> {
    let options = match client.config().krb5().default_realm() {
        Some(realm) => ParseOptions::with_default_realm(realm.as_bytes()),
        None => ParseOptions::default(),
    };
    let mistake = |error| {
        let hint = match error {
            PrincipalError::NoRealm => ClientError::NoDefaultRealm.hint(),
            _ => None,
        };
        Mistake::with_hint(format!("{text}: {error}"), hint)
    };
    let options = options.enterprise(enterprise);
    let principal = Principal::parse_bytes(text.as_bytes(), &options).map_err(mistake)?;
    refuse_empty_part(text, &principal)?;
    Ok(principal)
}

/// The same for a principal that logs in. Services may leave their realm to the KDC.
///
/// # Errors
/// Also when the realm is empty.
pub(crate) fn parse_login(
    client: &Client,
    text: &str,
    enterprise: bool,
) -> Result<Principal, Mistake> {
    let principal = parse(client, text, enterprise)?;
    refuse_empty(text, principal.realm().is_empty())?;
    Ok(principal)
}

/// Refuses a name of which a part is empty. KDCs would only say that they do not know it.
///
/// # Errors
/// What is wrong.
pub(crate) fn refuse_empty(text: &str, is_empty: bool) -> Result<(), String> {
    if !is_empty {
        return Ok(());
    }
    Err(format!(
        "\"{text}\" is not a name, because a part of it is empty: check whether a variable in it is \
         not set"
    ))
}

/// As [`refuse_empty`], for the components of `principal`.
///
/// # Errors
/// What is wrong.
pub(crate) fn refuse_empty_part(text: &str, principal: &Principal) -> Result<(), String> {
    let mut components = principal.components();
    let is_empty = components.len() == 0 || components.any(<[u8]>::is_empty);
    refuse_empty(text, is_empty)
}
