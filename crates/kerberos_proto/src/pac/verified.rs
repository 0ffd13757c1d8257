//! `VerifiedPac`: the contents of a PAC whose signatures were verified.

use super::error::Fault;
use super::small_buffers::requestor;
use super::{
    AttributesInfo, CredentialsInfo, DelegationInfo, LogonInfo, Pac, PacBufferType, PacError,
    PacSummary, Sid, UpnDnsInfo,
};

/// A PAC whose signatures were verified, and which is about the ticket's client.
///
/// Each buffer is parsed when it is asked for. A KDC may omit any of them, and a malformed buffer
/// does not affect the others.
///
/// # Example
/// A service gets this from [`Accepted::pac`](crate::Accepted::pac). Here it is taken manually from
/// a ticket of Samba's KDC.
/// of Samba's KDC by hand.
/// ```
/// use kerberos_asn1::{Decode, EncTicketPart};
/// use kerberos_crypto::{EncryptionType, Key};
/// use kerberos_proto::pac::{Pac, PacCheck, PacError};
/// use kerberos_proto::{AuthorizationDataElement, Principal};
/// # let ticket: &[u8] =
/// #     include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pac/captured/samba-rc4.der"));
/// # let key = 0xcd00_0413_62a5_7826_dac5_e724_004e_f336_u128.to_be_bytes();
/// let service_key = Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &key)?;
/// // `ticket` is what was decrypted with that key.
/// let part = EncTicketPart::from_der(ticket)?;
/// # let elements: Vec<_> = part.authorization_data.as_ref().unwrap().iter()
/// #     .map(|one| AuthorizationDataElement { ad_type: one.ad_type, ad_data: one.ad_data.to_vec() })
/// #     .collect();
/// let pac = Pac::from_authorization_data(&elements)?.expect("Samba makes PACs");
/// let client = Principal::from_wire(&part.cname, part.crealm);
/// let pac = pac.verify(&PacCheck::new(&client, part.authtime, &service_key))?;
///
/// let summary = pac.summary()?;
/// assert_eq!(summary.upn.as_deref(), Some("alice@ad.test"));
/// let user = summary.user_sid.expect("Samba says so");
/// assert_eq!(user.to_string(), "S-1-5-21-35186807-342203964-2857158540-1103");
///
/// // Another key would not have done.
/// let other_key = Key::from_bytes(EncryptionType::ARCFOUR_HMAC, &[7; 16])?;
/// let refused = pac.pac().verify(&PacCheck::new(&client, part.authtime, &other_key));
/// assert_eq!(refused.unwrap_err(), PacError::ServerChecksum);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct VerifiedPac<'a>(Pac<'a>);

impl<'a> VerifiedPac<'a> {
    pub(super) fn new(pac: Pac<'a>) -> Self {
        Self(pac)
    }

    /// The unparsed buffers, for types that have no method here.
    pub fn pac(&self) -> &Pac<'a> {
        &self.0
    }

    /// LOGON_INFO: names, SIDs and groups. Active Directory's KDCs provide it, MIT's does not.
    ///
    /// # Errors
    /// [`PacError::Buffer`] if it is malformed.
    pub fn logon_info(&self) -> Result<Option<LogonInfo>, PacError> {
        self.read(PacBufferType::LOGON_INFO, LogonInfo::read)
    }

    /// UPN_DNS_INFO: user principal name, DNS domain, and possibly account name and SID.
    ///
    /// # Errors
    /// [`PacError::Buffer`] if it is malformed.
    pub fn upn_dns_info(&self) -> Result<Option<UpnDnsInfo>, PacError> {
        self.read(PacBufferType::UPN_DNS_INFO, UpnDnsInfo::read)
    }

    /// DELEGATION_INFO: the services that have acted for the client.
    ///
    /// # Errors
    /// [`PacError::Buffer`] if it is malformed.
    pub fn delegation_info(&self) -> Result<Option<DelegationInfo>, PacError> {
        self.read(PacBufferType::DELEGATION_INFO, DelegationInfo::read)
    }

    /// ATTRIBUTES_INFO: whether the PAC was requested. Only TGTs contain it.
    ///
    /// # Errors
    /// [`PacError::Buffer`] if it is malformed.
    pub fn attributes_info(&self) -> Result<Option<AttributesInfo>, PacError> {
        self.read(PacBufferType::ATTRIBUTES_INFO, AttributesInfo::read)
    }

    /// REQUESTOR: the SID of the account that logged in. Only TGTs contain it.
    ///
    /// # Errors
    /// [`PacError::Buffer`] if it is malformed.
    pub fn requestor(&self) -> Result<Option<Sid>, PacError> {
        self.read(PacBufferType::REQUESTOR, requestor)
    }

    /// CREDENTIALS_INFO: credentials that only the client can decrypt.
    ///
    /// # Errors
    /// [`PacError::Buffer`] if it is malformed.
    pub fn credentials_info(&self) -> Result<Option<CredentialsInfo<'a>>, PacError> {
        self.read(PacBufferType::CREDENTIALS_INFO, CredentialsInfo::read)
    }

    /// Who the client is, combined from all relevant buffers.
    ///
    /// # Errors
    /// [`PacError::Buffer`] if one of them is malformed: a client whose groups cannot be read must
    /// not pass for one without groups. The other buffers can still be read individually.
    pub fn summary(&self) -> Result<PacSummary, PacError> {
        PacSummary::of(self)
    }

    fn read<T>(
        &self,
        buffer_type: PacBufferType,
        read: impl FnOnce(&'a [u8]) -> Result<T, Fault>,
    ) -> Result<Option<T>, PacError> {
        let read = self.0.buffer(buffer_type).map(read);
        read.transpose().map_err(Fault::within(buffer_type))
    }
}
