//! Deterministic damage to a good encoding: truncations, bit flips, seeded random edits.

/// Every proper prefix of `bytes`.
pub fn truncations(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len()).filter_map(|length| bytes.get(..length))
}

/// Calls `check` with each variant of `bytes` in which one bit is flipped.
pub fn for_each_bit_flip(bytes: &[u8], mut check: impl FnMut(&[u8])) {
    let mut edited = bytes.to_vec();
    for index in 0..edited.len() {
        for bit in 0..8 {
            let flip = |edited: &mut Vec<u8>| {
                if let Some(byte) = edited.get_mut(index) {
                    *byte ^= 1 << bit;
                }
            };
            flip(&mut edited);
            check(&edited);
            flip(&mut edited);
        }
    }
}

/// A small, fast, seeded generator (SplitMix64): the same seed gives the same edits everywhere.
#[derive(Clone, Debug)]
pub struct Edits {
    state: u64,
}

impl Edits {
    /// Edits from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Makes one to eight random edits to `bytes`: bytes set, inserted, removed or copied.
    pub fn apply(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(8) {
            let index = self.below(bytes.len());
            match self.below(8) {
                0 if !bytes.is_empty() => drop(bytes.remove(index)),
                1 => bytes.insert(index, self.byte()),
                2 => bytes.truncate(index),
                3 => {
                    let length = self.below(16).min(bytes.len() - index);
                    let source = self.below(bytes.len() - length + 1);
                    bytes.copy_within(source..source + length, index);
                }
                _ => {
                    let value = self.byte();
                    if let Some(byte) = bytes.get_mut(index) {
                        *byte = value;
                    }
                }
            }
        }
    }

    /// A random byte, mostly one that has a meaning in DER.
    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 16] = [
            0x00, 0x01, 0x02, 0x04, 0x18, 0x1b, 0x30, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xa1,
            0xa2, 0xff,
        ];
        let [low, high, ..] = self.next().to_le_bytes();
        match TELLING.get(usize::from(high >> 3)) {
            Some(&telling) => telling,
            None => low,
        }
    }

    /// A number below `bound`, or 0 when that is 0.
    fn below(&mut self, bound: usize) -> usize {
        let [a, b, c, d, ..] = self.next().to_le_bytes();
        let random = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or_default();
        random.checked_rem(bound).unwrap_or_default()
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}
