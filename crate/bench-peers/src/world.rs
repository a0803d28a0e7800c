//! The same world for every library: one clock, one latency, frames that arrive in the order in which they were sent.
//!
//! It has none of the troubles of the simulator's network: no dials that take time, no lost packets, no send buffers.
//! That favours the peers over Chinwag, whose links cost it several round trips here as well.

use std::collections::{BTreeMap, BTreeSet};

use chinwag_sim::{
    bits::Bits,
    queue::EventQueue,
    random::{Concern, RngExt, SliceRandom, Stream, stream},
    time::{Micros, SECOND},
};

/// One member, as a library without I/O runs it.
pub(crate) trait Member: Sized {
    /// How the library is set up.
    type Config;
    /// What it sends.
    type Frame;
    /// What it wants to be reminded of.
    type Timer;
    /// Whether it tells who is in the room.
    const KNOWS_MEMBERS: bool;
    /// Whether it keeps connections, and is told when they end.
    const KEEPS_LINKS: bool;

    /// A member that has met nobody.
    fn new(config: &Self::Config, host: u32, seed: u64) -> Self;
    /// Fills an empty world with a room at rest.
    fn warm_up(world: &mut World<Self>, nodes: u32);
    /// Joins by way of a member.
    fn join(&mut self, now: Micros, contact: u32, out: &mut Outbox<Self>);
    /// A frame arrives.
    fn on_frame(&mut self, now: Micros, from: u32, frame: Self::Frame, out: &mut Outbox<Self>);
    /// A timer is due.
    fn on_timer(&mut self, now: Micros, timer: Self::Timer, out: &mut Outbox<Self>);
    /// The connection to a member has ended, or could not be made.
    fn on_closed(&mut self, now: Micros, peer: u32, out: &mut Outbox<Self>);
    /// Sends a message to all.
    fn say(&mut self, now: Micros, payload: &[u8], out: &mut Outbox<Self>);
}

/// What a member wants of the world.
pub(crate) struct Outbox<M: Member> {
    /// To whom, how many bytes on the wire, and what.
    pub(crate) frames: Vec<(u32, usize, M::Frame)>,
    pub(crate) timers: Vec<(Micros, M::Timer)>,
    /// Connections that it ends.
    pub(crate) closes: Vec<u32>,
    pub(crate) news: Vec<News>,
}

impl<M: Member> Default for Outbox<M> {
    fn default() -> Self {
        Self { frames: Vec::new(), timers: Vec::new(), closes: Vec::new(), news: Vec::new() }
    }
}

/// What a member tells its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Somebody is a member now, or no more.
    Member { who: u32, up: bool },
    /// There is a link now, or no more.
    Link { to: u32, up: bool },
    /// A message has come.
    Message(u64),
    /// A message has come once more.
    Copy,
}

enum Happening<M: Member> {
    Frame { to: u32, from: u32, frame: M::Frame },
    Timer { host: u32, timer: M::Timer },
    Closed { host: u32, peer: u32 },
}

/// A member that is timed at all others.
pub(crate) struct Watch {
    subject: u32,
    /// When it comes, or when it goes.
    up: bool,
    pub(crate) since: Micros,
    seen_at: BTreeMap<u32, Micros>,
}

impl Watch {
    pub(crate) fn seen_at(&self, host: u32) -> Option<Micros> {
        self.seen_at.get(&host).copied()
    }
}

/// A message and who has it.
pub(crate) struct Sent {
    pub(crate) at: Micros,
    pub(crate) delivered: Bits,
    pub(crate) last_at: Micros,
}

/// All members, and what is under way between them.
pub(crate) struct World<M: Member> {
    config: M::Config,
    seed: u64,
    latency: Micros,
    now: Micros,
    queue: EventQueue<Happening<M>>,
    members: Vec<M>,
    alive: Vec<bool>,
    /// Connections, the smaller number first.
    connections: BTreeSet<(u32, u32)>,
    pub(crate) chance: Stream,
    /// By host: whom it takes for members, and its links.
    pub(crate) known: Vec<Bits>,
    pub(crate) links: Vec<Bits>,
    pub(crate) watches: Vec<Watch>,
    /// When one host heard of each other, of those whose coming is watched.
    pub(crate) heard_at: BTreeMap<(u32, u32), Micros>,
    pub(crate) messages: Vec<Sent>,
    pub(crate) copies: u64,
    pub(crate) bytes: u64,
}

