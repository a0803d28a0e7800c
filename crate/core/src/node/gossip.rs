//! Gossip about members: records, presence, suspicion, death, goodbye. Each arrives as a rumor, or because two members have compared what
//! they know.

use alloc::{sync::Arc, vec::Vec};

use super::Node;
use crate::{
    detector::Evidence,
    identity::PeerId,
    io::{Departure, Event, Lane, LinkId, Output, Refused, ViolationKind},
    members::{News, Status},
    store::PRESENCE,
    wire::{Entry, Farewell, Frame, Record, Rumor, Signed, Suspicion},
};

/// How far an obituary may be ahead of us, in numbers (microseconds of wall time, 35 years): a liar cannot use ours up.
const AHEAD_MAX: u64 = 1 << 50;

impl Node {
    pub(super) fn on_record(&mut self, link: LinkId, peer: PeerId, hops: u8, record: Signed<Record>) {
        let id = record.body.id();
        let incarnation = record.body.incarnation;
        if id == self.id() {
            self.on_record_of_me(peer, &record);
            return;
        }
        match self.members.weigh(&id, incarnation, &self.config) {
            // Only what is known to be true may count as seen: otherwise a forger could silence its author.
            News::Stale if self.members.incarnation_of(&id) == Some(incarnation) => {
                self.broadcast.mark(&id, incarnation);
            }
            News::Stale | News::NoRoom => {}
            News::Buried(buried) if buried.left => {}
            News::Buried(buried) => self.doubt(link, id, buried.incarnation),
            News::Unknown | News::Newer if record.verify(record.body.public_key(), &self.room, &*self.commons) => {
                self.learn(record, link, hops);
            }
            News::Unknown | News::Newer => self.violation(peer, ViolationKind::Forged),
        }
    }

    /// Somebody has a greater incarnation of ours: we have been here before, and forgotten it.
    fn on_record_of_me(&mut self, peer: PeerId, record: &Signed<Record>) {
        if record.body.incarnation <= self.me.body.incarnation {
            return;
        }
        if record.verify(self.me.body.public_key(), &self.room, &*self.commons) {
            self.raise_above(record.body.incarnation);
        } else {
            self.violation(peer, ViolationKind::Forged);
        }
    }

    /// Somebody takes a member for alive whom we took for dead. Then it is asked to show itself: our suspicion travels to it,
    /// and it answers with a greater incarnation. So the halves of a split room become one without ghosts.
    fn doubt(&mut self, link: LinkId, subject: PeerId, incarnation: u64) {
        let rumor = Rumor::Suspicion(self.accusation(subject, incarnation));
        self.broadcast.mark(&self.identity.id(), rumor.number());
        self.send(link, Lane::Reliable, &Frame::Gossip { hops: 1, rumor });
    }

    /// Takes in a verified record that is news, and passes it on.
    pub(super) fn learn(&mut self, record: Signed<Record>, via: LinkId, hops: u8) {
        let id = record.body.id();
        let rumor = Rumor::Record(record.clone());
        let before = self.members.accept(self.now, self.commons.share(record));
        self.adjust_patience(id);
        self.digest(id);
        let cleared = self.cases.dismiss(&id);
        if before == Some(Status::Suspect) && cleared {
            self.stats.false_suspicions = self.stats.false_suspicions.saturating_add(1);
        }
        if let Some(view) = self.member(&id) {
            self.event(if before.is_none() { Event::Joined(view) } else { Event::Changed(view) });
        }
        self.spread(rumor, Some(via), hops);
    }

    pub(super) fn on_entry(&mut self, link: LinkId, peer: PeerId, hops: u8, entry: Signed<Entry>) {
        let owner = entry.body.owner;
        let Some(key) = self.members.key_of(&owner) else { return };
        if !self.store.is_news(&entry.body, &self.config) {
            if self.store.versions_of(&owner).any(|version| version == entry.body.version) {
                self.broadcast.mark(&owner, entry.body.version);
            }
        } else if entry.verify(key, &self.room, &*self.commons) {
            self.store.accept(entry.clone());
            self.digest(owner);
            if let Some(view) = self.member(&owner) {
                self.event(Event::Presence(view));
            }
            self.spread(Rumor::Entry(entry), Some(link), hops);
        } else {
            self.violation(peer, ViolationKind::Forged);
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
            let accusation = self.accusation(subject, incarnation);
            self.spread(Rumor::Suspicion(accusation), None, 0);
        }
        self.cases.note(&subject, evidence);
    }

