//! Damaged messages of all kinds: decoding never panics, and what decodes can be encoded and
//! decodes to the same again.
//!
//! The messages are our own samples of all kinds and, if available, MIT's reference encodings (see
//! `mit_asn1.rs`).

use std::fs;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use vectors::asn1::{self, KINDS, Kind};
use vectors::edit::{Edits, for_each_bit_flip, truncations};
use vectors::samples::samples;

const RANDOM_EDITS: u32 = 20_000;
const FILE: &str = "mit-asn1/reference_encode.out";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![Trial::test(
        "there_is_a_sample_of_every_kind",
        sample_of_every_kind,
    )];
    for &kind in KINDS {
        trials.push(Trial::test(kind.name, move || damaged_sample(kind)));
    }
    let missing = vectors::is_missing(FILE);
    trials.push(
        Trial::test(
            "damaged_reference_encodings_never_panic",
            damaged_references,
        )
        .with_ignored_flag(missing),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn sample_of_every_kind() -> Result<(), Failed> {
    let samples = samples().map_err(|error| error.to_string())?;
    let mut names: Vec<&str> = samples.iter().map(|&(name, _)| name).collect();
    let mut kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    names.sort_unstable();
    kinds.sort_unstable();
    assert_eq!(names, kinds);
    Ok(())
}

/// Every truncation, every single-bit flip and many random edits of the sample of one kind.
fn damaged_sample(kind: Kind) -> Result<(), Failed> {
    let samples = samples().map_err(|error| error.to_string())?;
    let (_, sample) = samples
        .iter()
        .find(|(name, _)| *name == kind.name)
        .ok_or("no sample")?;
    asn1::check(kind, sample).map_err(|error| error.to_string())?;
    for shortened in truncations(sample) {
        assert!(
            asn1::check(kind, shortened).is_err(),
            "still decodes when truncated to {}",
            shortened.len()
        );
    }
    for_each_bit_flip(sample, |edited| drop(asn1::check(kind, edited)));
    let mut edits = Edits::new(0x4120);
    let mut edited = Vec::new();
    let mut decoded = 0;
    for _ in 0..RANDOM_EDITS {
        edited.clone_from(sample);
        edits.apply(&mut edited);
        decoded += u32::from(asn1::check(kind, &edited).is_ok());
    }
    assert!(decoded > 0, "no random edit leaves a message that decodes");
    Ok(())
}

/// All reference encodings, intact and with each bit flipped, decoded as every kind.
fn damaged_references() -> Result<(), Failed> {
    let path = vectors::published(FILE).ok_or("not found: `cargo xtask install` fetches it")?;
    let text = fs::read_to_string(path)?;
    for line in text.lines() {
        let (_, hex) = line.rsplit_once(':').ok_or("malformed line")?;
        let bytes = vectors::unhex(hex).ok_or("malformed line")?;
        for &kind in KINDS {
            drop(asn1::check(kind, &bytes));
            if asn1::check(kind, &bytes).is_err() {
                continue;
            }
            truncations(&bytes).for_each(|shortened| drop(asn1::check(kind, shortened)));
            for_each_bit_flip(&bytes, |edited| drop(asn1::check(kind, edited)));
        }
    }
    Ok(())
}
