//! What is measured of a run, from the news that nodes tell their users.

use std::collections::{BTreeMap, BTreeSet};

use chinwag_core::{Departure, Event, Message, PeerId, Status};
use rustc_hash::FxHashMap;

use crate::{
    bits::Bits,
    host::State,
    time::{MS, Micros},
};

/// Bytes of a measured message that name it.
pub const NAME_BYTES: usize = 8;

/// What nodes have told so far.
#[derive(Debug, Default)]
pub struct Measures {
    /// Looked up, never iterated.
    by_id: FxHashMap<PeerId, u32>,
    observers: Vec<Observer>,
    watches: Vec<Watch>,
    messages: Vec<Sent>,
    duplicates: u64,
    false_deaths: BTreeSet<(u32, u64)>,
    false_suspicions: BTreeSet<(u32, u64)>,
    deaths_of_frozen: BTreeSet<(u32, u64)>,
    /// Who errs on purpose: neither its mistakes count nor those about it.
    adversaries: Bits,
    links: Links,
    /// When each member was last heard of by somebody new.
    known_at: Vec<Option<Micros>>,
    /// When one host heard of each other, for those that are timed.
    heard: BTreeMap<(u32, u32), Micros>,
}

/// What one host has told.
#[derive(Clone, Debug, Default)]
struct Observer {
    known: Bits,
    suspected: Bits,
    first_link_at: Option<Micros>,
    learned_at: Option<Micros>,
}

/// A member whose joining or death is timed at all others.
#[derive(Clone, Debug)]
struct Watch {
    subject: u32,
    what: Watched,
    since: Micros,
    seen_at: Vec<Option<Micros>>,
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// When others hear that a member is there.
    Joining,
    /// When others know that a member is gone.
    Death,
}

/// Names something that is timed.
#[derive(Clone, Copy, Debug)]
pub struct WatchId(usize);

/// A message and who has it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Who sent it.
    pub from: u32,
    /// When.
    pub at: Micros,
    /// Who has it.
    pub delivered: Bits,
    /// When the last of them got it.
    pub last_at: Micros,
    /// How many hosts got it over so many links.
    pub hops: Vec<u32>,
    /// How many milliseconds it took, to each host that got it.
    pub took_ms: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Links {
    samples: u64,
    sum: u64,
    max: usize,
}

impl Measures {
    /// A host starts, or starts anew, with this id.
    pub fn host(&mut self, host: u32, id: PeerId) {
        self.by_id.entry(id).or_insert(host);
        self.observers.resize_with(self.observers.len().max(host as usize + 1), Observer::default);
        self.observers[host as usize] = Observer::default();
    }

    /// A host ends.
    pub fn died(&mut self, host: u32) {
        self.observers[host as usize] = Observer::default();
    }

    /// A host is an adversary from now on.
    pub fn distrust(&mut self, host: u32) {
        self.adversaries.insert(host);
    }

    /// The hosts that are adversaries.
    #[must_use]
    pub const fn adversaries(&self) -> &Bits {
        &self.adversaries
    }

    /// An id stands for another host from now on: a second tab with the same key, of which the first is gone.
    pub fn pass_on(&mut self, id: PeerId, from: u32, to: u32) {
        self.by_id.insert(id, to);
        for observer in &mut self.observers {
            for hosts in [&mut observer.known, &mut observer.suspected] {
                if hosts.contains(from) {
                    hosts.remove(from);
                    hosts.insert(to);
                }
            }
        }
    }

    /// What is measured from here on; what is known stays.
    pub fn begin(&mut self) {
        self.watches.clear();
        self.heard.clear();
        self.messages.clear();
        self.duplicates = 0;
        self.false_deaths.clear();
        self.false_suspicions.clear();
        self.deaths_of_frozen.clear();
        self.links = Links::default();
    }

    /// Times something at all hosts from now on.
    pub fn watch(&mut self, now: Micros, subject: u32, what: Watched) -> WatchId {
        self.watches.push(Watch { subject, what, since: now, seen_at: Vec::new() });
        WatchId(self.watches.len() - 1)
    }

    /// Names a message that a host is about to send: its payload begins with these bytes.
    pub fn compose(&mut self, now: Micros, from: u32) -> [u8; NAME_BYTES] {
        self.messages.push(Sent {
            from,
            at: now,
            delivered: Bits::default(),
            last_at: now,
            hops: Vec::new(),
            took_ms: Vec::new(),
        });
        (self.messages.len() as u64 - 1).to_le_bytes()
    }

