//! The cases against members under suspicion (SWIM, section 4.2; confirmations as in Lifeguard, Dadgar 2018, section IV-B).

use alloc::vec::Vec;

use core::cmp::Ordering;

use super::Evidence;
use crate::{config::Config, identity::PeerId, table::SmallMap, time::Instant};

/// Accusers that a death needs, if there are as many who could know.
const QUORUM: usize = 3;

/// Accusers that are remembered of a case.
const ACCUSERS_MAX: usize = 4;

#[derive(Clone, Debug, Default)]
pub(crate) struct Cases {
    open: SmallMap<PeerId, Case>,
}

#[derive(Clone, Debug)]
struct Case {
    incarnation: u64,
    opened_at: Instant,
    accusers: Vec<PeerId>,
    evidence: Option<Evidence>,
}

/// An unrefuted case that has come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) subject: PeerId,
    pub(crate) incarnation: u64,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) accusers: Vec<PeerId>,
}

impl Cases {
    /// Whether an accusation would add to what is known: worth a look at its signature.
    pub(crate) fn is_news(&self, accuser: &PeerId, subject: &PeerId, incarnation: u64) -> bool {
        self.open.get(subject).is_none_or(|case| match case.incarnation.cmp(&incarnation) {
            Ordering::Less => true,
            Ordering::Equal => case.accusers.len() < ACCUSERS_MAX && !case.accusers.contains(accuser),
            Ordering::Greater => false,
        })
    }

    /// Adds an accusation. Whether it is one that was not known: then others want to hear of it.
    pub(crate) fn accuse(&mut self, now: Instant, accuser: PeerId, subject: PeerId, incarnation: u64) -> bool {
        let news = self.is_news(&accuser, &subject, incarnation);
        if news {
            let case = self.open.or_insert(subject, Case::new(now, incarnation));
            if case.incarnation < incarnation {
                *case = Case::new(now, incarnation);
            }
            case.accusers.push(accuser);
        }
        news
    }

    /// Notes what we saw ourselves.
    pub(crate) fn note(&mut self, subject: &PeerId, evidence: Evidence) {
        if let Some(case) = self.open.get_mut(subject) {
            case.evidence = Some(evidence);
        }
    }

    /// The subject has refuted, or is gone.
    pub(crate) fn dismiss(&mut self, subject: &PeerId) -> bool {
        self.open.remove(subject).is_some()
    }

    /// Somebody is gone: its word no longer counts.
    pub(crate) fn disregard(&mut self, accuser: &PeerId) {
        self.open.values_mut().for_each(|case| {
            case.accusers.retain(|other| other != accuser);
        });
        self.open.retain(|_, case| !case.accusers.is_empty());
    }

    /// The cases that have stood long enough. `observers` is how many live members could accuse, ourselves included.
    pub(crate) fn handle_timeout(&mut self, now: Instant, observers: usize, config: &Config) -> Vec<Verdict> {
        let due = |case: &Case| now >= case.due_at(observers, config);
        let subjects: Vec<PeerId> = self.open.iter().filter(|(_, case)| due(case)).map(|(id, _)| *id).collect();
        subjects.into_iter().filter_map(|subject| self.close(subject)).collect()
    }

    /// This host stood still: the accused get the time back.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        for case in self.open.values_mut() {
            case.opened_at = case.opened_at.plus_micros(late_us);
        }
    }

    pub(crate) fn next_timeout(&self, observers: usize, config: &Config) -> Option<Instant> {
        self.open.values().map(|case| case.due_at(observers, config)).min()
    }

    fn close(&mut self, subject: PeerId) -> Option<Verdict> {
        let case = self.open.remove(&subject)?;
        let Case { incarnation, evidence, accusers, .. } = case;
        Some(Verdict { subject, incarnation, evidence, accusers })
    }
}

