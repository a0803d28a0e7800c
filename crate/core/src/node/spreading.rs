//! How frames come in, and how rumors go on: pushed along their origin's tree, told of elsewhere, and compared when two members meet.

use alloc::vec::Vec;

use super::Node;
use crate::{
    config::Strategy,
    identity::PeerId,
    io::{Lane, LinkId, ViolationKind},
    overlay::Route,
    store::PRESENCE,
    sync,
    wire::{Entry, FLOOD, Frame, LIST_MAX, Range, Record, Rumor, ShortId, Signed, chunked},
};

impl Node {
    pub(super) fn on_frame(&mut self, link: LinkId, bytes: &[u8]) {
        let Some(peer) = self.links.get(link).map(|link| link.peer) else { return };
        self.stats.frames_in = self.stats.frames_in.saturating_add(1);
        self.stats.bytes_in = self.stats.bytes_in.saturating_add(super::count(bytes.len()));
        self.probes.heard(self.now, link);
        self.doubts.dismiss(&peer);
        let greeted = self.links.is_greeted(link);
        match Frame::decode(bytes) {
            Err(_) => self.violation(peer, ViolationKind::Malformed),
            Ok(Frame::Hello(record)) => self.on_hello(link, record),
            Ok(Frame::Ping { number, view }) => self.on_ping(link, number, view),
            Ok(Frame::Pong(number)) => self.probes.pong(self.now, link, number),
            Ok(Frame::Disconnect) => self.on_disconnect(link, peer),
            Ok(Frame::Obituary { subject, incarnation }) => self.on_obituary(link, subject, incarnation),
            Ok(frame) if greeted => self.on_gossip(link, peer, frame),
            // We have not greeted it yet because it is to come with a greater incarnation: it will say all this again.
            Ok(_) => {}
        }
    }

    fn on_gossip(&mut self, link: LinkId, peer: PeerId, frame: Frame) {
        match frame {
            Frame::Gossip { hops, rumor } => self.on_rumor(link, peer, hops, rumor),
            Frame::Direct(post) => self.on_direct(peer, post),
            Frame::Records(records) => records.into_iter().for_each(|record| self.on_record(link, peer, 1, record)),
            Frame::Entries(entries) => entries.into_iter().for_each(|entry| self.on_entry(link, peer, 1, entry)),
            Frame::Synced => self.become_ready(),
            Frame::Ihave(ids) => self.on_ihave(link, &ids),
            Frame::Graft(ids) => self.on_graft(link, &ids),
            Frame::Prune(origins) => self.broadcast.on_prune(link, &origins),
            Frame::Prefer(origins) => self.broadcast.on_prefer(link, &origins),
            Frame::Compare(ranges) => self.on_compare(link, ranges),
            Frame::Want(ids) => {
                self.give(link, &ids);
                self.answer_first(link);
            }
            Frame::Signal { ttl, envelope } => self.on_signal(Route::Mesh(link), ttl, envelope),
            Frame::Walk { ttl, knock } => self.on_walk(Route::Mesh(link), ttl, knock),
            Frame::State(ranges) => self.on_state(link, ranges),
            Frame::Fetch(names) => self.on_fetch(link, &names),
            Frame::Kept { keys, entries } => self.on_kept(link, peer, &keys, entries),
            Frame::Splice(knock) => self.on_splice(link, &knock),
            Frame::Seek { ttl, to, session, accused } => self.on_seek(link, ttl, to, session, accused),
            Frame::Found { session, records } => self.on_found(link, peer, session, records),
            Frame::Hello(_) | Frame::Ping { .. } | Frame::Pong(_) | Frame::Obituary { .. } | Frame::Disconnect => {}
        }
    }