    pub(super) fn on_suspicion(&mut self, link: LinkId, peer: PeerId, hops: u8, suspicion: Signed<Suspicion>) {
        let Suspicion { accuser, subject, incarnation, number } = suspicion.body;
        let Some(key) = self.members.key_of(&accuser) else { return };
        let current = if subject == self.id() {
            Some(self.me.body.incarnation)
        } else {
            self.members.incarnation_of(&subject).filter(|_| self.cases.is_news(&accuser, &subject, incarnation))
        };
        // An older incarnation is refuted already; a greater one than its owner has issued is nobody's to accuse.
        if !suspicion.verify(key, &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
        } else if current != Some(incarnation) || accuser == subject || accuser == self.id() {
            self.broadcast.mark(&accuser, number);
        } else if subject == self.id() {
            self.broadcast.mark(&accuser, number);
            self.stats.refutations = self.stats.refutations.saturating_add(1);
            self.raise_above(incarnation);
        } else if self.cases.accuse(self.now, accuser, subject, incarnation) {
            self.mark_suspect(subject, incarnation);
            self.spread(Rumor::Suspicion(suspicion), Some(link), hops);
        }
    }

    fn mark_suspect(&mut self, subject: PeerId, incarnation: u64) {
        if self.members.suspect(&subject, incarnation)
            && let Some(view) = self.member(&subject)
        {
            self.event(Event::Suspected(view));
        }
    }

    pub(super) fn on_farewell(&mut self, link: LinkId, peer: PeerId, hops: u8, farewell: Signed<Farewell>) {
        let Farewell { subject, number } = farewell.body;
        let Some(member) = self.members.get(&subject) else { return };
        if number < member.record.body.incarnation {
            return;
        }
        if farewell.verify(member.record.body.public_key(), &self.room, &*self.commons) {
            self.spread(Rumor::Farewell(farewell), Some(link), hops);
            self.depart(subject, number, Departure::Left);
        } else {
            self.violation(peer, ViolationKind::Forged);
        }
    }

    /// The peer takes us for gone: we show it that we are not.
    pub(super) fn on_obituary(&mut self, link: LinkId, subject: PeerId, incarnation: u64) {
        let mine = self.me.body.incarnation;
        if subject != self.id() || incarnation.saturating_sub(mine) > AHEAD_MAX {
            return;
        }
        // Another link may have told us already; this one has yet to hear our answer.
        if incarnation >= mine {
            self.raise_above(incarnation);
        }
        self.introduce_ourselves(link);
        self.begin_comparison(link);
    }

    /// A member is gone: nothing of it stays but a tombstone.
    pub(super) fn depart(&mut self, id: PeerId, incarnation: u64, why: Departure) {
        let Some(member) = self.member(&id) else { return };
        self.members.bury(self.now, id, incarnation, why == Departure::Left, &self.config);
        self.store.remove_owner(&id);
        self.sync.remove(&id);
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
        // Over every link: there is no later in which a lazy one could be told of it.
        for link in self.greeted_links() {
            self.send_encoded(link, Lane::Reliable, self.farewell.clone());
        }
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
        self.broadcast.raise_above(incarnation);
        let mut record = self.me.body.clone();
        record.incarnation = self.broadcast.next_number();
        self.me = Signed::new(record, &self.identity, &self.room);
        self.farewell = self.prepare_farewell();
        self.digest(self.id());
        self.spread(Rumor::Record(self.me.clone()), None, 0);
    }

    fn accusation(&mut self, subject: PeerId, incarnation: u64) -> Signed<Suspicion> {
        let number = self.broadcast.next_number();
        Signed::new(Suspicion { accuser: self.id(), subject, number, incarnation }, &self.identity, &self.room)
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
        if let Some(value) = self.draft.take(self.now, &self.config) {
            let entry = Entry { owner: self.id(), key: PRESENCE.into(), version: self.broadcast.next_number(), value };
            let entry = Signed::new(entry, &self.identity, &self.room);
            self.store.accept(entry.clone());
            self.digest(self.id());
            self.spread(Rumor::Entry(entry), None, 0);
        }
    }

    /// Our goodbye, ready to be sent: a page that is being closed has no time to sign.
    pub(super) fn prepare_farewell(&mut self) -> Arc<[u8]> {
        let farewell = Farewell { subject: self.id(), number: self.broadcast.next_number() };
        let rumor = Rumor::Farewell(Signed::new(farewell, &self.identity, &self.room));
        Frame::Gossip { hops: 1, rumor }.encode()
    }

    /// What we know of a member has changed.
    pub(super) fn digest(&mut self, id: PeerId) {
        let mine = (id == self.id()).then_some(self.me.body.incarnation);
        if let Some(incarnation) = mine.or_else(|| self.members.incarnation_of(&id)) {
            self.sync.set(id, incarnation, self.store.versions_of(&id));
        }
    }
}