impl<M: Member> World<M> {
    pub(crate) fn new(config: M::Config, seed: u64, latency: Micros) -> Self {
        Self {
            config,
            seed,
            latency,
            now: 0,
            queue: EventQueue::default(),
            members: Vec::new(),
            alive: Vec::new(),
            connections: BTreeSet::new(),
            chance: stream(seed, Concern::Scenario),
            known: Vec::new(),
            links: Vec::new(),
            watches: Vec::new(),
            heard_at: BTreeMap::new(),
            messages: Vec::new(),
            copies: 0,
            bytes: 0,
        }
    }

    pub(crate) const fn now(&self) -> Micros {
        self.now
    }

    pub(crate) fn living(&self) -> Bits {
        (0_u32..).zip(&self.alive).filter(|(_, alive)| **alive).map(|(host, _)| host).collect()
    }

    /// One of the living, at random.
    pub(crate) fn somebody(&mut self) -> u32 {
        let living: Vec<u32> = self.living().iter().collect();
        living[self.chance.random_range(0..living.len())]
    }

    /// All living, in random order.
    pub(crate) fn shuffled(&mut self) -> Vec<u32> {
        let mut living: Vec<u32> = self.living().iter().collect();
        living.shuffle(&mut self.chance);
        living
    }

    /// One more member, which has met nobody.
    pub(crate) fn spawn(&mut self) -> u32 {
        let host = self.members.len() as u32;
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(host));
        self.members.push(M::new(&self.config, host, seed));
        self.alive.push(true);
        self.known.push(Bits::default());
        self.links.push(Bits::default());
        host
    }

    /// Lets a member do something.
    pub(crate) fn with(&mut self, host: u32, act: impl FnOnce(&mut M, Micros, &mut Outbox<M>)) {
        let mut out = Outbox::default();
        act(&mut self.members[host as usize], self.now, &mut out);
        self.carry_out(host, out);
    }

    pub(crate) fn join(&mut self, host: u32, contact: u32) {
        self.with(host, |member, now, out| member.join(now, contact, out));
    }

    /// Lets a member send a message of so many bytes to all; its first eight name it.
    pub(crate) fn say(&mut self, host: u32, bytes: usize) {
        let mut payload = (self.messages.len() as u64).to_le_bytes().to_vec();
        payload.resize(bytes.max(payload.len()), b'.');
        self.messages.push(Sent { at: self.now, delivered: Bits::default(), last_at: self.now });
        self.with(host, |member, now, out| member.say(now, &payload, out));
    }

    /// Ends a member without a word. If its death is announced, the other ends of its connections are told.
    pub(crate) fn crash(&mut self, host: u32, announced: bool) {
        self.alive[host as usize] = false;
        let peers: Vec<u32> = self.connections.iter().filter_map(|pair| other_end(*pair, host)).collect();
        for peer in peers.into_iter().filter(|_| announced) {
            self.connections.remove(&pair(host, peer));
            self.queue.push(self.now + self.latency, Happening::Closed { host: peer, peer: host });
        }
    }

    /// Times somebody's coming or going at all others, from now on.
    pub(crate) fn watch(&mut self, subject: u32, up: bool) {
        self.watches.push(Watch { subject, up, since: self.now, seen_at: BTreeMap::new() });
    }

    pub(crate) fn run_for(&mut self, duration: Micros) {
        let until = self.now + duration;
        while let Some((at, happening)) = self.queue.pop(until) {
            self.now = self.now.max(at);
            match happening {
                Happening::Frame { to, from, frame } if self.is_alive(to) => {
                    self.with(to, |member, now, out| member.on_frame(now, from, frame, out));
                }
                Happening::Timer { host, timer } if self.is_alive(host) => {
                    self.with(host, |member, now, out| member.on_timer(now, timer, out));
                }
                Happening::Closed { host, peer } if self.is_alive(host) => {
                    self.with(host, |member, now, out| member.on_closed(now, peer, out));
                }
                _ => {}
            }
        }
        self.now = until;
    }

    /// Runs second by second until something is true, at most for so long. Whether it came true.
    pub(crate) fn run_until(&mut self, longest: Micros, is_true: impl Fn(&Self) -> bool) -> bool {
        let deadline = self.now + longest;
        while !is_true(self) {
            if self.now >= deadline {
                return false;
            }
            self.run_for(SECOND);
        }
        true
    }

    /// Whether every living member knows exactly the living.
    pub(crate) fn is_right(&self) -> bool {
        let living = self.living();
        living.iter().all(|host| {
            let known = &self.known[host as usize];
            known.len() + 1 == living.len() && known.common(&living) == known.len()
        })
    }

    /// Whether all living can reach each other over links that both ends hold.
    pub(crate) fn is_connected(&self) -> bool {
        let living = self.living();
        let Some(first) = living.iter().next() else { return true };
        let (mut reached, mut todo) = (Bits::default(), vec![first]);
        reached.insert(first);
        while let Some(host) = todo.pop() {
            for peer in self.links[host as usize].iter() {
                if self.alive[peer as usize] && self.links[peer as usize].contains(host) && reached.insert(peer) {
                    todo.push(peer);
                }
            }
        }
        reached.len() == living.len()
    }

    fn is_alive(&self, host: u32) -> bool {
        self.alive[host as usize]
    }

    fn carry_out(&mut self, host: u32, out: Outbox<M>) {
        for (to, bytes, frame) in out.frames {
            self.bytes += bytes as u64;
            self.send(host, to, frame);
        }
        for (after, timer) in out.timers {
            self.queue.push(self.now + after, Happening::Timer { host, timer });
        }
        for peer in out.closes {
            if self.connections.remove(&pair(host, peer)) {
                self.queue.push(self.now + self.latency, Happening::Closed { host: peer, peer: host });
            }
        }
        out.news.into_iter().for_each(|news| self.note(host, news));
    }

    fn send(&mut self, from: u32, to: u32, frame: M::Frame) {
        if M::KEEPS_LINKS && !self.connections.contains(&pair(from, to)) {
            if !self.is_alive(to) {
                // The dial fails, and the library's own host tells it so.
                self.queue.push(self.now + 2 * self.latency, Happening::Closed { host: from, peer: to });
                return;
            }
            self.connections.insert(pair(from, to));
        }
        self.queue.push(self.now + self.latency, Happening::Frame { to, from, frame });
    }

    fn note(&mut self, host: u32, news: News) {
        match news {
            News::Member { who, up } => {
                let known = &mut self.known[host as usize];
                if up {
                    known.insert(who)
                } else {
                    known.remove(who)
                };
                let now = self.now;
                for watch in self.watches.iter_mut().filter(|watch| watch.subject == who && watch.up == up) {
                    watch.seen_at.entry(host).or_insert(now);
                }
                if self.watches.iter().any(|watch| watch.subject == host && watch.up && up) {
                    self.heard_at.entry((host, who)).or_insert(now);
                }
            }
            News::Link { to, up } => {
                let links = &mut self.links[host as usize];
                if up {
                    links.insert(to)
                } else {
                    links.remove(to)
                };
            }
            News::Message(name) => {
                if let Some(sent) = self.messages.get_mut(name as usize)
                    && sent.delivered.insert(host)
                {
                    sent.last_at = self.now;
                }
            }
            News::Copy => self.copies += 1,
        }
    }
}

