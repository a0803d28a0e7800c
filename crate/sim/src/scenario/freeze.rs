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
    // Who begins to stand still when, and who goes on when.
    let (mut falling, mut frozen) = (Vec::new(), Vec::<(Micros, u32)>::new());
    while stage.network.now() < until && stage.network.violation().is_none() {
        let second = stage.network.now() + SECOND;
        for _ in 0..(stage.options.nodes / FROZEN_ONE_OF).max(1) {
            let host = stage.somebody();
            if falling.iter().chain(&frozen).all(|(_, other)| *other != host) {
                falling.push((second - stage.chance.random_range(0..SECOND), host));
            }
        }
        while let Some((at, host, begins)) = next(&mut falling, &mut frozen, second) {
            stage.network.run_until(at);
            if begins {
                stage.network.pause(host);
                frozen.push((at + lasts, host));
            } else {
                stage.network.resume(host);
            }
        }
        stage.network.run_until(second);
    }
    while let Some((at, host, _)) = next(&mut Vec::new(), &mut frozen, Micros::MAX) {
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

/// The next to happen before `until`: when, to whom, and whether it begins to stand still or goes on.
fn next(
    falling: &mut Vec<(Micros, u32)>,
    frozen: &mut Vec<(Micros, u32)>,
    until: Micros,
) -> Option<(Micros, u32, bool)> {
    let (begins, ends) = (falling.iter().min().copied(), frozen.iter().min().copied());
    let is_begin = begins.is_some_and(|begin| ends.is_none_or(|end| begin < end));
    let (at, host) = if is_begin { begins } else { ends }.filter(|(at, _)| *at <= until)?;
    let list = if is_begin { falling } else { frozen };
    list.retain(|(_, other)| *other != host);
    Some((at, host, is_begin))
}
