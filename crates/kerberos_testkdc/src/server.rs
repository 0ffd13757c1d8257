//! `TestKdc`: the KDC and its kpasswd service on UDP and TCP of 127.0.0.1 (RFC 4120 §7.2, RFC 3244
//! §2), in threads that are stopped with it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::builder::TestKdcBuilder;
use crate::error::TestKdcError;
use crate::fault::Fault;
use crate::kdc::{Kdc, Transport};

/// A running KDC. It stops when dropped.
///
/// It dereferences to [`Kdc`], which has the keys, the faults and the list of requests.
pub struct TestKdc {
    kdc: Arc<Kdc>,
    address: SocketAddr,
    password_address: Option<SocketAddr>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl TestKdc {
    /// Sets up a KDC for `realm`. The only principal is the ticket-granting service.
    pub fn builder(realm: &str) -> TestKdcBuilder {
        TestKdcBuilder::new(realm)
    }

    pub(crate) fn start(kdc: Kdc) -> Result<Self, TestKdcError> {
        let kdc = Arc::new(kdc);
        let changes_passwords = kdc.database.find_by_text("kadmin/changepw").is_some();
        let mut running = Self {
            kdc,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            password_address: None,
            stop: Arc::new(AtomicBool::new(false)),
            threads: Vec::new(),
        };
        running.address = running.serve(Kdc::answer)?;
        if changes_passwords {
            running.password_address = Some(running.serve(Kdc::answer_password_change)?);
        }
        Ok(running)
    }

    /// Opens a port for `service`.
    fn serve(&mut self, service: Service) -> Result<SocketAddr, TestKdcError> {
        let (udp, tcp) = bind_both()?;
        let address = udp.local_addr()?;
        let (kdc, stop) = (self.kdc.clone(), self.stop.clone());
        self.spawn("testkdc udp", move || serve_udp(&kdc, service, &udp, &stop))?;
        let (kdc, stop) = (self.kdc.clone(), self.stop.clone());
        self.spawn("testkdc tcp", move || serve_tcp(&kdc, service, &tcp, &stop))?;
        Ok(address)
    }

    /// The address on which it listens, for UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the kpasswd service, for UDP and TCP; `None` without a service
    /// `kadmin/changepw`.
    pub fn password_address(&self) -> Option<SocketAddr> {
        self.password_address
    }

    /// A krb5.conf with which clients find only this KDC.
    pub fn krb5_conf(&self) -> String {
        let (realm, address) = (self.kdc.realm(), self.address);
        let kpasswd = self.password_address.map_or_else(String::new, |address| {
            format!("\t\tkpasswd_server = {address}\n")
        });
        format!(
            "[libdefaults]\n\
             \tdefault_realm = {realm}\n\
             \tdns_lookup_kdc = false\n\
             \tdns_lookup_realm = false\n\
             \tdns_canonicalize_hostname = false\n\
             \n\
             [realms]\n\
             \t{realm} = {{\n\
             \t\tkdc = {address}\n\
             {kpasswd}\
             \t}}\n"
        )
    }

    /// The KDC itself, to share with other threads.
    pub fn kdc(&self) -> Arc<Kdc> {
        self.kdc.clone()
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads
            .push(thread::Builder::new().name(name.to_owned()).spawn(work)?);
        Ok(())
    }
}

impl Deref for TestKdc {
    type Target = Kdc;

    fn deref(&self) -> &Kdc {
        &self.kdc
    }
}

impl Drop for TestKdc {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Each thread waits for a message. An empty one makes it check `stop`.
        for address in [Some(self.address), self.password_address]
            .into_iter()
            .flatten()
        {
            if let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
                drop(socket.send_to(&[], address));
            }
            drop(TcpStream::connect_timeout(&address, PATIENCE));
        }
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for TestKdc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestKdc")
            .field("realm", &self.kdc.realm())
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Turns the bytes of a request into those of an answer.
type Service = fn(&Kdc, &[u8], Transport, Duration) -> Option<Vec<u8>>;

/// How long a connection may stay silent.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest request that is read.
const MAX_REQUEST: u32 = 1 << 20;

/// Binds a free port for both. A port that is free for UDP may be taken for TCP, hence the
/// attempts.
fn bind_both() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..64 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        match UdpSocket::bind(tcp.local_addr()?) {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::AddrInUse.into()))
}

fn serve_udp(kdc: &Kdc, service: Service, socket: &UdpSocket, stop: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let received = socket.recv_from(&mut buffer);
        if stop.load(Ordering::Acquire) {
            return;
        }
        // An error here is an ICMP message about an answer for which nobody was waiting.
        let Ok((length, peer)) = received else {
            continue;
        };
        let Some(request) = buffer.get(..length) else {
            continue;
        };
        let Some(reply) = answer(kdc, service, request, Transport::Udp) else {
            continue;
        };
        if kdc.faults.strikes(&Fault::UdpFromOtherPort) {
            if let Ok(other) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
                drop(other.send_to(&reply, peer));
            }
        } else {
            drop(socket.send_to(&reply, peer));
        }
    }
}

fn serve_tcp(kdc: &Arc<Kdc>, service: Service, listener: &TcpListener, stop: &AtomicBool) {
    loop {
        let accepted = listener.accept();
        if stop.load(Ordering::Acquire) {
            return;
        }
        let Ok((connection, _)) = accepted else {
            continue;
        };
        let kdc = kdc.clone();
        // A silent client must not keep the others waiting. The thread ends with the connection.
        let serve = move || drop(serve_connection(&kdc, service, connection));
        drop(
            thread::Builder::new()
                .name("testkdc connection".to_owned())
                .spawn(serve),
        );
    }
}

/// RFC 4120 §7.2.2: each message has its length before it, four octets in network byte order.
fn serve_connection(kdc: &Kdc, service: Service, mut connection: TcpStream) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_nodelay(true)?;
    loop {
        let mut length = [0; 4];
        connection.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > MAX_REQUEST {
            return Ok(());
        }
        let mut request = Vec::new();
        let read = (&mut connection)
            .take(length.into())
            .read_to_end(&mut request)?;
        if u32::try_from(read) != Ok(length) {
            return Ok(());
        }
        let Some(reply) = answer(kdc, service, &request, Transport::Tcp) else {
            // No answer: the client must notice this by itself.
            let _ = connection.read(&mut [0; 1]);
            return Ok(());
        };
        if kdc.faults.strikes(&Fault::TcpCloses) {
            return Ok(());
        }
        let lie = kdc.faults.find(|fault| match fault {
            Fault::TcpLength(length) => Some(*length),
            _ => None,
        });
        let length = lie.map_or_else(|| u32::try_from(reply.len()).ok(), Some);
        let mut message = length.unwrap_or(u32::MAX).to_be_bytes().to_vec();
        message.extend_from_slice(&reply);
        if kdc.faults.strikes(&Fault::TcpClosesMidway) {
            message.truncate(message.len() / 2);
            return connection.write_all(&message);
        }
        connection.write_all(&message)?;
    }
}

fn answer(kdc: &Kdc, service: Service, request: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let reply = service(kdc, request, transport, now)?;
    let delay = kdc.faults.find(|fault| match fault {
        Fault::Delay(delay) => Some(*delay),
        _ => None,
    });
    if let Some(delay) = delay {
        thread::sleep(delay);
    }
    Some(reply)
}
