//! The socket of the KCM daemon: requests and replies with a time limit, using no more memory than
//! the bytes actually received.

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

/// A stream to which requests are written and from which replies are read.
pub(in crate::ccache) struct Stream<S> {
    io: S,
    socket: PathBuf,
    limit: Duration,
}

/// A socket whose reads and writes must all finish before a deadline.
pub(in crate::ccache) struct Timed {
    stream: UnixStream,
    deadline: Instant,
}

impl Connection {
    /// Connects to the daemon named in `options`. All further requests must be answered within the
    /// time limit given there.
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
    /// A connection over an existing stream.
    pub(in crate::ccache) fn new(stream: S) -> Self {
        Self {
            io: stream,
            socket: PathBuf::new(),
            limit: Duration::ZERO,
        }
    }

    /// Sends a request and receives the reply.
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
        // This is not the status of the operation but of the transport. Nothing follows unless it
        // is 0.
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

    /// Reads `length` bytes. Memory is allocated as they arrive, doubling each time, because the
    /// length is only a claim.
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
    /// The remaining time.
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

/// Connects without blocking: if the daemon is slow to accept connections, an ordinary `connect`
/// would wait indefinitely.
fn connect(socket: &Path, deadline: Instant) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let descriptor =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    loop {
        match rustix::net::connect(&descriptor, &address) {
            Ok(()) => break,
            // The daemon's queue is full, and no event reports when that changes.
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

/// No daemon sends a longer reply.
const LARGEST_REPLY: usize = 10 << 20;
/// How much memory to allocate at first.
const CHUNK: usize = 64 << 10;
/// How long to wait before trying to connect again.
const PAUSE: Duration = Duration::from_millis(5);
