//! Whether a peer knows what we know, as far as its probes tell: each carries the last bits of a sum over its view.
//!
//! Two views always differ for as long as news takes to travel. A difference that outlives several probes is one that nothing on its way
//! will mend, and a reason to compare.

use crate::time::Instant;

/// How long views may differ before we compare: some probe intervals, in which a peer that only was behind has caught up.
const PATIENCE_MS: u32 = 3_000;

/// What comparing does not mend is compared ever more seldom, and at last this often.
const PATIENCE_MAX_MS: u32 = 60_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Agreement(Option<Difference>);

#[derive(Clone, Debug)]
struct Difference {
    since: Instant,
    patience_ms: u32,
    compare_at: Instant,
}

impl Agreement {
    /// The peer has shown its view. Whether it is time to compare.
    pub(crate) fn look(&mut self, now: Instant, is_equal: bool) -> bool {
        if is_equal {
            self.0 = None;
            return false;
        }
        let fresh = Difference { since: now, patience_ms: PATIENCE_MS, compare_at: now.plus_ms(PATIENCE_MS) };
        let difference = self.0.get_or_insert(fresh);
        let is_due = now >= difference.compare_at;
        if is_due {
            difference.patience_ms = difference.patience_ms.saturating_mul(2).min(PATIENCE_MAX_MS);
            difference.compare_at = now.plus_ms(difference.patience_ms);
        }
        is_due
    }

    /// Since when the views differ, if they do.
    pub(crate) fn differs_since(&self) -> Option<Instant> {
        self.0.as_ref().map(|difference| difference.since)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// The seconds at which two views that never agree are compared, looked at every second.
    fn compared_at(seconds: u64) -> Vec<u64> {
        let mut agreement = Agreement::default();
        (0..seconds).filter(|second| agreement.look(Instant::from_millis(second * 1_000), false)).collect()
    }

    #[test]
    fn what_differs_for_long_is_compared_ever_more_seldom() {
        assert_eq!(compared_at(300), [3, 9, 21, 45, 93, 153, 213, 273]);
    }

    #[test]
    fn who_was_only_behind_is_not_compared_with() {
        let mut agreement = Agreement::default();
        let due = (0..1_000).filter(|second| agreement.look(Instant::from_millis(second * 1_000), second % 3 == 0));
        assert_eq!(due.count(), 0);
    }

    #[test]
    fn a_difference_lasts_until_the_views_are_equal() {
        let mut agreement = Agreement::default();
        assert_eq!(agreement.differs_since(), None);
        (5..9).for_each(|ms| _ = agreement.look(Instant::from_millis(ms), false));
        assert_eq!(agreement.differs_since(), Some(Instant::from_millis(5)));
        agreement.look(Instant::from_millis(9), true);
        assert_eq!(agreement.differs_since(), None);
    }
}
