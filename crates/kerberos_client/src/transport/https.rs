//! A KDC proxy: the message in an HTTP request over TLS (MS-KKDCP).
//!
//! TLS is `rustls`, driven by hand like any other socket here, so that code which waits for sockets
//! need not know the difference. As in MIT's library, HTTP is one request of HTTP/1.0 and one
//! response.

mod response;
mod tls;

use std::io::{self, Read as _, Write as _};
use std::net::IpAddr;
use std::os::fd::BorrowedFd;

use kerberos_asn1::{Encode as _, KdcProxyMessage, KerberosString};
use rustix::event::PollFlags;
use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use super::stream::{Stream, pending};
use super::tcp::Framing;
use super::{MAX_REPLY, Progress, ProxyError};
use crate::delivery::Address;
use crate::trace::trace;
use response::Response;
pub use response::read_proxy_response;
pub(crate) use tls::Tls;

/// A proxy named by krb5.conf or DNS, for requests to one realm.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// A DNS name or an address, which must be in the proxy's certificate.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Without the leading slash.
    pub(crate) path: String,
    /// The realm whose KDCs to ask.
    pub(crate) realm: Vec<u8>,
    /// The proxy's `http_anchors`.
    pub(crate) anchors: Vec<String>,
    pub(crate) tls: Tls,
}

/// The most to read from a connection, including TLS's own data: twice the longest reply.
const MAX_RECEIVED: usize = 2 * MAX_REPLY;

impl Proxy {
    /// Reads the certificates to verify it with, so that a connection need not wait for the disk.
    pub(crate) fn prepare(&self) -> Result<(), ProxyError> {
        self.tls.config(&self.anchors).map(drop)
    }

    /// The name that must be in the certificate. A dot at the end is not part of it.
    fn name(&self) -> Result<ServerName<'static>, ProxyError> {
        let host = self.host.strip_suffix('.').unwrap_or(&self.host);
        ServerName::try_from(host.to_owned()).map_err(|_| ProxyError::BadHost)
    }

    /// The HTTP request with `message` in it, with the same header as MIT's library sends.
    fn request(&self, message: &[u8]) -> Result<Vec<u8>, ProxyError> {
        if !self.path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ProxyError::BadPath);
        }
        let kerb_message = Framing::Kerberos.frame(message).unwrap_or_default();
        let body = KdcProxyMessage {
            kerb_message: &kerb_message,
            target_domain: Some(KerberosString(&self.realm)),
            dclocator_hint: None,
        }
        .to_der();
        let host = match self.host.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.host.clone(),
        };
        let mut request = format!(
            "POST /{path} HTTP/1.0\r\n\
             Host: {host}:{port}\r\n\
             Cache-Control: no-cache\r\n\
             Pragma: no-cache\r\n\
             User-Agent: kerberos/1.0\r\n\
             Content-type: application/kerberos\r\n\
             Content-Length: {length}\r\n\r\n",
            path = self.path,
            port = self.port,
            length = body.len(),
        )
        .into_bytes();
        request.extend(body);
        Ok(request)
    }
}

/// A connection to a proxy, for one request and one response.
#[derive(Debug)]
pub(crate) struct Https {
    stream: Stream,
    tls: ClientConnection,
    /// As in the URL.
    host: String,
    state: State,
    received: usize,
    response: Response,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Connecting,
    /// The proxy has yet to prove who it is.
    Handshaking,
    /// The request is being sent, or the response is awaited.
    Talking,
}

impl Https {
    pub(super) fn open(address: &Address, message: &[u8], proxy: &Proxy) -> io::Result<Self> {
        let request = proxy.request(message).map_err(io::Error::other)?;
        let name = proxy.name().map_err(io::Error::other)?;
        let config = proxy.tls.config(&proxy.anchors).map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(config, name)
            .map_err(|error| io::Error::other(tls::explain(&error)))?;
        // The whole request, however long, is buffered until the proxy has proven who it is.
        tls.set_buffer_limit(None);
        tls.writer().write_all(&request)?;
        Ok(Self {
            stream: Stream::open(address)?,
            tls,
            host: proxy.host.clone(),
            state: State::Connecting,
            received: 0,
            response: Response::default(),
        })
    }

    pub(super) fn interest(&self) -> PollFlags {
        if self.state == State::Connecting || self.tls.wants_write() {
            PollFlags::OUT
        } else {
            PollFlags::IN
        }
    }

    /// Continues as far as it can. The connection only counts as established once TLS is: before
    /// that, the delay cannot be due to a person.
    pub(super) fn ready(&mut self) -> io::Result<Progress> {
        if self.state == State::Connecting {
            self.stream.connected()?;
            self.state = State::Handshaking;
        }
        self.send()?;
        let has_ended = self.receive()?;
        self.send()?;
        if has_ended || self.response.is_whole() {
            let reply = std::mem::take(&mut self.response).into_reply();
            return reply.map(Progress::Reply).map_err(io::Error::other);
        }
        if self.state == State::Handshaking && !self.tls.is_handshaking() {
            self.state = State::Talking;
            let host = &self.host;
            trace!("TLS certificate name matched \"{host}\"");
            return Ok(Progress::Connected);
        }
        Ok(Progress::Pending)
    }

    /// What failed, in the words of MIT's traces.
    pub(super) fn trouble(&self) -> &'static str {
        match self.state {
            State::Connecting => "HTTPS error connecting to",
            State::Handshaking => "HTTPS error sending to",
            State::Talking => "HTTPS error receiving from",
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.fd()
    }

    fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.stream) {
                Ok(_) => {}
                Err(error) => return pending(error),
            }
        }
        Ok(())
    }

    /// Reads what is there; returns whether the connection has ended.
    fn receive(&mut self) -> io::Result<bool> {
        while !self.response.is_whole() {
            match self.tls.read_tls(&mut self.stream) {
                // Whether or not TLS was closed properly: a truncated reply is not valid DER.
                Ok(0) => return Ok(true),
                Ok(count) => self.received += count,
                Err(error) => return pending(error).map(|()| false),
            }
            if self.received > MAX_RECEIVED {
                return Err(io::Error::other(ProxyError::TooLong));
            }
            if let Err(error) = self.tls.process_new_packets() {
                // Tells the proxy why, if it listens.
                let _ = self.send();
                trace!("TLS error: {error}");
                return Err(io::Error::other(tls::explain(&error)));
            }
            if self.take_plaintext()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes what TLS has decrypted; returns whether that is all there will be.
    fn take_plaintext(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 4096];
        loop {
            match self.tls.reader().read(&mut chunk) {
                Ok(0) => return Ok(true),
                Ok(count) => {
                    let bytes = chunk.get(..count).unwrap_or_default();
                    self.response.push(bytes).map_err(io::Error::other)?;
                }
                Err(error) => return pending(error).map(|()| false),
            }
        }
    }
}

#[cfg(test)]
mod tests;
