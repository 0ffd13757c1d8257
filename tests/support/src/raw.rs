//! Caches, keytabs and tickets made byte by byte, independently of the product's own code.
//!
//! Tests list them with our tools and with MIT's, and compare the results; the benchmark needs
//! large ones. The layouts are from MIT's documents "Credential cache file format" and "Keytab file
//! format". Only what tests need is implemented, without any checks, so that broken files can be
//! made, too.

/// A principal as stored in files.
#[derive(Clone, Debug)]
pub struct RawPrincipal {
    /// The name type.
    pub name_type: u32,
    /// The realm.
    pub realm: Vec<u8>,
    /// The components of the name.
    pub components: Vec<Vec<u8>>,
}

impl RawPrincipal {
    /// A principal from `a/b` and a realm; nothing is unescaped.
    pub fn new(name: &str, realm: &str) -> Self {
        let components = name
            .split('/')
            .map(|part| part.as_bytes().to_vec())
            .collect();
        Self {
            name_type: 1,
            realm: realm.into(),
            components,
        }
    }
}

/// A credential as stored in a cache.
#[derive(Clone, Debug)]
pub struct RawCredential {
    /// The client.
    pub client: RawPrincipal,
    /// The service.
    pub server: RawPrincipal,
    /// The etype of the session key.
    pub etype: u16,
    /// The session key.
    pub key: Vec<u8>,
    /// The authentication, start and end times, and the end of renewability, in seconds since 1970.
    pub times: [u32; 4],
    /// Whether the ticket is encrypted with a session key.
    pub is_skey: u8,
    /// The flags of the ticket.
    pub flags: u32,
    /// Addresses, each with its type.
    pub addresses: Vec<(u16, Vec<u8>)>,
    /// Authorization data, each with its type.
    pub authdata: Vec<(u16, Vec<u8>)>,
    /// The ticket.
    pub ticket: Vec<u8>,
    /// The second ticket.
    pub second_ticket: Vec<u8>,
}

impl RawCredential {
    /// An ordinary aes256 credential of `client` for `server`, valid from 2026 to 2033.
    pub fn new(client: &RawPrincipal, server: &RawPrincipal) -> Self {
        let ticket = ticket(server, 18, 300);
        Self {
            client: client.clone(),
            server: server.clone(),
            etype: 18,
            key: vec![0x5a; 32],
            times: [1_780_000_000, 1_780_000_000, 2_000_000_000, 0],
            is_skey: 0,
            flags: 0x40e0_0000, // forwardable, renewable, initial, pre-authenticated
            addresses: Vec::new(),
            authdata: Vec::new(),
            ticket,
            second_ticket: Vec::new(),
        }
    }

    /// A configuration entry (`X-CACHECONF:`).
    pub fn config(client: &RawPrincipal, key: &str, about: Option<&str>, value: &[u8]) -> Self {
        let mut server = RawPrincipal::new("krb5_ccache_conf_data", "X-CACHECONF:");
        server.name_type = 0;
        server.components.push(key.into());
        server
            .components
            .extend(about.map(|principal| principal.as_bytes().to_vec()));
        let mut entry = Self::new(client, &server);
        (entry.etype, entry.flags, entry.times) = (0, 0, [0; 4]);
        entry.key.clear();
        entry.ticket = value.to_vec();
        entry
    }
}

/// A cache file of `version` 1 to 4. In version 4, the header contains the KDC's clock offset.
pub fn cache(
    version: u8,
    offset: Option<(i32, i32)>,
    owner: &RawPrincipal,
    credentials: &[RawCredential],
) -> Vec<u8> {
    let mut writer = Writer {
        bytes: vec![5, version],
        version,
        native: version < 3,
    };
    if version == 4 {
        let header: u16 = if offset.is_some() { 12 } else { 0 };
        writer.bytes.extend(header.to_be_bytes());
        if let Some((seconds, microseconds)) = offset {
            writer.bytes.extend([0, 1, 0, 8]);
            writer.bytes.extend(seconds.to_be_bytes());
            writer.bytes.extend(microseconds.to_be_bytes());
        }
    }
    writer.principal(owner);
    for credential in credentials {
        writer.credential(credential);
    }
    writer.bytes
}

/// An entry of a keytab.
#[derive(Clone, Debug)]
pub struct RawKey {
    /// The principal of the key.
    pub principal: RawPrincipal,
    /// When the entry was written.
    pub timestamp: u32,
    /// The version of the key.
    pub kvno: u32,
    /// The key's etype.
    pub etype: u16,
    /// The key.
    pub key: Vec<u8>,
}

