//! Knocks: how a member finds a link in a large room, and who grants it.

use alloc::{string::String, vec::Vec};

use super::{Node, seeking::LINKS_FEW};
use crate::{
    identity::{PeerId, peer_id},
    io::{Lane, LinkId, Output, SignalKind},
    limits::Bucket,
    overlay::{Admission, Ask, Link, Route, State},
    wire::{Frame, Knock, Signed},
};

/// Links that a knock crosses at least before it is answered by who has just enough links: on a random graph, that is far enough to end
/// anywhere.
const WALK_HOPS: u8 = 6;

/// The same for a newcomer's first: it is in a hurry, and its other links are far from there.
const WALK_HOPS_FIRST: u8 = 3;

/// The same for one that finds only members that have made room before.
const WALK_HOPS_WEARY: u8 = 11;

/// Connections that a member makes gladly. They are the scarcest thing that a browser has: who has made as many makes none in a large room but what it takes
/// to belong to it. What counts is links that there are, and those that have ended since because others needed the place; one of these is forgotten a minute.
const CONNECTIONS_EASY: usize = 9;

/// One more for so many members: the larger a room that grows, the more has everybody to make room.
const MEMBERS_A_CONNECTION: usize = 64;

/// Who can make less than so many more is weary: it leaves it to others to make room for those who have a link already. Else those who were there first would
/// pay for everybody's growth.
const CONNECTIONS_FEW: usize = 3;

/// Who has made that many more makes room for nobody.
const CONNECTIONS_BEYOND: usize = 1;

/// Links given away that are remembered at most, and for how long.
const PARTINGS_MAX: u32 = 30;
const PARTINGS_MS: u32 = PARTINGS_MAX * 60_000;

/// Links that it crosses at most.
const WALK_TTL: u8 = 14;

/// First pause after a knock was refused, doubled with each in a row for who can wait: the room is full, or small.
const REFUSED_PAUSE_MS: u32 = 2_000;

/// The longest pause is 2^5 times as long.
const REFUSED_DOUBLINGS_MAX: u32 = 5;

/// A link younger than this makes no room for another.
const YOUNG_MS: u32 = 1_000;

/// With fewer missing than these, a member is given one link by who can hold one more; with as many, a pair of others make room between them.
const SPLICED: usize = 2;

/// Of the links that a member with a zone wants, so many are to anywhere: they keep the room together.
const LINKS_FAR: usize = 2;

impl Node {
    /// In a large room a knock walks from link to link until somebody has room, or makes some. One may bring two links.
    pub(super) fn knock(&mut self) {
        let links = self.live_links();
        if let Some(link) = self.random.pick(&links).copied() {
            let zone = self.zone_wanted();
            self.begin_walk(Route::Mesh(link), self.links_expected(), zone);
        }
    }

    /// Has a member that is attached to the server find us a link.
    pub(super) fn knock_at(&mut self, greeter: PeerId) {
        self.begin_walk(Route::Server(greeter), self.links_usable(), String::new());
    }

    /// Links that we have, or that are under way.
    pub(super) fn links_expected(&self) -> usize {
        self.links_usable().saturating_add(self.asks.len().saturating_mul(SPLICED))
    }

    fn begin_walk(&mut self, route: Route, links: usize, zone: String) {
        let session = self.random.u64();
        let links = u8::try_from(links).unwrap_or(u8::MAX);
        let by_server = if let Route::Server(greeter) = route { Some(greeter) } else { None };
        // Where packets are lost, walks take longer.
        let patience_ms = self.probes.in_proportion(self.config.knock_timeout_ms);
        let deadline = self.now.plus_ms(patience_ms);
        self.asks.begin(session, Ask { deadline, links, by_server });
        self.stats.knocks = self.stats.knocks.saturating_add(1);
        let knock = Knock { from: *self.me.body.public_key(), session, links, zone };
        let knock = Signed::new(knock, &self.identity, &self.room);
        self.send_by(route, &Frame::Walk { ttl: WALK_TTL, knock });
    }

    /// Our own zone, if the next link shall be one within it: most are, and some are not. Where nobody near has room, anybody will do.
    fn zone_wanted(&self) -> String {
        let zone = &self.me.body.zone;
        let far = self.links.iter().filter(|(_, link)| !self.is_in_zone(link.peer, zone)).count();
        if far < LINKS_FAR || self.refusals % 2 == 1 { String::new() } else { zone.clone() }
    }

