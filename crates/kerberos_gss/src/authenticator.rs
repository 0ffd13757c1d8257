//! What GSS-API puts into an authenticator: flags, channel bindings and a delegated credential in
//! place of a checksum (RFC 4121 §4.1.1), and in the authorization data the proposal of other
//! encryption types (RFC 4537) and the promise to send channel bindings (MS-KILE §3.2.5.8).

use alloc::vec::Vec;

use kerberos_asn1::{
    AdIfRelevant, AuthorizationDataEntry, AuthorizationDataType, Decode, Encode, SequenceOf,
};
use kerberos_crypto::{ChecksumType, EncryptionType};
use kerberos_proto::{ApChecksum, AuthorizationDataElement};

use crate::{ContextFlags, GssError};

/// The checksum type of the GSS-API field (RFC 4121 §4.1.1).
pub(crate) const GSS_CHECKSUM: ChecksumType = ChecksumType(0x8003);

/// The contents of the checksum.
pub(crate) struct GssChecksum<'a> {
    /// The hash of the channel bindings; zeros if there are none.
    pub(crate) bindings: [u8; 16],
    pub(crate) flags: ContextFlags,
    /// A KRB-CRED.
    pub(crate) delegated: Option<&'a [u8]>,
}

impl<'a> GssChecksum<'a> {
    /// # Errors
    /// When the KRB-CRED is longer than 16 bits can count.
    pub(crate) fn to_checksum(&self) -> Result<ApChecksum, GssError> {
        // RFC 4121 §4.1.1: all numbers are little-endian.
        let mut checksum = Vec::with_capacity(28);
        checksum.extend_from_slice(&16_u32.to_le_bytes());
        checksum.extend_from_slice(&self.bindings);
        checksum.extend_from_slice(&self.flags.0.to_le_bytes());
        if let Some(message) = self.delegated {
            let length = u16::try_from(message.len())
                .map_err(|_| GssError::Checksum("the credential to lend is too long"))?;
            checksum.extend_from_slice(&DELEGATION.to_le_bytes());
            checksum.extend_from_slice(&length.to_le_bytes());
            checksum.extend_from_slice(message);
        }
        Ok(ApChecksum {
            checksum_type: GSS_CHECKSUM,
            checksum,
        })
    }

    /// Reads what [`to_checksum`](Self::to_checksum) writes. Extensions after it are skipped, as
    /// RFC 4121 §4.1.1 requires.
    pub(crate) fn read(checksum: &'a [u8]) -> Result<Self, GssError> {
        let malformed = GssError::Checksum("it is shorter than 24 bytes");
        let fields = || {
            let (length, rest) = checksum.split_first_chunk()?;
            let (bindings, rest) = rest.split_first_chunk()?;
            let (flags, rest) = rest.split_first_chunk()?;
            Some((
                u32::from_le_bytes(*length),
                bindings,
                u32::from_le_bytes(*flags),
                rest,
            ))
        };
        let (length, &bindings, flags, rest) = fields().ok_or(malformed)?;
        if length != 16 {
            return Err(GssError::Checksum("the bindings have not 16 bytes"));
        }
        let flags = ContextFlags(flags);
        // MIT's library also treats the flag without a credential as no delegation.
        let delegated = if flags.contains(ContextFlags::DELEG) && rest.len() >= 4 {
            Some(read_delegation(rest)?)
        } else {
            None
        };
        Ok(Self {
            bindings,
            flags,
            delegated,
        })
    }
}

fn read_delegation(rest: &[u8]) -> Result<&[u8], GssError> {
    let &[option, option2, length, length2, ref rest @ ..] = rest else {
        return Err(GssError::Checksum("the credential is cut short"));
    };
    if u16::from_le_bytes([option, option2]) != DELEGATION {
        return Err(GssError::Checksum("the delegation option is not 1"));
    }
    rest.get(..u16::from_le_bytes([length, length2]).into())
        .ok_or(GssError::Checksum("the credential is cut short"))
}

/// `DlgOpt` of RFC 4121 §4.1.1.
const DELEGATION: u16 = 1;

/// The encryption types that the initiator prefers to that of the `session` key, best first,
/// followed by the latter (RFC 4537 §3). `None` if it prefers none.
pub(crate) fn etype_negotiation(
    preferred: &[EncryptionType],
    session: EncryptionType,
) -> Option<AuthorizationDataElement> {
    let better = preferred.iter().take_while(|etype| **etype != session);
    let mut list: Vec<i32> = better.map(|etype| etype.0).collect();
    if list.is_empty() {
        return None;
    }
    list.push(session.0);
    let list = SequenceOf::from(list).to_der();
    Some(if_relevant(AuthorizationDataType::ETYPE_NEGOTIATION, &list))
}

/// The first type in the initiator's list that the acceptor permits.
pub(crate) fn negotiated_etype(
    elements: &[AuthorizationDataElement],
    permitted: &[EncryptionType],
) -> Option<EncryptionType> {
    find(elements, AuthorizationDataType::ETYPE_NEGOTIATION, |data| {
        let list = SequenceOf::<i32>::from_der(data).ok()?;
        let mut etypes = list.iter().map(EncryptionType);
        etypes.find(|etype| permitted.contains(etype) && etype.is_supported())
    })
}

/// The promise that the initiator sends bindings whenever there is a channel to bind to. An
/// acceptor that has a channel must then refuse zeros.
pub(crate) fn bindings_promise() -> AuthorizationDataElement {
    if_relevant(
        AuthorizationDataType::AP_OPTIONS,
        &KERB_AP_OPTIONS_CBT.to_le_bytes(),
    )
}

/// Whether the initiator made this promise.
pub(crate) fn promises_bindings(elements: &[AuthorizationDataElement]) -> bool {
    let options = find(elements, AuthorizationDataType::AP_OPTIONS, |data| {
        data.try_into().ok().map(u32::from_le_bytes)
    });
    options.is_some_and(|options| options & KERB_AP_OPTIONS_CBT != 0)
}

/// A flag in KERB-AP-OPTIONS (MS-KILE §2.2.7).
const KERB_AP_OPTIONS_CBT: u32 = 0x4000;

fn if_relevant(ad_type: AuthorizationDataType, ad_data: &[u8]) -> AuthorizationDataElement {
    let inner = SequenceOf::from(alloc::vec![AuthorizationDataEntry { ad_type, ad_data }]);
    AuthorizationDataElement {
        ad_type: AuthorizationDataType::IF_RELEVANT,
        ad_data: inner.to_der(),
    }
}

/// The result of `read` for the first element of this type, at the top level or within
/// AD-IF-RELEVANT.
fn find<T>(
    elements: &[AuthorizationDataElement],
    wanted: AuthorizationDataType,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Option<T> {
    elements.iter().find_map(|element| {
        if element.ad_type == wanted {
            return read(&element.ad_data);
        }
        if element.ad_type != AuthorizationDataType::IF_RELEVANT {
            return None;
        }
        let inner = AdIfRelevant::from_der(&element.ad_data).ok()?;
        let found = inner.iter().find(|entry| entry.ad_type == wanted)?;
        read(found.ad_data)
    })
}
