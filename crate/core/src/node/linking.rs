//! Links: how signalling travels, how a connection becomes a link that carries gossip, and how it ends.

use alloc::vec::Vec;

use super::{Node, seeking::LINKS_FEW};
use crate::{
    detector::Evidence,
    identity::{PeerId, peer_id},
    io::{Event, Lane, LinkDownReason, LinkId, Output, SignalKind, Violation, ViolationKind},
    members::News,
    overlay::{Link, Route, State},
    wire::{Envelope, Frame, Record, Signed},
};

/// Links that a relayed piece of signalling may cross, whatever its sender says.
const SIGNAL_TTL_MAX: u8 = 16;

/// Another way for a link is looked for so long before that counts as having come to nothing.
const MENDING_MS: u64 = 2_000;

/// A link that needs another way again after so short a time is not worth it.
const MENDED_MS: u64 = 30_000;

impl Node {
    pub(super) fn on_link_up(&mut self, id: LinkId) {
        let Some(link) = self.links.get(id) else { return };
        if !link.is_pending() {
            return;
        }
        let deadline = self.now.plus_ms(self.config.dial_timeout_ms);
        let (dialled, instead_of) = (link.dialled, link.instead_of);
        // Before there is one link too many.
        if let Some(other) = instead_of.filter(|other| self.links.is_greeted(*other)) {
            self.disconnect(other);
        }
        if self.links.iter().filter(|(_, link)| !link.is_pending()).count() >= self.config.links_max {
            self.disconnect(id);
            return;
        }
        self.links.set_state(id, State::Open { deadline });
        self.probes.watch(self.now, id, &self.config);
        self.introduce_ourselves(id);
        // One of the two begins, and does not wait for the other's greeting.
        if dialled {
            self.begin_comparison(id);
        }
    }

    pub(super) fn introduce_ourselves(&mut self, id: LinkId) {
        let hello = Frame::Hello(self.me.clone());
        self.send(id, Lane::Reliable, &hello);
    }

    pub(super) fn on_link_down(&mut self, id: LinkId, reason: LinkDownReason) {
        let Some(link) = self.forget_link(id) else { return };
        if !link.is_greeted() {
            self.dial_failed(&link);
            return;
        }
        if self.links.is_linked_or_trying(link.peer) {
            return;
        }
        // Both ends see it: the one that would dial first does, and the other waits.
        if link.peer < self.id() {
            self.backoffs.hold(link.peer, self.now.plus_ms(self.config.dial_patience_ms));
        }
        // Who has just stood still was perhaps given up by its neighbours: it looks after them when it is back.
        if self.has_just_woken(self.config.suspicion_ms) {
            self.patrol_soon();
            return;
        }
        let evidence = if reason == LinkDownReason::Closed { Evidence::Closed } else { Evidence::Failed };
        self.doubt(link.peer, evidence);
    }

    pub(super) fn on_local_signal(&mut self, id: LinkId, kind: SignalKind, body: Vec<u8>) {
        let Some(link) = self.links.get(id).cloned() else { return };
        if body.len() > Envelope::BODY_BYTES_MAX {
            self.give_up(id);
            return;
        }
        self.send_envelope(link.peer, link.session, link.route, kind, body);
    }

    pub(super) fn on_server_signal(&mut self, from: PeerId, bytes: &[u8]) {
        match Frame::decode(bytes) {
            Ok(Frame::Signal { ttl, envelope }) => self.on_signal(Route::Server(from), ttl, envelope),
            Ok(Frame::Walk { ttl, knock }) => self.on_walk(Route::Server(from), ttl, knock),
            _ => self.stats.violations = self.stats.violations.saturating_add(1),
        }
    }

    pub(super) fn on_server_unknown(&mut self, peer: PeerId) {
        let by_server = |link: &Link| link.dialled && link.is_pending() && link.route == Route::Server(peer);
        let failed: Vec<_> = self.links.iter().filter(|(_, link)| by_server(link)).map(|(id, _)| id).collect();
        for id in failed {
            self.give_up(id);
        }
        while let Some(ask) = self.asks.end_by_server(peer) {
            self.fell_through(ask);
        }
    }

    /// A piece of signalling has come: for us, or to be passed on.
    pub(super) fn on_signal(&mut self, from: Route, ttl: u8, envelope: Signed<Envelope>) {
        let to = envelope.body.to;
        if to == self.id() {
            self.open_envelope(envelope, from);
            return;
        }
        let Some(ttl) = ttl.min(SIGNAL_TTL_MAX).checked_sub(1) else { return };
        let session = envelope.body.session;
        let known = self.circuits.next(session, from).filter(|next| self.is_usable(*next));
        let next = known.or_else(|| {
            let next = self.next_towards(to, from)?;
            self.circuits.remember(session, from, next);
            Some(next)
        });
        if let Some(next) = next {
            self.send_by(next, &Frame::Signal { ttl, envelope });
        }
    }

