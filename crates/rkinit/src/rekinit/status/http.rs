//! `/livez`, `/readyz` and `/metrics`: an HTTP/1.1 server with one answer per connection (RFC
//! 9112), within the main thread's poll.
//!
//! It cannot be blocked or flooded: what is readable is answered first, the number of connections
//! is limited, each one has five seconds, and only the first lines of a request are kept. When
//! there is no place left, new connections wait until one of the others ends, or has had a while to
//! send its request.

mod answer;
mod connection;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

pub(crate) use answer::{Page, answer};
use connection::{Connection, Progress};

/// The listening socket and its connections.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    connections: Vec<Connection>,
    /// After an error, the listener is not polled until then.
    resting_until: Option<Instant>,
    /// The same if there is no place left: then the oldest connection makes room.
    full_until: Option<Instant>,
}

impl Server {
    /// Listens at `address`; a port alone (`:9464`) means all addresses.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn listen(address: &str) -> Result<Self, String> {
        let listener = bind(address).map_err(|error| {
            let error = crate::messages::system_text(&error);
            format!("cannot listen on {address}: {error}")
        })?;
        Ok(Self {
            listener,
            connections: Vec::new(),
            resting_until: None,
            full_until: None,
        })
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// The files to poll, and the events.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let accepts = self.resting_until.is_none() && self.full_until.is_none();
        let listener = accepts.then(|| self.listener.as_fd());
        let connections = self.connections.iter().map(Connection::waiting);
        listener
            .map(|listener| (listener, PollFlags::IN))
            .into_iter()
            .chain(connections)
    }

    /// When the next timeout is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let connections = self
            .connections
            .iter()
            .map(|connection| connection.deadline);
        let rests = [self.resting_until, self.full_until];
        connections.chain(rests.into_iter().flatten()).min()
    }

    /// Receives requests and answers them; `page` returns success and text.
    pub(crate) fn serve(&mut self, page: &dyn Fn(Page) -> (bool, String)) {
        self.serve_at(Instant::now(), page);
    }

    fn serve_at(&mut self, now: Instant, page: &dyn Fn(Page) -> (bool, String)) {
        if self.resting_until.is_some_and(|until| until <= now) {
            self.resting_until = None;
        }
        self.connections.retain_mut(|connection| {
            connection.deadline > now && matches!(connection.progress(page), Progress::Waiting)
        });
        self.full_until = None;
        // Further new connections have to wait for the next call.
        for _ in 0..MOST_PER_CALL {
            let is_full = self.connections.len() >= MOST_CONNECTIONS;
            let leaving = is_full.then(|| self.leaving(now)).flatten();
            if is_full && leaving.is_none() {
                let oldest = self.connections.first();
                self.full_until =
                    oldest.and_then(|connection| connection.accepted.checked_add(PATIENCE));
                return;
            }
            let Some(mut connection) = self.accept(now) else {
                return;
            };
            // Its request may have come with it.
            if matches!(connection.progress(page), Progress::Over) {
                continue;
            }
            if let Some(at) = leaving {
                self.connections.remove(at);
            }
            self.connections.push(connection);
        }
    }

    /// The connection that makes room for a new one: the oldest of those that should have sent
    /// their requests, or else received their answers, by now.
    fn leaving(&self, now: Instant) -> Option<usize> {
        let is_late = |connection: &Connection| now.duration_since(connection.accepted) >= PATIENCE;
        let silent = |connection: &Connection| is_late(connection) && !connection.has_answer();
        let silent = self.connections.iter().position(silent);
        silent.or_else(|| self.connections.iter().position(is_late))
    }

    /// The next new connection, if there is one.
    fn accept(&mut self, now: Instant) -> Option<Connection> {
        if self.resting_until.is_some() {
            return None;
        }
        let accepted = self.listener.accept();
        let accepted = accepted.and_then(|(stream, _)| {
            stream.set_nonblocking(true)?;
            Ok(stream)
        });
        match accepted {
            Ok(stream) => Some(Connection::new(stream, now)),
            Err(error) => {
                let is_theirs = matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock
                        | io::ErrorKind::Interrupted
                        | io::ErrorKind::ConnectionAborted
                );
                if !is_theirs {
                    // For example, when no file descriptors are left. An immediate retry would
                    // fail, too.
                    self.resting_until = now.checked_add(Duration::from_secs(1));
                }
                None
            }
        }
    }
}

