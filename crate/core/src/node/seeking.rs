//! Whom to link to: the members that the server names, those that the table knows, and when we need the server for it.

use alloc::vec::Vec;

use super::Node;
use crate::{
    identity::PeerId,
    introducer::volunteers,
    io::{LinkId, Output},
    members::Status,
    overlay::Route,
};

/// Members that the server names, if there are as many.
const INTRODUCTIONS: usize = 3;

/// With fewer links than these, in a large room, a member may be cut off from most of it.
pub(super) const LINKS_FEW: usize = 3;

/// Who has that many looks for one more only so long after it has got or sought the last: in a room that grows, others come meanwhile who look for links
/// as well, and who is found by one that lacks some need not make room.
const SEEK_PAUSE_MS: u32 = 1_000;

impl Node {
    pub(super) fn on_attached(&mut self, members: &[PeerId]) {
        self.introducer.attached(self.now, &mut self.random);
        if !self.ready {
            self.alone_at.get_or_insert(self.now.plus_ms(self.config.alone_after_ms));
        }
        self.mend_silent();
        self.on_introduced(members);
    }

    pub(super) fn on_detached(&mut self) {
        self.named = false;
        self.introducer.detached();
        self.set_flags(self.me.body.hidden, false);
    }

    pub(super) fn on_released(&mut self) {
        self.named = false;
        self.introducer.released();
        self.set_flags(self.me.body.hidden, false);
    }

    /// The server named members. With fewer than it could name, these are all there are, and in a small room we want a link to each.
    /// Otherwise they are perhaps full: they are asked to find us a place. Those that we know, and have other ways to, are left alone.
    pub(super) fn on_introduced(&mut self, members: &[PeerId]) {
        let cut_off = self.is_cut_off() || core::mem::take(&mut self.doubtful);
        let me = self.id();
        self.named = members.iter().any(|peer| *peer != me && !self.is_suspect(*peer));
        // Somebody has joined with our id before us: an earlier socket of ours, or another with our key, and then it answers.
        if members.contains(&me) {
            self.knock_at(me);
        }
        for peer in members.iter().take(INTRODUCTIONS).filter(|peer| **peer != me) {
            let known = self.members.get(peer).is_some() && !cut_off;
            let busy = self.links.is_linked_or_trying(*peer) || self.now < self.backoffs.until(peer);
            if known || busy || self.links_usable() >= self.config.links_max {
                continue;
            }
            if members.len() < INTRODUCTIONS {
                self.dial(*peer, Route::Server(*peer));
            } else {
                self.knock_at(*peer);
                // The first link is all that a newcomer needs of the server.
                if self.live_before == 0 {
                    break;
                }
            }
        }
        self.review_ready();
    }

    /// Looks for links as long as we have fewer than we want, and notes when to look again.
    pub(super) fn seek_links(&mut self) {
        self.seek_at = None;
        let small = self.is_small_room();
        let wanted = if small { self.members.len() } else { self.config.links_wanted };
        let missing = |it: &Self| wanted.saturating_sub(it.links_expected());
        if missing(self) == 0 {
            return;
        }
        if self.is_spent() {
            return self.be_patient();
        }
        if self.now < self.seek_after {
            self.seek_at = Some(self.seek_after);
        } else if small {
            self.dial_neighbours(missing(self));
        } else if self.live_count() > 0 {
            while missing(self) > 0 {
                self.knock();
                if self.links_expected() >= LINKS_FEW {
                    self.be_patient();
                    break;
                }
            }
        }
    }

    /// The next link can wait.
    pub(super) fn be_patient(&mut self) {
        self.seek_after = self.seek_after.max(self.now.plus_ms(self.random.jittered_ms(SEEK_PAUSE_MS)));
        self.seek_at = Some(self.seek_after);
    }

    pub(super) fn is_small_room(&self) -> bool {
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

    /// Over the mesh if we can, by the server if we must; every other time the other way round, if one way fails.
    fn route_to(&mut self, peer: PeerId) -> Option<Route> {
        let learnt = self.way_to(peer);
        let any = if learnt.is_none() { self.random.pick(&self.greeted_links()).copied() } else { None };
        let mesh = learnt.or(any).map(Route::Mesh);
        let server = self.introducer.is_attached().then_some(Route::Server(peer));
        if self.backoffs.failures(&peer).is_multiple_of(2) { mesh.or(server) } else { server.or(mesh) }
    }

    /// Volunteers as a greeter, or lets another. Who is cut off, or has reason to think so, does not wait.
    pub(super) fn review_greeters(&mut self) {
        let live = self.live_count();
        let few = !self.is_small_room() && live < LINKS_FEW;
        let fell = live < self.live_before && (few || live == 0);
        self.live_before = live;
        if live == 0 || fell || self.doubtful {
            if self.introducer.need() {
                self.out.push_back(Output::Server { wanted: true });
            } else if fell {
                self.introducer.hurry(self.now, &mut self.random);
                // All are silent at once: it is we who are somewhere else, and what became of the links became of the socket.
                if live == 0 && self.links.greeted().next().is_some() {
                    self.moved_at = Some(self.now);
                    self.out.push_back(Output::Server { wanted: true });
                }
            }
            return;
        }
        let missing = volunteers(self.members.greeter_count(), &self.config);
        let called = missing > 0 && self.members.fewer_below(&self.id(), missing);
        self.introducer.review(self.now, called, &mut self.random);
    }

    /// No link at all; or, in a large room, so few that whoever killed the others may have taken the rest of the room as well.
    pub(super) fn is_cut_off(&self) -> bool {
        let links = self.live_count();
        links == 0 || (!self.is_small_room() && links < LINKS_FEW)
    }

    /// The links that carry gossip, but for those to suspects: nothing may come of what is sent there.
    pub(super) fn live_links(&self) -> Vec<LinkId> {
        self.links.greeted().filter(|(_, link)| !self.is_suspect(link.peer)).map(|(id, _)| id).collect()
    }

    fn live_count(&self) -> usize {
        let all = self.links.greeted();
        if self.members.alive_count() == self.members.len() {
            all.count()
        } else {
            all.filter(|(_, link)| !self.is_suspect(link.peer)).count()
        }
    }

    /// Links and attempts, but for those to suspects.
    pub(super) fn links_usable(&self) -> usize {
        let dead = self.links.greeted().count().saturating_sub(self.live_count());
        self.links.len().saturating_sub(dead)
    }

    pub(super) fn is_suspect(&self, peer: PeerId) -> bool {
        let any = self.members.len() > self.members.alive_count();
        any && self.members.get(&peer).is_some_and(|member| member.status == Status::Suspect)
    }
}
