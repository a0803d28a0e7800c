//! Whom to link to: the members that the server names, those that the table knows, and those who ask us.

use alloc::{collections::VecDeque, string::String, vec::Vec};

use super::Node;
use crate::{
    identity::{PeerId, peer_id},
    introducer::volunteers,
    io::{Lane, LinkId, Output, SignalKind},
    overlay::{Admission, Link, Route, State},
    wire::{Frame, Knock, Signed},
};

/// Links that a knock crosses at least before it is answered by who has just enough links: on a random graph, that is far enough to end
/// anywhere.
const WALK_HOPS: u8 = 6;

/// Links that it crosses at most.
const WALK_TTL: u8 = 14;

/// Pause after a knock was refused: the room is full, or small.
const REFUSED_PAUSE_MS: u32 = 2_000;

/// A link younger than this makes no room for another.
const YOUNG_MS: u32 = 1_000;

/// Members that the server names, if there are as many.
const INTRODUCTIONS: usize = 3;

/// Knocks in a row without an answer, after which we doubt our own connection to the room.
const UNANSWERED_MAX: u32 = 3;

impl Node {
    pub(super) fn on_attached(&mut self, members: &[PeerId]) {
        let linked = self.links.greeted().next().is_some();
        self.introducer.attached(self.now, linked, &mut self.random);
        if !self.ready {
            self.alone_at.get_or_insert(self.now.plus_ms(self.config.alone_after_ms));
        }
        self.on_introduced(members);
    }

    pub(super) fn on_detached(&mut self) {
        self.introducer.detached();
        self.set_flags(self.me.body.hidden, false);
    }

    pub(super) fn on_released(&mut self) {
        self.introducer.released();
        self.set_flags(self.me.body.hidden, false);
    }

    /// The server named members. Those that we do not know, or cannot reach otherwise, are dialled one after another.
    pub(super) fn on_introduced(&mut self, members: &[PeerId]) {
        let cut_off = self.is_cut_off();
        let wanted = |peer: &&PeerId| **peer != self.id() && (cut_off || self.members.get(peer).is_none());
        self.introduced = members.iter().filter(wanted).copied().collect::<VecDeque<_>>();
        self.introduced_at = None;
        self.dial_introduced();
        self.review_ready();
    }

    /// Dials the next of those that the server named, unless one is under way or it is not yet time.
    pub(super) fn dial_introduced(&mut self) {
        if self.introduced_at.is_some_and(|at| self.now < at && self.links.iter().any(|(_, link)| link.is_pending())) {
            return;
        }
        self.introduced_at = None;
        // With fewer names than the server gives, these are all there are, and in a small room we want a link to each.
        let all_at_once = self.introduced.len() < INTRODUCTIONS;
        while let Some(peer) = self.introduced.pop_front() {
            let allowed = self.links.len() < self.config.links_max && self.backoffs.until(&peer) <= self.now;
            if allowed && !self.links.is_linked_or_trying(peer) {
                self.dial(peer, Route::Server);
                if !all_at_once {
                    self.introduced_at = Some(self.now.plus_ms(self.config.introduction_ms));
                    return;
                }
            }
        }
    }

    /// Looks for links as long as we have fewer than we want, and notes when to look again.
    pub(super) fn seek_links(&mut self) {
        self.seek_at = None;
        let trying = self.links.len().saturating_add(self.asks.len());
        let missing = self.links_wanted().saturating_sub(trying);
        if missing == 0 {
            return;
        }
        if self.now < self.seek_after {
            self.seek_at = Some(self.seek_after);
        } else if self.is_small_room() {
            self.dial_neighbours(missing);
        } else {
            self.knock(missing);
        }
    }

    pub(super) fn links_wanted(&self) -> usize {
        if self.is_small_room() { self.members.len() } else { self.config.links_wanted }
    }

    fn is_small_room(&self) -> bool {
        self.members.len() < self.config.small_room_max
    }

