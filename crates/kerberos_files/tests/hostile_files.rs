//! Damaged keytabs, caches and krb5.conf: whatever the bytes, reading ends, and allocates next to
//! nothing.
//!
//! Tests every truncation, every flipped bit and 20 000 seeded random edits of a sample of each
//! format version. Entries that can still be read must encode to the same length, which removal in
//! place relies on.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helper functions of tests"
)]

use std::alloc::System;
use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use kerberos_asn1::{AddressType, AuthorizationDataType, KerberosTime, TicketFlags};
use kerberos_crypto::{EncryptionType, KeyBlock};
use kerberos_files::ccache::{self, CcacheBuilder, CcacheReader, ConfigEntry, Header};
use kerberos_files::config::{Krb5Config, ServerKind};
use kerberos_files::keytab::{self, KeytabEntry, KeytabError, KeytabReader};
use kerberos_proto::{AuthorizationDataElement, Credential, HostAddress, Principal, TicketTimes};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The tests of this file count the allocations of the process, so they run one at a time.
static TURN: Mutex<()> = Mutex::new(());

/// In total, although the limit was meant for a single allocation.
const LIMIT: usize = 1 << 20;

const RANDOM_EDITS: usize = 20_000;

fn principal(text: &str) -> Principal {
    Principal::parse(text).unwrap()
}

fn cache(version: ccache::Version) -> Vec<u8> {
    let credential = Credential {
        client: principal("user@EXAMPLE.COM"),
        server: principal("krbtgt/EXAMPLE.COM@EXAMPLE.COM"),
        session_key: KeyBlock::new(EncryptionType(18), vec![7; 32]),
        times: TicketTimes {
            authtime: KerberosTime::from_unix(1),
            starttime: Some(KerberosTime::from_unix(2)),
            endtime: KerberosTime::from_unix(3),
            renew_till: Some(KerberosTime::from_unix(4)),
        },
        is_skey: true,
        flags: TicketFlags::INITIAL,
        addresses: vec![HostAddress {
            address_type: AddressType::IPV4,
            address: vec![127, 0, 0, 1],
        }],
        authorization_data: vec![AuthorizationDataElement {
            ad_type: AuthorizationDataType::WIN2K_PAC,
            ad_data: vec![1, 2, 3],
        }],
        ticket: vec![b't'; 40],
        second_ticket: vec![b's'; 5],
    };
    let offset = ccache::ClockOffset {
        seconds: 1,
        microseconds: 2,
    };
    let header = Header::new(version, Some(offset));
    let mut builder = CcacheBuilder::new(&header, &credential.client).unwrap();
    builder
        .config(&ConfigEntry::new(
            "fast_avail",
            Some(&credential.server),
            "yes",
        ))
        .unwrap();
    builder.credential(&credential).unwrap();
    builder.credential(&credential).unwrap();
    builder.expose_bytes().to_vec()
}

/// A hole, an entry with slack, an entry, an end mark, and something after it.
fn keytab(version: keytab::Version) -> Vec<u8> {
    let entry = KeytabEntry {
        principal: principal("host/www.example.com@EXAMPLE.COM"),
        timestamp: 1_700_000_000,
        kvno: 300,
        key: KeyBlock::new(EncryptionType(18), vec![7; 32]),
    };
    let folder = test_support::TempDir::new();
    let path = folder.join("keytab");
    let file = keytab::KeytabFile::new(&path);
    let begin: [u8; 2] = if version == keytab::Version::V1 {
        [5, 1]
    } else {
        [5, 2]
    };
    std::fs::write(&path, begin).unwrap();
    let shorter = KeytabEntry {
        principal: principal("h/w@EXAMPLE.COM"),
        ..entry.clone()
    };
    file.add(&[entry.clone(), entry.clone(), entry]).unwrap();
    let mut count = 0;
    file.remove(|_| {
        count += 1;
        count < 3
    })
    .unwrap();
    file.add(&[shorter]).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    [&bytes[..], &[0, 0, 0, 0, 0xee, 0xee]].concat()
}

/// Reads `bytes` as a cache to the end, and returns the number of entries.
fn read_cache(bytes: &[u8], file: &File) -> usize {
    let Ok(mut reader) = CcacheReader::from_file(refill(file, bytes), "sample") else {
        return 0;
    };
    reader.default_principal().to_string();
    reader = reader.with_removed(true);
    let mut count = 0;
    loop {
        let view = match reader.next() {
            Ok(Some(view)) => view,
            Ok(None) => return count,
            Err(error) => {
                error.hint().unwrap();
                assert!(
                    reader.next().unwrap().is_none(),
                    "reading must end after an error"
                );
                return count;
            }
        };
        count += 1;
        let credential = view.to_credential();
        let shown = format!("{view:?} {:?} {credential:?}", view.config());
        assert!(shown.contains("CredentialView"));
        let encoded = ccache::encode_credential(view.version(), &credential).unwrap();
        assert_eq!(encoded.len(), view.expose_record().len());
    }
}

