//! The seed draws size, parameters and faults. First a safety phase, in which anything may happen and only what must
//! never happen is looked for; then a liveness phase, in which the faults are over and everything must come right.

use chinwag_core::Command;

use super::{
    Options, Stage,
    stage::{is_right, living, wrong},
    state,
};
use crate::{
    bits::Bits,
    clock::Timers,
    faults::{Constant, Duplication, Isolation, Jitter, Loss, Partition, Preset},
    network::{Dials, Manner, Network},
    path::FaultId,
    random::{Concern, IndexedRandom, RngExt, Stream, stream},
    time::{MS, Micros, SECOND, seconds},
};

/// The safety phase, at least and at most.
const SAFETY: [Micros; 2] = [30 * SECOND, 120 * SECOND];

/// Between two things that happen.
const PAUSE_MAX: Micros = 6 * SECOND;

/// In the liveness phase everything must come right within this.
const LIVENESS: Micros = 300 * SECOND;

/// Then a message must reach all within this.
const ARRIVAL_MAX: Micros = 30 * SECOND;

/// Who may stand still for so long, or be cut off for so long, at most.
const EPISODE_MAX: Micros = 60 * SECOND;

/// The options under which a seed's run begins.
pub(super) fn draw(options: &Options) -> Options {
    let mut chance = stream(options.seed, Concern::Swarm);
    let nodes = match chance.random_range(0..10_u32) {
        0..5 => chance.random_range(2..=12),
        5..9 => chance.random_range(13..=60),
        _ => chance.random_range(61..=200),
    };
    Options {
        nodes: nodes.min(options.nodes),
        latency: up_to(&mut chance, 5, 120, (6, 600)) * MS,
        jitter: up_to(&mut chance, 0, 20, (4, 200)) * MS,
        loss: up_to(&mut chance, 0, 0, (3, 100)) as f64 / 1_000.0,
        preset: (up_to(&mut chance, 0, 0, (4, 1)) == 1).then(|| Preset::ALL[chance.random_range(0..4_u32) as usize]),
        dials: Dials {
            failing: up_to(&mut chance, 0, 0, (3, 30)) as f64 / 100.0,
            impossible: up_to(&mut chance, 0, 0, (6, 15)) as f64 / 100.0,
            extra: up_to(&mut chance, 0, 300, (5, 4_000)) * MS,
            ..Dials::default()
        },
        ..options.clone()
    }
}

/// A number up to `most`, or in one of so many runs up to a greater one.
fn up_to(chance: &mut Stream, least: u64, most: u64, (one_in, rarely_most): (u32, u64)) -> u64 {
    let most = if chance.random_range(0..one_in) == 0 { rarely_most } else { most };
    chance.random_range(least..=most)
}

pub(super) fn run(stage: &mut Stage) {
    stage.begin();
    let Options { nodes, latency, jitter, loss, preset, dials, .. } = &stage.options;
    let (latency, jitter) = (latency / MS, jitter / MS);
    stage.report.drawn =
        format!("{nodes} members, latency {latency} ms, jitter {jitter} ms, loss {loss}, {preset:?}, {dials:?}");
    let mut chance = stream(stage.options.seed, Concern::Faults);
    let until = chance.random_range(SAFETY[0]..=SAFETY[1]);
    let writing = stream(stage.options.seed, Concern::State);
    let mut trouble = Trouble::new(chance, stage.options.nodes, writing);
    while stage.network.now() < until && stage.network.violation().is_none() {
        trouble.stir(stage);
        trouble.write(stage);
        let pause = trouble.chance.random_range(0..=PAUSE_MAX);
        stage.network.run_for(pause);
    }
    trouble.end(stage);
    let deadline = stage.network.now() + LIVENESS;
    let mut heal = state::heal(stage, deadline);
    if heal.all_alive_s.is_some() && heal.connected_s.is_some() {
        heal.message_reaches_all_s = last_word(stage);
    }
    stage.report.heal = Some(heal);
    stage.report.nodes = living(&stage.network).len();
}

