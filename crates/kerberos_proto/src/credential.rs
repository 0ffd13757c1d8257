//! `Credential`: a ticket and everything a client needs to use it (RFC 4120 §5.4.2, §5.6).

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use kerberos_asn1::{
    AddressType, AuthorizationDataEntry, AuthorizationDataType, EncKdcRepPart,
    HostAddress as WireAddress, HostAddresses, KdcRep, KerberosTime, SequenceOf, TicketFlags,
};
use kerberos_crypto::{EncryptionType, KeyBlock};

use crate::Principal;
use crate::shown::Length;

/// A ticket with its session key, times and flags: what a credential cache holds.
///
/// The ticket is kept as the KDC sent it and re-sent verbatim.
#[derive(Clone)]
pub struct Credential {
    /// The client named in the ticket.
    pub client: Principal,
    /// The service that the ticket is for.
    pub server: Principal,
    /// The session key, shared with the service.
    pub session_key: KeyBlock,
    /// When the ticket is valid.
    pub times: TicketTimes,
    /// Whether the ticket is encrypted in the session key of `second_ticket` (user-to-user).
    pub is_skey: bool,
    /// The flags of the ticket.
    pub flags: TicketFlags,
    /// The addresses from which it may be used; empty means any.
    pub addresses: Vec<HostAddress>,
    /// Authorization data that the client asked for.
    pub authorization_data: Vec<AuthorizationDataElement>,
    /// The DER encoding of the ticket.
    pub ticket: Vec<u8>,
    /// The DER encoding of the second ticket of a user-to-user credential, else empty.
    pub second_ticket: Vec<u8>,
}

/// The four times of a ticket (RFC 4120 §5.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TicketTimes {
    /// When the client first authenticated.
    pub authtime: KerberosTime,
    /// When the ticket becomes valid; `None` means at `authtime`.
    pub starttime: Option<KerberosTime>,
    /// When the ticket expires.
    pub endtime: KerberosTime,
    /// Until when the ticket can be renewed, if it is renewable.
    pub renew_till: Option<KerberosTime>,
}

/// A host address (RFC 4120 §5.2.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostAddress {
    /// What kind of address it is.
    pub address_type: AddressType,
    /// The address, in network byte order.
    pub address: Vec<u8>,
}

/// One element of authorization data (RFC 4120 §5.2.6).
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationDataElement {
    /// What kind of element it is.
    pub ad_type: AuthorizationDataType,
    /// Its encoding.
    pub ad_data: Vec<u8>,
}

impl fmt::Debug for AuthorizationDataElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationDataElement")
            .field("ad_type", &self.ad_type)
            .field("ad_data", &Length(self.ad_data.len()))
            .finish()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("client", &self.client)
            .field("server", &self.server)
            .field("session_key", &self.session_key)
            .field("times", &self.times)
            .field("is_skey", &self.is_skey)
            .field("flags", &self.flags)
            .field("addresses", &self.addresses)
            .field("authorization_data", &self.authorization_data)
            .field("ticket", &Length(self.ticket.len()))
            .field("second_ticket", &Length(self.second_ticket.len()))
            .finish()
    }
}

impl<'a> From<&'a AuthorizationDataElement> for AuthorizationDataEntry<'a> {
    fn from(element: &'a AuthorizationDataElement) -> Self {
        Self {
            ad_type: element.ad_type,
            ad_data: &element.ad_data,
        }
    }
}

/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) becomes the IPv4 address, which is the form
/// used in tickets.
impl From<IpAddr> for HostAddress {
    fn from(address: IpAddr) -> Self {
        let (address_type, address) = match address.to_canonical() {
            IpAddr::V4(address) => (AddressType::IPV4, address.octets().to_vec()),
            IpAddr::V6(address) => (AddressType::IPV6, address.octets().to_vec()),
        };
        Self {
            address_type,
            address,
        }
    }
}

impl Credential {
    /// The credential for `client` and `server` from `reply`, whose decrypted part is `part` (RFC
    /// 4120 §5.4.2). Additional tickets and authorization data of the request are not filled in.
    pub(crate) fn of_reply(
        reply: &KdcRep<'_>,
        part: &EncKdcRepPart<'_>,
        client: Principal,
        server: Principal,
    ) -> Self {
        Self {
            client,
            server,
            session_key: KeyBlock::new(
                EncryptionType(part.key.keytype),
                part.key.keyvalue.to_vec(),
            ),
            times: TicketTimes {
                authtime: part.authtime,
                starttime: Some(part.starttime.unwrap_or(part.authtime)),
                endtime: part.endtime,
                renew_till: part.renew_till,
            },
            is_skey: false,
            flags: part.flags,
            addresses: HostAddress::list(part.caddr.as_ref()),
            authorization_data: Vec::new(),
            ticket: reply.ticket.as_bytes().to_vec(),
            second_ticket: Vec::new(),
        }
    }
}

impl HostAddress {
    /// The address as encoded in messages.
    pub(crate) fn to_wire(&self) -> WireAddress<'_> {
        WireAddress {
            addr_type: self.address_type,
            address: &self.address,
        }
    }

    /// Whether `wire` is this address.
    pub(crate) fn is(&self, wire: &WireAddress<'_>) -> bool {
        self.to_wire() == *wire
    }

    /// The addresses as encoded in messages, where an empty list is omitted (RFC 4120 §5.2.5).
    pub(crate) fn list_to_wire(addresses: &[Self]) -> Option<HostAddresses<'_>> {
        let wire: Vec<_> = addresses.iter().map(Self::to_wire).collect();
        (!wire.is_empty()).then(|| SequenceOf::from(wire))
    }

    /// An owned copy of the addresses in a message.
    pub(crate) fn list(wire: Option<&HostAddresses<'_>>) -> Vec<Self> {
        let addresses = wire.into_iter().flat_map(|list| list.iter());
        addresses
            .map(|one| Self {
                address_type: one.addr_type,
                address: one.address.to_vec(),
            })
            .collect()
    }
}