    fn is_in_zone(&self, peer: PeerId, zone: &str) -> bool {
        self.members.get(&peer).is_some_and(|member| member.record.body.zone == zone)
    }

    /// Somebody looks for a link. If we have room, we dial; if the walk is long enough to be anywhere, we make room; otherwise it walks on.
    pub(super) fn on_walk(&mut self, from: Route, ttl: u8, knock: Signed<Knock>) {
        let peer = peer_id(&knock.body.from);
        // Another with our key asks whether we are here. Only who is asked can say so, and nobody is asked by itself.
        if from == Route::Server(self.id()) && !self.asks.is_open(knock.body.session) {
            self.send_envelope(peer, knock.body.session, from, SignalKind::Refuse, Vec::new());
            return;
        }
        let ttl = ttl.min(WALK_TTL).saturating_sub(1);
        let walked = WALK_TTL.saturating_sub(ttl);
        let Knock { session, links, ref zone, .. } = knock.body;
        let grantable = (zone.is_empty() || *zone == self.me.body.zone)
            && peer != self.id()
            && !self.links.is_linked_or_trying(peer);
        let gladly = !self.is_spent() || usize::from(links) < LINKS_FEW;
        if grantable && gladly && self.links_usable() < self.room_for(links, walked) {
            self.grant(from, peer, &knock, walked, None);
            return;
        }
        let missing = self.config.links_wanted.saturating_sub(usize::from(links));
        let far = walked >= if links == 0 { WALK_HOPS_FIRST } else { WALK_HOPS };
        if grantable && far && missing >= SPLICED && self.splice(from, peer, &knock, walked) {
            return;
        }
        let next = if ttl > 0 { self.next_of_walk(from, &knock.body.zone) } else { None };
        if let Some(next) = next {
            self.circuits.remember(session, from, next);
            self.send_by(next, &Frame::Walk { ttl, knock });
        } else if grantable && self.links_usable() < self.config.links_max {
            // Nobody on its way had a place to give.
            self.grant(from, peer, &knock, walked, None);
        } else if let Some(lost) = self.link_lost_by(peer, &knock) {
            self.grant(from, peer, &knock, walked, Some(lost));
        } else if peer == self.id() && self.asks.is_open(session) {
            // It was ours, and has gone around.
            self.on_refusal(session);
        } else {
            self.send_envelope(peer, session, from, SignalKind::Refuse, Vec::new());
        }
    }

    /// Our link to a member that knocks and says that it has none: it has begun anew with the identity that it had, and in a small room everybody takes
    /// it for linked. Only who can be held to it costs us a link.
    fn link_lost_by(&mut self, peer: PeerId, knock: &Signed<Knock>) -> Option<LinkId> {
        let trying = self.links.of_peer(peer).any(|(_, link)| !link.is_greeted());
        let lost = self.links.to(peer).filter(|_| knock.body.links == 0 && !trying)?;
        let possible = knock.verify(&knock.body.from, &self.room, &*self.commons) && self.evictions.take(self.now);
        possible.then_some(lost)
    }

    /// With fewer links than this we give one to who knocks and has so many. Members that lack links are matched with each other; who lacks
    /// only one gets it of anybody who can hold one more, where the walk has gone far enough to be anywhere.
    fn room_for(&self, links: u8, walked: u8) -> usize {
        let wanted = self.config.links_wanted;
        let lacks_one = usize::from(links).saturating_add(SPLICED) > wanted;
        let limit = match walked {
            WALK_HOPS.. if lacks_one => wanted.saturating_add(1),
            2.. => wanted,
            _ if usize::from(links) < LINKS_FEW => wanted,
            _ => 0,
        };
        if self.is_small_room() { self.config.links_max } else { limit.min(self.config.links_max) }
    }

    /// The next link of a walk: any, or, if it is for a zone, one that leads into it.
    fn next_of_walk(&mut self, from: Route, zone: &str) -> Option<Route> {
        let others: Vec<LinkId> = self.live_links().into_iter().filter(|link| Route::Mesh(*link) != from).collect();
        self.pick_near(&others, zone).map(Route::Mesh)
    }