fn bind(address: &str) -> io::Result<TcpListener> {
    let listener = match address.strip_prefix(':') {
        // Both address families, or IPv4 if there is no IPv6.
        Some(port) => TcpListener::bind(format!("[::]:{port}"))
            .or_else(|_| TcpListener::bind(format!("0.0.0.0:{port}"))),
        None => TcpListener::bind(address),
    }?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Enough that a connection has time to send its request, however fast a program opens others.
const MOST_CONNECTIONS: usize = 256;
/// The main thread has other work, too.
const MOST_PER_CALL: usize = MOST_CONNECTIONS;
/// How long a connection keeps its place when others wait for one. If this were longer, they would
/// fill the kernel's queue, and clients that it has no room for try again only after a second.
const PATIENCE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::connection::LIMIT;
    use super::*;

    fn page(_: Page) -> (bool, String) {
        (true, "ok\n".to_owned())
    }

    fn connect(address: SocketAddr) -> TcpStream {
        let client = TcpStream::connect(address).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        client
    }

    fn request(mut client: &TcpStream) {
        client.write_all(b"GET /livez HTTP/1.1\r\n\r\n").unwrap();
    }

    fn is_answered(mut client: TcpStream) -> bool {
        let mut got = String::new();
        client.read_to_string(&mut got).is_ok() && got.ends_with("ok\n")
    }

    /// A server whose places are all taken at `now` by connections that say nothing.
    fn full_server(now: Instant) -> (Server, Vec<TcpStream>) {
        let mut server = Server::listen("127.0.0.1:0").unwrap();
        let address = server.address().unwrap();
        let mut idle = Vec::new();
        while server.connections.len() < MOST_CONNECTIONS {
            idle.push(connect(address));
            server.serve_at(now, &page);
        }
        (server, idle)
    }

    #[test]
    fn oldest_idle_connection_is_dropped_for_a_new_one() {
        let start = Instant::now();
        let (mut server, mut idle) = full_server(start);
        idle.push(connect(server.address().unwrap()));
        server.serve_at(start + PATIENCE, &page);
        assert_eq!(server.connections.len(), MOST_CONNECTIONS);
        assert_eq!(idle.first_mut().unwrap().read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn large_page_is_answered_beside_idle_connections() {
        let (mut server, idle) = full_server(Instant::now());
        let mut client = connect(server.address().unwrap());
        request(&client);
        let large = "x".repeat(16 * 1024 * 1024);
        client.set_nonblocking(true).unwrap();
        let mut got = Vec::new();
        let start = Instant::now();
        while !got.ends_with(b"x\n") {
            server.serve(&|_| (true, format!("{large}\n")));
            let _ = client.read_to_end(&mut got);
            assert!(start.elapsed() < LIMIT, "{} bytes", got.len());
        }
        drop(idle);
    }

    #[test]
    fn many_clients_at_once_are_all_answered() {
        let mut server = Server::listen("127.0.0.1:0").unwrap();
        let address = server.address().unwrap();
        let clients: Vec<_> = (0..100).map(|_| connect(address)).collect();
        // Their requests come only after all have been accepted.
        for _ in 0..10 {
            server.serve(&page);
        }
        clients.iter().for_each(request);
        server.serve(&page);
        assert!(clients.into_iter().all(is_answered));
    }

    #[test]
    fn new_connections_wait_until_the_oldest_has_had_its_time() {
        let start = Instant::now();
        let (mut server, idle) = full_server(start);
        let address = server.address().unwrap();
        let clients: Vec<_> = (0..50).map(|_| connect(address)).collect();
        clients.iter().for_each(request);
        server.serve_at(start, &page);
        // The listener is not polled meanwhile.
        assert_eq!(server.waiting().count(), MOST_CONNECTIONS);
        assert_eq!(server.deadline(), start.checked_add(PATIENCE));
        server.serve_at(start + PATIENCE, &page);
        assert_eq!(server.waiting().count(), 1 + MOST_CONNECTIONS);
        assert!(clients.into_iter().all(is_answered));
        // What can be answered at once takes no other connection's place.
        assert_eq!(server.connections.len(), MOST_CONNECTIONS);
        drop(idle);
    }
}
