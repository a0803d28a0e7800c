//! What theory predicts of the strategies that spread a message in rounds, beside what was seen.
//!
//! The textbook's predictions are for a complete graph of n members, where everybody may choose anybody. Ours choose among
//! their links, a random graph of degree d, where a neighbour of somebody who does not know is less likely to know than
//! others are: the link to whom a message came from is of no use, and in the end two who do not know ask each other. So a
//! message gains at most 2(1-1/d) a round, instead of 2, and the last stragglers wait longer. How long pushing takes there is
//! known: C ln n rounds with C = 1/ln(2(1-1/d)) - 1/(d ln(1-1/d)) (Fountoulakis and Panagiotou 2010); 2.87 for d = 6
//! against 2.44 on a complete graph.
//!
//! Round by round, `Pair` follows two chances, that a member does not know, and that a neighbour of such a member does not
//! either, as if the graph were a tree nearby. For push that is exact on large random graphs (its growth and its end are those
//! of C above); for the others it is an approximation.

use serde::Serialize;

use crate::quantile::quantile;

/// Rounds beyond which nothing is predicted.
const ROUNDS_MAX: usize = 200;

/// Who contacts whom, and what is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Each who knows tells one.
    Push,
    /// Each asks one.
    Pull,
    /// Both.
    PushPull,
    /// Each who knows tells some, until so many knew it already (Demers 1987, section 1.4).
    Rumor {
        /// Tellings in vain after which interest is lost.
        useless_max: usize,
    },
}

/// Predicted and seen.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Theory {
    /// The strategy.
    pub strategy: String,
    /// Seconds of a round.
    pub round_s: f64,
    /// Links of a member, mean.
    pub degree: f64,
    /// Rounds until all know, on a complete graph: push log2 n + ln n (Pittel 1987), push-pull log3 n + ln ln n (Karp
    /// 2000), pull by its recurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds_expected: Option<f64>,
    /// The same on a random graph of that degree: push (Fountoulakis and Panagiotou 2010), the others by their recurrence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds_expected_on_mesh: Option<f64>,
    /// Rounds until all knew, over messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds_seen: Option<Rounds>,
    /// The share that a rumor never reaches by itself: s = e^(-(k+1)(1-s)) (Demers 1987, section 1.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residue_expected: Option<f64>,
    /// The share that had to ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residue_seen: Option<f64>,
    /// The share of members that do not know after so many rounds.
    pub uninformed: Vec<Uninformed>,
}

/// Rounds until all knew.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Rounds {
    /// Of half of the messages at most.
    pub p50: f64,
    /// Of all messages at most.
    pub max: f64,
}

/// The chance that a member does not know.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Uninformed {
    /// After so many rounds.
    pub round: usize,
    /// Predicted for a complete graph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// Predicted for a random graph of the same degree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_on_mesh: Option<f64>,
    /// Seen, mean over messages.
    pub seen: f64,
}

impl Rule {
    /// The chance of not knowing after a round, from that before it, among n members.
    fn step(self, p: f64, n: f64) -> f64 {
        // Each of the n(1-p) who know misses a member with the chance 1-1/n.
        let not_told = (1.0 - 1.0 / n).powf(n * (1.0 - p));
        match self {
            Self::Push | Self::Rumor { .. } => p * not_told,
            Self::Pull => p * p,
            Self::PushPull => p * p * not_told,
        }
    }

    /// The same on a random graph where everybody has d neighbours.
    fn step_on_mesh(self, Pair { alone, both }: Pair, d: f64) -> Pair {
        // A neighbour of one who does not know does not tell it: it does not know itself, or it chose another.
        let silent = 1.0 - (1.0 - both) / d;
        // One of two linked members who do not know goes on not knowing: what the other says is of no use to it.
        let (goes_on, neither) = match self {
            Self::Push | Self::Rumor { .. } => (silent.powf(d), silent.powf(d - 1.0)),
            Self::Pull => (both, 1.0 / d + (1.0 - 1.0 / d) * both),
            Self::PushPull => {
                (both * silent.powf(d - 1.0), silent.powf(d - 1.0) / d + (1.0 - 1.0 / d) * both * silent.powf(d - 2.0))
            }
        };
        Pair { alone: alone * goes_on, both: both * neither * neither / goes_on }
    }

