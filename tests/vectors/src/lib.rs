//! Shared by the vector tests and the fuzz targets: finding the published data, the table of all
//! messages, our own samples of them, and seeded edits.
//!
//! The published data belongs to others and is not part of this repository. It is searched in
//! `$RKINIT_SHARED/vectors`, in `../shared/vectors` beside the workspace, and where
//! `cargo xtask install` puts the files from MIT's sources. Tests that need missing data are listed
//! as ignored, and fail in CI.
#![forbid(unsafe_code)]

pub mod asn1;
pub mod edit;
pub mod samples;

use std::env;
use std::path::{Path, PathBuf};

use test_support::parts;

/// The published vector file `name`, such as `mit-asn1/reference_encode.out`, if it is there.
pub fn published(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let named = env::var_os("RKINIT_SHARED").map(PathBuf::from);
    named
        .into_iter()
        .chain([beside])
        .map(|shared| shared.join("vectors"))
        .chain([parts::vectors()])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Whether to ignore the tests that need `name`, because it is missing. In CI they run, and fail.
pub fn is_missing(name: &str) -> bool {
    published(name).is_none() && !parts::in_ci()
}

/// The bytes of hexadecimal text, white space ignored; `None` when it is not that.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| {
            character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::unhex;

    #[test]
    fn unhex_ignores_white_space_and_refuses_other_text() {
        assert_eq!(unhex("30 0a\nFF"), Some(vec![0x30, 0x0a, 0xff]));
        assert_eq!(unhex(""), Some(Vec::new()));
        assert_eq!(unhex("300"), None);
        assert_eq!(unhex("zz"), None);
    }
}
