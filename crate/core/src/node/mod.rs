//! One member of one room: composes the mechanisms and owns the order in which they run.
//!
//! How frames come in and rumors go on is in `spreading`, what they say of members in `gossip`, messages in `messages`, maps, logs and counters in
//! `state`; who is still there in `probing`, and our own clock in `waking`; how links come and go in `linking`, whom we want them to in
//! `seeking` and `walks`, and what waits for one that is behind in `lanes`.

mod gossip;
mod lanes;
mod linking;
mod messages;
mod probing;
mod seeking;
mod spreading;
mod state;
mod waking;
mod walks;

use alloc::{collections::VecDeque, string::String, sync::Arc, vec::Vec};

use crate::{
    broadcast::Broadcast,
    commons::Commons,
    config::{Config, Strategy},
    detector::{Cases, Doubts, Health, Probes, Pulse},
    hlc::Hlc,
    identity::{Identity, PeerId},
    introducer::{Errand, Introducer},
    io::{Command, Event, Input, Lane, LinkId, MemberView, Output, Refused},
    limits::Bucket,
    members::{Member, Members, Status},
    overlay::{Asks, Backoffs, Circuits, Link, Links, Outboxes, Route},
    random::Random,
    stats::Stats,
    store::{Draft, Store},
    sync::Sync,
    time::Instant,
    wire::{FRAME_BYTES_MAX, Frame, Record, RoomKey, Signed, ZONE_BYTES_MAX, kind_of},
};

/// Outputs for which room stays reserved after a drain: to be told of a thousand members takes a hundred kilobytes, once.
const OUTPUTS_KEPT: usize = 64;

/// How often in a minute a rumor of another's goes over all links because it says that its tree shall grow anew.
const FLOODS_PER_MINUTE: u32 = 1_200;

/// How often in a minute a peer that we do not believe may say who is gone.
const TESTIMONIES_PER_MINUTE: u32 = 2;

/// How often in a minute we raise our incarnation because somebody, right or wrong, takes us for gone. Each tells everybody.
const REFUTATIONS_PER_MINUTE: u32 = 12;

/// The value of an entry, at most: what leaves room for its key, signature and version, its owner's key, and the frame's own fields.
const ENTRY_BYTES_MAX: usize = FRAME_BYTES_MAX - 512;

/// What a [`Node`] begins with.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// Who we are.
    pub identity: Identity,
    /// The room's name.
    pub room: &'a str,
    /// Where this member is, if the user says; cut to 32 bytes.
    pub zone: Option<String>,
    /// Seeds every random choice; from a cryptographic generator, except where a run shall be repeatable.
    pub seed: [u8; 32],
    /// Wall time in milliseconds since 1970.
    pub wall_ms: u64,
    /// The knobs.
    pub config: Config,
    /// What the nodes of this process share: [`Alone`](crate::Alone) in a page.
    pub commons: Arc<dyn Commons>,
}

/// A member's protocol state machine.
///
/// In go [`handle`](Self::handle) and [`handle_timeout`](Self::handle_timeout), out come [`poll`](Self::poll) and
/// [`next_timeout`](Self::next_timeout); the rest only looks.
#[derive(Clone, Debug)]
pub struct Node {
    config: Config,
    identity: Identity,
    room: RoomKey,
    commons: Arc<dyn Commons>,
    random: Random,
    /// The latest time that the host has passed in, and what its clock has lost by going back.
    now: Instant,
    lost_us: u64,
    /// Up to here our own lateness has been accounted for.
    forgiven_until: Instant,
    /// How long we have been awake: the same clock without the time in which we stood still.
    awake: Instant,
    me: Signed<Record>,
    /// The frame that says goodbye for `me`.
    farewell: Arc<[u8]>,
    members: Members,
    cases: Cases,
    doubts: Doubts,
    health: Health,
    probes: Probes,
    /// When we look after those before us on the ring of ids, and after how many.
    patrol_at: Instant,
    patrol_width: usize,
    /// Patrols until members are sought, the next one included.
    patrols_spared: u32,
    /// The links over which something of ours last went as a flood.
    flooded_over: Vec<LinkId>,
    /// Floods of others that we pass on as such.
    floods: Bucket,
    /// When we last raised our incarnation.
    raised_at: Instant,
    /// How many testimonies we may still hear of those whom we do not believe.
    testimonies_heard: Bucket,
    /// How often we may still refute.
    refutations: Bucket,
    /// Who last accused us, and at which incarnation.
    accused: (u64, PeerId),
    /// What we say of the gone to those who take them for members.
    testimonies: VecDeque<(Instant, LinkId, PeerId, u64)>,
    /// When we last woke from a long freeze.
    woken_at: Option<Instant>,
    links: Links,
    outboxes: Outboxes,
    backoffs: Backoffs,
    introducer: Introducer,
    store: Store,
    draft: Draft,
    broadcast: Broadcast,
    asks: Asks,
    circuits: Circuits,
    /// The ways that questions for members took through us.
    questions: Circuits,
    /// Knocks in a row that came to nothing.
    refusals: u32,
    /// A knock has failed that should not have: the server is asked whether there is more of the room than we can reach.
    doubtful: bool,
    /// Since when our links and our socket may lead nowhere, because we are somewhere else.
    moved_at: Option<Instant>,
    /// The server has named somebody whom nobody accuses.
    named: bool,
    /// Links to members that we took for alive when we last looked.
    live_before: usize,
    evictions: Bucket,
    /// Links that ended because others needed the place.
    partings: Bucket,
    /// When to look for links again.
    seek_at: Option<Instant>,
    /// Not before this.
    seek_after: Instant,
    sync: Sync,
    /// Wall time in milliseconds since 1970, and when that was.
    wall: (Instant, u64),
    clock: Hlc,
    /// The number with which we began: names what we add to counters.
    life: u64,
    /// When to compare the state with all peers.
    compare_at: Option<Instant>,
    ready: bool,
    /// When we count as being alone in the room.
    alone_at: Option<Instant>,
    left: bool,
    /// When something is due by our own clock, as of the last input.
    due: Option<Instant>,
    stats: Stats,
    out: VecDeque<Output>,
}

