//! An acceptor's work for an AP-REQ, sequentially on one core: decode, decrypt the ticket and the
//! authenticator, check, remember. The requests come from 1 024 clients with a ticket each. They
//! have the size of real tickets without a PAC, and with a PAC of 1 KiB. The service's key and the
//! session keys are aes256-cts-hmac-sha1-96.

use std::error::Error;
use std::hint::black_box;

use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
#[cfg(feature = "peers")]
use kerberos_crypto::KeyUsage;
use kerberos_crypto::{EncryptionType, Key};
use kerberos_files::rcache::RcacheFile;
use kerberos_proto::{
    Acceptor, ApInitiator, ApRequestOptions, KeyEntry, MemoryReplayCache, Principal, Replay,
    ReplayCache, ServiceKeys, Subkey, Timestamp,
};

use crate::harness::{Contestant, compare};
use crate::ticket::{self, NOW};

const ETYPE: EncryptionType = EncryptionType::AES256_CTS_HMAC_SHA1_96;
const CLIENTS: usize = 1024;

/// Measures this subject.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let server = Principal::parse("HTTP/www.example.com@EXAMPLE.COM")?;
    let key = Key::generate(ETYPE, &mut UnwrapErr(SysRng))?;
    let entry = KeyEntry {
        kvno: 3,
        key: key.to_block(),
    };
    let acceptor = Acceptor::new(ServiceKeys::new([(server.clone(), entry)])?);
    let path = std::env::temp_dir().join(format!("rkinit-bench-{}.rcache2", std::process::id()));

    for (what, pac) in [
        ("accept AP-REQ", 0),
        ("accept AP-REQ, PAC of 1 KiB", 1 << 10),
    ] {
        let messages = messages(&key, &server, pac)?;
        let accept = |message: &[u8], replays: &mut dyn ReplayCache| {
            acceptor.accept(black_box(message), None, replays, NOW)
        };
        #[cfg(feature = "peers")]
        let service_key = key.expose_bytes();
        for message in &messages {
            accept(message, &mut Everything).map_err(|error| format!("ours: {error}"))?;
            #[cfg(feature = "peers")]
            picky(message, service_key).map_err(|error| format!("picky-krb: {error}"))?;
        }
        let mut memory = Distinct::new(MemoryReplayCache::default());
        let mut file = Distinct::new(RcacheFile::new(&path, 300));
        let each = || messages.iter().map(Vec::as_slice).cycle();
        let (mut first, mut second, mut third) = (each(), each(), each());
        #[cfg(feature = "peers")]
        let mut fourth = each();
        compare(
            what,
            &mut [
                Contestant::new("kerberos_proto, no replay cache", || {
                    first.next().map(|message| accept(message, &mut Everything))
                }),
                Contestant::new("kerberos_proto, replays in memory", || {
                    second.next().map(|message| accept(message, &mut memory))
                }),
                Contestant::new("kerberos_proto, replays in file2", || {
                    third.next().map(|message| accept(message, &mut file))
                }),
                #[cfg(feature = "peers")]
                Contestant::new("picky-krb 0.13, decoded and decrypted only", || {
                    fourth.next().map(|message| picky(message, service_key))
                }),
            ],
        );
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

/// The part of the work that the peer supports: no checks, no replay cache.
#[cfg(feature = "peers")]
fn picky(
    message: &[u8],
    key: &[u8],
) -> Result<picky_krb::data_types::Authenticator, Box<dyn Error>> {
    use picky_krb::crypto::CipherSuite;
    use picky_krb::data_types::{Authenticator, EncTicketPart};
    use picky_krb::messages::ApReq;

    let cipher = CipherSuite::Aes256CtsHmacSha196.cipher();
    let usage = |usage: KeyUsage| i32::try_from(usage.0);
    let request: ApReq = picky_asn1_der::from_bytes(message)?;
    let ticket = &request.0.ticket.0.0.enc_part.0.cipher.0.0;
    let part = cipher.decrypt(key, usage(KeyUsage::KDC_REP_TICKET)?, ticket)?;
    let part: EncTicketPart = picky_asn1_der::from_bytes(&part)?;
    let session = &part.0.key.0.key_value.0.0;
    let authenticator = &request.0.authenticator.0.cipher.0.0;
    let plain = cipher.decrypt(
        session,
        usage(KeyUsage::AP_REQ_AUTHENTICATOR)?,
        authenticator,
    )?;
    Ok(picky_asn1_der::from_bytes::<Authenticator>(&plain)?)
}

/// An AP-REQ for each client.
fn messages(
    service_key: &Key,
    server: &Principal,
    pac: usize,
) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut rng = UnwrapErr(SysRng);
    let mut options = ApRequestOptions::default();
    options.mutual = true;
    options.subkey = Subkey::Generate;
    options.sequence_number = true;
    (0..CLIENTS)
        .map(|number| {
            let client = Principal::parse(&format!("user{number}@EXAMPLE.COM"))?;
            let credential = ticket::credential(service_key, server, client, ETYPE, &vec![7; pac])?;
            Ok(ApInitiator::start(&credential, &options, &mut rng, NOW)?.1)
        })
        .collect()
}

/// A replay cache that takes every request for a new one.
pub(crate) struct Everything;

impl ReplayCache for Everything {
    fn store(
        &mut self,
        _: &Replay<'_>,
        _: Timestamp,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        Ok(true)
    }
}

/// Makes each request unique for the inner cache, as if no client ever repeated itself.
struct Distinct<C> {
    cache: C,
    count: u64,
}

impl<C> Distinct<C> {
    fn new(cache: C) -> Self {
        Self { cache, count: 0 }
    }
}

impl<C: ReplayCache> ReplayCache for Distinct<C> {
    fn store(
        &mut self,
        request: &Replay<'_>,
        now: Timestamp,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        self.count += 1;
        let mut request = request.clone();
        let mut tag = [0; 12];
        let count = self.count.to_be_bytes();
        let distinct = request.tag.iter().skip(8).chain(&count);
        for (to, from) in tag.iter_mut().zip(distinct) {
            *to = *from;
        }
        request.tag = &tag;
        self.cache.store(&request, now)
    }
}
