//! Random members speak to all, after each has spoken once.

use super::{Stage, stage::living};
use chinwag_core::Strategy;

use crate::{
    graph,
    invariants::InOrder,
    random::SliceRandom,
    theory::{self, Rule, Seen},
    time::{MS, Micros, SECOND, seconds},
};

/// In which each member speaks once before the measuring begins.
const TRAINING: Micros = 10 * SECOND;

/// Copies beyond the first that a member gets of a message, at rest. Invariant 24.
const REDUNDANCY_MAX: f64 = 0.2;

/// For the last message to arrive everywhere, and for what follows from it.
const AFTERMATH: Micros = 5 * SECOND;

/// Rounds after which a message that spreads in rounds has arrived everywhere.
const ROUNDS_MAX: u64 = 40;

pub(super) fn run(stage: &mut Stage, bytes: usize, interval: Micros) {
    let rule = rule(stage);
    if stage.is_lossless() && rule.is_none() {
        stage.network.invariants.add(Box::new(InOrder::default()));
    }
    stage.warm_up();
    if rule.is_none() {
        train(stage, bytes);
    }
    let round = u64::from(stage.options.config.round_ms.max(1)) * MS;
    let aftermath = if rule.is_none() { AFTERMATH } else { AFTERMATH.max(ROUNDS_MAX * round) };
    // All rounds begin together: a message is said right before one, so that it has the whole of it.
    let wait_for_round = |stage: &mut Stage| {
        let next = stage.network.now().next_multiple_of(round);
        stage.network.run_until(next + round - MS);
    };
    if rule.is_some() {
        wait_for_round(stage);
    }
    stage.begin();
    let (before, asked_before) = (stage.copies(), asked(stage));
    let until = stage.network.now() + stage.options.duration;
    while stage.network.now() + aftermath < until && stage.network.violation().is_none() {
        let speaker = stage.somebody();
        stage.say(speaker, bytes);
        stage.network.run_for(interval);
        if rule.is_some() {
            wait_for_round(stage);
        }
    }
    stage.network.run_for(aftermath);
    let all = living(&stage.network);
    stage.judge_messages(&all, before);
    if let Some(rule) = rule {
        let asked = asked(stage) - asked_before;
        stage.report.theory = Some(theory::compare(rule, &seen(stage, round, asked)));
    }
    let redundancy = stage.report.broadcast.as_ref().map_or(0.0, |found| found.redundancy);
    let at_rest = stage.is_lossless() && rule.is_none();
    stage.expect(!at_rest || redundancy < REDUNDANCY_MAX, || {
        format!("redundancy stays below {REDUNDANCY_MAX} at rest ({redundancy:.3})")
    });
}

/// What theory knows the strategy as; it has nothing to say of trees.
fn rule(stage: &Stage) -> Option<Rule> {
    match stage.options.config.strategy {
        Strategy::Push => Some(Rule::Push),
        Strategy::Pull => Some(Rule::Pull),
        Strategy::PushPull => Some(Rule::PushPull),
        Strategy::Rumor => Some(Rule::Rumor { useless_max: stage.options.config.rumor_useless_max }),
        _ => None,
    }
}

/// Rumors that were told of, did not come, and were asked for, at all hosts since the run began.
fn asked(stage: &Stage) -> u64 {
    stage.network.hosts().iter().map(|host| host.node.stats().grafts).sum()
}

fn seen(stage: &Stage, round: Micros, asked: u64) -> Seen {
    let network = &stage.network;
    let links: usize = graph::neighbours(network).iter().map(Vec::len).sum();
    let members = network.living().count() as u32;
    let in_rounds = |took_ms: &u32| (u64::from(*took_ms) * MS).div_ceil(round) as usize;
    Seen {
        round_s: seconds(round),
        degree: links as f64 / f64::from(members.max(1)),
        members,
        rounds: network.measures.messages().iter().map(|sent| sent.took_ms.iter().map(in_rounds).collect()).collect(),
        asked,
    }
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
