//! Which sequence numbers of one origin have been seen: a sliding bitmap, as IPsec's anti-replay window (RFC 4303, section 3.4.3).

/// Sequence numbers behind the newest that are told apart.
const WIDTH: u64 = 256;

#[derive(Clone, Debug)]
pub(crate) struct Window {
    newest: u64,
    /// Bit `i` of the whole is `newest - i`.
    bits: [u64; 4],
}

impl Window {
    /// A window that has seen nothing. It begins so that everything up to `WIDTH` before `first` can still come.
    pub(crate) const fn new(first: u64) -> Self {
        Self { newest: first, bits: [0; 4] }
    }

    pub(crate) const fn newest(&self) -> u64 {
        self.newest
    }

    pub(crate) fn contains(&self, seq: u64) -> bool {
        match self.newest.checked_sub(seq) {
            None => false,
            Some(behind) if behind >= WIDTH => true,
            Some(behind) => self.word(behind) & bit(behind) != 0,
        }
    }

    pub(crate) fn insert(&mut self, seq: u64) {
        let ahead = seq.saturating_sub(self.newest);
        if ahead > 0 {
            self.slide(ahead);
            self.newest = seq;
        }
        let behind = self.newest.saturating_sub(seq);
        if let Some(word) = usize::try_from(behind / 64).ok().and_then(|i| self.bits.get_mut(i)) {
            *word |= bit(behind);
        }
    }

    fn word(&self, behind: u64) -> u64 {
        usize::try_from(behind / 64).ok().and_then(|i| self.bits.get(i)).copied().unwrap_or(u64::MAX)
    }

    fn slide(&mut self, by: u64) {
        for _ in 0..(by / 64).min(4) {
            let [a, b, c, _] = self.bits;
            self.bits = [0, a, b, c];
        }
        let rest = u32::try_from(by % 64).unwrap_or(0);
        if rest > 0 && by < WIDTH {
            let [a, b, c, d] = self.bits;
            let carry = |from: u64| from.wrapping_shr(64_u32.saturating_sub(rest));
            self.bits = [
                a.wrapping_shl(rest),
                b.wrapping_shl(rest) | carry(a),
                c.wrapping_shl(rest) | carry(b),
                d.wrapping_shl(rest) | carry(c),
            ];
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
    }

    #[test]
    fn what_is_behind_the_window_counts_as_seen() {
        let mut window = Window::new(1_000);
        window.insert(1_000 + WIDTH);
        assert!(window.contains(1_000));
        assert!(!window.contains(1_001));
    }

    proptest! {
        #[test]
        fn a_window_agrees_with_a_set(start in 0_u64..1 << 40, steps in proptest::collection::vec(-300_i64..400, 1..200)) {
            let (mut window, mut set) = (Window::new(start), BTreeSet::new());
            let (mut at, mut newest) = (start, start);
            for step in steps {
                at = at.saturating_add_signed(step);
                let expected = newest.saturating_sub(at) >= WIDTH || set.contains(&at);
                prop_assert_eq!(window.contains(at), expected);
                window.insert(at);
                newest = newest.max(at);
                set.insert(at);
                prop_assert!(window.contains(at));
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