    /// One of some links: one into the zone, if there is a zone and a link into it.
    fn pick_near(&mut self, links: &[LinkId], zone: &str) -> Option<LinkId> {
        let leads_there = |id: &LinkId| self.links.get(*id).is_some_and(|link| self.is_in_zone(link.peer, zone));
        let near: Vec<LinkId> =
            if zone.is_empty() { Vec::new() } else { links.iter().copied().filter(leads_there).collect() };
        self.random.pick(if near.is_empty() { links } else { &near }).copied()
    }

    /// Makes room for a member that lacks several links where nobody lacks any: it steps between us and one of our peers (as in a random
    /// regular graph that grows: Law and Siu 2003). Both dial it, and the peer then closes the link between us. So it gets two links, and
    /// nobody else has one more or less. A link that is young is perhaps the only one of another newcomer, and stays. How often that
    /// happens is bounded: nobody can take all our links from us by knocking again and again.
    fn splice(&mut self, from: Route, peer: PeerId, knock: &Signed<Knock>, walked: u8) -> bool {
        let settled = |link: &Link| self.now >= link.since.plus_ms(YOUNG_MS) && !self.is_suspect(link.peer);
        let ours = self.links.greeted().filter(|(id, link)| Route::Mesh(*id) != from && settled(link));
        let links: Vec<LinkId> = ours.map(|(id, _)| id).collect();
        let Some(between) = self.pick_near(&links, &knock.body.zone) else { return false };
        if self.is_exhausted() || (walked < WALK_HOPS_WEARY && self.is_weary_of(knock.body.links)) {
            return false;
        }
        // Only who can be held to it costs us a link.
        if !knock.verify(&knock.body.from, &self.room, &*self.commons) || !self.evictions.take(self.now) {
            return false;
        }
        self.stats.evictions = self.stats.evictions.saturating_add(1);
        self.circuits.remember(knock.body.session, from, Route::Mesh(between));
        self.send(between, Lane::Reliable, &Frame::Splice(knock.clone()));
        // Who has links to spare gives one away.
        if self.links_usable() <= self.config.links_wanted {
            self.grant(from, peer, knock, walked, None);
        }
        true
    }

    /// A peer makes room between us for a member that looks for links.
    pub(super) fn on_splice(&mut self, from: LinkId, knock: &Signed<Knock>) {
        let peer = peer_id(&knock.body.from);
        if self.is_weary_of(knock.body.links) && self.random.below(4) > 0 {
            // It walks on from here, and is far already. If it finds nobody better, the next takes it as it comes.
            let ttl = WALK_TTL.saturating_sub(WALK_HOPS);
            return self.on_walk(Route::Mesh(from), ttl, knock.clone());
        }
        if self.is_exhausted() {
            return;
        }
        // The new link takes the place of one, so there is room for it in any case.
        let possible = peer != self.id()
            && !self.links.is_linked_or_trying(peer)
            && self.links.len() <= self.config.links_max
            && knock.verify(&knock.body.from, &self.room, &*self.commons)
            && self.evictions.take(self.now);
        if possible {
            self.grant(Route::Mesh(from), peer, knock, WALK_HOPS, Some(from));
        }
    }

    /// Counts the links that ended because others needed the place.
    pub(super) fn count_partings() -> Bucket {
        Bucket::within(PARTINGS_MS, PARTINGS_MAX)
    }

    /// How many connections we would still make gladly.
    pub(super) fn connections_left(&self) -> usize {
        self.connections_before(0)
    }

    /// Whether we make room for nobody any more.
    fn is_exhausted(&self) -> bool {
        self.connections_before(CONNECTIONS_BEYOND) == 0
    }

    /// How many connections there are before we have made so many more than we make gladly.
    fn connections_before(&self, beyond: usize) -> usize {
        let made = self.links.len().saturating_add(self.partings.taken(self.now) as usize);
        let easy = CONNECTIONS_EASY.saturating_add(self.members.len() / MEMBERS_A_CONNECTION);
        easy.saturating_add(beyond).saturating_sub(made)
    }

    /// Whether others shall make room for a member that has so many links.
    fn is_weary_of(&self, links: u8) -> bool {
        self.connections_left() < if links == 0 { 1 } else { CONNECTIONS_FEW }
    }

    /// Whether we make do with the links that we have.
    pub(super) fn is_spent(&self) -> bool {
        !self.is_small_room() && self.links_usable() > LINKS_FEW && self.connections_left() == 0
    }

