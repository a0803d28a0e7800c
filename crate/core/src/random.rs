//! The one source of chance: seeded by the host, so that a run can be repeated.

use sha2::{Digest, Sha256};

/// A generator that nobody can predict who does not know its seed (an adversary must not know whom we choose): SHA-256 of the seed and a
/// counter, eight bytes at a time. The hash is in the package anyway; a stream cipher would be 6 KB more.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    seed: [u8; 32],
    drawn: u64,
    block: [u8; 32],
}

impl Random {
    pub(crate) const fn new(seed: [u8; 32]) -> Self {
        Self { seed, drawn: 0, block: [0; 32] }
    }

    pub(crate) fn u64(&mut self) -> u64 {
        const DRAWS: u64 = 4;
        if self.drawn.is_multiple_of(DRAWS) {
            let counter = (self.drawn / DRAWS).to_le_bytes();
            self.block = Sha256::new().chain_update(self.seed).chain_update(counter).finalize().into();
        }
        let at = usize::try_from(self.drawn % DRAWS).unwrap_or(0);
        self.drawn = self.drawn.wrapping_add(1);
        self.block.as_chunks().0.get(at).map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// A number below `bound`; 0 if there is none. The bias is below `bound / 2^32`.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let product = (self.u64() >> 32).wrapping_mul(u64::from(bound));
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// One of the items; `None` of none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.below(u32::try_from(items.len()).unwrap_or(u32::MAX));
        usize::try_from(at).ok().and_then(|at| items.get(at))
    }

    /// A duration around `ms`, at most a quarter shorter or longer.
    pub(crate) fn jittered_ms(&mut self, ms: u32) -> u32 {
        let spread = ms / 2;
        ms.saturating_sub(spread / 2).saturating_add(self.below(spread.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
        let draw = |seed: u8| {
            let mut random = Random::new([seed; 32]);
            (0..100).map(|_| random.u64()).collect::<BTreeSet<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_eq!(draw(1).len(), 100);
        assert_eq!(draw(1).intersection(&draw(2)).count(), 0);
    }

    #[test]
    fn numbers_below_a_bound_are_all_drawn_about_as_often() {
        let mut random = Random::new([5; 32]);
        let mut counts = [0_u32; 6];
        for _ in 0..6_000 {
            counts[random.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
        assert_eq!(random.below(0), 0);
    }
}
