//! A room in one process: nodes, the links between them, a signaling server, and a clock that only moves when told to.
#![allow(dead_code, reason = "each test file uses its own part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chinwag_core::{
    Alone, Command, Config, Departure, Event, Identity, Input, Instant, Lane, LinkDownReason, LinkId, MemberView,
    Message, Node, Output, PeerId, Refused, Setup, SignalKind, wire::Frame,
};

/// One way, in milliseconds, for frames, signalling, and the news of a closed link.
pub(crate) const LATENCY_MS: u32 = 20;

/// Wall time when the clock stands at zero.
pub(crate) const WALL_MS: u64 = 1_800_000_000_000;

type End = (usize, LinkId);

enum Happening {
    Input(Input),
    Signal { to: PeerId, frame: Arc<[u8]> },
}

pub(crate) struct Host {
    pub(crate) node: Node,
    pub(crate) events: Vec<Event>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) dials: usize,
    alive: bool,
    attached: bool,
    wants_server: bool,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) hosts: Vec<Host>,
    pub(crate) server_up: bool,
    /// Members that the server names, and that answer nothing.
    ghosts: Vec<PeerId>,
    /// Pairs between which nothing passes, in either direction.
    pub(crate) cut: BTreeSet<(usize, usize)>,
    /// Whoever is mended finds another way around the cut.
    pub(crate) other_ways: bool,
    /// If not zero, frames take 1 ms and up to so much more, drawn for each, but overtake none of their link.
    pub(crate) uneven_ms: u32,
    arrivals: BTreeMap<End, Instant>,
    peers: BTreeMap<End, End>,
    queue: BTreeMap<(Instant, u64), (usize, Happening)>,
    next: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let (cut, peers, queue) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        let (now, hosts, ghosts) = (Instant::ZERO, Vec::new(), Vec::new());
        Self {
            now,
            hosts,
            server_up: true,
            ghosts,
            cut,
            other_ways: false,
            uneven_ms: 0,
            arrivals: BTreeMap::new(),
            peers,
            queue,
            next: 0,
        }
    }

    /// A room of `n` members that have found each other.
    pub(crate) fn room(n: usize) -> Self {
        let mut world = Self::new();
        for _ in 0..n {
            world.join();
        }
        world.run_ms(3_000);
        world
    }

    pub(crate) fn join(&mut self) -> usize {
        self.join_as(u8::try_from(self.hosts.len()).unwrap())
    }

    /// A member with the identity number `n`.
    pub(crate) fn join_as(&mut self, n: u8) -> usize {
        self.join_with(n, Config::default(), WALL_MS + self.now.as_millis())
    }

    pub(crate) fn join_with(&mut self, n: u8, config: Config, wall_ms: u64) -> usize {
        let identity = Identity::from_secret(&[n; 32]);
        let seed = [u8::try_from(self.hosts.len()).unwrap(); 32];
        let node = Node::new(
            self.now,
            Setup { identity, room: "lobby", zone: None, seed, wall_ms, config, commons: Arc::new(Alone) },
        );
        let (events, frames) = (Vec::new(), Vec::new());
        let host = Host { node, events, frames, dials: 0, alive: true, attached: false, wants_server: false };
        self.hosts.push(host);
        let at = self.hosts.len() - 1;
        self.drain(at);
        at
    }

    pub(crate) fn id(&self, at: usize) -> PeerId {
        self.hosts[at].node.id()
    }

    pub(crate) fn command(&mut self, at: usize, command: Command) -> Result<(), Refused> {
        let result = self.hosts[at].node.handle(self.now, Input::Command(command));
        self.drain(at);
        result
    }

    pub(crate) fn say(&mut self, at: usize, to: Option<usize>, payload: &[u8]) -> Result<(), Refused> {
        let to = to.map(|to| self.id(to));
        let sent_at_ms = WALL_MS + self.now.as_millis();
        self.command(at, Command::Send { channel: "chat".into(), to, payload: payload.into(), sent_at_ms })
    }

    pub(crate) fn set_presence(&mut self, at: usize, value: &[u8]) {
        self.command(at, Command::SetPresence { value: value.into() }).unwrap();
    }

    /// Hands bytes to a node as if they had come over its link to another.
    pub(crate) fn inject(&mut self, at: usize, from: usize, bytes: &[u8]) {
        let link = self.link(at, from).expect("they are linked");
        self.input(at, Input::Frame { link, bytes: bytes.into() });
    }

    pub(crate) fn input(&mut self, at: usize, input: Input) {
        self.hosts[at].node.handle(self.now, input).unwrap();
        self.drain(at);
    }

    /// Hands in an invite; returns the frame that would go back by hand.
    pub(crate) fn invited(&mut self, at: usize, invite: Input) -> Vec<u8> {
        self.input(at, invite);
        let signalled = self.queue.values().rev().find_map(|(from, happening)| match happening {
            Happening::Signal { frame, .. } if *from == at => Some(frame.to_vec()),
            _ => None,
        });
        signalled.expect("an offer")
    }

    /// Hands that frame in; what it says of the connection is enough for both hosts.
    pub(crate) fn accept_by_hand(&mut self, at: usize, guest: usize, frame: Vec<u8>) {
        self.input(at, Input::ServerSignal { from: self.id(guest), frame });
        let link = self.hosts[guest].node.links().map(|(link, ..)| link).next().expect("an attempt");
        self.connect((guest, link));
    }

    /// The process of a member ends without a word.
    pub(crate) fn kill(&mut self, at: usize) {
        self.hosts[at].alive = false;
        self.hosts[at].attached = false;
    }

    /// The server lets a member go.
    pub(crate) fn release(&mut self, at: usize) {
        self.hosts[at].attached = false;
        self.input(at, Input::Released);
    }

    pub(crate) fn attached(&self) -> Vec<usize> {
        self.living().filter(|at| self.hosts[*at].attached).collect()
    }

    /// All members are gone, and the server has not noticed.
    pub(crate) fn haunt(&mut self) {
        self.ghosts = self.living().filter(|at| self.hosts[*at].attached).map(|at| self.id(at)).collect();
        (0..self.hosts.len()).for_each(|at| self.kill(at));
    }

    /// The server goes, or comes back.
    pub(crate) fn set_server(&mut self, up: bool) {
        self.server_up = up;
        for at in 0..self.hosts.len() {
            if !up && std::mem::take(&mut self.hosts[at].attached) {
                self.input(at, Input::Detached);
            } else if up && self.hosts[at].wants_server {
                self.attach(at);
            }
        }
    }

    /// The transport between two members breaks, and both are told.
    pub(crate) fn break_link(&mut self, a: usize, b: usize) {
        let (at_a, at_b) = (self.link(a, b).unwrap(), self.link(b, a).unwrap());
        self.peers.remove(&(a, at_a));
        self.peers.remove(&(b, at_b));
        self.input(a, Input::LinkDown { link: at_a, reason: LinkDownReason::Failed });
        self.input(b, Input::LinkDown { link: at_b, reason: LinkDownReason::Failed });
    }

    pub(crate) fn set_cut(&mut self, a: usize, b: usize, cut: bool) {
        let pair = (a.min(b), a.max(b));
        if cut {
            self.cut.insert(pair)
        } else {
            self.cut.remove(&pair)
        };
    }

    /// A member is somewhere else: nothing that it sent or got before leads anywhere, its socket neither, and nobody is told. There are other ways.
    pub(crate) fn move_away(&mut self, at: usize) {
        self.hosts[at].attached = false;
        self.other_ways = true;
        (0..self.hosts.len()).filter(|other| *other != at).for_each(|other| self.set_cut(at, other, true));
    }

    pub(crate) fn run_ms(&mut self, ms: u32) {
        let end = self.now.plus_ms(ms);
        while self.step(end) {}
        self.now = end;
    }

    /// Stands still for all: the clock jumps, and nothing is done meanwhile.
    pub(crate) fn sleep_all_ms(&mut self, ms: u32) {
        self.now = self.now.plus_ms(ms);
    }

    pub(crate) fn members_of(&self, at: usize) -> Vec<PeerId> {
        self.hosts[at].node.members().iter().map(|member| member.id).collect()
    }

    pub(crate) fn view(&self, at: usize, of: usize) -> Option<MemberView> {
        self.hosts[at].node.member(&self.id(of))
    }

    pub(crate) fn presence(&self, at: usize, of: usize) -> Option<Vec<u8>> {
        self.view(at, of)?.presence.map(|value| value.to_vec())
    }

    /// Every living member knows exactly the living.
    pub(crate) fn agree(&self) -> bool {
        let mut living: Vec<_> = self.living().map(|at| self.id(at)).collect();
        living.sort();
        self.living().all(|at| self.members_of(at) == living)
    }

    pub(crate) fn living(&self) -> impl Iterator<Item = usize> {
        (0..self.hosts.len()).filter(|at| self.hosts[*at].alive)
    }

    pub(crate) fn messages(&self, at: usize) -> Vec<&Message> {
        let events = self.hosts[at].events.iter();
        events.filter_map(|event| if let Event::Message(message) = event { Some(message) } else { None }).collect()
    }

    pub(crate) fn payloads(&self, at: usize) -> Vec<Vec<u8>> {
        self.messages(at).into_iter().map(|message| message.payload.clone()).collect()
    }

    pub(crate) fn departures(&self, at: usize) -> Vec<(PeerId, Departure)> {
        let gone = |event: &Event| match event {
            Event::Gone { member, why } => Some((member.id, why.clone())),
            _ => None,
        };
        self.hosts[at].events.iter().filter_map(gone).collect()
    }

    pub(crate) fn count(&self, at: usize, which: fn(&Event) -> bool) -> usize {
        self.hosts[at].events.iter().filter(|event| which(event)).count()
    }

    pub(crate) fn link(&self, at: usize, to: usize) -> Option<LinkId> {
        self.peers.iter().filter(|((a, _), (b, _))| (*a, *b) == (at, to)).map(|((_, link), _)| *link).next_back()
    }

    fn step(&mut self, end: Instant) -> bool {
        let timer = self.living().filter_map(|at| Some((self.hosts[at].node.next_timeout()?, at))).min();
        let event = self.queue.first_key_value().map(|((at, _), _)| *at);
        match (timer, event) {
            (timer, Some(at)) if at <= end && timer.is_none_or(|(due, _)| at <= due) => {
                self.now = self.now.max(at);
                let (_, (to, happening)) = self.queue.pop_first().unwrap();
                self.happen(to, happening);
                true
            }
            (Some((due, at)), _) if due <= end => {
                self.now = self.now.max(due);
                self.hosts[at].node.handle_timeout(self.now);
                self.drain(at);
                true
            }
            _ => false,
        }
    }

    fn happen(&mut self, at: usize, happening: Happening) {
        match happening {
            Happening::Input(input) if self.hosts[at].alive => self.input(at, input),
            Happening::Input(_) => {}
            Happening::Signal { to, frame } => self.relay(at, to, &frame),
        }
    }

    fn relay(&mut self, from: usize, to: PeerId, frame: &[u8]) {
        if !self.hosts[from].attached {
            return;
        }
        let is_addressee = |at: &usize| *at != from && self.hosts[*at].attached && self.id(*at) == to;
        let addressees: Vec<usize> = self.living().filter(is_addressee).collect();
        for at in &addressees {
            let (from, frame) = (self.id(from), frame.to_vec());
            self.later(*at, Happening::Input(Input::ServerSignal { from, frame }));
        }
        if addressees.is_empty() && !self.ghosts.contains(&to) && self.hosts[from].attached {
            self.later(from, Happening::Input(Input::ServerUnknown { peer: to }));
        }
    }

    fn later(&mut self, at: usize, happening: Happening) {
        self.next += 1;
        self.queue.insert((self.now.plus_ms(LATENCY_MS), self.next), (at, happening));
    }

    pub(crate) fn attach(&mut self, at: usize) {
        let mut members = self.introductions(at);
        let id = self.id(at);
        if self.living().any(|other| other != at && self.hosts[other].attached && self.id(other) == id) {
            members.insert(0, id);
            members.truncate(3);
        }
        self.hosts[at].attached = true;
        self.later(at, Happening::Input(Input::Attached { members }));
    }

    /// Up to three others that are attached, beginning anywhere.
    fn introductions(&self, at: usize) -> Vec<PeerId> {
        let attached =
            self.living().filter(|o| self.id(*o) != self.id(at) && self.hosts[*o].attached).map(|o| self.id(o));
        let others: Vec<_> = self.ghosts.iter().copied().chain(attached).collect();
        let start = usize::try_from(self.next.wrapping_mul(7)).unwrap_or(0);
        let turn = start % others.len().max(1);
        others.iter().cycle().skip(turn).take(others.len().min(3)).copied().collect()
    }

    fn drain(&mut self, at: usize) {
        let mut outputs = 0;
        while let Some(output) = self.hosts[at].node.poll() {
            outputs += 1;
            assert!(outputs < 100_000, "a drain ends");
            self.carry_out(at, output);
        }
        let next = self.hosts[at].node.next_timeout();
        assert!(next.is_none_or(|next| next >= self.now), "the next timeout is never in the past");
    }

    fn carry_out(&mut self, at: usize, output: Output) {
        match output {
            Output::Event(event) => self.hosts[at].events.push(event),
            Output::Send { link, lane, frame } => self.carry(at, link, lane, &frame),
            Output::Dial { link, .. } => {
                self.hosts[at].dials += 1;
                let body = [&at.to_le_bytes()[..], &link.0.to_le_bytes()].concat();
                self.input(at, Input::LocalSignal { link, kind: SignalKind::Offer, body });
            }
            Output::Accept { link, offer, .. } => {
                self.peers.insert(end_of(&offer), (at, link));
                self.peers.insert((at, link), end_of(&offer));
                self.input(at, Input::LocalSignal { link, kind: SignalKind::Answer, body: offer });
            }
            Output::Mend { link } => {
                self.input(at, Input::LocalSignal { link, kind: SignalKind::Restart, body: Vec::new() });
            }
            Output::RemoteSignal { link, kind: SignalKind::Restart, body } => {
                self.input(at, Input::LocalSignal { link, kind: SignalKind::Answer, body });
            }
            Output::RemoteSignal { link, .. } => self.connect((at, link)),
            Output::Close { link } => self.disconnect((at, link)),
            Output::Signal { to, frame } => self.later(at, Happening::Signal { to, frame }),
            Output::Introduce => {
                let members = self.introductions(at);
                self.later(at, Happening::Input(Input::Introduced { members }));
            }
            Output::Server { wanted } => {
                self.hosts[at].wants_server = wanted;
                if wanted && self.server_up && !self.hosts[at].attached {
                    self.attach(at);
                } else if !wanted {
                    self.hosts[at].attached = false;
                }
            }
        }
    }

    fn carry(&mut self, at: usize, link: LinkId, _lane: Lane, frame: &[u8]) {
        self.hosts[at].frames.push(Frame::decode(frame).expect("what a node sends is a frame"));
        if let Some((to, theirs)) = self.peers.get(&(at, link)).copied()
            && !self.cut.contains(&(at.min(to), at.max(to)))
        {
            let arrival = self.arrival((to, theirs));
            self.next += 1;
            let happening = Happening::Input(Input::Frame { link: theirs, bytes: frame.into() });
            self.queue.insert((arrival, self.next), (to, happening));
        }
    }

    /// When a frame that is sent now comes in.
    fn arrival(&mut self, end: End) -> Instant {
        let drawn = self.next.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let uneven = (self.uneven_ms > 0).then(|| 1 + u32::try_from(drawn % u64::from(self.uneven_ms)).unwrap());
        let last = self.arrivals.entry(end).or_insert(Instant::ZERO);
        *last = self.now.plus_ms(uneven.unwrap_or(LATENCY_MS)).max(*last);
        *last
    }

    fn connect(&mut self, dialler: End) {
        if self.other_ways
            && let Some((other, _)) = self.peers.get(&dialler)
        {
            self.set_cut(dialler.0, *other, false);
        }
        if let Some(answerer) = self.peers.get(&dialler).copied()
            && !self.cut.contains(&(dialler.0.min(answerer.0), dialler.0.max(answerer.0)))
        {
            self.later(dialler.0, Happening::Input(Input::LinkUp { link: dialler.1 }));
            self.later(answerer.0, Happening::Input(Input::LinkUp { link: answerer.1 }));
        }
    }

    fn disconnect(&mut self, end: End) {
        if let Some(other) = self.peers.remove(&end) {
            self.peers.remove(&other);
            let down = Input::LinkDown { link: other.1, reason: LinkDownReason::Closed };
            self.later(other.0, Happening::Input(down));
        }
    }
}

fn end_of(offer: &[u8]) -> End {
    let (host, link) = offer.split_at(size_of::<usize>());
    (usize::from_le_bytes(host.try_into().unwrap()), LinkId(u32::from_le_bytes(link.try_into().unwrap())))
}
