//! A share of all members crashes at once; the others find each other again.

use super::{
    Stage,
    stage::{is_right, living},
};
use crate::{
    network::Manner,
    random::SliceRandom,
    time::{Micros, SECOND, seconds},
};

/// How often a survivor says something to all.
const SPEAK: Micros = SECOND / 2;

/// Bytes of what it says.
const BYTES: usize = 100;

/// A message that has not arrived everywhere after this never will.
const ARRIVAL_MAX: Micros = 5 * SECOND;

pub(super) fn run(stage: &mut Stage, fraction: f64, manner: Manner) {
    stage.warm_up();
    let mut everybody: Vec<u32> = stage.network.living().collect();
    everybody.shuffle(&mut stage.chance);
    let victims = (fraction.clamp(0.0, 1.0) * everybody.len() as f64) as usize;
    everybody.truncate(victims.min(everybody.len().saturating_sub(1)));
    stage.begin();
    let crashed_at = stage.network.now();
    everybody.iter().for_each(|victim| stage.network.crash(*victim, manner));
    let mut speak_at = crashed_at;
    let mut heal = stage.heal(crashed_at + stage.options.duration, |stage| {
        if stage.network.now() >= speak_at {
            let speaker = stage.somebody();
            stage.say(speaker, BYTES);
            speak_at += SPEAK;
        }
    });
    stage.network.run_for(ARRIVAL_MAX);
    let survivors = living(&stage.network);
    let messages = stage.network.measures.messages();
    let whole = messages.iter().find(|sent| sent.delivered.common(&survivors) + 1 >= survivors.len());
    heal.message_reaches_all_s = whole.map(|sent| seconds(sent.at - crashed_at));
    stage.expect(heal.message_reaches_all_s.is_some(), || "a message reaches all survivors".to_owned());
    let right = is_right(&stage.network);
    stage.expect(right, || "the survivors still know exactly each other in the end".to_owned());
    stage.report.heal = Some(heal);
    stage.report.crash = Some(stage.mistakes());
    stage.expect_no_false_deaths();
}
