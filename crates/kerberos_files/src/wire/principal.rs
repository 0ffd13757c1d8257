//! The name of a principal in a file's buffer.

use core::fmt;

use kerberos_asn1::NameType;
use kerberos_proto::Principal;

use super::{Cursor, Style};

/// The name of a principal, borrowed from a file's buffer. Nothing is copied before
/// [`to_principal`](Self::to_principal).
///
/// Two views, or a view and a [`Principal`], are the same name if their realms and components are
/// equal, whatever their name types (RFC 4120 §6.2).
#[derive(Clone, Copy)]
pub struct PrincipalView<'a> {
    pub(crate) name_type: NameType,
    pub(crate) realm: &'a [u8],
    pub(crate) count: u32,
    /// The length-prefixed components. They have been checked to be exactly `count`.
    pub(crate) components: &'a [u8],
    pub(crate) style: Style,
}

/// The components of a [`PrincipalView`], in order.
#[derive(Clone)]
pub struct Components<'a> {
    cursor: Cursor<'a>,
    left: u32,
}

impl<'a> PrincipalView<'a> {
    /// The name type: how the components are to be understood. `UNKNOWN` if the format does not
    /// store it.
    pub fn name_type(&self) -> NameType {
        self.name_type
    }

    /// The realm.
    pub fn realm(&self) -> &'a [u8] {
        self.realm
    }

    /// The components in order.
    pub fn components(&self) -> Components<'a> {
        Components {
            cursor: Cursor::new(self.components, self.style),
            left: self.count,
        }
    }

    /// Whether this is the name of `principal`.
    pub fn matches(&self, principal: &Principal) -> bool {
        self.realm == principal.realm() && self.components().eq(principal.components())
    }

    /// Appends the text form with MIT's escapes, `name@REALM`, to `out`.
    pub fn unparse_into(&self, out: &mut Vec<u8>) {
        Principal::unparse_parts_into(self.components(), self.realm, out);
    }

    /// An owned copy.
    pub fn to_principal(&self) -> Principal {
        Principal::new(self.name_type, self.components(), self.realm)
    }
}

impl PartialEq for PrincipalView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.realm == other.realm && self.components().eq(other.components())
    }
}

impl Eq for PrincipalView<'_> {}

/// The text form, where bytes that are not UTF-8 are replaced. See [`PrincipalView::unparse_into`].
impl fmt::Display for PrincipalView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.unparse_into(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for PrincipalView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.name_type)
    }
}

impl<'a> Iterator for Components<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        // The components were checked when the view was made, so this never fails.
        self.cursor.data("name component").ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // Each component has a length prefix, so this cannot exceed the number of bytes.
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Components<'_> {}

impl fmt::Debug for Components<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.clone().map(String::from_utf8_lossy))
            .finish()
    }
}
