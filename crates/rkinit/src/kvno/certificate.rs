//! The certificate of `-F`: from the PEM text of a file (RFC 7468) to DER.
//!
//! The contents of the certificate are left to the KDC.

use std::io;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use thiserror::Error;

use crate::messages::system_text;

/// Why a file has no valid certificate, in MIT's words.
#[derive(Debug, Error)]
pub(super) enum CertificateError {
    #[error("{}", system_text(.0))]
    Io(#[from] io::Error),
    #[error("No begin line not found")]
    NoBegin,
    #[error("No end line found")]
    NoEnd,
    #[error("Unexpected header line")]
    Header,
    #[error("Invalid base64")]
    Base64,
}

impl CertificateError {
    /// What to do about the error.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "give -F the path of a certificate in PEM format",
            Self::NoBegin => {
                "the file has no line \"-----BEGIN CERTIFICATE-----\"; if it is in DER \
                 format, convert it with openssl x509 -inform der"
            }
            Self::NoEnd => "the line \"-----END CERTIFICATE-----\" is missing: the file is cut off",
            Self::Header | Self::Base64 => {
                "only lines of base64 are allowed between the BEGIN and END lines"
            }
        }
    }
}

/// The first certificate in the file.
///
/// # Errors
/// When the file cannot be read or has none.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    // No certificate is this long, and a device might never end.
    const LIMIT: u64 = 1 << 20;
    let mut text = Vec::new();
    let file = std::fs::File::open(path)?;
    io::Read::read_to_end(&mut io::Read::take(file, LIMIT), &mut text)?;
    from_pem(&text)
}

/// Parses PEM as MIT's kvno does: text before the begin line and blanks around a line are ignored,
/// and lines may have any length.
pub(super) fn from_pem(text: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines
        .find(|line| line.starts_with(BEGIN))
        .ok_or(CertificateError::NoBegin)?;
    let mut base64 = String::new();
    for line in lines {
        if line.starts_with(END) {
            return Base64::decode_vec(&base64).map_err(|_| CertificateError::Base64);
        }
        // Text after the last newline is not a line.
        let text = str::from_utf8(line).map_err(|_| CertificateError::Base64)?;
        if text.contains(':') {
            return Err(CertificateError::Header);
        }
        base64.push_str(text);
    }
    Err(CertificateError::NoEnd)
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_certificates_parse_and_malformed_ones_are_refused() {
        let check = |text: &str, expected: Result<&[u8], &str>| {
            let found = from_pem(text.as_bytes());
            let found = found.as_deref().map_err(ToString::to_string);
            assert_eq!(found, expected.map_err(ToOwned::to_owned), "{text}");
        };
        let whole = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        check(whole, Ok(&[1, 2, 3]));
        check(whole.trim_end(), Ok(&[1, 2, 3]));
        check(&whole.replace('\n', " \r\n  "), Ok(&[1, 2, 3]));
        check(&whole.replace("AQID", "AQ\nID"), Ok(&[1, 2, 3]));
        check(&whole.replace("AQID", "AQI="), Ok(&[1, 2]));
        check(&format!("subject: x\n\n{whole}{whole}"), Ok(&[1, 2, 3]));
        check("", Err("No begin line not found"));
        check("AQID\n", Err("No begin line not found"));
        check(
            &whole.replace("CERTIFICATE", "PRIVATE KEY"),
            Err("No begin line not found"),
        );
        check(
            "-----BEGIN CERTIFICATE-----\nAQID\n",
            Err("No end line found"),
        );
        check(
            &whole.replace("AQID", "a: b"),
            Err("Unexpected header line"),
        );
        check(&whole.replace("AQID", "AQ!D"), Err("Invalid base64"));
        check(&whole.replace("AQID", "AQI"), Err("Invalid base64"));
    }

    #[test]
    fn unreadable_file_reports_the_system_error() {
        let error = read(Path::new("/nowhere/at.all")).unwrap_err();
        assert_eq!(error.to_string(), "No such file or directory");
        let error = read(Path::new("/")).unwrap_err();
        assert_eq!(error.to_string(), "Is a directory");
    }
}
