//! The trace that users know from MIT's `KRB5_TRACE`: events with the target `krb5_trace` and MIT's
//! wording. Where MIT prints a hash of a key, only the key's type is printed.

use core::fmt;

use kerberos_asn1::PaDataType;
use kerberos_crypto::EncryptionType;

use crate::preauth::OwnedPaData;
use crate::{MIT_ERROR_BASE, mit_text};

/// Emits an event with MIT's wording. The arguments are formatted only if there is a subscriber.
macro_rules! trace {
    ($($arg:tt)+) => { tracing::debug!(target: "krb5_trace", $($arg)+) };
}
pub(crate) use trace;

/// Bytes as MIT prints them: printable ASCII unchanged, the rest as `\xhh`.
pub(crate) struct Printable<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0 {
            match byte {
                b' '..=b'~' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

/// A protocol error code as MIT prints it: with MIT's own number and text.
pub(crate) struct Error(pub(crate) i32);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = i64::from(MIT_ERROR_BASE) + i64::from(self.0);
        write!(f, "{number}/{}", mit_text(self.0))
    }
}

/// An encryption type by its shortest name.
pub(crate) struct Etype(pub(crate) EncryptionType);

impl fmt::Display for Etype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.short_name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", (self.0).0),
        }
    }
}

/// A key, shown by its type. MIT also prints the absence of a key.
pub(crate) struct KeyTrace(pub(crate) Option<EncryptionType>);

impl fmt::Display for KeyTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(etype) => Etype(etype).fmt(f),
            None => f.write_str("(null)"),
        }
    }
}

/// Encryption types by their shortest names.
pub(crate) struct Etypes<'a>(pub(crate) &'a [EncryptionType]);

impl fmt::Display for Etypes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.0.iter().map(|&etype| Etype(etype)))
    }
}

/// The types of preauthentication data, by name and number.
pub(crate) struct PaTypes<'a>(pub(crate) &'a [OwnedPaData]);

impl fmt::Display for PaTypes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, self.0.iter().map(|padata| PaType(padata.padata_type)))
    }
}

/// A type of preauthentication data, by name and number.
pub(crate) struct PaType(pub(crate) PaDataType);

impl fmt::Display for PaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = (self.0).0;
        match PA_TYPE_NAMES.iter().find(|(known, _)| *known == number) {
            Some((_, name)) => write!(f, "{name} ({number})"),
            None => write!(f, "{number}"),
        }
    }
}

fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    let mut empty = true;
    for item in items {
        if !core::mem::take(&mut empty) {
            f.write_str(", ")?;
        }
        item.fmt(f)?;
    }
    if empty {
        f.write_str("(empty)")
    } else {
        Ok(())
    }
}

/// The names as in MIT's trace, including the odd ones.
const PA_TYPE_NAMES: &[(i32, &str)] = &[
    (1, "PA-TGS-REQ"),
    (2, "PA-ENC-TIMESTAMP"),
    (3, "PA-PW-SALT"),
    (5, "PA-ENC-UNIX-TIME"),
    (6, "PA-SANDIA-SECUREID"),
    (7, "PA-SESAME"),
    (8, "PA-OSF-DCE"),
    (9, "PA-CYBERSAFE-SECUREID"),
    (10, "PA-AFS3-SALT"),
    (11, "PA-ETYPE-INFO"),
    (12, "PA-SAM-CHALLENGE"),
    (13, "PA-SAM-RESPONSE"),
    (14, "PA-PK-AS-REQ_OLD"),
    (15, "PA-PK-AS-REP_OLD"),
    (16, "PA-PK-AS-REQ"),
    (17, "PA-PK-AS-REP"),
    (19, "PA-ETYPE-INFO2"),
    (20, "PA-SVR-REFERRAL-INFO"),
    (21, "PA-SAM-REDIRECT"),
    (22, "PA-GET-FROM-TYPED-DATA"),
    (30, "PA-SAM-CHALLENGE2"),
    (31, "PA-SAM-RESPONSE2"),
    (128, "PA-PAC-REQUEST"),
    (129, "PA-FOR_USER"),
    (130, "PA-FOR-X509-USER"),
    (132, "PA-AS-CHECKSUM"),
    (133, "PA-FX-COOKIE"),
    (136, "PA-FX-FAST"),
    (137, "PA-FX-ERROR"),
    (138, "PA-ENCRYPTED-CHALLENGE"),
    (141, "PA-OTP-CHALLENGE"),
    (142, "PA-OTP-REQUEST"),
    (144, "PA-OTP-PIN-CHANGE"),
    (147, "PA-PKINIT-KX"),
    (149, "PA-REQ-ENC-PA-REP"),
    (150, "PA_AS_FRESHNESS"),
    (151, "PA-SPAKE"),
    (152, "PA-REDHAT-IDP-OAUTH2"),
    (153, "PA-REDHAT-PASSKEY"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    #[test]
    fn trace_values_are_printed_as_in_mit() {
        let error = Error(25).to_string();
        assert_eq!(error, "-1765328359/Additional pre-authentication required");
        assert_eq!(Printable(b"R\xc3\xa9 x\n").to_string(), r"R\xc3\xa9 x\x0a");
        assert_eq!(PaType(PaDataType(2)).to_string(), "PA-ENC-TIMESTAMP (2)");
        assert_eq!(PaType(PaDataType(-9)).to_string(), "-9");
        let types = [19, 4711].map(|number| OwnedPaData::empty(PaDataType(number)));
        assert_eq!(PaTypes(&types).to_string(), "PA-ETYPE-INFO2 (19), 4711");
        assert_eq!(PaTypes(&[]).to_string(), "(empty)");
        let etypes: Vec<_> = [18, 23, 99].map(EncryptionType).into();
        assert_eq!(Etypes(&etypes).to_string(), "aes256-cts, rc4-hmac, 99");
    }
}
