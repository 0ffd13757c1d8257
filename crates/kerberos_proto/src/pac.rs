//! The privilege attribute certificate (MS-PAC): what Active Directory and other KDCs say about a
//! client besides its name, and the signatures that prove it.
//!
//! ```text
//! ticket ─► Accepted ─► pac() ────────────────────────────────────────► VerifiedPac ─► PacSummary
//!              └─ authorization_data ─► Pac::from_authorization_data ─verify─┘  └─► LogonInfo, …
//! ```
//! A [`Pac`] is a list of unverified buffers. [`Pac::verify`] checks the signatures and the client,
//! and returns a [`VerifiedPac`]. Only that type gives access to the contents.
//!
//! Not covered: creating PACs (which KDCs do), parsing claims and device buffers (they are only
//! listed), decrypting CREDENTIALS_INFO, and deciding what a SID is allowed to do.

use kerberos_asn1::{AuthorizationData, AuthorizationDataType, Decode};

use crate::AuthorizationDataElement;

mod buffer_type;
mod client_info;
mod cursor;
mod delegation_info;
mod error;
mod file_time;
mod header;
mod logon_info;
mod ndr;
mod sid;
mod signatures;
mod small_buffers;
mod summary;
mod ticket_input;
mod upn_dns_info;
mod verified;

pub use buffer_type::PacBufferType;
pub use delegation_info::DelegationInfo;
pub use error::{PacError, PacFault};
pub use file_time::FileTime;
pub use logon_info::{GroupMembership, LogonInfo, SidAndAttributes};
pub use sid::{Sid, SidError};
pub use signatures::{KdcCheck, PacCheck};
pub use small_buffers::{AttributesInfo, CredentialsInfo};
pub use summary::PacSummary;
pub use upn_dns_info::UpnDnsInfo;
pub use verified::VerifiedPac;

/// An unverified PAC: a list of typed buffers, borrowed from the ticket.
///
/// # Example
/// ```
/// use kerberos_proto::pac::{Pac, PacBufferType, PacError};
/// // One buffer, of an unknown type.
/// let mut bytes = vec![1, 0, 0, 0, 0, 0, 0, 0]; // count, version
/// bytes.extend([99, 0, 0, 0, 2, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0]); // type, size, offset
/// bytes.extend(b"hi");
/// let pac = Pac::parse(&bytes)?;
/// assert_eq!(pac.buffer(PacBufferType(99)), Some(&b"hi"[..]));
/// assert!(matches!(Pac::parse(&bytes[..25]), Err(PacError::BufferRange { .. })));
/// # Ok::<(), PacError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pac<'a> {
    bytes: &'a [u8],
    /// The part of `bytes` that lists the buffers.
    infos: &'a [u8],
}

/// One buffer of a PAC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PacBuffer<'a> {
    /// What it holds.
    pub buffer_type: PacBufferType,
    /// Its contents.
    pub data: &'a [u8],
}

impl<'a> Pac<'a> {
    /// Reads the list of buffers (MS-PAC §2.3, §2.4) and checks the position of each.
    ///
    /// # Errors
    /// When the list is malformed; when a buffer is misaligned, out of bounds or overlaps another;
    /// and when there are two buffers of the same known type, because readers could then disagree
    /// on which one counts.
    /// disagree on which counts.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PacError> {
        header::parse(bytes)
    }

    /// The PAC in a ticket's authorization data, within AD-IF-RELEVANT (MS-KILE §3.4.5.3); `None`
    /// if there is none.
    ///
    /// # Errors
    /// The same as [`Pac::parse`]; also when an AD-IF-RELEVANT is malformed, and when there are
    /// several PACs, since only one can come from the KDC.
    pub fn from_authorization_data(
        elements: &'a [AuthorizationDataElement],
    ) -> Result<Option<Self>, PacError> {
        let mut found = None;
        for element in elements {
            if element.ad_type != AuthorizationDataType::IF_RELEVANT {
                continue;
            }
            let inner =
                AuthorizationData::from_der(&element.ad_data).map_err(PacError::IfRelevant)?;
            for one in &inner {
                if one.ad_type != AuthorizationDataType::WIN2K_PAC {
                    continue;
                }
                if found.replace(one.ad_data).is_some() {
                    return Err(PacError::SeveralPacs);
                }
            }
        }
        found.map(Self::parse).transpose()
    }

    /// The PAC as it was received.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// All buffers in order, including those of unknown types.
    pub fn buffers(&self) -> impl Iterator<Item = PacBuffer<'a>> + use<'a> {
        header::buffers(self.bytes, self.infos)
    }

    /// The contents of the first buffer of the given type.
    pub fn buffer(&self, buffer_type: PacBufferType) -> Option<&'a [u8]> {
        self.buffers()
            .find(|one| one.buffer_type == buffer_type)
            .map(|one| one.data)
    }

    /// Checks that the PAC was made by the KDC and is about the ticket's client.
    ///
    /// With only the service's key, this proves as much as the ticket itself does, because the KDC
    /// has encrypted the ticket and signed the PAC with that same key. That is what a service
    /// needs. The signatures made with the KDC's own key ([`PacCheck::kdc`]) also prove that the
    /// PAC was not forged by another service that shares the service's key.
    ///
    /// # Errors
    /// A separate error for each signature that is missing or wrong, and for a PAC that is about
    /// another client or another login.
    pub fn verify(&self, check: &PacCheck<'_>) -> Result<VerifiedPac<'a>, PacError> {
        signatures::verify(self, check)?;
        client_info::check(self, check)?;
        Ok(VerifiedPac::new(*self))
    }
}