    fn on_rumor(&mut self, link: LinkId, peer: PeerId, hops: u8, rumor: Rumor) {
        let (origin, number) = (rumor.origin(), rumor.number());
        let of_me_and_newer = origin == self.id() && number > self.me.body.incarnation;
        // A goodbye was signed with the record that it ends, perhaps long ago: whether it is news, the table knows.
        let is_farewell = matches!(rumor, Rumor::Farewell(_)) && self.members.get(&origin).is_some();
        // An entry of ours may be of an earlier life.
        let is_state_news =
            matches!(&rumor, Rumor::Entry(entry) if entry.body.key != PRESENCE && self.is_state_news(entry));
        let fresh = is_farewell || self.broadcast.is_fresh(&origin, number);
        if !of_me_and_newer && !is_state_news && (origin == self.id() || !fresh) {
            self.stats.duplicates = self.stats.duplicates.saturating_add(1);
            self.spare(link, &rumor.short_id());
            match &rumor {
                Rumor::Post(post) if post.body.to.is_some() => {}
                Rumor::Post(_) if self.config.strategy != Strategy::Tree => {
                    self.send(link, Lane::Reliable, &Frame::Ihave([(rumor.short_id(), 0)].into()));
                }
                _ if self.broadcast.duplicate(&origin, number, link) => {
                    self.send(link, Lane::Reliable, &Frame::Prune([origin].into()));
                }
                _ => {}
            }
            return;
        }
        let hops = (hops & !FLOOD).clamp(1, self.config.hops_max) | (hops & FLOOD);
        match rumor {
            Rumor::Post(post) => self.on_post(link, peer, hops, post),
            Rumor::Record(record) => self.on_record(link, peer, hops, record),
            Rumor::Entry(entry) => self.on_entry(link, peer, hops, entry),
            Rumor::Suspicion(suspicion) => self.on_suspicion(link, peer, hops, suspicion),
            Rumor::Farewell(farewell) => self.on_farewell(link, peer, hops, farewell),
        }
    }

    /// Pushes a verified rumor on along its origin's tree, and will tell the other links of it. `hops` is how far it has come, and whether it
    /// goes over all links, to find the shortest tree anew.
    pub(super) fn spread(&mut self, rumor: Rumor, from: Option<LinkId>, hops: u8) {
        let (hops, flooded) = (hops & !FLOOD, hops & FLOOD != 0);
        let (origin, number, id) = (rumor.origin(), rumor.number(), rumor.short_id());
        // Records and presences are answered from what we know.
        let known = matches!(&rumor, Rumor::Entry(entry) if entry.body.key == PRESENCE);
        let kept = !known && !matches!(rumor, Rumor::Record(_));
        let links = self.greeted_links();
        let flood = match from {
            Some(_) => flooded && self.floods.take(self.now),
            None => flooded || matches!(rumor, Rumor::Post(_) | Rumor::Entry(_)) && self.is_uprooted(&links),
        };
        if flood {
            self.broadcast.forget_lazy(&origin);
        }
        let eager = if self.config.strategy != Strategy::Tree && matches!(rumor, Rumor::Post(_)) {
            self.broadcast.heat(self.now, &origin, number);
            Vec::new()
        } else {
            self.broadcast.spread(self.now, origin, number, from, &links, &self.config)
        };
        if eager.is_empty() && !kept {
            return;
        }
        // Nobody passes a rumor on twice, so it ends without a limit; and who lies about the hops keeps it from nobody.
        let hops = hops.saturating_add(1).min(self.config.hops_max) | if flood { FLOOD } else { 0 };
        let mut frame = Frame::Gossip { hops, rumor }.encode();
        if kept {
            frame = self.commons.share_frame(frame);
            self.broadcast.keep(self.now, id, frame.clone(), &self.config);
        }
        for link in eager {
            self.send_encoded(link, Lane::Reliable, frame.clone());
        }
    }

    /// Whether our tree was found over links most of which are no more: then what we say next goes over all links once.
    fn is_uprooted(&mut self, links: &[LinkId]) -> bool {
        let held = self.flooded_over.iter().filter(|link| links.contains(link)).count();
        let uprooted = held.saturating_mul(2) < links.len();
        if uprooted {
            self.flooded_over = links.to_vec();
        }
        uprooted
    }

    /// Passes on what spreads without a tree, if it is due.
    pub(super) fn monger(&mut self) {
        let links = self.greeted_links();
        #[cfg(feature = "rounds")]
        if self.config.strategy.is_in_rounds() {
            for (link, frame) in self.broadcast.contact(self.now, &links, &mut self.random, &self.config) {
                self.send(link, Lane::Reliable, &frame);
            }
            return;
        }
        while let Some((id, is_hot)) = self.broadcast.next_hot(self.now, &self.config) {
            if is_hot {
                let mut others = links.clone();
                for _ in 0..self.config.rumor_fanout {
                    if let Some(link) = self.random.pick(&others).copied() {
                        others.retain(|other| *other != link);
                        self.send_rumors(link, &[id]);
                    }
                }
            } else {
                for link in &links {
                    self.broadcast.tell_later(self.now, *link, id, &self.config);
                }
            }
        }
    }