impl Case {
    const fn new(now: Instant, incarnation: u64) -> Self {
        Self { incarnation, opened_at: now, accusers: Vec::new(), evidence: None }
    }

    /// With too few accusers the subject gets more time: it is perhaps cut off from one, and alive for the others.
    fn due_at(&self, observers: usize, config: &Config) -> Instant {
        let factor = if self.accusers.len() >= QUORUM.min(observers) { 1 } else { config.suspicion_lone_factor };
        self.opened_at.plus_ms(config.suspicion_ms.saturating_mul(factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: PeerId = PeerId::from_bytes([9; 16]);

    const fn peer(n: u8) -> PeerId {
        PeerId::from_bytes([n; 16])
    }

    #[test]
    fn an_accusation_is_news_once() {
        let mut cases = Cases::default();
        assert!(cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5));
        assert!(!cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5));
        assert!(cases.accuse(Instant::ZERO, peer(2), SUBJECT, 5));
        assert!(!cases.accuse(Instant::ZERO, peer(3), SUBJECT, 4), "of an older incarnation");
    }

    #[test]
    fn one_accuser_among_many_waits_longer_than_three() {
        let config = Config::default();
        let mut cases = Cases::default();
        cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5);
        let lone = cases.next_timeout(7, &config).unwrap();
        cases.accuse(Instant::ZERO, peer(2), SUBJECT, 5);
        cases.accuse(Instant::ZERO, peer(3), SUBJECT, 5);
        let confirmed = cases.next_timeout(7, &config).unwrap();
        assert_eq!(confirmed, Instant::ZERO.plus_ms(config.suspicion_ms));
        assert_eq!(lone.as_millis(), confirmed.as_millis() * u64::from(config.suspicion_lone_factor));
    }

    #[test]
    fn the_only_observer_is_enough_where_there_is_no_other() {
        let config = Config::default();
        let mut cases = Cases::default();
        cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5);
        let due = cases.next_timeout(1, &config).unwrap();
        assert!(cases.handle_timeout(due.plus_micros(0), 1, &config).len() == 1);
        assert_eq!(cases.next_timeout(1, &config), None);
    }

    #[test]
    fn a_case_acts_only_on_the_incarnation_that_it_was_opened_for() {
        let config = Config::default();
        let mut cases = Cases::default();
        cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5);
        let later = Instant::from_millis(2_000);
        cases.accuse(later, peer(1), SUBJECT, 6);
        assert_eq!(cases.next_timeout(1, &config), Some(later.plus_ms(config.suspicion_ms)));
        let verdicts = cases.handle_timeout(Instant::from_millis(60_000), 1, &config);
        assert_eq!(verdicts.first().map(|v| v.incarnation), Some(6));
    }

    #[test]
    fn a_refutation_ends_the_case() {
        let config = Config::default();
        let mut cases = Cases::default();
        cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5);
        assert!(cases.dismiss(&SUBJECT));
        assert!(cases.handle_timeout(Instant::from_millis(60_000), 1, &config).is_empty());
    }

    #[test]
    fn the_word_of_one_who_is_gone_counts_no_more() {
        let mut cases = Cases::default();
        cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5);
        cases.disregard(&peer(1));
        assert!(!cases.dismiss(&SUBJECT));
    }

    #[test]
    fn a_verdict_names_its_witnesses_and_evidence() {
        let config = Config::default();
        let mut cases = Cases::default();
        cases.accuse(Instant::ZERO, peer(2), SUBJECT, 5);
        cases.accuse(Instant::ZERO, peer(1), SUBJECT, 5);
        cases.note(&SUBJECT, Evidence::Closed);
        let verdicts = cases.handle_timeout(Instant::from_millis(60_000), 2, &config);
        let expected = Verdict {
            subject: SUBJECT,
            incarnation: 5,
            evidence: Some(Evidence::Closed),
            accusers: [peer(2), peer(1)].into(),
        };
        assert_eq!(verdicts, [expected]);
    }
}
