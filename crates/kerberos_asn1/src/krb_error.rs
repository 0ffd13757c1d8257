//! Errors: KRB-ERROR and the possible contents of its e-data (RFC 4120 §5.9.1; MS-KILE §2.2.1).

use crate::der::{SequenceOf, sequence};
use crate::{
    ErrorCode, KerberosString, KerberosTime, Microseconds, PaDataType, PrincipalName, Realm,
};

sequence! {
    /// The error message of a KDC or a service.
    ///
    /// ```text
    /// KRB-ERROR       ::= [APPLICATION 30] SEQUENCE {
    ///         pvno            [0] INTEGER (5),
    ///         msg-type        [1] INTEGER (30),
    ///         ctime           [2] KerberosTime OPTIONAL,
    ///         cusec           [3] Microseconds OPTIONAL,
    ///         stime           [4] KerberosTime,
    ///         susec           [5] Microseconds,
    ///         error-code      [6] Int32,
    ///         crealm          [7] Realm OPTIONAL,
    ///         cname           [8] PrincipalName OPTIONAL,
    ///         realm           [9] Realm -- service realm --,
    ///         sname           [10] PrincipalName -- service name --,
    ///         e-text          [11] KerberosString OPTIONAL,
    ///         e-data          [12] OCTET STRING OPTIONAL
    /// }
    /// ```
    ///
    /// None of it is authenticated.
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct KrbError<'a> [APPLICATION 30] {
        pvno [0];
        msg_type [1] = KRB_ERROR;
        /// The client's time, from the refused message.
        [2] ctime: Option<KerberosTime>,
        /// Its microseconds.
        [3] cusec: Option<Microseconds>,
        /// The sender's time.
        [4] stime: KerberosTime,
        /// Its microseconds. They are required, but a sender may omit a zero (RFC 4120 §5.1.2), so
        /// absent means zero.
        [5] susec: Option<Microseconds>,
        /// The error.
        [6] error_code: ErrorCode,
        /// The client's realm.
        [7] crealm: Option<Realm<'a>>,
        /// The client's name.
        [8] cname: Option<PrincipalName<'a>>,
        /// The service's realm.
        [9] realm: Realm<'a>,
        /// The service's name.
        [10] sname: PrincipalName<'a>,
        /// A description of the error for people.
        [11] e_text: Option<KerberosString<'a>>,
        /// Details of the error for programs: [`MethodData`](crate::MethodData), [`TypedData`] or
        /// [`KerbErrorData`], depending on the code and the sender.
        [12] e_data: Option<&'a [u8]>,
    }
}

/// Error data other than preauthentication data (RFC 4120 §5.9.1). An empty list is accepted.
///
/// ```text
/// TYPED-DATA      ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE {
///         data-type       [0] Int32,
///         data-value      [1] OCTET STRING OPTIONAL
/// }
/// ```
pub type TypedData<'a> = SequenceOf<'a, TypedDataEntry<'a>>;

sequence! {
    /// One element of [`TypedData`].
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct TypedDataEntry<'a> {
        /// The type of the element. Padata and typed data share their numbers.
        [0] data_type: PaDataType,
        /// Its encoding.
        [1] data_value: Option<&'a [u8]>,
    }
}

sequence! {
    /// Error data of a Windows KDC (MS-KILE §2.2.1).
    ///
    /// ```text
    /// KERB-ERROR-DATA ::= SEQUENCE {
    ///         data-type       [1] INTEGER,
    ///         data-value      [2] OCTET STRING OPTIONAL
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct KerbErrorData<'a> {
        /// The type of `data_value`.
        [1] data_type: i32,
        /// For [`KerbErrorData::EXTENDED`], three little-endian 32-bit words, of which the first is
        /// an NTSTATUS.
        [2] data_value: Option<&'a [u8]>,
    }
}

impl KerbErrorData<'_> {
    /// The clock skew was too great, and the sender supports recovery (`data_type`).
    pub const SKEW_RECOVERY: i32 = 2;
    /// `data_value` is a KERB-EXT-ERROR (`data_type`; MS-KILE §2.2.2).
    pub const EXTENDED: i32 = 3;

    /// The NTSTATUS in a KERB-EXT-ERROR, if there is one.
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{Decode, KerbErrorData};
    /// let data = KerbErrorData::from_der(
    ///     b"\x30\x15\xa1\x03\x02\x01\x03\xa2\x0e\x04\x0c\
    ///       \x72\x00\x00\xc0\x00\x00\x00\x00\x01\x00\x00\x00",
    /// )?;
    /// assert_eq!(data.ntstatus(), Some(0xc000_0072)); // STATUS_ACCOUNT_DISABLED
    /// # Ok::<(), kerberos_asn1::DecodeError>(())
    /// ```
    pub fn ntstatus(&self) -> Option<u32> {
        let status = self
            .data_value
            .filter(|_| self.data_type == Self::EXTENDED)?;
        status
            .first_chunk()
            .map(|&octets| u32::from_le_bytes(octets))
    }
}
