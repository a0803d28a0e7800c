//! A host: one node with what a browser tab has around it.

use std::collections::VecDeque;

use chinwag_core::{LinkId, Node};

use crate::{
    clock::{Clock, Timers},
    link::{ConnectionId, Side},
    network::Happening,
    time::Micros,
};

/// Whether a host runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It stands still: what arrives waits, and no timer fires.
    Paused,
    /// It is gone.
    Dead,
}

/// A host's socket to the signaling server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// None.
    Closed,
    /// Being opened, or waiting for the next attempt.
    Opening,
    /// The server has welcomed us.
    Open,
}

/// One node and its surroundings.
#[derive(Debug)]
pub struct Host {
    /// The protocol.
    pub node: Node,
    /// Whether it runs.
    pub state: State,
    /// Raised at each restart: what was planned for the one before is void.
    pub generation: u32,
    /// Its own clock.
    pub clock: Clock,
    /// When its timers fire.
    pub timers: Timers,
    /// Where it is.
    pub zone: u8,
    /// Its connections, by its own names for them.
    pub legs: Vec<Leg>,
    /// The earliest wake-up that is planned for it.
    pub wake_at: Option<Micros>,
    /// Its socket to the server.
    pub socket: Socket,
    /// The node wants a socket.
    pub wants_server: bool,
    /// Attempts at a socket that have failed in a row.
    pub socket_failures: u32,
    /// What the server was last told about our links.
    pub told_linked: bool,
    /// What arrived while it stood still.
    pub inbox: VecDeque<Happening>,
    /// What handling one input takes it: a slow processor.
    pub slowness: Micros,
    /// It is busy until then.
    pub busy_until: Micros,
    /// When it was started.
    pub born_at: Micros,
    /// When it last went on after it had stood still.
    pub resumed_at: Option<Micros>,
}

/// A host's end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// The node's name for it.
    pub link: LinkId,
    /// The connection.
    pub connection: ConnectionId,
    /// Which end of it.
    pub side: Side,
    /// Both channels are open, as the node knows.
    pub up: bool,
    /// Since when.
    pub up_at: Micros,
}

impl Host {
    /// A host that has just been started.
    #[must_use]
    pub const fn new(node: Node, zone: u8, generation: u32, now: Micros, clock: Clock) -> Self {
        Self {
            node,
            state: State::Running,
            generation,
            clock,
            timers: Timers::Exact,
            zone,
            legs: Vec::new(),
            wake_at: None,
            socket: Socket::Closed,
            wants_server: false,
            socket_failures: 0,
            told_linked: false,
            inbox: VecDeque::new(),
            slowness: 0,
            busy_until: 0,
            born_at: now,
            resumed_at: None,
        }
    }

    /// The connection behind one of the node's links.
    #[must_use]
    pub fn leg(&self, link: LinkId) -> Option<Leg> {
        self.legs.iter().find(|leg| leg.link == link).copied()
    }

    /// Forgets a link.
    pub fn remove_leg(&mut self, link: LinkId) -> Option<Leg> {
        let at = self.legs.iter().position(|leg| leg.link == link)?;
        Some(self.legs.swap_remove(at))
    }

    /// Whether it is not gone: it runs, or stands still.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.state != State::Dead
    }

    /// Links that are open, as the node knows.
    #[must_use]
    pub fn links_up(&self) -> usize {
        self.legs.iter().filter(|leg| leg.up).count()
    }
}
