//! `Wire`: a TCP connection, with a security layer once one is negotiated.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use kerberos_sasl::SecurityLayer;

/// A connection whose messages are protected as soon as there is a security layer.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    layer: Option<SecurityLayer>,
    /// Received bytes that are still protected.
    received: Vec<u8>,
    /// Received and unprotected bytes that were not consumed yet.
    plain: Vec<u8>,
}

impl Wire {
    /// Connects to `address`, without a security layer.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(address: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            stream: TcpStream::connect(address)?,
            layer: None,
            received: Vec::new(),
            plain: Vec::new(),
        })
    }

    /// Protects everything that follows.
    pub fn protect(&mut self, layer: SecurityLayer) {
        self.layer = Some(layer);
    }

    /// Sends `message`.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn send(&mut self, message: &[u8]) -> Result<(), Box<dyn Error>> {
        let mut out = Vec::new();
        match &mut self.layer {
            Some(layer) => layer.sender.protect(message, &mut out)?,
            None => out.extend_from_slice(message),
        }
        Ok(self.stream.write_all(&out)?)
    }

    /// Receives the next message. `length` determines its length from the bytes received so far.
    ///
    /// # Errors
    /// When the connection ends, a frame is not authentic, or `length` fails.
    pub fn receive(
        &mut self,
        length: impl Fn(&[u8]) -> Result<Option<usize>, Box<dyn Error>>,
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        loop {
            if let Some(length) = length(&self.plain)?
                && length <= self.plain.len()
            {
                let rest = self.plain.split_off(length);
                return Ok(std::mem::replace(&mut self.plain, rest));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<(), Box<dyn Error>> {
        let mut buffer = [0; 4096];
        let count = self.stream.read(&mut buffer)?;
        let new = buffer.get(..count).filter(|new| !new.is_empty());
        let new = new.ok_or("the other side has closed the connection")?;
        match &mut self.layer {
            Some(layer) => {
                self.received.extend_from_slice(new);
                while layer
                    .receiver
                    .receive(&mut self.received, &mut self.plain)?
                {}
            }
            None => self.plain.extend_from_slice(new),
        }
        Ok(())
    }
}
