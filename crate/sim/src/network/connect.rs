//! How two hosts get a connection, and how they lose it.

use chinwag_core::{Input, Lane, LinkDownReason, LinkId, PeerId, SignalKind};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Happening, Network};
use crate::{
    host::Leg,
    link::{Connection, ConnectionId, Side, Stage, other},
    path::Transit,
    random::RngExt,
    time::{MS, Micros, SECOND},
};

/// What a browser takes to make an offer or an answer.
const DESCRIPTION_TIME: Micros = 3 * MS;

/// A description of one section for data, as browsers make it.
const DESCRIPTION_BYTES: usize = 450;

/// One batch of candidates.
const CANDIDATES_BYTES: usize = 120;

/// How often hosts that cannot reach each other try (connectivity checks, RFC 8445).
const CHECK_INTERVAL: Micros = 500 * MS;

/// After so long without an answer a transport is taken for dead (ICE consent, RFC 7675): at least …
const CONSENT_LEAST: Micros = 15 * SECOND;

/// … and at most.
const CONSENT_MOST: Micros = 30 * SECOND;

/// After what kept nodes apart has ended, they find each other again, and correct what they believed, within this time.
const AFTERMATH: Micros = 180 * SECOND;

/// How connections come about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dials {
    /// No connection is made in less, from the answer on.
    pub least: Micros,
    /// Round trips from the answer to the open channel: connectivity check, DTLS, SCTP.
    pub round_trips: u32,
    /// On top of it, at most.
    pub extra: Micros,
    /// The share of attempts that come to nothing.
    pub failing: f64,
    /// The share of pairs that never connect: both behind the wrong kind of NAT.
    pub impossible: f64,
}

impl Default for Dials {
    fn default() -> Self {
        Self { least: 20 * MS, round_trips: 4, extra: 0, failing: 0.0, impossible: 0.0 }
    }
}

impl Network {
    /// How connections come about from now on.
    pub fn set_dials(&mut self, dials: Dials) {
        self.settings.dials = dials;
        self.review_hindrance();
    }

    /// Whether something keeps hosts from finding each other.
    pub(super) fn review_hindrance(&mut self) {
        let hindered = self.paths.has_cuts() || !self.server.is_up() || self.settings.dials.impossible > 0.0;
        self.cut_until = aftermath(self.cut_until, self.paths.has_cuts(), self.now);
        self.hindered_until = aftermath(self.hindered_until, hindered, self.now);
    }

    pub(super) fn dial(&mut self, host: u32, link: LinkId) {
        let connection = ConnectionId(self.connections.len() as u32);
        self.connections.push(Connection::offered(host, link));
        let at = &mut self.hosts[host as usize];
        at.legs.push(Leg { link, connection, side: 0, up: false, up_at: 0 });
        let generation = at.generation;
        let signal = |kind| Happening::LocalSignal { host, generation, link, kind, connection };
        self.queue.push(self.now + DESCRIPTION_TIME, signal(SignalKind::Offer));
        self.queue.push(self.now + 2 * DESCRIPTION_TIME, signal(SignalKind::Candidate));
    }

    pub(super) fn accept(&mut self, host: u32, link: LinkId, peer: PeerId, offer: &[u8]) {
        let Some(connection) = self.named_in(offer) else { return };
        let between = &mut self.connections[connection.0 as usize];
        let dialler = between.end(0);
        let genuine = between.stage == Stage::Offered
            && dialler.held
            && dialler.host != host
            && self.hosts[dialler.host as usize].node.id() == peer;
        if !genuine {
            return;
        }
        between.stage = Stage::Answered;
        let end = between.end_mut(1);
        (end.host, end.link, end.held) = (host, link, true);
        let at = &mut self.hosts[host as usize];
        at.legs.push(Leg { link, connection, side: 1, up: false, up_at: 0 });
        let generation = at.generation;
        let signal = |kind| Happening::LocalSignal { host, generation, link, kind, connection };
        self.queue.push(self.now + DESCRIPTION_TIME, signal(SignalKind::Answer));
        self.queue.push(self.now + 2 * DESCRIPTION_TIME, signal(SignalKind::Candidate));
    }