/// Reads `bytes` as a keytab to the end, and returns the number of entries.
fn read_keytab(bytes: &[u8], file: &File) -> usize {
    let Ok(mut reader) = KeytabReader::from_file(refill(file, bytes), "sample") else {
        return 0;
    };
    let mut count = 0;
    loop {
        match reader.next() {
            Ok(Some(view)) => {
                count += 1;
                let entry = view.to_entry();
                let shown = format!("{view:?} {entry:?} {}", view.principal());
                assert!(shown.contains("KeytabEntryView"));
            }
            Ok(None) => return count,
            // The reader continues after an invalid entry.
            Err(KeytabError::Format { offset, .. }) => assert!(offset < bytes.len() as u64),
            Err(error) => {
                error.hint().unwrap();
                assert!(
                    reader.next().unwrap().is_none(),
                    "reading must end after an error"
                );
                return count;
            }
        }
    }
}

/// Parses `bytes` as krb5.conf and asks for what a login needs. Returns the number of KDCs in it.
fn read_config(bytes: &[u8], _: &File) -> usize {
    let Ok(config) = Krb5Config::parse(&String::from_utf8_lossy(bytes)) else {
        return 0;
    };
    let realm = config.default_realm().unwrap_or("EXAMPLE.COM");
    let etypes = config.tkt_enctypes().map_or(0, |etypes| etypes.len());
    assert!(etypes <= 8, "an enctype is listed twice");
    let lifetimes = [config.ticket_lifetime(realm), config.renew_lifetime(realm)];
    assert!(lifetimes.iter().flatten().flatten().count() <= 2);
    assert!(
        config
            .domain_realm("www.example.com")
            .is_none_or(|found| found.len() <= bytes.len())
    );
    config
        .servers(realm, ServerKind::Kdc)
        .map_or(0, |servers| servers.len())
}

const CONFIG: &str = "\
[libdefaults]*
\tdefault_realm = EXAMPLE.COM
\tticket_lifetime = 1d 2h
\tpermitted_enctypes = DEFAULT -rc4 +camellia
\tEXAMPLE.COM = {
\t\trenew_lifetime = 7-00:00:00
\t}
[realms]
\tEXAMPLE.COM =
\t{
\t\tkdc = kdc1.example.com:88
\t\tkdc* = \"\\[2001:db8::1]:88\"
\t\tkdc = hidden
\t}*
# comment
[domain_realm]
\t.example.com = EXAMPLE.COM
";

fn refill(file: &File, bytes: &[u8]) -> File {
    let mut file = file.try_clone().unwrap();
    file.set_len(0).unwrap();
    file.rewind().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn check(sample: &[u8], entries: usize, read: fn(&[u8], &File) -> usize) {
    let _turn = TURN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = test_support::TempDir::new();
    let path = folder.join("file");
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    let try_input = |input: &[u8]| {
        let begun = Instant::now();
        let region = Region::new(ALLOCATOR);
        let count = read(input, &file);
        let allocated = region.change().bytes_allocated;
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "took too long to read {input:02x?}"
        );
        assert!(
            allocated < LIMIT,
            "{allocated} bytes allocated for {input:02x?}"
        );
        count
    };
    assert_eq!(try_input(sample), entries, "the undamaged sample");
    for cut in 0..sample.len() {
        try_input(&sample[..cut]);
    }
    for bit in 0..sample.len() * 8 {
        let mut input = sample.to_vec();
        input[bit / 8] ^= 1 << (bit % 8);
        try_input(&input);
    }
    for start in 0..sample.len() - 3 {
        for extreme in [u32::MAX, 0x7fff_ffff, 0x8000_0000] {
            let mut input = sample.to_vec();
            input[start..start + 4].copy_from_slice(&extreme.to_be_bytes());
            try_input(&input);
        }
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..RANDOM_EDITS {
        let mut input = sample.to_vec();
        for _ in 0..=random.below(4) {
            random.edit(&mut input);
        }
        try_input(&input);
    }
}

/// A xorshift generator: the same edits on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn edit(&mut self, input: &mut Vec<u8>) {
        if input.is_empty() {
            return;
        }
        let at = self.below(input.len());
        match self.below(6) {
            0 => input[at] = self.byte(),
            1 => input[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
            2 => input[at] ^= 1 << self.below(8),
            3 => input.insert(at, self.byte()),
            4 => drop(input.drain(at..input.len().min(at + 1 + self.below(8)))),
            _ => {
                let copied = input[at..input.len().min(at + 1 + self.below(64))].to_vec();
                let to = self.below(input.len());
                input.splice(to..to, copied);
            }
        }
    }
}

#[test]
fn ccache_version_1() {
    check(&cache(ccache::Version::V1), 3, read_cache);
}

#[test]
fn ccache_version_2() {
    check(&cache(ccache::Version::V2), 3, read_cache);
}

#[test]
fn ccache_version_3() {
    check(&cache(ccache::Version::V3), 3, read_cache);
}

#[test]
fn ccache_version_4() {
    check(&cache(ccache::Version::V4), 3, read_cache);
}

#[test]
fn keytab_version_1() {
    check(&keytab(keytab::Version::V1), 2, read_keytab);
}

#[test]
fn keytab_version_2() {
    check(&keytab(keytab::Version::V2), 2, read_keytab);
}

#[test]
fn krb5_conf() {
    check(CONFIG.as_bytes(), 2, read_config);
}
