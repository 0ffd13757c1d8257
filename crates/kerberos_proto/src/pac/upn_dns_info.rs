//! UPN_DNS_INFO: the client's other names (MS-PAC §2.10).

use alloc::string::String;

use super::Sid;
use super::cursor::Cursor;
use super::error::Fault;

/// The user principal name and DNS domain; since 2021 also the account's name and SID.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UpnDnsInfo {
    /// The user principal name, `user@example.com`.
    pub upn: String,
    /// The DNS name of the domain.
    pub dns_domain_name: String,
    /// Whether the account has no `userPrincipalName`, so that `upn` was constructed from account
    /// and domain.
    pub upn_constructed: bool,
    /// The account's name, `sAMAccountName`.
    pub sam_name: Option<String>,
    /// The account's SID.
    pub sid: Option<Sid>,
}

impl UpnDnsInfo {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut header = Cursor::new(bytes);
        let upn = Part::read(&mut header)?;
        let dns_domain_name = Part::read(&mut header)?;
        let flags = header.u32()?;
        let (sam_name, sid) = if flags & EXTENDED == 0 {
            (None, None)
        } else {
            let (sam_name, sid) = (Part::read(&mut header)?, Part::read(&mut header)?);
            let mut sid = Cursor::at(bytes, sid.offset);
            (Some(sam_name.text(bytes)?), Some(Sid::read(&mut sid)?))
        };
        Ok(Self {
            upn: upn.text(bytes)?,
            dns_domain_name: dns_domain_name.text(bytes)?,
            upn_constructed: flags & UPN_CONSTRUCTED != 0,
            sam_name,
            sid,
        })
    }
}

/// The position of a part in the buffer: length and offset in bytes.
struct Part {
    length: usize,
    offset: usize,
}

impl Part {
    fn read(header: &mut Cursor<'_>) -> Result<Self, Fault> {
        Ok(Self {
            length: header.u16()?.into(),
            offset: header.u16()?.into(),
        })
    }

    fn text(&self, bytes: &[u8]) -> Result<String, Fault> {
        Cursor::at(bytes, self.offset).utf16(self.length)
    }
}

/// Flag U: the account has no user principal name of its own.
const UPN_CONSTRUCTED: u32 = 1;

/// Flag S: the account's name and SID are included.
const EXTENDED: u32 = 2;
