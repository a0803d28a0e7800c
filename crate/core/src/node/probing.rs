//! From a silence to an accusation: who gives cause for doubt is asked first, over our own link and through others. And nobody is without
//! somebody who looks: each member looks after the one before it on the ring of ids, and the three after an accused one are its witnesses.

use alloc::vec::Vec;

use super::Node;
use crate::{
    config::Config,
    detector::{Doubt, Evidence, Jury, Leaning, WAYS_MAX},
    identity::PeerId,
    io::{Lane, LinkId},
    overlay::Route,
    time::Instant,
    wire::{Frame, Record, Signed},
};

/// Links that a question may cross, whatever its sender says: some more than the ways of rumors are long.
const SEEK_TTL_MAX: u8 = 20;

/// A question that may cross no more links than this goes in all directions.
const SEEK_FLOOD_MAX: u8 = 8;

/// Links that it crosses in all directions where nobody knows the way on: the member is not far from where it was.
const SEEK_AROUND: u8 = 2;

/// How long a peer that was silent gets to answer over our link before others are asked for it. Two round trips, if that is longer.
const ASK_MS: u32 = 350;

/// How often it is asked in that time.
const PINGS: u32 = 3;

/// No accusation without so much of a wait beyond a probe interval: who stood still unnoticed has then probed again.
pub(super) const MARGIN_MS: u32 = 50;

/// Who has nobody to ask waits for an answer this many times as long: it is perhaps the one that is cut off.
const ALONE_FACTOR: u32 = 4;

/// The members after an accused one on the ring of ids that look whether it is there; twice as many each time that a case is adjourned.
const WITNESSES: usize = 3;

/// The peers of an accused one have so much time before its witnesses look: mostly there are accusers enough by then.
const WITNESS_PAUSE_MS: u32 = 500;

/// Members before us on the ring that are sought at a time, at most.
const PATROL_MAX: usize = 16;

/// In a large, calm room a member is sought on every so many patrols only: its peers look after it, and to find it costs more; and on fewer still where
/// packets are lost.
const PATROLS_SPARED_MAX: u32 = 10;

/// A room of so many members is large in that sense; one of twice as many seeks on every second patrol, and so on.
const MEMBERS_PER_PATROL: usize = 32;

/// How soon we look after those before us when something speaks for more than one being gone.
const PATROL_SOON_MS: u32 = 2_000;

impl Node {
    /// A link has been silent for longer than usual.
    pub(super) fn on_silence(&mut self, link: LinkId, ms: u64) {
        let Some(peer) = self.links.get(link).filter(|link| link.is_greeted()).map(|link| link.peer) else { return };
        if self.links.to(peer) != Some(link) {
            // One that has been replaced, and was heard over until then.
            self.disconnect(link);
        } else if self.is_settled(&peer, self.now) {
            self.cases.witness(&peer, Evidence::Silence { ms });
        } else if !self.cases.is_ours(&peer) {
            self.doubt(peer, Evidence::Silence { ms });
        }
    }

    /// A probe, which shows what we know.
    pub(super) const fn ping(&self, number: u64) -> Frame {
        Frame::Ping { number, view: self.view_sum() }
    }

    /// The peer has probed us. What it shows can differ from what we know for as long as news is on its way, and no longer.
    pub(super) fn on_ping(&mut self, link: LinkId, number: u64, view: u16) {
        self.probes.ping(self.now, link, &self.config, &mut self.random);
        self.send(link, Lane::Unreliable, &Frame::Pong(number));
        if !self.links.is_greeted(link) {
            return;
        }
        let is_equal = view == self.view_sum();
        let lag_ms = self.probes.lag_ms(self.now, link);
        self.stats.lag_max_ms = self.stats.lag_max_ms.max(lag_ms);
        if self.probes.look(self.now, link, is_equal) {
            self.begin_comparison(link);
        }
    }

    /// The last bits of the sums over the members and over the state.
    #[expect(clippy::cast_possible_truncation, reason = "the last bits are what is wanted")]
    const fn view_sum(&self) -> u16 {
        self.sync.sum().wrapping_add(self.store.fingerprint()) as u16
    }

