//! The world: hosts, the connections between them, the signaling server, and the queue of what is going to happen.
//!
//! One loop takes the next happening and hands it to the node that it concerns; whatever the node then wants is planned.
//! Nothing calls into a node from inside another's turn, so the order of events is that of the queue, and only that.

mod carry;
mod connect;
mod fate;
mod happening;
mod signaling;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, sync::Arc};

use chinwag_core::{Command, Event, Identity, Input, Node, Output, PeerId, Refused, Setup};
use rustc_hash::FxHashMap;

pub use connect::Dials;
pub use fate::Manner;
pub use happening::{Happening, Settings};
use signaling::Request;

use crate::{
    clock::Clock,
    commons::Shared,
    hash::{EventHash, of_bytes},
    history::History,
    host::{Host, State},
    invariants::{Finding, Invariant, Invariants, View, Violation},
    link::{Connection, ConnectionId, Side},
    measure::Measures,
    path::{FaultId, PathFault, Paths},
    queue::EventQueue,
    random::{Concern, RngExt, Stream, stream},
    server::Server,
    time::{Micros, SECOND, WALL_MS, instant},
    trace::Trace,
    traffic::Traffic,
};

/// Outputs of one drain beyond which a node is taken for one that never stops.
const DRAIN_MAX: usize = 1_000_000;

/// Who stood still and has gone on may be said to be dead for so long: others believe it, and it has yet to reach them.
const JUST_RESUMED: Micros = 5 * SECOND;

/// The room in which everybody is.
pub const ROOM: &str = "lobby";

/// Happenings between two reports of progress.
const PROGRESS_EVERY: u64 = 1 << 14;

/// Called now and then with the present simulated time.
pub type Progress = Box<dyn FnMut(Micros)>;

/// The world.
pub struct Network {
    settings: Settings,
    now: Micros,
    queue: EventQueue<Happening>,
    hosts: Vec<Host>,
    secrets: Vec<[u8; 32]>,
    sessions: Vec<u32>,
    connections: Vec<Connection>,
    by_id: FxHashMap<PeerId, u32>,
    /// What is between hosts.
    paths: Paths,
    server: Server,
    commons: Arc<Shared>,
    identities: Stream,
    seeds: Stream,
    transports: Stream,
    server_chance: Stream,
    handled: u64,
    /// What adversaries have heard.
    taps: BTreeMap<u32, Vec<Arc<[u8]>>>,
    hash: EventHash,
    /// What is measured.
    pub measures: Measures,
    /// What has been sent.
    pub traffic: Traffic,
    /// How it went, second by second.
    pub history: History,
    /// What must hold.
    pub invariants: Invariants,
    violation: Option<Violation>,
    /// Up to here a cut between hosts has its effects.
    cut_until: Micros,
    /// Up to here something that keeps hosts from finding each other has its effects.
    hindered_until: Micros,
    checked_at: Micros,
    trace: Option<Trace>,
    progress: Option<Progress>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("now", &self.now).field("hosts", &self.hosts.len()).finish_non_exhaustive()
    }
}

