//! Ten members crash, one after another.

use super::Stage;
use crate::{
    measure::Watched,
    network::Manner,
    quantile::{greatest, quantile},
    report::Crash,
    time::{Micros, SECOND, seconds},
};

const CRASHES: u64 = 10;

/// Until the next member crashes, at least.
const INTERVAL_MIN: Micros = 5 * SECOND;

pub(super) fn run(stage: &mut Stage, manner: Manner) {
    stage.warm_up();
    stage.begin();
    let interval = (stage.options.duration / CRASHES).max(INTERVAL_MIN);
    let mut crashes = Vec::new();
    for _ in 0..CRASHES.min(u64::from(stage.options.nodes.saturating_sub(2))) {
        let victim = stage.somebody();
        let now = stage.network.now();
        crashes.push((now, stage.network.measures.watch(now, victim, Watched::Death)));
        stage.network.crash(victim, manner);
        stage.network.run_for(interval);
    }
    // The last one gets as much time as it takes to be sure.
    let deadline = stage.network.now() + 60 * SECOND;
    stage.network.run_while(SECOND, deadline, |network| !super::stage::is_right(network));
    let (mut to_99, mut to_all, mut unknown) = (Vec::new(), Vec::new(), 0);
    for (at, watch) in crashes {
        let measures = &stage.network.measures;
        let seen: Vec<_> = stage.network.living().map(|host| measures.seen_at(watch, host)).collect();
        unknown += seen.iter().filter(|seen| seen.is_none()).count();
        let mut took: Vec<f64> = seen.into_iter().flatten().map(|seen| seconds(seen - at)).collect();
        to_99.push(quantile(&mut took, 0.99));
        to_all.push(greatest(&took));
    }
    stage.report.crash = Some(Crash {
        known_to_99_s: Some(greatest(&to_99)),
        known_to_all_s: Some(greatest(&to_all)),
        ..stage.mistakes()
    });
    stage.expect(unknown == 0, || format!("everybody learns of every crash ({unknown} did not)"));
    stage.expect_no_false_deaths();
}
