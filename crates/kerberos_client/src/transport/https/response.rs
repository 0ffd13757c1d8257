//! The HTTP response of a KDC proxy (RFC 9112), parsed as its bytes arrive.

use kerberos_asn1::{Decode as _, KdcProxyMessage};

use super::super::{MAX_REPLY, ProxyError};
use crate::error::shown;

/// The longest head that is accepted, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// The most header fields that are accepted.
const MAX_FIELDS: usize = 64;

/// A response being received; grows only with what arrives.
#[derive(Debug, Default)]
pub(super) struct Response {
    bytes: Vec<u8>,
    head: Option<Head>,
}

/// What the head says.
#[derive(Debug)]
struct Head {
    /// The length of the head itself.
    length: usize,
    /// The length of the body; `None` if the body ends with the connection.
    body: Option<usize>,
    content_type: String,
}

impl Response {
    /// Adds bytes.
    ///
    /// # Errors
    /// As soon as it is clear that the response will be invalid or too long.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), ProxyError> {
        self.bytes.extend(bytes);
        if self.head.is_none() {
            self.head = parse_head(&self.bytes)?;
        }
        let (head, limit) = match &self.head {
            Some(head) => (head.length, MAX_REPLY),
            None => (0, MAX_HEAD),
        };
        if self.bytes.len() - head > limit {
            return Err(ProxyError::TooLong);
        }
        Ok(())
    }

    /// Whether the body is complete, according to its length.
    pub(super) fn is_whole(&self) -> bool {
        let announced = self.head.as_ref().and_then(|head| Some((head, head.body?)));
        announced.is_some_and(|(head, body)| self.bytes.len() - head.length >= body)
    }

    /// The KDC's reply, when the response [is whole](Self::is_whole) or the connection has ended.
    ///
    /// # Errors
    /// When the response ends early or contains no reply.
    pub(super) fn into_reply(self) -> Result<Vec<u8>, ProxyError> {
        let head = self.head.ok_or(ProxyError::ClosedEarly)?;
        let body = self.bytes.get(head.length..).unwrap_or_default();
        // Data after the body is ignored.
        let body = match head.body {
            Some(length) => body.get(..length).ok_or(ProxyError::ClosedEarly)?,
            None => body,
        };
        open(body).map_err(|reason| ProxyError::NotKkdcp {
            content_type: head.content_type,
            reason,
        })
    }
}

/// The result of a response whose bytes arrive in pieces of `size` octets. For the fuzz target
/// alone.
#[doc(hidden)]
pub fn read_proxy_response(bytes: &[u8], size: usize) -> Result<Vec<u8>, ProxyError> {
    let mut response = Response::default();
    for piece in bytes.chunks(size.max(1)) {
        response.push(piece)?;
        if response.is_whole() {
            break;
        }
    }
    response.into_reply()
}

/// The message in a KDC-PROXY-MESSAGE, with a length before it (MS-KKDCP §2.2.2).
fn open(body: &[u8]) -> Result<Vec<u8>, String> {
    let message = KdcProxyMessage::from_der(body).map_err(|error| error.to_string())?;
    match message.kerb_message.split_first_chunk() {
        Some((length, reply))
            if usize::try_from(u32::from_be_bytes(*length)) == Ok(reply.len())
                && !reply.is_empty() =>
        {
            Ok(reply.to_vec())
        }
        _ => Err("the length in front of its message is wrong".to_owned()),
    }
}

/// The head, once it is complete.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>, ProxyError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(ProxyError::TooLong),
        Err(_) => return Err(ProxyError::NotHttp),
    };
    let field = |name: &str| {
        let mut named = parsed.headers.iter();
        named
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    };
    match parsed.code.unwrap_or_default() {
        200 => {}
        status @ 300..=399 => {
            return Err(ProxyError::Redirect {
                status,
                location: shown(field("Location").unwrap_or_default()),
            });
        }
        status => {
            let text = shown(parsed.reason.unwrap_or_default().as_bytes());
            return Err(ProxyError::Status { status, text });
        }
    }
    // RFC 9112 §6.1: must not be sent to a client of HTTP/1.0.
    if let Some(encoding) = field("Transfer-Encoding").or_else(|| field("Content-Encoding"))
        && !encoding.eq_ignore_ascii_case(b"identity")
    {
        return Err(ProxyError::Encoding(shown(encoding)));
    }
    let mut body = None;
    for field in parsed.headers.iter() {
        if field.name.eq_ignore_ascii_case("Content-Length") {
            let length = content_length(field.value).ok_or(ProxyError::NotHttp)?;
            // RFC 9112 §6.3: contradictory lengths are an error.
            if body.is_some_and(|other| other != length) {
                return Err(ProxyError::NotHttp);
            }
            body = Some(length);
        }
    }
    if body.is_some_and(|length| length > MAX_REPLY) {
        return Err(ProxyError::TooLong);
    }
    Ok(Some(Head {
        length,
        body,
        content_type: shown(field("Content-Type").unwrap_or(b"of no type")),
    }))
}

/// Only digits (RFC 9110 §8.6); `None` for a number that is too large to be accepted anyway.
fn content_length(value: &[u8]) -> Option<usize> {
    let digits = std::str::from_utf8(value).ok()?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
