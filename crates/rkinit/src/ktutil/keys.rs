//! The sources of keys for new entries: digits that the user types, a password and a salt, or a
//! password and the KDC's information about salt and types.

use kerberos_client::ClientError;
use kerberos_crypto::{CryptoError, DEFAULT_MAX_ITERATIONS, EncryptionType, Key, KeyBlock};
use kerberos_proto::{ExchangeError, Password, PasswordSalt, Principal, mit_text};
use thiserror::Error;

use crate::input::ccache_select::SelectError;
use crate::input::configuration;
use crate::messages::advice::advice;
use crate::messages::refusal::Refusal;
use crate::output::hex;

/// Why digits are not a valid key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub(super) enum DigitsError {
    /// There are no digits.
    #[error("Error reading key.")]
    Missing,
    /// There is another character among them.
    #[error("Illegal character in key.")]
    Illegal,
    /// The number of bytes is wrong for a key of the type.
    #[error("Key size is incompatible with encryption type")]
    Size {
        /// The key length of the type.
        expected: usize,
        /// The number of bytes given.
        actual: usize,
    },
}

impl DigitsError {
    pub(super) fn hint(self) -> Option<String> {
        match self {
            Self::Size { expected, actual } => Some(format!(
                "a key of this type has {expected} bytes, but this one has {actual}"
            )),
            Self::Illegal => Some(
                "type the key in hexadecimal: two digits, 0 to 9 or a to f, for each byte".into(),
            ),
            Self::Missing => None,
        }
    }
}

/// The encryption type called `name`, if keys of it are supported.
pub(super) fn etype(name: &[u8]) -> Option<EncryptionType> {
    let name = str::from_utf8(name).ok()?;
    EncryptionType::from_name(name).filter(|etype| etype.is_supported())
}

/// The key with these digits. As in MIT, a single last digit is completed with a 0.
pub(super) fn of_digits(etype: EncryptionType, digits: &[u8]) -> Result<KeyBlock, DigitsError> {
    let digits = digits.trim_ascii();
    if digits.is_empty() {
        return Err(DigitsError::Missing);
    }
    let (pairs, last) = digits.split_at(digits.len() - digits.len() % 2);
    let mut bytes = hex::decode(pairs).ok_or(DigitsError::Illegal)?;
    if let [digit] = last {
        let byte = hex::decode(&[*digit, b'0']).ok_or(DigitsError::Illegal)?;
        bytes.extend_from_slice(&byte);
    }
    let actual = bytes.len();
    match etype.key_size() {
        Some(expected) if expected != actual => Err(DigitsError::Size { expected, actual }),
        _ => Ok(KeyBlock::new(etype, std::mem::take(&mut *bytes))),
    }
}

/// Derives a key from `password` and `salt`, or the default salt of `principal`.
pub(super) fn of_password(
    principal: &Principal,
    password: &Password,
    etype: EncryptionType,
    salt: Option<&[u8]>,
) -> Result<KeyBlock, CryptoError> {
    let salt = salt.map_or_else(|| principal.default_salt(), <[u8]>::to_vec);
    // Without parameters, the iteration count is the type's default, whatever the limit.
    let key = Key::from_password(etype, password.expose_bytes(), &salt, None, u32::MAX)?;
    Ok(key.to_block())
}

/// Asks the KDC of `principal` how keys are derived from its password: for each of `etypes` that
/// the KDC has or, if that is empty, for all types that krb5.conf permits.
pub(super) fn ask_kdc(
    principal: &Principal,
    etypes: &[EncryptionType],
    context: &str,
) -> Result<Vec<PasswordSalt>, Refusal> {
    let client =
        configuration::client().map_err(|error| SelectError::from(error).into_refusal(context))?;
    client
        .salts(principal.clone(), etypes)
        .map_err(|error| Refusal {
            hint: advice(&error, principal, false),
            ..Refusal::new(message(&error), context)
        })
}

/// Derives the key from `password` according to the KDC's information.
pub(super) fn as_kdc_says(
    salt: &PasswordSalt,
    password: &Password,
) -> Result<KeyBlock, CryptoError> {
    let key = salt.key(password, DEFAULT_MAX_ITERATIONS)?;
    Ok(key.to_block())
}

/// MIT's ktutil shows the text of the error code, not the longer one shown by kinit.
fn message(error: &ClientError) -> String {
    match error {
        ClientError::CannotContactKdc { .. } => "Cannot contact any KDC for requested realm".into(),
        ClientError::CannotFindKdc { .. } => "Cannot find KDC for requested realm".into(),
        ClientError::Exchange(ExchangeError::NoCommonEtype { .. }) => {
            "KDC has no support for encryption type".into()
        }
        ClientError::Exchange(ExchangeError::Kdc(error)) => mit_text(error.code.0).to_string(),
        ClientError::Exchange(error) => error.mit_message().into_owned(),
        ClientError::Config(_) => configuration::mit_message(error).into(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_digits_parse_to_a_key_or_an_error() {
        let etype = EncryptionType::ARCFOUR_HMAC;
        let check = |digits: &str, expected: Result<u8, DigitsError>| {
            let last =
                of_digits(etype, digits.as_bytes()).map(|key| *key.expose_bytes().last().unwrap());
            assert_eq!(last, expected, "{digits}");
        };
        check("00112233445566778899aabbccddeeff", Ok(0xff));
        check("00112233445566778899AABBCCDDEEFF\r", Ok(0xff));
        check("00112233445566778899aabbccddeef", Ok(0xf0));
        check("", Err(DigitsError::Missing));
        check(" \t", Err(DigitsError::Missing));
        check("zz", Err(DigitsError::Illegal));
        check("0x00", Err(DigitsError::Illegal));
        check("00z", Err(DigitsError::Illegal));
        let size = |actual| DigitsError::Size {
            expected: 16,
            actual,
        };
        check("00", Err(size(1)));
        check(&"0".repeat(34), Err(size(17)));
    }

    #[test]
    fn only_single_supported_enctype_names_are_accepted() {
        assert_eq!(etype(b"RC4-HMAC"), Some(EncryptionType::ARCFOUR_HMAC));
        for name in ["des-cbc-crc", "rc4", "18", "", "aes256-cts,rc4-hmac"] {
            assert_eq!(etype(name.as_bytes()), None, "{name}");
        }
    }
}
