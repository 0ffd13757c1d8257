//! The encoded transited realms of a ticket (RFC 4120 §5.3).
//!
//! Expanding the compressed names (§3.3.3.2) is left to the code that checks them.

use crate::TransitedType;
use crate::der::sequence;

sequence! {
    /// The realms that took part in authenticating the client, other than the first and the last.
    ///
    /// ```text
    /// TransitedEncoding       ::= SEQUENCE {
    ///         tr-type         [0] Int32 -- must be registered --,
    ///         contents        [1] OCTET STRING
    /// }
    /// ```
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct TransitedEncoding<'a> {
        /// How `contents` is written.
        [0] tr_type: TransitedType,
        /// The realms; empty when the ticket passed through no other.
        [1] contents: &'a [u8],
    }
}