impl Network {
    /// A world without hosts.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let seed = settings.seed;
        let mut paths = Paths::new(stream(seed, Concern::Paths));
        paths.add(Box::new(crate::faults::Constant { delay: settings.latency }));
        Self {
            now: 0,
            queue: EventQueue::default(),
            hosts: Vec::new(),
            secrets: Vec::new(),
            sessions: Vec::new(),
            connections: Vec::new(),
            by_id: FxHashMap::default(),
            paths,
            server: Server::new(settings.greeters, stream(seed, Concern::Server)),
            commons: Arc::default(),
            identities: stream(seed, Concern::Identities),
            seeds: stream(seed, Concern::Nodes),
            transports: stream(seed, Concern::Transports),
            server_chance: {
                let mut chance = stream(seed, Concern::Server);
                chance.set_word_pos(1 << 32);
                chance
            },
            handled: 0,
            taps: BTreeMap::new(),
            hash: EventHash::default(),
            measures: Measures::default(),
            traffic: Traffic::default(),
            history: History::default(),
            invariants: Invariants::all(),
            violation: None,
            cut_until: 0,
            hindered_until: if settings.dials.impossible > 0.0 { Micros::MAX } else { 0 },
            checked_at: 0,
            trace: None,
            progress: None,
            settings,
        }
    }

    /// Keeps the last events for [`Network::trace`].
    pub fn keep_trace(&mut self) {
        self.trace = Some(Trace::default());
    }

    /// Reports progress from now on.
    pub fn on_progress(&mut self, progress: Progress) {
        self.progress = Some(progress);
    }

    /// Starts a member with a key of its own, which joins at once.
    pub fn spawn(&mut self) -> u32 {
        let mut secret = [0; 32];
        self.identities.fill(&mut secret);
        self.spawn_as(secret)
    }

    /// Starts a second tab with another's key.
    pub fn spawn_clone(&mut self, of: u32) -> u32 {
        self.spawn_as(self.secrets[of as usize])
    }

    fn spawn_as(&mut self, secret: [u8; 32]) -> u32 {
        let host = self.hosts.len() as u32;
        self.secrets.push(secret);
        self.sessions.push(0);
        let zone = (host % u32::from(self.settings.zones.max(1))) as u8;
        let clock = Clock::default();
        let node = self.node(&secret, zone, &clock);
        let id = node.id();
        self.by_id.entry(id).or_insert(host);
        self.hosts.push(Host::new(node, zone, 0, self.now, clock));
        self.measures.host(host, id);
        self.traffic.host(host);
        self.invariants.tell(|invariant| invariant.on_start(host, id));
        self.after(host);
        host
    }

    fn node(&mut self, secret: &[u8; 32], zone: u8, clock: &Clock) -> Node {
        let mut seed = [0; 32];
        self.seeds.fill(&mut seed);
        let setup = Setup {
            identity: Identity::from_secret(secret),
            room: ROOM,
            zone: (self.settings.zones > 1).then(|| format!("zone-{zone}")),
            seed,
            wall_ms: WALL_MS + clock.at(self.now) / 1_000,
            config: self.settings.config.clone(),
            commons: self.commons.clone(),
        };
        Node::new(instant(clock.at(self.now)), setup)
    }

    /// Lets the user of a host want something.
    ///
    /// # Errors
    /// When the node refuses.
    pub fn command(&mut self, host: u32, command: Command) -> Result<(), Refused> {
        self.hash.event(self.now, host, b'c', 0);
        self.invariants.tell(|invariant| invariant.on_command(host, &command));
        let at = &mut self.hosts[host as usize];
        let done = at.node.handle(instant(at.clock.at(self.now)), Input::Command(command));
        self.after(host);
        done
    }

    /// Lets everything happen up to `until`, or to the first violation.
    pub fn run_until(&mut self, until: Micros) {
        while self.violation.is_none() {
            let second = self.checked_at + SECOND;
            if let Some((at, happening)) = self.queue.pop(until.min(second)) {
                self.now = self.now.max(at);
                self.happen(happening);
                self.tick();
            } else if second <= until {
                self.now = second;
                self.checked_at = second;
                self.check_all();
            } else {
                self.now = until;
                return;
            }
        }
    }

    /// Lets everything happen for a while.
    pub fn run_for(&mut self, duration: Micros) {
        self.run_until(self.now + duration);
    }

    /// Lets everything happen until something is true, looking every `step`; or until `deadline`. Whether it came true.
    pub fn run_while(&mut self, step: Micros, deadline: Micros, mut go_on: impl FnMut(&Self) -> bool) -> bool {
        while go_on(self) {
            if self.now >= deadline || self.violation.is_some() {
                return false;
            }
            self.run_until((self.now + step).min(deadline));
        }
        true
    }

    /// Puts a fault between the hosts.
    pub fn add_fault(&mut self, fault: Box<dyn PathFault>) -> FaultId {
        self.note(|| format!("{fault:?} begins"));
        let id = self.paths.add(fault);
        self.review_cuts();
        id
    }

    /// Ends a fault.
    pub fn remove_fault(&mut self, id: FaultId) {
        self.paths.remove(id);
        self.note(|| format!("{id:?} ends"));
        self.review_cuts();
    }

    /// The key of a host, as its adversary has it.
    #[must_use]
    pub fn identity(&self, host: u32) -> Identity {
        Identity::from_secret(&self.secrets[host as usize])
    }

    /// The world as a checker sees it.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            now: self.now,
            hosts: &self.hosts,
            connections: &self.connections,
            config: &self.settings.config,
            is_cut: self.now < self.cut_until,
            is_hindered: self.now < self.hindered_until,
            adversaries: self.measures.adversaries(),
            by_id: &self.by_id,
        }
    }

    /// The present time.
    #[must_use]
    pub const fn now(&self) -> Micros {
        self.now
    }

    /// What the world began with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// All hosts, by number.
    #[must_use]
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// A host's settings that a fault may change.
    pub fn host_mut(&mut self, host: u32) -> &mut Host {
        &mut self.hosts[host as usize]
    }

    /// The numbers of the hosts that are not gone.
    pub fn living(&self) -> impl Iterator<Item = u32> {
        (0..self.hosts.len() as u32).filter(|host| self.hosts[*host as usize].is_alive())
    }

    /// All connections that were ever begun.
    #[must_use]
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    /// The host that has this id.
    #[must_use]
    pub fn host_of(&self, id: &PeerId) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// Whether a host is the one for which its id stands: a second tab with the same key is not.
    #[must_use]
    pub fn is_first(&self, host: u32) -> bool {
        self.by_id.get(&self.hosts[host as usize].node.id()) == Some(&host)
    }

    /// The signaling server.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// The fingerprint of what has happened.
    #[must_use]
    pub const fn hash(&self) -> &EventHash {
        &self.hash
    }

    /// What did not hold.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// The last events, if they are kept.
    #[must_use]
    pub const fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    fn tick(&mut self) {
        self.handled += 1;
        if self.handled.is_multiple_of(PROGRESS_EVERY)
            && let Some(progress) = &mut self.progress
        {
            progress(self.now);
        }
    }

    fn happen(&mut self, happening: Happening) {
        let Some(happening) = self.admit(happening) else { return };
        match happening {
            Happening::Frame { connection, side, frame } => self.on_frame(connection, side, &frame),
            Happening::Sent { connection, side, bytes } => self.on_sent(connection, side, bytes),
            Happening::Wake { host } => self.on_wake(host),
            Happening::Connected { connection } => self.on_connected(connection),
            Happening::Up { connection, side } => self.on_up(connection, side),
            Happening::Down { connection, side, reason } => self.on_down(connection, side, reason),
            Happening::Decay { connection, cut_epoch } => self.on_decay(connection, cut_epoch),
            Happening::LocalSignal { host, generation, link, kind, connection } => {
                self.on_local_signal(host, generation, link, kind, connection);
            }
            Happening::ToServer { host, session, request } => self.on_request(host, session, *request),
            Happening::FromServer { host, session, input } => self.on_answer(host, session, *input),
            Happening::Reconnect { host, session } => self.on_reconnect(host, session),
        }
    }

    /// Whether a happening can reach its host now. A host that stands still or is busy gets it later.
    fn admit(&mut self, happening: Happening) -> Option<Happening> {
        let Some(host) = self.target(&happening) else { return Some(happening) };
        let at = &mut self.hosts[host as usize];
        match at.state {
            State::Dead => None,
            State::Paused => {
                if !matches!(happening, Happening::Wake { .. }) {
                    at.inbox.push_back(happening);
                }
                None
            }
            State::Running if self.now < at.busy_until => {
                let until = at.busy_until;
                self.queue.push(until, happening);
                None
            }
            State::Running => {
                at.busy_until = self.now + at.slowness;
                Some(happening)
            }
        }
    }

    fn target(&self, happening: &Happening) -> Option<u32> {
        let end = |connection: &ConnectionId, side: &Side| self.connections[connection.0 as usize].end(*side).host;
        match happening {
            Happening::Frame { connection, side, .. }
            | Happening::Sent { connection, side, .. }
            | Happening::Up { connection, side }
            | Happening::Down { connection, side, .. } => Some(end(connection, side)),
            Happening::Wake { host }
            | Happening::LocalSignal { host, .. }
            | Happening::FromServer { host, .. }
            | Happening::Reconnect { host, .. } => Some(*host),
            Happening::Connected { .. } | Happening::Decay { .. } | Happening::ToServer { .. } => None,
        }
    }

    fn on_wake(&mut self, host: u32) {
        let at = &mut self.hosts[host as usize];
        if at.wake_at.is_none_or(|wake_at| wake_at > self.now) {
            return;
        }
        at.wake_at = None;
        let local = instant(at.clock.at(self.now));
        if at.node.next_timeout().is_some_and(|due| due <= local) {
            self.hash.event(self.now, host, b'w', 0);
            at.node.handle_timeout(local);
            self.after(host);
        } else {
            self.set_alarm(host);
        }
    }

    /// Hands something in at a node, and does what follows.
    fn input(&mut self, host: u32, kind: u8, detail: u64, input: Input) {
        self.hash.event(self.now, host, kind, detail);
        let at = &mut self.hosts[host as usize];
        // Only commands are refused.
        let _ = at.node.handle(instant(at.clock.at(self.now)), input);
        self.after(host);
    }

    /// Drains a node, sets its timer, and looks whether what must hold there does.
    fn after(&mut self, host: u32) {
        let mut outputs = 0;
        while let Some(output) = self.hosts[host as usize].node.poll() {
            outputs += 1;
            if outputs > DRAIN_MAX {
                let what = "the node's outputs have no end".to_owned();
                self.violate(Some(Violation { invariant: "a drain ends", host, at: self.now, what }));
                break;
            }
            self.carry_out(host, output);
        }
        self.tell_server(host);
        self.set_alarm(host);
        self.check(|invariant, view| invariant.after(view, host, outputs));
    }

    /// Asks every invariant something.
    fn check(&mut self, ask: impl Fn(&mut dyn Invariant, &View<'_>) -> Finding) {
        // The checkers look at all of the network but themselves.
        let mut invariants = std::mem::take(&mut self.invariants);
        let view = self.view();
        let found = invariants.find(self.now, |invariant| ask(invariant, &view));
        self.invariants = invariants;
        self.violate(found);
    }

    fn set_alarm(&mut self, host: u32) {
        let at = &mut self.hosts[host as usize];
        let Some(due) = at.node.next_timeout() else { return };
        let fire_at = at.timers.fire_at(at.clock.when(self.now, due.as_micros()));
        if at.wake_at.is_none_or(|planned| fire_at < planned) {
            at.wake_at = Some(fire_at);
            self.queue.push(fire_at, Happening::Wake { host });
        }
    }

    fn carry_out(&mut self, host: u32, output: Output) {
        match output {
            Output::Event(event) => self.on_event(host, &event),
            Output::Send { link, lane, frame } => self.send(host, link, lane, frame),
            Output::Dial { link, .. } => self.dial(host, link),
            Output::Accept { link, peer, offer } => self.accept(host, link, peer, &offer),
            Output::RemoteSignal { link, kind, .. } => self.on_remote_signal(host, link, kind),
            Output::Close { link } => self.close(host, link),
            // A path that is cut here has no other way.
            Output::Mend { .. } => {}
            Output::Signal { to, frame } => self.ask_server(host, Request::Signal { to, frame }),
            Output::Server { wanted } => self.want_server(host, wanted),
            Output::Introduce => self.ask_server(host, Request::Introduce),
        }
    }

    fn on_event(&mut self, host: u32, event: &Event) {
        if let Some(trace) = &mut self.trace {
            trace.event(self.now, host, event);
        }
        let (hosts, by_id, now) = (&self.hosts, &self.by_id, self.now);
        // What is said of one that has just gone on is said of its standing still.
        let state = |id: &PeerId| match by_id.get(id).map(|subject| &hosts[*subject as usize]) {
            Some(host) => match host.resumed_at {
                Some(at) if host.state == State::Running && now - at < JUST_RESUMED => State::Paused,
                _ => host.state,
            },
            None => State::Dead,
        };
        self.measures.event(self.now, host, event, state);
        self.check(|invariant, view| invariant.on_event(view, host, event));
        if matches!(event, Event::Superseded) {
            self.begin_anew(host);
        }
    }

    fn check_all(&mut self) {
        self.measures.second(self.hosts.iter().filter(|host| host.is_alive()).map(Host::links_up));
        let (hosts, measures) = (&self.hosts, &self.measures);
        let living = (0..hosts.len() as u32).filter(|host| hosts[*host as usize].is_alive());
        let bytes = self.traffic.by_kind().into_iter().map(|(kind, count)| (kind, count.bytes)).collect();
        self.history.second(self.now, living.map(|host| measures.known(host).len() + 1), bytes);
        self.check(|invariant, view| invariant.every_second(view));
    }

    fn violate(&mut self, found: Option<Violation>) {
        if self.violation.is_none() {
            self.violation = found;
        }
    }

    /// Writes into the trace what befalls the world.
    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.note(self.now, text());
        }
    }

    fn trace_frame(&mut self, from: u32, to: u32, frame: &Arc<[u8]>) {
        if let Some(trace) = &mut self.trace {
            trace.frame(self.now, from, to, frame);
        }
    }

    fn detail_of(input: &Input) -> u64 {
        match input {
            Input::ServerSignal { frame, .. } => of_bytes(frame),
            Input::Attached { members } | Input::Introduced { members } => {
                members.iter().fold(0, |hash, id| hash ^ of_bytes(id.as_bytes()))
            }
            Input::ServerUnknown { peer } => of_bytes(peer.as_bytes()),
            _ => 0,
        }
    }

    fn draw_between(&mut self, least: Micros, most: Micros) -> Micros {
        self.transports.random_range(least..=most.max(least))
    }
}
