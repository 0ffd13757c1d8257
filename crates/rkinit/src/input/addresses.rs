//! The addresses that a ticket is bound to: those in `extra_addresses`, then those of this host's
//! interfaces, which are read from the kernel (rtnetlink).
//!
//! Loopback and link-local addresses are left out, because a KDC never sees them. Like MIT's
//! library, this does not look up the host's own name.

use std::io;
use std::net::ToSocketAddrs as _;

use kerberos_asn1::AddressType;
use kerberos_files::config::Krb5Config;
use kerberos_proto::HostAddress;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with,
};

/// The addresses by which others may reach this host, without duplicates. The configuration may add
/// more, such as the outside address of a NAT.
///
/// # Errors
/// The system's error, for example if netlink is not allowed.
pub(crate) fn of_this_host(config: &Krb5Config) -> io::Result<Vec<HostAddress>> {
    let mut addresses = extra(config);
    add_local(&mut addresses)?;
    Ok(addresses)
}

/// The addresses and hosts in `extra_addresses`. As in MIT's library, hosts that cannot be resolved
/// are skipped.
fn extra(config: &Krb5Config) -> Vec<HostAddress> {
    let mut addresses = Vec::new();
    for name in config.extra_addresses() {
        match (name, 0).to_socket_addrs() {
            Ok(found) => {
                for found in found.map(|found| HostAddress::from(found.ip())) {
                    if !addresses.contains(&found) {
                        addresses.push(found);
                    }
                }
            }
            Err(error) => tracing::debug!("extra_addresses: {name}: {error}"),
        }
    }
    addresses
}

/// Adds the addresses of the interfaces, except those already present.
fn add_local(addresses: &mut Vec<HostAddress>) -> io::Result<()> {
    let kind = SocketType::RAW;
    let socket = socket_with(AddressFamily::NETLINK, kind, SocketFlags::CLOEXEC, None)?;
    sendto(
        &socket,
        &request(),
        SendFlags::empty(),
        &SocketAddrNetlink::new(0, 0),
    )?;
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let (received, _) = recv(&socket, &mut *buffer, RecvFlags::empty())?;
        if take(buffer.get(..received).unwrap_or_default(), addresses)? {
            return Ok(());
        }
    }
}

// From linux/netlink.h, linux/rtnetlink.h and linux/if_addr.h.
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
const RT_SCOPE_LINK: u8 = 253;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const HEADER_LEN: usize = 16;
const IFADDRMSG_LEN: usize = 8;

/// `RTM_GETADDR` for all families: an `nlmsghdr` and a zeroed `rtgenmsg`, padded.
fn request() -> Vec<u8> {
    let mut message = Vec::with_capacity(20);
    message.extend(20_u32.to_ne_bytes());
    message.extend(RTM_GETADDR.to_ne_bytes());
    message.extend(NLM_F_REQUEST_DUMP.to_ne_bytes());
    message.extend([0; 12]);
    message
}

/// Adds the addresses from a datagram of messages. Returns whether it is the end of the answer.
fn take(mut datagram: &[u8], addresses: &mut Vec<HostAddress>) -> io::Result<bool> {
    while let Some((kind, body, rest)) = message(datagram) {
        match kind {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => return Err(io::ErrorKind::Unsupported.into()),
            RTM_NEWADDR => {
                if let Some(found) = address(body).filter(|found| !addresses.contains(found)) {
                    addresses.push(found);
                }
            }
            _ => {}
        }
        datagram = rest;
    }
    Ok(false)
}

/// The type and body of the first message, and the rest of the datagram.
fn message(datagram: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let len = usize::try_from(u32::from_ne_bytes(*datagram.first_chunk()?)).ok()?;
    let kind = u16::from_ne_bytes(*datagram.get(4..)?.first_chunk()?);
    let body = datagram.get(HEADER_LEN..len)?;
    Some((
        kind,
        body,
        datagram.get(len.next_multiple_of(4)..).unwrap_or_default(),
    ))
}

/// The address of an `ifaddrmsg`, unless it is local to the host or the link.
fn address(body: &[u8]) -> Option<HostAddress> {
    let [family, _, _, scope, ..] = *body else {
        return None;
    };
    if scope >= RT_SCOPE_LINK {
        return None;
    }
    let (address_type, attribute_wanted) = match family {
        AF_INET => (AddressType::IPV4, IFA_LOCAL),
        AF_INET6 => (AddressType::IPV6, IFA_ADDRESS),
        _ => return None,
    };
    let mut attributes = body.get(IFADDRMSG_LEN..)?;
    loop {
        let len = usize::from(u16::from_ne_bytes(*attributes.first_chunk()?));
        let kind = u16::from_ne_bytes(*attributes.get(2..)?.first_chunk()?);
        let value = attributes.get(4..len)?;
        if kind == attribute_wanted {
            return Some(HostAddress {
                address_type,
                address: value.to_vec(),
            });
        }
        attributes = attributes.get(len.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message about an address with the attributes `(kind, value)`.
    fn new_address(family: u8, scope: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = vec![family, 24, 0, scope, 1, 0, 0, 0];
        for (kind, value) in attributes {
            body.extend(u16::try_from(value.len() + 4).unwrap().to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut message = u32::try_from(body.len() + HEADER_LEN)
            .unwrap()
            .to_ne_bytes()
            .to_vec();
        message.extend(RTM_NEWADDR.to_ne_bytes());
        message.extend([0; 10]);
        message.extend(body);
        message
    }

    #[test]
    fn netlink_reply_yields_each_global_address_once() {
        let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let mut datagram = new_address(AF_INET, 254, &[(IFA_LOCAL, &[127, 0, 0, 1])]);
        datagram.extend(new_address(
            AF_INET,
            0,
            &[
                (IFA_ADDRESS, &[192, 0, 2, 1]),
                (3, b"eth0\0"),
                (IFA_LOCAL, &[192, 0, 2, 7]),
            ],
        ));
        datagram.extend(new_address(AF_INET6, 0, &[(IFA_ADDRESS, &v6)]));
        datagram.extend(new_address(AF_INET6, 253, &[(IFA_ADDRESS, &[0xfe; 16])]));
        datagram.extend(new_address(AF_INET, 0, &[(IFA_LOCAL, &[192, 0, 2, 7])]));
        let mut found = Vec::new();
        assert!(!take(&datagram, &mut found).unwrap());
        let found: Vec<_> = found
            .iter()
            .map(|a| (a.address_type.0, &*a.address))
            .collect();
        assert_eq!(found, [(2, &[192, 0, 2, 7][..]), (24, &v6[..])]);
    }

    #[test]
    fn extra_addresses_are_read_from_krb5_conf() {
        let text = "[libdefaults]\nextra_addresses = 192.0.2.7, 2001:db8::1 192.0.2.7\n";
        let found = extra(&Krb5Config::parse(text).unwrap());
        let kinds: Vec<_> = found.iter().map(|found| found.address_type).collect();
        assert_eq!(kinds, [AddressType::IPV4, AddressType::IPV6]);
        assert!(extra(&Krb5Config::parse("").unwrap()).is_empty());
    }

    #[test]
    fn netlink_end_is_seen_and_truncated_messages_are_ignored() {
        let done = [20, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(take(&done, &mut Vec::new()).unwrap());
        let whole = new_address(AF_INET, 0, &[(IFA_LOCAL, &[192, 0, 2, 7])]);
        for len in 0..whole.len() {
            let mut found = Vec::new();
            assert!(!take(&whole[..len], &mut found).unwrap());
            assert!(found.is_empty());
        }
    }
}