    /// Rounds until all of n know.
    fn rounds(self, n: f64) -> Option<f64> {
        match self {
            Self::Push => Some(n.log2() + n.ln()),
            Self::PushPull => Some(n.log(3.0) + n.ln().max(1.0).ln()),
            Self::Pull => rounds_until_all(n, self.course(n)),
            Self::Rumor { .. } => None,
        }
    }

    fn rounds_on_mesh(self, n: f64, degree: f64) -> Option<f64> {
        match self {
            Self::Push => Some(push_constant(degree) * n.ln()),
            Self::Pull | Self::PushPull => rounds_until_all(n, self.course_on_mesh(n, degree)),
            Self::Rumor { .. } => None,
        }
        .filter(|_| degree > 2.0)
    }

    /// The chance of not knowing, round by round, from when one of n knows.
    fn course(self, n: f64) -> impl Iterator<Item = f64> {
        std::iter::successors(Some(1.0 - 1.0 / n), move |p| Some(self.step(*p, n))).take(ROUNDS_MAX)
    }

    fn course_on_mesh(self, n: f64, degree: f64) -> impl Iterator<Item = f64> {
        let first = Pair { alone: 1.0 - 1.0 / n, both: 1.0 - 1.0 / n };
        let course = std::iter::successors(Some(first), move |pair| Some(self.step_on_mesh(*pair, degree)));
        course.map(|pair| pair.alone).take(ROUNDS_MAX)
    }

    fn residue(self) -> Option<f64> {
        let Self::Rumor { useless_max } = self else { return None };
        let k = useless_max as f64;
        // From below: 1 is a solution as well, and not meant.
        Some((0..1_000).fold(0.0, |s: f64, _| (-(k + 1.0) * (1.0 - s)).exp()))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
            Self::PushPull => "push-pull",
            Self::Rumor { .. } => "rumor",
        }
    }
}

/// What a round begins with on a random graph.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// The chance that a member does not know.
    alone: f64,
    /// The chance that a neighbour of one who does not know does not either.
    both: f64,
}

/// Until less than half a member is expected not to know.
fn rounds_until_all(n: f64, mut course: impl Iterator<Item = f64>) -> Option<f64> {
    course.position(|p| p * n < 0.5).map(|rounds| rounds as f64)
}

/// Rounds of push until all know, in units of ln n, on a random graph of that degree (Fountoulakis and Panagiotou 2010).
fn push_constant(degree: f64) -> f64 {
    let kept = 1.0 - 1.0 / degree;
    1.0 / (2.0 * kept).ln() - 1.0 / (degree * kept.ln())
}

/// What was seen of some messages.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Seconds of a round.
    pub round_s: f64,
    /// Links of a member, mean.
    pub degree: f64,
    /// Members, those who said the messages included.
    pub members: u32,
    /// By message: at the end of which round each other member got it, counted from 1.
    pub rounds: Vec<Vec<usize>>,
    /// Rumors that were asked for.
    pub asked: u64,
}

