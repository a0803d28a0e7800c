//! Everybody joins within ten seconds.

use super::Stage;
use crate::{
    random::RngExt,
    report::{Join, MedianAndMax, Spread},
    time::{SECOND, seconds},
};

/// Within which all join.
const STORM: u64 = 10 * SECOND;

pub(super) fn run(stage: &mut Stage) {
    stage.begin();
    let mut times: Vec<u64> = (0..stage.options.nodes).map(|_| stage.chance.random_range(0..STORM)).collect();
    times.sort_unstable();
    for at in times {
        stage.network.run_until(at);
        stage.network.spawn();
    }
    let heal = stage.heal(STORM + stage.options.duration, |_| {});
    if heal.all_alive_s.is_some() {
        stage.report.join = Some(measured(stage));
    }
    stage.report.heal = Some(heal);
    stage.expect_no_false_deaths();
}

/// From each member's own first link: until the last member has heard of it, and until it has heard of the last.
fn measured(stage: &Stage) -> Join {
    let measures = &stage.network.measures;
    let hosts: Vec<u32> = stage.network.living().collect();
    let since = |host: u32, at: Option<u64>| {
        let linked_at = measures.first_link_at(host).unwrap_or(0);
        seconds(at.unwrap_or(linked_at).saturating_sub(linked_at))
    };
    let mut known: Vec<f64> = hosts.iter().map(|host| since(*host, measures.known_to_last_at(*host))).collect();
    let mut learns: Vec<f64> = hosts.iter().map(|host| since(*host, measures.learned_at(*host))).collect();
    let learns = Spread::of(&mut learns);
    Join { known_to_all_s: Spread::of(&mut known), learns_all_s: MedianAndMax::from(learns) }
}
