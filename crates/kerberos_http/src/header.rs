//! The headers of `Negotiate` (RFC 4559 §4.1, §4.2, §5): which ones each party uses, and the tokens
//! in them.

use base64ct::{Base64, Encoding};
use http::header::{AUTHORIZATION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::HttpError;

/// The party that asks for authentication.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// The server: asks with 401 and `WWW-Authenticate`, and gets `Authorization`.
    Server,
    /// A proxy on the way: asks with 407 and `Proxy-Authenticate`, and gets `Proxy-Authorization`.
    Proxy,
}

impl Party {
    /// Whether a response with this status and these headers asks for `Negotiate`.
    ///
    /// # Example
    /// ```
    /// use http::{HeaderMap, HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
    /// use kerberos_http::Party;
    /// let mut headers = HeaderMap::new();
    /// let offer = HeaderValue::from_static("Basic realm=\"a, Negotiate\", negotiate");
    /// headers.insert(WWW_AUTHENTICATE, offer);
    /// assert!(Party::Server.asks(StatusCode::UNAUTHORIZED, &headers));
    /// assert!(!Party::Server.asks(StatusCode::OK, &headers));
    /// assert!(!Party::Proxy.asks(StatusCode::PROXY_AUTHENTICATION_REQUIRED, &headers));
    /// ```
    pub fn asks(self, status: StatusCode, headers: &HeaderMap) -> bool {
        status == self.status() && self.challenge(headers).is_some()
    }

    /// The status with which it asks.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Server => StatusCode::UNAUTHORIZED,
            Self::Proxy => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        }
    }

    /// The header for tokens sent to it.
    pub const fn request_header(self) -> HeaderName {
        match self {
            Self::Server => AUTHORIZATION,
            Self::Proxy => PROXY_AUTHORIZATION,
        }
    }

    /// The header for tokens received from it.
    pub const fn response_header(self) -> HeaderName {
        match self {
            Self::Server => WWW_AUTHENTICATE,
            Self::Proxy => PROXY_AUTHENTICATE,
        }
    }

    /// The text after `Negotiate` in a response, which may be empty; `None` if there is no
    /// `Negotiate`.
    pub(crate) fn challenge(self, headers: &HeaderMap) -> Option<&str> {
        let values = headers.get_all(self.response_header()).into_iter();
        values
            .flat_map(|value| challenges(value.as_bytes()))
            .find_map(negotiate)
    }
}

/// The text after `Negotiate` in a single challenge, or in the credentials of a request.
pub(crate) fn negotiate(challenge: &[u8]) -> Option<&str> {
    let challenge = challenge.trim_ascii();
    let end = challenge.iter().position(|&octet| octet == b' ');
    let (scheme, rest) = challenge.split_at(end.unwrap_or(challenge.len()));
    // RFC 9110 §11.1: names of schemes are case-insensitive.
    if !scheme.eq_ignore_ascii_case(b"Negotiate") {
        return None;
    }
    str::from_utf8(rest.trim_ascii()).ok()
}

/// Decodes a token in base64.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, HttpError> {
    let (length, limit) = (text.len(), LONGEST_TOKEN);
    if length > limit {
        return Err(HttpError::TooLong { length, limit });
    }
    Base64::decode_vec(text).map_err(|_| HttpError::Base64)
}

/// A header value that contains `token`. It is marked as sensitive, so that logs do not show it.
pub(crate) fn encode(token: &[u8]) -> HeaderValue {
    let text = format!("Negotiate {}", Base64::encode_string(token));
    // Base64 consists of visible ASCII only.
    let value = HeaderValue::from_str(&text);
    let mut value = value.unwrap_or(HeaderValue::from_static("Negotiate"));
    value.set_sensitive(true);
    value
}

/// The elements of a list, split at the commas that are not in a quoted string (RFC 9110 §5.6.1).
/// Each either begins with the name of a scheme or is a parameter of the element before it. Quoted
/// text may be in any encoding (`obs-text`, RFC 9110 §5.5).
fn challenges(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    list.split(move |&octet| {
        let is_escape = escaped;
        escaped = quoted && octet == b'\\' && !is_escape;
        if octet == b'"' && !is_escape {
            quoted = !quoted;
        }
        octet == b',' && !quoted
    })
}

/// The maximum length of a token, in base64. The longest that Windows sends (`MaxTokenSize`) has 64
/// 000 characters.
const LONGEST_TOKEN: usize = 0x2_0000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiate_challenge_is_found_in_header_lists() {
        let found = |text: &str| {
            let text = challenges(text.as_bytes()).find_map(negotiate);
            text.map(str::to_owned)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found("Negotiate"), some(""));
        assert_eq!(found("Negotiate YII="), some("YII="));
        assert_eq!(found("  nEGOTIATE   YII= "), some("YII="));
        assert_eq!(found("Basic realm=\"x\", Negotiate, NTLM"), some(""));
        assert_eq!(found("Basic realm=\"x, Negotiate\""), None);
        assert_eq!(found(r#"Basic realm="x\", Negotiate""#), None);
        assert_eq!(found(r#"Basic realm="x\\", Negotiate"#), some(""));
        assert_eq!(found("Basic realm=\"Zürich\", Negotiate"), some(""));
        assert_eq!(found("Negotiated"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn bad_base64_and_overlong_tokens_are_refused() {
        assert_eq!(decode("AQID").unwrap(), [1, 2, 3]);
        assert!(matches!(decode("AQI"), Err(HttpError::Base64)));
        assert!(matches!(decode("a b"), Err(HttpError::Base64)));
        let long = "A".repeat(LONGEST_TOKEN + 4);
        assert!(matches!(decode(&long), Err(HttpError::TooLong { .. })));
        assert_eq!(encode(&[1, 2, 3]).to_str().unwrap(), "Negotiate AQID");
        assert!(!format!("{:?}", encode(&[1, 2, 3])).contains("AQID"));
    }
}
