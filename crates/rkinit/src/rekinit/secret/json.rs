//! The JSON of secret managers.

use kerberos_client::ClientError;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Found, Known, Name, no_secret};
use crate::input::password_file::BYTE_ORDER_MARK;

/// The members that all secret managers use. Other members, such as the address of a database, are
/// ignored.
#[derive(Deserialize)]
struct Json {
    username: Option<String>,
    password: String,
    #[serde(rename = "domainName")]
    domain_name: Option<String>,
}

/// The secret in `bytes`; `from` says where they came from.
///
/// # Errors
/// [`ClientError::NoSecret`] when they are something else.
pub(super) fn read(bytes: &[u8], from: &str) -> Result<Found, ClientError> {
    // "Implementations that parse JSON texts MAY ignore the presence of a byte order mark" (RFC
    // 8259 §8.1), and editors of Windows write one.
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    // serde's own error text may quote the secret.
    let json: Json = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = "it is not a JSON object with \"username\" and \"password\"";
        no_secret(from, &format!("{what} (line {line}, column {column})"))
    })?;
    let password = Zeroizing::new(json.password);
    if password.is_empty() {
        return Err(no_secret(from, "\"password\" is empty"));
    }
    let name = json.username.filter(|name| !name.is_empty());
    let domain = json.domain_name.filter(|domain| !domain.is_empty());
    let name = name.map(|name| match &domain {
        Some(domain) if !name.contains('@') => format!("{name}@{}", domain.to_uppercase()),
        _ => name,
    });
    Ok(Found {
        known: Known::Password(super::password(password.as_bytes())),
        name: name.map(Name::Text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_manager_json_is_read_or_refused() {
        let check = |text: &str, expected: Result<(Option<&str>, &str), &str>| {
            let found = read(text.as_bytes(), "/s").map(|found| {
                let name = match found.name {
                    Some(Name::Text(text)) => Some(text),
                    _ => None,
                };
                let Known::Password(password) = found.known else {
                    panic!("{text}");
                };
                (
                    name,
                    String::from_utf8_lossy(password.expose_bytes()).into_owned(),
                )
            });
            match (found, expected) {
                (Ok((name, password)), Ok(expected)) => {
                    assert_eq!((name.as_deref(), password.as_str()), expected);
                }
                (Err(error), Err(expected)) => {
                    let error = error.to_string();
                    assert!(error.contains(expected), "{error}");
                    assert!(!error.contains("hunter2"), "{error}");
                }
                (found, _) => panic!("{text}: {found:?}"),
            }
        };
        check(
            r#"{"username":"db-user","password":"a b\"c","engine":"x"}"#,
            Ok((Some("db-user"), "a b\"c")),
        );
        check(
            r#"{"username":"u","password":"p","domainName":"ad.test"}"#,
            Ok((Some("u@AD.TEST"), "p")),
        );
        check(
            r#"{"username":"u@R","password":"p","domainName":"ad.test"}"#,
            Ok((Some("u@R"), "p")),
        );
        check(
            r#"{"username":"u","password":"p","domainName":""}"#,
            Ok((Some("u"), "p")),
        );
        check(r#"{"password":"p"}"#, Ok((None, "p")));
        check("\u{feff}{\"password\":\"p\"}", Ok((None, "p")));
        check(r#"{"password":"","username":"u"}"#, Err("is empty"));
        check(r#"{"password":["hunter2"]}"#, Err("not a JSON object"));
        check(r#""hunter2""#, Err("line 1, column 9"));
        check("hunter2", Err("/s"));
    }
}
