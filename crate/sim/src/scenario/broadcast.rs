//! Random members speak to all, after each has spoken once.

use super::{Stage, stage::living};
use crate::{
    invariants::InOrder,
    random::SliceRandom,
    time::{Micros, SECOND},
};

/// In which each member speaks once before the measuring begins.
const TRAINING: Micros = 10 * SECOND;

/// Copies beyond the first that a member gets of a message, at rest. Invariant 24.
const REDUNDANCY_MAX: f64 = 0.2;

/// For the last message to arrive everywhere, and for what follows from it.
const AFTERMATH: Micros = 5 * SECOND;

pub(super) fn run(stage: &mut Stage, bytes: usize, interval: Micros) {
    if stage.is_lossless() {
        stage.network.invariants.add(Box::new(InOrder::default()));
    }
    stage.warm_up();
    train(stage, bytes);
    stage.begin();
    let before = stage.copies();
    let until = stage.network.now() + stage.options.duration;
    while stage.network.now() + AFTERMATH < until && stage.network.violation().is_none() {
        let speaker = stage.somebody();
        stage.say(speaker, bytes);
        stage.network.run_for(interval);
    }
    stage.network.run_for(AFTERMATH);
    let all = living(&stage.network);
    stage.judge_messages(&all, before);
    let redundancy = stage.report.broadcast.as_ref().map_or(0.0, |found| found.redundancy);
    let at_rest = stage.is_lossless();
    stage.expect(!at_rest || redundancy < REDUNDANCY_MAX, || {
        format!("redundancy stays below {REDUNDANCY_MAX} at rest ({redundancy:.3})")
    });
}

/// Everybody speaks once, so that there is a tree for each.
fn train(stage: &mut Stage, bytes: usize) {
    let mut everybody: Vec<u32> = stage.network.living().collect();
    everybody.shuffle(&mut stage.chance);
    let pause = TRAINING / u64::from(stage.options.nodes.max(1));
    for speaker in everybody {
        stage.say(speaker, bytes);
        stage.network.run_for(pause);
    }
    stage.network.run_for(AFTERMATH);
}