    /// A host tells something. `state` says what a member does in truth.
    pub fn event(&mut self, now: Micros, host: u32, event: &Event, state: impl Fn(&PeerId) -> State) {
        match event {
            Event::Joined(member) => self.learned(now, host, &member.id),
            Event::Changed(member) if member.status == Status::Alive => {
                self.with(host, &member.id, |observer, subject| observer.suspected.remove(subject));
            }
            Event::Suspected { member, .. } => {
                self.with(host, &member.id, |observer, subject| observer.suspected.insert(subject));
                if state(&member.id) == State::Running {
                    self.note(host, &member.id, member.incarnation, |measures| &mut measures.false_suspicions);
                }
            }
            Event::Gone { member, why } => {
                self.lost(now, host, &member.id);
                if matches!(why, Departure::Failed { .. }) {
                    match state(&member.id) {
                        State::Running => {
                            self.note(host, &member.id, member.incarnation, |measures| &mut measures.false_deaths);
                        }
                        State::Paused => {
                            self.note(host, &member.id, member.incarnation, |measures| &mut measures.deaths_of_frozen);
                        }
                        State::Dead => {}
                    }
                }
            }
            Event::Link { up: true, .. } => {
                self.observers[host as usize].first_link_at.get_or_insert(now);
            }
            Event::Message(message) => self.delivered(now, host, message),
            _ => {}
        }
    }

    /// A second has passed: how many links the living have.
    pub fn second(&mut self, links: impl Iterator<Item = usize>) {
        for links in links {
            self.links.samples += 1;
            self.links.sum += links as u64;
            self.links.max = self.links.max.max(links);
        }
    }

    /// Mean and maximum of the links of a host, over all seconds.
    #[must_use]
    pub fn links(&self) -> (f64, usize) {
        (self.links.sum as f64 / self.links.samples.max(1) as f64, self.links.max)
    }

    /// Whom a host takes for a member, itself not included.
    #[must_use]
    pub fn known(&self, host: u32) -> &Bits {
        &self.observers[host as usize].known
    }

    /// Whom a host suspects.
    #[must_use]
    pub fn suspected(&self, host: u32) -> &Bits {
        &self.observers[host as usize].suspected
    }

    /// Whether a host knows exactly the living, `living` of which it is one, and suspects none of them.
    #[must_use]
    pub fn is_right(&self, host: u32, living: &Bits) -> bool {
        let known = self.known(host);
        known.len() + 1 == living.len() && known.common(living) == known.len() && self.suspected(host).is_empty()
    }

    /// When a host's first link opened.
    #[must_use]
    pub fn first_link_at(&self, host: u32) -> Option<Micros> {
        self.observers[host as usize].first_link_at
    }

    /// When a host last heard of somebody new.
    #[must_use]
    pub fn learned_at(&self, host: u32) -> Option<Micros> {
        self.observers[host as usize].learned_at
    }

    /// When somebody last heard of a member that it had not known.
    #[must_use]
    pub fn known_to_last_at(&self, subject: u32) -> Option<Micros> {
        self.known_at.get(subject as usize).copied().flatten()
    }

    /// When a member whose joining is timed heard of another.
    #[must_use]
    pub fn heard_at(&self, host: u32, of: u32) -> Option<Micros> {
        self.heard.get(&(host, of)).copied()
    }

    /// When each host saw what is timed.
    #[must_use]
    pub fn seen_at(&self, watch: WatchId, host: u32) -> Option<Micros> {
        self.watches.get(watch.0)?.seen_at.get(host as usize).copied().flatten()
    }

    /// How many milliseconds it took until each host saw each of those that are timed.
    #[must_use]
    pub fn times_ms(&self, what: Watched) -> Vec<u32> {
        let watches = self.watches.iter().filter(|watch| watch.what == what);
        let took = |watch: &Watch| {
            let since = watch.since;
            watch.seen_at.iter().flatten().map(move |at| ((at - since) / MS) as u32).collect::<Vec<_>>()
        };
        watches.flat_map(took).collect()
    }

    /// All messages that were measured.
    #[must_use]
    pub fn messages(&self) -> &[Sent] {
        &self.messages
    }

    /// Messages that were delivered a second time.
    #[must_use]
    pub const fn duplicates_delivered(&self) -> u64 {
        self.duplicates
    }

    /// Deaths of members that ran all the time, by (member, incarnation).
    #[must_use]
    pub fn false_deaths(&self) -> usize {
        self.false_deaths.len()
    }

    /// Deaths of members that stood still, by (member, incarnation).
    #[must_use]
    pub fn deaths_of_frozen(&self) -> usize {
        self.deaths_of_frozen.len()
    }

    /// Suspicions of members that ran all the time, by (member, incarnation).
    #[must_use]
    pub fn false_suspicions(&self) -> usize {
        self.false_suspicions.len()
    }

