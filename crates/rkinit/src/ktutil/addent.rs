//! `addent`: its arguments, and the entry that results from them.

use kerberos_crypto::{CryptoError, EncryptionType, KeyBlock};
use kerberos_files::keytab::KeytabEntry;
use kerberos_proto::{AskError, Principal};

use crate::input::{ccache_select, prompt};
use crate::ktutil::keys;
use crate::ktutil::keys::DigitsError;
use crate::messages::refusal::Refusal;

/// Printed after the request's name.
pub(super) const USAGE: &str = "(-key | -password) -p principal -k kvno [-e enctype] [-f|-s salt]";

const CONTEXT: &str = "while adding new entry";

/// The arguments of `addent` as typed, without contradictions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct AddEnt {
    principal: Vec<u8>,
    kvno: u32,
    source: Source,
}

/// Where the key comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Source {
    /// Digits.
    Digits { etype: Vec<u8> },
    /// A password, with this salt or the default one.
    Password {
        etype: Vec<u8>,
        salt: Option<Vec<u8>>,
    },
    /// A password, with the salt that the KDC states.
    Fetched { etype: Option<Vec<u8>> },
}

/// Mistakes in the arguments of `addent`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Misused {
    /// The usage explains it.
    Usage,
    /// There is no encryption type, and no KDC to ask for one.
    NoEtype,
}

/// Why no entry was added.
#[derive(Debug)]
pub(super) enum NotAdded {
    /// The typed digits are not a key. MIT prints this error without context.
    Digits(DigitsError),
    Refused(Refusal),
}

impl From<Refusal> for NotAdded {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AskError> for NotAdded {
    fn from(error: AskError) -> Self {
        Self::Refused(Refusal::new(error, CONTEXT))
    }
}

impl From<CryptoError> for NotAdded {
    fn from(error: CryptoError) -> Self {
        Self::Refused(Refusal::new(error, CONTEXT))
    }
}

impl From<DigitsError> for NotAdded {
    fn from(error: DigitsError) -> Self {
        match error {
            DigitsError::Missing | DigitsError::Illegal => Self::Digits(error),
            DigitsError::Size { .. } => Self::Refused(Refusal {
                hint: error.hint(),
                ..Refusal::new(error, CONTEXT)
            }),
        }
    }
}

impl AddEnt {
    /// Parses the words after the request's name.
    ///
    /// # Errors
    /// As documented at [`Misused`].
    pub(super) fn parse(words: &[Vec<u8>]) -> Result<Self, Misused> {
        let (mut principal, mut kvno, mut etype, mut salt) = (None, None, None, None);
        let (mut passwords, mut keys, mut fetch) = (0_usize, 0_usize, false);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().ok_or(Misused::Usage).map(Some);
            match word.as_slice() {
                b"-p" => principal = value()?,
                b"-k" => kvno = value()?,
                b"-e" => etype = value()?,
                b"-s" => salt = value()?,
                b"-password" => passwords += 1,
                b"-key" => keys += 1,
                b"-f" => fetch = true,
                // MIT ignores unknown arguments, but a mistyped `-s` would produce a key that does
                // not work.
                _ => return Err(Misused::Usage),
            }
        }
        let kvno = kvno.as_deref().and_then(number).ok_or(Misused::Usage)?;
        let principal = principal.ok_or(Misused::Usage)?;
        let source = match (passwords, keys, fetch, etype, salt) {
            (1, 0, true, etype, None) => Source::Fetched { etype },
            (1, 0, false, Some(etype), salt) => Source::Password { etype, salt },
            // A key does not need a salt, and a KDC does not reveal keys. MIT ignores both options
            // here.
            (0, 1, false, Some(etype), _) | (0, 1, true, Some(etype), None) => {
                Source::Digits { etype }
            }
            (1, 0, false, None, _) | (0, 1, false, None, _) | (0, 1, true, None, None) => {
                return Err(Misused::NoEtype);
            }
            _ => return Err(Misused::Usage),
        };
        Ok(Self {
            principal,
            kvno,
            source,
        })
    }

    /// Asks for the secret and creates the entry.
    ///
    /// # Errors
    /// When a name is wrong, the input is unusable, or the KDC refuses.
    pub(super) fn entry(&self) -> Result<KeytabEntry, NotAdded> {
        let principal = ccache_select::principal(&self.principal, false)
            .map_err(|error| error.into_refusal(CONTEXT))?;
        Ok(KeytabEntry {
            timestamp: crate::ktutil::now(),
            kvno: self.kvno,
            key: self.source.key(&principal)?,
            principal,
        })
    }
}