    fn grant(&mut self, from: Route, peer: PeerId, knock: &Signed<Knock>, walked: u8, instead_of: Option<LinkId>) {
        if knock.verify(&knock.body.from, &self.room, &*self.commons) {
            if self.links.len() >= self.config.links_max {
                self.drop_suspect();
            }
            // The way that it came, and as much again for the part of it that is not over links.
            let links_crossed = u64::from(walked).saturating_add(2).saturating_mul(2);
            let round_trip_us = self.probes.typical_rtt_us().saturating_mul(links_crossed);
            let link = self.begin(peer, knock.body.session, from, true, round_trip_us);
            self.links.set_instead_of(link, instead_of);
            self.out.push_back(Output::Dial { link, peer });
        }
    }

    pub(super) fn on_refusal(&mut self, session: u64) {
        if let Some(ask) = self.asks.end(session) {
            self.stats.knocks_refused = self.stats.knocks_refused.saturating_add(1);
            self.fell_through(ask);
        }
    }

    /// Knocks without an answer: lost with a link that broke, or we are cut off.
    pub(super) fn give_up_asks(&mut self) {
        for ask in self.asks.expire(self.now) {
            self.stats.knocks_unanswered = self.stats.knocks_unanswered.saturating_add(1);
            self.fell_through(ask);
        }
    }

    /// A knock has come to nothing. In a large room almost anybody has a place to give; if it found nobody all the same, the part of the room
    /// that we can reach is small, and the server may know another.
    pub(super) fn fell_through(&mut self, ask: Ask) {
        if ask.by_server.is_none() && !self.doubtful && !self.is_small_room() {
            self.doubtful = true;
            self.introducer.hurry(self.now, &mut self.random);
        }
        let can_wait = self.links_usable() >= LINKS_FEW;
        let doublings = if can_wait { self.refusals.min(REFUSED_DOUBLINGS_MAX) } else { 0 };
        self.refusals = self.refusals.saturating_add(1);
        let pause_ms = self.random.jittered_ms(REFUSED_PAUSE_MS).saturating_mul(1 << doublings);
        self.seek_after = self.now.plus_ms(pause_ms);
        self.review_ready();
    }

    pub(super) fn on_offer(&mut self, peer: PeerId, session: u64, route: Route, offer: Vec<u8>) {
        self.asks.end(session);
        match self.links.admit(self.id(), peer, &self.config) {
            Admission::OursStays => {}
            Admission::Full if self.drop_suspect() => self.accept(peer, session, route, offer),
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
        let link = self.begin(peer, session, route, false, 0);
        self.out.push_back(Output::Accept { link, peer, offer });
    }

    /// Gives up a link to a member that does not answer, for one that does.
    fn drop_suspect(&mut self) -> bool {
        let suspect = self.links.greeted().find(|(_, link)| self.is_suspect(link.peer)).map(|(id, _)| id);
        suspect.inspect(|id| self.disconnect(*id)).is_some()
    }

    pub(super) fn dial(&mut self, peer: PeerId, route: Route) {
        let session = self.random.u64();
        let link = self.begin(peer, session, route, true, 0);
        self.out.push_back(Output::Dial { link, peer });
    }

    /// We hold an invite: a dial whose offer somebody carries by hand.
    pub(super) fn on_invited(&mut self, by: PeerId, session: u64, patience_ms: u32) {
        if by != self.id() && self.links.of_session(by, session).is_none() {
            let link = self.begin(by, session, Route::Server(by), true, u64::from(patience_ms).saturating_mul(1_000));
            self.out.push_back(Output::Dial { link, peer: by });
        }
    }

    /// Begins an attempt. An answer cannot be here sooner than after a round trip on the way to the peer, as far as that is known.
    fn begin(&mut self, peer: PeerId, session: u64, route: Route, dialled: bool, round_trip_us: u64) -> LinkId {
        self.stats.dials = self.stats.dials.saturating_add(1);
        let patience_ms = if dialled { self.config.answer_timeout_ms } else { self.config.dial_timeout_ms };
        let patience_ms = self.probes.in_proportion(patience_ms);
        let deadline = self.now.plus_ms(patience_ms).max(self.now.plus_micros(round_trip_us));
        let state = State::Pending { deadline };
        self.links.begin(Link {
            peer,
            session,
            route,
            dialled,
            state,
            since: self.now,
            heard: false,
            answered: false,
            instead_of: None,
            mended_at: None,
        })
    }
}
