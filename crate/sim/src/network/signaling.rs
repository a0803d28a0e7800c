//! A host's socket to the signaling server.

use std::{fmt, sync::Arc};

use chinwag_core::{Input, PeerId};

use super::{Happening, Network};
use crate::{
    host::{Socket, State},
    random::RngExt,
    time::{MS, Micros},
    trace::Shown,
};

/// One-way trips from the wish for a socket to the `join` at the server: TCP, TLS, and the upgrade take two each.
const OPENING_TRIPS: u64 = 7;

/// The longest first pause before another attempt; it doubles with each.
const PAUSE: Micros = 500 * MS;

/// The longest pause of all.
const PAUSE_MAX: Micros = 30_000 * MS;

/// What a host says to the server.
#[derive(Clone, Debug)]
pub enum Request {
    /// Enters the room.
    Join,
    /// The socket is closed.
    Leave,
    /// Whether it has links.
    Linked(bool),
    /// A frame for another member.
    Signal {
        /// The addressee.
        to: PeerId,
        /// The bytes.
        frame: Arc<[u8]>,
    },
    /// Asks for members to dial.
    Introduce,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join => f.write_str("joins at the server"),
            Self::Leave => f.write_str("leaves the server"),
            Self::Linked(linked) => write!(f, "tells the server whether it has links: {linked}"),
            Self::Signal { to, frame } => write!(f, "to {to:?} by the server: {}", Shown(frame)),
            Self::Introduce => f.write_str("asks the server for members"),
        }
    }
}

/// A word of the server, for the trace.
fn told(input: &Input) -> Option<String> {
    Some(match input {
        Input::Attached { members } => format!("is attached to the server, which names {members:?}"),
        Input::Introduced { members } => format!("the server names {members:?}"),
        Input::ServerSignal { from, frame } => format!("from {from:?} by the server: {}", Shown(frame)),
        Input::ServerUnknown { peer } => format!("the server does not know {peer:?}"),
        Input::Released => "the server lets go".to_owned(),
        Input::Detached => "its socket to the server is closed".to_owned(),
        _ => return None,
    })
}

impl Network {
    pub(super) fn want_server(&mut self, host: u32, wanted: bool) {
        let at = &mut self.hosts[host as usize];
        at.wants_server = wanted;
        match (wanted, at.socket) {
            (true, Socket::Closed) => self.open_socket(host),
            (false, Socket::Opening | Socket::Open) => self.close_socket(host, self.settings.latency),
            _ => {}
        }
    }

    fn open_socket(&mut self, host: u32) {
        self.hosts[host as usize].socket = Socket::Opening;
        self.request_after(host, OPENING_TRIPS * self.settings.latency, Request::Join);
    }

    /// The server learns of it after `delay`.
    pub(super) fn close_socket(&mut self, host: u32, delay: Micros) {
        let at = &mut self.hosts[host as usize];
        if at.socket == Socket::Closed {
            return;
        }
        at.socket = Socket::Closed;
        at.told_linked = false;
        self.request_after(host, delay, Request::Leave);
        self.sessions[host as usize] += 1;
    }

    pub(super) fn ask_server(&mut self, host: u32, request: Request) {
        if self.hosts[host as usize].socket == Socket::Open {
            self.request_after(host, self.settings.latency, request);
        }
    }

    fn request_after(&mut self, host: u32, delay: Micros, request: Request) {
        let session = self.sessions[host as usize];
        self.queue.push(self.now + delay, Happening::ToServer { host, session, request: Box::new(request) });
    }

    /// Tells the server whether we have links and need it for no other, if that has changed: then we may be let go.
    pub(super) fn tell_server(&mut self, host: u32) {
        let at = &mut self.hosts[host as usize];
        let linked = at.legs.iter().any(|leg| leg.up) && !at.node.needs_server();
        if at.socket == Socket::Open && at.told_linked != linked {
            at.told_linked = linked;
            self.ask_server(host, Request::Linked(linked));
        }
    }

