//! Hosts between which nothing passes.

use crate::{
    bits::Bits,
    path::PathFault,
    random::{SliceRandom, Stream},
};

/// Some hosts on one side, all others on the other.
#[derive(Clone, Debug)]
pub struct Partition {
    apart: Bits,
    /// Only what those apart send is lost; they hear the others.
    one_way: bool,
}

impl Partition {
    /// These hosts, apart from all others.
    #[must_use]
    pub const fn of(apart: Bits) -> Self {
        Self { apart, one_way: false }
    }

    /// A random share of these hosts.
    #[must_use]
    pub fn share(hosts: impl Iterator<Item = u32>, share: f64, chance: &mut Stream) -> Self {
        let mut hosts: Vec<u32> = hosts.collect();
        hosts.shuffle(chance);
        hosts.truncate((hosts.len() as f64 * share.clamp(0.0, 1.0)).round() as usize);
        Self::of(hosts.into_iter().collect())
    }

    /// A zone, where the hosts fall into `zones` in turn.
    #[must_use]
    pub fn zone(hosts: impl Iterator<Item = u32>, zones: u32, zone: u32) -> Self {
        Self::of(hosts.filter(|host| host % zones.max(1) == zone).collect())
    }

    /// The same, but those apart still hear the others.
    #[must_use]
    pub fn one_way(self) -> Self {
        Self { one_way: true, ..self }
    }

    /// Those apart.
    #[must_use]
    pub const fn apart(&self) -> &Bits {
        &self.apart
    }
}

impl PathFault for Partition {
    fn cuts(&self, from: u32, to: u32) -> bool {
        let (from_apart, to_apart) = (self.apart.contains(from), self.apart.contains(to));
        if self.one_way { from_apart && !to_apart } else { from_apart != to_apart }
    }

    fn is_cut(&self) -> bool {
        !self.apart.is_empty()
    }
}

/// Some hosts, each cut off from everybody: a swizzle takes them out one by one and brings them back in another order.
#[derive(Clone, Debug)]
pub struct Isolation(pub Bits);

impl PathFault for Isolation {
    fn cuts(&self, from: u32, to: u32) -> bool {
        self.0.contains(from) || self.0.contains(to)
    }

    fn is_cut(&self) -> bool {
        !self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Concern, stream};

    #[test]
    fn a_partition_cuts_across_and_not_within() {
        let halves = Partition::share(0..10, 0.5, &mut stream(1, Concern::Faults));
        assert_eq!(halves.apart().len(), 5);
        for (from, to) in (0..10).flat_map(|from| (0..10).map(move |to| (from, to))) {
            assert_eq!(halves.cuts(from, to), halves.apart().contains(from) != halves.apart().contains(to));
        }
    }

    #[test]
    fn a_one_way_cut_loses_one_direction() {
        let cut = Partition::of([1].into_iter().collect()).one_way();
        assert!(cut.cuts(1, 0) && !cut.cuts(0, 1) && !cut.cuts(0, 2));
    }

    #[test]
    fn a_zone_is_every_so_manyeth_host() {
        let zone = Partition::zone(0..9, 3, 2);
        assert_eq!(zone.apart().iter().collect::<Vec<_>>(), [2, 5, 8]);
    }

    #[test]
    fn the_isolated_reach_nobody_and_not_each_other() {
        let isolation = Isolation([1, 2].into_iter().collect());
        assert!(isolation.cuts(1, 2) && isolation.cuts(0, 1) && isolation.cuts(2, 0));
        assert!(!isolation.cuts(0, 3));
        assert!(!Isolation(Bits::default()).is_cut());
    }
}
