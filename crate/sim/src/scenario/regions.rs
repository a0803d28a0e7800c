//! Three zones; one is cut off for a while.

use super::{Stage, partition::cut};
use crate::{
    faults::{Partition, Zones},
    random::RngExt,
    time::{MS, Micros, SECOND},
};

/// Zones into which the members fall.
pub(super) const ZONES: u8 = 3;

/// From one zone to another, on top of the latency.
const ACROSS: Micros = 80 * MS;

/// Until the room is one again, at most.
const HEALING: Micros = 180 * SECOND;

pub(super) fn run(stage: &mut Stage, lasts: Micros) {
    let zones = u32::from(ZONES);
    stage.network.add_fault(Box::new(Zones { zones, across: ACROSS }));
    stage.warm_up();
    stage.begin();
    let hosts: Vec<u32> = stage.network.living().collect();
    let zone = stage.chance.random_range(0..zones);
    cut(stage, |_| Partition::zone(hosts.into_iter(), zones, zone), lasts, |_| {});
    let deadline = stage.network.now() + HEALING;
    stage.report.heal = Some(stage.heal(deadline, |_| {}));
    stage.judge_comparisons();
}
