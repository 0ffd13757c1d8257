//! `CcacheBuilder`: makes the bytes of a cache, in any of the four versions. It does not use the
//! file system.

use kerberos_asn1::{KerberosTime, NameType, TicketFlags};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_proto::{Credential, Principal, TicketTimes};
use zeroize::Zeroizing;

use crate::ccache::{
    CONFIG_NAME, CONFIG_REALM, ConfigEntry, CredentialView, HEADER_STYLE, Header, TAG_CLOCK_OFFSET,
    Version,
};
use crate::window::MAX_RECORD;
use crate::wire::{EncodeError, Encoder, Sink};

/// A cache under construction: a header, the default principal, then entries.
///
/// See the [module](crate::ccache) for an example.
#[derive(Clone)]
pub struct CcacheBuilder {
    version: Version,
    default_principal: Principal,
    bytes: Zeroizing<Vec<u8>>,
}

impl CcacheBuilder {
    /// An empty cache of `default_principal`.
    ///
    /// # Errors
    /// When the unknown fields of the header, or the name, are too long for the format.
    pub fn new(header: &Header, default_principal: &Principal) -> Result<Self, EncodeError> {
        let mut builder = Self {
            version: header.version,
            default_principal: default_principal.clone(),
            bytes: Zeroizing::default(),
        };
        builder.push(|sink| {
            encode_header(sink, header)?;
            principal_to(sink, header.version, default_principal)
        })?;
        Ok(builder)
    }

    /// Adds a ticket.
    ///
    /// # Errors
    /// When it is longer than the 16 MiB that readers accept.
    pub fn credential(&mut self, credential: &Credential) -> Result<&mut Self, EncodeError> {
        append_credential(&mut self.bytes, self.version, credential)?;
        Ok(self)
    }

    /// Adds a setting.
    ///
    /// # Errors
    /// The same as [`credential`](Self::credential).
    pub fn config(&mut self, entry: &ConfigEntry) -> Result<&mut Self, EncodeError> {
        let credential = entry.to_credential(&self.default_principal);
        self.credential(&credential)
    }

    /// Adds an entry of another cache, byte for byte if that has the same version.
    ///
    /// # Errors
    /// The same as [`credential`](Self::credential).
    pub fn copy(&mut self, entry: &CredentialView<'_>) -> Result<&mut Self, EncodeError> {
        if entry.version() != self.version {
            return self.credential(&entry.to_credential());
        }
        self.push(|sink| {
            sink.put(entry.expose_record());
            Ok(())
        })
    }

    /// The default principal.
    pub fn default_principal(&self) -> &Principal {
        &self.default_principal
    }

    /// The format version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The cache so far, including session keys, as the bytes of a complete file.
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }

    fn push(
        &mut self,
        encode: impl Fn(&mut dyn Sink) -> Result<(), EncodeError>,
    ) -> Result<&mut Self, EncodeError> {
        append(&mut self.bytes, encode)?;
        Ok(self)
    }
}

/// Does not show session keys and tickets.
impl core::fmt::Debug for CcacheBuilder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CcacheBuilder")
            .field("version", &self.version)
            .field("default_principal", &self.default_principal)
            .field("length", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// The encoding of one entry, as in files and in KCM and KEYRING caches (which use version 4).
///
/// # Errors
/// When it is longer than the 16 MiB that readers accept.
pub fn encode_credential(
    version: Version,
    credential: &Credential,
) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let mut bytes = Zeroizing::default();
    append_credential(&mut bytes, version, credential)?;
    Ok(bytes)
}

/// The encoding of a principal.
///
/// # Errors
/// The same as [`encode_credential`].
pub fn encode_principal(version: Version, principal: &Principal) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Zeroizing::default();
    append(&mut bytes, |sink| principal_to(sink, version, principal))?;
    Ok(core::mem::take(&mut *bytes))
}

/// Appends the encoding of one entry to `bytes`.
pub(crate) fn append_credential(
    bytes: &mut Zeroizing<Vec<u8>>,
    version: Version,
    credential: &Credential,
) -> Result<(), EncodeError> {
    append(bytes, |sink| credential_to(sink, version, credential))
}