/// Predictions beside what was seen.
#[must_use]
pub fn compare(rule: Rule, seen: &Seen) -> Theory {
    let (n, degree) = (f64::from(seen.members.max(2)), seen.degree);
    let mut last: Vec<f64> =
        seen.rounds.iter().map(|rounds| rounds.iter().copied().max().unwrap_or(0) as f64).collect();
    let shown = last.iter().copied().fold(0.0, f64::max) as usize;
    let in_rounds = !matches!(rule, Rule::Rumor { .. });
    let (mut expected, mut on_mesh) = (rule.course(n), rule.course_on_mesh(n, degree.max(2.0)));
    let uninformed = (0..=shown).map(|round| {
        let know: usize = seen.rounds.iter().map(|rounds| 1 + rounds.iter().filter(|at| **at <= round).count()).sum();
        Uninformed {
            round,
            expected: expected.next().filter(|_| in_rounds),
            expected_on_mesh: on_mesh.next().filter(|_| in_rounds),
            seen: 1.0 - know as f64 / (n * seen.rounds.len().max(1) as f64),
        }
    });
    let deliveries = (n - 1.0) * seen.rounds.len().max(1) as f64;
    Theory {
        strategy: rule.name().to_owned(),
        round_s: seen.round_s,
        degree,
        rounds_expected: rule.rounds(n),
        rounds_expected_on_mesh: rule.rounds_on_mesh(n, degree),
        uninformed: uninformed.collect(),
        rounds_seen: in_rounds.then(|| Rounds { p50: quantile(&mut last, 0.5), max: quantile(&mut last, 1.0) }),
        residue_expected: rule.residue(),
        residue_seen: (!in_rounds).then(|| seen.asked as f64 / deliveries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() < tolerance, "{a} is not {b}");
    }

    #[test]
    fn the_formulas_give_what_the_papers_say() {
        close(Rule::Push.rounds(1_000.0).unwrap(), 9.966 + 6.908, 0.01);
        close(Rule::PushPull.rounds(1_000.0).unwrap(), 6.288 + 1.933, 0.01);
        close(push_constant(6.0), 2.872, 0.001);
        // On ever denser graphs it is as on a complete one: 1/ln 2 + 1.
        close(push_constant(1e6), 1.0 / 2.0_f64.ln() + 1.0, 1e-3);
        for (k, s) in [(1, 0.203), (2, 0.0595), (3, 0.0198)] {
            close(Rule::Rumor { useless_max: k }.residue().unwrap(), s, 0.001);
        }
    }

    #[test]
    fn a_round_of_push_misses_a_share_of_one_over_e_when_nearly_all_know() {
        let p = 1e-6;
        close(Rule::Push.step(p, 1_000.0) / p, (-1.0_f64).exp(), 1e-3);
        close(Rule::Pull.step(0.1, 1_000.0), 0.01, 1e-9);
        close(Rule::PushPull.step(p, 1e6) / (p * p), (-1.0_f64).exp(), 1e-3);
    }

    #[test]
    fn on_a_mesh_where_everybody_is_linked_it_is_as_on_a_complete_graph() {
        for rule in [Rule::Push, Rule::Pull, Rule::PushPull] {
            for (mesh, complete) in rule.course_on_mesh(1e4, 1e7).zip(rule.course(1e4)).take(20) {
                close(mesh, complete, 1e-3);
            }
        }
    }

    #[test]
    fn on_a_mesh_pushing_grows_and_ends_as_is_known_of_random_graphs() {
        let (n, d) = (1e9, 6.0);
        let know: Vec<f64> = Rule::Push.course_on_mesh(n, d).map(|p| 1.0 - p).take(21).collect();
        close(know[20] / know[19], 2.0 * (1.0 - 1.0 / d), 0.01);
        let not: Vec<f64> = Rule::Push.course_on_mesh(n, d).take(101).collect();
        close(not[100] / not[99], (1.0 - 1.0 / d).powf(d), 0.01);
        let rounds = rounds_until_all(n, Rule::Push.course_on_mesh(n, d)).unwrap();
        close(rounds, Rule::Push.rounds_on_mesh(n, d).unwrap(), 4.0);
    }

    #[test]
    fn what_was_seen_stands_beside_what_was_predicted_round_by_round() {
        let seen = Seen { round_s: 0.2, degree: 3.0, members: 4, rounds: vec![vec![1, 2, 2], vec![1, 1, 3]], asked: 0 };
        let theory = compare(Rule::Push, &seen);
        let shares: Vec<f64> = theory.uninformed.iter().map(|row| row.seen).collect();
        assert_eq!(shares, [0.75, 0.375, 0.125, 0.0]);
        assert_eq!(theory.uninformed[0].expected, Some(0.75));
        assert!(theory.rounds_seen.is_some_and(|rounds| rounds.p50 == 2.0 && rounds.max == 3.0));
        assert_eq!(theory.residue_seen, None);
    }

    #[test]
    fn of_a_rumor_the_residue_is_compared() {
        let seen = Seen { round_s: 0.2, degree: 6.0, members: 11, rounds: vec![vec![1; 10]; 10], asked: 2 };
        let theory = compare(Rule::Rumor { useless_max: 3 }, &seen);
        assert_eq!((theory.residue_seen, theory.rounds_expected), (Some(0.02), None));
        assert!(theory.uninformed.iter().all(|row| row.expected.is_none()));
    }
}