    /// Where to send on what no circuit knows: towards the addressee, and if nobody here knows the way, somebody else may. What comes by the
    /// server has a circuit, or none of our business.
    fn next_towards(&mut self, to: PeerId, from: Route) -> Option<Route> {
        let Route::Mesh(from) = from else { return None };
        let learnt = self.way_to(to).filter(|link| *link != from);
        let others: Vec<_> = self.live_links().into_iter().filter(|link| *link != from).collect();
        let link = learnt.or_else(|| self.random.pick(&others).copied());
        link.map(Route::Mesh).or_else(|| self.introducer.is_attached().then_some(Route::Server(to)))
    }

    pub(super) fn is_usable(&self, route: Route) -> bool {
        match route {
            Route::Mesh(link) => self.links.is_greeted(link),
            Route::Server(_) => self.introducer.is_attached(),
        }
    }

    /// Sends a frame of signalling on its way.
    pub(super) fn send_by(&mut self, route: Route, frame: &Frame) {
        match route {
            Route::Mesh(link) => self.send(link, Lane::Reliable, frame),
            Route::Server(to) => self.out.push_back(Output::Signal { to, frame: frame.encode() }),
        }
    }

    /// The first frame of a link: its peer shows the record of the key that we dialled.
    pub(super) fn on_hello(&mut self, id: LinkId, record: Signed<Record>) {
        let Some(link) = self.links.get(id) else { return };
        let peer = link.peer;
        if record.body.id() != peer {
            self.violation(peer, ViolationKind::WrongPeer);
            self.close(id);
        } else if !record.verify(record.body.public_key(), &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            self.close(id);
        } else {
            self.welcome(id, peer, record);
        }
    }

    fn welcome(&mut self, id: LinkId, peer: PeerId, record: Signed<Record>) {
        let incarnation = record.body.incarnation;
        let known = self.members.incarnation_of(&peer);
        let began_anew = self.began_anew(&record.body);
        match self.members.weigh(&peer, incarnation, &self.config) {
            News::Buried(incarnation) => {
                self.send(id, Lane::Reliable, &Frame::Obituary { subject: peer, incarnation });
            }
            News::Stale if known > Some(incarnation) => {
                let incarnation = known.unwrap_or(incarnation);
                self.send(id, Lane::Reliable, &Frame::Obituary { subject: peer, incarnation });
            }
            News::NoRoom => self.close(id),
            News::Stale => {
                self.broadcast.link_up(id);
                self.greet(id, peer, began_anew);
            }
            News::Unknown | News::Newer => {
                self.broadcast.link_up(id);
                self.learn(record, id, 1);
                self.greet(id, peer, began_anew);
            }
        }
    }

    /// The link carries gossip from now on: both tell what they know.
    fn greet(&mut self, id: LinkId, peer: PeerId, began_anew: bool) {
        // A greeting again is only news of the peer.
        if !self.links.set_greeted(self.now, id) {
            return;
        }
        let patience_us = if began_anew { u64::from(self.config.silence_ms).saturating_mul(1_000) } else { 0 };
        for other in self.other_links(peer, id) {
            // The peer has lost it, as a rule. But if it began anew, and something was heard over the old link just now, two may run with one key: who was
            // here first hears of the other over that, and answers.
            if self.probes.silence_us(self.now, other) >= patience_us {
                self.disconnect(other);
            }
        }
        self.backoffs.forget(&peer);
        self.refusals = 0;
        if !self.is_small_room() && self.links_usable() >= LINKS_FEW {
            self.be_patient();
        }
        self.adjust_patience(peer);
        self.event(Event::Link { peer, up: true });
    }

    /// Our links to a member, but for one.
    pub(super) fn other_links(&self, peer: PeerId, but: LinkId) -> Vec<LinkId> {
        self.links.of_peer(peer).map(|(other, _)| other).filter(|other| *other != but).collect()
    }

    /// The peer closes the link, and lives on.
    pub(super) fn on_disconnect(&mut self, id: LinkId, peer: PeerId) {
        self.partings.take(self.now);
        self.close(id);
        if !self.links.is_linked_or_trying(peer) {
            self.backoffs.hold(peer, self.now.plus_ms(self.config.dial_backoff_max_ms));
        }
    }

    /// Others reach a peer, and our link to it is silent: the fault is in the link. It is mended; and given up if that does not help.
    pub(super) fn mend_or_disconnect(&mut self, id: LinkId) {
        let Some(link) = self.links.get(id) else { return };
        let peer = link.peer;
        match link.mended_at.map(|at| self.now.ms_since(at)) {
            Some(..MENDING_MS) => {}
            Some(..MENDED_MS) => self.disconnect(id),
            _ => {
                let others: Vec<_> = self.live_links().into_iter().filter(|other| *other != id).collect();
                let learnt = self.broadcast.way_to(&peer).filter(|way| others.contains(way));
                let way = learnt.or_else(|| self.random.pick(&others).copied());
                self.mend(id, way.map_or(Route::Server(peer), Route::Mesh));
            }
        }
    }

    /// Has the hosts look for another way for a link, and tells them of it by this route.
    pub(super) fn mend(&mut self, id: LinkId, route: Route) {
        self.links.set_mended(self.now, id, route);
        self.out.push_back(Output::Mend { link: id });
    }

