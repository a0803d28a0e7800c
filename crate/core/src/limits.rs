//! How often something may happen.

use crate::time::Instant;

/// A token bucket: full at first, refilled evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// What it takes to fill it.
    span_us: u64,
    /// What it takes for one.
    each_us: u64,
    /// When the bucket will be full again; it is empty when that is a whole span away.
    full_at: Instant,
}

impl Bucket {
    /// Holds what it gives in a minute.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self::within(60_000, per_minute)
    }

    /// Holds `n`, and is filled within `span_ms`.
    pub(crate) fn within(span_ms: u32, n: u32) -> Self {
        let span_us = u64::from(span_ms).saturating_mul(1_000);
        // One of none takes longer than there is.
        let each_us = span_us.checked_div(u64::from(n)).unwrap_or(u64::MAX);
        Self { span_us, each_us, full_at: Instant::ZERO }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now).plus_micros(self.each_us);
        let allowed = full_at.micros_since(now) <= self.span_us;
        if allowed {
            self.full_at = full_at;
        }
        allowed
    }

    /// Puts one back.
    pub(crate) const fn give(&mut self) {
        self.full_at = self.full_at.minus_micros(self.each_us);
    }

    /// Whether there is none to take.
    pub(crate) fn is_empty(&self, now: Instant) -> bool {
        self.full_at.max(now).plus_micros(self.each_us).micros_since(now) > self.span_us
    }

    /// How many were taken and have not come back, any part of one included.
    pub(crate) fn taken(&self, now: Instant) -> u32 {
        let owed_us = self.full_at.micros_since(now);
        u32::try_from(owed_us.div_ceil(self.each_us.max(1))).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_full(&self, now: Instant) -> bool {
        now >= self.full_at
    }

    pub(crate) const fn full_at(&self) -> Instant {
        self.full_at
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
    fn what_is_put_back_can_be_taken_again() {
        let (mut bucket, now) = (Bucket::within(1_000, 2), Instant::from_millis(5));
        assert!(bucket.is_full(now) && bucket.take(now) && bucket.take(now) && !bucket.take(now));
        assert_eq!((bucket.is_empty(now), bucket.taken(now)), (true, 2));
        bucket.give();
        assert_eq!((bucket.is_empty(now), bucket.taken(now)), (false, 1));
        assert!(!bucket.is_full(now) && bucket.take(now) && !bucket.take(now));
    }

    #[test]
    fn a_bucket_of_nothing_gives_nothing() {
        assert!(!Bucket::new(0).take(Instant::from_millis(99_999)));
    }
}