    /// In a small room everybody dials everybody, the smaller id first.
    fn dial_neighbours(&mut self, missing: usize) {
        let mut due = Vec::new();
        for (id, member) in self.members.alive().filter(|(id, _)| !self.links.is_linked_or_trying(**id)) {
            let patience_ms = if self.id() < *id { 0 } else { self.config.dial_patience_ms };
            let at = member.since().plus_ms(patience_ms).max(self.backoffs.until(id));
            if at <= self.now {
                due.push(*id);
            } else {
                self.seek_at = Some(self.seek_at.map_or(at, |earlier| earlier.min(at)));
            }
        }
        for id in due.into_iter().take(missing) {
            if let Some(route) = self.route_to(id) {
                self.dial(id, route);
            }
        }
    }

    /// In a large room a knock walks from link to link until somebody has room.
    fn knock(&mut self, missing: usize) {
        let links = self.greeted_links();
        if links.is_empty() {
            return;
        }
        for _ in 0..missing {
            let session = self.random.u64();
            self.asks.begin(session, self.now.plus_ms(self.config.knock_timeout_ms));
            self.stats.knocks = self.stats.knocks.saturating_add(1);
            let knock = Knock { from: *self.me.body.public_key(), session, zone: String::new() };
            let knock = Signed::new(knock, &self.identity, &self.room);
            if let Some(link) = self.random.pick(&links).copied() {
                self.send(link, Lane::Reliable, &Frame::Walk { ttl: WALK_TTL, knock });
            }
        }
    }

    /// Somebody looks for a link. If we have room, we dial; otherwise it walks on.
    pub(super) fn on_walk(&mut self, from: LinkId, ttl: u8, knock: Signed<Knock>) {
        let peer = peer_id(&knock.body.from);
        let ttl = ttl.min(WALK_TTL).saturating_sub(1);
        let walked = WALK_TTL.saturating_sub(ttl);
        let session = knock.body.session;
        let room = match walked {
            0..2 => false,
            2..WALK_HOPS => self.links.len() < self.links_wanted(),
            _ => self.links.len() < self.config.links_max,
        };
        let zone = &knock.body.zone;
        let ours = zone.is_empty() || *zone == self.me.body.zone;
        if room && ours && peer != self.id() && !self.links.is_linked_or_trying(peer) {
            if knock.verify(&knock.body.from, &self.room, &*self.commons) {
                let link = self.begin(peer, session, Route::Mesh(from), true);
                self.out.push_back(Output::Dial { link, peer });
            }
            return;
        }
        let others: Vec<_> = self.greeted_links().into_iter().filter(|link| *link != from).collect();
        match self.random.pick(&others).copied() {
            Some(link) if ttl > 0 => {
                self.circuits.remember(session, from, link);
                self.send(link, Lane::Reliable, &Frame::Walk { ttl, knock });
            }
            _ => self.send_envelope(peer, session, Route::Mesh(from), SignalKind::Refuse, Vec::new()),
        }
    }

    pub(super) fn on_refusal(&mut self, session: u64) {
        if self.asks.end(session) {
            self.unanswered = 0;
            self.stats.knocks_refused = self.stats.knocks_refused.saturating_add(1);
            self.seek_after = self.now.plus_ms(self.random.jittered_ms(REFUSED_PAUSE_MS));
        }
    }

    /// Knocks without an answer: lost with a link that broke, or we are cut off.
    pub(super) fn give_up_asks(&mut self) {
        let lost = self.asks.expire(self.now);
        self.unanswered = self.unanswered.saturating_add(u32::try_from(lost).unwrap_or(u32::MAX));
        self.stats.knocks_unanswered = self.stats.knocks_unanswered.saturating_add(super::count(lost));
    }

