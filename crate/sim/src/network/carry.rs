//! Frames on their way.

use std::sync::Arc;

use chinwag_core::{Command, Input, Lane, LinkDownReason, LinkId};

use super::{Happening, Network};
use crate::{
    hash::of_bytes,
    link::{ConnectionId, Level, Side, other},
    path::{Arrival, Transit},
    time::instant,
};

/// Frames that a tap keeps.
const TAP_FRAMES_MAX: usize = 10_000;

impl Network {
    /// A node puts a frame on a link.
    pub(super) fn send(&mut self, host: u32, link: LinkId, lane: Lane, frame: Arc<[u8]>) {
        self.traffic.sent(host, &frame);
        self.check(|invariant, view| invariant.on_send(view, host, &frame));
        let Some(leg) = self.hosts[host as usize].leg(link).filter(|leg| leg.up) else { return };
        self.traffic.carried(leg.connection.0, &frame);
        self.carry(leg.connection, leg.side, lane, frame);
        self.review_buffer(leg.connection, leg.side);
    }

    /// Tells a node when the buffer of a link has become too full, or empty enough.
    pub(super) fn review_buffer(&mut self, connection: ConnectionId, side: Side) {
        let end = self.connections[connection.0 as usize].end_mut(side);
        if !end.held {
            return;
        }
        let (host, link) = (end.host, end.link);
        let allowed = self.hosts[host as usize].node.buffer_bytes(link);
        match end.outgoing.level(allowed) {
            // In the midst of a drain, which goes on.
            Some(Level::Congested) => {
                self.hash.event(self.now, host, b'q', u64::from(connection.0));
                let at = &mut self.hosts[host as usize];
                // Only commands are refused.
                let _ = at.node.handle(instant(at.clock.at(self.now)), Input::Congested { link });
            }
            Some(Level::Writable) => self.input(host, b'v', u64::from(connection.0), Input::Writable { link }),
            None => {}
        }
    }

    pub(super) fn on_sent(&mut self, connection: ConnectionId, side: Side, bytes: usize) {
        self.connections[connection.0 as usize].end_mut(side).outgoing.sent(bytes);
        self.review_buffer(connection, side);
    }

    /// Carries a frame from one end of a connection to the other, if it gets there.
    pub(super) fn carry(&mut self, connection: ConnectionId, from: Side, lane: Lane, frame: Arc<[u8]>) {
        let side = other(from);
        let between = &mut self.connections[connection.0 as usize];
        let transit = Transit {
            now: self.now,
            from: between.end(from).host,
            to: between.end(side).host,
            lane,
            bytes: frame.len(),
            again: false,
        };
        if between.cut {
            let kept = lane == Lane::Unreliable || between.end_mut(from).outgoing.stall(frame);
            if !kept {
                let reason = LinkDownReason::Refused;
                self.queue.push(self.now, Happening::Down { connection, side: from, reason });
            }
            return;
        }
        let outgoing = &mut between.end_mut(from).outgoing;
        let pace = outgoing.set_out(self.now);
        match lane {
            Lane::Unreliable => self.carry_unreliably(connection, side, &transit, &frame),
            Lane::Reliable => {
                let bytes = frame.len();
                let (arrival, queued) = self.paths.reliably(transit, pace, &mut outgoing.resent_at);
                match arrival {
                    Arrival::At(at) => {
                        let at = outgoing.arrive(at, lane);
                        self.queue.push(at, Happening::Frame { connection, side, frame });
                    }
                    Arrival::GivenUp(at) => self.break_at(at, connection),
                }
                if queued > 0 {
                    self.connections[connection.0 as usize].end_mut(from).outgoing.queue(bytes);
                    self.queue.push(self.now + queued, Happening::Sent { connection, side: from, bytes });
                }
            }
        }
    }

    fn carry_unreliably(&mut self, connection: ConnectionId, side: Side, transit: &Transit, frame: &Arc<[u8]>) {
        let fate = self.paths.fate(transit);
        if !fate.lost {
            self.queue.push(self.now + fate.delay, Happening::Frame { connection, side, frame: frame.clone() });
        }
        for _ in 0..fate.extra_copies {
            let at = self.now + self.paths.fate(transit).delay;
            self.queue.push(at, Happening::Frame { connection, side, frame: frame.clone() });
        }
    }

    pub(super) fn break_at(&mut self, at: crate::time::Micros, connection: ConnectionId) {
        for side in [0, 1] {
            if self.connections[connection.0 as usize].end(side).held {
                self.queue.push(at, Happening::Down { connection, side, reason: LinkDownReason::Failed });
            }
        }
    }

    pub(super) fn on_frame(&mut self, connection: ConnectionId, side: Side, frame: &Arc<[u8]>) {
        let between = &self.connections[connection.0 as usize];
        let end = between.end(side);
        if !end.held {
            return;
        }
        let (host, link, from) = (end.host, end.link, between.end(other(side)).host);
        self.trace_frame(from, host, frame);
        if let Some(tap) = self.taps.get_mut(&host)
            && tap.len() < TAP_FRAMES_MAX
        {
            tap.push(frame.clone());
        }
        let detail = of_bytes(frame);
        self.input(host, b'f', detail, Input::Frame { link, bytes: frame.to_vec() });
    }

    /// Puts bytes on every open link of a host, beside what its node sends: an adversary speaks.
    pub fn speak(&mut self, host: u32, lane: Lane, frame: &Arc<[u8]>) {
        let legs = self.hosts[host as usize].legs.clone();
        for leg in legs.iter().filter(|leg| leg.up) {
            self.carry(leg.connection, leg.side, lane, frame.clone());
        }
    }

    /// What an adversary is about to say in its own name, and so may be delivered.
    pub fn vouch(&mut self, host: u32, payload: &[u8]) {
        let command = Command::Send { channel: String::new(), to: None, payload: payload.to_vec(), sent_at_ms: 0 };
        self.invariants.tell(|invariant| invariant.on_command(host, &command));
    }

    /// Keeps what a host hears from now on: an adversary listens.
    pub fn tap(&mut self, host: u32) {
        self.taps.entry(host).or_default();
    }

    /// The last frames that a tapped host has heard.
    #[must_use]
    pub fn heard(&self, host: u32) -> &[Arc<[u8]>] {
        self.taps.get(&host).map_or(&[], Vec::as_slice)
    }
}
