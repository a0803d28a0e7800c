//! Which sequence numbers of one origin have been seen: a sliding bitmap, as IPsec's anti-replay window (RFC 4303, section 3.4.3).
//!
//! There is one for each member of the room, and nearly all hold no hole: whatever is older than the newest has been seen. So a window keeps
//! 64 numbers by itself, and the ones behind them only as long as there is a hole among those.

use alloc::boxed::Box;

/// Sequence numbers behind the newest that are told apart, where there is a hole among them.
const WIDTH: u64 = 256;

/// Those that are told apart anyway.
const NEAR: u64 = 64;

/// Of an author from whom nothing was heard, so many can still come, the first that is heard among them; the ones before it were said
/// before our time. More would be holes that cost every window its far part.
const OPEN: u64 = 16;

/// The words behind the near one. All seen is what they are when there are none.
type Far = [u64; 3];
const ALL_SEEN: Far = [u64::MAX; 3];

#[derive(Clone, Debug)]
pub(crate) struct Window {
    newest: u64,
    /// Bit `i` is `newest - i`.
    near: u64,
    /// Bit `i` of the whole is `newest - NEAR - i`.
    far: Option<Box<Far>>,
}

impl Window {
    /// A window that has seen nothing. It begins so that what was under way together with `first` can still come.
    pub(crate) const fn new(first: u64) -> Self {
        Self { newest: first, near: u64::MAX << OPEN, far: None }
    }

    pub(crate) const fn newest(&self) -> u64 {
        self.newest
    }

    pub(crate) fn contains(&self, seq: u64) -> bool {
        self.newest.checked_sub(seq).is_some_and(|behind| match behind.checked_sub(NEAR) {
            None => self.near & bit(behind) != 0,
            Some(beyond) => self.far_word(beyond) & bit(beyond) != 0,
        })
    }

    pub(crate) fn insert(&mut self, seq: u64) {
        let ahead = seq.saturating_sub(self.newest);
        if ahead > 0 {
            self.slide(ahead);
        }
        let behind = self.newest.saturating_sub(seq);
        match behind.checked_sub(NEAR) {
            None => self.near |= bit(behind),
            Some(beyond) => self.fill(beyond),
        }
    }

    /// The word of the far part that a number is in; what is behind the window counts as seen.
    fn far_word(&self, beyond: u64) -> u64 {
        let words = self.far.as_deref().unwrap_or(&ALL_SEEN);
        usize::try_from(beyond / 64).ok().and_then(|i| words.get(i)).copied().unwrap_or(u64::MAX)
    }

    fn fill(&mut self, beyond: u64) {
        let Some(words) = self.far.as_deref_mut() else { return };
        if let Some(word) = usize::try_from(beyond / 64).ok().and_then(|i| words.get_mut(i)) {
            *word |= bit(beyond);
        }
        self.drop_if_full();
    }

    /// Moves everything back by so many numbers. The far part comes to be when a hole slides into it step by step. After a jump over
    /// the whole of the window it begins anew: nobody will send us what is behind that.
    fn slide(&mut self, by: u64) {
        if by >= WIDTH {
            *self = Self::new(self.newest.saturating_add(by));
            return;
        }
        self.newest = self.newest.saturating_add(by);
        let [mut b, mut c, mut d] = self.far.as_deref().copied().unwrap_or(ALL_SEEN);
        for _ in 0..by / 64 {
            (self.near, b, c, d) = (0, self.near, b, c);
        }
        let rest = u32::try_from(by % 64).unwrap_or(0);
        if rest > 0 {
            let shifted =
                |word: u64, before: u64| word.wrapping_shl(rest) | before.wrapping_shr(64_u32.saturating_sub(rest));
            (self.near, b, c, d) = (self.near.wrapping_shl(rest), shifted(b, self.near), shifted(c, b), shifted(d, c));
        }
        match &mut self.far {
            Some(far) => **far = [b, c, d],
            None if [b, c, d] != ALL_SEEN => self.far = Some(Box::new([b, c, d])),
            None => {}
        }
        self.drop_if_full();
    }

    fn drop_if_full(&mut self) {
        if self.far.as_deref() == Some(&ALL_SEEN) {
            self.far = None;
        }
    }
}

