//! The user on whose behalf a service requests a ticket (MS-SFU §2.2.1, §2.2.2).
//!
//! Computing the checksums is left to the protocol crate.

use crate::der::{Decode, DecodeError, Reader, Tag, sequence};
use crate::{Checksum, KerberosString, PrincipalName, Realm, S4uOptions};

sequence! {
    /// The contents of [`PaDataType::FOR_USER`](crate::PaDataType::FOR_USER): the user, given by
    /// name (MS-SFU §2.2.1).
    ///
    /// ```text
    /// PA-FOR-USER-ENC ::= SEQUENCE {
    ///         userName        [0] PrincipalName,
    ///         userRealm       [1] Realm,
    ///         cksum           [2] Checksum,
    ///         auth-package    [3] KerberosString
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct PaForUser<'a> {
        /// The user.
        [0] user_name: PrincipalName<'a>,
        /// The user's realm.
        [1] user_realm: Realm<'a>,
        /// A checksum over the other fields, but not over their encoding.
        [2] cksum: Checksum<'a>,
        /// How the user authenticated: "Kerberos".
        [3] auth_package: KerberosString<'a>,
    }
}

sequence! {
    /// The user, given by name, certificate or both (MS-SFU §2.2.2).
    ///
    /// ```text
    /// S4UUserID ::= SEQUENCE {
    ///         nonce               [0] UInt32, -- the nonce in KDC-REQ-BODY
    ///         cname               [1] PrincipalName OPTIONAL, -- Certificate mapping hints
    ///         crealm              [2] Realm,
    ///         subject-certificate [3] OCTET STRING OPTIONAL,
    ///         options             [4] BIT STRING OPTIONAL,
    ///         ...
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct S4uUserId<'a> {
        /// The nonce of the request's body.
        [0] nonce: u32,
        /// The user; absent if only the certificate is known.
        [1] cname: Option<PrincipalName<'a>>,
        /// The user's realm.
        [2] crealm: Realm<'a>,
        /// The user's X.509 certificate.
        [3] subject_certificate: Option<&'a [u8]>,
        /// The service's options.
        [4] options: Option<S4uOptions>,
    }
}

sequence! {
    /// The contents of [`PaDataType::FOR_X509_USER`](crate::PaDataType::FOR_X509_USER) in a TGS-REQ
    /// and its reply (MS-SFU §2.2.2). In an AS-REQ, that type contains just the certificate.
    ///
    /// ```text
    /// PA-S4U-X509-USER ::= SEQUENCE {
    ///         user-id     [0] S4UUserID,
    ///         checksum    [1] Checksum
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct PaS4uX509User<'a> {
        /// The user.
        [0] user_id: S4uUserId<'a>,
        /// A checksum over the encoding of `user_id`: see
        /// [`user_id_der`](PaS4uX509User::user_id_der).
        [1] checksum: Checksum<'a>,
    }
}

impl<'a> PaS4uX509User<'a> {
    /// The encoded `user_id` within `padata`, which is what the checksum covers.
    ///
    /// # Errors
    /// When `padata` is not a PA-S4U-X509-USER.
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{Checksum, Encode, PaS4uX509User, S4uUserId};
    /// let user_id = S4uUserId {
    ///     nonce: 7, cname: None, crealm: "EXAMPLE.COM".into(),
    ///     subject_certificate: Some(b"certificate"), options: None,
    /// };
    /// let checksum = Checksum { cksumtype: 16, checksum: b"twelve bytes" };
    /// let padata = PaS4uX509User { user_id: user_id.clone(), checksum }.to_der();
    /// assert_eq!(PaS4uX509User::user_id_der(&padata)?, user_id.to_der());
    /// # Ok::<(), kerberos_asn1::DecodeError>(())
    /// ```
    pub fn user_id_der(padata: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        Self::from_der(padata)?;
        let mut fields = Reader::new(padata).enter(Tag::SEQUENCE)?;
        fields.enter(Tag::context(0))?.raw(Tag::SEQUENCE)
    }
}
