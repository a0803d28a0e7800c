//! Gossip about members: records, presence, suspicion, death, goodbye. News is passed on, what is known is not.

use alloc::vec::Vec;

use super::Node;
use crate::{
    detector::Evidence,
    identity::PeerId,
    io::{Departure, Event, Lane, LinkId, Output, Refused, ViolationKind},
    members::{News, Status},
    wire::{Entry, Farewell, Frame, Record, Signed, Suspicion, chunked},
};

/// How far an obituary may be ahead of us, in incarnations (milliseconds of wall time): a liar cannot use ours up.
const AHEAD_MAX: u64 = 1 << 40;

impl Node {
    pub(super) fn on_frame(&mut self, link: LinkId, bytes: &[u8]) {
        let Some(peer) = self.links.get(link).map(|link| link.peer) else { return };
        self.stats.frames_in = self.stats.frames_in.saturating_add(1);
        self.stats.bytes_in = self.stats.bytes_in.saturating_add(super::count(bytes.len()));
        self.probes.heard(self.now, link);
        let greeted = self.links.is_greeted(link);
        match Frame::decode(bytes) {
            Err(_) => self.violation(peer, ViolationKind::Malformed),
            Ok(Frame::Hello(record)) => self.on_hello(link, record),
            Ok(Frame::Ping(number)) => self.send(link, Lane::Unreliable, &Frame::Pong(number)),
            Ok(Frame::Pong(number)) => self.probes.pong(self.now, link, number),
            Ok(Frame::Disconnect) => self.on_disconnect(link, peer),
            Ok(Frame::Obituary { subject, incarnation }) => self.on_obituary(link, peer, subject, incarnation),
            Ok(frame) if greeted => self.on_gossip(link, peer, frame),
            // We have not greeted it yet because it is to come with a greater incarnation: it will say all this again.
            Ok(_) => {}
        }
    }

