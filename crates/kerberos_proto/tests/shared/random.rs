//! Reproducible random numbers and random damage, for all test programs of this crate.

pub(crate) use kerberos_testkdc::Repeatable as Rng;

/// `good` with one to three random edits, determined by `number`.
pub(crate) fn edited(number: usize, good: &[u8]) -> Vec<u8> {
    let mut rng = Rng(number as u64);
    let mut edited = good.to_vec();
    for _ in 0..=rng.below(3) {
        let position = rng.below(edited.len());
        let byte = rng.number() as u8;
        match rng.below(5) {
            0 => edited[position] = byte,
            1 => edited.insert(position, byte),
            2 => drop(edited.remove(position)),
            3 => {
                let end = position + rng.below(edited.len() - position);
                edited.extend_from_within(position..end);
            }
            _ => {
                let end = position + rng.below(edited.len() - position).min(16);
                edited.drain(position..end);
            }
        }
        if edited.is_empty() {
            edited.push(byte);
        }
    }
    edited
}
