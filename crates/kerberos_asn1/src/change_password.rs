//! The contents of a request to set a password (RFC 3244 §2).

use crate::der::sequence;
use crate::{PrincipalName, Realm};

sequence! {
    /// A new password and its owner, in the KRB-PRIV of a request (RFC 3244 §2).
    ///
    /// ```text
    /// ChangePasswdData ::= SEQUENCE {
    ///         newpasswd       [0] OCTET STRING,
    ///         targname        [1] PrincipalName OPTIONAL,
    ///         targrealm       [2] Realm OPTIONAL
    /// }
    /// ```
    ///
    /// `Debug` does not show the password.
    #[derive(Clone, PartialEq, Eq)]
    pub struct ChangePasswdData<'a> {
        /// The new password.
        [0] new_password: &'a [u8],
        /// Whose password to set; if absent, the client's own.
        [1] target_name: Option<PrincipalName<'a>>,
        /// The realm of `target_name`.
        [2] target_realm: Option<Realm<'a>>,
    }
}

impl core::fmt::Debug for ChangePasswdData<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ChangePasswdData")
            .field("target_name", &self.target_name)
            .field("target_realm", &self.target_realm)
            .finish_non_exhaustive()
    }
}
