//! Keytabs and caches of all versions, and a KCM daemon's answers about a cache.

use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::ccache::{
    CcacheBuilder, ClockOffset, ConfigEntry, Header, Version, encode_credential, encode_principal,
};
use kerberos_files::keytab::{KeytabEntry, encode_keytab};
use kerberos_proto::{Credential, Principal};

use super::Seeds;
use crate::process::Outcome;

/// Writes the seeds; the caches contain `tgt`.
///
/// # Errors
/// When one of our encoders fails.
pub(super) fn write(seeds: &mut Seeds<'_>, tgt: &Credential) -> Outcome {
    let entry = |name, kvno, etype, length| -> Outcome<KeytabEntry> {
        Ok(KeytabEntry {
            principal: Principal::parse(name)?,
            timestamp: 1_000_000_000,
            kvno,
            key: KeyBlock::new(etype, vec![7; length]),
        })
    };
    let entries = [
        entry("host/www@R", 1, EncryptionType::AES256_CTS_HMAC_SHA1_96, 32)?,
        entry("host/www@R", 70_000, EncryptionType::ARCFOUR_HMAC, 16)?,
        entry("@", 0, EncryptionType(0), 0)?,
    ];
    seeds.add("keytab", "three", &encode_keytab(&entries)?)?;

    let settings = [
        ConfigEntry::new("fast_avail", None, "yes"),
        ConfigEntry::new("pa_type", Some(&tgt.server), "2"),
    ];
    let offset = ClockOffset {
        seconds: -3,
        microseconds: 5,
    };
    for version in [Version::V1, Version::V2, Version::V3, Version::V4] {
        let header = Header::new(version, (version == Version::V4).then_some(offset));
        let mut cache = CcacheBuilder::new(&header, &tgt.client)?;
        for setting in &settings {
            cache.config(setting)?;
        }
        cache.credential(tgt)?;
        seeds.add("ccache", &format!("{version:?}"), cache.expose_bytes())?;
    }
    let record = encode_credential(Version::V4, tgt)?;
    let owner = encode_principal(Version::V4, &tgt.client)?;
    let primary = [&[0, 0, 0, 1, 0, 0, 0, 3], b"tkt".as_slice()].concat();
    let payloads: [&[u8]; 4] = [&primary, &owner, &record, b"persistent:0:tkt"];
    for (choice, payload) in (0..).zip(payloads) {
        let input = [&[choice], payload].concat();
        seeds.add("keyring_payload", &format!("payload{choice}"), &input)?;
    }
    // Two requests, each made twice, with a hash seed and two full slots already in the file.
    let requests = [16, 0, 0, 33, 0, 255].repeat(2);
    let input = [&[4], requests.as_slice(), &[7; 16 + 2 * 20]].concat();
    seeds.add("rcache", "full", &input)?;
    // The same among many other requests, and hours later.
    let many = (0..=255).flat_map(|name| [name, 1, name]);
    let input: Vec<u8> = [255].into_iter().chain(many).collect();
    seeds.add("rcache", "many", &input)?;
    kcm(seeds, tgt)
}

/// The answers to the requests for reading a cache, one after the other.
fn kcm(seeds: &mut Seeds<'_>, tgt: &Credential) -> Outcome {
    let principal = encode_principal(Version::V4, &tgt.client)?;
    let record = encode_credential(Version::V4, tgt)?;
    let mut list = 1_u32.to_be_bytes().to_vec();
    list.extend(u32::try_from(record.len())?.to_be_bytes());
    list.extend_from_slice(&record);
    let mut answers = Vec::new();
    for results in [&principal, &3_u32.to_be_bytes().to_vec(), &list] {
        answers.extend(u32::try_from(results.len() + 4)?.to_be_bytes());
        answers.extend([0; 8]);
        answers.extend_from_slice(results);
    }
    seeds.add("kcm_replies", "cache", &answers)
}
