//! The blocking driver of [`Delivery`]: sockets, name resolution and the clock.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use kerberos_files::config::Server;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::delivery::{
    Action, Attempt, ConnectionId, Delivery, Event, Outcome, Strategy, Transport,
};
use crate::transport::{Framing, Progress, Socket, TraceAddress, TraceError, describe};

/// Sends `request` to `servers` until one answers, for `timeout` at most.
///
/// Of the error each element is a server, or an address of one, that was asked in vain.
pub(crate) fn deliver(
    request: &[u8],
    servers: &[Server],
    strategy: Strategy,
    timeout: Option<Duration>,
) -> Result<Vec<u8>, Vec<Attempt>> {
    let names = servers.iter().map(ToString::to_string).collect();
    let mut driver = Driver {
        delivery: Delivery::new(names, strategy, timeout),
        request,
        start: Instant::now(),
        sockets: Vec::new(),
    };
    loop {
        match driver.delivery.poll(driver.start.elapsed()) {
            Action::Resolve { server } => {
                let event = match servers.get(server).map(resolve) {
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

    fn finish(mut self) -> Result<Vec<u8>, Vec<Attempt>> {
        let (from, result) = match self.delivery.finish() {
            Outcome::Reply { message, from } => (from, Ok(message)),
            Outcome::Unreachable(attempts) => (None, Err(attempts)),
        };
        if let (Some((transport, address)), Ok(message)) =
            (from.and_then(|id| self.delivery.endpoint(id)), &result)
        {
            let place = TraceAddress(transport, address);
            let length = message.len();
            tracing::debug!(target: "krb5_trace", "Received answer ({length} bytes) from {place}");
        }
        for index in 0..self.sockets.len() {
            self.close(ConnectionId(index));
        }
        result
    }
}

/// The addresses of a server, or why there are none. Numeric ones are no one else's business.
fn resolve(server: &Server) -> Result<Vec<SocketAddr>, String> {
    let (host, port) = match server {
        Server::Host { host, port } => (host.as_str(), *port),
        Server::Https { .. } => return Err("KDC proxies are not supported yet".to_owned()),
        Server::Unix { .. } => return Err("UNIX domain sockets are not supported yet".to_owned()),
        _ => return Err("servers of this kind are not supported yet".to_owned()),
    };
    tracing::debug!(target: "krb5_trace", "Resolving hostname {host}");
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let addresses = (host, port).to_socket_addrs();
    addresses
        .map(Iterator::collect)
        .map_err(|error: io::Error| describe(&error))
}

#[cfg(test)]
mod tests;