    pub(super) fn on_offer(&mut self, peer: PeerId, session: u64, route: Route, offer: Vec<u8>) {
        if self.asks.end(session) {
            self.unanswered = 0;
        }
        match self.links.admit(self.id(), peer, &self.config) {
            Admission::OursStays => {}
            // Who has a link does not come by the server: this one has no other way in.
            Admission::Full if route == Route::Server && self.evict() => {
                self.accept(peer, session, route, offer);
            }
            Admission::Full => self.send_envelope(peer, session, route, SignalKind::Refuse, Vec::new()),
            Admission::Accept { instead_of } => {
                for id in instead_of {
                    self.close(id);
                }
                self.accept(peer, session, route, offer);
            }
        }
    }

    fn accept(&mut self, peer: PeerId, session: u64, route: Route, offer: Vec<u8>) {
        let link = self.begin(peer, session, route, false);
        self.out.push_back(Output::Accept { link, peer, offer });
    }

    /// Makes room for a newcomer: a link gives way that the other side had wanted, and we had not. Not a young one, since that is perhaps the
    /// only one of another newcomer. How often that happens is bounded, so that nobody can take all our links from us by joining again and
    /// again.
    fn evict(&mut self) -> bool {
        let settled = |link: &Link| self.now >= link.since.plus_ms(YOUNG_MS);
        let all: Vec<_> =
            self.links.greeted().filter(|(_, link)| settled(link)).map(|(id, link)| (id, link.dialled)).collect();
        let theirs: Vec<_> = all.iter().filter(|(_, dialled)| !dialled).copied().collect();
        let Some((victim, _)) = self.random.pick(if theirs.is_empty() { &all } else { &theirs }).copied() else {
            return false;
        };
        let allowed = self.evictions.take(self.now);
        if allowed {
            self.stats.evictions = self.stats.evictions.saturating_add(1);
            self.disconnect(victim);
        }
        allowed
    }

    pub(super) fn dial(&mut self, peer: PeerId, route: Route) {
        let session = self.random.u64();
        let link = self.begin(peer, session, route, true);
        self.out.push_back(Output::Dial { link, peer });
    }

    fn begin(&mut self, peer: PeerId, session: u64, route: Route, dialled: bool) -> LinkId {
        self.stats.dials = self.stats.dials.saturating_add(1);
        let patience_ms = if dialled { self.config.answer_timeout_ms } else { self.config.dial_timeout_ms };
        let state = State::Pending { deadline: self.now.plus_ms(patience_ms) };
        self.links.begin(Link { peer, session, route, dialled, state, since: self.now, heard: false, answered: false })
    }

    /// Over the mesh if we can, by the server if we must; every other time the other way round, if one way fails.
    fn route_to(&mut self, peer: PeerId) -> Option<Route> {
        let learnt = self.way_to(peer);
        let any = if learnt.is_none() { self.random.pick(&self.greeted_links()).copied() } else { None };
        let mesh = learnt.or(any).map(Route::Mesh);
        let server = self.introducer.is_attached().then_some(Route::Server);
        if self.backoffs.failures(&peer).is_multiple_of(2) { mesh.or(server) } else { server.or(mesh) }
    }

    /// Volunteers as a greeter, or lets another. Who is cut off, or about to be, does not wait.
    pub(super) fn review_greeters(&mut self) {
        let alone = self.links.greeted().next().is_none();
        if alone || self.unanswered >= UNANSWERED_MAX {
            self.unanswered = 0;
            if self.introducer.need() {
                self.out.push_back(Output::Server { wanted: true });
            }
            return;
        }
        let missing = volunteers(self.members.greeter_count(), &self.config);
        let called = self.is_cut_off() || (missing > 0 && self.members.fewer_below(&self.id(), missing));
        self.introducer.review(self.now, called, &mut self.random);
    }

    /// No link at all; or, in a large room, so few that whoever killed the others may have taken the rest of the room as well.
    fn is_cut_off(&self) -> bool {
        let links = self.links.greeted().count();
        links == 0 || (!self.is_small_room() && links < 2)
    }
}
