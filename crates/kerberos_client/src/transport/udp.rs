//! UDP: one datagram each way (RFC 4120 §7.2.1).

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketType, recv, send};

use super::Progress;
use crate::delivery::Address;

/// The longest datagram there can be.
const MAX_DATAGRAM: usize = 65_536;

/// A connected UDP socket: the system drops datagrams of other senders and reports refusals.
#[derive(Debug)]
pub(crate) struct Udp {
    fd: OwnedFd,
}

impl Udp {
    pub(super) fn open(address: &Address, request: &[u8]) -> io::Result<Self> {
        let (fd, connected) = super::connect(address, SocketType::DGRAM)?;
        connected?;
        let udp = Self { fd };
        udp.send(request)?;
        Ok(udp)
    }

    pub(super) fn send(&self, request: &[u8]) -> io::Result<()> {
        send(&self.fd, request, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    pub(super) fn receive(&self) -> io::Result<Progress> {
        let mut datagram = Vec::with_capacity(MAX_DATAGRAM);
        match recv(&self.fd, spare_capacity(&mut datagram), RecvFlags::empty()) {
            // An empty datagram is ignored.
            Ok(_) if datagram.is_empty() => Ok(Progress::Pending),
            Ok(_) => Ok(Progress::Reply(datagram)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Progress::Pending),
            Err(errno) => Err(errno.into()),
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
