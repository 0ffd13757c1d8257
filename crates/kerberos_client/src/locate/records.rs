//! Reads servers from URI and SRV records.

use kerberos_files::config::Server;

use super::{FoundBy, Located};
use crate::delivery::Transport;
use crate::dns::Data;
use crate::trace::trace;

/// What a record says.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Server(Located),
    /// The service explicitly does not exist (RFC 2782: the target is the root).
    NoService,
}

/// The servers of SRV records (RFC 4120 §7.2.3.2) by priority. As in MIT's library, weights are
/// ignored.
pub(super) fn of_srv(records: &[Data], transport: Transport) -> Vec<Found> {
    let mut found = Vec::new();
    for record in records {
        let Data::Srv {
            priority,
            weight,
            port,
            target,
        } = record
        else {
            continue;
        };
        trace!("SRV answer: {priority} {weight} {port} \"{target}.\"");
        if target.is_root() {
            // Among other records it means nothing.
            found.extend((records.len() == 1).then_some((*priority, Found::NoService)));
            continue;
        }
        let server = Server::Host {
            // The dot at the end keeps the resolver from using its search domains.
            host: format!("{target}."),
            port: *port,
        };
        let located = Located {
            transport: Some(transport),
            found_by: FoundBy::Srv,
            answered_at: None,
            ..Located::from(server)
        };
        found.push((*priority, Found::Server(located)));
    }
    by_priority(found)
}

/// The servers of URI records by priority; unreadable records are skipped.
pub(super) fn of_uri(records: &[Data], default_port: u16) -> Vec<Found> {
    let mut found = Vec::new();
    for record in records {
        let Data::Uri {
            priority,
            weight,
            target,
        } = record
        else {
            continue;
        };
        // Anything but plain text is not a URI, and must not reach a terminal.
        let text = std::str::from_utf8(target).ok();
        let Some(text) = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()))
        else {
            continue;
        };
        trace!("URI answer: {priority} {weight} \"{text}\"");
        if let Some(located) = parse_uri(text, default_port) {
            found.push((*priority, Found::Server(located)));
        }
    }
    by_priority(found)
}

/// Parses `krb5srv:flags:transport:residual`; unknown flags are ignored.
fn parse_uri(text: &str, default_port: u16) -> Option<Located> {
    let (scheme, rest) = text.split_once(':')?;
    let (flags, rest) = rest.split_once(':')?;
    let (transport, residual) = rest.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("krb5srv") || residual.is_empty() {
        return None;
    }
    let is = |word: &str| transport.eq_ignore_ascii_case(word);
    let server = Server::parse(residual, default_port)?;
    let transport = match &server {
        Server::Host { .. } if is("udp") => Some(Transport::Udp),
        Server::Host { .. } if is("tcp") => Some(Transport::Tcp),
        // MS-KKDCP: only HTTPS.
        Server::Https { .. } if is("kkdcp") => None,
        _ => return None,
    };
    Some(Located {
        transport,
        is_primary: Some(flags.contains(['m', 'M'])),
        found_by: FoundBy::Uri,
        ..Located::from(server)
    })
}

fn by_priority(mut found: Vec<(u16, Found)>) -> Vec<Found> {
    found.sort_by_key(|(priority, _)| *priority);
    found.into_iter().map(|(_, found)| found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn krb5srv_uris_are_parsed_and_invalid_ones_ignored() {
        let check = |text: &str, expected: &str| {
            let shown = parse_uri(text, 88).map(|located| {
                let by = match located.transport {
                    Some(transport) => transport.to_string(),
                    None => "any".to_owned(),
                };
                let primary = match located.is_primary {
                    Some(true) => " primary",
                    _ => "",
                };
                format!("{} {by}{primary}", located.server)
            });
            assert_eq!(shown.unwrap_or_default(), expected, "{text}");
        };
        check(
            "krb5srv:m:udp:kdc.example.com",
            "kdc.example.com:88 UDP primary",
        );
        check(
            "krb5srv::tcp:kdc.example.com:750",
            "kdc.example.com:750 TCP",
        );
        check("KRB5SRV:xMy:TCP:192.0.2.1", "192.0.2.1:88 TCP primary");
        check("krb5srv:z:udp:[2001:db8::1]:89", "[2001:db8::1]:89 UDP");
        check(
            "krb5srv:m:kkdcp:https://p.example/KdcProxy",
            "https://p.example:443/KdcProxy any primary",
        );
        for none in [
            "",
            "krb5srv",
            "krb5srv:",
            "krb5srv:m",
            "krb5srv:m:udp",
            "krb5srv:m:udp:",
            "krb5srv:m:sctp:kdc",
            "krb5srvx:m:udp:kdc",
            "http:m:udp:kdc",
            "krb5srv:m:kkdcp:p.example",
            "krb5srv:m:kkdcp:http://p.example/",
            "krb5srv:m:udp:https://p.example/",
            "krb5srv:m:udp:/run/kdc.sock",
            "krb5srv:m:udp:kdc:0x58",
        ] {
            check(none, "");
        }
    }
}