impl Node {
    /// A node that has not met anybody yet. Drain it with [`Node::poll`] at once: it wants a server.
    #[must_use]
    pub fn new(now: Instant, setup: Setup<'_>) -> Self {
        let Setup { identity, room, zone, seed, wall_ms, mut config, commons } = setup;
        config.frame_bytes_max = config.frame_bytes_max.min(FRAME_BYTES_MAX);
        config.entry_bytes_max = config.entry_bytes_max.min(ENTRY_BYTES_MAX);
        let room = RoomKey::new(room);
        let mut broadcast = Broadcast::new(wall_ms);
        let mut record = Record::new(identity.public_key(), broadcast.next_number(), wall_ms);
        record.zone = cut(zone.unwrap_or_default(), ZONE_BYTES_MAX);
        let mut node = Self {
            me: Signed::new(record, &identity, &room),
            farewell: Arc::new([]),
            evictions: Bucket::new(config.evictions_per_minute),
            partings: Self::count_partings(),
            config,
            identity,
            room,
            commons,
            random: Random::new(seed),
            now,
            lost_us: 0,
            forgiven_until: now,
            awake: now,
            members: Members::default(),
            cases: Cases::default(),
            doubts: Doubts::default(),
            health: Health::default(),
            probes: Probes::default(),
            patrol_at: now,
            patrol_width: 1,
            patrols_spared: u32::MAX,
            flooded_over: Vec::new(),
            floods: Bucket::new(FLOODS_PER_MINUTE),
            raised_at: Instant::ZERO,
            testimonies_heard: Bucket::new(TESTIMONIES_PER_MINUTE),
            refutations: Bucket::new(REFUTATIONS_PER_MINUTE),
            accused: (0, PeerId::from_bytes([0; 16])),
            testimonies: VecDeque::new(),
            woken_at: None,
            links: Links::default(),
            outboxes: Outboxes::default(),
            backoffs: Backoffs::default(),
            introducer: Introducer::new(),
            store: Store::default(),
            draft: Draft::new(),
            broadcast,
            asks: Asks::default(),
            circuits: Circuits::default(),
            questions: Circuits::default(),
            refusals: 0,
            doubtful: false,
            moved_at: None,
            named: false,
            live_before: 0,
            seek_at: None,
            seek_after: Instant::ZERO,
            sync: Sync::default(),
            wall: (now, wall_ms),
            clock: Hlc::default(),
            life: wall_ms.saturating_mul(1_000),
            compare_at: None,
            ready: false,
            alone_at: None,
            left: false,
            due: None,
            stats: Stats::default(),
            out: VecDeque::from([Output::Server { wanted: true }]),
        };
        node.plan_patrol();
        node.farewell = node.prepare_farewell();
        node.digest(node.id());
        node.due = node.due_at();
        node
    }

    /// Takes in what has happened.
    ///
    /// # Errors
    /// Only a command can be refused; then nothing has changed. Whatever a remote sends is not an error.
    pub fn handle(&mut self, now: Instant, input: Input) -> Result<(), Refused> {
        self.advance(now);
        let done = self.take_in(input);
        self.due = self.due_at();
        done
    }

