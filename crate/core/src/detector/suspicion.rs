//! The cases against members under suspicion (SWIM, section 4.2; confirmations as in Lifeguard, Dadgar 2018, section IV-B).

use alloc::vec::Vec;

use core::cmp::Ordering;

use super::Evidence;
use crate::{identity::PeerId, limits::Bucket, table::SmallMap, time::Instant};

/// Accusers that a death needs, if there are as many who could know.
const QUORUM: usize = 3;

/// Accusers that are remembered of a case. The earliest quorum of them counts.
const ACCUSERS_MAX: usize = 5;

/// Accusations of one accuser of which nothing is known yet, at most. Where most of a room has crashed, whoever is left accuses some twenty.
const OPEN_MAX: u32 = 20;

/// What comes of an accusation is known after this at the latest, or nobody asks any more.
const OPEN_MS: u32 = 15_000;

/// Accusations that may be refuted until their author is not believed any more. What a room bears is shared among its members: so many by so
/// many members …
const WRONG_IN_ALL: usize = 64;

/// … but so many by each at least …
const WRONG_MIN: usize = 2;

/// … and at most. All are forgiven after so much time …
const WRONG_MAX: usize = 16;
const WRONG_SPAN_MS: u32 = 240_000;

/// … and one to each member for so many deaths: where many die, whoever is left has lost links, and errs in good faith.
const DEATHS_PER_PARDON: u32 = 4;

/// Who has so many open is not looked into before the accused has had time to answer.
const OPEN_FEW: u32 = 4;

/// Accusers whose credit is remembered; the one that has most gives way.
const DEBTORS_MAX: usize = 256;

#[derive(Clone, Debug, Default)]
pub(crate) struct Cases {
    open: SmallMap<PeerId, Case>,
    credits: SmallMap<PeerId, Credit>,
    /// What we said ourselves of members to whom we have no link, and was false.
    wrong: Option<Bucket>,
    /// Members in the room, ourselves not included.
    members: usize,
    /// Deaths since the last pardon.
    deaths: u32,
}

/// How far the word of an accuser goes: what it has said that may turn out false, and what did.
#[derive(Clone, Copy, Debug)]
struct Credit {
    open: Bucket,
    wrong: Bucket,
}

#[derive(Clone, Debug)]
struct Case {
    incarnation: u64,
    opened_at: Instant,
    due_at: Instant,
    /// Who accuses, and when each last had a sign of life, in this order.
    accusers: Vec<(Instant, PeerId)>,
    /// We are among the accusers.
    ours: bool,
    evidence: Option<Evidence>,
    /// How often it has come to its end without enough accusers.
    adjourned: u32,
}

/// What a case is judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jury {
    /// Members of whom an accusation can be expected, ourselves included.
    pub(crate) observers: usize,
    /// How long a suspect has to refute.
    pub(crate) patience_ms: u32,
    /// How long a quorum must have missed it.
    pub(crate) missed_ms: u32,
}