    pub(super) fn on_local_signal(
        &mut self,
        host: u32,
        generation: u32,
        link: LinkId,
        kind: SignalKind,
        connection: ConnectionId,
    ) {
        let at = &self.hosts[host as usize];
        if at.generation != generation || at.leg(link).is_none_or(|leg| leg.connection != connection) {
            return;
        }
        let bytes = if kind == SignalKind::Candidate { CANDIDATES_BYTES } else { DESCRIPTION_BYTES };
        let mut body = vec![b' '; bytes];
        body[..4].copy_from_slice(&connection.0.to_le_bytes());
        self.input(host, b's', u64::from(connection.0), Input::LocalSignal { link, kind, body });
    }

    fn named_in(&self, body: &[u8]) -> Option<ConnectionId> {
        let number = u32::from_le_bytes(*body.first_chunk()?);
        ((number as usize) < self.connections.len()).then_some(ConnectionId(number))
    }

    pub(super) fn on_remote_signal(&mut self, host: u32, link: LinkId, kind: SignalKind) {
        let Some(leg) = self.hosts[host as usize].leg(link) else { return };
        let between = &mut self.connections[leg.connection.0 as usize];
        if kind != SignalKind::Answer || leg.side != 0 || between.stage != Stage::Answered {
            return;
        }
        between.stage = Stage::Connecting;
        let (from, to) = (between.end(0).host, between.end(1).host);
        if self.dial_fails(from, to) {
            let at = self.now + self.draw_between(SECOND, CONSENT_LEAST);
            self.break_at(at, leg.connection);
            return;
        }
        let Dials { least, round_trips, extra, .. } = self.settings.dials;
        let transit = |from, to| Transit { now: self.now, from, to, lane: Lane::Unreliable, bytes: 0, again: false };
        let (there, back) = (transit(from, to), transit(to, from));
        let round_trip = self.paths.fate(&there).delay + self.paths.fate(&back).delay;
        let takes =
            least.max(u64::from(round_trips) * round_trip) + if extra > 0 { self.draw_between(0, extra) } else { 0 };
        self.queue.push(self.now + takes, Happening::Connected { connection: leg.connection });
    }

    fn dial_fails(&mut self, from: u32, to: u32) -> bool {
        let Dials { failing, impossible, .. } = self.settings.dials;
        let pair = (u64::from(from.min(to)) << 32) | u64::from(from.max(to));
        let drawn = xxh3_64_with_seed(&pair.to_le_bytes(), self.settings.seed) >> 11;
        let share = drawn as f64 / (1_u64 << 53) as f64;
        share < impossible || (failing > 0.0 && self.transports.random_bool(failing.min(1.0)))
    }

    pub(super) fn on_connected(&mut self, connection: ConnectionId) {
        let cut = self.is_cut(connection);
        let between = &mut self.connections[connection.0 as usize];
        let held = between.ends.iter().all(|end| end.held);
        if between.stage != Stage::Connecting || !held {
            return;
        }
        if cut {
            self.queue.push(self.now + CHECK_INTERVAL, Happening::Connected { connection });
            return;
        }
        between.stage = Stage::Open;
        for side in [0, 1] {
            self.queue.push(self.now, Happening::Up { connection, side });
        }
    }

    pub(super) fn on_up(&mut self, connection: ConnectionId, side: Side) {
        let end = self.connections[connection.0 as usize].end(side);
        if !end.held {
            return;
        }
        let (host, link) = (end.host, end.link);
        if let Some(leg) = self.hosts[host as usize].legs.iter_mut().find(|leg| leg.link == link) {
            (leg.up, leg.up_at) = (true, self.now);
        }
        self.input(host, b'u', u64::from(connection.0), Input::LinkUp { link });
    }

