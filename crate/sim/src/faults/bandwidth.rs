//! Lines that are not infinitely wide.

use chinwag_core::Lane;
use rustc_hash::FxHashMap;

use crate::{
    path::{Fate, PathFault, Transit},
    random::Stream,
    time::{Micros, SECOND},
};

/// Bytes that each packet costs beside its frame: IP, UDP, DTLS, SCTP.
const OVERHEAD_BYTES: u64 = 28 + 37 + 28;

/// A packet, at most: what is on the line already when a frame comes that need not wait for others.
const PACKET_BYTES: u64 = 1_200;

/// What is sent passes through a line of this width, one frame after another: a line for each host, or for each link and direction.
#[derive(Clone, Debug)]
pub struct Bandwidth {
    bytes_per_s: u64,
    per_link: bool,
    /// When each line is free again: by host, or by the hosts at both of its ends. Looked up, never iterated.
    free_at: FxHashMap<(u32, u32), Micros>,
}

impl Bandwidth {
    /// A line for each host, in which everything that it sends waits for each other.
    #[must_use]
    pub fn new(bytes_per_s: u64) -> Self {
        Self { bytes_per_s, per_link: false, free_at: FxHashMap::default() }
    }

    /// A line for each link. There the lanes take turns by the packet, as the streams of an SCTP association do (RFC 8260): what is on the
    /// unreliable one waits for no more than the packet that is being sent.
    #[must_use]
    pub fn per_link(bytes_per_s: u64) -> Self {
        Self { per_link: true, ..Self::new(bytes_per_s) }
    }

    fn takes(&self, bytes: u64) -> Micros {
        (bytes + OVERHEAD_BYTES) * SECOND / self.bytes_per_s.max(1)
    }
}

impl PathFault for Bandwidth {
    fn apply(&mut self, transit: &Transit, fate: &mut Fate, _chance: &mut Stream) {
        let takes = self.takes(transit.bytes as u64);
        // What is sent again travels later: until then the line is free for others.
        if transit.again {
            fate.delay += takes;
            return;
        }
        let packet = self.takes(PACKET_BYTES);
        let line = if self.per_link { (transit.from, transit.to) } else { (transit.from, transit.from) };
        let free_at = self.free_at.entry(line).or_default();
        let begins = (*free_at).max(transit.now);
        if self.per_link && transit.lane == Lane::Unreliable {
            fate.delay += takes + packet.min(begins - transit.now);
            return;
        }
        *free_at = begins + takes;
        fate.queued = begins + takes - transit.now;
        fate.delay += fate.queued;
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
        assert_eq!(first.delay, again.delay);
    }

    #[test]
    fn what_waits_at_its_sender_is_no_part_of_the_way() {
        let big = Transit { bytes: 10_000 - OVERHEAD_BYTES as usize, lane: Lane::Reliable, ..transit(0, 1) };
        let queued: Vec<_> = fates(Bandwidth::per_link(100_000), &big, 2).iter().map(|fate| fate.queued).collect();
        assert_eq!(queued, [SECOND / 10, 2 * SECOND / 10]);
    }

    #[test]
    fn links_do_not_wait_for_each_other_and_a_probe_not_for_a_burst() {
        let mut line = Bandwidth::per_link(100_000);
        let mut chance = crate::random::stream(1, crate::random::Concern::Paths);
        let mut delay = |transit: &Transit| {
            let mut fate = Fate::default();
            line.apply(transit, &mut fate, &mut chance);
            fate.delay
        };
        let big = |to| Transit { bytes: 100_000, lane: Lane::Reliable, ..transit(0, to) };
        assert_eq!(delay(&big(1)), delay(&big(2)));
        assert!(delay(&transit(0, 1)) < SECOND / 50);
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
