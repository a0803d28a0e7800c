//! Gossip about members: records, presence, suspicion, death, goodbye. Each arrives as a rumor, or because two members have compared what
//! they know.

use alloc::{sync::Arc, vec::Vec};

use super::{Node, probing::MARGIN_MS};
use crate::{
    detector::{Accusation, Evidence, Verdict},
    identity::PeerId,
    io::{Departure, Event, Lane, LinkId, Output, Refused, ViolationKind},
    members::News,
    store::PRESENCE,
    time::Instant,
    wire::{Entry, FLOOD, Farewell, Frame, Record, Rumor, Signed, Suspicion},
};

/// How far an obituary may be ahead of us, in numbers (microseconds of wall time, 35 years): a liar cannot use ours up.
const AHEAD_MAX: u64 = 1 << 50;

/// How far a record of our key may be ahead of ours to be an answer to it: each raises its incarnation just above the other's. What somebody before us left
/// behind is older than ours, or as far ahead as our clock has since gone back.
const ANSWER_MAX: u64 = 1_024;

/// Where two run with one key, neither goes beyond the other's incarnation more often than this.
const OUTBID_PAUSE_MS: u32 = 1_000;

/// Things to be said of the gone that may wait at a time; what is beyond comes up at the next comparison.
const TESTIMONIES_MAX: usize = 1_024;

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
            News::Buried(_) => self.testify(link, id, incarnation),
            News::Unknown | News::Newer if record.verify(record.body.public_key(), &self.room, &*self.commons) => {
                self.learn(record, link, hops);
            }
            News::Unknown | News::Newer => self.violation(peer, ViolationKind::Forged),
        }
    }

    /// Somebody has a greater incarnation of ours: we have been here before, and forgotten it; or another runs with our key, and then the later one
    /// steps aside.
    fn on_record_of_me(&mut self, peer: PeerId, record: &Signed<Record>) {
        // Whoever else runs with our key answers with one that is greater still: the two of us shall not keep the room busy.
        let just_raised = self.raised_at > Instant::ZERO && self.now < self.raised_at.plus_ms(OUTBID_PAUSE_MS);
        if record.body.incarnation <= self.me.body.incarnation || just_raised {
            return;
        }
        if record.verify(self.me.body.public_key(), &self.room, &*self.commons) {
            let is_answer = record.body.incarnation.saturating_sub(self.me.body.incarnation) <= ANSWER_MAX;
            if is_answer && record.body.joined_at_ms < self.me.body.joined_at_ms {
                self.step_aside();
            } else {
                self.raise_above(record.body.incarnation);
            }
        } else {
            self.violation(peer, ViolationKind::Forged);
        }
    }

    /// Somebody takes a member for alive that we know as gone. Then it is asked to show itself: our suspicion travels to it,
    /// and it answers with a greater incarnation, or others confirm what we say. So the halves of a split room become one without ghosts. Not at
    /// once, since we may be the one that stood still and missed something.
    fn testify(&mut self, link: LinkId, subject: PeerId, incarnation: u64) {
        if self.testimonies.len() < TESTIMONIES_MAX {
            let at = self.now.plus_ms(self.config.probe_interval_ms.saturating_add(MARGIN_MS));
            self.testimonies.push_back((at, link, subject, incarnation));
        }
    }

    /// Says what is due of the gone.
    pub(super) fn give_testimonies(&mut self) {
        while self.testimonies.front().is_some_and(|(at, ..)| self.now >= *at)
            && let Some((_, link, subject, incarnation)) = self.testimonies.pop_front()
        {
            if self.members.tombstone(&subject) >= Some(incarnation) && self.links.is_greeted(link) {
                let rumor = Rumor::Suspicion(self.accusation(subject, incarnation, 0));
                self.broadcast.mark(&self.identity.id(), rumor.number());
                self.send(link, Lane::Reliable, &Frame::Gossip { hops: 1, rumor });
            }
        }
    }

    /// Takes in a verified record that is news, and passes it on.
    pub(super) fn learn(&mut self, record: Signed<Record>, via: LinkId, hops: u8) {
        let id = record.body.id();
        let rumor = Rumor::Record(record.clone());
        let began_anew = self.began_anew(&record.body);
        let before = self.members.accept(self.now, self.commons.share(record));
        self.adjust_patience(id);
        self.digest(id);
        self.doubts.dismiss(&id);
        if let Some(ours) = self.cases.refuted(self.now, &id, &self.identity.id()) {
            self.stats.false_suspicions = self.stats.false_suspicions.saturating_add(1);
            if ours {
                self.health.worsen(self.now);
            }
        }
        if let Some(view) = self.member(&id) {
            self.event(if before.is_none() { Event::Joined(view) } else { Event::Changed(view) });
        }
        // There may be two with this key. On its own tree, the other would not hear of this.
        for link in self.other_links(id, via) {
            if began_anew && self.links.is_greeted(link) {
                self.send(link, Lane::Reliable, &Frame::Gossip { hops: 1, rumor: rumor.clone() });
            }
        }
        self.spread(rumor, Some(via), hops);
    }

    /// Whether a member that we know has joined again since.
    pub(super) fn began_anew(&self, record: &Record) -> bool {
        let known = self.members.get(&record.id());
        known.is_some_and(|known| known.record.body.joined_at_ms != record.joined_at_ms)
    }

    pub(super) fn on_entry(&mut self, link: LinkId, peer: PeerId, hops: u8, entry: Signed<Entry>) {
        let owner = entry.body.owner;
        if entry.body.key != PRESENCE {
            self.on_durable(link, peer, hops, entry, None);
            return;
        }
        if owner == self.id() {
            self.on_presence_of_me(peer, &entry);
            return;
        }
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

    /// A presence that we had before we were here, or that another has set with our key: ours shall be newer.
    fn on_presence_of_me(&mut self, peer: PeerId, entry: &Signed<Entry>) {
        if self.store.versions_of(&self.id()).any(|version| version >= entry.body.version) {
            return;
        }
        if !entry.verify(self.me.body.public_key(), &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            return;
        }
        self.broadcast.raise_above(entry.body.version);
        if let Some(mine) = self.store.presence(&self.id()).filter(|_| self.draft.value().is_none()) {
            self.draft.set(mine.to_vec());
        }
    }

    /// We have seen ourselves that a member does not answer, though it was asked.
    pub(super) fn suspect(&mut self, subject: PeerId, evidence: Evidence, missed_since: Instant) {
        let Some(incarnation) = self.members.incarnation_of(&subject) else { return };
        let accusation = Accusation { accuser: self.id(), subject, incarnation, made_at: self.now, missed_since };
        let jury = self.jury(&subject);
        if self.cases.accuse(self.now, &accusation, jury) {
            self.mark_suspect(subject, incarnation, self.id(), Some(evidence));
            let accusation = self.accusation(subject, incarnation, self.now.ms_since(missed_since).max(1));
            self.spread(Rumor::Suspicion(accusation), None, 0);
        }
        self.cases.note(&subject, evidence);
    }

    pub(super) fn on_suspicion(&mut self, link: LinkId, peer: PeerId, hops: u8, suspicion: Signed<Suspicion>) {
        let Suspicion { accuser, subject, incarnation, number, silent_ms } = suspicion.body;
        let Some(key) = self.members.key_of(&accuser) else { return };
        if !suspicion.verify(key, &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            return;
        }
        self.broadcast.mark(&accuser, number);
        self.cases.among(self.members.len());
        if subject == self.id() {
            self.face(peer, accuser, incarnation);
            return;
        }
        match self.members.incarnation_of(&subject) {
            // An older incarnation is refuted already; a greater one than its owner has issued is nobody's to accuse.
            Some(current) if current == incarnation && accuser != subject && accuser != self.id() => {
                let accusation = self.weigh_accusation(hops, &suspicion.body);
                let is_news = self.cases.is_news(&accusation);
                let is_believed = is_news && self.cases.may_accuse(self.now, accuser);
                // What a peer says of the gone counts with us however often it was wrong: its view has come to differ from ours, and they have to become the same.
                let is_testimony = accuser == peer && silent_ms == 0;
                if is_believed || (is_news && is_testimony && self.testimonies_heard.take(self.now)) {
                    let jury = self.jury(&subject);
                    self.cases.accuse(self.now, &accusation, jury);
                    self.mark_suspect(subject, incarnation, accuser, None);
                    if is_believed {
                        self.spread(Rumor::Suspicion(suspicion), Some(link), hops);
                    }
                    let is_rash = self.cases.is_rash(self.now, &accuser);
                    self.attend(subject, is_rash);
                }
            }
            // A peer comes to know what we know already: our word for it. A testimony is not answered by another.
            None if accuser == peer && silent_ms > 0 && self.members.tombstone(&subject) >= Some(incarnation) => {
                self.testify(link, subject, incarnation);
            }
            _ => {}
        }
    }

    /// As if all had heard it when it was made: a case ends at about the same time everywhere.
    fn weigh_accusation(&self, hops: u8, suspicion: &Suspicion) -> Accusation {
        let Suspicion { accuser, subject, incarnation, silent_ms, .. } = *suspicion;
        let crossed = u64::from(u32::from(hops & !FLOOD).min(self.depth()));
        // Of our links the quickest: where members stand still now and then, others look slow, and nobody shall die the sooner for that.
        let made_at = self.now.minus_micros((self.probes.least_rtt_us() / 2).saturating_mul(crossed));
        let missed_since = made_at.minus_micros(silent_ms.saturating_mul(1_000));
        Accusation { accuser, subject, incarnation, made_at, missed_since }
    }

    /// Somebody accuses us. Who is rash and does so to our face, alone, is not worth an answer that goes to everybody: if others believe it, they ask
    /// for us. In a small room there is perhaps nobody to ask.
    fn face(&mut self, peer: PeerId, accuser: PeerId, incarnation: u64) {
        if incarnation != self.me.body.incarnation {
            return;
        }
        let is_rash = self.cases.is_rash(self.now, &accuser);
        self.cases.was_wrong(self.now, accuser);
        let accused = (incarnation, accuser);
        let alone = peer == accuser && (self.accused.0 != incarnation || self.accused == accused);
        self.accused = accused;
        if !(is_rash && alone) || self.is_small_room() {
            self.refute(incarnation);
        }
    }

    /// Somebody takes us for gone at this incarnation.
    pub(super) fn refute(&mut self, incarnation: u64) {
        if incarnation != self.me.body.incarnation || !self.refutations.take(self.now) {
            return;
        }
        self.stats.refutations = self.stats.refutations.saturating_add(1);
        self.health.worsen(self.now);
        self.raise_by(incarnation, FLOOD);
    }

    /// What is due in the cases: deaths, and others to look where accusers are lacking.
    pub(super) fn judge(&mut self) {
        let (verdicts, adjourned) = self.cases.handle_timeout(self.now, self.jury(&self.id()));
        // Without a link we know of nobody who could contradict us. If the server names others, there are some, and they are heard first.
        if self.named && self.live_links().is_empty() {
            return;
        }
        for Verdict { subject, incarnation, evidence, accusers } in verdicts {
            if !self.show_accusation(subject, incarnation) {
                self.depart(subject, incarnation, Departure::Failed { evidence, accusers });
            }
        }
        for subject in adjourned {
            let (accused_at, adjourned) = self.cases.against(&subject).unwrap_or_default();
            if self.show_accusation(subject, accused_at) {
                continue;
            }
            self.attend(subject, false);
            // Nobody says what we say. Perhaps nobody heard it, and so it was not refuted either.
            if adjourned.is_power_of_two() && self.cases.is_ours(&subject) {
                self.look_for(subject);
            }
        }
    }

    /// A peer that we hear has not answered an accusation: it has not heard of it. Whether there is such a peer.
    fn show_accusation(&mut self, subject: PeerId, incarnation: u64) -> bool {
        let patience_us = u64::from(self.config.silence_ms).saturating_mul(1_000);
        let lives = |link: &LinkId| self.probes.silence_us(self.now, *link) < patience_us;
        let link = self.links.to(subject).filter(lives);
        if let Some(link) = link {
            self.send(link, Lane::Reliable, &Frame::Obituary { subject, incarnation });
        }
        link.is_some()
    }

    fn mark_suspect(&mut self, subject: PeerId, incarnation: u64, accuser: PeerId, evidence: Option<Evidence>) {
        if self.members.suspect(&subject, incarnation)
            && let Some(member) = self.member(&subject)
        {
            self.stats.suspicions = self.stats.suspicions.saturating_add(1);
            self.event(Event::Suspected { member, accuser, evidence });
        }
    }

    pub(super) fn on_farewell(&mut self, link: LinkId, peer: PeerId, hops: u8, farewell: Signed<Farewell>) {
        let Farewell { subject, number } = farewell.body;
        if subject == self.id() {
            if farewell.verify(self.me.body.public_key(), &self.room, &*self.commons) {
                self.raise_above(number);
            }
            return;
        }
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
        while self.broadcast.release(&id) {
            self.read_on(id);
        }
        let Some(member) = self.member(&id) else { return };
        if self.members.live_before(&self.id(), 1) == [id] {
            self.patrol_soon();
        }
        let forgotten = self.members.bury(self.awake, id, incarnation, &self.config);
        self.forget_origins(&forgotten);
        self.store.remove_owner(&id);
        self.sync.remove(&id);
        self.doubts.dismiss(&id);
        self.cases.dismiss(&id);
        self.cases.disregard(&id);
        self.backoffs.forget(&id);
        let links: Vec<_> = self.links.of_peer(id).map(|(link, _)| link).collect();
        for link in links {
            self.close(link);
        }
        if why != Departure::Left {
            self.stats.failures = self.stats.failures.saturating_add(1);
        }
        self.event(Event::Gone { member, why });
    }

    /// Nobody remembers any more that these were here.
    pub(super) fn forget_origins(&mut self, gone: &[PeerId]) {
        for id in gone {
            self.broadcast.remove_origin(id);
            self.store.forget_owner(id);
        }
    }

    /// Says goodbye to all, and ends everything.
    pub(super) fn leave(&mut self) {
        // What waits goes before: our user was told that it is on its way, and of the gone nobody takes anything.
        while let Some((link, frame)) = self.outboxes.empty() {
            self.out.push_back(Output::Send { link, lane: Lane::Reliable, frame });
        }
        let farewell = self.farewell.clone();
        self.end(&farewell);
    }

    /// Another was here before us with our key.
    pub(super) fn step_aside(&mut self) {
        self.end(&Frame::Disconnect.encode());
        self.event(Event::Superseded);
    }

    /// Ends everything with a last word on every link: there is no later in which a lazy one could be told.
    fn end(&mut self, last: &Arc<[u8]>) {
        for link in self.greeted_links() {
            self.send_encoded(link, Lane::Reliable, last.clone());
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
    pub(super) fn raise_above(&mut self, incarnation: u64) {
        self.raise_by(incarnation, 0);
    }

    /// The same; over all links at once with [`FLOOD`], since a life hangs on it, and who is on the tree may have reason not to pass it on.
    fn raise_by(&mut self, incarnation: u64, flood: u8) {
        self.raised_at = self.now;
        self.broadcast.raise_above(incarnation);
        let mut record = self.me.body.clone();
        record.incarnation = self.broadcast.next_number();
        self.me = Signed::new(record, &self.identity, &self.room);
        self.farewell = self.prepare_farewell();
        self.digest(self.id());
        self.spread(Rumor::Record(self.me.clone()), None, flood);
    }

    fn accusation(&mut self, subject: PeerId, incarnation: u64, silent_ms: u64) -> Signed<Suspicion> {
        let (accuser, number) = (self.id(), self.broadcast.next_number());
        let suspicion = Suspicion { accuser, subject, number, incarnation, silent_ms };
        Signed::new(suspicion, &self.identity, &self.room)
    }

    /// A member whose page is hidden cannot answer as quickly.
    pub(super) fn adjust_patience(&mut self, id: PeerId) {
        let patience_ms = self.patience_with(&id);
        let links: Vec<_> = self.links.of_peer(id).map(|(link, _)| link).collect();
        for link in links {
            self.probes.be_patient(link, patience_ms);
        }
    }

    pub(super) fn patience_with(&self, id: &PeerId) -> u32 {
        let hidden = self.members.get(id).is_some_and(|member| member.record.body.hidden);
        if hidden { self.config.silence_hidden_ms } else { self.config.silence_ms }
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
