//! `--password-file FILE`: the first line of a file is the secret.
//!
//! Nothing after that line is read, so that the rest of a pipe remains for another reader.

use std::ffi::OsStr;
use std::fs::File;
use std::io;

use kerberos_proto::Password;
use rustix::stdio::stdin;
use zeroize::Zeroizing;

use crate::messages::refusal::Refusal;
use crate::messages::system_text;

/// The maximum length of a secret.
const MAX_LEN: usize = 64 * 1024;

/// Reads the secret from the file at `path`, or from standard input if `path` is `-`.
///
/// # Errors
/// When the file cannot be read or is empty, or its first line is too long.
pub(crate) fn read(path: &OsStr) -> Result<Password, Refusal> {
    let read = if path == "-" {
        first_line(|byte| Ok(rustix::io::read(stdin(), byte)?))
    } else {
        File::open(path).and_then(|file| read_from(&file))
    };
    read.map_err(|error| {
        let context = format!("while reading the password file {}", path.display());
        Refusal::new(system_text(&error), &context)
    })
}

/// Reads the secret from an open file.
///
/// # Errors
/// As for [`read`].
pub(crate) fn read_from(file: &File) -> io::Result<Password> {
    first_line(|byte| Ok(rustix::io::read(file, byte)?))
}

/// The first line, without its line end; read byte by byte.
fn first_line(mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<Password> {
    // Allocated with its maximum size, because growing would leave copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LEN));
    let mut byte = Zeroizing::new([0_u8]);
    let mut is_empty = true;
    loop {
        match read(&mut *byte) {
            Ok(0) if is_empty => return Err(io::Error::other("The file is empty")),
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        is_empty = false;
        match *byte {
            [b'\n'] => break,
            _ if line.len() == MAX_LEN => {
                return Err(io::Error::other("The first line is too long"));
            }
            [byte] => line.push(byte),
        }
    }
    Ok(Password::new(bare(&line)))
}

/// The secret in the first line of `text`, which is already in memory.
pub(crate) fn read_text(text: &[u8]) -> Password {
    let line = text.split(|byte| *byte == b'\n').next();
    Password::new(bare(line.unwrap_or_default()))
}

/// The line without the carriage return and the byte order mark that editors on Windows add. No
/// password starts with a byte order mark.
fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
}

/// U+FEFF in UTF-8.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_secret() {
        let check = |whole: &[u8], expected: Option<&[u8]>, left: &[u8]| {
            let mut text = whole;
            let line = first_line(|byte| io::Read::read(&mut text, byte)).ok();
            let line = line.as_ref().map(Password::expose_bytes);
            assert_eq!(line, expected);
            assert_eq!(text, left);
            if let Some(expected) = expected {
                assert_eq!(read_text(whole).expose_bytes(), expected);
            }
        };
        check(b"secret\nnext\n", Some(b"secret"), b"next\n");
        check(b" no end ", Some(b" no end "), b"");
        check(b"windows\r\n", Some(b"windows"), b"");
        check(b"\xef\xbb\xbfmarked\r\n", Some(b"marked"), b"");
        check(b"nul\0\xff\n", Some(b"nul\0\xff"), b"");
        check(b"\n", Some(b""), b"");
        check(b"", None, b"");
        let longest = vec![b'x'; MAX_LEN];
        check(&longest, Some(&longest), b"");
        check(&[&longest[..], b"x"].concat(), None, b"");
    }
}
