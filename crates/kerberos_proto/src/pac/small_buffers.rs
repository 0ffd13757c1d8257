//! ATTRIBUTES_INFO, REQUESTOR and CREDENTIALS_INFO: small buffers (MS-PAC §2.14, §2.15, §2.6.1).

use kerberos_crypto::EncryptionType;

use super::cursor::Cursor;
use super::error::Fault;
use super::{PacFault, Sid};

/// Why the PAC is in the ticket (MS-PAC §2.14).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AttributesInfo {
    /// The first 32 flags.
    pub flags: u32,
}

impl AttributesInfo {
    /// The client requested a PAC.
    pub const PAC_WAS_REQUESTED: u32 = 1;
    /// The client did not say whether it wanted a PAC, and got one.
    pub const PAC_WAS_GIVEN_IMPLICITLY: u32 = 2;

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(bytes);
        let wrong = cursor.fault(PacFault::Count);
        let bits = cursor.u32()?;
        // Flags come in 32-bit words. All defined flags are in the first.
        if bits == 0 {
            return Err(wrong);
        }
        let flags = cursor.u32()?;
        let mask = u32::MAX.checked_shr(32_u32.saturating_sub(bits));
        Ok(Self {
            flags: flags & mask.unwrap_or_default(),
        })
    }
}

/// Credentials that only the client can decrypt, after a login by certificate (MS-PAC §2.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CredentialsInfo<'a> {
    /// The encryption type. The key is the reply key of the AS exchange.
    pub etype: EncryptionType,
    /// The encrypted PAC_CREDENTIAL_DATA.
    pub cipher: &'a [u8],
}

impl<'a> CredentialsInfo<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(bytes);
        let wrong = cursor.fault(PacFault::Version);
        if cursor.u32()? != 0 {
            return Err(wrong);
        }
        let etype = EncryptionType(cursor.u32()?.cast_signed());
        Ok(Self {
            etype,
            cipher: bytes.get(8..).unwrap_or_default(),
        })
    }
}

/// The SID of the account that logged in (MS-PAC §2.15).
pub(super) fn requestor(bytes: &[u8]) -> Result<Sid, Fault> {
    Sid::read(&mut Cursor::new(bytes))
}