    fn on_gossip(&mut self, link: LinkId, peer: PeerId, frame: Frame) {
        match frame {
            Frame::Records(records) => records.into_iter().for_each(|record| self.on_record(link, peer, record)),
            Frame::Entries(entries) => self.on_entries(link, peer, entries),
            Frame::Synced => self.on_synced(),
            Frame::Broadcast { hops, post } => self.on_broadcast(link, peer, hops, post),
            Frame::Suspect(suspicion) => self.on_suspicion(link, peer, suspicion),
            Frame::Leave(farewell) => self.on_farewell(link, peer, farewell),
            Frame::Signal { ttl, envelope } => self.on_signal(link, ttl, envelope),
            Frame::Hello(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Obituary { .. } | Frame::Disconnect => {}
        }
    }

    fn on_record(&mut self, link: LinkId, peer: PeerId, record: Signed<Record>) {
        let id = record.body.id();
        let incarnation = record.body.incarnation;
        if id == self.id() {
            self.on_record_of_me(peer, &record);
            return;
        }
        match self.members.weigh(&id, incarnation, &self.config) {
            News::Stale | News::NoRoom => {}
            News::Buried(buried) if buried.left => {}
            News::Buried(buried) => self.doubt(link, id, buried.incarnation),
            News::Unknown | News::Newer if record.verify(&record.body.public_key, &self.room, &*self.commons) => {
                self.learn(record, link);
            }
            News::Unknown | News::Newer => self.violation(peer, ViolationKind::Forged),
        }
    }

    /// Somebody has a greater incarnation of ours: we have been here before, and forgotten it.
    fn on_record_of_me(&mut self, peer: PeerId, record: &Signed<Record>) {
        if record.body.incarnation <= self.me.body.incarnation {
            return;
        }
        if record.verify(&self.me.body.public_key, &self.room, &*self.commons) {
            self.raise_above(record.body.incarnation);
        } else {
            self.violation(peer, ViolationKind::Forged);
        }
    }

    /// Somebody takes a member for alive whom we took for dead. Then it is asked to show itself: our suspicion travels to it,
    /// and it answers with a greater incarnation. So the halves of a split room become one without ghosts.
    fn doubt(&mut self, link: LinkId, subject: PeerId, incarnation: u64) {
        let suspicion = self.accusation(subject, incarnation);
        self.send(link, Lane::Reliable, &Frame::Suspect(suspicion));
    }

    /// Takes in a verified record that is news, and passes it on.
    pub(super) fn learn(&mut self, record: Signed<Record>, via: LinkId) {
        let id = record.body.id();
        let frame = Frame::Records([record.clone()].into());
        let before = self.members.accept(self.now, self.commons.share(record), via);
        self.adjust_patience(id);
        let cleared = self.cases.dismiss(&id);
        if before == Some(Status::Suspect) && cleared {
            self.stats.false_suspicions = self.stats.false_suspicions.saturating_add(1);
        }
        if let Some(view) = self.member(&id) {
            self.event(if before.is_none() { Event::Joined(view) } else { Event::Changed(view) });
        }
        self.flood(&frame, Some(via));
    }

    fn on_entries(&mut self, link: LinkId, peer: PeerId, entries: Vec<Signed<Entry>>) {
        let mut news = Vec::new();
        for entry in entries {
            let owner = entry.body.owner;
            let Some(key) = self.members.key_of(&owner) else { continue };
            if !self.store.is_news(&entry.body, &self.config) {
                continue;
            }
            if !entry.verify(key, &self.room, &*self.commons) {
                self.violation(peer, ViolationKind::Forged);
                continue;
            }
            self.store.accept(entry.clone());
            news.push(entry);
            if let Some(view) = self.member(&owner) {
                self.event(Event::Presence(view));
            }
        }
        for frame in &chunked(news, Frame::Entries) {
            self.flood(frame, Some(link));
        }
    }

    pub(super) fn on_silence(&mut self, link: LinkId, ms: u64) {
        if let Some(peer) = self.links.get(link).filter(|link| link.is_greeted()).map(|link| link.peer) {
            self.suspect(peer, Evidence::Silence { ms });
        }
    }

    /// We have seen ourselves that a member does not answer.
    pub(super) fn suspect(&mut self, subject: PeerId, evidence: Evidence) {
        let Some(incarnation) = self.members.incarnation_of(&subject) else { return };
        if self.cases.accuse(self.now, self.id(), subject, incarnation) {
            self.mark_suspect(subject, incarnation);
            let suspicion = self.accusation(subject, incarnation);
            self.flood(&Frame::Suspect(suspicion), None);
        }
        self.cases.note(&subject, evidence);
    }

    fn on_suspicion(&mut self, link: LinkId, peer: PeerId, suspicion: Signed<Suspicion>) {
        let Suspicion { accuser, subject, incarnation } = suspicion.body;
        let current = if subject == self.id() {
            Some(self.me.body.incarnation)
        } else {
            self.members.incarnation_of(&subject).filter(|_| self.cases.is_news(&accuser, &subject, incarnation))
        };
        // An older incarnation is refuted already; a greater one than its owner has issued is nobody's to accuse.
        if current != Some(incarnation) || accuser == subject || accuser == self.id() {
            return;
        }
        let Some(key) = self.members.key_of(&accuser) else { return };
        if !suspicion.verify(key, &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
        } else if subject == self.id() {
            self.stats.refutations = self.stats.refutations.saturating_add(1);
            self.raise_above(incarnation);
        } else if self.cases.accuse(self.now, accuser, subject, incarnation) {
            self.mark_suspect(subject, incarnation);
            self.flood(&Frame::Suspect(suspicion), Some(link));
        }
    }

    fn mark_suspect(&mut self, subject: PeerId, incarnation: u64) {
        if self.members.suspect(&subject, incarnation)
            && let Some(view) = self.member(&subject)
        {
            self.event(Event::Suspected(view));
        }
    }

    fn on_farewell(&mut self, link: LinkId, peer: PeerId, farewell: Signed<Farewell>) {
        let Farewell { subject, incarnation } = farewell.body;
        let Some(member) = self.members.get(&subject) else { return };
        if incarnation < member.record.body.incarnation {
            return;
        }
        if farewell.verify(&member.record.body.public_key, &self.room, &*self.commons) {
            self.flood(&Frame::Leave(farewell), Some(link));
            self.depart(subject, incarnation, Departure::Left);
        } else {
            self.violation(peer, ViolationKind::Forged);
        }
    }

    /// The peer takes us for gone: we show it that we are not.
    fn on_obituary(&mut self, link: LinkId, peer: PeerId, subject: PeerId, incarnation: u64) {
        let mine = self.me.body.incarnation;
        if subject != self.id() || incarnation < mine || incarnation.saturating_sub(mine) > AHEAD_MAX {
            return;
        }
        self.raise_above(incarnation);
        let hello = Frame::Hello(self.me.clone());
        self.send(link, Lane::Reliable, &hello);
        self.tell_all(link, peer);
    }

    /// A member is gone: nothing of it stays but a tombstone.
    pub(super) fn depart(&mut self, id: PeerId, incarnation: u64, why: Departure) {
        let Some(member) = self.member(&id) else { return };
        self.members.bury(self.now, id, incarnation, why == Departure::Left, &self.config);
        self.store.remove_owner(&id);
        self.broadcast.remove_origin(&id);
        self.cases.dismiss(&id);
        self.cases.disregard(&id);
        self.backoffs.forget(&id);
        let links: Vec<_> = self.links.of_peer(id).map(|(link, _)| link).collect();
        for link in links {
            self.close(link);
        }
        self.event(Event::Gone { member, why });
    }

    /// Says goodbye to all, and ends everything.
    pub(super) fn leave(&mut self) {
        let farewell = Farewell { subject: self.id(), incarnation: self.me.body.incarnation };
        self.flood(&Frame::Leave(Signed::new(farewell, &self.identity, &self.room)), None);
        for link in self.links.ids() {
            self.close(link);
        }
        self.out.push_back(Output::Server { wanted: false });
        self.left = true;
    }

    pub(super) fn set_flags(&mut self, hidden: bool, greeter: bool) {
        if (hidden, greeter) != (self.me.body.hidden, self.me.body.greeter) {
            self.me.body.hidden = hidden;
            self.me.body.greeter = greeter;
            self.raise_above(self.me.body.incarnation);
        }
    }

    /// A greater incarnation of ours: it refutes what is said of the older ones.
    fn raise_above(&mut self, incarnation: u64) {
        let mut record = self.me.body.clone();
        record.incarnation = record.incarnation.max(incarnation).saturating_add(1);
        self.me = Signed::new(record, &self.identity, &self.room);
        let frame = Frame::Records([self.me.clone()].into());
        self.flood(&frame, None);
    }

    fn accusation(&self, subject: PeerId, incarnation: u64) -> Signed<Suspicion> {
        Signed::new(Suspicion { accuser: self.id(), subject, incarnation }, &self.identity, &self.room)
    }

    /// A member whose page is hidden cannot answer as quickly.
    pub(super) fn adjust_patience(&mut self, id: PeerId) {
        let hidden = self.members.get(&id).is_some_and(|member| member.record.body.hidden);
        let patience_ms = if hidden { self.config.silence_hidden_ms } else { self.config.silence_ms };
        let links: Vec<_> = self.links.of_peer(id).map(|(link, _)| link).collect();
        for link in links {
            self.probes.be_patient(link, patience_ms);
        }
    }

    pub(super) fn set_presence(&mut self, value: Vec<u8>) -> Result<(), Refused> {
        let (bytes, max) = (value.len(), self.config.presence_bytes_max);
        if bytes > max {
            return Err(Refused::PresenceTooLarge { bytes, max });
        }
        self.draft.set(value);
        Ok(())
    }

    pub(super) fn publish_presence(&mut self) {
        if let Some(entry) = self.draft.take(self.now, self.id(), &self.config) {
            let entry = Signed::new(entry, &self.identity, &self.room);
            self.store.accept(entry.clone());
            self.flood(&Frame::Entries([entry].into()), None);
        }
    }
}