/// A message in the end reaches all, since nothing is in its way.
fn last_word(stage: &mut Stage) -> Option<f64> {
    stage.network.measures.begin();
    let (speaker, at) = (stage.somebody(), stage.network.now());
    stage.say(speaker, 100);
    stage.network.run_for(ARRIVAL_MAX);
    let all = living(&stage.network);
    let sent = &stage.network.measures.messages()[0];
    let (arrived, last_at) = (sent.delivered.common(&all) + 1 == all.len(), sent.last_at);
    stage.expect(arrived, || "the last message reaches all".to_owned());
    let right = is_right(&stage.network);
    let what = wrong(&stage.network);
    stage.expect(right, || format!("what has come right stays so ({what})"));
    arrived.then(|| seconds(last_at - at))
}

/// Who lives, and is not the second tab of somebody.
fn originals(network: &Network) -> Vec<u32> {
    network.living().filter(|host| network.is_first(*host)).collect()
}

/// The faults in force.
#[derive(Debug)]
struct Trouble {
    chance: Stream,
    members: u32,
    /// With the time when they end.
    paths: Vec<(Micros, FaultId)>,
    frozen: Vec<(Micros, u32)>,
    isolated: Bits,
    values: u32,
    /// Who writes what to maps, logs and counters: apart, so that the faults of a seed do not depend on it.
    writing: Stream,
}

impl Trouble {
    fn new(chance: Stream, members: u32, writing: Stream) -> Self {
        let (paths, frozen, isolated) = (Vec::new(), Vec::new(), Bits::default());
        Self { chance, members, paths, frozen, isolated, values: 0, writing }
    }

    /// Some members write to maps, logs and counters.
    fn write(&mut self, stage: &mut Stage) {
        let living = originals(&stage.network);
        for _ in 0..self.writing.random_range(0..4_u32) {
            let Some(writer) = living.choose(&mut self.writing).copied() else { return };
            self.values += 1;
            // Who has left writes no more.
            let _ = stage.network.command(writer, state::draw(&mut self.writing, self.values));
        }
    }

    /// One thing happens, and some end.
    fn stir(&mut self, stage: &mut Stage) {
        self.expire(stage, stage.network.now());
        let living = originals(&stage.network);
        let Some(somebody) = living.choose(&mut self.chance).copied() else {
            stage.network.spawn();
            return;
        };
        let lasts = self.chance.random_range(SECOND / 2..=EPISODE_MAX);
        match self.chance.random_range(0..20_u32) {
            0..6 => self.welcome(stage),
            6 => stage.network.leave(somebody),
            7 if living.len() > 2 => stage.network.crash(somebody, self.manner()),
            8 => self.revive(stage),
            9 | 10 => {
                stage.network.pause(somebody);
                self.frozen.push((stage.network.now() + lasts, somebody));
            }
            11 => self.cut(stage, &living, lasts),
            12 => self.blur(stage, lasts),
            13 => self.bend_time(stage, somebody),
            14 => stage.network.set_server(!stage.network.server().is_up()),
            15 => {
                stage.network.host_mut(somebody).slowness = self.chance.random_range(0..=5 * MS);
            }
            17 if living.len() < self.members as usize && lasts % 4 == 0 => {
                stage.network.spawn_clone(somebody);
            }
            16 | 17 => stage.say(somebody, 40),
            _ => {
                self.values += 1;
                let value = self.values.to_le_bytes().to_vec();
                // Who has left does not say what it thinks any more.
                let _ = stage.network.command(somebody, Command::SetPresence { value });
            }
        }
    }

    fn welcome(&mut self, stage: &mut Stage) {
        let room = self.members.saturating_sub(stage.network.living().count() as u32);
        for _ in 0..self.chance.random_range(0..=room) {
            stage.network.spawn();
        }
    }

