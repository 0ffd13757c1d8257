//! Authorization data (RFC 4120 §5.2.6; RFC 7751, RFC 8129).
//!
//! Elements that contain others keep them as opaque `ad-data`. Nothing here recurses; a reader that
//! opens them decides how deep it goes.

use crate::der::{SequenceOf, sequence};
use crate::{AuthorizationDataType, Checksum, PrincipalName, Realm, Utf8String};

sequence! {
    /// One element of authorization data.
    ///
    /// ```text
    /// SEQUENCE {
    ///         ad-type         [0] Int32,
    ///         ad-data         [1] OCTET STRING
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct AuthorizationDataEntry<'a> {
        /// What kind of element it is.
        [0] ad_type: AuthorizationDataType,
        /// Its encoding.
        [1] ad_data: &'a [u8],
    }
}

/// Restrictions on a ticket and claims about its client.
///
/// ```text
/// -- NOTE: AuthorizationData is always used as an OPTIONAL field and
/// -- should not be empty.
/// AuthorizationData       ::= SEQUENCE OF SEQUENCE {
///         ad-type         [0] Int32,
///         ad-data         [1] OCTET STRING
/// }
/// ```
pub type AuthorizationData<'a> = SequenceOf<'a, AuthorizationDataEntry<'a>>;

/// The contents of an [`AuthorizationDataType::IF_RELEVANT`] element (RFC 4120 §5.2.6.1).
///
/// ```text
/// AD-IF-RELEVANT          ::= AuthorizationData
/// ```
pub type AdIfRelevant<'a> = AuthorizationData<'a>;

sequence! {
    /// The contents of an [`AuthorizationDataType::KDC_ISSUED`] element (RFC 4120 §5.2.6.2).
    ///
    /// ```text
    /// AD-KDCIssued            ::= SEQUENCE {
    ///         ad-checksum     [0] Checksum,
    ///         i-realm         [1] Realm OPTIONAL,
    ///         i-sname         [2] PrincipalName OPTIONAL,
    ///         elements        [3] AuthorizationData
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct AdKdcIssued<'a> {
        /// A checksum of the encoding of `elements`, keyed with the session key.
        [0] ad_checksum: Checksum<'a>,
        /// The realm of the issuer, if it is not the KDC.
        [1] i_realm: Option<Realm<'a>>,
        /// The name of the issuer, if it is not the KDC.
        [2] i_sname: Option<PrincipalName<'a>>,
        /// The issued elements.
        [3] elements: AuthorizationData<'a>,
    }
}

sequence! {
    /// The contents of an [`AuthorizationDataType::AND_OR`] element (RFC 4120 §5.2.6.3).
    ///
    /// ```text
    /// AD-AND-OR               ::= SEQUENCE {
    ///         condition-count [0] Int32,
    ///         elements        [1] AuthorizationData
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct AdAndOr<'a> {
        /// How many of `elements` must be satisfied.
        [0] condition_count: i32,
        /// The conditions.
        [1] elements: AuthorizationData<'a>,
    }
}

/// The contents of an [`AuthorizationDataType::MANDATORY_FOR_KDC`] element (RFC 4120 §5.2.6.4).
///
/// ```text
/// AD-MANDATORY-FOR-KDC    ::= AuthorizationData
/// ```
pub type AdMandatoryForKdc<'a> = AuthorizationData<'a>;

sequence! {
    /// The contents of an [`AuthorizationDataType::CAMMAC`] element (RFC 7751 §4): elements that
    /// the KDC vouches for.
    ///
    /// ```text
    /// AD-CAMMAC                   ::= SEQUENCE {
    ///       elements              [0] AuthorizationData,
    ///       kdc-verifier          [1] Verifier-MAC OPTIONAL,
    ///       svc-verifier          [2] Verifier-MAC OPTIONAL,
    ///       other-verifiers       [3] SEQUENCE (SIZE (1..MAX))
    ///                                 OF Verifier OPTIONAL
    /// }
    /// Verifier             ::= CHOICE {
    ///       mac            Verifier-MAC,
    ///       ...
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct AdCammac<'a> {
        /// The elements that the KDC vouches for.
        [0] elements: AuthorizationData<'a>,
        /// Made with the KDC's key, over the ticket with `elements` in place of all its
        /// authorization data.
        [1] kdc_verifier: Option<VerifierMac<'a>>,
        /// Made with the key of the ticket, over `elements`.
        [2] svc_verifier: Option<VerifierMac<'a>>,
        /// For services on the same host as the ticket's service.
        [3] other_verifiers: Option<SequenceOf<'a, VerifierMac<'a>>>,
    }
}

sequence! {
    /// A checksum, and the key it is made with (RFC 7751 §4).
    ///
    /// ```text
    /// Verifier-MAC         ::= SEQUENCE {
    ///       identifier     [0] PrincipalName OPTIONAL,
    ///       kvno           [1] UInt32 OPTIONAL,
    ///       enctype        [2] Int32 OPTIONAL,
    ///       mac            [3] Checksum
    /// }
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct VerifierMac<'a> {
        /// The owner of the key, if that is not obvious.
        [0] identifier: Option<PrincipalName<'a>>,
        /// The version of the key.
        [1] kvno: Option<u32>,
        /// The encryption type of the key.
        [2] enctype: Option<i32>,
        /// The checksum.
        [3] mac: Checksum<'a>,
    }
}

/// The contents of an [`AuthorizationDataType::AUTHENTICATION_INDICATOR`] element (RFC 8129).
///
/// ```text
/// AD-AUTHENTICATION-INDICATOR ::= SEQUENCE OF UTF8String
/// ```
pub type AdAuthenticationIndicator<'a> = SequenceOf<'a, Utf8String<'a>>;
