//! The signatures of a PAC: which key makes each, and what it covers (MS-PAC §2.8, whose
//! subsections have been renumbered over time).
//!
//! | signature | key | covers |
//! |---|---|---|
//! | SERVER_CHECKSUM | the service's | the PAC, with this and KDC_CHECKSUM zero |
//! | KDC_CHECKSUM | the KDC's | the bytes of SERVER_CHECKSUM |
//! | TICKET_CHECKSUM | the KDC's | the ticket, with a zero byte for the PAC |
//! | FULL_CHECKSUM | the KDC's | the PAC, with this, SERVER_CHECKSUM and KDC_CHECKSUM zero |

use kerberos_asn1::KerberosTime;
use kerberos_crypto::{ChecksumType, CryptoError, Key, KeyUsage};

use super::cursor::Cursor;
use super::error::Fault;
use super::{Pac, PacBufferType, PacError, header, ticket_input};
use crate::Principal;
use crate::plain::without_padding;

/// What a PAC is verified against.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PacCheck<'k> {
    /// The ticket's client.
    pub client: &'k Principal,
    /// When the client logged in, according to the ticket.
    pub authtime: KerberosTime,
    /// The key that decrypts the ticket.
    pub service_key: &'k Key,
    /// The checks of the KDC's signatures, for a caller that has the KDC's key.
    pub kdc: Option<KdcCheck<'k>>,
}

impl<'k> PacCheck<'k> {
    /// The checks that a service makes.
    pub fn new(client: &'k Principal, authtime: KerberosTime, service_key: &'k Key) -> Self {
        Self {
            client,
            authtime,
            service_key,
            kdc: None,
        }
    }
}

/// The signatures with the KDC's key. All PACs have the KDC checksum, which [`KdcCheck::new`]
/// checks. According to MS-PAC §2.8 the others are in every ticket except those for a TGS and for
/// `kadmin/changepw`, but older KDCs do not make them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KdcCheck<'k> {
    /// The key of `krbtgt`.
    pub key: &'k Key,
    /// The decrypted part of the ticket, an EncTicketPart. If it is given, the PAC must have a
    /// ticket checksum.
    pub enc_ticket_part: Option<&'k [u8]>,
    /// Whether the PAC must have a full checksum. If it has one, it is checked in any case.
    pub full_checksum: bool,
}

impl<'k> KdcCheck<'k> {
    /// Checks the KDC checksum and, if present, the full checksum.
    pub fn new(key: &'k Key) -> Self {
        Self {
            key,
            enc_ticket_part: None,
            full_checksum: false,
        }
    }
}

/// Checks all signatures for which `check` has keys.
pub(super) fn verify(pac: &Pac<'_>, check: &PacCheck<'_>) -> Result<(), PacError> {
    let server =
        Signature::find(pac, PacBufferType::SERVER_CHECKSUM)?.ok_or(PacError::NoServerChecksum)?;
    let kdc = Signature::find(pac, PacBufferType::KDC_CHECKSUM)?.ok_or(PacError::NoKdcChecksum)?;

    let mut zeroed = pac.as_bytes().to_vec();
    zero(pac, PacBufferType::SERVER_CHECKSUM, &mut zeroed);
    zero(pac, PacBufferType::KDC_CHECKSUM, &mut zeroed);
    server.verify(check.service_key, &zeroed, PacError::ServerChecksum)?;

    let Some(by_kdc) = &check.kdc else {
        return Ok(());
    };
    kdc.verify(by_kdc.key, server.data, PacError::KdcChecksum)?;
    let full = Signature::find(pac, PacBufferType::FULL_CHECKSUM)?;
    if full.is_none() && by_kdc.full_checksum {
        return Err(PacError::NoFullChecksum);
    }
    if let Some(full) = full {
        zero(pac, PacBufferType::FULL_CHECKSUM, &mut zeroed);
        full.verify(by_kdc.key, &zeroed, PacError::FullChecksum)?;
    }
    if let Some(part) = by_kdc.enc_ticket_part {
        let ticket = Signature::find(pac, PacBufferType::TICKET_CHECKSUM)?
            .ok_or(PacError::NoTicketChecksum)?;
        let part = without_padding(part, check.service_key.etype());
        let signed = ticket_input::of(part, pac.as_bytes())?;
        ticket.verify(by_kdc.key, &signed, PacError::TicketChecksum)?;
    }
    Ok(())
}

/// PAC_SIGNATURE_DATA.
struct Signature<'a> {
    buffer_type: PacBufferType,
    checksum_type: ChecksumType,
    checksum: &'a [u8],
    /// Everything after the type: the checksum, followed by the number of the read-only domain
    /// controller if one has signed.
    data: &'a [u8],
}

impl<'a> Signature<'a> {
    /// Finds the signature in the buffer of this type; `None` if there is no such buffer.
    fn find(pac: &Pac<'a>, buffer_type: PacBufferType) -> Result<Option<Self>, PacError> {
        let Some(buffer) = pac.buffer(buffer_type) else {
            return Ok(None);
        };
        let within = || Fault::within(buffer_type);
        let mut cursor = Cursor::new(buffer);
        let checksum_type = cursor.u32().map_err(within())?;
        let checksum_type = ChecksumType(checksum_type.cast_signed());
        // The length of the checksum follows from its type, since RODCIdentifier may come after it.
        let length = checksum_type.checksum_len();
        let Some(length) = length.filter(|_| checksum_type.is_keyed()) else {
            return Err(PacError::ChecksumType {
                buffer_type,
                checksum_type,
            });
        };
        let data = buffer.get(TYPE_LENGTH..).unwrap_or_default();
        let checksum = cursor.take(length).map_err(within())?;
        Ok(Some(Self {
            buffer_type,
            checksum_type,
            checksum,
            data,
        }))
    }

    /// Checks that this is the signature with `key` over `signed`, and returns the error `wrong` if
    /// not.
    fn verify(&self, key: &Key, signed: &[u8], wrong: PacError) -> Result<(), PacError> {
        let usage = KeyUsage::PAC_CHECKSUM;
        match key.verify_checksum_as(self.checksum_type, usage, signed, self.checksum) {
            Ok(()) => Ok(()),
            Err(CryptoError::UnsupportedChecksum(checksum_type)) => Err(PacError::ChecksumType {
                buffer_type: self.buffer_type,
                checksum_type,
            }),
            Err(_) => Err(wrong),
        }
    }
}

/// Zeroes a signature except for its type, which is how it was when the PAC was signed.
fn zero(pac: &Pac<'_>, buffer_type: PacBufferType, copy: &mut [u8]) {
    let buffer = header::range(pac, buffer_type).and_then(|range| copy.get_mut(range));
    if let Some(data) = buffer.and_then(|buffer| buffer.get_mut(TYPE_LENGTH..)) {
        data.fill(0);
    }
}

/// The length of SignatureType.
const TYPE_LENGTH: usize = 4;
