//! Simulated time: microseconds since the beginning of the run.

use chinwag_core::Instant;

/// Microseconds, either a point since the beginning of the run or a duration.
pub type Micros = u64;

/// One millisecond.
pub const MS: Micros = 1_000;

/// One second.
pub const SECOND: Micros = 1_000_000;

/// Wall time when the run begins, in milliseconds since 1970.
pub const WALL_MS: u64 = 1_800_000_000_000;

/// A duration in seconds, for people and for JSON.
#[must_use]
pub fn seconds(micros: Micros) -> f64 {
    micros as f64 / 1e6
}

/// The duration of so many seconds; none for what is no duration.
#[must_use]
pub fn micros(seconds: f64) -> Micros {
    (seconds.max(0.0) * 1e6) as Micros
}

/// The core's form of a point in time.
#[must_use]
pub const fn instant(at: Micros) -> Instant {
    Instant::from_micros(at)
}

#[cfg(test)]
mod tests {
    use super::{SECOND, micros, seconds};

    #[test]
    fn seconds_and_micros_are_each_others_inverse() {
        assert_eq!(micros(1.5), 3 * SECOND / 2);
        assert!((seconds(micros(12.25)) - 12.25).abs() < 1e-9);
        assert_eq!((micros(-1.0), micros(f64::NAN)), (0, 0));
    }
}
