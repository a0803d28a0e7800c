//! A hybrid logical clock (Kulkarni 2014): stamps that follow wall time, and never run backwards along what was seen.
//!
//! Whoever writes after having seen a stamp writes a greater one, however wrong its own clock is; so the last writer of a map's key is the one who
//! knew what it replaced.

/// Bits of a stamp that count what happens within one millisecond; those above are milliseconds since 1970.
const COUNTER_BITS: u32 = 16;

/// The greatest stamp that this member has given or seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hlc {
    last: u64,
}

impl Hlc {
    /// The stamp of something that happens now, by our own wall clock.
    pub(crate) fn tick(&mut self, wall_ms: u64) -> u64 {
        self.last = self.last.saturating_add(1).max(first_of(wall_ms));
        self.last
    }

    /// Somebody has given this stamp: ours will be greater.
    pub(crate) fn witness(&mut self, stamp: u64) {
        self.last = self.last.max(stamp);
    }
}

/// The first stamp of a millisecond since 1970.
pub(crate) const fn first_of(wall_ms: u64) -> u64 {
    let bound = u64::MAX.wrapping_shr(COUNTER_BITS);
    (if wall_ms < bound { wall_ms } else { bound }).wrapping_shl(COUNTER_BITS)
}

/// The milliseconds since 1970 of a stamp.
pub(crate) const fn wall_ms_of(stamp: u64) -> u64 {
    stamp.wrapping_shr(COUNTER_BITS)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn stamps_follow_wall_time() {
        let mut clock = Hlc::default();
        assert_eq!(wall_ms_of(clock.tick(1_700_000_000_000)), 1_700_000_000_000);
        assert_eq!(wall_ms_of(clock.tick(1_700_000_000_007)), 1_700_000_000_007);
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_gives_greater_stamps_all_the_same() {
        let mut clock = Hlc::default();
        let stamps: Vec<u64> = [5_000, 5_000, 4_000, 5_000].into_iter().map(|ms| clock.tick(ms)).collect();
        assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
    }

    #[test]
    fn who_has_seen_a_stamp_gives_a_greater_one() {
        let (mut ahead, mut behind) = (Hlc::default(), Hlc::default());
        let theirs = ahead.tick(9_000_000);
        behind.witness(theirs);
        let ours = behind.tick(1_000);
        assert!(ours > theirs);
        behind.witness(5);
        assert!(behind.tick(1_000) > ours);
    }

    #[test]
    fn no_time_overflows() {
        let mut clock = Hlc::default();
        assert!(clock.tick(u64::MAX) > 0);
        clock.witness(u64::MAX);
        assert_eq!(clock.tick(u64::MAX), u64::MAX);
    }
}