    /// Something speaks against a member. It is asked, over our own link if there is one, and through others.
    pub(super) fn doubt(&mut self, subject: PeerId, evidence: Evidence) {
        self.doubt_after(subject, evidence, 0);
    }

    fn doubt_after(&mut self, subject: PeerId, evidence: Evidence, pause_ms: u32) {
        let ways = if self.links.to(subject).is_some() { 0 } else { WAYS_MAX };
        self.begin_doubt(subject, evidence, ways, pause_ms);
    }

    /// Looks whether a member to whom we have no link is there, first with one question.
    pub(super) fn look_for(&mut self, subject: PeerId) {
        if self.links.to(subject).is_none() {
            self.begin_doubt(subject, Evidence::Unreachable, 1, 0);
        }
    }

    fn begin_doubt(&mut self, subject: PeerId, evidence: Evidence, ways: u8, pause_ms: u32) {
        if self.members.get(&subject).is_some() {
            self.doubts.open(
                self.now.plus_ms(pause_ms),
                self.missed_since(&subject, evidence),
                subject,
                evidence,
                ways,
                self.random.u64(),
            );
            self.pursue_doubts();
        }
    }

    /// Since when we miss a member. A transport that the other side has closed is as good as all the silence that it would take us to ask.
    fn missed_since(&self, subject: &PeerId, evidence: Evidence) -> Instant {
        let ms = match evidence {
            Evidence::Silence { ms } => ms,
            Evidence::Closed => u64::from(self.patience_with(subject).saturating_add(self.config.probe_interval_ms)),
            Evidence::Failed | Evidence::Unreachable => 0,
        };
        self.now.minus_micros(ms.saturating_mul(1_000))
    }

    /// Somebody accuses a member. Its peers and its witnesses look for themselves; if the accuser is rash, once the accused has had time to answer.
    pub(super) fn attend(&mut self, subject: PeerId, is_rash: bool) {
        let Some((_, adjourned)) = self.cases.against(&subject) else { return };
        let heard_lately = |link| self.probes.silence_us(self.now, link) < u64::from(ASK_MS).saturating_mul(1_000);
        let called = match self.links.to(subject) {
            Some(link) => !heard_lately(link),
            None => {
                let limit = WITNESSES << adjourned.min(8);
                self.members.live_between(&subject, &self.id(), limit) < limit
            }
        };
        if called && !self.cases.is_ours(&subject) {
            let is_witness = self.links.to(subject).is_none() && adjourned == 0;
            let answer_ms = if is_rash { self.round_trip_ms() } else { 0 };
            let witness_ms = WITNESS_PAUSE_MS.saturating_add(self.random.below(WITNESS_PAUSE_MS));
            let pause_ms = if is_witness { answer_ms.max(witness_ms) } else { answer_ms };
            self.doubt_after(subject, Evidence::Unreachable, pause_ms);
        }
    }

    /// Asks on, or concludes, wherever an answer was due.
    pub(super) fn pursue_doubts(&mut self) {
        for subject in self.doubts.due(self.now) {
            let ways = self.doubts.get_mut(&subject).map_or(0, |doubt| doubt.ways);
            match ways {
                0 => self.ask_directly(subject),
                1..=WAYS_MAX => self.ask_others(subject, ways),
                _ => self.conclude(subject),
            }
        }
    }

    fn ask_directly(&mut self, subject: PeerId) {
        let mut wait_ms = ASK_MS;
        let Some(asked) = self.doubts.get_mut(&subject).map(Doubt::next_ping) else { return };
        if let Some(link) = self.links.to(subject) {
            let number = self.probes.ask(self.now, link);
            // One of the two is not held up by other frames, and the other is not lost. Where many are lost, one of three gets through.
            let ping = self.ping(number);
            self.send(link, Lane::Unreliable, &ping);
            if asked == 0 {
                self.send(link, Lane::Reliable, &ping);
            }
            wait_ms = wait_ms.max(ms(self.probes.rtt_us(link).unwrap_or(0).saturating_mul(2)));
        }
        let due_at = self.now.plus_ms(self.health.stretch_ms(self.now, wait_ms / PINGS));
        let pings = self.probes.in_proportion(PINGS);
        if let Some(doubt) = self.doubts.get_mut(&subject) {
            doubt.ways = if asked.saturating_add(1) < pings { 0 } else { WAYS_MAX };
            doubt.due_at = due_at;
        }
    }

