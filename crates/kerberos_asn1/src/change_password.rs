//! What a request to set a password holds (RFC 3244 §2).

use crate::der::sequence;
use crate::{PrincipalName, Realm};

sequence! {
    /// A new password and whose it is to be, within the KRB-PRIV of a request (RFC 3244 §2).
    ///
    /// ```text
    /// ChangePasswdData ::= SEQUENCE {
    ///         newpasswd       [0] OCTET STRING,
    ///         targname        [1] PrincipalName OPTIONAL,
    ///         targrealm       [2] Realm OPTIONAL
    /// }
    /// ```
    ///
    /// `Debug` leaves out the password.
    #[derive(Clone, PartialEq, Eq)]
    pub struct ChangePasswdData<'a> {
        /// The new password.
        [0] new_password: &'a [u8],
        /// Whose it is; the client's own where it is left out.
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
