//! The blocking driver of [`Delivery`]: sockets, name resolution and the clock.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use kerberos_files::config::Server;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::delivery::{
    Action, Attempt, ConnectionId, Delivery, Event, Outcome, Strategy, Transport,
};
use crate::dns::Resolver;
use crate::locate::Located;
use crate::transport::{Framing, Progress, Socket, TraceAddress, TraceError, describe};

/// A reply, and which of the servers it came from where that is known.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) message: Vec<u8>,
    pub(crate) server: Option<usize>,
}

/// Sends `request` to `servers` until one answers, until `deadline` at most.
///
/// Of the error each element is a server, or an address of one, that was asked in vain.
pub(crate) fn deliver(
    request: &[u8],
    servers: &[Located],
    strategy: Strategy,
    deadline: Option<Instant>,
    resolver: &Resolver,
) -> Result<Delivered, Vec<Attempt>> {
    let start = Instant::now();
    let targets = servers.iter().map(Located::target).collect();
    let timeout = deadline.map(|deadline| deadline.saturating_duration_since(start));
    let mut driver = Driver {
        delivery: Delivery::new(targets, strategy, timeout).with_patience(patience(request)),
        request,
        start,
        sockets: Vec::new(),
    };
    let addresses = |located: &Located| resolve(&located.server, resolver, deadline);
    loop {
        match driver.delivery.poll(driver.start.elapsed()) {
            Action::Resolve { server } => {
                let event = match servers.get(server).map(addresses) {
                    Some(Ok(addresses)) => Event::Resolved(addresses),
                    Some(Err(reason)) => Event::NotResolved(reason),
                    None => Event::Resolved(Vec::new()),
                };
                driver.delivery.handle(event);
            }
            Action::Open(id) => driver.open(id),
            Action::Resend(id) => driver.resend(id),
            Action::Close(id) => driver.close(id),
            Action::Wait { until } => driver.wait(until),
            Action::Finish => return driver.finish(),
        }
    }
}

/// How long a KDC may take for `request` once it has it: as long as it likes for a log-in, for which
/// a person may have to look for a second factor, and ten seconds for a ticket of a service.
fn patience(request: &[u8]) -> Option<Duration> {
    /// `[APPLICATION 12]`, constructed: TGS-REQ (RFC 4120 §5.4.1).
    const TGS_REQ_TAG: u8 = 0x6c;
    (request.first() == Some(&TGS_REQ_TAG)).then_some(Duration::from_secs(10))
}

struct Driver<'a> {
    delivery: Delivery,
    request: &'a [u8],
    start: Instant,
    /// By [`ConnectionId`]; `None` for those that are closed or not open yet.
    sockets: Vec<Option<Socket>>,
}

