//! The socket of the KCM daemon: requests and replies within a time limit, and no more memory than
//! there are bytes.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use zeroize::Zeroizing;

use super::message::{self, Operation, Reply};
use crate::ccache::{CcacheOptions, KcmError};

/// A connection with the daemon.
pub(in crate::ccache) type Connection = Stream<Timed>;

/// What requests are written to and replies are read from.
pub(in crate::ccache) struct Stream<S> {
    io: S,
    socket: PathBuf,
    limit: Duration,
}

/// A socket, all of whose reads and writes have to be done by a deadline.
pub(in crate::ccache) struct Timed {
    stream: UnixStream,
    deadline: Instant,
}

impl Connection {
    /// Connects with the daemon that `options` name; what is then asked has to be answered by the
    /// time that they give.
    pub(super) fn open(options: &CcacheOptions) -> Result<Self, KcmError> {
        let socket = options.kcm_socket.as_deref();
        let socket = socket.ok_or(KcmError::NoServer { socket: None })?;
        let limit = options.kcm_timeout;
        let deadline = Instant::now() + limit;
        let stream = connect(socket, deadline).map_err(|error| failure(error, socket, limit))?;
        Ok(Self {
            io: Timed { stream, deadline },
            socket: socket.to_owned(),
            limit,
        })
    }
}

impl<S: Read + Write> Stream<S> {
    /// A stream that is there.
    pub(in crate::ccache) fn new(stream: S) -> Self {
        Self {
            io: stream,
            socket: PathBuf::new(),
            limit: Duration::ZERO,
        }
    }

    /// Sends a request and takes the reply.
    pub(in crate::ccache) fn call(
        &mut self,
        operation: Operation,
        parts: &[&[u8]],
    ) -> Result<Reply, KcmError> {
        let request = message::request(operation, parts);
        let request = request.ok_or(KcmError::TooBig { length: usize::MAX })?;
        self.io
            .write_all(&request)
            .map_err(|error| self.failure(error))?;
        let length = self.number()?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LARGEST_REPLY {
            return Err(KcmError::TooBig { length });
        }
        // Not the operation's status but that of the transport: nothing follows unless it is 0.
        match self.number()?.cast_signed() {
            0 => Reply::new(self.bytes(length)?),
            code => Err(KcmError::Refused { code }),
        }
    }

    fn number(&mut self) -> Result<u32, KcmError> {
        let mut bytes = [0; 4];
        self.io
            .read_exact(&mut bytes)
            .map_err(|error| self.failure(error))?;
        Ok(u32::from_be_bytes(bytes))
    }

    /// A length that is only claimed is believed one doubling at a time.
    fn bytes(&mut self, length: usize) -> Result<Zeroizing<Vec<u8>>, KcmError> {
        let mut bytes = Zeroizing::new(Vec::new());
        while bytes.len() < length {
            let have = bytes.len();
            let more = have.max(CHUNK).min(length - have);
            let mut larger = Zeroizing::new(vec![0; have + more]);
            let (old, new) = larger.split_at_mut(have);
            old.copy_from_slice(&bytes);
            let read = self.io.read_exact(new);
            read.map_err(|error| self.failure(error))?;
            bytes = larger;
        }
        Ok(bytes)
    }

    fn failure(&self, error: io::Error) -> KcmError {
        failure(error, &self.socket, self.limit)
    }
}

impl Timed {
    /// What is left of the time.
    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Connects; where the daemon is slow to take connections, an ordinary `connect` would wait for
/// as long as it likes.
fn connect(socket: &Path, deadline: Instant) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let descriptor =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match rustix::net::connect(&descriptor, &address) {
            Ok(()) => break,
            // Its queue is full, and no event says when it is not.
            Err(rustix::io::Errno::AGAIN) if Instant::now() < deadline => thread::sleep(PAUSE),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let stream = UnixStream::from(descriptor);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn failure(error: io::Error, socket: &Path, limit: Duration) -> KcmError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => KcmError::Timeout { limit },
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::WriteZero => KcmError::Closed,
        io::ErrorKind::NotFound => KcmError::NoServer {
            socket: Some(socket.to_owned()),
        },
        _ => KcmError::Socket {
            socket: socket.to_owned(),
            source: error.into(),
        },
    }
}

/// No daemon's reply is longer.
const LARGEST_REPLY: usize = 10 << 20;
/// How much is believed at first.
const CHUNK: usize = 64 << 10;
/// How long to wait before the next try to connect.
const PAUSE: Duration = Duration::from_millis(5);
