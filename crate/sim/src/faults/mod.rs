//! Faults, each an adapter around links or hosts. None is an `if` in the protocol.
//!
//! Those around links are here. Those around hosts (crash, restart, pause) are methods of
//! [`Network`](crate::network::Network), and what bends a host's time is in [`clock`](crate::clock). How dials fail is in
//! [`Dials`](crate::network::Dials).

mod bandwidth;
mod delay;
mod loss;
mod partition;
mod preset;

pub use bandwidth::Bandwidth;
pub use delay::{Constant, Jitter, Zones};
pub use loss::{Duplication, Loss};
pub use partition::{Isolation, Partition};
pub use preset::Preset;

#[cfg(test)]
mod testing {
    use chinwag_core::Lane;

    use crate::{
        path::{Fate, PathFault, Transit},
        random::{Concern, stream},
        time::SECOND,
    };

    /// A small frame on the unreliable lane.
    pub(super) fn transit(from: u32, to: u32) -> Transit {
        Transit { now: SECOND, from, to, lane: Lane::Unreliable, bytes: 10, again: false }
    }

    /// What becomes of so many frames that are sent at once.
    pub(super) fn fates(mut fault: impl PathFault, transit: &Transit, frames: usize) -> Vec<Fate> {
        let mut chance = stream(1, Concern::Paths);
        let fate = |_| {
            let mut fate = Fate::default();
            fault.apply(transit, &mut fate, &mut chance);
            fate
        };
        (0..frames).map(fate).collect()
    }
}
