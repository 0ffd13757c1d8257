//! Principal names and host addresses (RFC 4120 §5.2.2, §5.2.5).
//!
//! Parsing `name/instance@REALM` is left to the protocol crate.

use crate::der::{SequenceOf, sequence};
use crate::{AddressType, KerberosString, NameType};

sequence! {
    /// The name of a principal within its realm.
    ///
    /// ```text
    /// PrincipalName   ::= SEQUENCE {
    ///         name-type       [0] Int32,
    ///         name-string     [1] SEQUENCE OF KerberosString
    /// }
    /// ```
    ///
    /// # Example
    /// ```
    /// use kerberos_asn1::{Decode, Encode, KerberosString, NameType, PrincipalName, SequenceOf};
    /// let name = PrincipalName {
    ///     name_type: NameType::SRV_INST,
    ///     name_string: SequenceOf::from(vec!["krbtgt".into(), "EXAMPLE.COM".into()]),
    /// };
    /// let der = name.to_der();
    /// let read = PrincipalName::from_der(&der)?;
    /// assert_eq!(read, name);
    /// assert_eq!(read.name_string.first(), Some(KerberosString::from("krbtgt")));
    /// # Ok::<(), kerberos_asn1::DecodeError>(())
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct PrincipalName<'a> {
        /// How the components are to be understood; only a hint.
        [0] name_type: NameType,
        /// The components.
        [1] name_string: SequenceOf<'a, KerberosString<'a>>,
    }
}

sequence! {
    /// The address of a host.
    ///
    /// ```text
    /// HostAddress     ::= SEQUENCE  {
    ///         addr-type       [0] Int32,
    ///         address         [1] OCTET STRING
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct HostAddress<'a> {
        /// The type of the address.
        [0] addr_type: AddressType,
        /// The address, in network byte order.
        [1] address: &'a [u8],
    }
}

/// The addresses of a host.
///
/// ```text
/// -- NOTE: HostAddresses is always used as an OPTIONAL field and
/// -- should not be empty.
/// HostAddresses   ::= SEQUENCE OF HostAddress
/// ```
pub type HostAddresses<'a> = SequenceOf<'a, HostAddress<'a>>;
