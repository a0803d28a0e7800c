//! Random members stand still for a while, again and again.

use std::collections::BTreeSet;

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

/// What is to come, the next first: when, to whom, and whether it begins to stand still or goes on. A host is in it once.
type Turns = BTreeSet<(Micros, u32, bool)>;

pub(super) fn run(stage: &mut Stage, lasts: Micros) {
    stage.warm_up();
    stage.begin();
    let until = stage.network.now() + stage.options.duration;
    let mut turns = Turns::new();
    while stage.network.now() < until && stage.network.violation().is_none() {
        let second = stage.network.now() + SECOND;
        for _ in 0..(stage.options.nodes / FROZEN_ONE_OF).max(1) {
            let host = stage.somebody();
            if turns.iter().all(|(_, other, _)| *other != host) {
                turns.insert((second - stage.chance.random_range(0..SECOND), host, true));
            }
        }
        while let Some((at, host, begins)) = next(&mut turns, second) {
            stage.network.run_until(at);
            if begins {
                stage.network.pause(host);
                turns.insert((at + lasts, host, false));
            } else {
                stage.network.resume(host);
            }
        }
        stage.network.run_until(second);
    }
    // Whoever was to begin has begun within its second.
    while let Some((at, host, _)) = turns.pop_first() {
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

/// The next to happen until then.
fn next(turns: &mut Turns, until: Micros) -> Option<(Micros, u32, bool)> {
    let (at, ..) = turns.first()?;
    if *at <= until { turns.pop_first() } else { None }
}
