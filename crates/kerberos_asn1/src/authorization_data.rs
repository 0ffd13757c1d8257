//! Authorization data (RFC 4120 §5.2.6).
//!
//! Elements that contain others keep them as an opaque `ad-data`: nothing here recurses, and a
//! reader that opens them decides how deep it goes.

use crate::der::{SequenceOf, sequence};
use crate::{AuthorizationDataType, Checksum, PrincipalName, Realm};

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
        /// The realm of the issuer, when it is not the KDC.
        [1] i_realm: Option<Realm<'a>>,
        /// The name of the issuer, when it is not the KDC.
        [2] i_sname: Option<PrincipalName<'a>>,
        /// What was issued.
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
        /// How many of `elements` have to be satisfied.
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