    pub(super) fn on_down(&mut self, connection: ConnectionId, side: Side, reason: LinkDownReason) {
        let end = self.connections[connection.0 as usize].end_mut(side);
        if !std::mem::take(&mut end.held) {
            return;
        }
        let (host, link) = (end.host, end.link);
        end.outgoing = Default::default();
        self.hosts[host as usize].remove_leg(link);
        self.input(host, b'd', u64::from(connection.0), Input::LinkDown { link, reason });
    }

    pub(super) fn on_decay(&mut self, connection: ConnectionId, cut_epoch: u32) {
        if self.connections[connection.0 as usize].cut_epoch == cut_epoch {
            self.break_at(self.now, connection);
        }
    }

    /// A node lets go of a link. What it has sent before still arrives, then the other end is told.
    pub(super) fn close(&mut self, host: u32, link: LinkId) {
        let Some(leg) = self.hosts[host as usize].remove_leg(link) else { return };
        if leg.up {
            self.check(|invariant, view| invariant.on_close(view, host, leg));
        }
        self.let_go(leg.connection, leg.side);
    }

    pub(super) fn let_go(&mut self, connection: ConnectionId, side: Side) {
        let between = &mut self.connections[connection.0 as usize];
        between.end_mut(side).held = false;
        let there = other(side);
        if between.stage != Stage::Open || between.cut || !between.end(there).held {
            return;
        }
        let (from, to) = (between.end(side).host, between.end(there).host);
        let transit = Transit { now: self.now, from, to, lane: Lane::Reliable, bytes: 0, again: false };
        let delay = self.paths.fate(&transit).delay;
        let between = &mut self.connections[connection.0 as usize];
        let at = between.end_mut(side).outgoing.arrive(self.now + delay, Lane::Reliable);
        self.queue.push(at, Happening::Down { connection, side: there, reason: LinkDownReason::Closed });
    }

    fn is_cut(&self, connection: ConnectionId) -> bool {
        let between = &self.connections[connection.0 as usize];
        let (from, to) = (between.end(0).host, between.end(1).host);
        self.paths.cuts(from, to) || self.paths.cuts(to, from)
    }

    /// A cut has begun or ended somewhere: transports notice after a while, and what has waited goes on.
    pub(super) fn review_cuts(&mut self) {
        self.review_hindrance();
        for number in 0..self.connections.len() as u32 {
            let connection = ConnectionId(number);
            if !self.connections[number as usize].is_open() {
                continue;
            }
            let cut = self.is_cut(connection);
            let between = &mut self.connections[number as usize];
            if between.cut == cut {
                continue;
            }
            between.cut = cut;
            between.cut_epoch += 1;
            if cut {
                self.plan_decay(connection);
            } else {
                for side in [0, 1] {
                    let waiting = self.connections[number as usize].end_mut(side).outgoing.unstall();
                    waiting.into_iter().for_each(|frame| self.carry(connection, side, Lane::Reliable, frame));
                    self.review_buffer(connection, side);
                }
            }
        }
    }

    /// Nothing passes any more: the transport finds out.
    pub(super) fn plan_decay(&mut self, connection: ConnectionId) {
        let at = self.now + self.draw_between(CONSENT_LEAST, CONSENT_MOST);
        let cut_epoch = self.connections[connection.0 as usize].cut_epoch;
        self.queue.push(at, Happening::Decay { connection, cut_epoch });
    }
}

/// Until when something has its effects: without end as long as it lasts, for a while after it, and never if it never was.
const fn aftermath(until: Micros, lasts: bool, now: Micros) -> Micros {
    match (lasts, until) {
        (true, _) => Micros::MAX,
        (false, Micros::MAX) => now + AFTERMATH,
        (false, until) => until,
    }
}
