//! Networks as people have them.

use super::{Bandwidth, Constant, Duplication, Jitter, Loss};
use crate::{path::PathFault, time::MS};

/// A kind of network, as what it adds to every path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// A good one at home.
    Wifi,
    /// One with too many neighbours.
    LossyWifi,
    /// A telephone on the move.
    Cellular,
    /// By way of a geostationary satellite.
    Satellite,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Wifi, Self::LossyWifi, Self::Cellular, Self::Satellite];

    /// The faults that make it up.
    #[must_use]
    pub fn faults(self) -> Vec<Box<dyn PathFault>> {
        let (delay_ms, jitter_ms, loss, duplication, bytes_per_s) = match self {
            Self::Wifi => (3, 10, 0.002, 0.0, 5_000_000),
            Self::LossyWifi => (5, 80, 0.05, 0.01, 1_000_000),
            Self::Cellular => (40, 120, 0.01, 0.0, 500_000),
            Self::Satellite => (270, 40, 0.01, 0.0, 300_000),
        };
        vec![
            Box::new(Constant { delay: delay_ms * MS }),
            Box::new(Jitter { most: jitter_ms * MS }),
            Box::new(Loss { share: loss }),
            Box::new(Duplication { share: duplication }),
            Box::new(Bandwidth::new(bytes_per_s)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        faults::testing::transit,
        path::Paths,
        random::{Concern, stream},
    };

    /// Mean delay in milliseconds and share lost, of small frames that are sent now and then.
    fn character(preset: Preset) -> (f64, f64) {
        let mut paths = Paths::new(stream(1, Concern::Paths));
        preset.faults().into_iter().for_each(|fault| {
            paths.add(fault);
        });
        let frames = 5_000_u64;
        let fates: Vec<_> =
            (0..frames).map(|n| paths.fate(&crate::path::Transit { now: n * 100 * MS, ..transit(0, 1) })).collect();
        let delay: u64 = fates.iter().map(|fate| fate.delay).sum();
        let lost = fates.iter().filter(|fate| fate.lost).count();
        (delay as f64 / frames as f64 / MS as f64, lost as f64 / frames as f64)
    }

    #[test]
    fn each_preset_is_worse_than_the_one_before_in_its_own_way() {
        let [wifi, lossy, cellular, satellite] = Preset::ALL.map(character);
        assert!(wifi.0 < 10.0 && wifi.1 < 0.01);
        assert!(lossy.1 > 0.04 && lossy.0 > wifi.0);
        assert!(cellular.0 > lossy.0 && cellular.1 < lossy.1);
        assert!(satellite.0 > 270.0);
    }
}