/// An accusation that holds for the case: somebody accuses a member at the incarnation at which it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accusation {
    pub(crate) accuser: PeerId,
    pub(crate) subject: PeerId,
    pub(crate) incarnation: u64,
    /// When it was made.
    pub(crate) made_at: Instant,
    /// When the accuser last had a sign of life.
    pub(crate) missed_since: Instant,
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
    /// How large the room is.
    pub(crate) const fn among(&mut self, members: usize) {
        self.members = members;
    }

    /// Whether an accusation would add to what is known: others want to hear of it. Of many, those count who missed the member first.
    pub(crate) fn is_news(&self, accusation: &Accusation) -> bool {
        let Accusation { accuser, subject, incarnation, missed_since, .. } = accusation;
        self.open.get(subject).is_none_or(|case| match case.incarnation.cmp(incarnation) {
            Ordering::Less => true,
            Ordering::Equal if case.accusers.iter().any(|(_, other)| other == accuser) => false,
            Ordering::Equal => case.accusers.get(ACCUSERS_MAX - 1).is_none_or(|(last, _)| missed_since < last),
            Ordering::Greater => false,
        })
    }

    /// Whether an accuser has not been wrong too often, and has not too much open. To be asked once for each accusation: it costs credit,
    /// which comes back when it is known what came of it, or with time.
    pub(crate) fn may_accuse(&mut self, now: Instant, accuser: PeerId) -> bool {
        let credit = self.credit(now, accuser);
        !credit.wrong.is_empty(now) && credit.open.take(now)
    }

    /// Whether an accuser has so much open, or was wrong so lately, that the accused is better given time to answer first.
    pub(crate) fn is_rash(&self, now: Instant, accuser: &PeerId) -> bool {
        let few = |credit: &Credit| credit.wrong.is_full(now) && credit.open.taken(now) <= OPEN_FEW;
        !self.credits.get(accuser).is_none_or(few)
    }

    /// An accusation was false. Whether its author had been believed until then.
    pub(crate) fn was_wrong(&mut self, now: Instant, accuser: PeerId) -> bool {
        self.credit(now, accuser).wrong.take(now)
    }

    /// Whether we have ourselves so much open, or were wrong so often about members to whom we have no link, that others would not listen. To be wrong about
    /// those means that our searches fail, and more of them would make more of them fail.
    pub(crate) fn is_restrained(&self, now: Instant) -> bool {
        let open = self.open.values().filter(|case| case.ours).count();
        open >= usize::try_from(OPEN_MAX).unwrap_or(usize::MAX) || self.wrong.is_some_and(|wrong| wrong.is_empty(now))
    }

    fn credit(&mut self, now: Instant, accuser: PeerId) -> &mut Credit {
        self.credits.retain(|_, credit| now < credit.full_at());
        self.credits.make_room(&accuser, DEBTORS_MAX, Credit::full_at);
        let open = Bucket::within(OPEN_MAX.saturating_mul(OPEN_MS), OPEN_MAX);
        let wrong = self.forgivable();
        self.credits.or_insert(accuser, Credit { open, wrong })
    }

    /// How often one may be wrong.
    fn forgivable(&self) -> Bucket {
        let share = WRONG_IN_ALL.checked_div(self.members).unwrap_or(WRONG_MAX).clamp(WRONG_MIN, WRONG_MAX);
        Bucket::within(WRONG_SPAN_MS, u32::try_from(share).unwrap_or(1))
    }

    /// Adds an accusation, if it is news.
    pub(crate) fn accuse(&mut self, now: Instant, accusation: &Accusation, jury: Jury) -> bool {
        let Accusation { accuser, subject, incarnation, made_at, missed_since } = *accusation;
        let news = self.is_news(accusation);
        if news {
            let case = self.open.or_insert(subject, Case::new(made_at, incarnation));
            if case.incarnation < incarnation {
                *case = Case::new(made_at, incarnation);
            }
            case.accusers.push((missed_since, accuser));
            case.accusers.sort_unstable();
            case.accusers.truncate(ACCUSERS_MAX);
            case.due_at = case.end(jury).max(now);
        }
        news
    }

    /// Notes what we saw ourselves, and that we accuse.
    pub(crate) fn note(&mut self, subject: &PeerId, evidence: Evidence) {
        if let Some(case) = self.open.get_mut(subject) {
            case.ours = true;
        }
        self.witness(subject, evidence);
    }

    /// Notes what we saw ourselves where others accuse.
    pub(crate) fn witness(&mut self, subject: &PeerId, evidence: Evidence) {
        if let Some(case) = self.open.get_mut(subject) {
            case.evidence = Some(evidence);
        }
    }

    /// The subject has refuted: its accusers were wrong. Whether we had accused it, if anybody had. Our own word, `me`'s, always counts
    /// with us: who has nobody else to ask must come to an end.
    pub(crate) fn refuted(&mut self, now: Instant, subject: &PeerId, me: &PeerId) -> Option<bool> {
        let case = self.open.remove(subject)?;
        for (_, accuser) in case.accusers.iter().filter(|(_, accuser)| accuser != me) {
            self.was_wrong(now, *accuser);
            if let Some(credit) = self.credits.get_mut(accuser) {
                credit.open.give();
            }
        }
        if case.ours && case.evidence == Some(Evidence::Unreachable) {
            let fresh = self.forgivable();
            self.wrong.get_or_insert(fresh).take(now);
        }
        Some(case.ours)
    }

    /// The subject is gone. Whether we had accused it, if anybody had.
    pub(crate) fn dismiss(&mut self, subject: &PeerId) -> Option<bool> {
        self.open.remove(subject).map(|case| case.ours)
    }

    /// Somebody is gone: its word no longer counts.
    pub(crate) fn disregard(&mut self, accuser: &PeerId) {
        self.open.values_mut().for_each(|case| {
            case.accusers.retain(|(_, other)| other != accuser);
        });
    }

    /// The cases that have stood long enough, and the subjects of those that lack accusers: somebody else must look.
    pub(crate) fn handle_timeout(&mut self, now: Instant, jury: Jury) -> (Vec<Verdict>, Vec<PeerId>) {
        let (mut verdicts, mut adjourned) = (Vec::new(), Vec::new());
        for (subject, case) in self.open.iter_mut().filter(|(_, case)| now >= case.due_at) {
            // Who was found to be wrong too often since it accused does not count.
            let believed = |accuser: &PeerId| self.credits.get(accuser).is_none_or(|it| !it.wrong.is_empty(now));
            let accusers: Vec<PeerId> = case.accusers.iter().map(|(_, id)| *id).filter(believed).collect();
            if accusers.len() >= jury.quorum() {
                let Case { incarnation, evidence, .. } = *case;
                verdicts.push(Verdict { subject: *subject, incarnation, evidence, accusers });
            } else {
                adjourned.push(*subject);
                case.adjourned = case.adjourned.saturating_add(1);
            }
            case.due_at = now.plus_ms(jury.patience_ms);
        }
        for Verdict { accusers, .. } in &verdicts {
            self.deaths = self.deaths.saturating_add(1) % DEATHS_PER_PARDON;
            if self.deaths == 0 {
                self.wrong.iter_mut().for_each(Bucket::give);
            }
            for (accuser, credit) in self.credits.iter_mut() {
                if accusers.contains(accuser) {
                    credit.open.give();
                }
                if self.deaths == 0 {
                    credit.wrong.give();
                }
            }
        }
        (verdicts, adjourned)
    }

    /// This host stood still: the accused get the time back.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        for case in self.open.values_mut() {
            case.opened_at = case.opened_at.plus_micros(late_us);
            for (missed_since, _) in &mut case.accusers {
                *missed_since = missed_since.plus_micros(late_us);
            }
            case.due_at = case.due_at.plus_micros(late_us);
        }
    }

    /// The incarnation at which a member stands accused, and how often its case was adjourned.
    pub(crate) fn against(&self, subject: &PeerId) -> Option<(u64, u32)> {
        self.open.get(subject).map(|case| (case.incarnation, case.adjourned))
    }

    /// Whether a suspect has as many accusers as its death needs, who have all missed it for as long as that. The word of one more changes nothing,
    /// unless it turns out that not all of them are believed.
    pub(crate) fn has_quorum(&self, subject: &PeerId, missed_since: Instant, jury: Jury) -> bool {
        let has_quorum = |case: &Case| {
            let last = case.accusers.get(jury.quorum().saturating_sub(1));
            case.adjourned == 0 && last.is_some_and(|(since, _)| *since <= missed_since)
        };
        self.open.get(subject).is_some_and(has_quorum)
    }

    /// Since when all its accusers have missed a suspect.
    pub(crate) fn missed_since(&self, subject: &PeerId) -> Option<Instant> {
        self.open.get(subject)?.accusers.last().map(|(since, _)| *since)
    }

    pub(crate) fn suspects(&self) -> impl Iterator<Item = &PeerId> {
        self.open.iter().map(|(subject, _)| subject)
    }

    /// Whether we have accused a member.
    pub(crate) fn is_ours(&self, subject: &PeerId) -> bool {
        self.open.get(subject).is_some_and(|case| case.ours)
    }

    /// Members of whom no accusation is expected any more: accused by ourselves or by two others. A single liar makes nobody mute.
    pub(crate) fn mute(&self) -> usize {
        self.open.values().filter(|case| case.ours || case.accusers.len() > 1).count()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.open.values().map(|case| case.due_at).min()
    }
}

