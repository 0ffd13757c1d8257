//! Carries out the actions of [`Delivery`]: sockets, name resolution and the clock.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use kerberos_files::config::Server;

use crate::delivery::{
    Action, Address, Attempt, ConnectionId, Delivery, Endpoint, Event, Outcome, Reason, Strategy,
    Transport,
};
use crate::driver::Driver;
use crate::io::{Io, Waiting};
use crate::locate::Located;
use crate::trace::trace;
use crate::transport::{Progress, ProxyError, Socket, TraceError, Traced};

/// A reply, and who sent it if that is known.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) message: Vec<u8>,
    pub(crate) by: Option<Answered>,
}

/// Who sent a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answered {
    /// The server's index in the list.
    pub(crate) server: usize,
    pub(crate) endpoint: Endpoint,
}

impl Answered {
    pub(crate) fn is_by_tcp(&self) -> bool {
        self.endpoint.transport == Transport::Tcp
    }
}

/// Sends `request` to `servers` until one answers, or until `deadline`. A server that has the
/// request on an established connection and does not answer is waited for with `patience`; `None`
/// is for ever.
///
/// The error lists every server, or address of one, that was tried and did not answer.
pub(crate) async fn deliver(
    driver: &Driver,
    request: &[u8],
    servers: &[Located],
    strategy: Strategy,
    deadline: Option<Instant>,
    patience: Option<Duration>,
) -> Result<Delivered, Vec<Attempt>> {
    let start = Instant::now();
    let targets = servers.iter().map(Located::target).collect();
    let timeout = deadline.map(|deadline| deadline.saturating_duration_since(start));
    let mut errand = Errand {
        delivery: Delivery::new(targets, strategy, timeout).with_patience(patience),
        request,
        servers,
        start,
        io: driver.io,
        sockets: Vec::new(),
    };
    let mut lookup: Option<Lookup<'_>> = None;
    loop {
        match errand.delivery.poll(errand.start.elapsed()) {
            Action::Resolve { server } => match servers.get(server) {
                Some(located) => lookup = Some(Box::pin(resolved(driver, located, deadline))),
                None => errand.delivery.handle(Event::Resolved(Vec::new())),
            },
            Action::Open(id) => errand.open(id),
            Action::Resend(id) => errand.resend(id),
            Action::Close(id) => errand.close(id),
            Action::Wait { until } => {
                let Some(pending) = &mut lookup else {
                    errand.wait(until).await;
                    continue;
                };
                if let Some(event) = first(pending, errand.wait(until)).await {
                    lookup = None;
                    // A thread that waited for the lookup has not seen what arrived meanwhile.
                    errand.catch_up().await;
                    errand.delivery.handle(event);
                }
            }
            Action::Finish => {
                if !errand.delivery.has_reply() {
                    // Replies that are already there when the time is over have come in time.
                    errand.catch_up().await;
                }
                return errand.finish();
            }
        }
    }
}

/// A lookup of a server's addresses in progress.
type Lookup<'a> = Pin<Box<dyn Future<Output = Event> + Send + 'a>>;

