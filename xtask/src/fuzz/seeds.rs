//! The seed inputs of the fuzz targets, made by our own encoders and an honest KDC, so that the
//! fuzzer starts with every valid form that a target accepts.

mod files;
mod kdc;
mod scripts;
mod text;

use std::fs;
use std::path::Path;

use vectors::asn1::KINDS;
use vectors::samples::samples;

use super::program;
use crate::process::{self, Outcome};

/// Writes the seeds into a folder per target below `folder`.
///
/// # Errors
/// When a file cannot be written, or one of our encoders fails.
pub(super) fn write(folder: &Path) -> Outcome {
    let mut seeds = Seeds { folder };
    messages(&mut seeds)?;
    let tgt = kdc::exchanges(&mut seeds)?;
    files::write(&mut seeds, &tgt)?;
    scripts::write(&mut seeds)?;
    text::write(&mut seeds)?;
    let captured = "crates/kerberos_proto/tests/pac/captured";
    for entry in fs::read_dir(process::workspace_root().join(captured))? {
        let entry = entry?;
        let name = entry.file_name();
        seeds.add("pac", &name.to_string_lossy(), &fs::read(entry.path())?)?;
    }
    for target in program::targets()? {
        if !folder.join(&target).is_dir() {
            return Err(format!("the fuzz target {target} has no first input").into());
        }
    }
    Ok(())
}

/// The folder for the seeds.
struct Seeds<'a> {
    folder: &'a Path,
}

impl Seeds<'_> {
    fn add(&mut self, target: &str, name: &str, input: &[u8]) -> Outcome {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name.replace("::", "_")), input)?)
    }
}

/// A sample of each message.
fn messages(seeds: &mut Seeds<'_>) -> Outcome {
    for (name, sample) in samples()? {
        let kind = KINDS.iter().position(|kind| kind.name == name);
        let kind = u8::try_from(kind.ok_or("no such kind")?)?;
        // The first byte selects the kind.
        let chosen = |choice: u8| [&[choice], sample.as_slice()].concat();
        seeds.add("asn1_messages", name, &chosen(kind))?;
        let other = match name {
            "AsRep" => Some(5),
            "KrbError" => Some(6),
            "AsReq" => Some(7),
            "TgsReq" => Some(8),
            _ => None,
        };
        if let Some(choice) = other {
            seeds.add("asn1_differential", name, &chosen(choice))?;
        }
        if name == "AsReq" {
            // Flags that claim to have 30 bits, which only one of the two implementations used to
            // preserve.
            let mut short = chosen(7);
            let flags = short.windows(3).position(|window| window == [3, 5, 0]);
            let unused = short
                .get_mut(flags.ok_or("no flags")? + 2)
                .ok_or("no flags")?;
            *unused = 2;
            seeds.add("asn1_differential", "flags30", &short)?;
        }
        match name {
            "ApReq" => {
                seeds.add("ap_acceptor", name, &chosen(0))?;
                let token = initial_token(*b"\x01\0", &sample)?;
                seeds.add(
                    "http_headers",
                    "token",
                    &[b"\x03", token.as_slice()].concat(),
                )?;
            }
            "ApRep" => answers_of_an_acceptor(seeds, name, *b"\x02\0", &sample)?,
            "KrbError" => {
                seeds.add("krb_error", name, &sample)?;
                answers_of_an_acceptor(seeds, name, *b"\x03\0", &sample)?;
            }
            "KdcProxyMessage" => {
                seeds.add("kdc_proxy", "bare", &[&[7, 0], sample.as_slice()].concat())?;
                let head = b"\x07\x01HTTP/1.1 200 OK\r\nContent-Type: application/kerberos\r\n\r\n";
                seeds.add("kdc_proxy", "head", &[head, sample.as_slice()].concat())?;
            }
            _ => {}
        }
        // A hostile network sends this instead of an answer: the sample, after its length.
        for target in HOSTILE_NETWORKS {
            if matches!(name, "AsRep" | "TgsRep" | "KrbError" | "ApRep" | "KrbPriv") {
                let length = u16::try_from(sample.len())?.to_be_bytes();
                let script = [&[0, 1], length.as_slice(), &sample].concat();
                seeds.add(target, &format!("instead_{name}"), &script)?;
            }
        }
    }
    let primitives: [&[u8]; 5] = [
        b"\x02\x01\x05",
        b"\x02\x01\xff",
        b"\x01\x01\xff",
        b"\x04\x01x",
        b"\x18\x0f19940610060317Z",
    ];
    for (choice, primitive) in (0..).zip(primitives) {
        let input = [&[choice], primitive].concat();
        seeds.add("asn1_differential", &format!("primitive{choice}"), &input)?;
    }
    Ok(())
}

/// What an acceptor may send, with and without SPNEGO, in the format of the target for initiators:
/// each token after its length.
fn answers_of_an_acceptor(
    seeds: &mut Seeds<'_>,
    name: &str,
    number: [u8; 2],
    message: &[u8],
) -> Outcome {
    let bare = initial_token(number, message)?;
    // RFC 4178 §4.2.2: accept-incomplete, the mechanism, the token.
    let chosen = [b"\xa0\x03\x0a\x01\x01\xa1\x0b", KERBEROS].concat();
    let answer = [chosen, element(0xa2, &element(0x04, &bare)?)?].concat();
    let negotiated = element(0xa1, &element(0x30, &answer)?)?;
    for (form, token) in [("bare", bare), ("negotiated", negotiated)] {
        let length = u16::try_from(token.len())?.to_be_bytes();
        let input = [length.as_slice(), &token].concat();
        seeds.add("gss_initiator", &format!("{form}_{name}"), &input)?;
    }
    Ok(())
}

/// RFC 4121 §4.1: the mechanism, the token's number, the message.
fn initial_token(number: [u8; 2], message: &[u8]) -> Outcome<Vec<u8>> {
    element(0x60, &[KERBEROS, &number, message].concat())
}

/// A BER element with a length of two octets, whatever its size.
fn element(tag: u8, contents: &[u8]) -> Outcome<Vec<u8>> {
    let length = u16::try_from(contents.len())?.to_be_bytes();
    Ok([&[tag, 0x82], length.as_slice(), contents].concat())
}

/// Targets whose input says what a network does to honest messages.
const HOSTILE_NETWORKS: [&str; 6] = [
    "as_exchange",
    "salt_exchange",
    "tgs_exchange",
    "s4u_exchange",
    "kpasswd_reply",
    "gss_spnego",
];

/// The mechanism of RFC 1964 §1: 1.2.840.113554.1.2.2.
const KERBEROS: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