    fn with(&mut self, host: u32, id: &PeerId, change: impl FnOnce(&mut Observer, u32) -> bool) {
        if let Some(subject) = self.by_id.get(id) {
            change(&mut self.observers[host as usize], *subject);
        }
    }

    /// A host is wrong about a member.
    fn note(
        &mut self,
        host: u32,
        id: &PeerId,
        incarnation: u64,
        which: impl FnOnce(&mut Self) -> &mut BTreeSet<(u32, u64)>,
    ) {
        let is_honest = |host: u32| !self.adversaries.contains(host);
        if let Some(subject) = self.by_id.get(id).copied().filter(|subject| is_honest(*subject) && is_honest(host)) {
            which(self).insert((subject, incarnation));
        }
    }

    fn learned(&mut self, now: Micros, host: u32, id: &PeerId) {
        let Some(subject) = self.by_id.get(id).copied() else { return };
        let observer = &mut self.observers[host as usize];
        observer.suspected.remove(subject);
        if observer.known.insert(subject) {
            observer.learned_at = Some(now);
            self.known_at.resize(self.known_at.len().max(subject as usize + 1), None);
            self.known_at[subject as usize] = Some(now);
        }
        if self.watches.iter().any(|watch| watch.subject == host && watch.what == Watched::Joining) {
            self.heard.entry((host, subject)).or_insert(now);
        }
        self.saw(now, host, subject, Watched::Joining);
    }

    fn lost(&mut self, now: Micros, host: u32, id: &PeerId) {
        let Some(subject) = self.by_id.get(id).copied() else { return };
        let observer = &mut self.observers[host as usize];
        observer.suspected.remove(subject);
        observer.known.remove(subject);
        self.saw(now, host, subject, Watched::Death);
    }

    fn saw(&mut self, now: Micros, host: u32, subject: u32, what: Watched) {
        for watch in self.watches.iter_mut().filter(|watch| watch.subject == subject && watch.what == what) {
            let host = host as usize;
            watch.seen_at.resize(watch.seen_at.len().max(host + 1), None);
            watch.seen_at[host].get_or_insert(now);
        }
    }

    fn delivered(&mut self, now: Micros, host: u32, message: &Message) {
        let name = message.payload.first_chunk().map(|name| u64::from_le_bytes(*name) as usize);
        let Some(sent) = name.and_then(|name| self.messages.get_mut(name)) else { return };
        if self.by_id.get(&message.from) != Some(&sent.from) {
            return;
        }
        if !sent.delivered.insert(host) {
            self.duplicates += 1;
            return;
        }
        sent.last_at = now;
        sent.took_ms.push(((now - sent.at) / MS) as u32);
        let hops = usize::from(message.hops);
        sent.hops.resize(sent.hops.len().max(hops + 1), 0);
        sent.hops[hops] += 1;
    }
}

#[cfg(test)]
mod tests {
    use chinwag_core::MemberView;

    use super::*;

    const NOW: Micros = 5_000;

    fn id(host: u8) -> PeerId {
        PeerId::from_bytes([host; 16])
    }

    fn suspected(host: u8) -> Event {
        Event::Suspected { member: member(host), accuser: id(0), evidence: None }
    }

    fn member(host: u8) -> MemberView {
        MemberView {
            id: id(host),
            public_key: [host; 32],
            status: Status::Alive,
            incarnation: 1,
            joined_at_ms: 0,
            zone: None,
            hidden: false,
            greeter: false,
            presence: None,
            linked: false,
            rtt_us: None,
        }
    }

    /// Three hosts that know nobody.
    fn measures() -> Measures {
        let mut measures = Measures::default();
        (0..3_u8).for_each(|host| measures.host(u32::from(host), id(host)));
        measures
    }

    fn tell(measures: &mut Measures, now: Micros, host: u32, event: &Event) {
        measures.event(now, host, event, |_| State::Running);
    }

    fn failed(host: u8) -> Event {
        Event::Gone { member: member(host), why: Departure::Failed { evidence: None, accusers: Vec::new() } }
    }

    fn message(from: u8, hops: u8, payload: &[u8]) -> Event {
        let (from, payload) = (id(from), payload.to_vec());
        Event::Message(Message { from, seq: 1, channel: "chat".into(), sent_at_ms: 0, hops, direct: false, payload })
    }

    #[test]
    fn a_host_is_right_when_it_knows_exactly_the_living_and_suspects_nobody() {
        let (mut measures, living) = (measures(), [0, 1, 2].into_iter().collect());
        tell(&mut measures, NOW, 0, &Event::Joined(member(1)));
        assert!(!measures.is_right(0, &living));
        tell(&mut measures, NOW, 0, &Event::Joined(member(2)));
        assert!(measures.is_right(0, &living));
        tell(&mut measures, NOW, 0, &suspected(2));
        assert!(!measures.is_right(0, &living));
        tell(&mut measures, NOW, 0, &Event::Changed(member(2)));
        assert!(measures.is_right(0, &living));
        assert!(!measures.is_right(0, &[0, 1].into_iter().collect()), "it knows one that is gone");
    }