    fn on_ihave(&mut self, link: LinkId, ids: &[(ShortId, u8)]) {
        for (id, _) in ids {
            self.spare(link, id);
        }
        let rtt_us = self.probes.rtt_us(link);
        // A suspect may be refuting.
        let urgent = |id: &ShortId| self.cases.suspects().any(|suspect| id.is_of(suspect));
        let preferred = self.broadcast.on_ihave(self.now, link, ids, rtt_us, urgent, &self.config);
        if !preferred.is_empty() {
            self.send(link, Lane::Reliable, &Frame::Prefer(preferred));
        }
    }

    fn on_graft(&mut self, link: LinkId, ids: &[ShortId]) {
        #[cfg(feature = "rounds")]
        if ids.is_empty() && self.config.strategy.is_in_rounds() {
            for frame in self.broadcast.of_late() {
                self.send(link, Lane::Reliable, &frame);
            }
        }
        for id in ids {
            self.broadcast.on_graft(link, id);
        }
        self.send_rumors(link, ids);
    }

    /// Sends those of these rumors that we still have.
    fn send_rumors(&mut self, link: LinkId, ids: &[ShortId]) {
        for id in ids {
            if let Some(frame) = self.broadcast.kept(id) {
                self.send_encoded(link, Lane::Reliable, frame);
            } else if let Some(rumor) = self.known(id) {
                self.send(link, Lane::Reliable, &Frame::Gossip { hops: 1, rumor });
            }
        }
    }

    /// The record or entry of this name, if we know it.
    fn known(&self, id: &ShortId) -> Option<Rumor> {
        let mine = id.is_of(&self.id()).then(|| Rumor::Record(self.me.clone()));
        let records = self.members.from(id.first_origin()).take_while(|(member, _)| id.is_of(member));
        let records = records.map(|(_, member)| Rumor::Record((*member.record).clone()));
        let entries = self.store.from(id.first_origin()).take_while(|entry| id.is_of(&entry.body.owner));
        let entries = entries.map(|entry| Rumor::Entry(entry.clone()));
        mine.into_iter().chain(records).chain(entries).find(|rumor| rumor.short_id() == *id)
    }

    /// Begins to compare what both ends of a new link know.
    pub(super) fn begin_comparison(&mut self, link: LinkId) {
        let all = sync::begin(&self.sync);
        self.send(link, Lane::Reliable, &Frame::Compare([all].into()));
        self.compare_state(link);
    }

    fn on_compare(&mut self, link: LinkId, ranges: Vec<Range>) {
        let difference = sync::compare(&self.sync, ranges, usize::MAX);
        let lacks_nothing = difference.lacks_nothing();
        self.give(link, &difference.give);
        for ids in difference.want.chunks(LIST_MAX) {
            self.send(link, Lane::Reliable, &Frame::Want(ids.to_vec()));
        }
        for ranges in sync::chunked(difference.ranges) {
            self.send(link, Lane::Reliable, &Frame::Compare(ranges));
        }
        self.answer_first(link);
        // No answer will come.
        if lacks_nothing {
            self.become_ready();
        }
    }

    /// What the peer has asked for first is on its way.
    fn answer_first(&mut self, link: LinkId) {
        if self.links.answer_first(link) {
            self.send(link, Lane::Reliable, &Frame::Synced);
        }
    }

    /// All that we know of some members.
    fn give(&mut self, link: LinkId, ids: &[PeerId]) {
        let record = |id: &PeerId| self.members.get(id).map(|member| (*member.record).clone());
        let mine = |id: &PeerId| (*id == self.id()).then(|| self.me.clone());
        let records: Vec<Signed<Record>> = ids.iter().filter_map(|id| mine(id).or_else(|| record(id))).collect();
        let entries: Vec<Signed<Entry>> = ids.iter().flat_map(|id| self.store.of(id)).cloned().collect();
        for frame in chunked(records, Frame::Records).iter().chain(&chunked(entries, Frame::Entries)) {
            self.send(link, Lane::Reliable, frame);
        }
    }

    pub(super) fn greeted_links(&self) -> Vec<LinkId> {
        self.links.greeted().map(|(id, _)| id).collect()
    }
}
