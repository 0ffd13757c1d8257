//! `Window`: which messages were received, to detect old, repeated and missing ones (RFC 2743
//! §1.2.3).

use crate::GssError;

/// Why a message is not the expected one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderFault {
    /// It was already received: a replay (`GSS_S_DUPLICATE_TOKEN`).
    Duplicate,
    /// It is too old to tell whether it was received (`GSS_S_OLD_TOKEN`).
    Old,
    /// A later message was received before it (`GSS_S_UNSEQ_TOKEN`).
    Unsequenced,
    /// One or more messages before it are missing (`GSS_S_GAP_TOKEN`).
    Gap,
}

impl core::fmt::Display for OrderFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "it was received before",
            Self::Old => "it is too old to tell whether it was received before",
            Self::Unsequenced => "a later one was received before it",
            Self::Gap => "messages before it are missing",
        })
    }
}

/// The state of one direction of a context.
#[derive(Debug)]
pub(crate) struct Window {
    /// Replays are detected.
    replay: bool,
    /// Missing and late messages are detected.
    sequence: bool,
    /// The number of the first message.
    first: u64,
    /// The significant bits of a number; older tokens have 32.
    mask: u64,
    /// The number after the highest received one, relative to `first`. It exceeds the mask once
    /// numbers have wrapped around.
    next: u64,
    /// Which numbers below `next` were received, the last of them in bit 0.
    seen: u64,
}

impl Window {
    pub(crate) fn new(first: u64, mask: u64, replay: bool, sequence: bool) -> Self {
        Self {
            replay,
            sequence,
            first,
            mask,
            next: 0,
            seen: 0,
        }
    }

    /// Records that the authentic message `number` was received.
    ///
    /// After a gap the window moves on, so that the following messages are in order again.
    ///
    /// # Errors
    /// [`GssError::Order`] if one of the requested services objects.
    pub(crate) fn receive(&mut self, number: u64) -> Result<(), GssError> {
        let relative = number.wrapping_sub(self.first);
        let ahead = relative.wrapping_sub(self.next) & self.mask;
        // Numbers in the upper half are behind, not far ahead.
        let fault = if ahead <= self.mask / 2 {
            self.seen = shift(self.seen, ahead.saturating_add(1)) | 1;
            self.next = self.next.wrapping_add(ahead).wrapping_add(1);
            (ahead > 0 && self.sequence).then_some(OrderFault::Gap)
        } else {
            self.earlier(relative)
        };
        match fault {
            Some(fault) if self.replay || self.sequence => Err(GssError::Order { fault, number }),
            _ => Ok(()),
        }
    }

    fn earlier(&mut self, relative: u64) -> Option<OrderFault> {
        // The last message has age 0.
        let age = self.next.wrapping_sub(1).wrapping_sub(relative) & self.mask;
        // There is nothing before the first message.
        if age >= u64::from(u64::BITS) || age >= self.next {
            return Some(OrderFault::Old);
        }
        let bit = 1_u64 << age;
        if self.seen & bit != 0 {
            return Some(OrderFault::Duplicate);
        }
        self.seen |= bit;
        self.sequence.then_some(OrderFault::Unsequenced)
    }
}

fn shift(bits: u64, by: u64) -> u64 {
    u32::try_from(by)
        .ok()
        .and_then(|by| bits.checked_shl(by))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::OrderFault::{Duplicate, Gap, Old, Unsequenced};
    use super::*;

    /// Receives messages with these numbers relative to `first`, and checks the results.
    #[track_caller]
    fn check(services: (bool, bool), first: u64, mask: u64, steps: &[(i64, Option<OrderFault>)]) {
        let mut window = Window::new(first, mask, services.0, services.1);
        for &(offset, expected) in steps {
            let number = first.wrapping_add_signed(offset) & mask;
            let fault = match window.receive(number) {
                Ok(()) => None,
                Err(GssError::Order { fault, .. }) => Some(fault),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(fault, expected, "message {offset} of {first:#x}");
        }
    }

    #[test]
    fn gaps_replays_and_reordering_are_detected() {
        for (first, mask) in [
            (0, u64::MAX),
            (5, u64::MAX),
            (u64::MAX, u64::MAX),
            (u64::MAX - 1, u64::MAX),
            (0xffff_fffe, 0xffff_ffff),
            (0x7fff_ffff, 0xffff_ffff),
        ] {
            let strict = [
                (0, None),
                (0, Some(Duplicate)),
                (1, None),
                (4, Some(Gap)),
                (5, None),
                (3, Some(Unsequenced)),
                (3, Some(Duplicate)),
                (-1, Some(Old)),
                (70, Some(Gap)),
                (2, Some(Old)),
                (7, Some(Unsequenced)),
                (6, Some(Old)),
            ];
            check((true, true), first, mask, &strict);
            let replays = strict.map(|(number, fault)| {
                (number, fault.filter(|one| matches!(one, Duplicate | Old)))
            });
            check((true, false), first, mask, &replays);
            let nothing = strict.map(|(number, _)| (number, None));
            check((false, false), first, mask, &nothing);
        }
    }

    #[test]
    fn sequence_numbers_of_32_bits_wrap_around() {
        for first in [0, 5, 0x8000_0000, 0xffff_ffff] {
            let steps = [
                (0, None),
                (0x7fff_ffff, Some(Gap)),
                (0xffff_fffe, Some(Gap)),
                (0xffff_ffff, None),
                (0x1_0000_0000, None),
                (0xffff_ffff, Some(Duplicate)),
                (0x1_0000_0000, Some(Duplicate)),
                (0xffff_fffd, Some(Unsequenced)),
                (0x1_0000_0001, None),
                (0xffff_0000, Some(Old)),
            ];
            check((true, true), first, 0xffff_ffff, &steps);
        }
    }
}