    #[test]
    fn joining_and_death_are_timed_from_when_they_are_watched() {
        let mut measures = measures();
        let joining = measures.watch(1_000, 1, Watched::Joining);
        let death = measures.watch(1_000, 1, Watched::Death);
        tell(&mut measures, NOW, 0, &Event::Joined(member(1)));
        tell(&mut measures, NOW + 1, 0, &Event::Joined(member(1)));
        tell(&mut measures, NOW + 2_000, 2, &failed(1));
        assert_eq!((measures.seen_at(joining, 0), measures.seen_at(joining, 2)), (Some(NOW), None));
        assert_eq!((measures.seen_at(death, 2), measures.seen_at(death, 0)), (Some(NOW + 2_000), None));
        assert_eq!((measures.times_ms(Watched::Joining), measures.times_ms(Watched::Death)), (vec![4], vec![6]));
    }

    #[test]
    fn a_newcomer_that_is_watched_is_timed_at_its_own_end_too() {
        let mut measures = measures();
        measures.watch(0, 0, Watched::Joining);
        tell(&mut measures, NOW, 0, &Event::Joined(member(1)));
        assert_eq!((measures.heard_at(0, 1), measures.heard_at(0, 2)), (Some(NOW), None));
        assert_eq!((measures.learned_at(0), measures.known_to_last_at(1)), (Some(NOW), Some(NOW)));
    }

    #[test]
    fn deaths_are_false_where_the_dead_run_and_only_there() {
        let mut measures = measures();
        tell(&mut measures, NOW, 0, &failed(1));
        tell(&mut measures, NOW, 2, &failed(1));
        measures.event(NOW, 0, &failed(2), |_| State::Paused);
        measures.event(NOW, 1, &failed(0), |_| State::Dead);
        assert_eq!((measures.false_deaths(), measures.deaths_of_frozen()), (1, 1));
        tell(&mut measures, NOW, 0, &Event::Gone { member: member(1), why: Departure::Left });
        tell(&mut measures, NOW, 0, &suspected(1));
        assert_eq!((measures.false_deaths(), measures.false_suspicions()), (1, 1));
        measures.begin();
        assert_eq!((measures.false_deaths(), measures.false_suspicions(), measures.deaths_of_frozen()), (0, 0, 0));
    }

    #[test]
    fn a_message_is_known_by_its_name_and_counted_once() {
        let mut measures = measures();
        let name = measures.compose(NOW, 1);
        tell(&mut measures, NOW + 2_000, 0, &message(1, 3, &name));
        tell(&mut measures, NOW + 9_000, 0, &message(1, 3, &name));
        tell(&mut measures, NOW, 2, &message(0, 1, &name));
        tell(&mut measures, NOW, 2, &message(1, 1, b"no name"));
        let [sent] = measures.messages() else { panic!("one message") };
        assert_eq!((sent.delivered.len(), sent.last_at, sent.took_ms.as_slice()), (1, NOW + 2_000, &[2][..]));
        assert_eq!((sent.hops.as_slice(), measures.duplicates_delivered()), (&[0, 0, 0, 1][..], 1));
    }

    #[test]
    fn who_starts_anew_knows_nobody() {
        let mut measures = measures();
        tell(&mut measures, NOW, 0, &Event::Joined(member(1)));
        tell(&mut measures, NOW, 0, &Event::Link { peer: id(1), up: true });
        assert_eq!((measures.known(0).len(), measures.first_link_at(0)), (1, Some(NOW)));
        measures.host(0, id(0));
        assert_eq!((measures.known(0).len(), measures.first_link_at(0)), (0, None));
    }

    #[test]
    fn mistakes_of_adversaries_and_about_them_do_not_count() {
        let mut measures = measures();
        measures.distrust(1);
        for (observer, subject) in [(0, 1), (1, 0)] {
            tell(&mut measures, NOW, observer, &suspected(subject));
            tell(&mut measures, NOW, observer, &failed(subject));
        }
        assert_eq!((measures.false_deaths(), measures.false_suspicions()), (0, 0));
        tell(&mut measures, NOW, 0, &failed(2));
        assert_eq!(measures.false_deaths(), 1);
    }

    #[test]
    fn links_are_a_mean_over_hosts_and_seconds() {
        let mut measures = measures();
        measures.second([2, 4].into_iter());
        measures.second([6].into_iter());
        assert_eq!(measures.links(), (4.0, 6));
    }
}