/// The lookup's result, if it comes before the wait is over.
async fn first(lookup: &mut Lookup<'_>, wait: impl Future<Output = ()>) -> Option<Event> {
    let mut wait = pin!(wait);
    poll_fn(|context| match lookup.as_mut().poll(context) {
        Poll::Ready(event) => Poll::Ready(Some(event)),
        Poll::Pending => wait.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// How long a KDC may take to answer a request where it cannot be waiting for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the KDC may be waiting for a person, who looks for a second factor, before it answers
/// `request`. It is not for a service's ticket.
pub(crate) fn may_be_of_a_person(request: &[u8]) -> bool {
    /// `[APPLICATION 12]`, constructed: TGS-REQ (RFC 4120 §5.4.1).
    const TGS_REQ_TAG: u8 = 0x6c;
    request.first() != Some(&TGS_REQ_TAG)
}

/// A delivery under way, with its sockets.
struct Errand<'a> {
    delivery: Delivery,
    request: &'a [u8],
    servers: &'a [Located],
    start: Instant,
    io: Io,
    /// Indexed by [`ConnectionId`]; `None` if closed or not open yet.
    sockets: Vec<Option<Socket>>,
}

impl Errand<'_> {
    fn open(&mut self, id: ConnectionId) {
        let Some(endpoint) = self.delivery.endpoint(id) else {
            return;
        };
        let place = Traced(&endpoint);
        match endpoint.transport {
            Transport::Udp => {
                trace!("Sending initial UDP request to {place}");
            }
            Transport::Tcp => {
                trace!("Initiating TCP connection to {place}");
            }
            Transport::Https | Transport::Unix => {}
        }
        match self.socket(id, &endpoint) {
            Ok(socket) => {
                if self.sockets.len() <= id.0 {
                    self.sockets.resize_with(id.0 + 1, || None);
                }
                if let Some(slot) = self.sockets.get_mut(id.0) {
                    *slot = Some(socket);
                }
            }
            Err(error) => {
                let doing = match endpoint.transport {
                    Transport::Udp => "UDP error sending to",
                    Transport::Tcp | Transport::Unix => "TCP error connecting to",
                    Transport::Https => "HTTPS error connecting to",
                };
                trace!("{doing} {place}: {}", TraceError(&error));
                self.delivery
                    .handle(Event::Failed(id, Reason::from(&error)));
            }
        }
    }

    fn socket(&self, id: ConnectionId, endpoint: &Endpoint) -> io::Result<Socket> {
        let server = self.delivery.server(id);
        match server.and_then(|server| self.servers.get(server)) {
            Some(located) => located.open(endpoint, self.request),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn resend(&mut self, id: ConnectionId) {
        let Some(endpoint) = self.delivery.endpoint(id) else {
            return;
        };
        let Some(Some(socket)) = self.sockets.get(id.0) else {
            return;
        };
        let place = Traced(&endpoint);
        trace!("Sending retry UDP request to {place}");
        // As in MIT's library, the connection is kept: the next pass tries again.
        if let Err(error) = socket.resend(self.request) {
            let error = TraceError(&error);
            trace!("UDP error sending to {place}: {error}");
        }
    }

    fn close(&mut self, id: ConnectionId) {
        let endpoint = self.delivery.endpoint(id);
        let socket = self.sockets.get_mut(id.0).and_then(Option::take);
        if let (Some(socket), Some(endpoint)) = (socket, endpoint)
            && !matches!(socket, Socket::Udp(_))
        {
            let place = Traced(&endpoint);
            trace!("Terminating TCP connection to {place}");
        }
    }

    /// Waits until then for any socket, and passes what the ready ones received to the delivery.
    async fn wait(&mut self, until: Option<Duration>) {
        let deadline = until.and_then(|until| self.start.checked_add(until));
        self.wait_by(self.io, deadline).await;
    }

    /// The same for what is ready now, without asking a runtime.
    async fn catch_up(&mut self) {
        if self.sockets.iter().any(Option::is_some) {
            self.wait_by(Io::Blocking, Some(Instant::now())).await;
        }
    }

    async fn wait_by(&mut self, io: Io, deadline: Option<Instant>) {
        let open = self.sockets.iter().enumerate();
        let (ids, mut fds): (Vec<_>, Vec<_>) = open
            .filter_map(|(index, socket)| Some((ConnectionId(index), socket.as_ref()?)))
            .map(|(id, socket)| (id, Waiting::new(socket.fd(), socket.interest())))
            .unzip();
        if let Err(error) = io.wait(&mut fds, deadline).await {
            let reason = Reason::from(&error);
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
        let Some(endpoint) = self.delivery.endpoint(id) else {
            return;
        };
        let Some(Some(socket)) = self.sockets.get_mut(id.0) else {
            return;
        };
        let place = Traced(&endpoint);
        match socket.ready() {
            Ok(Progress::Pending) => {}
            Ok(Progress::Connected) => {
                let what = match endpoint.transport {
                    Transport::Https => "HTTPS",
                    _ => "TCP",
                };
                trace!("Sending {what} request to {place}");
                self.delivery.handle(Event::Connected(id));
            }
            Ok(Progress::Reply(message)) => self.delivery.handle(Event::Reply(id, message)),
            Err(error) => {
                let doing = socket.trouble();
                trace!("{doing} {place}: {}", TraceError(&error));
                self.fail(id, Reason::from(&error));
            }
        }
    }

    fn fail(&mut self, id: ConnectionId, reason: Reason) {
        self.close(id);
        self.delivery.handle(Event::Failed(id, reason));
    }

    fn answered(&self, id: ConnectionId) -> Option<Answered> {
        Some(Answered {
            server: self.delivery.server(id)?,
            endpoint: self.delivery.endpoint(id)?,
        })
    }

    fn finish(mut self) -> Result<Delivered, Vec<Attempt>> {
        let result = match self.delivery.finish() {
            Outcome::Reply { message, from } => {
                let by = from.and_then(|id| self.answered(id));
                Ok(Delivered { message, by })
            }
            Outcome::Unreachable(attempts) => Err(attempts),
        };
        if let Ok(Delivered {
            message,
            by: Some(answered),
        }) = &result
        {
            let (length, place) = (message.len(), Traced(&answered.endpoint));
            trace!("Received answer ({length} bytes) from {place}");
        }
        for index in 0..self.sockets.len() {
            self.close(ConnectionId(index));
        }
        result
    }
}

/// The event that tells the delivery of a server's addresses.
async fn resolved(driver: &Driver, located: &Located, deadline: Option<Instant>) -> Event {
    match resolve(driver, located, deadline).await {
        Ok(addresses) => Event::Resolved(addresses),
        Err(reason) => Event::NotResolved(reason),
    }
}

/// The addresses of a server, with the one that answered last first, or why there are none. Numeric
/// addresses are never looked up.
pub(crate) async fn resolve(
    driver: &Driver,
    located: &Located,
    deadline: Option<Instant>,
) -> Result<Vec<SocketAddr>, Reason> {
    let (host, port) = match &located.server {
        Server::Https { .. } if !cfg!(feature = "https") => return Err(ProxyError::NotBuilt.into()),
        Server::Host { host, port } | Server::Https { host, port, .. } => (host.as_str(), *port),
        // The delivery does not ask for the addresses of these.
        _ => return Ok(Vec::new()),
    };
    #[cfg(feature = "https")]
    if let Some(proxy) = located.proxy.clone() {
        let prepared = driver.io.run(move || proxy.prepare()).await;
        prepared.map_err(|error| Reason::System(error.to_string()))??;
    }
    trace!("Resolving hostname {host}");
    let found = driver.resolver.find_addresses(driver.io, host, deadline);
    let found = found
        .await
        .map_err(|error| Reason::System(error.to_string()))?;
    if found.is_empty() {
        return of_the_system(driver.io, host.to_owned(), port).await;
    }
    let with_port = |address| SocketAddr::new(address, port);
    let mut addresses: Vec<_> = found.into_iter().map(with_port).collect();
    let answered = |address: &SocketAddr| located.answered_at == Some(Address::Ip(*address));
    if let Some(known) = addresses.iter().position(answered)
        && let Some(up_to_it) = addresses.get_mut(..=known)
    {
        up_to_it.rotate_right(1);
    }
    Ok(addresses)
}

/// A name that neither /etc/hosts nor DNS has may be in another source of nsswitch.conf. That takes
/// as long as it takes: for a blocking caller, no deadline ends `getaddrinfo`.
async fn of_the_system(io: Io, host: String, port: u16) -> Result<Vec<SocketAddr>, Reason> {
    let ask = move || (host, port).to_socket_addrs().map(Iterator::collect);
    let found: io::Result<Vec<SocketAddr>> = io
        .run(ask)
        .await
        .map_err(|error| Reason::System(error.to_string()))?;
    found.map_err(|error| Reason::from(&error))
}

#[cfg(test)]
mod tests;
