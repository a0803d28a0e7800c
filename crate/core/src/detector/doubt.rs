//! Our own doubts: who is asked whether it is there, before it is accused of not being there (SWIM, section 4.1).

use alloc::vec::Vec;

use super::Evidence;
use crate::{identity::PeerId, table::SmallMap, time::Instant};

/// Members whom we doubt at a time; more wait until somebody gives us another cause.
const DOUBTS_MAX: usize = 64;

/// A question is put over so many links at most.
pub(crate) const WAYS_MAX: u8 = 3;

/// The lowest bits of a session tell the questions of one doubt apart: they may cross the same member.
const QUESTIONS: u64 = 16;

#[derive(Clone, Debug, Default)]
pub(crate) struct Doubts {
    open: SmallMap<PeerId, Doubt>,
    /// Whom others seek, when we last heard of it, and at which incarnation they know it to be accused.
    sought: SmallMap<PeerId, (Instant, u64)>,
}

/// Whether somebody else's search is to serve for ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaning {
    /// We have not thought of it.
    No,
    /// What comes of another's search decides.
    Yes,
    /// Nothing came of it.
    Over,
}

/// A member whom we are asking for.
#[derive(Clone, Debug)]
pub(crate) struct Doubt {
    /// What gave cause.
    pub(crate) evidence: Evidence,
    /// Nobody complained: we only look whether it is there.
    pub(crate) patrol: bool,
    /// Over how many other links it is sought next; 0: it is asked over our own link to it first. Beyond [`WAYS_MAX`]: all was tried.
    pub(crate) ways: u8,
    /// Others have found it.
    pub(crate) found: bool,
    /// Whether it is left to another to ask everywhere.
    pub(crate) leaning: Leaning,
    pub(crate) since: Instant,
    /// When we last had a sign of life.
    pub(crate) missed_since: Instant,
    pub(crate) due_at: Instant,
    session: u64,
    asked: u64,
    /// How often it was asked over our own link.
    pings: u32,
}

impl Doubts {
    /// Begins to doubt, unless we do already.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        missed_since: Instant,
        subject: PeerId,
        evidence: Evidence,
        ways: u8,
        session: u64,
    ) {
        if self.open.contains_key(&subject) || self.open.len() >= DOUBTS_MAX {
            return;
        }
        let (patrol, session) = (ways == 1, session & !(QUESTIONS - 1));
        let doubt = Doubt {
            evidence,
            patrol,
            ways,
            found: false,
            leaning: Leaning::No,
            since: now,
            missed_since,
            due_at: now,
            session,
            asked: 0,
            pings: 0,
        };
        self.open.insert(subject, doubt);
    }

    /// It has shown itself, or it is gone.
    pub(crate) fn dismiss(&mut self, subject: &PeerId) -> Option<Doubt> {
        self.open.remove(subject)
    }

    /// Who is sought under this session, if anybody is.
    pub(crate) fn sought(&self, session: u64) -> Option<PeerId> {
        self.open.iter().find(|(_, doubt)| doubt.asked_under(session)).map(|(subject, _)| *subject)
    }

    /// Somebody else seeks a member everywhere, and we have passed it on.
    pub(crate) fn note_search(&mut self, now: Instant, subject: PeerId, accused: u64) {
        self.sought.make_room(&subject, DOUBTS_MAX, |(at, _)| *at);
        self.sought.insert(subject, (now, accused));
    }

    /// Whether somebody else has sought a member within so much time, and told it that it is accused at this incarnation, or a later one.
    pub(crate) fn is_sought(&self, now: Instant, subject: &PeerId, within_ms: u32, accused: u64) -> bool {
        self.sought.get(subject).is_some_and(|(at, told)| now < at.plus_ms(within_ms) && accused <= *told)
    }

    pub(crate) fn get_mut(&mut self, subject: &PeerId) -> Option<&mut Doubt> {
        self.open.get_mut(subject)
    }

    /// Who is to be asked again, or given up.
    pub(crate) fn due(&self, now: Instant) -> Vec<PeerId> {
        self.open.iter().filter(|(_, doubt)| now >= doubt.due_at).map(|(subject, _)| *subject).collect()
    }

    /// This host stood still: all are asked once more, and no answer is expected before `until`.
    pub(crate) fn forgive(&mut self, now: Instant, late_us: u64, until: Instant) {
        for doubt in self.open.values_mut() {
            doubt.ways = doubt.ways.min(WAYS_MAX);
            doubt.missed_since = doubt.missed_since.plus_micros(late_us);
            (doubt.since, doubt.due_at) = (now, until);
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.open.values().map(|doubt| doubt.due_at).min()
    }
}

