//! Configurable PACs and tickets, signed like those of KDCs.

use kerberos_asn1::{
    AuthorizationData, AuthorizationDataEntry, AuthorizationDataType, Decode, EncTicketPart,
    Encode, EncryptionKey, KerberosString, KerberosTime, SequenceOf, TicketFlags,
    TransitedEncoding, TransitedType,
};
use kerberos_crypto::{ChecksumType, EncryptionType, Key, KeyUsage};
use kerberos_proto::pac::{KdcCheck, Pac, PacBufferType, PacCheck, PacError, VerifiedPac};
use kerberos_proto::{AuthorizationDataElement, Principal};

use crate::ndr::{Ndr, array, packed_sid, sid, utf16};
use crate::random::Rng;

pub(crate) const AUTHTIME: i64 = 1_767_225_600;

/// The domain of the samples, S-1-5-21-1-2-3.
pub(crate) const DOMAIN: [u32; 4] = [21, 1, 2, 3];

/// How to make a PAC.
pub(crate) struct Sample {
    pub(crate) client: Principal,
    pub(crate) authtime: i64,
    pub(crate) service_key: Key,
    pub(crate) kdc_key: Key,
    /// The type of the server checksum.
    pub(crate) server_type: ChecksumType,
    /// The number of the read-only domain controller that signs.
    pub(crate) rodc: Option<u16>,
    /// The buffers besides the signatures.
    pub(crate) buffers: Vec<(PacBufferType, Vec<u8>)>,
    /// The signatures to include.
    pub(crate) signatures: Vec<PacBufferType>,
}

impl Sample {
    /// A PAC like those of Active Directory.
    pub(crate) fn new() -> Self {
        Self::with_keys(
            EncryptionType::AES256_CTS_HMAC_SHA1_96,
            EncryptionType::AES256_CTS_HMAC_SHA1_96,
        )
    }

    pub(crate) fn with_keys(service: EncryptionType, kdc: EncryptionType) -> Self {
        let client = Principal::parse("alice@EXAMPLE.COM").unwrap();
        Self {
            authtime: AUTHTIME,
            server_type: service.default_checksum().unwrap(),
            service_key: Key::generate(service, &mut Rng(1)).unwrap(),
            kdc_key: Key::generate(kdc, &mut Rng(2)).unwrap(),
            rodc: None,
            buffers: vec![
                (PacBufferType::LOGON_INFO, logon_info(|_| {})),
                (PacBufferType::CLIENT_INFO, client_info(AUTHTIME, "alice")),
                (PacBufferType::UPN_DNS_INFO, upn_dns_info()),
                (PacBufferType(99), b"unknown".to_vec()),
            ],
            signatures: vec![
                PacBufferType::SERVER_CHECKSUM,
                PacBufferType::KDC_CHECKSUM,
                PacBufferType::TICKET_CHECKSUM,
                PacBufferType::FULL_CHECKSUM,
            ],
            client,
        }
    }

    /// The same, with other contents of one buffer.
    pub(crate) fn with(mut self, buffer_type: PacBufferType, data: Vec<u8>) -> Self {
        self.buffers.retain(|(one, _)| *one != buffer_type);
        self.buffers.push((buffer_type, data));
        self
    }

    pub(crate) fn without(mut self, buffer_type: PacBufferType) -> Self {
        self.buffers.retain(|(one, _)| *one != buffer_type);
        self.signatures.retain(|one| *one != buffer_type);
        self
    }

    /// The signed PAC, and the EncTicketPart that contains it.
    pub(crate) fn build(&self) -> (Vec<u8>, Vec<u8>) {
        // MS-PAC §2.8, "Ticket Signature": the ticket is signed with a zero byte in place of the
        // PAC.
        let unsigned_ticket = self.enc_ticket_part(&[0]);
        let mut buffers = self.buffers.clone();
        for &signature in &self.signatures {
            let (key, checksum_type) = self.signer(signature);
            let checksum = match signature {
                PacBufferType::TICKET_CHECKSUM => compute(key, checksum_type, &unsigned_ticket),
                _ => vec![0; checksum_type.checksum_len().unwrap()],
            };
            let number = self
                .rodc
                .map_or(Vec::new(), |rodc| rodc.to_le_bytes().to_vec());
            let trailer = match signature {
                PacBufferType::SERVER_CHECKSUM => Vec::new(),
                PacBufferType::TICKET_CHECKSUM => number,
                // Zero like the checksum while the PAC is being signed.
                _ => vec![0; number.len()],
            };
            buffers.push((
                signature,
                [&checksum_type.0.to_le_bytes()[..], &checksum, &trailer].concat(),
            ));
        }
        let mut pac = pactype(&buffers);
        for signature in [
            PacBufferType::FULL_CHECKSUM,
            PacBufferType::SERVER_CHECKSUM,
            PacBufferType::KDC_CHECKSUM,
        ] {
            let Some(place) = place(&pac, signature) else {
                continue;
            };
            let (key, checksum_type) = self.signer(signature);
            let signed = match signature {
                PacBufferType::KDC_CHECKSUM => {
                    let server = Pac::parse(&pac).unwrap();
                    let server = server.buffer(PacBufferType::SERVER_CHECKSUM);
                    server.map_or(Vec::new(), |buffer| buffer[4..].to_vec())
                }
                _ => pac.clone(),
            };
            let mut checksum = compute(key, checksum_type, &signed);
            if signature == PacBufferType::KDC_CHECKSUM {
                checksum.extend(self.rodc.into_iter().flat_map(u16::to_le_bytes));
            }
            pac[place + 4..][..checksum.len()].copy_from_slice(&checksum);
        }
        let ticket = self.enc_ticket_part(&pac);
        (pac, ticket)
    }

