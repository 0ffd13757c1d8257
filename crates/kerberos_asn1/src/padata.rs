//! Preauthentication data (RFC 4120 §5.2.7) and Microsoft's additions for the PAC (MS-KILE).
//!
//! Choosing a mechanism, and its cryptography, is left to the protocol crate.

use crate::der::{SequenceOf, sequence};
use crate::{EncryptedData, KerberosString, KerberosTime, Microseconds, PaDataType, PacOptions};

sequence! {
    /// An element of preauthentication data: a typed hole.
    ///
    /// ```text
    /// PA-DATA         ::= SEQUENCE {
    ///         -- NOTE: first tag is [1], not [0]
    ///         padata-type     [1] Int32,
    ///         padata-value    [2] OCTET STRING -- might be encoded AP-REQ
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct PaData<'a> {
        /// What kind of element it is.
        [1] padata_type: PaDataType,
        /// Its encoding.
        [2] padata_value: &'a [u8],
    }
}

/// A list of preauthentication data, used in requests, replies and errors (RFC 4120 §5.9.1).
///
/// ```text
/// METHOD-DATA     ::= SEQUENCE OF PA-DATA
/// ```
pub type MethodData<'a> = SequenceOf<'a, PaData<'a>>;

/// The contents of [`PaDataType::ENC_TIMESTAMP`] (RFC 4120 §5.2.7.2).
///
/// ```text
/// PA-ENC-TIMESTAMP        ::= EncryptedData -- PA-ENC-TS-ENC
/// ```
pub type PaEncTimestamp<'a> = EncryptedData<'a>;

sequence! {
    /// The time, which when encrypted proves knowledge of a key (RFC 4120 §5.2.7.2).
    ///
    /// ```text
    /// PA-ENC-TS-ENC           ::= SEQUENCE {
    ///         patimestamp     [0] KerberosTime -- client's time --,
    ///         pausec          [1] Microseconds OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct PaEncTsEnc {
        /// The client's time.
        [0] patimestamp: KerberosTime,
        /// Its microseconds.
        [1] pausec: Option<Microseconds>,
    }
}

/// The contents of [`PaDataType::ETYPE_INFO`] (RFC 4120 §5.2.7.4).
///
/// ```text
/// ETYPE-INFO              ::= SEQUENCE OF ETYPE-INFO-ENTRY
/// ```
pub type EtypeInfo<'a> = SequenceOf<'a, EtypeInfoEntry<'a>>;

sequence! {
    /// The encryption type of a key, and the salt for its password (RFC 4120 §5.2.7.4).
    ///
    /// ```text
    /// ETYPE-INFO-ENTRY        ::= SEQUENCE {
    ///         etype           [0] Int32,
    ///         salt            [1] OCTET STRING OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct EtypeInfoEntry<'a> {
        /// The encryption type.
        [0] etype: i32,
        /// The salt. Absent and empty have different meanings.
        [1] salt: Option<&'a [u8]>,
    }
}

/// The contents of [`PaDataType::ETYPE_INFO2`] (RFC 4120 §5.2.7.5). An empty list is accepted.
///
/// ```text
/// ETYPE-INFO2             ::= SEQUENCE SIZE (1..MAX) OF ETYPE-INFO2-ENTRY
/// ```
pub type EtypeInfo2<'a> = SequenceOf<'a, EtypeInfo2Entry<'a>>;

sequence! {
    /// An encryption type, the salt and the string-to-key parameters (RFC 4120 §5.2.7.5).
    ///
    /// ```text
    /// ETYPE-INFO2-ENTRY       ::= SEQUENCE {
    ///         etype           [0] Int32,
    ///         salt            [1] KerberosString OPTIONAL,
    ///         s2kparams       [2] OCTET STRING OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct EtypeInfo2Entry<'a> {
        /// The encryption type.
        [0] etype: i32,
        /// The salt. Absent and empty have different meanings.
        [1] salt: Option<KerberosString<'a>>,
        /// The string-to-key parameters.
        [2] s2kparams: Option<&'a [u8]>,
    }
}

sequence! {
    /// The contents of [`PaDataType::PAC_REQUEST`] (MS-KILE §2.2.3).
    ///
    /// ```text
    /// KERB-PA-PAC-REQUEST     ::= SEQUENCE {
    ///         include-pac     [0] BOOLEAN -- if TRUE, and no PAC present, include PAC
    ///                                     -- if FALSE, and PAC present, remove PAC
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct PaPacRequest {
        /// Whether the ticket should contain a PAC.
        [0] include_pac: bool,
    }
}

sequence! {
    /// The contents of [`PaDataType::PAC_OPTIONS`] (MS-KILE §2.2.10).
    ///
    /// ```text
    /// PA-PAC-OPTIONS          ::= SEQUENCE {
    ///         flags           [0] KerberosFlags
    ///                 -- Claims(0)
    ///                 -- Branch Aware(1)
    ///                 -- Forward to Full DC(2)
    ///                 -- Resource-based Constrained Delegation (3)
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct PaPacOptions {
        /// The client's options.
        [0] flags: PacOptions,
    }
}