impl Credit {
    fn full_at(&self) -> Instant {
        self.open.full_at().max(self.wrong.full_at())
    }
}

impl Case {
    const fn new(since: Instant, incarnation: u64) -> Self {
        let accusers = Vec::new();
        Self { incarnation, opened_at: since, due_at: since, accusers, ours: false, evidence: None, adjourned: 0 }
    }

    /// The suspect has had time to refute, and a quorum has missed it for long. Each confirmation can make that earlier: of more
    /// accusers, the first few have missed it for longer.
    fn end(&self, jury: Jury) -> Instant {
        let refutable_until = self.opened_at.plus_ms(jury.patience_ms);
        let last = self.accusers.get(jury.quorum().saturating_sub(1));
        last.map_or(refutable_until, |(since, _)| since.plus_ms(jury.missed_ms).max(refutable_until))
    }
}

impl Jury {
    fn quorum(self) -> usize {
        QUORUM.min(self.observers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBJECT: PeerId = PeerId::from_bytes([9; 16]);
    const JURY: Jury = Jury { observers: 7, patience_ms: 2_000, missed_ms: 4_000 };
    const LATE: Instant = Instant::from_millis(60_000);

    const fn peer(n: u8) -> PeerId {
        PeerId::from_bytes([n; 16])
    }

    const fn accusation(at: Instant, accuser: u8, incarnation: u64) -> Accusation {
        Accusation { accuser: peer(accuser), subject: SUBJECT, incarnation, made_at: at, missed_since: at }
    }

    fn accused_by(accusers: u8, jury: Jury) -> Cases {
        let mut cases = Cases::default();
        for accuser in 1..=accusers {
            assert!(cases.accuse(Instant::ZERO, &accusation(Instant::ZERO, accuser, 5), jury));
        }
        cases
    }

    fn deaths(cases: &mut Cases, now: Instant, observers: usize) -> usize {
        cases.handle_timeout(now, Jury { observers, ..JURY }).0.len()
    }

    #[test]
    fn an_accusation_is_news_once() {
        let mut cases = accused_by(2, JURY);
        assert!(!cases.accuse(Instant::ZERO, &accusation(Instant::ZERO, 1, 5), JURY));
        assert!(!cases.accuse(Instant::ZERO, &accusation(Instant::ZERO, 3, 4), JURY), "of an older incarnation");
    }

    #[test]
    fn fewer_accusers_than_it_takes_kill_nobody_however_long_they_wait() {
        let mut cases = accused_by(2, JURY);
        for hours in 0..24 {
            let (verdicts, adjourned) = cases.handle_timeout(Instant::from_millis(hours * 3_600_000 + 9_000), JURY);
            assert_eq!((verdicts.len(), adjourned), (0, [SUBJECT].to_vec()));
        }
        assert_eq!(cases.against(&SUBJECT), Some((5, 24)));
        assert!(cases.accuse(LATE, &accusation(LATE, 3, 5), JURY));
        assert_eq!(deaths(&mut cases, Instant::from_millis(99_000_000), 7), 1);
    }

    #[test]
    fn where_fewer_could_accuse_fewer_are_enough() {
        assert_eq!(deaths(&mut accused_by(1, JURY), LATE, 1), 1);
        assert_eq!(deaths(&mut accused_by(1, JURY), LATE, 2), 0);
        assert_eq!(deaths(&mut accused_by(2, JURY), LATE, 2), 1);
    }

    #[test]
    fn a_suspect_has_time_to_refute_and_a_quorum_must_have_missed_it_for_long() {
        let mut cases = Cases::default();
        let made_at = Instant::from_millis(10_000);
        let mut due = |accuser, missed_since_ms| {
            let missed_since = Instant::from_millis(missed_since_ms);
            cases.accuse(made_at, &Accusation { missed_since, ..accusation(made_at, accuser, 5) }, JURY);
            cases.next_timeout().unwrap().as_millis()
        };
        assert_eq!([due(1, 7_000), due(2, 8_000)], [12_000; 2], "too few: others are to look then");
        assert_eq!(due(3, 9_500), 13_500);
        assert_eq!(due(4, 8_500), 12_500, "a confirmation makes it earlier");
        assert_eq!(due(5, 0), 12_000, "but not earlier than it could be refuted");
    }

    #[test]
    fn a_case_acts_only_on_the_incarnation_that_it_was_opened_for() {
        let mut cases = accused_by(3, JURY);
        let later = Instant::from_millis(2_000);
        cases.accuse(later, &accusation(later, 1, 6), JURY);
        assert_eq!((deaths(&mut cases, LATE, 7), cases.against(&SUBJECT)), (0, Some((6, 1))));
    }

    #[test]
    fn a_refutation_ends_the_case() {
        let mut cases = accused_by(3, JURY);
        cases.note(&SUBJECT, Evidence::Closed);
        assert_eq!(cases.dismiss(&SUBJECT), Some(true));
        assert_eq!((deaths(&mut cases, LATE, 7), cases.dismiss(&SUBJECT)), (0, None));
    }

    #[test]
    fn the_word_of_one_who_is_gone_counts_no_more() {
        let mut cases = accused_by(3, JURY);
        cases.disregard(&peer(1));
        assert_eq!(deaths(&mut cases, LATE, 7), 0);
    }

    #[test]
    fn nothing_more_is_expected_of_those_that_we_or_two_others_accuse() {
        let mut cases = accused_by(1, JURY);
        assert_eq!(cases.mute(), 0, "one liar makes nobody mute");
        cases.note(&SUBJECT, Evidence::Closed);
        assert_eq!((cases.mute(), accused_by(2, JURY).mute()), (1, 1));
    }

    /// Accusations by one member, each of another, of which the first `refuted` are false: how many are heard of 100.
    fn heard_of_a_hundred(members: usize, refuted: u8) -> usize {
        let mut cases = Cases::default();
        cases.among(members);
        let mut heard = 0;
        for n in 0..100 {
            let subject = peer(100 + n);
            if cases.may_accuse(LATE, peer(1)) {
                heard += 1;
                cases.accuse(LATE, &Accusation { subject, ..accusation(LATE, 1, 5) }, JURY);
            }
            if n < refuted {
                cases.refuted(LATE, &subject, &peer(99));
            }
        }
        heard
    }

    #[test]
    fn who_accuses_many_at_once_is_not_heard_on_the_rest() {
        assert_eq!(heard_of_a_hundred(500, 0), usize::try_from(OPEN_MAX).unwrap());
    }

    #[test]
    fn who_accuses_falsely_again_and_again_is_not_heard_any_more_and_the_sooner_the_larger_the_room() {
        let all = [500, 16, 4].map(|members| heard_of_a_hundred(members, 100));
        assert_eq!(all, [WRONG_MIN, 4, WRONG_MAX]);
        assert_eq!(heard_of_a_hundred(500, 1), 1 + usize::try_from(OPEN_MAX).unwrap(), "once is forgiven");
    }

    #[test]
    fn what_was_false_is_forgiven_with_time_and_where_many_die() {
        let mut cases = Cases::default();
        cases.among(500);
        (0..9).for_each(|_| _ = cases.was_wrong(LATE, peer(1)));
        assert!(!cases.may_accuse(LATE, peer(1)) && cases.may_accuse(LATE, peer(2)));
        for n in 0..DEATHS_PER_PARDON {
            assert!(!cases.may_accuse(LATE, peer(1)), "after {n} deaths");
            cases.accuse(LATE, &accusation(LATE, 2, u64::from(n)), Jury { observers: 1, ..JURY });
            assert_eq!(deaths(&mut cases, LATE.plus_ms(9_000), 1), 1);
            cases.dismiss(&SUBJECT);
        }
        assert!(cases.may_accuse(LATE, peer(1)));
        (0..9).for_each(|_| _ = cases.was_wrong(LATE, peer(1)));
        let later = LATE.plus_ms(WRONG_SPAN_MS);
        assert!(!cases.may_accuse(LATE, peer(1)) && cases.may_accuse(later, peer(1)));
    }

    #[test]
    fn who_is_exposed_as_a_liar_counts_no_more_in_cases_that_it_opened_before() {
        let mut cases = accused_by(3, JURY);
        cases.among(500);
        (0..WRONG_MAX).for_each(|_| _ = cases.was_wrong(LATE, peer(1)));
        assert_eq!(deaths(&mut cases, LATE, 7), 0);
        cases.accuse(LATE, &accusation(LATE, 4, 5), JURY);
        let (verdicts, _) = cases.handle_timeout(LATE.plus_ms(60_000), JURY);
        assert_eq!(verdicts.first().map(|verdict| verdict.accusers.clone()), Some([2, 3, 4].map(peer).to_vec()));
    }

    #[test]
    fn our_own_word_counts_with_us_however_often_we_were_wrong() {
        let mut cases = Cases::default();
        cases.among(500);
        for n in 0..50 {
            let at = LATE.plus_ms(n);
            assert!(cases.accuse(at, &accusation(at, 1, u64::from(n)), JURY));
            assert_eq!(cases.refuted(at, &SUBJECT, &peer(1)), Some(false));
        }
        assert!(cases.may_accuse(LATE, peer(1)) && !cases.is_rash(LATE, &peer(1)));
    }

    #[test]
    fn who_was_wrong_about_those_it_has_no_link_to_says_no_more_of_such_until_it_is_forgiven() {
        let wrong_about = |evidence| {
            let mut cases = accused_by(1, JURY);
            cases.among(500);
            for n in 6..8 {
                assert!(!cases.is_restrained(LATE));
                cases.accuse(LATE, &accusation(LATE, 1, n), JURY);
                cases.note(&SUBJECT, evidence);
                assert_eq!(cases.refuted(LATE, &SUBJECT, &peer(1)), Some(true));
            }
            cases
        };
        assert!(!wrong_about(Evidence::Closed).is_restrained(LATE));
        let cases = wrong_about(Evidence::Unreachable);
        assert!(cases.is_restrained(LATE) && !cases.is_restrained(LATE.plus_ms(WRONG_SPAN_MS)));
    }

    #[test]
    fn who_has_much_open_or_was_wrong_lately_is_rash() {
        let mut cases = Cases::default();
        assert!((0..OPEN_FEW).all(|_| cases.may_accuse(LATE, peer(1))));
        assert!(!cases.is_rash(LATE, &peer(1)));
        assert!(cases.may_accuse(LATE, peer(1)) && cases.is_rash(LATE, &peer(1)));
        assert!(cases.was_wrong(LATE, peer(2)) && cases.is_rash(LATE, &peer(2)));
    }

    #[test]
    fn who_accuses_the_dead_keeps_its_credit() {
        let mut cases = Cases::default();
        for n in 0..1_000 {
            let at = Instant::from_millis(n * 9_000);
            assert!(cases.may_accuse(Instant::ZERO, peer(1)));
            cases.accuse(at, &accusation(at, 1, n), JURY);
            assert_eq!(deaths(&mut cases, at.plus_ms(8_000), 1), 1);
            cases.dismiss(&SUBJECT);
        }
    }

    #[test]
    fn the_memory_of_credit_is_bounded() {
        let mut cases = Cases::default();
        for n in 0..2_000_u16 {
            let mut id = [0; 16];
            id[..2].copy_from_slice(&n.to_le_bytes());
            cases.may_accuse(LATE, PeerId::from_bytes(id));
        }
        assert!(cases.credits.len() <= DEBTORS_MAX);
    }

    #[test]
    fn a_verdict_names_its_witnesses_and_evidence() {
        let mut cases = accused_by(2, JURY);
        cases.note(&SUBJECT, Evidence::Closed);
        let (verdicts, _) = cases.handle_timeout(LATE, Jury { observers: 2, ..JURY });
        let accusers = [peer(1), peer(2)].into();
        assert_eq!(
            verdicts,
            [Verdict { subject: SUBJECT, incarnation: 5, evidence: Some(Evidence::Closed), accusers }]
        );
    }
}
