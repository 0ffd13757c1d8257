//! A KCM daemon for tests: each connection is served by a function.
#![allow(dead_code, reason = "not every test file uses every helper")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

pub(crate) struct Daemon {
    socket: PathBuf,
}

impl Daemon {
    /// A daemon that serves each connection to `socket` with `serve`, in its own thread.
    pub(crate) fn new(socket: &Path, serve: impl Fn(UnixStream) + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream.unwrap()));
            }
        });
        Self {
            socket: socket.to_owned(),
        }
    }

    /// A daemon that answers each request (an operation and its parameters) with the result of
    /// `answer`: the status of the operation and its results.
    pub(crate) fn answering(
        socket: &Path,
        answer: impl Fn(u16, &[u8]) -> (i32, Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        Self::new(socket, move |mut stream| {
            while let Some((operation, parameters)) = request(&mut stream) {
                let (status, results) = answer(operation, &parameters);
                let body = [&status.to_be_bytes()[..], &results].concat();
                let length = u32::try_from(body.len()).unwrap();
                let reply = [&length.to_be_bytes()[..], &[0; 4], &body].concat();
                if stream.write_all(&reply).is_err() {
                    return;
                }
            }
        })
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

/// The next request; `None` at the end.
pub(crate) fn request(stream: &mut UnixStream) -> Option<(u16, Vec<u8>)> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let [2, 0, high, low] = head else {
        panic!("not a request of protocol version 2.0: {head:?}");
    };
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
    let mut parameters = vec![0; length - head.len()];
    stream.read_exact(&mut parameters).ok()?;
    Some((u16::from_be_bytes([high, low]), parameters))
}
