//! The KCM daemon: whatever it answers, reading a cache ends, and the result is well-formed.
#![no_main]

use std::io::{self, Read, Write};

use kerberos_files::ccache::{CredentialView, Version, fuzzing::read_from_kcm};
use libfuzzer_sys::fuzz_target;

/// A daemon that gives the same answer to every request.
struct Daemon<'a>(&'a [u8]);

impl Read for Daemon<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Daemon<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fuzz_target!(|input: &[u8]| {
    let mut reader = match read_from_kcm(Daemon(input)) {
        Ok(reader) => reader.with_removed(true),
        Err(error) => {
            let _ = (error.to_string(), error.hint());
            return;
        }
    };
    assert_eq!(reader.version(), Version::V4);
    while let Some(view) = reader.next().expect("the entries were checked before") {
        assert!(CredentialView::parse(view.expose_record(), Version::V4).is_ok());
    }
});
