//! The JSON of secret managers.

use std::fmt;

use kerberos_client::ClientError;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Found, Known, Name, no_secret};
use crate::input::password_file::BYTE_ORDER_MARK;

/// The members that all secret managers use. Other members, such as the address of a database, are
/// ignored.
#[derive(Default)]
struct Json {
    username: Option<Zeroizing<String>>,
    password: Option<Zeroizing<String>>,
    domain_name: Option<Zeroizing<String>>,
    /// What is wrong with one of them.
    problem: Option<String>,
    /// A name that is `password` but for its case.
    similar: Option<String>,
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
    let refusal = |what: &str, error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        no_secret(from, &format!("{what} (line {line}, column {column})"))
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let json = reader.deserialize_map(Members).map_err(|error| {
        let what = "it is not a JSON object with \"username\" and \"password\"";
        refusal(what, error)
    })?;
    let after = "something follows after the end of the JSON object";
    reader.end().map_err(|error| refusal(after, error))?;
    if let Some(problem) = json.problem {
        return Err(no_secret(from, &problem));
    }
    let password = match (json.password, json.similar) {
        (Some(password), _) if password.is_empty() => {
            return Err(no_secret(from, "\"password\" is empty"));
        }
        (Some(password), _) => password,
        (None, Some(similar)) => {
            let reason = format!("\"{similar}\" must be written \"password\", in lower case");
            return Err(no_secret(from, &reason));
        }
        (None, None) => return Err(no_secret(from, "it has no \"password\"")),
    };
    let filled = |text: &Zeroizing<String>| !text.is_empty();
    let name = json.username.filter(filled);
    let domain = json.domain_name.filter(filled);
    let name = name.map(|name| match &domain {
        Some(domain) if !name.contains('@') => format!("{}@{}", *name, domain.to_uppercase()),
        _ => name.to_string(),
    });
    Ok(Found {
        known: Known::Password(super::password(password.as_bytes())),
        name: name.map(Name::Text),
    })
}

/// Reads the members. Those that have a problem are named, unlike in serde's messages.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut json = Json::default();
        while let Some(name) = map.next_key::<String>()? {
            let member = match name.as_str() {
                "username" => &mut json.username,
                "password" => &mut json.password,
                "domainName" => &mut json.domain_name,
                other => {
                    map.next_value::<IgnoredAny>()?;
                    if other.eq_ignore_ascii_case("password") {
                        json.similar = Some(name);
                    }
                    continue;
                }
            };
            let what = match map.next_value()? {
                _ if member.is_some() => "occurs twice",
                Value::Null => continue,
                Value::String(text) => {
                    *member = Some(Zeroizing::new(text));
                    continue;
                }
                _ => "is not a string: write it in quotes",
            };
            json.problem = Some(format!("\"{name}\" {what}"));
        }
        Ok(json)
    }
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
        check(
            r#"{"password":["hunter2"]}"#,
            Err("\"password\" is not a string"),
        );
        check(
            r#"{"username":"u","password":12345}"#,
            Err("\"password\" is not a string"),
        );
        check(
            r#"{"username":1,"password":"hunter2"}"#,
            Err("\"username\" is not a string"),
        );
        check(
            r#"{"password":"hunter2","password":"p"}"#,
            Err("\"password\" occurs twice"),
        );
        check(
            r#"{"Username":"u","Password":"hunter2"}"#,
            Err("\"Password\" must be written \"password\""),
        );
        check(r#"{"username":"u"}"#, Err("it has no \"password\""));
        check(r#"{"username":null,"password":"p"}"#, Ok((None, "p")));
        check(
            r#"{"password":"p"} hunter2"#,
            Err("something follows after the end of the JSON object (line 1, column 18)"),
        );
        check(r#"["hunter2"]"#, Err("not a JSON object"));
        check(r#""hunter2""#, Err("not a JSON object"));
        check("hunter2", Err("/s"));
    }
}
