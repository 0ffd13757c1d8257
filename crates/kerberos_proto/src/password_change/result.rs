//! `PasswordResult` and `PasswordRejection`: the answer of the kpasswd service (RFC 3244 §2).

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use super::PasswordPolicy;
use crate::Shown;

/// The result code of a reply (RFC 3244 §2). Any code except zero is a failure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PasswordResult(pub u16);

impl PasswordResult {
    /// The password was changed.
    pub const SUCCESS: Self = Self(0);
    /// The request is malformed.
    pub const MALFORMED: Self = Self(1);
    /// A permanent failure.
    pub const HARDERROR: Self = Self(2);
    /// Authentication failed.
    pub const AUTHERROR: Self = Self(3);
    /// Another password, or another time, may be accepted.
    pub const SOFTERROR: Self = Self(4);
    /// The client is not allowed to do this.
    pub const ACCESSDENIED: Self = Self(5);
    /// The service does not know this version of the protocol.
    pub const BAD_VERSION: Self = Self(6);
    /// The ticket must come from a login (an AS exchange).
    pub const INITIAL_FLAG_NEEDED: Self = Self(7);

    /// MIT's text for the code, as printed by `kpasswd`.
    ///
    /// # Example
    /// ```
    /// use kerberos_proto::PasswordResult;
    /// assert_eq!(PasswordResult::SOFTERROR.mit_text(), "Password change rejected");
    /// assert_eq!(PasswordResult(0xffff).mit_text(), "Password change failed");
    /// ```
    pub const fn mit_text(self) -> &'static str {
        match self {
            Self::SUCCESS => "Success",
            Self::MALFORMED => "Malformed request error",
            Self::HARDERROR => "Server error",
            Self::AUTHERROR => "Authentication error",
            Self::SOFTERROR => "Password change rejected",
            Self::ACCESSDENIED => "Access denied",
            Self::BAD_VERSION => "Wrong protocol version",
            Self::INITIAL_FLAG_NEEDED => "Initial password required",
            _ => "Password change failed",
        }
    }
}

/// A rejection by the service, with its reasons. `Display` formats it like `kpasswd`, on one line.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PasswordRejection {
    /// The kind of rejection.
    pub result: PasswordResult,
    /// The reasons: a text, or an Active Directory policy in binary form.
    pub data: Vec<u8>,
    /// Whether the service has proven that this is its answer. Anyone can write a KRB-ERROR.
    pub is_authentic: bool,
}

impl PasswordRejection {
    /// The policy that the password violates, if Active Directory sends it.
    pub fn policy(&self) -> Option<PasswordPolicy> {
        PasswordPolicy::parse(&self.data)
    }

    /// The reasons in words, like those of MIT's library. Because this text of an outsider ends up
    /// on a terminal, control characters except tabs and line breaks are escaped, and everything
    /// after 1000 characters is cut.
    pub fn message(&self) -> String {
        if let Some(policy) = self.policy() {
            let sentences = alloc::format!("{policy}");
            if !sentences.is_empty() {
                return sentences;
            }
        }
        match str::from_utf8(&self.data) {
            Ok(text) if !text.is_empty() && !text.contains('\0') => {
                Shown::new(text).with_lines().to_string()
            }
            _ => "Try a more complex password, or contact your administrator.".to_owned(),
        }
    }
}

impl fmt::Display for PasswordRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.result.mit_text(), self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejection_shows_server_text_or_general_advice() {
        fn check(data: &[u8], message: &str) {
            let rejection = PasswordRejection {
                result: PasswordResult::SOFTERROR,
                data: data.to_vec(),
                is_authentic: true,
            };
            assert_eq!(rejection.message(), message);
            let line = alloc::format!("Password change rejected: {message}");
            assert_eq!(alloc::format!("{rejection}"), line);
        }
        let helpless = "Try a more complex password, or contact your administrator.";
        check("Zu kurz für uns.".as_bytes(), "Zu kurz für uns.");
        check(b"Too short.\n\tAt least 8.", "Too short.\n\tAt least 8.");
        check(b"\x1b[2J\r", "\\u{1b}[2J\\r");
        check(b"", helpless);
        check(b"\0This is not valid.", helpless);
        check(b"\xff", helpless);
        // A policy without rules.
        check(&[0; 30], helpless);
    }
}