    /// Our network is another: whatever is still there answers at once. And we are perhaps cut off without knowing it yet.
    pub(super) fn on_moved(&mut self) {
        self.moved_at = Some(self.now);
        self.doubtful = true;
        self.probes.hurry(self.now);
    }

    /// By a socket that is new, what has been silent since we moved can be mended.
    pub(super) fn mend_silent(&mut self) {
        let Some(moved_at) = self.moved_at.take() else { return };
        let since_us = self.now.micros_since(moved_at);
        let is_silent = |id: &LinkId| self.probes.silence_us(self.now, *id) > since_us;
        let silent = self.links.greeted().filter(|(id, _)| is_silent(id)).map(|(id, link)| (id, link.peer));
        for (id, peer) in silent.collect::<Vec<_>>() {
            self.mend(id, Route::Server(peer));
        }
    }

    /// Closes a link that we do not want any more, and tells the peer that it is only that.
    pub(super) fn disconnect(&mut self, id: LinkId) {
        self.partings.take(self.now);
        self.send(id, Lane::Reliable, &Frame::Disconnect);
        self.close(id);
    }

    /// Ends a link on our own account.
    pub(super) fn close(&mut self, id: LinkId) {
        self.forget_link(id);
        self.out.push_back(Output::Close { link: id });
    }

    pub(super) fn violation(&mut self, peer: PeerId, kind: ViolationKind) {
        self.stats.violations = self.stats.violations.saturating_add(1);
        self.event(Event::Violation(Violation { peer, kind }));
    }

    /// An attempt has come to nothing: the host frees it, and we remember.
    pub(super) fn give_up(&mut self, id: LinkId) {
        if let Some(link) = self.forget_link(id) {
            self.out.push_back(Output::Close { link: id });
            self.dial_failed(&link);
        }
    }

    fn dial_failed(&mut self, link: &Link) {
        if link.dialled {
            self.backoffs.failed(self.now, link.peer, &self.config);
            self.stats.dials_failed = self.stats.dials_failed.saturating_add(1);
        }
        self.review_ready();
    }

    pub(super) fn forget_link(&mut self, id: LinkId) -> Option<Link> {
        let link = self.links.remove(id)?;
        self.probes.unwatch(id);
        self.outboxes.remove(id);
        if link.is_greeted() {
            self.broadcast.link_down(id);
        }
        if link.is_greeted() && self.links.to(link.peer).is_none() {
            self.event(Event::Link { peer: link.peer, up: false });
            self.refusals = 0;
            self.seek_after = self.now;
        }
        Some(link)
    }

    pub(super) fn send_envelope(&mut self, to: PeerId, session: u64, route: Route, kind: SignalKind, body: Vec<u8>) {
        let envelope = Envelope { from: *self.me.body.public_key(), to, session, kind, body };
        let envelope = Signed::new(envelope, &self.identity, &self.room);
        let route = if self.is_usable(route) { route } else { Route::Server(to) };
        self.send_by(route, &Frame::Signal { ttl: SIGNAL_TTL_MAX, envelope });
    }

    fn open_envelope(&mut self, envelope: Signed<Envelope>, route: Route) {
        let peer = peer_id(&envelope.body.from);
        let of_me = peer == self.id();
        // What we have said ourselves comes back to us if the server is wrong, and says nothing.
        if of_me && !self.asks.any_by_server() {
            return;
        }
        if !envelope.is_genuine(&self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            return;
        }
        let Envelope { session, kind, body, .. } = envelope.body;
        if of_me {
            if kind == SignalKind::Refuse && self.asks.end(session).is_some() {
                self.step_aside();
            }
            return;
        }
        let link = self.links.of_session(peer, session);
        match (kind, link) {
            (SignalKind::Offer, None) => self.on_offer(peer, session, route, body),
            (SignalKind::Restart, Some(link)) if self.links.is_greeted(link) => {
                self.links.set_mended(self.now, link, route);
                self.out.push_back(Output::RemoteSignal { link, kind, body });
            }
            (SignalKind::Answer | SignalKind::Candidate, Some(link)) => {
                self.links.prolong(link, self.now.plus_ms(self.config.dial_timeout_ms));
                self.out.push_back(Output::RemoteSignal { link, kind, body });
            }
            (SignalKind::Refuse, Some(link)) if self.links.get(link).is_some_and(Link::is_pending) => {
                self.give_up(link);
                // It has no room itself, and can ask others for us.
                if let Route::Server(greeter) = route {
                    self.knock_at(greeter);
                }
            }
            (SignalKind::Refuse, None) => self.on_refusal(session),
            // A late word of an attempt that we have given up.
            _ => {}
        }
    }

    /// Nobody to link to: the room is complete with us alone.
    pub(super) fn review_ready(&mut self) {
        if self.introducer.is_attached() && self.links.len() == 0 && self.asks.len() == 0 {
            self.become_ready();
        }
    }

    pub(super) fn become_ready(&mut self) {
        self.alone_at = None;
        if !self.ready {
            self.ready = true;
            self.event(Event::Ready);
        }
    }
}