    /// Verifies a PAC with all keys.
    pub(crate) fn verify<'p>(
        &self,
        pac: &'p [u8],
        ticket: &[u8],
    ) -> Result<VerifiedPac<'p>, PacError> {
        let mut kdc = KdcCheck::new(&self.kdc_key);
        kdc.enc_ticket_part = Some(ticket);
        kdc.full_checksum = true;
        let mut check = self.check();
        check.kdc = Some(kdc);
        Pac::parse(pac)?.verify(&check)
    }

    /// Verifies a PAC like a service.
    pub(crate) fn verify_as_service<'p>(&self, pac: &'p [u8]) -> Result<VerifiedPac<'p>, PacError> {
        Pac::parse(pac)?.verify(&self.check())
    }

    pub(crate) fn check(&self) -> PacCheck<'_> {
        let authtime = KerberosTime::from_unix(self.authtime);
        PacCheck::new(&self.client, authtime, &self.service_key)
    }

    fn signer(&self, signature: PacBufferType) -> (&Key, ChecksumType) {
        if signature == PacBufferType::SERVER_CHECKSUM {
            return (&self.service_key, self.server_type);
        }
        let checksum_type = self.kdc_key.checksum_type();
        (&self.kdc_key, checksum_type)
    }

    /// An EncTicketPart whose authorization data contains another element, and `pac` together with
    /// a third.
    pub(crate) fn enc_ticket_part(&self, pac: &[u8]) -> Vec<u8> {
        let other = [entry(AuthorizationDataType(141), b"restrictions")];
        let beside = [entry(AuthorizationDataType::AP_OPTIONS, b"options")];
        let other = AuthorizationData::from(&other[..]).to_der();
        let with_pac = [entry(AuthorizationDataType::WIN2K_PAC, pac), beside[0]];
        let with_pac = AuthorizationData::from(&with_pac[..]).to_der();
        let elements = [
            entry(AuthorizationDataType::IF_RELEVANT, &other),
            entry(AuthorizationDataType::IF_RELEVANT, &with_pac),
            entry(AuthorizationDataType(77), b"more"),
        ];
        EncTicketPart {
            flags: TicketFlags::PRE_AUTHENT | TicketFlags::FORWARDABLE,
            key: EncryptionKey {
                keytype: 18,
                keyvalue: &[9; 32],
            },
            crealm: KerberosString(self.client.realm()),
            cname: self.client.to_wire(),
            transited: TransitedEncoding {
                tr_type: TransitedType::DOMAIN_X500_COMPRESS,
                contents: b"",
            },
            authtime: KerberosTime::from_unix(self.authtime),
            starttime: None,
            endtime: KerberosTime::from_unix(self.authtime + 3600),
            renew_till: None,
            caddr: None,
            authorization_data: Some(SequenceOf::from(&elements[..])),
        }
        .to_der()
    }
}

/// The authorization data of an EncTicketPart, as an acceptor returns it.
pub(crate) fn authorization_data(ticket: &[u8]) -> Vec<AuthorizationDataElement> {
    let part = EncTicketPart::from_der(ticket).unwrap();
    let elements = part.authorization_data.unwrap();
    let owned = elements.iter().map(|one| AuthorizationDataElement {
        ad_type: one.ad_type,
        ad_data: one.ad_data.to_vec(),
    });
    owned.collect()
}

