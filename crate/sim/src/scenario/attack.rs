//! Some members misbehave: they speak frames of their own beside those of their node.
//!
//! What is measured is what that costs the honest: their own traffic while it lasts, mistakes of theirs about each other, their messages to each
//! other, and whether all of them have a link to one of their kind.

use std::sync::Arc;

use chinwag_core::{
    Lane, PeerId,
    wire::{Entry, Farewell, Frame, Post, Record, RoomKey, Rumor, Signed, Suspicion},
};

use super::Stage;
use crate::{
    bits::Bits,
    graph::neighbours,
    network::Manner,
    random::{Concern, IndexedRandom, RngExt, Stream, stream},
    time::{MS, Micros, SECOND, WALL_MS},
};

/// What an adversary does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Accuses everybody, signed.
    Accuse,
    /// Says again what others have said, hours or seconds ago.
    Replay,
    /// Says much: large messages, and bytes that are no frames.
    Flood,
    /// Joins again and again, each time as somebody else.
    Rejoin,
    /// Speaks for others.
    Forge,
}

/// How often adversaries act.
const TURN: Micros = 100 * MS;

/// How often an honest member says something to all.
const SPEAK: Micros = SECOND;

/// Bytes of what it says.
const BYTES: usize = 100;

/// After the adversaries are gone, until everything is as if they had never been, at most.
const HEALING: Micros = 120 * SECOND;

/// A newcomer that comes only to go stays for so long.
const STAY: Micros = 2 * SECOND;

pub(super) fn run(stage: &mut Stage, kind: Kind, attackers: u32) {
    stage.warm_up();
    let mut gang = Gang::recruit(stage, kind, attackers);
    stage.begin();
    let copies = stage.copies();
    let until = stage.network.now() + stage.options.duration;
    let mut besieged = Bits::default();
    let mut speak_at = stage.network.now();
    while stage.network.now() < until && stage.network.violation().is_none() {
        gang.act(stage);
        if stage.network.now() >= speak_at {
            let honest: Vec<u32> = stage.network.living().filter(|host| !gang.members.contains(*host)).collect();
            if let Some(speaker) = honest.choose(&mut stage.chance).copied() {
                stage.say(speaker, BYTES);
            }
            speak_at += SPEAK;
            gang.besieged(stage).into_iter().for_each(|host| _ = besieged.insert(host));
        }
        stage.network.run_for(TURN);
    }
    stage.end_counting();
    stage.expect(besieged.is_empty(), || {
        format!("nobody honest is without an honest neighbour ({} were)", besieged.len())
    });
    gang.members.iter().for_each(|host| stage.network.crash(host, Manner::Closed));
    stage.network.run_for(5 * SECOND);
    let honest: Bits = stage.network.living().filter(|host| !gang.members.contains(*host)).collect();
    stage.judge_messages(&honest, copies);
    let deadline = stage.network.now() + HEALING;
    stage.report.heal = Some(stage.heal(deadline, |_| {}));
    stage.report.crash = Some(stage.mistakes());
    stage.expect_no_false_deaths();
}

/// The adversaries of a run.
#[derive(Debug)]
struct Gang {
    kind: Kind,
    members: Bits,
    chance: Stream,
    turns: usize,
    /// Whom those who come only to go have sent last, and when.
    visitors: Vec<(Micros, u32)>,
}

impl Gang {
    fn recruit(stage: &mut Stage, kind: Kind, attackers: u32) -> Self {
        let mut members = Bits::default();
        while kind != Kind::Rejoin && members.len() < attackers.min(stage.options.nodes / 2) {
            let host = stage.somebody();
            if members.insert(host) {
                stage.network.tap(host);
                distrust(stage, host);
            }
        }
        let chance = stream(stage.options.seed, Concern::Adversaries);
        let visitors = (0..attackers).map(|_| (0, u32::MAX)).collect();
        Self { kind, members, chance, turns: 0, visitors }
    }

    fn act(&mut self, stage: &mut Stage) {
        self.turns += 1;
        if self.kind == Kind::Rejoin {
            self.come_and_go(stage);
            return;
        }
        for host in self.members.clone().iter() {
            for (lane, frame) in self.frames(stage, host) {
                stage.network.speak(host, lane, &frame);
            }
        }
    }

    fn frames(&mut self, stage: &mut Stage, host: u32) -> Vec<(Lane, Arc<[u8]>)> {
        let reliable = |frames: Vec<Frame>| frames.iter().map(|frame| (Lane::Reliable, frame.encode())).collect();
        match self.kind {
            Kind::Accuse => reliable(self.accusations(stage, host)),
            Kind::Forge => reliable(self.forgeries(stage, host)),
            Kind::Flood => self.flood(stage, host),
            Kind::Replay => {
                let heard = stage.network.heard(host);
                let again = (0..50).filter_map(|_| heard.choose(&mut self.chance)).cloned();
                again.map(|frame| (Lane::Reliable, frame)).collect()
            }
            Kind::Rejoin => Vec::new(),
        }
    }

