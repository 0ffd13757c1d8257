//! Lists of encryption types, as in `permitted_enctypes = DEFAULT -rc4 +camellia`.

use kerberos_crypto::EncryptionType;
use kerberos_proto::Policy;

use super::{ConfigError, Krb5Config, LIBDEFAULTS};

/// Encryption types.
impl Krb5Config {
    /// The encryption types for initial tickets, best first: `default_tkt_enctypes`, otherwise
    /// [`permitted_enctypes`](Self::permitted_enctypes).
    ///
    /// # Errors
    /// [`ConfigError::NoEncryptionTypes`] if none remains.
    pub fn tkt_enctypes(&self) -> Result<Vec<EncryptionType>, ConfigError> {
        self.enctypes(&["default_tkt_enctypes", "permitted_enctypes"])
    }

    /// The encryption types for service tickets, best first: `default_tgs_enctypes`, otherwise
    /// [`permitted_enctypes`](Self::permitted_enctypes).
    ///
    /// # Errors
    /// [`ConfigError::NoEncryptionTypes`] if none remains.
    pub fn tgs_enctypes(&self) -> Result<Vec<EncryptionType>, ConfigError> {
        self.enctypes(&["default_tgs_enctypes", "permitted_enctypes"])
    }

    /// `permitted_enctypes`: the encryption types that sessions may use.
    ///
    /// # Errors
    /// [`ConfigError::NoEncryptionTypes`] when none remains.
    pub fn permitted_enctypes(&self) -> Result<Vec<EncryptionType>, ConfigError> {
        self.enctypes(&["permitted_enctypes"])
    }

    /// The list in the first of `keys` that is set, or else the default list.
    fn enctypes(&self, keys: &[&'static str]) -> Result<Vec<EncryptionType>, ConfigError> {
        let weak = self.allow_weak_crypto();
        for &key in keys {
            if let Some(located) = self.profile.located(&[LIBDEFAULTS, key]).next() {
                let list = parse(key, located.value, weak);
                if list.is_empty() {
                    return Err(ConfigError::NoEncryptionTypes {
                        key,
                        value: located.value.to_owned(),
                        file: located.file.to_owned(),
                        line: located.line,
                    });
                }
                return Ok(list);
            }
        }
        Ok(parse("permitted_enctypes", "DEFAULT", weak))
    }
}

/// Whether a list names any known type, even a weak one.
pub(super) fn names_any(list: &str) -> bool {
    !parse("a list", list, true).is_empty()
}

/// The words of a list that are not known, without their signs.
pub(super) fn unknown_words(list: &str) -> Vec<&str> {
    words(list)
        .map(|(_, name)| name)
        .filter(|name| family(name).is_none() && EncryptionType::from_name(name).is_none())
        .collect()
}

/// The encryption types that `list`, the value of `key`, selects: in order, without duplicates, and
/// weak ones only if `weak` is set.
///
/// Words are separated by blanks and commas. A word with `-` removes what it names. Unknown words
/// are skipped.
fn parse(key: &str, list: &str, weak: bool) -> Vec<EncryptionType> {
    let mut selected = Vec::new();
    for (add, name) in words(list) {
        let family = family(name);
        let single = match family {
            Some(_) => None,
            None => EncryptionType::from_name(name),
        };
        let named = family.unwrap_or(single.as_slice());
        if named.is_empty() {
            tracing::debug!(target: "krb5_trace", "Unrecognized enctype name in {key}: {name}");
        }
        for &etype in named.iter().filter(|etype| weak || !etype.is_weak()) {
            if !add {
                selected.retain(|&other| other != etype);
            } else if !selected.contains(&etype) {
                selected.push(etype);
            }
        }
    }
    selected
}

/// The words of a list without their signs, and whether each adds (or removes) what it names.
fn words(list: &str) -> impl Iterator<Item = (bool, &str)> {
    list.split([' ', '\t', '\r', '\n', ','])
        .filter(|word| !word.is_empty())
        .map(|word| match word.strip_prefix('-') {
            Some(name) => (false, name),
            None => (true, word.strip_prefix('+').unwrap_or(word)),
        })
}

/// The types that a word stands for, if it is the name of a family.
fn family(name: &str) -> Option<&'static [EncryptionType]> {
    FAMILIES
        .iter()
        .find(|(family, _)| family.eq_ignore_ascii_case(name))
        .map(|(_, members)| *members)
}

