//! What [`Delivery`] wants done: sockets, name resolution and the clock.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use kerberos_files::config::Server;

use crate::delivery::{
    Action, Attempt, ConnectionId, Delivery, Event, Outcome, Strategy, Transport,
};
use crate::driver::Driver;
use crate::io::{Io, Waiting};
use crate::locate::Located;
use crate::transport::{Framing, Progress, Socket, TraceAddress, TraceError, describe};

/// A reply, and who gave it where that is known.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) message: Vec<u8>,
    pub(crate) by: Option<Answered>,
}

/// Who gave a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answered {
    /// Its place among the servers.
    pub(crate) server: usize,
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
}

impl Answered {
    pub(crate) fn is_by_tcp(&self) -> bool {
        self.transport == Transport::Tcp
    }
}

/// Sends `request` to `servers` until one answers, until `deadline` at most.
///
/// Of the error each element is a server, or an address of one, that was asked in vain.
pub(crate) async fn deliver(
    driver: &Driver,
    request: &[u8],
    servers: &[Located],
    strategy: Strategy,
    deadline: Option<Instant>,
) -> Result<Delivered, Vec<Attempt>> {
    let start = Instant::now();
    let targets = servers.iter().map(Located::target).collect();
    let timeout = deadline.map(|deadline| deadline.saturating_duration_since(start));
    let mut errand = Errand {
        delivery: Delivery::new(targets, strategy, timeout).with_patience(patience(request)),
        request,
        start,
        io: driver.io,
        sockets: Vec::new(),
    };
    loop {
        match errand.delivery.poll(errand.start.elapsed()) {
            Action::Resolve { server } => {
                let event = match servers.get(server) {
                    Some(located) => match resolve(driver, located, deadline).await {
                        Ok(addresses) => Event::Resolved(addresses),
                        Err(reason) => Event::NotResolved(reason),
                    },
                    None => Event::Resolved(Vec::new()),
                };
                errand.delivery.handle(event);
            }
            Action::Open(id) => errand.open(id),
            Action::Resend(id) => errand.resend(id),
            Action::Close(id) => errand.close(id),
            Action::Wait { until } => errand.wait(until).await,
            Action::Finish => return errand.finish(),
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

/// A delivery under way, with its sockets.
struct Errand<'a> {
    delivery: Delivery,
    request: &'a [u8],
    start: Instant,
    io: Io,
    /// By [`ConnectionId`]; `None` for those that are closed or not open yet.
    sockets: Vec<Option<Socket>>,
}

impl Errand<'_> {
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
    async fn wait(&mut self, until: Option<Duration>) {
        let deadline = until.and_then(|until| self.start.checked_add(until));
        let open = self.sockets.iter().enumerate();
        let (ids, mut fds): (Vec<_>, Vec<_>) = open
            .filter_map(|(index, socket)| Some((ConnectionId(index), socket.as_ref()?)))
            .map(|(id, socket)| (id, Waiting::new(socket.fd(), socket.interest())))
            .unzip();
        if let Err(error) = self.io.wait(&mut fds, deadline).await {
            let reason = describe(&error);
            for id in ids {
                self.fail(id, reason.clone());
            }
            return;
        }
        let ready = ids.into_iter().zip(&fds);
        let ready = ready.filter(|(_, fd)| fd.is_ready()).map(|(id, _)| id);
        for id in ready.collect::<Vec<_>>() {
            self.service(id);
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

    fn answered(&self, id: ConnectionId) -> Option<Answered> {
        let (transport, address) = self.delivery.endpoint(id)?;
        Some(Answered {
            server: self.delivery.server(id)?,
            transport,
            address,
        })
    }

    fn finish(mut self) -> Result<Delivered, Vec<Attempt>> {
        let (from, result) = match self.delivery.finish() {
            Outcome::Reply { message, from } => {
                let by = from.and_then(|id| self.answered(id));
                (from, Ok(Delivered { message, by }))
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

/// The addresses of a server, the one that answered last first, or why there are none. Numeric ones
/// are no one else's business.
pub(crate) async fn resolve(
    driver: &Driver,
    located: &Located,
    deadline: Option<Instant>,
) -> Result<Vec<SocketAddr>, String> {
    let (host, port) = match &located.server {
        Server::Host { host, port } => (host.as_str(), *port),
        Server::Https { .. } => return Err("KDC proxies are not supported yet".to_owned()),
        Server::Unix { .. } => return Err("UNIX domain sockets are not supported yet".to_owned()),
        _ => return Err("servers of this kind are not supported yet".to_owned()),
    };
    tracing::debug!(target: "krb5_trace", "Resolving hostname {host}");
    let found = driver.resolver.find_addresses(driver.io, host, deadline);
    let found = found.await.map_err(|error| error.to_string())?;
    if found.is_empty() {
        return of_the_system(driver.io, host.to_owned(), port).await;
    }
    let with_port = |address| SocketAddr::new(address, port);
    let mut addresses: Vec<_> = found.into_iter().map(with_port).collect();
    let answered = |address: &SocketAddr| Some(*address) == located.answered_at;
    if let Some(known) = addresses.iter().position(answered)
        && let Some(up_to_it) = addresses.get_mut(..=known)
    {
        up_to_it.rotate_right(1);
    }
    Ok(addresses)
}

/// What neither /etc/hosts nor DNS has may be known to another source of nsswitch.conf.
async fn of_the_system(io: Io, host: String, port: u16) -> Result<Vec<SocketAddr>, String> {
    let ask = move || (host, port).to_socket_addrs().map(Iterator::collect);
    let found: io::Result<Vec<SocketAddr>> =
        io.run(ask).await.map_err(|error| error.to_string())?;
    found.map_err(|error| describe(&error))
}

#[cfg(test)]
mod tests;
