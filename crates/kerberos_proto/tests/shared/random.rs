//! Random numbers and random damage, the same each time, for every test program of this crate.

/// SplitMix64: the same numbers each time, which is what tests want and nobody else.
#[derive(Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

impl rand_core::TryRng for Rng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok((self.next() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill_with(|| self.next() as u8);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Rng {}

/// `good` with one to three random edits, the same for the same `number`.
pub(crate) fn edited(number: usize, good: &[u8]) -> Vec<u8> {
    let mut rng = Rng(number as u64);
    let mut edited = good.to_vec();
    for _ in 0..=rng.below(3) {
        let position = rng.below(edited.len());
        let byte = rng.next() as u8;
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
