//! `UsageCache`: derived keys, kept as long as the key they come from.
//!
//! For small messages, deriving keys costs more than encrypting, and a session has few usages. So
//! the keys for the first few usages are kept, in slots that are filled once and never change. That
//! makes the cache lock-free without `std` and without `unsafe`. When all slots are taken, keys for
//! further usages are derived each time, which is correct but slower.

use alloc::boxed::Box;

use once_cell::race::OnceBox;

use crate::KeyUsage;

/// The number of usages to keep. The AS and TGS exchanges have three or four for each key, a
/// GSS-API context four.
const SLOTS: usize = 6;

/// The derived keys of one kind, by usage.
pub(crate) struct UsageCache<T: ?Sized> {
    slots: [OnceBox<(KeyUsage, Box<T>)>; SLOTS],
}

impl<T: ?Sized> UsageCache<T> {
    pub(crate) fn new() -> Self {
        Self {
            slots: [const { OnceBox::new() }; SLOTS],
        }
    }

    /// Runs `work` with the key for `usage`, which is made by `derive` if it is not cached yet.
    pub(crate) fn with<R>(
        &self,
        usage: KeyUsage,
        derive: impl Fn() -> Box<T>,
        work: impl FnOnce(&T) -> R,
    ) -> R {
        for slot in &self.slots {
            let (cached, key) = slot.get_or_init(|| Box::new((usage, derive())));
            if *cached == usage {
                return work(key);
            }
        }
        work(&derive())
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    #[test]
    fn derives_once_per_cached_usage_and_works_when_full() {
        let cache: UsageCache<u32> = UsageCache::new();
        let derived = Cell::new(0);
        let ask = |usage: u32| {
            let derive = || {
                derived.set(derived.get() + 1);
                Box::new(usage * 10)
            };
            cache.with(KeyUsage(usage), derive, |key| *key)
        };
        for round in 0..3 {
            for usage in 1..=8 {
                assert_eq!(ask(usage), usage * 10, "round {round}");
            }
        }
        // Six are kept, and the other two are derived in each of the three rounds.
        assert_eq!(derived.get(), 6 + 2 * 3);
    }
}
