//! Input typed into ktutil: the words of a line stay the same when they are quoted and parsed
//! again, and the line editor never exceeds its columns.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rkinit::fuzzing::{addent_is_sound, edit, words};

fuzz_target!(|input: &[u8]| {
    if let Some(found) = words(input) {
        let quoted: Vec<Vec<u8>> = found.iter().map(|word| quote(word)).collect();
        assert_eq!(words(&quoted.join(&b' ')), Some(found.clone()));
        let _ = addent_is_sound(&found);
    }
    let width = usize::from(input.first().copied().unwrap_or_default());
    let (lines, widest) = edit(input, width);
    assert!(widest <= width.max(1));
    assert!(!lines.concat().contains(['\n', '\r', '\u{1b}']));
});

/// The word in quotes, with its own quotes doubled.
fn quote(word: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for byte in word {
        if *byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}
