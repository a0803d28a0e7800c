//! On narrow links some members say as much as they take, while another crashes and a third says a little now and then: before the flood, and
//! during it.

use super::{Stage, stage::living};
use crate::{
    faults::Bandwidth,
    measure::Watched,
    network::Manner,
    quantile::{greatest, quantile},
    report::{Crash, Spread},
    time::{MS, Micros, SECOND, seconds},
};

/// One message of the flood.
const FLOOD_BYTES: usize = 100_000;

/// What the third member says, and how often.
const WORD_BYTES: usize = 100;
const WORD_INTERVAL: Micros = 500 * MS;

/// Words before the flood, and before the crash.
const WORDS: u64 = 10;

/// How often it is looked whether the links take more.
const LOOK: Micros = 10 * MS;

/// All that was said arrives within so many times what the links need for it.
const SLACK: u64 = 4;

/// During a flood a death is known this much later than in calm, and half of the words arrive in so many times the time, at most: on each
/// link they wait for the frame that is being sent. Several floods fill more links.
const LATER_MAX: Micros = SECOND;
const TIMES_MAX: f64 = 2.5;
const TIMES_MAX_IN_SEVERAL: f64 = 5.0;

/// Before or during the flood.
struct Found {
    /// Until the last member had a word.
    words_s: Vec<f64>,
    /// Until all knew of the crash.
    crash_s: f64,
}

/// Lines of `bytes_per_s`, and so many floods of so many bytes in all.
pub(super) fn run(stage: &mut Stage, bytes_per_s: u64, flooders: u32, flood_bytes: usize) {
    stage.warm_up();
    stage.network.add_fault(Box::new(Bandwidth::per_link(bytes_per_s)));
    let flooders = flooders.clamp(1, stage.options.nodes.saturating_sub(3).max(1));
    let speaker = flooders;
    (0..flooders).for_each(|flooder| stage.say(flooder, WORD_BYTES));
    stage.network.run_for(5 * SECOND);
    stage.begin();
    let copies = stage.copies();
    let mut left = 0;
    let mut calm = play(stage, speaker, &mut left);
    left = flood_bytes / FLOOD_BYTES;
    let begun_at = stage.network.now();
    let mut busy = play(stage, speaker, &mut left);
    let needed = flood_bytes as u64 * SECOND / bytes_per_s.max(1);
    let deadline = begun_at + SLACK * needed + 10 * SECOND;
    while left > 0 && stage.network.now() < deadline && stage.network.violation().is_none() {
        pour(stage, speaker, &mut left);
        stage.network.run_for(LOOK);
    }
    let everybody = living(&stage.network);
    stage.network.run_while(SECOND, deadline, |network| {
        network.measures.messages().iter().any(|sent| sent.delivered.common(&everybody) + 1 < everybody.len())
    });
    stage.judge_messages(&everybody, copies);
    judge(stage, flooders, &mut calm, &mut busy);
    stage.expect_no_false_deaths();
}

/// A member speaks, and after a while another one crashes. Those before the speaker say what is left of the flood.
fn play(stage: &mut Stage, speaker: u32, left: &mut usize) -> Found {
    let mut crash = None;
    let first = stage.network.measures.messages().len();
    for word in 0..3 * WORDS {
        if word == WORDS {
            let victim = stage.network.living().find(|host| *host > speaker);
            let now = stage.network.now();
            crash = victim.map(|host| (now, stage.network.measures.watch(now, host, Watched::Death)));
            victim.into_iter().for_each(|host| stage.network.crash(host, Manner::Killed));
        }
        stage.say(speaker, WORD_BYTES);
        let next = stage.network.now() + WORD_INTERVAL;
        while stage.network.now() < next && stage.network.violation().is_none() {
            pour(stage, speaker, left);
            stage.network.run_for(LOOK);
        }
    }
    let sent = stage.network.measures.messages()[first..].iter().filter(|sent| sent.from == speaker);
    let words_s = sent.map(|sent| seconds(sent.last_at - sent.at)).collect();
    let known = crash.map_or(0.0, |(at, watch)| {
        let seen = stage.network.living().map(|host| stage.network.measures.seen_at(watch, host));
        greatest(&seen.map(|seen| seen.map_or(f64::INFINITY, |seen| seconds(seen - at))).collect::<Vec<_>>())
    });
    Found { words_s, crash_s: known }
}

/// Those before the speaker say as much as their links take, as `send` in a page does.
fn pour(stage: &mut Stage, speaker: u32, left: &mut usize) {
    for flooder in 0..speaker {
        while *left > 0 && !stage.network.hosts()[flooder as usize].node.is_behind() {
            stage.say(flooder, FLOOD_BYTES);
            *left -= 1;
        }
    }
}

fn judge(stage: &mut Stage, flooders: u32, calm: &mut Found, busy: &mut Found) {
    let (calm_s, busy_s) = (quantile(&mut calm.words_s, 0.5), quantile(&mut busy.words_s, 0.5));
    let times_max = if flooders == 1 { TIMES_MAX } else { TIMES_MAX_IN_SEVERAL };
    stage.expect(busy_s <= times_max * calm_s, || {
        format!("in a flood a word takes at most {times_max} times as long ({busy_s:.2} s after {calm_s:.2} s)")
    });
    let later_max = calm.crash_s + seconds(LATER_MAX);
    stage.expect(busy.crash_s <= later_max, || {
        format!("in a flood a death is known by {later_max:.2} s ({:.2} s)", busy.crash_s)
    });
    if let Some(found) = &mut stage.report.broadcast {
        found.last_s = Spread::of(&mut busy.words_s);
    }
    stage.report.crash = Some(Crash { known_to_all_s: Some(busy.crash_s), ..stage.mistakes() });
}
