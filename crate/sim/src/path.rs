//! What lies between two hosts: how long a frame travels, and what can happen to it on its way.

use std::fmt::Debug;

use chinwag_core::Lane;

use crate::{
    random::Stream,
    time::{MS, Micros, SECOND},
};

/// The shortest time after which SCTP sends a lost packet again (what Chromium uses; RFC 9260, section 16, says 1 s).
const RETRANSMISSION_MIN: Micros = 400 * MS;

/// After so long without an answer to any of its checks a transport gives up (RFC 7675, section 5.1). What is merely lost again and again is sent
/// again for as long as other packets come through.
const CONSENT_EXPIRES: Micros = 30 * SECOND;

/// The checks in that time (libwebrtc sends one every 2.5 s over a path that works).
const CONSENT_CHECKS: u64 = 12;

/// Packets that come through behind one that is lost until its sender takes it for lost.
const MISSING_REPORTS: u64 = 3;

/// The longest time between two attempts (RFC 9260, section 16).
const RETRANSMISSION_MAX: Micros = 60 * SECOND;

/// A frame that sets out.
#[derive(Clone, Copy, Debug)]
pub struct Transit {
    /// When.
    pub now: Micros,
    /// From which host.
    pub from: u32,
    /// To which host.
    pub to: u32,
    /// On which channel of their link.
    pub lane: Lane,
    /// How large it is.
    pub bytes: usize,
    /// It was lost before, and is sent again.
    pub again: bool,
}

/// What becomes of one attempt to carry a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// How long it travels.
    pub delay: Micros,
    /// How much of that it waits at the sender until it is on the line.
    pub queued: Micros,
    /// It does not arrive.
    pub lost: bool,
    /// It arrives so many times more.
    pub extra_copies: u32,
}

/// An adapter around all links: adds delay, loses, duplicates, cuts. Those in force act one after another.
pub trait PathFault: Debug {
    /// Changes what becomes of a frame.
    fn apply(&mut self, _transit: &Transit, _fate: &mut Fate, _chance: &mut Stream) {}

    /// Whether nothing passes from one host to another. Constant while the fault is in force.
    fn cuts(&self, _from: u32, _to: u32) -> bool {
        false
    }

    /// Whether it cuts anybody off from anybody.
    fn is_cut(&self) -> bool {
        false
    }
}

/// Names a fault that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(u32);

/// All that is between hosts.
#[derive(Debug)]
pub struct Paths {
    faults: Vec<(FaultId, Box<dyn PathFault>)>,
    named: u32,
    chance: Stream,
}

/// When a frame arrives, or that it never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// At this time.
    At(Micros),
    /// The transport gives up at this time, and the link is dead.
    GivenUp(Micros),
}

impl Paths {
    /// Nothing between hosts yet, not even time.
    #[must_use]
    pub const fn new(chance: Stream) -> Self {
        Self { faults: Vec::new(), named: 0, chance }
    }

    /// Puts a fault in force, behind those that are.
    pub fn add(&mut self, fault: Box<dyn PathFault>) -> FaultId {
        self.named += 1;
        let id = FaultId(self.named);
        self.faults.push((id, fault));
        id
    }

    /// Ends a fault.
    pub fn remove(&mut self, id: FaultId) {
        self.faults.retain(|(other, _)| *other != id);
    }

    /// Whether nothing passes from one host to another now.
    #[must_use]
    pub fn cuts(&self, from: u32, to: u32) -> bool {
        self.faults.iter().any(|(_, fault)| fault.cuts(from, to))
    }

    /// Whether some fault cuts anything at all.
    #[must_use]
    pub fn has_cuts(&self) -> bool {
        self.faults.iter().any(|(_, fault)| fault.is_cut())
    }

    /// What becomes of one attempt.
    pub fn fate(&mut self, transit: &Transit) -> Fate {
        let mut fate = Fate::default();
        for (_, fault) in &mut self.faults {
            fault.apply(transit, &mut fate, &mut self.chance);
        }
        fate
    }

    /// When a frame of the reliable lane arrives: what is lost is sent again, later and later. And how long it takes until it has left its
    /// sender's buffer.
    ///
    /// An association has one timer, and what it sends again goes in one packet (RFC 9260, sections 6.3 and 6.10): a frame that is lost while others
    /// wait to be sent again shares their fate. `resent_at` is when the last of those packets that arrives sets out. And a frame is sent again
    /// early, once, when three packets behind it have come through (section 7.2.4): as many as follow in three times the `pace` of this way.
    pub fn reliably(&mut self, mut transit: Transit, pace: Micros, resent_at: &mut Micros) -> (Arrival, Micros) {
        let begun = transit.now;
        let mut pause = RETRANSMISSION_MIN;
        let first = self.fate(&transit);
        let (mut fate, mut consent_at) = (first, begun);
        while fate.lost {
            transit.again = true;
            if *resent_at > transit.now {
                transit.now = *resent_at;
                fate = Fate { lost: false, ..self.fate(&transit) };
                break;
            }
            let timeout = pause.max(2 * fate.delay);
            let reported = (2 * fate.delay).saturating_add(MISSING_REPORTS * pace);
            if transit.now == begun && reported < timeout {
                transit.now += reported;
            } else {
                transit.now += timeout;
                pause = (2 * pause).min(RETRANSMISSION_MAX);
            }
            while transit.now - consent_at > CONSENT_EXPIRES {
                if !self.has_consent(transit, consent_at) {
                    return (Arrival::GivenUp(consent_at + CONSENT_EXPIRES), first.queued);
                }
                consent_at += CONSENT_EXPIRES;
            }
            fate = self.fate(&transit);
        }
        if transit.again {
            *resent_at = transit.now;
        }
        (Arrival::At(transit.now + fate.delay), first.queued)
    }