/// The words that stand for several types, and those types in MIT's order.
const FAMILIES: [(&str, &[EncryptionType]); 5] = [
    ("DEFAULT", Policy::DEFAULT_ETYPES),
    (
        "aes",
        &[
            EncryptionType::AES256_CTS_HMAC_SHA1_96,
            EncryptionType::AES128_CTS_HMAC_SHA1_96,
            EncryptionType::AES256_CTS_HMAC_SHA384_192,
            EncryptionType::AES128_CTS_HMAC_SHA256_128,
        ],
    ),
    (
        "camellia",
        &[
            EncryptionType::CAMELLIA256_CTS_CMAC,
            EncryptionType::CAMELLIA128_CTS_CMAC,
        ],
    ),
    ("des3", &[EncryptionType::DES3_CBC_SHA1]),
    ("rc4", &[EncryptionType::ARCFOUR_HMAC]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, expected: &[i32]) {
        let types = parse("permitted_enctypes", list, false);
        let types: Vec<i32> = types.iter().map(|etype| etype.0).collect();
        assert_eq!(types, expected, "{list:?}");
    }

    #[test]
    fn enctype_lists_accept_names_families_and_modifiers() {
        check("DEFAULT", &[18, 17, 20, 19, 16, 23, 25, 26]);
        check("default", &[18, 17, 20, 19, 16, 23, 25, 26]);
        check("aes", &[18, 17, 20, 19]);
        check("camellia", &[26, 25]);
        check("des3 rc4", &[16, 23]);
        check("aes256-cts-hmac-sha1-96", &[18]);
        check("aes256-cts,aes128-cts", &[18, 17]);
        check("rc4-hmac, AES128-CTS-HMAC-SHA1-96", &[23, 17]);
        check("aes256-cts aes256-cts-hmac-sha1-96", &[18]);
        check("DEFAULT -rc4 -des3", &[18, 17, 20, 19, 25, 26]);
        check("-rc4 DEFAULT", &[18, 17, 20, 19, 16, 23, 25, 26]);
        check("+aes256-cts +rc4", &[18, 23]);
        check("DEFAULT -aes +aes128-sha1", &[16, 23, 25, 26, 17]);
        check("quantum aes256-cts", &[18]);
        check("DEFAULT -DEFAULT", &[]);
        check("quantum", &[]);
        check("", &[]);
    }

    #[test]
    fn unset_enctype_lists_default_to_permitted_enctypes() {
        let numbers = |list: Result<Vec<EncryptionType>, ConfigError>| {
            list.map(|list| list.iter().map(|etype| etype.0).collect::<Vec<_>>())
        };
        let default = vec![18, 17, 20, 19, 16, 23, 25, 26];
        assert_eq!(
            numbers(Krb5Config::default().tkt_enctypes()),
            Ok(default.clone())
        );
        let config = Krb5Config::parse(
            "[libdefaults]\npermitted_enctypes = aes256-cts rc4\ndefault_tkt_enctypes = aes128-cts\n",
        ).unwrap();
        assert_eq!(numbers(config.tkt_enctypes()), Ok(vec![17]));
        assert_eq!(numbers(config.tgs_enctypes()), Ok(vec![18, 23]));
        assert_eq!(numbers(config.permitted_enctypes()), Ok(vec![18, 23]));
        let none = Krb5Config::parse("[libdefaults]\npermitted_enctypes = quantum\n").unwrap();
        assert!(matches!(
            none.tkt_enctypes(),
            Err(ConfigError::NoEncryptionTypes { line: 2, .. })
        ));
    }
}
