//! A node in a large room: it has six links, a tree for each member, and a cache that is full.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant as Wall},
};

use chinwag_core::{
    Commons, Config, Identity, Input, Instant, LinkId, Node, Output, PeerId, PublicKey, Setup, Signature, peer_id,
    wire::{Frame, Post, Record, Rumor, ShortId, Signed},
};

pub(crate) const LINKS: usize = 6;

const WALL_MS: u64 = 1_800_000_000_000;

/// Frames that are handled between two looks at the clock, and the simulated time between them: 2,000 frames a second.
const BATCH: u64 = 50;
const BATCH_MS: u64 = 25;

/// Takes every signature for genuine: in a simulation nearly all answers are remembered.
#[derive(Debug)]
struct Trusting;

impl Commons for Trusting {
    fn verify(&self, _: &PublicKey, _: &[u8], _: &Signature) -> bool {
        true
    }
}

pub(crate) struct Room {
    node: Node,
    now_ms: u64,
    links: Vec<LinkId>,
    members: Vec<Member>,
    /// Whose turn it is to speak.
    turn: usize,
}

struct Member {
    key: PublicKey,
    id: PeerId,
    /// Of its last statement.
    number: u64,
    /// Of its last post.
    post: u64,
}

impl Room {
    /// A room of so many members; on the tree of each, one link is the parent and so many others are eager.
    pub(crate) fn new(members: usize, eager: usize) -> Self {
        Self::with(Config::default(), members, eager)
    }

    /// The same with knobs of one's own.
    pub(crate) fn with(mut config: Config, members: usize, eager: usize) -> Self {
        // Nobody would answer who is looked for.
        config.patrol_ms = u32::MAX;
        let setup = Setup {
            identity: Identity::from_secret(&[7; 32]),
            room: "lobby",
            zone: None,
            seed: [9; 32],
            wall_ms: WALL_MS,
            config,
            commons: Arc::new(Trusting),
        };
        let node = Node::new(Instant::ZERO, setup);
        let members = (1..members).map(Member::new).collect();
        let mut room = Self { node, now_ms: 0, links: Vec::new(), members, turn: 0 };
        room.link();
        room.introduce();
        room.grow_trees(eager);
        assert_eq!(room.node.stats().links, LINKS as u64);
        assert_eq!(room.node.stats().members, room.members.len() as u64 + 1);
        assert_eq!(room.node.stats().violations, 0);
        room
    }

    /// The node alone.
    #[allow(dead_code, reason = "a test measures it")]
    pub(crate) fn into_node(self) -> Node {
        self.node
    }

    fn link(&mut self) {
        for at in 0..LINKS {
            let peer = self.members[at].id;
            self.drain();
            self.node.handle(self.now(), Input::Introduced { members: vec![peer] }).unwrap();
            let outputs = std::iter::from_fn(|| self.node.poll());
            let dialled = |output| if let Output::Dial { link, .. } = output { Some(link) } else { None };
            let link = outputs.filter_map(dialled).last().unwrap();
            self.node.handle(self.now(), Input::LinkUp { link }).unwrap();
            self.hear(link, &Frame::Hello(self.members[at].record()));
            self.links.push(link);
        }
    }

    /// Each member comes to be known over the link that is its parent.
    fn introduce(&mut self) {
        for at in LINKS..self.members.len() {
            let record = self.members[at].record();
            self.hear(self.parent(at), &Frame::Records(vec![record]));
        }
    }

    /// Each has spoken, and the peers behind most links have said that they have a better way.
    fn grow_trees(&mut self, eager: usize) {
        for at in 0..self.members.len() {
            let (link, bytes) = self.new_post();
            self.take(link, bytes);
            for lazy in 1..LINKS.saturating_sub(eager) {
                self.hear(self.links[(at + lazy) % LINKS], &Frame::Prune(vec![self.members[at].id]));
            }
            if at % 50 == 0 {
                self.rest();
            }
        }
    }