/// A keytab file of `version` 1 or 2.
///
/// # Panics
/// When a part of an entry is too long for its length field.
pub fn keytab(version: u8, entries: &[RawKey]) -> Vec<u8> {
    let mut whole = Writer {
        bytes: vec![5, version],
        version,
        native: version == 1,
    };
    for entry in entries {
        let mut writer = Writer {
            bytes: Vec::new(),
            version,
            native: version == 1,
        };
        let count = entry.principal.components.len() + usize::from(version == 1);
        writer.u16(count.try_into().expect("the name has few components"));
        writer.data16(&entry.principal.realm);
        for component in &entry.principal.components {
            writer.data16(component);
        }
        if version > 1 {
            writer.u32(entry.principal.name_type);
        }
        writer.u32(entry.timestamp);
        writer.bytes.push(entry.kvno.to_le_bytes()[0]);
        writer.u16(entry.etype);
        writer.data16(&entry.key);
        writer.u32(entry.kvno);
        whole.u32(writer.bytes.len().try_into().expect("the entry is short"));
        whole.bytes.extend(writer.bytes);
    }
    whole.bytes
}

/// The DER encoding of a ticket for `server` (RFC 4120 §5.3) whose encrypted part consists of
/// `length` meaningless bytes.
pub fn ticket(server: &RawPrincipal, etype: u8, length: usize) -> Vec<u8> {
    let names: Vec<u8> = server
        .components
        .iter()
        .flat_map(|component| tlv(0x1b, component))
        .collect();
    let name_type = u8::try_from(server.name_type).unwrap_or(1);
    let name = [
        tlv(0xa0, &tlv(0x02, &[name_type])),
        tlv(0xa1, &tlv(0x30, &names)),
    ]
    .concat();
    let encrypted = [
        tlv(0xa0, &tlv(0x02, &[etype])),
        tlv(0xa1, &tlv(0x02, &[1])),
        tlv(0xa2, &tlv(0x04, &vec![0xc1; length])),
    ]
    .concat();
    let body = [
        tlv(0xa0, &tlv(0x02, &[5])),
        tlv(0xa1, &tlv(0x1b, &server.realm)),
        tlv(0xa2, &tlv(0x30, &name)),
        tlv(0xa3, &tlv(0x30, &encrypted)),
    ]
    .concat();
    tlv(0x61, &tlv(0x30, &body))
}

/// A DER element.
///
/// # Panics
/// When its length field would need more than four octets.
pub fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len())
        .expect("the value is short")
        .to_be_bytes();
    let mut bytes = vec![tag];
    match length {
        [0, 0, 0, short] if short < 0x80 => bytes.push(short),
        [0, 0, 0, one] => bytes.extend([0x81, one]),
        [0, 0, one, two] => bytes.extend([0x82, one, two]),
        [one, two, three, four] => bytes.extend([0x84, one, two, three, four]),
    }
    bytes.extend(value);
    bytes
}

/// Integers are big-endian, except in the oldest versions: there they have the machine's order,
/// which is little-endian here.
struct Writer {
    bytes: Vec<u8>,
    version: u8,
    native: bool,
}

impl Writer {
    fn u16(&mut self, value: u16) {
        self.bytes.extend(if self.native {
            value.to_ne_bytes()
        } else {
            value.to_be_bytes()
        });
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(if self.native {
            value.to_ne_bytes()
        } else {
            value.to_be_bytes()
        });
    }

    fn data16(&mut self, data: &[u8]) {
        self.u16(data.len().try_into().expect("the data is short"));
        self.bytes.extend(data);
    }

    fn data32(&mut self, data: &[u8]) {
        self.u32(data.len().try_into().expect("the data is short"));
        self.bytes.extend(data);
    }

    fn principal(&mut self, principal: &RawPrincipal) {
        if self.version > 1 {
            self.u32(principal.name_type);
        }
        let count = principal.components.len() + usize::from(self.version == 1);
        self.u32(count.try_into().expect("the name has few components"));
        self.data32(&principal.realm);
        for component in &principal.components {
            self.data32(component);
        }
    }

    fn credential(&mut self, credential: &RawCredential) {
        self.principal(&credential.client);
        self.principal(&credential.server);
        self.u16(credential.etype);
        if self.version == 3 {
            self.u16(credential.etype);
        }
        self.data32(&credential.key);
        for time in credential.times {
            self.u32(time);
        }
        self.bytes.push(credential.is_skey);
        self.u32(credential.flags);
        for list in [&credential.addresses, &credential.authdata] {
            self.u32(list.len().try_into().expect("the list is short"));
            for (kind, data) in list {
                self.u16(*kind);
                self.data32(data);
            }
        }
        self.data32(&credential.ticket);
        self.data32(&credential.second_ticket);
    }
}