    fn manner(&mut self) -> Manner {
        [Manner::Closed, Manner::Killed, Manner::Lost][self.chance.random_range(0..3_u32) as usize]
    }

    fn revive(&mut self, stage: &mut Stage) {
        let dead: Vec<u32> = (0..stage.network.hosts().len() as u32)
            .filter(|host| !stage.network.hosts()[*host as usize].is_alive() && stage.network.is_first(*host))
            .collect();
        if let Some(host) = dead.choose(&mut self.chance) {
            stage.network.restart(*host);
        }
    }

    fn cut(&mut self, stage: &mut Stage, living: &[u32], lasts: Micros) {
        let hosts = living.iter().copied();
        let fault = match self.chance.random_range(0..4_u32) {
            0 => stage.network.add_fault(Box::new(Partition::share(hosts, 0.5, &mut self.chance))),
            1 => stage.network.add_fault(Box::new(Partition::share(hosts, 0.3, &mut self.chance).one_way())),
            2 => stage.network.add_fault(Box::new(Partition::share(hosts, 0.1, &mut self.chance))),
            _ => {
                self.isolated = Partition::share(hosts, 0.2, &mut self.chance).apart().clone();
                stage.network.add_fault(Box::new(Isolation(self.isolated.clone())))
            }
        };
        self.paths.push((stage.network.now() + lasts, fault));
    }

    fn blur(&mut self, stage: &mut Stage, lasts: Micros) {
        let share = f64::from(self.chance.random_range(0..=30_u32)) / 100.0;
        let delay = self.chance.random_range(0..=400) * MS;
        let fault = match self.chance.random_range(0..4_u32) {
            0 => stage.network.add_fault(Box::new(Loss { share })),
            1 => stage.network.add_fault(Box::new(Duplication { share: (share * 5.0 / 3.0).min(0.5) })),
            2 => stage.network.add_fault(Box::new(Jitter { most: delay })),
            _ => stage.network.add_fault(Box::new(Constant { delay })),
        };
        self.paths.push((stage.network.now() + lasts, fault));
    }

    fn bend_time(&mut self, stage: &mut Stage, host: u32) {
        let now = stage.network.now();
        let drift_ppm = i64::from(self.chance.random_range(0..=400_u32)) - 200;
        let hour = 3_600 * i64::try_from(SECOND).unwrap_or(0);
        let at = stage.network.host_mut(host);
        let what = match self.chance.random_range(0..4_u32) {
            0 => {
                at.clock.drift(now, drift_ppm);
                "drifts"
            }
            1 => {
                at.clock.step(now, hour);
                "jumps an hour ahead"
            }
            2 => {
                at.clock.step(now, -hour);
                "jumps an hour back"
            }
            _ => {
                at.timers = Timers::HIDDEN;
                "fires its timers once a second"
            }
        };
        stage.network.note(|| format!("the clock of node {host} {what}"));
    }

    fn expire(&mut self, stage: &mut Stage, now: Micros) {
        for (_, fault) in self.paths.extract_if(.., |(until, _)| *until <= now) {
            stage.network.remove_fault(fault);
        }
        for (_, host) in self.frozen.extract_if(.., |(until, _)| *until <= now) {
            stage.network.resume(host);
        }
    }

    /// The faults are over: paths are whole, the server is there, who stood still goes on. The dead stay dead.
    fn end(&mut self, stage: &mut Stage) {
        self.expire(stage, Micros::MAX);
        if !stage.network.server().is_up() {
            stage.network.set_server(true);
        }
        stage.network.set_dials(Dials { failing: 0.0, impossible: 0.0, ..stage.options.dials });
        // All may have left: then others come into the empty room.
        if stage.network.living().next().is_none() {
            stage.network.spawn();
            stage.network.spawn();
        }
        for host in stage.network.living().collect::<Vec<_>>() {
            let at = stage.network.host_mut(host);
            (at.slowness, at.timers) = (0, Timers::Exact);
        }
    }
}
