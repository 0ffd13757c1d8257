//! Writes the self-made samples to where the fuzz targets look for their first inputs.
//!
//! `cargo run --package vectors --example seed_corpus`
#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::path::Path;

use vectors::asn1::KINDS;
use vectors::samples::samples;

fn main() -> Result<(), Box<dyn Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let write = |target: &str, name: &str, input: &[u8]| -> Result<(), Box<dyn Error>> {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name.replace("::", "_")), input)?)
    };
    for (name, sample) in samples()? {
        let index = KINDS
            .iter()
            .position(|kind| kind.name == name)
            .ok_or("no such kind")?;
        // The first byte chooses the kind.
        let chosen = [&[u8::try_from(index)?], sample.as_slice()].concat();
        write("asn1_messages", name, &chosen)?;
        let choice = match name {
            "AsRep" => 5,
            "KrbError" => 6,
            "AsReq" => 7,
            "TgsReq" => 8,
            _ => continue,
        };
        write(
            "asn1_differential",
            name,
            &[&[choice], sample.as_slice()].concat(),
        )?;
        if name == "KrbError" {
            write("krb_error", name, &sample)?;
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
        write(
            "asn1_differential",
            &format!("primitive{choice}"),
            &[&[choice], primitive].concat(),
        )?;
    }
    Ok(())
}
