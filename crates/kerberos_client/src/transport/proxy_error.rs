//! What can go wrong with a KDC proxy, or on the way to it.

use thiserror::Error;

/// Why a KDC proxy (MS-KKDCP) gave no reply.
///
/// Texts from the server are shortened, and their control characters are escaped.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The library was built without the feature `https`.
    #[error("this build has no support for KDC proxies")]
    NotBuilt,
    /// The host in its URL is neither a DNS name nor an address.
    #[error("the URL has no valid host")]
    BadHost,
    /// The path in its URL has a space or another character that is not allowed in URLs.
    #[error("the path of the URL has a character that must be written as %XX")]
    BadPath,
    /// A value of `http_anchors` gives no certificate.
    #[error("http_anchors = {anchor}: {reason}")]
    Anchor {
        /// The value.
        anchor: String,
        /// Why.
        reason: String,
    },
    /// `http_anchors` is not set, and the system has no certificates.
    #[error("the system has no certificates to verify a proxy with")]
    NoSystemAnchors,
    /// No trusted authority has signed its certificate.
    #[error("its certificate is not signed by a trusted authority")]
    UnknownIssuer,
    /// Its certificate is for other hosts.
    #[error("its certificate is not for this host, but for {}", listed(.names))]
    WrongName {
        /// The hosts.
        names: Vec<String>,
    },
    /// Its certificate is no longer valid.
    #[error("its certificate has expired")]
    Expired,
    /// Its certificate is not valid yet.
    #[error("its certificate is not valid yet")]
    NotYetValid,
    /// It presents the certificate of an authority instead of one of its own.
    #[error("its certificate is that of a certificate authority")]
    AuthorityCertificate,
    /// Any other TLS error.
    #[error("TLS: {0}")]
    Tls(String),
    /// The connection ended before the response did.
    #[error("the connection was closed early")]
    ClosedEarly,
    /// Its response is not HTTP.
    #[error("the answer is not HTTP")]
    NotHttp,
    /// Its response is longer than any proxy's need be.
    #[error("the answer is too long")]
    TooLong,
    /// Its response is in chunks (RFC 9112 §7.1), which HTTP/1.0 does not have.
    #[error("the answer is in an encoding that was not asked for: {0}")]
    Encoding(String),
    /// It redirects. Redirects are not followed.
    #[error("HTTP status {status}: it redirects to {location}, which is not followed")]
    Redirect {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// It does not do what was asked.
    #[error("HTTP status {status} {text}")]
    Status {
        /// The status.
        status: u16,
        /// The text of the status.
        text: String,
    },
    /// The body is not a message of MS-KKDCP.
    #[error("the answer ({content_type}) is not a KDC-PROXY-MESSAGE: {reason}")]
    NotKkdcp {
        /// The body's declared type.
        content_type: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ProxyError {
    /// What to do about it, if that is known.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotBuilt => "use a build with the feature `https`",
            Self::NoSystemAnchors | Self::UnknownIssuer => {
                "name the file with the authority's certificate in krb5.conf: \
                 http_anchors = FILE:/path, in the realm's section"
            }
            Self::AuthorityCertificate => {
                "give the proxy a certificate of its own, signed by the authority"
            }
            Self::WrongName { names } if names.is_empty() => {
                "the certificate needs a subjectAltName: its common name is not used"
            }
            Self::WrongName { .. } => "use a host name from its certificate in krb5.conf",
            Self::Expired | Self::NotYetValid => "the clock of this host may be wrong",
            Self::Redirect { .. } => "use the address that it redirects to in krb5.conf",
            Self::Status { status: 404, .. } => {
                "the path may be wrong: for most proxies it is /KdcProxy"
            }
            Self::Status { status: 503, .. } => "the proxy may be unable to reach the realm's KDCs",
            Self::Status {
                status: 401 | 403, ..
            } => "the proxy may refuse to serve this realm or this host",
            Self::NotHttp | Self::NotKkdcp { .. } => {
                "the service at this address may not be a KDC proxy"
            }
            _ => return None,
        })
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}