    pub(super) fn on_request(&mut self, host: u32, session: u32, request: Request) {
        if let Request::Leave = request {
            self.server.leave(host);
            return;
        }
        if self.sessions[host as usize] != session || self.hosts[host as usize].state == State::Dead {
            return;
        }
        if !self.server.is_up() {
            if let Request::Join = request {
                self.retry_socket(host);
            }
            return;
        }
        if let Some(trace) = &mut self.trace {
            trace.server(self.now, host, request.to_string());
        }
        match request {
            Request::Join => {
                let members = self.server.join(host);
                let members = self.ids(&members);
                self.answer(host, Input::Attached { members });
            }
            Request::Linked(linked) => {
                for released in self.server.linked(host, linked) {
                    self.answer(released, Input::Released);
                }
            }
            Request::Signal { to, frame } => self.relay(host, to, &frame),
            Request::Introduce => {
                let members = self.server.introductions(host);
                let me = self.hosts[host as usize].node.id();
                let members = self.ids(&members).into_iter().filter(|id| *id != me).collect();
                self.answer(host, Input::Introduced { members });
            }
            Request::Leave => {}
        }
    }

    fn relay(&mut self, host: u32, to: PeerId, frame: &[u8]) {
        let from = self.hosts[host as usize].node.id();
        let is_addressee = |at: &u32| self.hosts[*at as usize].node.id() == to && *at != host;
        let addressees: Vec<u32> = self.server.attached().filter(is_addressee).collect();
        for at in &addressees {
            self.answer(*at, Input::ServerSignal { from, frame: frame.to_vec() });
        }
        if addressees.is_empty() {
            self.answer(host, Input::ServerUnknown { peer: to });
        }
    }

    fn answer(&mut self, host: u32, input: Input) {
        let session = self.sessions[host as usize];
        let input = Box::new(input);
        self.queue.push(self.now + self.settings.latency, Happening::FromServer { host, session, input });
    }

    pub(super) fn on_answer(&mut self, host: u32, session: u32, input: Input) {
        if self.sessions[host as usize] != session {
            return;
        }
        let at = &mut self.hosts[host as usize];
        match input {
            Input::Attached { .. } => {
                (at.socket, at.socket_failures, at.told_linked) = (Socket::Open, 0, false);
            }
            Input::Released => {
                (at.socket, at.wants_server, at.told_linked) = (Socket::Closed, false, false);
                self.sessions[host as usize] += 1;
            }
            Input::Detached => {
                at.told_linked = false;
                self.retry_socket(host);
            }
            _ => {}
        }
        if let (Some(trace), Some(text)) = (&mut self.trace, told(&input)) {
            trace.server(self.now, host, text);
        }
        let detail = Self::detail_of(&input);
        self.input(host, b'a', detail, input);
    }

    fn retry_socket(&mut self, host: u32) {
        let at = &mut self.hosts[host as usize];
        at.socket = Socket::Opening;
        let longest = PAUSE.saturating_mul(1 << at.socket_failures.min(16)).min(PAUSE_MAX);
        at.socket_failures += 1;
        self.sessions[host as usize] += 1;
        let session = self.sessions[host as usize];
        let pause = self.server_chance.random_range(0..=longest);
        self.queue.push(self.now + pause, Happening::Reconnect { host, session });
    }

    pub(super) fn on_reconnect(&mut self, host: u32, session: u32) {
        if self.sessions[host as usize] == session && self.hosts[host as usize].wants_server {
            self.open_socket(host);
        }
    }

    /// The server goes, or comes back without memory.
    pub fn set_server(&mut self, up: bool) {
        self.note(|| format!("the signaling server {}", if up { "is back" } else { "goes away" }));
        for host in self.server.set_up(up) {
            self.answer(host, Input::Detached);
        }
        self.review_hindrance();
    }

    fn ids(&self, hosts: &[u32]) -> Vec<PeerId> {
        hosts.iter().map(|host| self.hosts[*host as usize].node.id()).collect()
    }
}
