//! How long frames travel.

use crate::{
    path::{Fate, PathFault, Transit},
    random::{RngExt, Stream},
    time::Micros,
};

/// Every frame travels for the same time.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// One way.
    pub delay: Micros,
}

impl PathFault for Constant {
    fn apply(&mut self, _transit: &Transit, fate: &mut Fate, _chance: &mut Stream) {
        fate.delay += self.delay;
    }
}

/// Every frame travels for a random time longer: so those of the unreliable lane overtake each other.
#[derive(Clone, Copy, Debug)]
pub struct Jitter {
    /// At most.
    pub most: Micros,
}

impl PathFault for Jitter {
    fn apply(&mut self, _transit: &Transit, fate: &mut Fate, chance: &mut Stream) {
        if self.most > 0 {
            fate.delay += chance.random_range(0..=self.most);
        }
    }
}

/// Frames from one zone to another travel longer. The hosts fall into the zones in turn, as the network has it.
#[derive(Clone, Copy, Debug)]
pub struct Zones {
    /// How many zones there are.
    pub zones: u32,
    /// On top of the time within a zone.
    pub across: Micros,
}

impl PathFault for Zones {
    fn apply(&mut self, transit: &Transit, fate: &mut Fate, _chance: &mut Stream) {
        let zones = self.zones.max(1);
        if transit.from % zones != transit.to % zones {
            fate.delay += self.across;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::testing::{fates, transit};

    #[test]
    fn constant_delay_is_the_same_for_every_frame() {
        let fates = fates(Constant { delay: 70 }, &transit(0, 1), 50);
        assert!(fates.iter().all(|fate| *fate == Fate { delay: 70, ..Fate::default() }));
    }

    #[test]
    fn jitter_spreads_frames_up_to_its_bound_so_that_some_overtake_others() {
        let fates = fates(Jitter { most: 1_000 }, &transit(0, 1), 500);
        assert!(fates.iter().all(|fate| fate.delay <= 1_000));
        assert!(fates.iter().any(|fate| fate.delay < 100) && fates.iter().any(|fate| fate.delay > 900));
        assert!(fates.windows(2).any(|pair| pair[1].delay + 1 < pair[0].delay), "a later one is earlier");
    }

    #[test]
    fn only_what_leaves_its_zone_takes_longer() {
        let zones = Zones { zones: 3, across: 40 };
        assert_eq!(fates(zones, &transit(1, 4), 1)[0].delay, 0);
        assert_eq!(fates(zones, &transit(1, 5), 1)[0].delay, 40);
    }
}
