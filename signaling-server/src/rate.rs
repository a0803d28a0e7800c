//! The rate of one socket: messages and bytes a second, each with a burst.
use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::{limits::Limits, refusal::Refusal};

/// Two token buckets (GCRA): a message must fit in both.
pub(crate) struct Rate {
    messages: DefaultDirectRateLimiter,
    bytes: DefaultDirectRateLimiter,
    messages_per_second: u32,
    bytes_per_second: u32,
}

impl Rate {
    pub(crate) fn new(limits: &Limits) -> Self {
        let one_message = u32::try_from(limits.message_bytes_max).unwrap_or(u32::MAX);
        Self {
            messages: bucket(limits.messages_per_second, limits.message_burst),
            bytes: bucket(limits.bytes_per_second, limits.byte_burst.max(one_message)),
            messages_per_second: limits.messages_per_second,
            bytes_per_second: limits.bytes_per_second,
        }
    }

    /// Counts a message, or says why it is one too many.
    pub(crate) fn count(&self, bytes: usize) -> Result<(), Refusal> {
        self.messages.check().map_err(|_| Refusal::TooManyMessages(self.messages_per_second))?;
        let Some(bytes) = NonZeroU32::new(u32::try_from(bytes).unwrap_or(u32::MAX)) else { return Ok(()) };
        match self.bytes.check_n(bytes) {
            Ok(Ok(())) => Ok(()),
            _ => Err(Refusal::TooManyBytes(self.bytes_per_second)),
        }
    }
}

/// A rate or a burst of 0 is taken as 1: a socket which may not say anything would be of no use.
fn bucket(per_second: u32, burst: u32) -> DefaultDirectRateLimiter {
    let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct(Quota::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_next_message_does_not() {
        let rate = Rate::new(&Limits { messages_per_second: 1, message_burst: 3, ..Limits::DEFAULT });
        for _ in 0..3 {
            assert_eq!(rate.count(10), Ok(()));
        }
        assert_eq!(rate.count(10), Err(Refusal::TooManyMessages(1)));
    }

    #[test]
    fn bytes_are_counted_beside_messages() {
        let limits = Limits { message_bytes_max: 100, bytes_per_second: 1, byte_burst: 250, ..Limits::DEFAULT };
        let rate = Rate::new(&limits);
        assert_eq!(rate.count(100), Ok(()));
        assert_eq!(rate.count(0), Ok(()));
        assert_eq!(rate.count(100), Ok(()));
        assert_eq!(rate.count(100), Err(Refusal::TooManyBytes(1)));
    }

    #[test]
    fn the_largest_message_always_fits_in_the_burst() {
        let rate = Rate::new(&Limits { message_bytes_max: 1000, byte_burst: 10, ..Limits::DEFAULT });
        assert_eq!(rate.count(1000), Ok(()));
    }

    #[test]
    fn zeros_do_not_panic() {
        let limits = Limits { messages_per_second: 0, message_burst: 0, bytes_per_second: 0, ..Limits::DEFAULT };
        assert_eq!(Rate::new(&limits).count(1), Ok(()));
    }
}