    /// Whether any of the checks of a transport in the time that begins then comes through, and its answer as well.
    fn has_consent(&mut self, transit: Transit, begins: Micros) -> bool {
        let Transit { from, to, .. } = transit;
        let check = Transit { lane: Lane::Unreliable, bytes: 0, ..transit };
        (0..CONSENT_CHECKS).any(|nth| {
            let now = begins + nth * CONSENT_EXPIRES / CONSENT_CHECKS;
            let there = self.fate(&Transit { now, ..check });
            !there.lost && !self.fate(&Transit { now: now + there.delay, from: to, to: from, ..check }).lost
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Concern, stream};

    /// Loses the first so many attempts.
    #[derive(Debug)]
    struct Loses(u32);

    impl PathFault for Loses {
        fn apply(&mut self, _transit: &Transit, fate: &mut Fate, _chance: &mut Stream) {
            fate.delay = 10 * MS;
            fate.lost = self.0 > 0;
            self.0 = self.0.saturating_sub(1);
        }
    }

    const fn transit(now: Micros) -> Transit {
        Transit { now, from: 0, to: 1, lane: Lane::Reliable, bytes: 10, again: false }
    }

    fn arrival_after(losses: u32) -> Arrival {
        let mut paths = Paths::new(stream(1, Concern::Paths));
        paths.add(Box::new(Loses(losses)));
        paths.reliably(transit(SECOND), SECOND, &mut 0).0
    }

    #[test]
    fn a_loss_on_the_reliable_lane_is_a_delay_that_doubles() {
        assert_eq!(arrival_after(0), Arrival::At(SECOND + 10 * MS));
        assert_eq!(arrival_after(1), Arrival::At(SECOND + 410 * MS));
        assert_eq!(arrival_after(2), Arrival::At(SECOND + 1_210 * MS));
    }

    #[test]
    fn what_is_lost_while_others_wait_is_sent_again_with_them() {
        let mut paths = Paths::new(stream(1, Concern::Paths));
        paths.add(Box::new(Loses(3)));
        let mut resent_at = 0;
        let first = paths.reliably(transit(SECOND), SECOND, &mut resent_at).0;
        assert_eq!((first, resent_at), (Arrival::At(3_810 * MS), 3_800 * MS));
        paths.add(Box::new(Loses(3)));
        let later =
            |paths: &mut Paths, at_ms, resent_at: &mut Micros| paths.reliably(transit(at_ms * MS), SECOND, resent_at).0;
        assert_eq!(later(&mut paths, 2_000, &mut resent_at), Arrival::At(3_810 * MS));
        assert_eq!(later(&mut paths, 3_800, &mut resent_at), Arrival::At(4_210 * MS), "too late for that packet");
    }

    #[test]
    fn where_much_is_sent_a_loss_is_noticed_by_what_follows_and_a_second_is_not() {
        let arrival = |losses| {
            let mut paths = Paths::new(stream(1, Concern::Paths));
            paths.add(Box::new(Loses(losses)));
            paths.reliably(transit(SECOND), 30 * MS, &mut 0).0
        };
        assert_eq!(arrival(1), Arrival::At(SECOND + (2 * 10 + 3 * 30 + 10) * MS));
        assert_eq!(arrival(2), Arrival::At(SECOND + (2 * 10 + 3 * 30 + 400 + 10) * MS));
    }

    #[test]
    fn endless_loss_ends_the_link() {
        assert_eq!(arrival_after(u32::MAX), Arrival::GivenUp(SECOND + CONSENT_EXPIRES));
    }

    #[test]
    fn a_frame_that_is_lost_again_and_again_ends_no_link_over_which_others_pass() {
        // The first of the checks that follow passes, there and back.
        assert_eq!(arrival_after(7), Arrival::At(SECOND + 127 * 400 * MS + 10 * MS));
    }

    #[test]
    fn a_fault_that_has_ended_does_nothing_more() {
        let mut paths = Paths::new(stream(1, Concern::Paths));
        let id = paths.add(Box::new(Loses(u32::MAX)));
        let transit = Transit { lane: Lane::Unreliable, ..transit(0) };
        assert!(paths.fate(&transit).lost);
        paths.remove(id);
        assert_eq!(paths.fate(&transit), Fate::default());
    }
}