impl Driver<'_> {
    fn open(&mut self, id: ConnectionId) {
        let Some((transport, address)) = self.delivery.endpoint(id) else {
            return;
        };
        let place = TraceAddress(transport, address);
        match transport {
            Transport::Udp => {
                tracing::debug!(target: "krb5_trace", "Sending initial UDP request to {place}");
            }
            Transport::Tcp => {
                tracing::debug!(target: "krb5_trace", "Initiating TCP connection to {place}");
            }
        }
        match Socket::open(transport, address, self.request, Framing::Kerberos) {
            Ok(socket) => {
                if self.sockets.len() <= id.0 {
                    self.sockets.resize_with(id.0 + 1, || None);
                }
                if let Some(slot) = self.sockets.get_mut(id.0) {
                    *slot = Some(socket);
                }
            }
            Err(error) => {
                let error_text = TraceError(&error);
                match transport {
                    Transport::Udp => tracing::debug!(
                        target: "krb5_trace",
                        "UDP error sending to {place}: {error_text}"
                    ),
                    Transport::Tcp => tracing::debug!(
                        target: "krb5_trace",
                        "TCP error connecting to {place}: {error_text}"
                    ),
                }
                self.delivery.handle(Event::Failed(id, describe(&error)));
            }
        }
    }

    fn resend(&mut self, id: ConnectionId) {
        let Some((transport, address)) = self.delivery.endpoint(id) else {
            return;
        };
        let Some(Some(socket)) = self.sockets.get(id.0) else {
            return;
        };
        let place = TraceAddress(transport, address);
        tracing::debug!(target: "krb5_trace", "Sending retry UDP request to {place}");
        // As in MIT's library the connection is kept: the next pass tries once more.
        if let Err(error) = socket.resend(self.request) {
            let error = TraceError(&error);
            tracing::debug!(target: "krb5_trace", "UDP error sending to {place}: {error}");
        }
    }

    fn close(&mut self, id: ConnectionId) {
        let endpoint = self.delivery.endpoint(id);
        let socket = self.sockets.get_mut(id.0).and_then(Option::take);
        if let (Some(Socket::Tcp(_)), Some((transport, address))) = (socket, endpoint) {
            let place = TraceAddress(transport, address);
            tracing::debug!(target: "krb5_trace", "Terminating TCP connection to {place}");
        }
    }

    /// Waits for any socket until then, and tells the delivery what the ready ones came to.
    fn wait(&mut self, until: Option<Duration>) {
        let ids: Vec<usize> = self
            .sockets
            .iter()
            .enumerate()
            .filter_map(|(index, socket)| socket.as_ref().map(|_| index))
            .collect();
        let mut fds: Vec<PollFd<'_>> = self
            .sockets
            .iter()
            .flatten()
            .map(|socket| PollFd::from_borrowed_fd(socket.fd(), socket.interest()))
            .collect();
        let timeout = until.map(|until| until.saturating_sub(self.start.elapsed()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => {
                let reason = describe(&errno.into());
                for index in ids {
                    self.fail(ConnectionId(index), reason.clone());
                }
                return;
            }
        }
        let ready: Vec<usize> = ids
            .into_iter()
            .zip(&fds)
            .filter(|(_, fd)| fd.revents() != PollFlags::empty())
            .map(|(index, _)| index)
            .collect();
        for index in ready {
            self.service(ConnectionId(index));
        }
    }

    fn service(&mut self, id: ConnectionId) {
        let Some((transport, address)) = self.delivery.endpoint(id) else {
            return;
        };
        let Some(Some(socket)) = self.sockets.get_mut(id.0) else {
            return;
        };
        match socket.ready() {
            Ok(Progress::Pending) => {}
            Ok(Progress::Connected) => {
                let place = TraceAddress(transport, address);
                tracing::debug!(target: "krb5_trace", "Sending TCP request to {place}");
                self.delivery.handle(Event::Connected(id));
            }
            Ok(Progress::Reply(message)) => self.delivery.handle(Event::Reply(id, message)),
            Err(error) => {
                let place = TraceAddress(transport, address);
                let doing = match socket {
                    Socket::Udp(_) => "UDP error receiving from",
                    Socket::Tcp(tcp) => tcp.trouble(),
                };
                tracing::debug!(target: "krb5_trace", "{doing} {place}: {}", TraceError(&error));
                self.fail(id, describe(&error));
            }
        }
    }

    fn fail(&mut self, id: ConnectionId, reason: String) {
        self.close(id);
        self.delivery.handle(Event::Failed(id, reason));
    }

    fn finish(mut self) -> Result<Delivered, Vec<Attempt>> {
        let (from, result) = match self.delivery.finish() {
            Outcome::Reply { message, from } => {
                let server = from.and_then(|id| self.delivery.server(id));
                (from, Ok(Delivered { message, server }))
            }
            Outcome::Unreachable(attempts) => (None, Err(attempts)),
        };
        if let (Some((transport, address)), Ok(delivered)) =
            (from.and_then(|id| self.delivery.endpoint(id)), &result)
        {
            let place = TraceAddress(transport, address);
            let length = delivered.message.len();
            tracing::debug!(target: "krb5_trace", "Received answer ({length} bytes) from {place}");
        }
        for index in 0..self.sockets.len() {
            self.close(ConnectionId(index));
        }
        result
    }
}

/// The addresses of a server, or why there are none. Numeric ones are no one else's business.
pub(crate) fn resolve(
    server: &Server,
    resolver: &Resolver,
    deadline: Option<Instant>,
) -> Result<Vec<SocketAddr>, String> {
    let (host, port) = match server {
        Server::Host { host, port } => (host.as_str(), *port),
        Server::Https { .. } => return Err("KDC proxies are not supported yet".to_owned()),
        Server::Unix { .. } => return Err("UNIX domain sockets are not supported yet".to_owned()),
        _ => return Err("servers of this kind are not supported yet".to_owned()),
    };
    tracing::debug!(target: "krb5_trace", "Resolving hostname {host}");
    let found = resolver
        .addresses(host, deadline)
        .map_err(|error| error.to_string())?;
    if !found.is_empty() {
        let with_port = |address| SocketAddr::new(address, port);
        return Ok(found.into_iter().map(with_port).collect());
    }
    // What neither /etc/hosts nor DNS has may be known to another source of nsswitch.conf.
    (host, port)
        .to_socket_addrs()
        .map(Iterator::collect)
        .map_err(|error: io::Error| describe(&error))
}

#[cfg(test)]
mod tests;