    fn take_in(&mut self, input: Input) -> Result<(), Refused> {
        if self.left {
            return if matches!(input, Input::Command(_)) { Err(Refused::Left) } else { Ok(()) };
        }
        match input {
            Input::LinkUp { link } => self.on_link_up(link),
            Input::LinkDown { link, reason } => self.on_link_down(link, reason),
            Input::Frame { link, bytes } => self.on_frame(link, &bytes),
            Input::Congested { link } => self.on_congested(link),
            Input::Writable { link } => self.on_writable(link),
            Input::LocalSignal { link, kind, body } => self.on_local_signal(link, kind, body),
            Input::Attached { members } => self.on_attached(&members),
            Input::Detached => self.on_detached(),
            Input::Released => self.on_released(),
            Input::Introduced { members } => self.on_introduced(&members),
            Input::ServerSignal { from, frame } => self.on_server_signal(from, &frame),
            Input::ServerUnknown { peer } => self.on_server_unknown(peer),
            Input::Moved => self.on_moved(),
            Input::Invited { by, session, patience_ms } => self.on_invited(by, session, patience_ms),
            Input::Command(command) => self.on_command(command)?,
        }
        self.settle();
        Ok(())
    }

    /// Does what is due. To be called at [`Node::next_timeout`], or later.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        if self.left {
            return;
        }
        let cut_off = self.is_cut_off();
        match self.introducer.handle_timeout(self.now, !cut_off, &mut self.random) {
            Some(Errand::Volunteer) => self.out.push_back(Output::Server { wanted: true }),
            Some(Errand::Ask) => self.out.push_back(Output::Introduce),
            // Who lacks links is attached for its own sake, and let go when it has them.
            Some(Errand::Settle) if self.needs_server() => self.introducer.settle_later(self.now),
            Some(Errand::Settle) => self.set_flags(self.me.body.hidden, true),
            None => {}
        }
        for link in self.links.overdue(self.now) {
            self.give_up(link);
        }
        for (link, pulse) in self.probes.handle_timeout(self.now, &self.config, &mut self.random) {
            match pulse {
                Pulse::Ping { number } => self.send(link, Lane::Unreliable, &self.ping(number)),
                Pulse::Silent { ms } => self.on_silence(link, ms),
            }
        }
        self.pursue_doubts();
        self.judge();
        self.give_testimonies();
        self.patrol();
        self.compare_if_due();
        if self.config.strategy != Strategy::Tree {
            self.monger();
        }
        for (link, frame) in self.broadcast.handle_timeout(self.now, &self.config) {
            if let Frame::Graft(ids) = &frame {
                self.stats.grafts = self.stats.grafts.saturating_add(count(ids.len()));
            }
            self.send(link, Lane::Reliable, &frame);
        }
        while let Some(origin) = self.broadcast.overdue(self.now) {
            self.read_on(origin);
        }
        self.give_up_asks();
        if self.alone_at.is_some_and(|at| self.now >= at) {
            self.become_ready();
        }
        let forgotten = self.members.expire(self.awake, &self.config);
        self.forget_origins(&forgotten);
        self.settle();
        self.due = self.due_at();
    }

    /// What the node wants next; `None` when the drain is over.
    pub fn poll(&mut self) -> Option<Output> {
        while let Some(next) = self.out.pop_front() {
            let next = self.hold_back(next);
            if next.is_some() {
                return next;
            }
        }
        if self.out.capacity() > OUTPUTS_KEPT {
            self.out = VecDeque::new();
        }
        self.let_go()
    }

    /// When [`Node::handle_timeout`] wants to be called, unless an input comes first.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.due.map(|at| at.max(self.now).minus_micros(self.lost_us))
    }

    /// Our own id.
    #[must_use]
    pub const fn id(&self) -> PeerId {
        self.identity.id()
    }

    /// Everybody in the room that is alive or suspect, ourselves included, by id.
    #[must_use]
    pub fn members(&self) -> Vec<MemberView> {
        let mut all: Vec<_> = self.members.iter().map(|(id, member)| self.view(*id, member)).collect();
        let at = all.partition_point(|member| member.id < self.id());
        all.insert(at, self.view_of_me());
        all
    }

    /// One member.
    #[must_use]
    pub fn member(&self, id: &PeerId) -> Option<MemberView> {
        if *id == self.id() {
            return Some(self.view_of_me());
        }
        self.members.get(id).map(|member| self.view(*id, member))
    }

    /// Counters and gauges.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let links = self.links.greeted().count();
        let suspects = self.members.len().saturating_sub(self.members.alive_count());
        let lag_ms = self.probes.differing().map(|since| self.now.ms_since(since)).max().unwrap_or(0);
        Stats {
            differing: count(self.probes.differing().count()),
            lag_ms,
            lag_max_ms: self.stats.lag_max_ms.max(lag_ms),
            members: count(self.members.len()).saturating_add(1),
            suspects: count(suspects),
            links: count(links),
            links_pending: count(self.links.len().saturating_sub(links)),
            connections_left: count(self.connections_left()),
            ..self.stats
        }
    }

    /// What we believe of each other member, and the incarnation that we know of it, by id.
    pub fn standings(&self) -> impl Iterator<Item = (PeerId, Status, u64)> {
        self.members.iter().map(|(id, member)| (*id, member.status, member.record.body.incarnation))
    }

    /// Our own incarnation.
    #[must_use]
    pub const fn incarnation(&self) -> u64 {
        self.me.body.incarnation
    }

    /// Our links and attempts: to whom, and whether it carries gossip yet.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, PeerId, bool)> {
        self.links.iter().map(|(id, link)| (id, link.peer, link.is_greeted()))
    }

    /// How many bytes the host's own buffer of a link's reliable channel may hold before it says [`Input::Congested`]: as many as the link
    /// takes in a moment, since nothing that is urgent overtakes them.
    #[must_use]
    pub fn buffer_bytes(&self, link: LinkId) -> usize {
        self.outboxes.buffer_bytes(link)
    }

    /// How many bytes wait in the node for which link.
    pub fn waiting(&self) -> impl Iterator<Item = (LinkId, usize)> {
        self.outboxes.waiting()
    }

    /// Whether a link is behind, so that our user should wait before it says more. One that is far behind all others is not waited for.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.outboxes.hold_up(self.now, self.links.greeted().count())
    }

    /// Whether we lack links, or one that is being made depends on the server: until it is up, the server should not let go of us.
    #[must_use]
    pub fn needs_server(&self) -> bool {
        let by_server = |link: &Link| link.is_pending() && matches!(link.route, Route::Server(_));
        self.is_cut_off() || self.asks.any_by_server() || self.links.iter().any(|(_, link)| by_server(link))
    }

    /// The incarnation at which a member is remembered as gone.
    #[must_use]
    pub fn tombstone(&self, id: &PeerId) -> Option<u64> {
        self.members.tombstone(id)
    }

    fn on_command(&mut self, command: Command) -> Result<(), Refused> {
        match command {
            Command::SetPresence { value } => self.set_presence(value),
            Command::Send { channel, to, payload, sent_at_ms } => self.send_message(&channel, to, &payload, sent_at_ms),
            Command::MapSet { map, key, value } => self.map_set(&map, &key, value.as_deref()),
            Command::LogAppend { log, value } => self.log_append(&log, value),
            Command::CounterAdd { counter, amount } => self.counter_add(&counter, amount),
            Command::SetHidden { hidden } => {
                self.set_flags(hidden, self.me.body.greeter);
                Ok(())
            }
            Command::Leave => {
                self.leave();
                Ok(())
            }
        }
    }

    /// What follows from any change: presence that is due, members to dial, greeters that are missing.
    fn settle(&mut self) {
        if self.left {
            return;
        }
        self.publish_presence();
        self.seek_links();
        self.review_greeters();
    }

    fn send(&mut self, link: LinkId, lane: Lane, frame: &Frame) {
        self.send_encoded(link, lane, frame.encode());
    }

    fn send_encoded(&mut self, link: LinkId, lane: Lane, frame: Arc<[u8]>) {
        self.stats.frames_out = self.stats.frames_out.saturating_add(1);
        self.stats.bytes_out = self.stats.bytes_out.saturating_add(count(frame.len()));
        let kind = usize::from(kind_of(&frame).unwrap_or(0));
        if let Some(sent) = self.stats.sent_by_kind.get_mut(kind) {
            sent.frames = sent.frames.saturating_add(1);
            sent.bytes = sent.bytes.saturating_add(count(frame.len()));
        }
        self.out.push_back(Output::Send { link, lane, frame });
    }

    fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    fn view(&self, id: PeerId, member: &Member) -> MemberView {
        let link = self.links.to(id);
        let record = &member.record.body;
        MemberView {
            id,
            public_key: *record.public_key(),
            status: member.status,
            incarnation: record.incarnation,
            joined_at_ms: record.joined_at_ms,
            zone: (!record.zone.is_empty()).then(|| record.zone.clone()),
            hidden: record.hidden,
            greeter: record.greeter,
            presence: self.store.presence(&id),
            linked: link.is_some(),
            rtt_us: link.and_then(|link| self.probes.rtt_us(link)),
        }
    }

    fn view_of_me(&self) -> MemberView {
        let me = Member::new(Arc::new(self.me.clone()), self.now);
        let mut view = self.view(self.id(), &me);
        view.presence = self.draft.value().map(Arc::from).or(view.presence);
        view
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// The longest beginning of `text` that has at most `bytes_max` bytes.
fn cut(mut text: String, bytes_max: usize) -> String {
    while text.len() > bytes_max {
        text.pop();
    }
    text
}
