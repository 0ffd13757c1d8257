//! A hostile network: what happens to the messages of an honest peer.

/// What happens to the messages, read from the fuzzer's input. After its end, all messages are
/// passed on.
pub struct Script<'a>(pub &'a [u8]);

impl Script<'_> {
    /// Whether everything is passed on unchanged. Such a run must succeed; otherwise a target with
    /// a faulty set-up would never find anything.
    #[allow(dead_code, reason = "targets whose honest run may fail do not call it")]
    pub fn is_honest(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// The next byte of the input, 0 after its end.
    pub fn byte(&mut self) -> u8 {
        let (&first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        first
    }

    /// The message as it arrives: unchanged, replaced, cut short, or with octets added, removed or
    /// replaced.
    pub fn alter(&mut self, mut answer: Vec<u8>) -> Vec<u8> {
        match self.byte() % 4 {
            0 => answer,
            1 => {
                let length = usize::from(u16::from_be_bytes([self.byte(), self.byte()]));
                let (taken, rest) = self.0.split_at(length.min(self.0.len()));
                self.0 = rest;
                taken.to_vec()
            }
            3 => {
                let length = usize::from(u16::from_be_bytes([self.byte(), self.byte()]));
                answer.truncate(length % (answer.len() + 1));
                answer
            }
            _ => {
                for _ in 0..=self.byte() % 8 {
                    let position = usize::from(u16::from_be_bytes([self.byte(), self.byte()]));
                    let position = position % answer.len().max(1);
                    match (self.byte() % 4, self.byte()) {
                        (0, byte) => answer.insert(position, byte),
                        (1, _) if !answer.is_empty() => drop(answer.remove(position)),
                        (_, byte) => answer
                            .iter_mut()
                            .skip(position)
                            .take(1)
                            .for_each(|b| *b = byte),
                    }
                }
                answer
            }
        }
    }
}