fn pair(a: u32, b: u32) -> (u32, u32) {
    (a.min(b), a.max(b))
}

fn other_end(pair: (u32, u32), host: u32) -> Option<u32> {
    if pair.0 == host { Some(pair.1) } else { (pair.1 == host).then_some(pair.0) }
}

#[cfg(test)]
mod tests {
    use chinwag_sim::time::MS;

    use super::*;
    use crate::{
        plumtree::Plumtree,
        swim::{Swim, lan},
    };

    fn room<M: Member>(config: M::Config) -> World<M> {
        let mut world = World::new(config, 1, 50 * MS);
        M::warm_up(&mut world, 20);
        world
    }

    #[test]
    fn what_a_member_says_comes_to_all_others_once_and_not_before_one_latency() {
        let mut world = room::<Plumtree>(Default::default());
        assert!(world.is_connected());
        let (said_at, bytes) = (world.now(), world.bytes);
        world.say(3, 100);
        assert!(world.bytes - bytes >= 100);
        world.run_for(50 * MS - 1);
        assert!(world.messages[0].delivered.is_empty());
        world.run_for(5 * SECOND);
        assert_eq!(world.messages[0].delivered.len(), 19);
        assert!(!world.messages[0].delivered.contains(3));
        assert!(world.messages[0].last_at >= said_at + 100 * MS, "more members than one has links");
    }

    #[test]
    fn a_death_is_seen_by_those_who_watch_for_it() {
        let mut world = room::<Swim>(lan(20));
        assert!(world.is_right());
        world.watch(5, false);
        world.crash(5, false);
        assert!(!world.is_right());
        assert!(world.run_until(60 * SECOND, World::is_right));
        assert!((0..20).filter(|host| *host != 5).all(|host| world.watches[0].seen_at(host).is_some()));
        assert_eq!(world.watches[0].seen_at(5), None);
    }

    #[test]
    fn an_announced_death_ends_the_links_of_the_dead() {
        let mut world = room::<Plumtree>(Default::default());
        let peers: Vec<u32> = world.links[5].iter().collect();
        world.crash(5, true);
        world.run_for(51 * MS);
        assert!(!peers.is_empty() && peers.iter().all(|peer| !world.links[*peer as usize].contains(5)));
    }
}
