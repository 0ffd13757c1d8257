//! A non-blocking stream socket, to an IP address or to a path.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketType, recv, send};

use crate::delivery::Address;

/// A connection, established or not.
#[derive(Debug)]
pub(super) struct Stream(OwnedFd);

impl Stream {
    /// Begins to connect.
    pub(super) fn open(address: &Address) -> io::Result<Self> {
        match super::connect(address, SocketType::STREAM) {
            Ok((fd, Ok(()) | Err(Errno::INPROGRESS))) => Ok(Self(fd)),
            Ok((_, Err(errno))) | Err(errno) => Err(errno.into()),
        }
    }

    /// The result of connecting, once the socket is ready.
    pub(super) fn connected(&self) -> io::Result<()> {
        rustix::net::sockopt::socket_error(&self.0)??;
        Ok(())
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl io::Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(&self.0, buffer, RecvFlags::empty())?.0)
    }
}

impl io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(&self.0, bytes, SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Succeeds if the socket is merely not ready.
pub(super) fn pending(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}