impl Source {
    fn key(&self, principal: &Principal) -> Result<KeyBlock, NotAdded> {
        match self {
            Self::Digits { etype } => {
                let etype = self::etype(etype)?;
                match prompt::key_for(principal) {
                    Ok(digits) => Ok(keys::of_digits(etype, digits.expose_bytes())?),
                    Err(AskError::Unreadable) => Err(DigitsError::Missing.into()),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Password { etype, salt } => {
                let etype = self::etype(etype)?;
                let password = prompt::password_for(principal)?;
                Ok(keys::of_password(
                    principal,
                    &password,
                    etype,
                    salt.as_deref(),
                )?)
            }
            Self::Fetched { etype } => {
                let etype = etype.as_deref().map(self::etype).transpose()?;
                let password = prompt::password_for(principal)?;
                let salts = keys::ask_kdc(principal, etype.as_slice(), CONTEXT)?;
                let best = salts.first().ok_or_else(no_etype)?;
                Ok(keys::as_kdc_says(best, &password)?)
            }
        }
    }
}

fn etype(name: &[u8]) -> Result<EncryptionType, NotAdded> {
    keys::etype(name).ok_or_else(|| {
        let hint = "use one such as aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96 or rc4-hmac";
        let refusal = Refusal {
            hint: Some(hint.into()),
            ..Refusal::new("Bad encryption type", CONTEXT)
        };
        refusal.into()
    })
}

fn no_etype() -> NotAdded {
    Refusal::new("KDC has no support for encryption type", CONTEXT).into()
}

/// A number of decimal digits.
fn number(text: &[u8]) -> Option<u32> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ktutil::words;

    fn parse(line: &str) -> Result<AddEnt, Misused> {
        AddEnt::parse(&words::split(line.as_bytes()).unwrap())
    }

    #[test]
    fn valid_options_parse_to_the_expected_entry() {
        let check = |line: &str, source: Source| {
            let expected = AddEnt {
                principal: b"u@R".to_vec(),
                kvno: 1,
                source,
            };
            assert_eq!(parse(line), Ok(expected), "{line}");
        };
        let etype = || b"RC4-HMAC".to_vec();
        check(
            "-password -p u@R -k 1 -e RC4-HMAC -s \"REALMuser\"",
            Source::Password {
                etype: etype(),
                salt: Some(b"REALMuser".to_vec()),
            },
        );
        check(
            "-p x -p u@R -e y -e RC4-HMAC -k 7 -k 1 -password -s \"\"",
            Source::Password {
                etype: etype(),
                salt: Some(Vec::new()),
            },
        );
        check(
            "-key -p u@R -k 1 -e RC4-HMAC",
            Source::Digits { etype: etype() },
        );
        check("-f -password -p u@R -k 1", Source::Fetched { etype: None });
        check(
            "-f -password -p u@R -k 1 -e RC4-HMAC",
            Source::Fetched {
                etype: Some(etype()),
            },
        );
    }

    #[test]
    fn incomplete_or_conflicting_options_are_refused() {
        let check = |line: &str, expected| assert_eq!(parse(line), Err(expected), "{line}");
        for line in [
            "",
            "-password -p u",
            "-password -k 1 -e aes256-cts",
            "-p u -k 1 -e aes256-cts",
            "-key -password -p u -k 1 -e aes256-cts",
            "-key -key -p u -k 1 -e aes256-cts",
            "-password -p u -k 1 -f -s salt",
            "-password -p u -k 1 -f -s",
            "-password -k 1 -e aes256-cts -p",
            "-password -p u -e aes256-cts -k",
            "-password -p u -e aes256-cts -k x",
            "-password -p u -e aes256-cts -k -1",
            "-password -p u -e aes256-cts -k 4294967296",
            "-password -p u -k 1 -e aes256-cts --salt x",
        ] {
            check(line, Misused::Usage);
        }
        check("-password -p u -k 1", Misused::NoEtype);
        check("-key -p u -k 1", Misused::NoEtype);
        check("-key -f -p u -k 1", Misused::NoEtype);
    }
}