    fn ask_others(&mut self, subject: PeerId, ways: u8) {
        let is_hearsay = self.doubts.get_mut(&subject).is_some_and(|doubt| !doubt.is_first_hand());
        if is_hearsay && self.is_settled(&subject, self.now) {
            self.doubts.dismiss(&subject);
            return;
        }
        let links = self.ways_around(subject, usize::from(ways));
        let against = self.cases.against(&subject);
        let accused = against.map_or(0, |(incarnation, _)| incarnation);
        let mut wait_ms = self.round_trip_ms();
        wait_ms = self.probes.in_proportion(self.health.stretch_ms(self.now, wait_ms.max(ASK_MS.saturating_mul(2))));
        if links.is_empty() && self.members.alive_count() > usize::from(against.is_none()) {
            wait_ms = wait_ms.saturating_mul(ALONE_FACTOR);
        }
        // There is nobody to tell us that it lives. But if it does, it answers by the server, and by the same link.
        let mute = self.links.to(subject).filter(|_| links.is_empty() && self.introducer.is_attached());
        if let Some(link) = mute {
            self.mend(link, Route::Server(subject));
        }
        let interval_ms = self.config.probe_interval_ms.saturating_add(MARGIN_MS);
        // Who has missed it at first hand, and hears it accused, needs no more. Who has not, wants it to be told of the accusation.
        let told = if is_hearsay { accused } else { 0 };
        let others_look = self.doubts.is_sought(self.now, &subject, wait_ms, told)
            || (!is_hearsay && against.is_some_and(|(_, adjourned)| adjourned == 0));
        // The last that we try, before we accuse: one question goes everywhere.
        let everywhere = u8::try_from(self.depth()).unwrap_or(u8::MAX).min(SEEK_FLOOD_MAX);
        let Some(doubt) = self.doubts.get_mut(&subject) else { return };
        // Nobody complains: there is time.
        if doubt.patrol {
            wait_ms = self.probes.in_proportion(wait_ms.saturating_mul(u32::from(ways)));
            // A search can fail while its subject lives: what it took is no silence.
            doubt.missed_since = self.now;
        }
        doubt.ways = ways.saturating_add(1);
        doubt.due_at = self.now.plus_ms(wait_ms).max(doubt.since.plus_ms(interval_ms));
        let sessions: Vec<u64> = links.iter().map(|_| doubt.next_session()).collect();
        // All its peers miss it at about the same time. One of them asks everywhere; if it gets an answer, so does the member from whom we hear nothing
        // more, and if it gets none, it accuses.
        let leans = ways == WAYS_MAX && others_look && doubt.leaning == Leaning::No;
        if leans {
            doubt.leaning = Leaning::Yes;
        }
        let mut ttl = if ways == WAYS_MAX && !leans { everywhere } else { SEEK_TTL_MAX };
        for (link, session) in links.into_iter().zip(sessions) {
            self.send(link, Lane::Reliable, &Frame::Seek { ttl, to: subject, session, accused });
            ttl = SEEK_TTL_MAX;
        }
    }

    /// Up to `n` of our links to others, the one that leads to a member first.
    fn ways_around(&mut self, subject: PeerId, n: usize) -> Vec<LinkId> {
        let others = self.links.greeted().filter(|(_, link)| link.peer != subject && !self.cases.is_ours(&link.peer));
        let mut others: Vec<LinkId> = others.map(|(id, _)| id).collect();
        let mut chosen = Vec::new();
        let mut next = self.broadcast.way_to(&subject).and_then(|way| others.iter().position(|link| *link == way));
        while chosen.len() < n && !others.is_empty() {
            let any = self.random.below(u32::try_from(others.len()).unwrap_or(u32::MAX));
            let at = next.take().or_else(|| usize::try_from(any).ok()).unwrap_or(0);
            chosen.push(others.swap_remove(at));
        }
        chosen
    }

