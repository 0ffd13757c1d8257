//! GSS-API: messages of three sizes with keys of all types, establishing contexts with a cached
//! ticket, and accepting them; compared with MIT's library, and with AES-CBC and HMAC alone.

use std::cell::RefCell;
use std::error::Error;
use std::hint::black_box;

use cipher::array::Array;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use hmac::{Hmac, Mac};
use kerberos_crypto::EncryptionType;
use kerberos_gss::{Initiator, Protection, Step};
use sha1::Sha1;

use crate::harness::{Contestant, compare};

#[cfg(feature = "peers")]
mod mit;
mod world;

use world::World;

const SIZES: [(&str, usize); 3] = [("64 B", 64), ("1 KiB", 1 << 10), ("64 KiB", 1 << 16)];

/// Measures this subject.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    floor()?;
    for etype in EncryptionType::SUPPORTED {
        messages(*etype)?;
    }
    contexts()
}

/// AES-256-CBC and HMAC-SHA1 of 64 KiB, one after the other, and our message of that size.
fn floor() -> Result<(), Box<dyn Error>> {
    let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
    let world = World::new(etype)?;
    let (mut ours, peer) = world.establish(&world.credential)?;
    let mut rng = UnwrapErr(SysRng);
    let text = vec![0x5a; 1 << 16];
    let mut buffer = text.clone();
    let (key, iv) = (Array::from([7; 32]), Array::from([0; 16]));
    let mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&[7; 20])?;
    let mut token = Vec::new();
    compare(
        "seal 64 KiB, aes256-sha1",
        &mut [
            Contestant::new("kerberos_gss", || {
                token.clear();
                ours.sender
                    .wrap_into(&mut token, Protection::Seal, black_box(&text), &mut rng)
            }),
            Contestant::new("HMAC-SHA1, then AES-256-CBC", || {
                let code = mac.clone().chain_update(&buffer).finalize();
                let (blocks, _) = Array::slice_as_chunks_mut(&mut buffer);
                cbc::Encryptor::<aes::Aes256>::new(&key, &iv).encrypt_blocks(blocks);
                code
            }),
        ],
    );
    let sealed = ours.wrap(Protection::Seal, &text, &mut rng)?;
    let mut place = sealed.clone();
    let peer = RefCell::new(peer);
    compare(
        "open 64 KiB, aes256-sha1",
        &mut [
            Contestant::new("kerberos_gss", || {
                peer.borrow_mut().unwrap(black_box(&sealed)).map(drop)
            }),
            Contestant::new("kerberos_gss, copied and opened in place", || {
                place.copy_from_slice(black_box(&sealed));
                let receiver = &mut peer.borrow_mut().receiver;
                receiver.unwrap_in_place(&mut place).map(drop)
            }),
            Contestant::new("AES-256-CBC, then HMAC-SHA1", || {
                let (blocks, _) = Array::slice_as_chunks_mut(&mut buffer);
                cbc::Decryptor::<aes::Aes256>::new(&key, &iv).decrypt_blocks(blocks);
                mac.clone().chain_update(&buffer).finalize()
            }),
        ],
    );
    Ok(())
}

/// Wrap, unwrap and MIC with keys of this type.
fn messages(etype: EncryptionType) -> Result<(), Box<dyn Error>> {
    let world = World::new(etype)?;
    let (mut ours, mut peer) = world.establish(&world.credential)?;
    #[cfg(feature = "peers")]
    let mit = RefCell::new(mit::start(&world)?);
    let mut rng = UnwrapErr(SysRng);
    for (name, size) in SIZES {
        let text = vec![0x5a; size];
        let mut token = Vec::new();
        compare(
            &format!("wrap {name}, {etype}"),
            &mut [
                Contestant::new("kerberos_gss", || {
                    ours.wrap(Protection::Seal, black_box(&text), &mut rng)
                }),
                Contestant::new("kerberos_gss, into one buffer", || {
                    token.clear();
                    let sender = &mut peer.sender;
                    sender.wrap_into(
                        &mut token,
                        Protection::Seal,
                        black_box(&text),
                        &mut UnwrapErr(SysRng),
                    )
                }),
                #[cfg(feature = "peers")]
                Contestant::remote("MIT's libgssapi", |count| {
                    mit.borrow_mut().measure(&format!("wrap {size} {count}"))
                }),
            ],
        );
        let sealed = ours.wrap(Protection::Seal, &text, &mut rng)?;
        compare(
            &format!("unwrap {name}, {etype}"),
            &mut [
                Contestant::new("kerberos_gss", || peer.unwrap(black_box(&sealed)).map(drop)),
                #[cfg(feature = "peers")]
                Contestant::remote("MIT's libgssapi", |count| {
                    mit.borrow_mut().measure(&format!("unwrap {size} {count}"))
                }),
            ],
        );
    }
    Ok(())
}

/// Contexts with mutual authentication, aes256-sha1.
fn contexts() -> Result<(), Box<dyn Error>> {
    let etype = EncryptionType::AES256_CTS_HMAC_SHA1_96;
    let world = World::new(etype)?;
    #[cfg(feature = "peers")]
    let mit = RefCell::new(mit::start(&world)?);
    compare(
        "establish a context, both ends",
        &mut [
            Contestant::new("kerberos_gss, ticket from a cache file", || {
                world.establish(&world.cached()?).map(drop)
            }),
            Contestant::new("kerberos_gss, ticket in memory", || {
                world.establish(&world.credential).map(drop)
            }),
            #[cfg(feature = "peers")]
            Contestant::remote("MIT's libgssapi, cache file and keytab", |count| {
                mit.borrow_mut().measure(&format!("establish 0 {count}"))
            }),
        ],
    );
    let options = &world.options;
    let (_, step) = Initiator::start(
        &world.credential,
        options,
        &mut UnwrapErr(SysRng),
        world.now,
    )?;
    let Step::Continue(token) = step else {
        return Err("an AP-REP was asked for".into());
    };
    compare(
        "accept a context",
        &mut [
            Contestant::new("kerberos_gss", || world.accept(black_box(&token)).map(drop)),
            #[cfg(feature = "peers")]
            Contestant::remote("MIT's libgssapi", |count| {
                mit.borrow_mut().measure(&format!("accept 0 {count}"))
            }),
        ],
    );
    Ok(())
}
