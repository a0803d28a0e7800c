//! Half of the members are in hidden pages, whose timers fire once a second.

use chinwag_core::Command;

use super::Stage;
use crate::{
    clock::Timers,
    measure::Watched,
    network::Manner,
    quantile::{greatest, quantile},
    random::SliceRandom,
    report::Crash,
    time::{SECOND, seconds},
};

/// For a death to be known to all.
const DEATH_KNOWN: u64 = 60 * SECOND;

pub(super) fn run(stage: &mut Stage) {
    stage.warm_up();
    stage.begin();
    let mut hosts: Vec<u32> = stage.network.living().collect();
    hosts.shuffle(&mut stage.chance);
    hosts.truncate(hosts.len() / 2);
    for host in &hosts {
        stage.network.host_mut(*host).timers = Timers::HIDDEN;
        let refused = stage.network.command(*host, Command::SetHidden { hidden: true }).err();
        stage.expect(refused.is_none(), || format!("node {host} can be hidden: {refused:?}"));
    }
    stage.network.run_for(stage.options.duration);
    stage.expect_no_false_deaths();
    // One of the hidden crashes: patience with them is no blindness.
    let Some(victim) = hosts.first().copied() else { return };
    let at = stage.network.now();
    let watch = stage.network.measures.watch(at, victim, Watched::Death);
    stage.network.crash(victim, Manner::Killed);
    stage.network.run_for(DEATH_KNOWN);
    let measures = &stage.network.measures;
    let seen: Option<Vec<f64>> =
        stage.network.living().map(|host| measures.seen_at(watch, host).map(|seen| seconds(seen - at))).collect();
    stage.expect(seen.is_some(), || "everybody learns of the crash of a hidden member".to_owned());
    let mut took = seen.unwrap_or_default();
    stage.report.crash = Some(Crash {
        known_to_99_s: Some(quantile(&mut took, 0.99)),
        known_to_all_s: Some(greatest(&took)),
        ..stage.mistakes()
    });
}