    /// Whether enough others accuse a member: there is nothing for us to find out, or to add.
    fn is_settled(&self, subject: &PeerId, missed_since: Instant) -> bool {
        self.cases.has_quorum(subject, missed_since, self.jury(subject))
    }

    /// All that could be asked were asked, and it was given its time.
    fn conclude(&mut self, subject: PeerId) {
        if let Some(doubt) = self.doubts.get_mut(&subject)
            && doubt.leaning == Leaning::Yes
        {
            doubt.leaning = Leaning::Over;
            // Who asked everywhere has found it, or has not asked everywhere.
            if !doubt.found && self.cases.against(&subject).is_none() {
                return self.ask_others(subject, WAYS_MAX);
            }
        }
        let Some(doubt) = self.doubts.dismiss(&subject) else { return };
        if doubt.found {
            if let Some(link) = self.links.to(subject) {
                self.mend_or_disconnect(link);
            }
            return;
        }
        // Others would not believe it, and who patrols on would keep their questions from being answered.
        if doubt.evidence == Evidence::Unreachable && !self.is_small_room() && self.cases.is_restrained(self.now) {
            self.patrol_width = 1;
            return;
        }
        // Who has no link to it has only the word of others for how long it has been silent.
        let told = if doubt.evidence == Evidence::Unreachable { self.cases.missed_since(&subject) } else { None };
        let missed_since = told.unwrap_or(doubt.missed_since);
        if self.is_settled(&subject, missed_since) {
            self.cases.witness(&subject, doubt.evidence);
        } else {
            self.suspect(subject, doubt.evidence, missed_since);
        }
        // Where one is gone, there may be more.
        if doubt.patrol {
            self.patrol_width = self.patrol_width.saturating_mul(2).min(PATROL_MAX);
            self.patrol_at = self.now;
            self.patrols_spared = 0;
        } else if doubt.evidence != Evidence::Unreachable {
            self.patrol_soon();
        }
    }

    pub(super) fn plan_patrol(&mut self) {
        self.patrol_at = self.now.plus_ms(self.random.jittered_ms(self.config.patrol_ms));
    }

    pub(super) fn patrol_soon(&mut self) {
        let soon = self.now.plus_ms(self.random.below(PATROL_SOON_MS));
        self.patrol_at = self.patrol_at.min(soon);
        self.patrols_spared = 0;
    }

    /// Compares with a peer, lest a ghost that only we know stays. And now and then, or when there is reason to, looks after those before us
    /// on the ring of ids to whom we have no link: so a member has somebody who looks after it even if all its peers are gone with it, or it
    /// is on the other side of a split.
    pub(super) fn patrol(&mut self) {
        if self.now < self.patrol_at {
            return;
        }
        let links = self.greeted_links();
        // Who slept and was given up by all has first to find its way back.
        if links.is_empty() && self.has_just_woken(self.config.patrol_ms) {
            self.patrol_at = self.now.plus_ms(self.config.probe_interval_ms);
            return;
        }
        self.plan_patrol();
        // The accused first, where accusers are lacking: they are gone, or have something to say.
        let mut sought = self.members.suspects(PATROL_MAX);
        sought.retain(|subject| self.cases.against(subject).is_none_or(|(_, adjourned)| adjourned > 0));
        let spared = u32::try_from(self.members.len() / MEMBERS_PER_PATROL).unwrap_or(u32::MAX);
        let spared = self.probes.in_proportion(spared.min(PATROLS_SPARED_MAX));
        self.patrols_spared = self.patrols_spared.min(spared).saturating_sub(1);
        if self.patrols_spared == 0 {
            self.patrols_spared = spared;
            sought.extend(self.members.live_before(&self.id(), self.patrol_width));
        }
        sought.into_iter().for_each(|subject| self.look_for(subject));
        if let Some(link) = self.random.pick(&links).copied() {
            self.begin_comparison(link);
        }
    }

