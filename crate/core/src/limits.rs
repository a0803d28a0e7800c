//! How often something may happen.

use crate::time::Instant;

/// A token bucket: full at first, refilled evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    per_minute: u32,
    /// When the bucket will be full again; it is empty when that is a minute away.
    full_at: Instant,
}

impl Bucket {
    pub(crate) const fn new(per_minute: u32) -> Self {
        Self { per_minute, full_at: Instant::ZERO }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        const MINUTE_US: u64 = 60_000_000;
        let Some(each_us) = MINUTE_US.checked_div(u64::from(self.per_minute)) else { return false };
        let full_at = self.full_at.max(now).plus_micros(each_us);
        let allowed = full_at.micros_since(now) <= MINUTE_US;
        if allowed {
            self.full_at = full_at;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bucket_gives_a_minutes_worth_at_once_and_then_one_at_a_time() {
        let mut bucket = Bucket::new(6);
        let now = Instant::from_millis(1_000);
        assert_eq!((0..20).filter(|_| bucket.take(now)).count(), 6);
        assert!(!bucket.take(now.plus_ms(9_999)));
        assert!(bucket.take(now.plus_ms(10_000)));
        assert!(!bucket.take(now.plus_ms(10_000)));
    }

    #[test]
    fn a_bucket_of_nothing_gives_nothing() {
        assert!(!Bucket::new(0).take(Instant::from_millis(99_999)));
    }
}