impl Doubt {
    /// Whether we have seen ourselves that it is silent: there was a link to it.
    pub(crate) fn is_first_hand(&self) -> bool {
        self.evidence != Evidence::Unreachable || self.pings > 0
    }

    /// The session of the next question.
    pub(crate) fn next_session(&mut self) -> u64 {
        let session = self.session | self.asked.min(QUESTIONS - 1);
        self.asked = self.asked.saturating_add(1);
        session
    }

    /// How often it was asked over our own link before.
    pub(crate) const fn next_ping(&mut self) -> u32 {
        let before = self.pings;
        self.pings = before.saturating_add(1);
        before
    }

    const fn asked_under(&self, session: u64) -> bool {
        session & !(QUESTIONS - 1) == self.session && self.asked > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: PeerId = PeerId::from_bytes([9; 16]);

    fn doubts(ways: u8) -> Doubts {
        let mut doubts = Doubts::default();
        doubts.open(Instant::ZERO, Instant::ZERO, SUBJECT, Evidence::Closed, ways, 0xabcd);
        doubts
    }

    #[test]
    fn an_answer_counts_for_the_question_that_was_put() {
        let mut doubts = doubts(3);
        assert_eq!(doubts.sought(0xabc0), None, "nobody was asked yet");
        let session = doubts.get_mut(&SUBJECT).unwrap().next_session();
        assert_eq!(doubts.sought(session), Some(SUBJECT));
        assert_eq!(doubts.sought(session ^ 0x10), None);
        assert!(doubts.dismiss(&SUBJECT).is_some());
        assert_eq!(doubts.sought(session), None);
    }

    #[test]
    fn the_questions_of_one_doubt_have_names_of_their_own() {
        let mut doubts = doubts(3);
        let doubt = doubts.get_mut(&SUBJECT).unwrap();
        assert_ne!(doubt.next_session(), doubt.next_session());
    }

    #[test]
    fn who_is_doubted_is_not_doubted_twice() {
        let mut doubts = doubts(3);
        doubts.open(Instant::from_millis(9), Instant::ZERO, SUBJECT, Evidence::Failed, 1, 7);
        assert_eq!(doubts.dismiss(&SUBJECT).map(|doubt| doubt.evidence), Some(Evidence::Closed));
    }

    #[test]
    fn who_stood_still_asks_once_more() {
        let mut doubts = doubts(4);
        let until = Instant::from_millis(1_000);
        doubts.forgive(Instant::ZERO, 0, until);
        assert_eq!((doubts.due(Instant::from_millis(999)), doubts.next_timeout()), (Vec::new(), Some(until)));
        assert_eq!(doubts.get_mut(&SUBJECT).map(|doubt| doubt.ways), Some(WAYS_MAX));
    }

    #[test]
    fn whom_others_seek_is_remembered_for_a_while_and_of_many_the_last() {
        let (mut doubts, second) = (Doubts::default(), Instant::from_millis(1_000));
        doubts.note_search(Instant::ZERO, SUBJECT, 5);
        let sought = |at, accused| doubts.is_sought(Instant::from_millis(at), &SUBJECT, 1_000, accused);
        assert_eq!([sought(999, 0), sought(999, 5), sought(999, 6), sought(1_000, 0)], [true, true, false, false]);
        for n in 100..=200 {
            doubts.note_search(second, PeerId::from_bytes([n; 16]), 0);
        }
        assert!(!doubts.is_sought(Instant::ZERO, &SUBJECT, 1_000, 0), "the oldest has given way");
        assert!(doubts.is_sought(second, &PeerId::from_bytes([200; 16]), 1_000, 0));
        assert_eq!(doubts.sought.len(), DOUBTS_MAX);
    }

    #[test]
    fn doubts_are_bounded() {
        let mut doubts = Doubts::default();
        for n in 0..100 {
            doubts.open(Instant::ZERO, Instant::ZERO, PeerId::from_bytes([n; 16]), Evidence::Failed, 1, 0);
        }
        assert_eq!(doubts.open.len(), DOUBTS_MAX);
    }
}
