//! Measures rskrb5 on request: a line `VERB ARGUMENTS… COUNT` on standard input runs an operation
//! COUNT times, and the answer is the time it took in nanoseconds; `load NAME HEX` stores a
//! message.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

use rskrb5::crypto::KerberosEtype;
use rskrb5::{ap_req, ccache, kdc_rep, keytab, krb_error};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut kept = HashMap::new();
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let took = match words.as_slice() {
            ["load", name, hex] => {
                kept.insert((*name).to_owned(), bytes(hex)?);
                0
            }
            ["decode", name, count] => decode(name, message(&kept, name)?, count.parse()?)?,
            ["encode", name, count] => encode(name, message(&kept, name)?, count.parse()?)?,
            ["encrypt" | "decrypt", etype, size, count] => {
                let size = size.parse()?;
                seal(words[0] == "encrypt", etype.parse()?, size, count.parse()?)?
            }
            ["string-to-key", etype, count] => string_to_key(etype.parse()?, count.parse()?)?,
            ["keytab", path, count] => {
                let file = std::fs::read(path)?;
                let find = || {
                    let keytab = keytab::Keytab::parse(black_box(&file)).ok()?;
                    let name = ["host", "node09999.example.com"];
                    let key = keytab.find_key(&name, "EXAMPLE.COM", 2, 18).ok()?;
                    Some(key.1)
                };
                find().ok_or("no key")?;
                time(count.parse()?, find)
            }
            ["ccache", path, count] => {
                let file = std::fs::read(path)?;
                let find = || {
                    let cache = ccache::CCache::parse(black_box(&file)).ok()?;
                    let name = ["host", "node09999.example.com"];
                    cache.get_entry(&name).map(|entry| entry.ticket.len())
                };
                find().ok_or("no ticket")?;
                time(count.parse()?, find)
            }
            _ => return Err(format!("what is `{line}`?").into()),
        };
        writeln!(out, "{took}")?;
        out.flush()?;
    }
    Ok(())
}

fn time<T>(count: u32, mut work: impl FnMut() -> T) -> u128 {
    let start = Instant::now();
    for _ in 0..count {
        drop(black_box(work()));
    }
    start.elapsed().as_nanos()
}

fn message<'a>(kept: &'a HashMap<String, Vec<u8>>, name: &str) -> Outcome<&'a [u8]> {
    Ok(kept.get(name).ok_or("not loaded")?)
}

fn decode(name: &str, bytes: &[u8], count: u32) -> Outcome<u128> {
    let bytes = || black_box(bytes);
    Ok(match name {
        "AS-REP" => time(count, || kdc_rep::decode_as_rep(bytes()).is_ok()),
        "TGS-REP" => time(count, || kdc_rep::decode_tgs_rep(bytes()).is_ok()),
        "AP-REQ" => time(count, || ap_req::decode_ap_req(bytes()).is_ok()),
        "KRB-ERROR" => time(count, || krb_error::decode_krb_error(bytes()).is_ok()),
        _ => return Err(format!("no message {name}").into()),
    })
}

fn encode(name: &str, bytes: &[u8], count: u32) -> Outcome<u128> {
    Ok(match name {
        "AS-REP" => {
            let message = kdc_rep::decode_as_rep(bytes)?;
            time(count, || {
                kdc_rep::encode_as_rep(black_box(&message)).is_ok()
            })
        }
        "TGS-REP" => {
            let message = kdc_rep::decode_tgs_rep(bytes)?;
            time(count, || {
                kdc_rep::encode_tgs_rep(black_box(&message)).is_ok()
            })
        }
        "AP-REQ" => {
            let message = ap_req::decode_ap_req(bytes)?;
            time(count, || ap_req::encode_ap_req(black_box(&message)).is_ok())
        }
        "KRB-ERROR" => {
            let message = krb_error::decode_krb_error(bytes)?;
            time(count, || {
                krb_error::encode_krb_error(black_box(&message)).is_ok()
            })
        }
        _ => return Err(format!("no message {name}").into()),
    })
}

fn seal(encrypts: bool, number: i32, size: usize, count: u32) -> Outcome<u128> {
    const USAGE: u32 = 13;
    let etype = KerberosEtype::from_etype_id(number).ok_or("no such type")?;
    let text = vec![0x5a; size];
    let key = vec![7; etype.key_len()];
    let confounder = vec![9; etype.confounder_len()];
    let encrypt =
        |text: &[u8]| etype.encrypt_message_with_confounder(&key, text, USAGE, &confounder);
    let sealed = encrypt(&text)?;
    Ok(if encrypts {
        time(count, || encrypt(black_box(&text)).is_ok())
    } else {
        time(count, || {
            etype
                .decrypt_message(&key, black_box(&sealed), USAGE)
                .is_ok()
        })
    })
}

fn string_to_key(number: i32, count: u32) -> Outcome<u128> {
    let etype = KerberosEtype::from_etype_id(number).ok_or("no such type")?;
    let derive = || {
        etype.string_to_key(
            black_box(b"password"),
            b"ATHENA.MIT.EDUalice",
            etype.default_s2kparams(),
        )
    };
    derive()?;
    Ok(time(count, || derive().is_ok()))
}

fn bytes(hex: &str) -> Outcome<Vec<u8>> {
    let pair =
        |at| u8::from_str_radix(hex.get(at..at + 2).ok_or("half a byte")?, 16).map_err(Into::into);
    (0..hex.len()).step_by(2).map(pair).collect()
}
