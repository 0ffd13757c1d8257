//! `Server`: the forms in which [realms] names a KDC, admin server or password server.

use std::fmt;
use std::net::Ipv6Addr;

/// The purpose of a server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ServerKind {
    /// `kdc`, port 88.
    Kdc,
    /// `primary_kdc`, or else `master_kdc`, port 88: the KDC that is the first to know new
    /// passwords.
    PrimaryKdc,
    /// `admin_server`, port 749.
    Admin,
    /// `kpasswd_server`, port 464.
    Kpasswd,
}

impl ServerKind {
    /// The port if the value contains none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Kdc | Self::PrimaryKdc => 88,
            Self::Admin => 749,
            Self::Kpasswd => 464,
        }
    }

    /// The keys to look up. Only the first that has a value counts.
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Kdc => &["kdc"],
            Self::PrimaryKdc => &["primary_kdc", "master_kdc"],
            Self::Admin => &["admin_server"],
            Self::Kpasswd => &["kpasswd_server"],
        }
    }
}

/// A server as named in krb5.conf.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Server {
    /// A host with a name or address, reached over UDP or TCP.
    Host {
        /// A name or a numeric address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A KDC proxy, reached over HTTPS.
    Https {
        /// A name or a numeric address.
        host: String,
        /// The port; 443 by default.
        port: u16,
        /// The path, without its leading slash.
        path: String,
    },
    /// A KDC at a UNIX socket on this host.
    Unix {
        /// The path of the socket.
        path: String,
    },
}

impl Server {
    /// Parses `host`, `host:port`, `[address]:port`, `https://host[:port][/path]` or `/path`. An
    /// IPv6 address without brackets is understood, too.
    ///
    /// Returns `None` if there is no host or the port is malformed.
    pub fn parse(text: &str, default_port: u16) -> Option<Self> {
        if text.starts_with('/') {
            return Some(Self::Unix {
                path: text.to_owned(),
            });
        }
        if let Some(rest) = text.strip_prefix("https://") {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (host, port) = parse_host(authority, 443)?;
            return Some(Self::Https {
                host,
                port,
                path: path.to_owned(),
            });
        }
        let (host, port) = parse_host(text, default_port)?;
        Some(Self::Host { host, port })
    }
}

/// The format of krb5.conf, always with the port.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Brackets enclose hosts that would otherwise be split, in particular IPv6 addresses.
        let authority = |host: &str, port: u16| {
            if host.contains([':', ' ', '\t']) || host.starts_with('/') {
                format!("[{host}]:{port}")
            } else {
                format!("{host}:{port}")
            }
        };
        match self {
            Self::Host { host, port } => f.write_str(&authority(host, *port)),
            Self::Https { host, port, path } => {
                write!(f, "https://{}/{path}", authority(host, *port))
            }
            Self::Unix { path } => f.write_str(path),
        }
    }
}

/// Host and port, by the rules of MIT's `k5_parse_host_string`.
fn parse_host(text: &str, default_port: u16) -> Option<(String, u16)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text.to_owned(), default_port));
    }
    // Just a number is a port without a host.
    if text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, rest) = match bracketed {
        Some((host, rest)) => (host, rest),
        None => text.split_at_checked(text.find([' ', '\t', ':']).unwrap_or(text.len()))?,
    };
    if host.is_empty() {
        return None;
    }
    let port = match rest.strip_prefix(':') {
        Some(port) => port.trim_ascii_start().parse().ok()?,
        None => default_port,
    };
    Some((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let server = Server::parse(text, 88).map(|server| server.to_string());
        assert_eq!(server.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn every_form_of_server_is_read() {
        check("kdc.example.com", Some("kdc.example.com:88"));
        check("kdc.example.com:8888", Some("kdc.example.com:8888"));
        check("kdc.example.com: 8888", Some("kdc.example.com:8888"));
        check(
            "kdc1.example.com kdc2.example.com",
            Some("kdc1.example.com:88"),
        );
        check("192.0.2.1", Some("192.0.2.1:88"));
        check("192.0.2.1:750", Some("192.0.2.1:750"));
        check("[2001:db8::1]", Some("[2001:db8::1]:88"));
        check("[2001:db8::1]:750", Some("[2001:db8::1]:750"));
        check("2001:db8::1", Some("[2001:db8::1]:88"));
        check(
            "https://proxy.example.com/KdcProxy",
            Some("https://proxy.example.com:443/KdcProxy"),
        );
        check(
            "https://proxy.example.com:8443",
            Some("https://proxy.example.com:8443/"),
        );
        check("https://[::1]:8443/a/b", Some("https://[::1]:8443/a/b"));
        check("/run/kdc.sock", Some("/run/kdc.sock"));
    }

    #[test]
    fn invalid_servers_are_refused() {
        for text in [
            "",
            ":88",
            "88",
            "host:",
            "host:port",
            "host:65536",
            "host:-1",
            "https://",
        ] {
            check(text, None);
        }
        check("[]", None);
    }
}
