//! Lines that are not infinitely wide.

use crate::{
    path::{Fate, PathFault, Transit},
    random::Stream,
    time::{Micros, SECOND},
};

/// Bytes that each packet costs beside its frame: IP, UDP, DTLS, SCTP.
const OVERHEAD_BYTES: u64 = 28 + 37 + 28;

/// Everything that a host sends passes through one line of this width, one frame after another.
#[derive(Clone, Debug)]
pub struct Bandwidth {
    bytes_per_s: u64,
    /// When the line of each host is free again.
    free_at: Vec<Micros>,
}

impl Bandwidth {
    /// A line for each host.
    #[must_use]
    pub const fn new(bytes_per_s: u64) -> Self {
        Self { bytes_per_s, free_at: Vec::new() }
    }
}

impl PathFault for Bandwidth {
    fn apply(&mut self, transit: &Transit, fate: &mut Fate, _chance: &mut Stream) {
        let from = transit.from as usize;
        self.free_at.resize(self.free_at.len().max(from + 1), 0);
        let takes = (transit.bytes as u64 + OVERHEAD_BYTES) * SECOND / self.bytes_per_s.max(1);
        // What is sent again travels later: until then the line is free for others.
        if transit.again {
            fate.delay += takes;
            return;
        }
        let ends = self.free_at[from].max(transit.now) + takes;
        self.free_at[from] = ends;
        fate.delay += ends - transit.now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::testing::{fates, transit};

    #[test]
    fn frames_that_are_sent_at_once_wait_for_each_other() {
        let big = Transit { bytes: 10_000 - OVERHEAD_BYTES as usize, ..transit(0, 1) };
        let delays: Vec<_> = fates(Bandwidth::new(100_000), &big, 3).iter().map(|fate| fate.delay).collect();
        assert_eq!(delays, [SECOND / 10, 2 * SECOND / 10, 3 * SECOND / 10]);
    }

    #[test]
    fn what_is_sent_again_later_keeps_nobody_waiting_until_then() {
        let mut line = Bandwidth::new(100_000);
        let mut chance = crate::random::stream(1, crate::random::Concern::Paths);
        let (mut again, mut first) = (Fate::default(), Fate::default());
        line.apply(&Transit { now: 10 * SECOND, again: true, ..transit(0, 1) }, &mut again, &mut chance);
        line.apply(&transit(0, 1), &mut first, &mut chance);
        assert_eq!(first, again);
    }

    #[test]
    fn hosts_do_not_wait_for_each_others_lines() {
        let mut line = Bandwidth::new(1_000);
        let mut chance = crate::random::stream(1, crate::random::Concern::Paths);
        let (mut first, mut second) = (Fate::default(), Fate::default());
        line.apply(&transit(0, 2), &mut first, &mut chance);
        line.apply(&transit(1, 2), &mut second, &mut chance);
        assert_eq!(first, second);
    }
}
