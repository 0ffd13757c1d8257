//! The lists of an entry: its addresses and its authorization data.

use kerberos_asn1::{AddressType, AuthorizationDataType};

use crate::wire::Cursor;

/// A host address of an entry (RFC 4120 §5.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddressView<'a> {
    /// The type of the address.
    pub address_type: AddressType,
    /// The address, in network byte order.
    pub address: &'a [u8],
}

/// An element of the authorization data of an entry (RFC 4120 §5.2.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuthdataView<'a> {
    /// The type of the element.
    pub ad_type: AuthorizationDataType,
    /// Its encoding.
    pub ad_data: &'a [u8],
}

/// The addresses of an entry.
#[derive(Clone)]
pub struct Addresses<'a>(pub(super) List<'a>);

/// The authorization data of an entry.
#[derive(Clone)]
pub struct Authdata<'a>(pub(super) List<'a>);

impl<'a> Iterator for Addresses<'a> {
    type Item = AddressView<'a>;

    fn next(&mut self) -> Option<AddressView<'a>> {
        let (number, address) = self.0.next()?;
        Some(AddressView {
            address_type: AddressType(i32::from(number)),
            address,
        })
    }
}

impl<'a> Iterator for Authdata<'a> {
    type Item = AuthdataView<'a>;

    fn next(&mut self) -> Option<AuthdataView<'a>> {
        let (number, ad_data) = self.0.next()?;
        // Microsoft's and local types can be negative.
        let ad_type = AuthorizationDataType(i32::from(number.cast_signed()));
        Some(AuthdataView { ad_type, ad_data })
    }
}

/// `{u16 type, data}` items.
#[derive(Clone)]
pub(super) struct List<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) left: u32,
}

impl<'a> Iterator for List<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // The list was checked when the layout was made, so neither read fails.
        Some((
            self.cursor.u16("list").ok()?,
            self.cursor.data("list").ok()?,
        ))
    }
}
