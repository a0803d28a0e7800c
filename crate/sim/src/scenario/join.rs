//! One newcomer in a room at rest.

use super::Stage;
use crate::{
    measure::{WatchId, Watched},
    report::{Join, Spread},
    time::{Micros, seconds},
};

pub(super) fn run(stage: &mut Stage) {
    stage.warm_up();
    stage.begin();
    let newcomer = stage.network.hosts().len() as u32;
    let watch = stage.network.measures.watch(stage.network.now(), newcomer, Watched::Joining);
    stage.network.spawn();
    stage.network.run_for(stage.options.duration);
    let join = measured(stage, newcomer, watch);
    stage.expect(join.is_some(), || "the newcomer is known to all, and knows all".to_owned());
    stage.report.join = join;
    stage.judge_comparisons();
}

fn measured(stage: &Stage, newcomer: u32, watch: WatchId) -> Option<Join> {
    let measures = &stage.network.measures;
    let linked_at = measures.first_link_at(newcomer)?;
    let since = |at: Micros| seconds(at.saturating_sub(linked_at));
    let others: Vec<u32> = stage.network.living().filter(|host| *host != newcomer).collect();
    let known: Option<Vec<f64>> = others.iter().map(|host| measures.seen_at(watch, *host).map(since)).collect();
    let learned: Option<Vec<f64>> = others.iter().map(|host| measures.heard_at(newcomer, *host).map(since)).collect();
    Some(Join { known_to_all_s: Spread::of(&mut known?), learns_all_s: Spread::of(&mut learned?).into() })
}
