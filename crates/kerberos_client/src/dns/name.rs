//! `Name`: a domain name (RFC 1035 §3.1), compared without regard to case; parsing of names, and
//! the names of addresses.

use std::net::IpAddr;

/// An absolute domain name.
///
/// It is displayed without a dot at the end, unless it is the root, and is safe for a terminal:
/// octets other than printable ASCII are escaped. The root as the target of a service means that
/// the service does not exist (RFC 2782).
pub(crate) type Name = domain::base::Name<Vec<u8>>;

/// Parses labels separated by dots, with or without a dot at the end.
///
/// `None` when the name is too long, empty, or has an empty label. Unlike in zone files, and
/// therefore in `domain`'s parser, a backslash has no special meaning: realms and host names are
/// not zone files.
pub(crate) fn parse(text: &str) -> Option<Name> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let mut wire = Vec::with_capacity(text.len() + 2);
    for label in text.split('.') {
        if label.is_empty() {
            return None;
        }
        wire.push(u8::try_from(label.len()).ok()?);
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    // This checks the lengths. The `NameBuilder` of `domain` 0.12 does not quite do that: it allows
    // names of 256 octets.
    Name::from_octets(wire).ok()
}

/// RFC 6761 §6.3: names of this machine, for which no server is asked.
pub(super) fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// RFC 1035 §3.5 and RFC 3596 §2.5.
pub(super) fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(address) => {
            let nibbles = address.octets().into_iter().rev();
            let labels = nibbles.map(|byte| format!("{:x}.{:x}.", byte & 15, byte >> 4));
            labels.chain(["ip6.arpa.".to_owned()]).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_displayed_with_escapes() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = parse(text).map(|name| name.to_string());
            assert_eq!(shown.as_deref(), expected, "{text:?}");
        };
        check("www.example.com", Some("www.example.com"));
        check("www.example.com.", Some("www.example.com"));
        check(
            "_kerberos._udp.EXAMPLE.COM.",
            Some("_kerberos._udp.EXAMPLE.COM"),
        );
        check("a\\b.c d", Some("a\\\\b.c\\ d"));
        check("\u{1b}[0m\u{7f}\u{9b}", Some("\\027[0m\\127\\194\\155"));
        for none in ["", ".", "..", "a..b", ".a"] {
            check(none, None);
        }
        assert_eq!(Name::root().to_string(), ".");
    }

    #[test]
    fn labels_and_names_over_the_length_limit_are_rejected() {
        let label = "x".repeat(63);
        assert!(parse(&label).is_some());
        // Including lengths that would count as a pointer or as other types of labels.
        for length in 64..=300 {
            assert!(parse(&"x".repeat(length)).is_none(), "{length}");
        }
        // Three labels of 63 and one of 61 make 255 octets.
        let most = format!("{label}.{label}.{label}.{}", "x".repeat(61));
        assert_eq!(parse(&most).unwrap().as_slice().len(), 255);
        assert!(parse(&format!("{most}x")).is_none());
    }

    #[test]
    fn reverse_name_of_ipv4_and_ipv6_addresses() {
        let check = |address: &str, expected: &str| {
            assert_eq!(reverse(address.parse().unwrap()), expected);
        };
        check("192.0.2.1", "1.2.0.192.in-addr.arpa.");
        check(
            "2001:db8::567:89ab",
            "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
        );
    }

    #[test]
    fn names_are_compared_without_case() {
        let name = |text| parse(text).unwrap();
        assert_eq!(name("WWW.example.com"), name("www.EXAMPLE.com."));
        assert_ne!(name("www.example.com"), name("www.example.org"));
        assert_ne!(name("a.bc"), name("ab.c"));
        // A label that contains a dot is not two labels.
        assert_ne!(
            name("a.b"),
            Name::from_octets(b"\x03a.b\0".to_vec()).unwrap()
        );
    }
}