const fn bit(behind: u64) -> u64 {
    1_u64.wrapping_shl((behind & 63) as u32)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Where the parts of a window meet.
    const EDGES: [u64; 14] = [0, 1, 2, 15, 16, 17, 63, 64, 65, 128, 192, 255, 256, 257];

    /// What a window says, from a set of all that was ever inserted.
    struct Model {
        newest: u64,
        seen: BTreeSet<u64>,
        /// Up to here everything counts as seen, since the numbers have jumped.
        given_up: Option<u64>,
    }

    impl Model {
        fn new(first: u64) -> Self {
            Self { newest: first, seen: BTreeSet::new(), given_up: first.checked_sub(OPEN) }
        }

        fn contains(&self, seq: u64) -> bool {
            let is_behind = self.newest.saturating_sub(seq) >= WIDTH || self.given_up.is_some_and(|up_to| seq <= up_to);
            self.seen.contains(&seq) || (seq <= self.newest && is_behind)
        }

        fn insert(&mut self, seq: u64) {
            if seq.saturating_sub(self.newest) >= WIDTH {
                self.given_up = seq.checked_sub(OPEN);
            }
            self.newest = self.newest.max(seq);
            self.seen.insert(seq);
        }
    }

    #[test]
    fn what_was_inserted_is_contained() {
        let mut window = Window::new(1_000);
        assert!(!window.contains(1_000));
        window.insert(1_000);
        assert!(window.contains(1_000));
        assert!(!window.contains(1_001));
    }

    #[test]
    fn what_came_before_the_first_can_still_come() {
        let mut window = Window::new(1_000);
        window.insert(1_000);
        assert!(!window.contains(999));
        window.insert(999);
        assert!(window.contains(999) && window.contains(1_000));
        assert!(!window.contains(1_001 - OPEN) && window.contains(1_000 - OPEN));
    }

    #[test]
    fn a_hole_can_be_filled_until_it_is_behind_the_window() {
        let mut window = Window::new(1_000);
        for seq in (1_000..1_500).filter(|seq| *seq != 1_100) {
            window.insert(seq);
            assert_eq!(window.contains(1_100), seq >= 1_100 + WIDTH, "at {seq}");
        }
    }

    #[test]
    fn the_far_part_is_there_only_while_there_is_a_hole_in_it() {
        let mut window = Window::new(1_000);
        (1_001 - OPEN..2_000).for_each(|seq| window.insert(seq));
        assert_eq!(window.far, None);
        (2_001..2_001 + NEAR).for_each(|seq| window.insert(seq));
        assert!(window.far.is_some());
        window.insert(2_000);
        assert_eq!(window.far, None, "the hole is filled");
        (2_002 + NEAR..3_000).for_each(|seq| window.insert(seq));
        assert_eq!(window.far, None, "the hole is behind the window");
    }

    #[test]
    fn the_first_statements_of_an_author_cost_no_far_part() {
        let mut window = Window::new(1_000);
        (1_000..=1_000 + NEAR - OPEN).for_each(|seq| window.insert(seq));
        assert_eq!(window.far, None);
    }

    #[test]
    fn a_jump_costs_no_memory() {
        let mut window = Window::new(1_000);
        (0..100).for_each(|n| window.insert(1_000 + n * WIDTH));
        assert_eq!(window.far, None);
    }

    #[test]
    fn a_window_is_small() {
        assert!(size_of::<Window>() <= 24);
    }

    proptest! {
        #[test]
        fn a_window_agrees_with_a_set(
            start in 0_u64..1 << 40,
            steps in proptest::collection::vec(prop_oneof![4 => -2_i64..4, 2 => -70_i64..70, 1 => -300_i64..400], 1..600),
        ) {
            let (mut window, mut model) = (Window::new(start), Model::new(start));
            let mut at = start;
            for step in steps {
                at = at.saturating_add_signed(step);
                for behind in EDGES {
                    let seq = at.saturating_sub(behind);
                    prop_assert_eq!(window.contains(seq), model.contains(seq), "{} at {}", seq, at);
                }
                window.insert(at);
                model.insert(at);
                prop_assert!(window.contains(at));
            }
        }

        /// Whatever comes in whatever order: what was seen stays seen.
        #[test]
        fn nothing_is_new_twice(start: u64, steps in proptest::collection::vec((any::<u64>(), 0_u32..64), 1..200)) {
            let (mut window, mut seen, mut at) = (Window::new(start), BTreeSet::new(), start);
            for (step, narrowed) in steps {
                at = at.wrapping_add((step >> narrowed) ^ (step & 1).wrapping_neg());
                if !window.contains(at) {
                    prop_assert!(seen.insert(at), "{} is new again", at);
                }
                window.insert(at);
                seen.insert(at);
                prop_assert!(seen.iter().all(|seq| window.contains(*seq)));
            }
        }

        #[test]
        fn no_number_overflows(start: u64, others: [u64; 8]) {
            let mut window = Window::new(start);
            for seq in others {
                window.insert(seq);
                prop_assert!(window.contains(seq));
            }
        }
    }
}