    /// How long it takes to handle so many frames, and to do what follows: to drain the node and to ask when it wants to wake.
    pub(crate) fn time(&mut self, frames: u64, mut next: impl FnMut(&mut Self) -> (LinkId, Vec<u8>)) -> Duration {
        let (mut left, mut took) = (frames, Duration::ZERO);
        while left > 0 {
            let batch: Vec<_> = (0..left.min(BATCH)).map(|_| next(self)).collect();
            left -= batch.len() as u64;
            let begun_at = Wall::now();
            for (link, bytes) in batch {
                self.take(link, bytes);
            }
            took += begun_at.elapsed();
            self.rest();
        }
        assert_eq!(self.node.stats().suspects, 0);
        took
    }

    /// A post of the next member, on its way along its tree.
    pub(crate) fn new_post(&mut self) -> (LinkId, Vec<u8>) {
        let at = self.next_turn();
        let post = self.members[at].say();
        (self.parent(at), gossip(Rumor::Post(signed(post))))
    }

    /// The same post as before, over a link that is lazy for its origin.
    pub(crate) fn duplicate(&mut self) -> (LinkId, Vec<u8>) {
        let at = self.next_turn();
        let post = self.members[at].repeat();
        (self.links[(at + 1) % LINKS], gossip(Rumor::Post(signed(post))))
    }

    pub(crate) fn ping(&mut self) -> (LinkId, Vec<u8>) {
        let at = self.next_turn();
        (self.parent(at), Frame::Ping { number: at as u64, view: 0 }.encode().to_vec())
    }

    /// Rumors of twenty members, told of by a lazy link: we have them all.
    pub(crate) fn ihave(&mut self) -> (LinkId, Vec<u8>) {
        let mut told = || self.next_turn();
        let ats: [usize; 20] = std::array::from_fn(|_| told());
        let ids = ats.map(|at| (ShortId::new(&self.members[at].id, self.members[at].post), 50));
        (self.links[self.turn % LINKS], Frame::Ihave(ids.into()).encode().to_vec())
    }

    /// A member has changed its record.
    pub(crate) fn news(&mut self) -> (LinkId, Vec<u8>) {
        let at = self.next_turn();
        self.members[at].number += 1;
        (self.parent(at), gossip(Rumor::Record(self.members[at].record())))
    }

    /// Lets some time pass, in which every link is heard of.
    fn rest(&mut self) {
        self.now_ms += BATCH_MS;
        while let Some(due) = self.node.next_timeout().filter(|due| *due <= self.now()) {
            self.node.handle_timeout(due);
            self.drain();
        }
        for link in self.links.clone() {
            self.hear(link, &Frame::Ping { number: 0, view: 0 });
        }
    }

    fn hear(&mut self, link: LinkId, frame: &Frame) {
        self.take(link, frame.encode().to_vec());
    }

    fn take(&mut self, link: LinkId, bytes: Vec<u8>) {
        self.node.handle(self.now(), Input::Frame { link, bytes }).unwrap();
        self.drain();
        black_box(self.node.next_timeout());
    }

    fn drain(&mut self) {
        while let Some(output) = self.node.poll() {
            black_box(output);
        }
    }

    fn next_turn(&mut self) -> usize {
        self.turn = (self.turn + 1) % self.members.len();
        self.turn
    }

    fn parent(&self, member: usize) -> LinkId {
        self.links[member % LINKS]
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.now_ms)
    }
}

impl Member {
    fn new(n: usize) -> Self {
        let mut key = [0x55; 32];
        key[..8].copy_from_slice(&n.to_le_bytes());
        Self { key, id: peer_id(&key), number: WALL_MS * 1_000, post: 0 }
    }

    fn record(&self) -> Signed<Record> {
        signed(Record::new(self.key, self.number, WALL_MS))
    }

    fn say(&mut self) -> Post {
        let previous = self.post;
        self.number += 1;
        self.post = self.number;
        Post { previous, ..self.repeat() }
    }

    fn repeat(&self) -> Post {
        Post {
            origin: self.id,
            seq: self.post,
            previous: 0,
            to: None,
            channel: "chat".into(),
            sent_at_ms: WALL_MS,
            index: 0,
            count: 1,
            payload: vec![b'.'; 100],
        }
    }
}

pub(crate) fn gossip(rumor: Rumor) -> Vec<u8> {
    Frame::Gossip { hops: 3, rumor }.encode().to_vec()
}

fn signed<T>(body: T) -> Signed<T> {
    Signed { body, signature: [1; 64] }
}
