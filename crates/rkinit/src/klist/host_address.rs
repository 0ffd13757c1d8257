//! The addresses a ticket is bound to, as `klist -a` shows them.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kerberos_asn1::AddressType;
use kerberos_files::ccache::CredentialView;

use crate::output::host_names::Hosts;

/// Appends the line of addresses, by name for those found in `hosts`.
pub(super) fn push_line(credential: &CredentialView<'_>, hosts: Option<&Hosts>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\tAddresses: ");
    let mut any = false;
    for view in credential.addresses() {
        if any {
            out.extend_from_slice(b", ");
        }
        any = true;
        push_address(view.address_type, view.address, hosts, out);
    }
    out.extend_from_slice(if any { b"\n" } else { b"(none)\n" });
}

fn push_address(kind: AddressType, address: &[u8], hosts: Option<&Hosts>, out: &mut Vec<u8>) {
    let number = match kind {
        AddressType::IPV4 => <[u8; 4]>::try_from(address).map(|octets| {
            push_ip(Ipv4Addr::from(octets).into(), hosts, out);
        }),
        AddressType::IPV6 => <[u8; 16]>::try_from(address).map(|octets| {
            push_ip(Ipv6Addr::from(octets).into(), hosts, out);
        }),
        AddressType::NETBIOS => <[u8; 16]>::try_from(address).map(|octets| {
            // The sixteenth octet is the type of service.
            let name = octets
                .iter()
                .take(15)
                .take_while(|byte| !matches!(byte, 0 | b' '));
            out.extend(name);
        }),
        _ => {
            let _ = write!(out, "unknown addrtype {}", kind.0);
            return;
        }
    };
    if number.is_err() {
        let _ = write!(
            out,
            "broken address (type {} length {})",
            kind.0,
            address.len()
        );
    }
}

fn push_ip(address: IpAddr, hosts: Option<&Hosts>, out: &mut Vec<u8>) {
    let text = hosts.map_or_else(|| address.to_string(), |hosts| hosts.name_of(address));
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_type_is_formatted() {
        let check = |kind: i32, address: &[u8], expected: &str| {
            let mut out = Vec::new();
            push_address(AddressType(kind), address, None, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        check(2, &[192, 0, 2, 7], "192.0.2.7");
        check(2, &[192, 0, 2], "broken address (type 2 length 3)");
        check(24, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "::1");
        check(24, b"short", "broken address (type 24 length 5)");
        check(20, b"HOST1          \x20", "HOST1");
        check(20, b"ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNO");
        check(20, b"SHORT", "broken address (type 20 length 5)");
        check(99, b"", "unknown addrtype 99");
    }
}