/// PACTYPE (MS-PAC §2.3): the aligned buffers, one after the other.
pub(crate) fn pactype(buffers: &[(PacBufferType, Vec<u8>)]) -> Vec<u8> {
    let mut head = (buffers.len() as u32).to_le_bytes().to_vec();
    head.extend([0; 4]);
    let mut body = Vec::new();
    for (buffer_type, data) in buffers {
        let offset = 8 + 16 * buffers.len() + body.len();
        head.extend(buffer_type.0.to_le_bytes());
        head.extend((data.len() as u32).to_le_bytes());
        head.extend((offset as u64).to_le_bytes());
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(8), 0);
    }
    head.extend(body);
    head
}

pub(crate) fn client_info(authtime: i64, name: &str) -> Vec<u8> {
    let name = utf16(name);
    let time = (authtime.cast_unsigned() + 11_644_473_600) * 10_000_000;
    let mut bytes = time.to_le_bytes().to_vec();
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend(name);
    bytes
}

/// UPN_DNS_INFO in its extended form.
pub(crate) fn upn_dns_info() -> Vec<u8> {
    let parts = [
        utf16("alice@example.com"),
        utf16("EXAMPLE.COM"),
        utf16("alice"),
        packed_sid(&[21, 1, 2, 3, 1103]),
    ];
    let mut offset = 24;
    let mut numbers = Vec::new();
    for part in &parts {
        numbers.push(part.len() as u16);
        numbers.push(offset);
        offset += part.len() as u16;
    }
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let (first, second): (Vec<u8>, Vec<u8>) = (words(&numbers[..4]), words(&numbers[4..]));
    let flags = 3_u32.to_le_bytes();
    let head = [&first[..], &flags, &second, &[0; 4]].concat();
    [&head[..], &parts.concat()].concat()
}

/// What is unusual about a LOGON_INFO.
pub(crate) struct Logon {
    pub(crate) user_id: u32,
    pub(crate) user_flags: u32,
    pub(crate) group_count: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) name: Vec<u8>,
    pub(crate) name_characters: Vec<u8>,
    pub(crate) domain: Option<Vec<u8>>,
}

/// KERB_VALIDATION_INFO, modified by `edit`.
pub(crate) fn logon_info(edit: impl FnOnce(&mut Logon)) -> Vec<u8> {
    let mut logon = Logon {
        user_id: 1103,
        user_flags: 0x220,
        group_count: 3,
        groups: vec![513, 7, 1104, 0x17, 1105, 3],
        name: crate::ndr::text_header("alice"),
        name_characters: crate::ndr::characters("alice"),
        domain: Some(sid(&DOMAIN)),
    };
    edit(&mut logon);
    let mut ndr = Ndr::default();
    for time in [1, 2, 3, 4, 5, 6_u64] {
        ndr.u64(time);
    }
    let [a, b, c, d]: [u8; 4] = logon.name.try_into().unwrap();
    ndr.u16(u16::from_le_bytes([a, b]))
        .u16(u16::from_le_bytes([c, d]))
        .pointer();
    ndr.defer(&logon.name_characters);
    ndr.text("Alice Äxample 𝄞");
    ndr.null_text().null_text().null_text().text("Z:");
    ndr.u16(7).u16(8).u32(logon.user_id).u32(513);
    ndr.u32(logon.group_count)
        .pointer()
        .defer(&array(logon.groups.len() as u32 / 2, &logon.groups));
    ndr.u32(logon.user_flags).zeros(16);
    ndr.text("DC1").text("EXAMPLE");
    match &logon.domain {
        Some(domain) => ndr.pointer().defer(domain),
        None => ndr.u32(0),
    };
    ndr.zeros(8).u32(0x210).zeros(28);
    ndr.u32(2).pointer();
    ndr.defer(&array(2, &[1, 7, 1, 7]))
        .defer(&sid(&[21, 9, 9, 9, 600]))
        .defer(&sid(&[18, 1]));
    ndr.pointer().defer(&sid(&[21, 4, 5, 6]));
    ndr.u32(1).pointer().defer(&array(1, &[2000, 0x2000_0007]));
    ndr.finish()
}

fn entry(ad_type: AuthorizationDataType, ad_data: &[u8]) -> AuthorizationDataEntry<'_> {
    AuthorizationDataEntry { ad_type, ad_data }
}

fn compute(key: &Key, checksum_type: ChecksumType, data: &[u8]) -> Vec<u8> {
    key.checksum_as(checksum_type, KeyUsage::PAC_CHECKSUM, data)
        .unwrap()
}

/// The position of the buffer of a type.
fn place(pac: &[u8], buffer_type: PacBufferType) -> Option<usize> {
    let buffer = Pac::parse(pac).unwrap().buffer(buffer_type)?;
    Some(buffer.as_ptr() as usize - pac.as_ptr() as usize)
}
