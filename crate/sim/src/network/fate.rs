//! What can befall a host.

use chinwag_core::Command;

use super::Network;
use crate::{
    host::{Host, Socket, State},
    measure::Measures,
    time::{Micros, SECOND},
};

/// The server misses a host whose machine is gone after so long without a pong.
const SERVER_IDLE: Micros = 60 * SECOND;

/// How a host ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The browser closes its transports: the peers are told, though there is no goodbye.
    Closed,
    /// The process is killed: its sockets to the server close, its links fall silent.
    Killed,
    /// The machine or its network is gone: nobody is told anything.
    Lost,
}

impl Network {
    /// A host ends without a goodbye.
    pub fn crash(&mut self, host: u32, manner: Manner) {
        self.note(|| format!("node {host} ends: {manner:?}"));
        let delay = if manner == Manner::Lost { SERVER_IDLE } else { self.settings.latency };
        self.close_socket(host, delay);
        let at = &mut self.hosts[host as usize];
        at.state = State::Dead;
        at.inbox.clear();
        for leg in std::mem::take(&mut at.legs) {
            if manner == Manner::Closed {
                self.let_go(leg.connection, leg.side);
            } else {
                let between = &mut self.connections[leg.connection.0 as usize];
                between.end_mut(leg.side).held = false;
                between.cut_epoch += 1;
                self.plan_decay(leg.connection);
            }
        }
        self.hash.event(self.now, host, b'x', 0);
        self.measures.died(host);
        self.pass_on(host);
    }

    /// Where two tabs had one key, the id stands for the one that is left.
    fn pass_on(&mut self, gone: u32) {
        let id = self.hosts[gone as usize].node.id();
        let other = self.living().find(|other| self.hosts[*other as usize].node.id() == id);
        if let Some(other) = other.filter(|_| self.is_first(gone)) {
            self.by_id.insert(id, other);
            self.measures.pass_on(id, gone, other);
        }
    }

    /// A host says goodbye, and ends when it has arrived.
    pub fn leave(&mut self, host: u32) {
        // One that has left already has nothing to add.
        let _ = self.command(host, Command::Leave);
        self.crash(host, Manner::Closed);
    }

    /// A host that has ended starts anew, with its key and nothing else.
    pub fn restart(&mut self, host: u32) {
        self.note(|| format!("node {host} starts anew"));
        let (secret, old) = (self.secrets[host as usize], &self.hosts[host as usize]);
        let (zone, clock, generation) = (old.zone, old.clock, old.generation + 1);
        let node = self.node(&secret, zone, &clock);
        let id = node.id();
        self.hosts[host as usize] = Host::new(node, zone, generation, self.now, clock);
        Measures::host(&mut self.measures, host, id);
        self.invariants.tell(|invariant| invariant.on_start(host, id));
        self.hash.event(self.now, host, b'b', 0);
        self.after(host);
    }

    /// A host whose identity another has had before goes on with a fresh one, as another host.
    pub(super) fn begin_anew(&mut self, host: u32) {
        self.note(|| format!("node {host} steps aside"));
        self.crash(host, Manner::Closed);
        self.spawn();
    }

    /// A host stands still: what arrives waits, and its timers do not fire.
    pub fn pause(&mut self, host: u32) {
        let at = &mut self.hosts[host as usize];
        if at.state == State::Running {
            at.state = State::Paused;
            self.note(|| format!("node {host} stands still"));
            self.hash.event(self.now, host, b'p', 0);
        }
    }

    /// A host goes on: first with what has arrived, then with its timers.
    pub fn resume(&mut self, host: u32) {
        let at = &mut self.hosts[host as usize];
        if at.state != State::Paused {
            return;
        }
        at.state = State::Running;
        at.wake_at = None;
        at.resumed_at = Some(self.now);
        self.note(|| format!("node {host} goes on"));
        let at = &mut self.hosts[host as usize];
        for happening in std::mem::take(&mut at.inbox) {
            self.queue.push(self.now, happening);
        }
        self.hash.event(self.now, host, b'r', 0);
        let now = self.now;
        self.invariants.tell(|invariant| invariant.on_resume(now, host));
        self.set_alarm(host);
    }

    /// Whether a host holds a socket to the server.
    #[must_use]
    pub fn is_attached(&self, host: u32) -> bool {
        self.hosts[host as usize].socket == Socket::Open
    }
}
