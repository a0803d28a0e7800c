//! A host's own clock and timers, which need not agree with the world's.

use crate::time::{Micros, SECOND};

/// A host's monotonic clock: it may drift, jump, and stop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// From this point of the world's time on …
    since: Micros,
    /// … which the host takes for this one …
    shown: Micros,
    /// … it gains so many microseconds a second.
    drift_ppm: i64,
}

impl Clock {
    /// What the clock shows at a point of the world's time.
    #[must_use]
    pub fn at(&self, now: Micros) -> Micros {
        let elapsed = now.saturating_sub(self.since);
        if self.drift_ppm == 0 {
            return self.shown + elapsed;
        }
        let gained = i128::from(elapsed) * i128::from(self.drift_ppm) / 1_000_000;
        Micros::try_from(i128::from(self.shown) + i128::from(elapsed) + gained).unwrap_or(0)
    }

    /// The first point of the world's time, from `now` on, at which the clock shows `shown` or more.
    #[must_use]
    pub fn when(&self, now: Micros, shown: Micros) -> Micros {
        let ahead = shown.saturating_sub(self.at(now));
        if self.drift_ppm == 0 {
            return now + ahead;
        }
        let rate = 1_000_000 + i128::from(self.drift_ppm).max(-999_999);
        let mut at = now + Micros::try_from(i128::from(ahead) * 1_000_000 / rate).unwrap_or(Micros::MAX / 4);
        while self.at(at) < shown {
            at += 1;
        }
        at
    }

    /// The clock gains `drift_ppm` microseconds a second from now on, or loses them.
    pub fn drift(&mut self, now: Micros, drift_ppm: i64) {
        *self = Self { since: now, shown: self.at(now), drift_ppm };
    }

    /// The clock jumps: forward, or back as far as zero.
    pub fn step(&mut self, now: Micros, by: i64) {
        let shown = self.at(now).saturating_add_signed(by);
        *self = Self { since: now, shown, drift_ppm: self.drift_ppm };
    }
}

/// When a host's timers fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timers {
    /// When they are due.
    #[default]
    Exact,
    /// At whole multiples of a period only: a hidden page.
    Clamped {
        /// One second in a hidden page, a minute in one that has been hidden for long.
        period: Micros,
    },
}

impl Timers {
    /// One firing a second: a hidden page with an open data channel.
    pub const HIDDEN: Self = Self::Clamped { period: SECOND };

    /// When a timer fires that is due at `at`.
    #[must_use]
    pub const fn fire_at(self, at: Micros) -> Micros {
        match self {
            Self::Exact => at,
            Self::Clamped { period } => at.div_ceil(period) * period,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_drifts_gains_so_many_microseconds_a_second() {
        let mut clock = Clock::default();
        clock.drift(10 * SECOND, 200);
        assert_eq!(clock.at(10 * SECOND), 10 * SECOND);
        assert_eq!(clock.at(20 * SECOND), 20 * SECOND + 2_000);
    }

    #[test]
    fn a_timer_of_a_drifting_clock_fires_when_the_clock_shows_its_time() {
        for drift_ppm in [-200, 0, 200, 50_000] {
            let mut clock = Clock::default();
            clock.drift(SECOND, drift_ppm);
            let at = clock.when(2 * SECOND, 60 * SECOND);
            assert!(clock.at(at) >= 60 * SECOND && clock.at(at - 1) < 60 * SECOND, "{drift_ppm} ppm: {at}");
        }
    }

    #[test]
    fn a_clock_that_jumps_goes_on_from_there() {
        let mut clock = Clock::default();
        clock.step(10 * SECOND, 3_600_000_000);
        assert_eq!(clock.at(11 * SECOND), 3_611 * SECOND);
        clock.step(11 * SECOND, -3_605_000_000);
        assert_eq!(clock.at(11 * SECOND), 6 * SECOND);
        clock.step(11 * SECOND, i64::MIN);
        assert_eq!(clock.at(12 * SECOND), SECOND);
    }

    #[test]
    fn a_time_that_the_clock_has_passed_is_now() {
        assert_eq!(Clock::default().when(5 * SECOND, SECOND), 5 * SECOND);
    }

    #[test]
    fn a_hidden_pages_timers_fire_on_the_second() {
        assert_eq!(Timers::HIDDEN.fire_at(SECOND + 1), 2 * SECOND);
        assert_eq!(Timers::HIDDEN.fire_at(2 * SECOND), 2 * SECOND);
        assert_eq!(Timers::Exact.fire_at(SECOND + 1), SECOND + 1);
    }
}
