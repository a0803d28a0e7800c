//! Frames that do not arrive, and frames that arrive more than once.

use chinwag_core::Lane;

use crate::{
    path::{Fate, PathFault, Transit},
    random::{RngExt, Stream},
};

/// A share of all packets is lost. On the reliable lane that is a delay, since they are sent again.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// The share.
    pub share: f64,
}

impl PathFault for Loss {
    fn apply(&mut self, _transit: &Transit, fate: &mut Fate, chance: &mut Stream) {
        fate.lost |= chance.random_bool(self.share.clamp(0.0, 1.0));
    }
}

/// A share of the frames on the unreliable lane arrives twice.
#[derive(Clone, Copy, Debug)]
pub struct Duplication {
    /// The share.
    pub share: f64,
}

impl PathFault for Duplication {
    fn apply(&mut self, transit: &Transit, fate: &mut Fate, chance: &mut Stream) {
        if transit.lane == Lane::Unreliable {
            fate.extra_copies += u32::from(chance.random_bool(self.share.clamp(0.0, 1.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::testing::{fates, transit};

    const FRAMES: usize = 10_000;

    fn share_of(fates: &[Fate], which: impl Fn(&Fate) -> bool) -> f64 {
        fates.iter().filter(|fate| which(fate)).count() as f64 / fates.len() as f64
    }

    #[test]
    fn the_share_that_is_lost_is_the_one_asked_for() {
        for share in [0.0, 0.05, 0.3, 1.0] {
            let lost = share_of(&fates(Loss { share }, &transit(0, 1), FRAMES), |fate| fate.lost);
            assert!((lost - share).abs() < 0.02, "{lost} of {share}");
        }
    }

    #[test]
    fn duplicates_come_on_the_unreliable_lane_alone() {
        let twice = share_of(&fates(Duplication { share: 0.5 }, &transit(0, 1), FRAMES), |fate| fate.extra_copies == 1);
        assert!((twice - 0.5).abs() < 0.02, "{twice}");
        let reliable = Transit { lane: Lane::Reliable, ..transit(0, 1) };
        assert!(fates(Duplication { share: 1.0 }, &reliable, 10).iter().all(|fate| fate.extra_copies == 0));
    }
}
