//! What is tried with each peer: the same as in the simulator's scenarios of these names, with the same definitions.

use chinwag_sim::{
    quantile::{greatest, quantile},
    report::Spread,
    time::{MS, Micros, SECOND, seconds},
};

use crate::{
    figures::{Figures, Row},
    world::{Member, World},
};

/// Bytes of a message.
pub(crate) const MESSAGE_BYTES: usize = 100;

/// The measured part of a trial.
pub(crate) const DURATION: Micros = 60 * SECOND;

/// After everybody has spoken once: until nobody passes it on any more, at 1,400 bytes a packet.
const TRAINED: Micros = 300 * SECOND;

/// For the last message to arrive everywhere.
const AFTERMATH: Micros = 5 * SECOND;

/// Between two messages.
const INTERVAL: Micros = SECOND / 2;

/// After the last crash, until everybody must know.
const DEATH_MAX: Micros = 300 * SECOND;

/// One newcomer in a room at rest.
pub(crate) fn join<M: Member>(world: &mut World<M>) -> Figures {
    let mut figures = Figures::default();
    if !M::KNOWS_MEMBERS {
        return figures;
    }
    let contact = world.somebody();
    let others = world.shuffled();
    let newcomer = world.spawn();
    world.watch(newcomer, true);
    let joined_at = world.now();
    world.join(newcomer, contact);
    world.run_for(DURATION);
    let since = |at: Micros| seconds(at - joined_at);
    let known: Option<Vec<f64>> = others.iter().map(|host| world.watches[0].seen_at(*host).map(since)).collect();
    let learnt: Option<Vec<f64>> =
        others.iter().map(|host| world.heard_at.get(&(newcomer, *host)).map(|at| since(*at))).collect();
    figures.add(Row::JoinKnownToAll, known.map(|times| greatest(&times)));
    figures.add(Row::JoinLearnsAll, learnt.map(|times| greatest(&times)));
    figures
}

/// Nothing happens.
pub(crate) fn calm<M: Member>(world: &mut World<M>) -> Figures {
    let mut figures = Figures::default();
    figures.add(Row::Calm, Some(bytes_per_s(world, DURATION) / f64::from(world.living().len())));
    figures
}

fn bytes_per_s<M: Member>(world: &mut World<M>, duration: Micros) -> f64 {
    let before = world.bytes;
    world.run_for(duration);
    (world.bytes - before) as f64 / seconds(duration)
}

/// Random members speak, after each has spoken once.
///
/// What a message costs is what was sent in that time beyond what the same time costs in calm: some hang messages on their
/// probes, so the two cannot be told apart otherwise.
pub(crate) fn broadcast<M: Member>(world: &mut World<M>) -> Figures {
    let calm = bytes_per_s(world, DURATION);
    let pause = 10 * SECOND / u64::from(world.living().len().max(1));
    for speaker in world.shuffled() {
        world.say(speaker, MESSAGE_BYTES);
        world.run_for(pause);
    }
    world.run_for(TRAINED);
    let (trained, bytes, copies, begun_at) = (world.messages.len(), world.bytes, world.copies, world.now());
    while world.now() + AFTERMATH < begun_at + DURATION {
        let speaker = world.somebody();
        world.say(speaker, MESSAGE_BYTES);
        world.run_for(INTERVAL);
    }
    world.run_for(AFTERMATH);
    let messages = &world.messages[trained..];
    let got = messages.iter().map(|sent| f64::from(sent.delivered.len())).sum::<f64>().max(1.0);
    let wanted = messages.len() as f64 * f64::from(world.living().len() - 1);
    let mut last: Vec<f64> = messages.iter().map(|sent| seconds(sent.last_at - sent.at)).collect();
    let mean = last.iter().sum::<f64>() / last.len().max(1) as f64;
    let Spread { p50, max, .. } = Spread::of(&mut last);
    let cost = (world.bytes - bytes) as f64 - calm * seconds(world.now() - begun_at);
    let mut figures = Figures::default();
    figures.add(Row::LastMedian, Some(p50));
    figures.add(Row::LastMean, Some(mean));
    figures.add(Row::LastMax, Some(max));
    figures.add(Row::Delivered, Some(100.0 * got / wanted));
    figures.add(Row::Redundancy, Some((world.copies - copies) as f64 / got));
    figures.add(Row::BytesPerDelivery, Some(cost / got));
    figures
}

/// Ten crashes, one after another; nobody is told.
pub(crate) fn crash<M: Member>(world: &mut World<M>) -> Figures {
    let mut figures = Figures::default();
    if !M::KNOWS_MEMBERS {
        return figures;
    }
    for _ in 0..10_u32.min(world.living().len().saturating_sub(2)) {
        let victim = world.somebody();
        world.watch(victim, false);
        world.crash(victim, false);
        world.run_for(DURATION / 10);
    }
    let all_know = world.run_until(DEATH_MAX, World::is_right);
    let living = world.living();
    let (mut to_99, mut to_all) = (Vec::new(), Vec::new());
    for watch in &world.watches {
        let mut took: Vec<f64> =
            living.iter().filter_map(|host| watch.seen_at(host)).map(|at| seconds(at - watch.since)).collect();
        to_99.push(quantile(&mut took, 0.99));
        to_all.push(greatest(&took));
    }
    figures.add(Row::CrashKnownTo99, all_know.then(|| greatest(&to_99)));
    figures.add(Row::CrashKnownToAll, all_know.then(|| greatest(&to_all)));
    figures
}

/// Four of five members crash at once, and the others go on speaking.
pub(crate) fn mass_crash<M: Member>(world: &mut World<M>, announced: bool) -> Figures {
    let mut figures = Figures::default();
    // Nobody learns of a silent death where no library probes and no connection is seen to end.
    let notices = if announced { M::KEEPS_LINKS } else { M::KNOWS_MEMBERS };
    if !notices {
        return figures;
    }
    let everybody = world.shuffled();
    let (before, crashed_at) = (world.messages.len(), world.now());
    everybody.iter().take(everybody.len() * 4 / 5).for_each(|victim| world.crash(*victim, announced));
    let (mut connected_at, mut right_at, mut speak_at) = (None, None, crashed_at);
    while world.now() < crashed_at + DURATION {
        if world.now() >= speak_at {
            let speaker = world.somebody();
            world.say(speaker, MESSAGE_BYTES);
            speak_at += INTERVAL;
        }
        world.run_for(100 * MS);
        note(&mut connected_at, !M::KEEPS_LINKS || world.is_connected(), world.now());
        note(&mut right_at, M::KNOWS_MEMBERS && world.is_right(), world.now());
    }
    world.run_for(AFTERMATH);
    let survivors = world.living();
    let whole = world.messages[before..].iter().find(|sent| sent.delivered.common(&survivors) + 1 >= survivors.len());
    let after = |at: Micros| seconds(at - crashed_at);
    let [connected, message, right] = if announced {
        [Row::AnnouncedConnected, Row::AnnouncedMessage, Row::AnnouncedRight]
    } else {
        [Row::SilentConnected, Row::SilentMessage, Row::SilentRight]
    };
    if M::KEEPS_LINKS {
        figures.add(connected, connected_at.map(after));
    }
    figures.add(message, whole.map(|sent| after(sent.at)));
    if M::KNOWS_MEMBERS {
        figures.add(right, right_at.map(after));
    }
    figures
}

/// Since when something is true without a break.
fn note(since: &mut Option<Micros>, is_true: bool, now: Micros) {
    *since = if is_true { since.or(Some(now)) } else { None };
}