    /// Twenty others at a turn, in turn, at the incarnation at which they are known.
    fn accusations(&self, stage: &Stage, host: u32) -> Vec<Frame> {
        let identity = stage.network.identity(host);
        let all: Vec<(PeerId, u64)> = stage.network.hosts()[host as usize]
            .node
            .standings()
            .map(|(id, _, incarnation)| (id, incarnation))
            .collect();
        let accused = all.iter().cycle().skip(self.turns * 20).take(all.len().min(20));
        accused
            .map(|&(subject, incarnation)| {
                let (accuser, number) = (identity.id(), self.number(stage));
                let suspicion = Suspicion { accuser, subject, number, incarnation, silent_ms: 0 };
                gossip(Rumor::Suspicion(Signed::new(suspicion, &identity, &RoomKey::new(crate::network::ROOM))))
            })
            .collect()
    }

    /// In the name of somebody else, under the adversary's own signature.
    fn forgeries(&mut self, stage: &Stage, host: u32) -> Vec<Frame> {
        let (me, room) = (stage.network.identity(host), RoomKey::new(crate::network::ROOM));
        let node = &stage.network.hosts()[host as usize].node;
        let others: Vec<(PeerId, u64)> = node.standings().map(|(id, _, incarnation)| (id, incarnation)).collect();
        let Some(&(victim, incarnation)) = others.choose(&mut self.chance) else { return Vec::new() };
        let Some(view) = node.member(&victim) else { return Vec::new() };
        let mut record = Record::new(view.public_key, incarnation + 1_000, view.joined_at_ms);
        (record.hidden, record.greeter) = (true, true);
        let post = Post {
            origin: victim,
            seq: self.chance.random_range(0..u64::MAX),
            previous: 0,
            to: None,
            channel: "chat".to_owned(),
            sent_at_ms: WALL_MS,
            index: 0,
            count: 1,
            payload: b"I never said that".to_vec(),
        };
        let presence = b"nor set that".to_vec();
        let entry = Entry { owner: victim, key: b"presence".to_vec(), version: u64::MAX, value: presence };
        let number = self.number(stage);
        let accuser = others.choose(&mut self.chance).map_or(victim, |(id, _)| *id);
        vec![
            Frame::Records(vec![Signed::new(record.clone(), &me, &room)]),
            gossip(Rumor::Record(Signed::new(record, &me, &room))),
            gossip(Rumor::Post(Signed::new(post, &me, &room))),
            Frame::Entries(vec![Signed::new(entry.clone(), &me, &room)]),
            gossip(Rumor::Entry(Signed::new(entry, &me, &room))),
            gossip(Rumor::Farewell(Signed::new(Farewell { subject: victim, number }, &me, &room))),
            gossip(Rumor::Suspicion(Signed::new(
                Suspicion { accuser, subject: victim, number, incarnation, silent_ms: 0 },
                &me,
                &room,
            ))),
            Frame::Obituary { subject: victim, incarnation },
        ]
    }

    /// Large messages in its own name, which are well-formed, and bytes that are not.
    fn flood(&mut self, stage: &mut Stage, host: u32) -> Vec<(Lane, Arc<[u8]>)> {
        let (me, room) = (stage.network.identity(host), RoomKey::new(crate::network::ROOM));
        let mut frames = Vec::new();
        let payload = vec![b'!'; 10_000];
        stage.network.vouch(host, &payload);
        for _ in 0..5 {
            let post = Post {
                origin: me.id(),
                seq: (WALL_MS * 1_000) + self.chance.random_range(1_000_000_000..u64::from(u32::MAX)),
                previous: 0,
                to: None,
                channel: "flood".to_owned(),
                sent_at_ms: WALL_MS,
                index: 0,
                count: 1,
                payload: payload.clone(),
            };
            frames.push((Lane::Reliable, gossip(Rumor::Post(Signed::new(post, &me, &room))).encode()));
        }
        for lane in [Lane::Reliable, Lane::Unreliable] {
            for _ in 0..50 {
                let mut noise = vec![0; self.chance.random_range(0..400_u32) as usize];
                self.chance.fill(&mut noise[..]);
                frames.push((lane, noise.into()));
            }
        }
        frames
    }

    /// A number for a statement: greater than all before it.
    fn number(&self, stage: &Stage) -> u64 {
        WALL_MS * 1_000 + stage.network.now()
    }

    /// The honest that have no link to another of them.
    fn besieged(&self, stage: &Stage) -> Vec<u32> {
        let neighbours = neighbours(&stage.network);
        let honest = |host: &u32| !self.members.contains(*host);
        let alone = |host: &u32| !neighbours[*host as usize].iter().any(honest);
        stage.network.living().filter(honest).filter(alone).collect()
    }

    fn come_and_go(&mut self, stage: &mut Stage) {
        for (since, visitor) in &mut self.visitors {
            if *visitor != u32::MAX && stage.network.now() - *since < STAY {
                continue;
            }
            if *visitor != u32::MAX {
                stage.network.crash(*visitor, Manner::Closed);
            }
            *visitor = stage.network.spawn();
            *since = stage.network.now();
            self.members.insert(*visitor);
            distrust(stage, *visitor);
        }
    }
}

/// What a host does is not held against the honest from now on.
fn distrust(stage: &mut Stage, host: u32) {
    stage.network.measures.distrust(host);
    stage.network.traffic.leave_out(host);
}

/// A rumor as its author sends it.
fn gossip(rumor: Rumor) -> Frame {
    Frame::Gossip { hops: 1, rumor }
}
