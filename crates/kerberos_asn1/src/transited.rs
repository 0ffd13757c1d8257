//! The encoded transited realms of a ticket (RFC 4120 §5.3).
//!
//! Expanding the compressed names (§3.3.3.2) is left to the code that checks them.

use crate::TransitedType;
use crate::der::sequence;

sequence! {
    /// The realms that took part in authenticating the client, except the first and the last.
    ///
    /// ```text
    /// TransitedEncoding       ::= SEQUENCE {
    ///         tr-type         [0] Int32 -- must be registered --,
    ///         contents        [1] OCTET STRING
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct TransitedEncoding<'a> {
        /// The encoding of `contents`.
        [0] tr_type: TransitedType,
        /// The realms; empty if there are none in between.
        [1] contents: &'a [u8],
    }
}
