//! Finding the last entry in a keytab and in a cache of 10 000 entries, and just iterating over
//! them.

use std::error::Error;
use std::fs;
use std::hint::black_box;

use kerberos_files::ccache::CcacheReader;
use kerberos_files::keytab::KeytabReader;
use kerberos_proto::Principal;
use test_support::TempDir;
use test_support::raw::{self, RawCredential, RawKey, RawPrincipal};

use crate::harness::{Contestant, compare};

const REALM: &str = "EXAMPLE.COM";
const ENTRIES: u32 = 10_000;

/// Measures this subject.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let folder = TempDir::new();
    #[cfg(feature = "peers")]
    let rskrb5 = crate::rskrb5::start()?;
    let last = Principal::parse(&format!("{}@{REALM}", host(ENTRIES - 1)))?;

    let path = folder.join("keytab");
    fs::write(&path, keytab())?;
    let find = || -> Result<usize, Box<dyn Error>> {
        let mut reader = KeytabReader::open(black_box(&path))?;
        let mut entries = 0;
        while let Some(entry) = reader.next()? {
            entries += usize::from(entry.principal().matches(&last));
        }
        Ok(entries)
    };
    if find()? != 1 {
        return Err("the keytab has not got its last key".into());
    }
    compare(
        "keytab of 10 000, its last key",
        &mut [
            Contestant::new("kerberos_files, from the file", find),
            #[cfg(feature = "peers")]
            Contestant::remote("rskrb5 0.2, from memory", |count| {
                let request = format!("keytab {} {count}", path.display());
                rskrb5.borrow_mut().measure(&request)
            }),
        ],
    );

    let path = folder.join("cache");
    fs::write(&path, cache())?;
    let find = || -> Result<usize, Box<dyn Error>> {
        let mut reader = CcacheReader::open(black_box(&path))?;
        let mut entries = 0;
        while let Some(entry) = reader.next()? {
            entries += usize::from(entry.server().matches(&last));
        }
        Ok(entries)
    };
    if find()? != 1 {
        return Err("the cache has not got its last ticket".into());
    }
    compare(
        "cache of 10 000, its last ticket",
        &mut [
            Contestant::new("kerberos_files, from the file", find),
            #[cfg(feature = "peers")]
            Contestant::remote("rskrb5 0.2, from memory", |count| {
                let request = format!("ccache {} {count}", path.display());
                rskrb5.borrow_mut().measure(&request)
            }),
        ],
    );
    Ok(())
}

fn keytab() -> Vec<u8> {
    let keys: Vec<RawKey> = (0..ENTRIES)
        .map(|number| RawKey {
            principal: RawPrincipal::new(&host(number), REALM),
            timestamp: 1_780_000_000,
            kvno: 2,
            etype: 18,
            key: vec![0x5a; 32],
        })
        .collect();
    raw::keytab(2, &keys)
}

fn cache() -> Vec<u8> {
    let alice = RawPrincipal::new("alice", REALM);
    let tickets: Vec<RawCredential> = (0..ENTRIES)
        .map(|number| RawCredential::new(&alice, &RawPrincipal::new(&host(number), REALM)))
        .collect();
    raw::cache(4, None, &alice, &tickets)
}

fn host(number: u32) -> String {
    format!("host/node{number:05}.example.com")
}