/// A counting pass, a single allocation of that size, then the pass that fills it.
fn append(
    bytes: &mut Zeroizing<Vec<u8>>,
    encode: impl Fn(&mut dyn Sink) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let mut length = 0_usize;
    encode(&mut length)?;
    if length > MAX_RECORD {
        return Err(EncodeError { field: "the entry" });
    }
    if bytes.capacity() - bytes.len() < length {
        // A vector that grows by itself would leave its old bytes, including keys, on the heap.
        let capacity = (bytes.len() + length).max(bytes.capacity() * 2);
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(bytes);
        *bytes = larger;
    }
    encode(&mut **bytes)
}

fn encode_header(sink: &mut dyn Sink, header: &Header) -> Result<(), EncodeError> {
    sink.put(&[5, header.version.number()]);
    if header.version < Version::V4 {
        return Ok(());
    }
    let offset_length = if header.kdc_offset.is_some() { 12 } else { 0 };
    let length =
        u16::try_from(header.unknown_fields.len() + offset_length).map_err(|_| EncodeError {
            field: "the header",
        })?;
    let mut encoder = Encoder {
        sink,
        style: HEADER_STYLE,
    };
    encoder.u16(length);
    if let Some(offset) = header.kdc_offset {
        encoder.u16(TAG_CLOCK_OFFSET);
        encoder.u16(8);
        encoder.u32(offset.seconds.cast_unsigned());
        encoder.u32(offset.microseconds.cast_unsigned());
    }
    encoder.sink.put(&header.unknown_fields);
    Ok(())
}

fn principal_to(
    sink: &mut dyn Sink,
    version: Version,
    principal: &Principal,
) -> Result<(), EncodeError> {
    let mut encoder = Encoder {
        sink,
        style: version.style(),
    };
    let mut count = principal.components().len();
    if version == Version::V1 {
        count += 1;
    } else {
        encoder.u32(principal.name_type().0.cast_unsigned());
    }
    encoder.count(count, "number of name components")?;
    encoder.names(principal)
}

fn credential_to(
    sink: &mut dyn Sink,
    version: Version,
    credential: &Credential,
) -> Result<(), EncodeError> {
    principal_to(sink, version, &credential.client)?;
    principal_to(sink, version, &credential.server)?;
    let mut encoder = Encoder {
        sink,
        style: version.style(),
    };
    let key = &credential.session_key;
    encoder.low_u16(key.etype().0);
    if version == Version::V3 {
        encoder.low_u16(key.etype().0);
    }
    encoder.data(key.expose_bytes(), "session key")?;
    let times = &credential.times;
    encoder.u32(seconds(times.authtime));
    encoder.u32(times.starttime.map_or(0, seconds));
    encoder.u32(seconds(times.endtime));
    encoder.u32(times.renew_till.map_or(0, seconds));
    encoder.u8(u8::from(credential.is_skey));
    encoder.u32(credential.flags.0);
    encoder.count(credential.addresses.len(), "addresses")?;
    for address in &credential.addresses {
        encoder.low_u16(address.address_type.0);
        encoder.data(&address.address, "addresses")?;
    }
    encoder.count(credential.authorization_data.len(), "authorization data")?;
    for element in &credential.authorization_data {
        encoder.low_u16(element.ad_type.0);
        encoder.data(&element.ad_data, "authorization data")?;
    }
    encoder.data(&credential.ticket, "ticket")?;
    encoder.data(&credential.second_ticket, "second ticket")
}

/// The format has 32 bits, which end in 2106. Times outside this range are clamped.
fn seconds(time: KerberosTime) -> u32 {
    u32::try_from(time.unix().max(0)).unwrap_or(u32::MAX)
}

impl ConfigEntry {
    /// The entry that represents the setting: the value is its ticket, everything else is empty.
    pub fn to_credential(&self, default_principal: &Principal) -> Credential {
        let mut components = vec![CONFIG_NAME.to_vec(), self.key.clone()];
        components.extend(self.principal.clone());
        Credential {
            client: default_principal.clone(),
            server: Principal::new(NameType::PRINCIPAL, components, CONFIG_REALM),
            session_key: KeyBlock::new(EncryptionType(0), Vec::new()),
            times: TicketTimes::default(),
            is_skey: false,
            flags: TicketFlags::default(),
            addresses: Vec::new(),
            authorization_data: Vec::new(),
            ticket: self.value.clone(),
            second_ticket: Vec::new(),
        }
    }
}
