//! `PacBufferType`: what a PAC buffer contains (MS-PAC §2.4).

use core::fmt;

/// The type of a buffer. Unknown numbers are preserved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacBufferType(pub u32);

impl PacBufferType {
    /// Logon information: SIDs and names of the user (MS-PAC §2.5).
    pub const LOGON_INFO: Self = Self(1);
    /// Encrypted credentials, after a login by certificate (MS-PAC §2.6).
    pub const CREDENTIALS_INFO: Self = Self(2);
    /// The signature with the service's key (MS-PAC §2.8, "Server Signature").
    pub const SERVER_CHECKSUM: Self = Self(6);
    /// The signature with the KDC's key over the service's signature (MS-PAC §2.8, "KDC
    /// Signature").
    pub const KDC_CHECKSUM: Self = Self(7);
    /// The client's name and the time of its login (MS-PAC §2.7).
    pub const CLIENT_INFO: Self = Self(10);
    /// The services that have acted for the client (MS-PAC §2.9).
    pub const DELEGATION_INFO: Self = Self(11);
    /// User principal name and DNS domain (MS-PAC §2.10).
    pub const UPN_DNS_INFO: Self = Self(12);
    /// Claims about the client (MS-PAC §2.11).
    pub const CLIENT_CLAIMS_INFO: Self = Self(13);
    /// SIDs of the client's device (MS-PAC §2.12).
    pub const DEVICE_INFO: Self = Self(14);
    /// Claims about the client's device (MS-PAC §2.13).
    pub const DEVICE_CLAIMS_INFO: Self = Self(15);
    /// The signature with the KDC's key over the ticket (MS-PAC §2.8, "Ticket Signature").
    pub const TICKET_CHECKSUM: Self = Self(16);
    /// Whether the PAC was requested (MS-PAC §2.14).
    pub const ATTRIBUTES_INFO: Self = Self(17);
    /// The SID of the account that logged in (MS-PAC §2.15).
    pub const REQUESTOR: Self = Self(18);
    /// The signature with the KDC's key over the whole PAC (MS-PAC §2.8, "Extended KDC Signature").
    pub const FULL_CHECKSUM: Self = Self(19);

    /// The name of the type, if it is known.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::LOGON_INFO => "LOGON_INFO",
            Self::CREDENTIALS_INFO => "CREDENTIALS_INFO",
            Self::SERVER_CHECKSUM => "SERVER_CHECKSUM",
            Self::KDC_CHECKSUM => "KDC_CHECKSUM",
            Self::CLIENT_INFO => "CLIENT_INFO",
            Self::DELEGATION_INFO => "DELEGATION_INFO",
            Self::UPN_DNS_INFO => "UPN_DNS_INFO",
            Self::CLIENT_CLAIMS_INFO => "CLIENT_CLAIMS_INFO",
            Self::DEVICE_INFO => "DEVICE_INFO",
            Self::DEVICE_CLAIMS_INFO => "DEVICE_CLAIMS_INFO",
            Self::TICKET_CHECKSUM => "TICKET_CHECKSUM",
            Self::ATTRIBUTES_INFO => "ATTRIBUTES_INFO",
            Self::REQUESTOR => "REQUESTOR",
            Self::FULL_CHECKSUM => "FULL_CHECKSUM",
            _ => return None,
        })
    }
}

impl fmt::Display for PacBufferType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "buffer type {}", self.0),
        }
    }
}

impl fmt::Debug for PacBufferType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "PacBufferType({}, {name})", self.0),
            None => write!(f, "PacBufferType({})", self.0),
        }
    }
}
