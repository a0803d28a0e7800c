//! Links: whom we dial, how signalling travels, and how a connection becomes a link that carries gossip.

use alloc::vec::Vec;

use super::Node;
use crate::{
    detector::Evidence,
    identity::{PeerId, peer_id},
    introducer::volunteers,
    io::{Event, Lane, LinkDownReason, LinkId, Output, SignalKind, Violation, ViolationKind},
    members::News,
    overlay::{Admission, Link, Route, State},
    wire::{Entry, Envelope, Frame, Record, Signed, chunked},
};

/// Links that a relayed piece of signalling may cross, whatever its sender says.
const SIGNAL_TTL_MAX: u8 = 8;

impl Node {
    pub(super) fn on_attached(&mut self, members: &[PeerId]) {
        let linked = self.links.greeted().next().is_some();
        self.introducer.attached(self.now, linked, &mut self.random);
        self.set_flags(self.me.body.hidden, true);
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

    /// The server named members: those that we do not know are dialled at once.
    pub(super) fn on_introduced(&mut self, members: &[PeerId]) {
        for peer in members {
            let known = self.members.get(peer).is_some();
            let wanted = self.links.len() < self.config.links_wanted && self.backoffs.until(peer) <= self.now;
            if *peer != self.id() && !known && wanted && !self.links.is_linked_or_trying(*peer) {
                self.dial(*peer, Route::Server);
            }
        }
        self.review_ready();
    }

    /// Dials members that we have no link to, as long as we want more, and notes when the next can be dialled.
    pub(super) fn plan_dials(&mut self) {
        self.dial_at = None;
        let free = self.config.links_wanted.saturating_sub(self.links.len());
        if free == 0 {
            return;
        }
        let mut due = Vec::new();
        for (id, member) in self.members.alive() {
            if self.links.is_linked_or_trying(*id) {
                continue;
            }
            let patience_ms = if self.id() < *id { 0 } else { self.config.dial_patience_ms };
            let at = member.since.plus_ms(patience_ms).max(self.backoffs.until(id));
            if at <= self.now {
                due.push((*id, member.via));
            } else {
                self.dial_at = Some(self.dial_at.map_or(at, |earlier| earlier.min(at)));
            }
        }
        // In a room larger than we want links, whom we dial is left to chance: the graph of a random choice is an expander.
        self.random.shuffle(&mut due);
        for (id, via) in due.into_iter().take(free) {
            if let Some(route) = self.route_to(id, via) {
                self.dial(id, route);
            }
        }
    }

    /// Volunteers as a greeter, or lets another.
    pub(super) fn review_greeters(&mut self) {
        let alone = self.links.greeted().next().is_none();
        let missing = volunteers(self.members.greeter_count(), &self.config);
        let called = alone || (missing > 0 && self.members.fewer_below(&self.id(), missing));
        self.introducer.review(self.now, called, &mut self.random);
    }

    pub(super) fn on_link_up(&mut self, id: LinkId) {
        let Some(link) = self.links.get(id) else { return };
        if !link.is_pending() {
            return;
        }
        let deadline = self.now.plus_ms(self.config.dial_timeout_ms);
        self.links.set_state(id, State::Open { deadline });
        self.probes.watch(self.now, id, &self.config);
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
        let evidence = if reason == LinkDownReason::Closed { Evidence::Closed } else { Evidence::Failed };
        self.suspect(link.peer, evidence);
    }

    pub(super) fn on_local_signal(&mut self, id: LinkId, kind: SignalKind, body: Vec<u8>) {
        let Some(link) = self.links.get(id).cloned() else { return };
        if body.len() > Envelope::BODY_BYTES_MAX {
            self.give_up(id);
            return;
        }
        self.send_envelope(link.peer, link.session, link.route, kind, body);
    }

    pub(super) fn on_server_signal(&mut self, bytes: &[u8]) {
        match Signed::<Envelope>::from_bytes(bytes) {
            Ok(envelope) if envelope.body.to == self.id() => self.open_envelope(envelope, Route::Server),
            _ => self.stats.violations = self.stats.violations.saturating_add(1),
        }
    }

    pub(super) fn on_server_unknown(&mut self, peer: PeerId) {
        let by_server = |link: &Link| link.dialled && link.is_pending() && link.route == Route::Server;
        let failed: Vec<_> = self.links.of_peer(peer).filter(|(_, link)| by_server(link)).map(|(id, _)| id).collect();
        for id in failed {
            self.give_up(id);
        }
    }

    /// A piece of signalling came over the mesh: for us, or to be passed on.
    pub(super) fn on_signal(&mut self, from: LinkId, ttl: u8, envelope: Signed<Envelope>) {
        let to = envelope.body.to;
        if to == self.id() {
            self.open_envelope(envelope, Route::Mesh(from));
            return;
        }
        let Some(ttl) = ttl.min(SIGNAL_TTL_MAX).checked_sub(1) else { return };
        let via = self.members.get(&to).map(|member| member.via);
        let next = self.links.to(to).or(via.filter(|link| self.links.is_greeted(*link)));
        match next.filter(|link| *link != from) {
            Some(link) => self.send(link, Lane::Reliable, &Frame::Signal { ttl, envelope }),
            None if self.introducer.is_attached() => {
                self.out.push_back(Output::Signal { to, envelope: envelope.to_bytes() });
            }
            None => {}
        }
    }

    /// The first frame of a link: its peer shows the record of the key that we dialled.
    pub(super) fn on_hello(&mut self, id: LinkId, record: Signed<Record>) {
        let Some(link) = self.links.get(id) else { return };
        let peer = link.peer;
        if record.body.id() != peer {
            self.violation(peer, ViolationKind::WrongPeer);
            self.close(id);
        } else if !record.verify(&record.body.public_key, &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            self.close(id);
        } else {
            self.welcome(id, peer, record);
        }
    }

    fn welcome(&mut self, id: LinkId, peer: PeerId, record: Signed<Record>) {
        let incarnation = record.body.incarnation;
        let known = self.members.incarnation_of(&peer);
        match self.members.weigh(&peer, incarnation, &self.config) {
            News::Buried(buried) => {
                self.send(id, Lane::Reliable, &Frame::Obituary { subject: peer, incarnation: buried.incarnation });
            }
            News::Stale if known > Some(incarnation) => {
                let incarnation = known.unwrap_or(incarnation);
                self.send(id, Lane::Reliable, &Frame::Obituary { subject: peer, incarnation });
            }
            News::NoRoom => self.close(id),
            News::Stale => self.greet(id, peer),
            News::Unknown | News::Newer => {
                self.links.set_state(id, State::Greeted);
                self.learn(record, id);
                self.greet(id, peer);
            }
        }
    }

    /// The link carries gossip from now on: both tell what they know.
    fn greet(&mut self, id: LinkId, peer: PeerId) {
        self.links.set_state(id, State::Greeted);
        let older: Vec<_> = self.links.of_peer(peer).map(|(other, _)| other).filter(|other| *other != id).collect();
        for other in older {
            self.disconnect(other);
        }
        self.backoffs.forget(&peer);
        self.introducer.plan_ask(self.now, true, &mut self.random);
        self.adjust_patience(peer);
        self.event(Event::Link { peer, up: true });
        self.tell_all(id, peer);
    }

    /// What we know of the room, from us to one neighbour.
    pub(super) fn tell_all(&mut self, id: LinkId, peer: PeerId) {
        let records = self.members.iter().filter(|(member, _)| **member != peer).map(|(_, m)| (*m.record).clone());
        let entries: Vec<Signed<Entry>> = self.store.iter().filter(|entry| entry.body.owner != peer).cloned().collect();
        let mut frames = chunked(records, Frame::Records);
        frames.extend(chunked(entries, Frame::Entries));
        frames.push(Frame::Synced);
        for frame in &frames {
            self.send(id, Lane::Reliable, frame);
        }
    }

    pub(super) fn on_synced(&mut self) {
        self.become_ready();
    }

    /// The peer closes the link, and lives on.
    pub(super) fn on_disconnect(&mut self, id: LinkId, peer: PeerId) {
        self.close(id);
        if !self.links.is_linked_or_trying(peer) {
            self.backoffs.hold(peer, self.now.plus_ms(self.config.dial_backoff_max_ms));
        }
    }

    /// Closes a link that we do not want any more, and tells the peer that it is only that.
    fn disconnect(&mut self, id: LinkId) {
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

    fn forget_link(&mut self, id: LinkId) -> Option<Link> {
        let link = self.links.remove(id)?;
        self.probes.unwatch(id);
        if link.is_greeted() && self.links.to(link.peer).is_none() {
            self.event(Event::Link { peer: link.peer, up: false });
            if self.links.greeted().next().is_none() {
                self.introducer.plan_ask(self.now, false, &mut self.random);
            }
        }
        Some(link)
    }

    fn dial(&mut self, peer: PeerId, route: Route) {
        let session = self.random.u64();
        let link = self.begin(peer, session, route, true);
        self.out.push_back(Output::Dial { link, peer });
    }

    fn begin(&mut self, peer: PeerId, session: u64, route: Route, dialled: bool) -> LinkId {
        self.stats.dials = self.stats.dials.saturating_add(1);
        let state = State::Pending { deadline: self.now.plus_ms(self.config.dial_timeout_ms) };
        self.links.begin(Link { peer, session, route, dialled, state })
    }

    /// Over the mesh if we can, by the server if we must; every other time the other way round, if one way fails.
    fn route_to(&self, peer: PeerId, via: LinkId) -> Option<Route> {
        let via = Some(via).filter(|link| self.links.is_greeted(*link));
        let mesh = via.or_else(|| self.links.greeted().map(|(id, _)| id).next()).map(Route::Mesh);
        let server = self.introducer.is_attached().then_some(Route::Server);
        if self.backoffs.failures(&peer).is_multiple_of(2) { mesh.or(server) } else { server.or(mesh) }
    }

    fn send_envelope(&mut self, to: PeerId, session: u64, route: Route, kind: SignalKind, body: Vec<u8>) {
        let envelope = Envelope { from: self.me.body.public_key, to, session, kind, body };
        let envelope = Signed::new(envelope, &self.identity, &self.room);
        match route {
            Route::Mesh(link) if self.links.is_greeted(link) => {
                self.send(link, Lane::Reliable, &Frame::Signal { ttl: SIGNAL_TTL_MAX, envelope });
            }
            _ => self.out.push_back(Output::Signal { to, envelope: envelope.to_bytes() }),
        }
    }

    fn open_envelope(&mut self, envelope: Signed<Envelope>, route: Route) {
        let peer = peer_id(&envelope.body.from);
        if peer == self.id() {
            return;
        }
        if !envelope.is_genuine(&self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            return;
        }
        let Envelope { session, kind, body, .. } = envelope.body;
        let link = self.links.of_session(peer, session);
        match (kind, link) {
            (SignalKind::Offer, None) => self.on_offer(peer, session, route, body),
            (SignalKind::Answer | SignalKind::Candidate, Some(link)) => {
                self.out.push_back(Output::RemoteSignal { link, kind, body });
            }
            (SignalKind::Refuse, Some(link)) if self.links.get(link).is_some_and(Link::is_pending) => {
                self.give_up(link);
            }
            // A late word of an attempt that we have given up.
            _ => {}
        }
    }

    fn on_offer(&mut self, peer: PeerId, session: u64, route: Route, offer: Vec<u8>) {
        match self.links.admit(self.id(), peer, &self.config) {
            Admission::OursStays => {}
            // A newcomer has no other way in: somebody who has gives way.
            Admission::Full if self.members.get(&peer).is_none() => {
                if let Some(other) = self.random_link() {
                    self.disconnect(other);
                    self.accept(peer, session, route, offer);
                }
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

    fn random_link(&mut self) -> Option<LinkId> {
        let links: Vec<_> = self.links.greeted().map(|(id, _)| id).collect();
        let at = self.random.below(u32::try_from(links.len()).unwrap_or(0));
        usize::try_from(at).ok().and_then(|at| links.get(at)).copied()
    }

    /// Nobody to link to: the room is complete with us alone.
    fn review_ready(&mut self) {
        if self.introducer.is_attached() && self.links.len() == 0 {
            self.become_ready();
        }
    }

    fn become_ready(&mut self) {
        if !self.ready {
            self.ready = true;
            self.event(Event::Ready);
        }
    }
}
