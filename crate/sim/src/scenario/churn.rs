//! Members come and go all the time.

use super::Stage;
use crate::{
    network::Manner,
    random::RngExt,
    time::{Micros, SECOND, micros},
};

/// After the last change, until everybody knows everybody, at most.
const HEALING: Micros = 120 * SECOND;

/// What churn may cost a member in dials, in ten minutes at 2 % a minute.
const DIALS_MAX: u64 = 25;

/// `rate` is the share of members that is replaced each minute.
pub(super) fn run(stage: &mut Stage, rate: f64) {
    stage.warm_up();
    stage.begin();
    let until = stage.network.now() + stage.options.duration;
    let per_second = rate.max(0.0) * f64::from(stage.options.nodes) / 60.0;
    let pause = micros(1.0 / per_second.max(1e-6)).max(1);
    while stage.network.now() < until && stage.network.violation().is_none() {
        let wait = stage.chance.random_range(pause / 2..=pause + pause / 2);
        stage.network.run_until((stage.network.now() + wait).min(until));
        let who = stage.somebody();
        match stage.chance.random_range(0..4_u32) {
            0 | 1 => stage.network.leave(who),
            2 => stage.network.crash(who, Manner::Closed),
            _ => stage.network.crash(who, Manner::Killed),
        }
        stage.network.spawn();
    }
    let dials = stage.dials_of_the_longest_there();
    let deadline = stage.network.now() + HEALING;
    stage.report.heal = Some(stage.heal(deadline, |_| {}));
    stage.judge_comparisons();
    stage.report.crash = Some(stage.mistakes());
    stage.expect_no_false_deaths();
    let within = stage.options.duration <= 600 * SECOND && rate <= 0.02;
    stage.expect(!within || dials <= DIALS_MAX, || format!("at most {DIALS_MAX} dials a member ({dials})"));
}