    /// Somebody seeks a member: us, or one to whom we know a way.
    pub(super) fn on_seek(&mut self, from: LinkId, ttl: u8, to: PeerId, session: u64, accused: u64) {
        if !self.probes.admit_seek(self.now, from) {
            return;
        }
        let known = self.questions.origin(session).is_some();
        self.questions.remember(session, Route::Mesh(from), Route::Mesh(from));
        if to == self.id() {
            if known {
                return;
            }
            if accused > 0 {
                self.refute(accused);
            }
            let newer = accused > 0 && self.me.body.incarnation > accused;
            let records = newer.then(|| self.me.clone()).into_iter().collect();
            self.send(from, Lane::Reliable, &Frame::Found { session, records });
            return;
        }
        let Some(ttl) = ttl.min(SEEK_TTL_MAX).checked_sub(1) else { return };
        let others: Vec<LinkId> = self.greeted_links().into_iter().filter(|link| *link != from).collect();
        let is_other = |link: &LinkId| others.contains(link);
        // What has been here before goes no further, but to the member itself.
        let direct = self.links.to(to).filter(is_other);
        let flooding = ttl < SEEK_FLOOD_MAX;
        if flooding && !known && (ttl > 0 || direct.is_some()) {
            self.doubts.note_search(self.now, to, accused);
        }
        let learnt = if known || flooding { None } else { self.way_to(to).filter(is_other) };
        if let Some(link) = direct.or(learnt) {
            self.send(link, Lane::Reliable, &Frame::Seek { ttl, to, session, accused });
        } else if !known && ttl > 0 {
            let ttl = if flooding { ttl } else { SEEK_AROUND };
            let seek = Frame::Seek { ttl, to, session, accused };
            others.into_iter().for_each(|link| self.send(link, Lane::Reliable, &seek));
        }
    }

    /// The answer to a question of ours, or of somebody else.
    pub(super) fn on_found(&mut self, from: LinkId, peer: PeerId, session: u64, records: Vec<Signed<Record>>) {
        let Some(subject) = self.doubts.sought(session) else {
            let back = self.questions.origin(session).filter(|back| self.is_usable(*back));
            if let Some(back) = back {
                self.send_by(back, &Frame::Found { session, records });
            }
            return;
        };
        if self.links.to(subject).is_none() {
            if self.doubts.dismiss(&subject).is_some_and(|doubt| doubt.patrol) {
                self.patrol_width = 1;
            }
        } else if let Some(doubt) = self.doubts.get_mut(&subject) {
            doubt.found = true;
        }
        records.into_iter().for_each(|record| self.on_record(from, peer, 1, record));
    }

    /// What a case is judged by: how many could accuse, how long a refutation may take to travel, and how long a silence means death.
    pub(super) fn jury(&self, subject: &PeerId) -> Jury {
        let Config { suspicion_ms, probe_interval_ms, .. } = self.config;
        let observers = self.members.len().saturating_add(1).saturating_sub(self.cases.mute());
        let travel_ms = ms(self.probes.typical_rtt_us()).saturating_mul(self.depth());
        let spare_ms = suspicion_ms / 4;
        let patience_ms = suspicion_ms.saturating_sub(spare_ms).max(travel_ms.saturating_add(spare_ms));
        let patience_ms = self.probes.in_proportion(patience_ms);
        let missed_ms = self.patience_with(subject).saturating_add(probe_interval_ms).saturating_add(suspicion_ms);
        Jury { observers, patience_ms, missed_ms }
    }

    /// How long it takes to ask somebody far away.
    fn round_trip_ms(&self) -> u32 {
        ms(self.probes.typical_rtt_us()).saturating_mul(self.depth().saturating_add(4) / 2)
    }

    /// The logarithm of the room's size: a bound on the links that a rumor crosses.
    pub(super) fn depth(&self) -> u32 {
        self.members.len().saturating_add(1).checked_ilog2().unwrap_or(0).saturating_add(1)
    }
}

fn ms(micros: u64) -> u32 {
    u32::try_from(micros / 1_000).unwrap_or(u32::MAX)
}
