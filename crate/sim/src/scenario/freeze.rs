//! Random members stand still for a while, again and again.

use super::Stage;
use crate::{
    random::RngExt,
    time::{Micros, SECOND},
};

/// Every second, one of so many members begins to stand still.
const FROZEN_ONE_OF: u32 = 50;

/// Who stands still for longer than this may be taken for dead.
const FORGIVEN: Micros = 3 * SECOND;

/// Until everybody is alive again in the eyes of all, at most.
const HEALING: Micros = 120 * SECOND;

pub(super) fn run(stage: &mut Stage, lasts: Micros) {
    stage.warm_up();
    stage.begin();
    let until = stage.network.now() + stage.options.duration;
    let mut frozen: Vec<(Micros, u32)> = Vec::new();
    while stage.network.now() < until && stage.network.violation().is_none() {
        for _ in 0..(stage.options.nodes / FROZEN_ONE_OF).max(1) {
            let host = stage.somebody();
            if frozen.iter().all(|(_, other)| *other != host) {
                stage.network.pause(host);
                let jitter = stage.chance.random_range(0..SECOND);
                frozen.push((stage.network.now() + lasts + jitter % lasts.max(1), host));
            }
        }
        frozen.sort_unstable();
        let second = stage.network.now() + SECOND;
        while let Some((at, host)) = frozen.first().copied().filter(|(at, _)| *at <= second) {
            stage.network.run_until(at);
            stage.network.resume(host);
            frozen.remove(0);
        }
        stage.network.run_until(second);
    }
    for (at, host) in frozen {
        stage.network.run_until(at);
        stage.network.resume(host);
    }
    let deadline = stage.network.now() + HEALING;
    stage.report.heal = Some(stage.heal(deadline, |_| {}));
    stage.report.crash = Some(stage.mistakes());
    stage.expect_no_false_deaths();
    let frozen_deaths = stage.network.measures.deaths_of_frozen();
    let forgiven = lasts <= FORGIVEN;
    stage.expect(!forgiven || frozen_deaths == 0, || format!("nobody dies of a short freeze ({frozen_deaths} did)"));
}
