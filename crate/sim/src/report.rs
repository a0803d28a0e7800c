//! The result of a run, as one JSON object and for people.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::theory::{Rounds, Theory, Uninformed};

/// What a run was and what came of it. Parts that a scenario does not measure are absent.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// Members at the beginning of the measured part.
    pub nodes: u32,
    /// What the run is repeated with.
    pub seed: u64,
    /// What a swarm's seed has drawn, for people.
    #[serde(skip)]
    pub drawn: String,
    /// The measured part, without warm-up.
    pub simulated_s: f64,
    /// How long the whole run took.
    pub wall_s: f64,
    /// Events that reached a node, warm-up included.
    pub events: u64,
    /// The fingerprint of all these events.
    pub event_hash: String,
    /// What should have held or happened and did not.
    pub violations: Vec<String>,
    /// What was sent.
    pub traffic: Traffic,
    /// The overlay.
    pub links: Links,
    /// A newcomer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
    /// Members that fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<Crash>,
    /// Messages to all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<Broadcast>,
    /// How members who met came to know the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<Sync>,
    /// What theory predicts of the strategy by which messages spread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theory: Option<Theory>,
    /// How the room came together again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heal: Option<Heal>,
}

/// What members sent, in the measured part.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Traffic {
    /// Mean over members.
    pub bytes_per_node_s: f64,
    /// Mean over members.
    pub frames_per_node_s: f64,
    /// 99 of 100 members sent less.
    pub bytes_per_node_s_p99: f64,
    /// Bytes a member and second, by kind of frame.
    pub by_kind: BTreeMap<String, f64>,
}

/// Links of members, sampled every second.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Links {
    /// Mean over members and seconds.
    pub mean: f64,
    /// The most that any member had in any second.
    pub max: usize,
    /// Connections that the busiest member has begun or answered since it was started.
    pub dials_per_node_max: u64,
}

/// Seconds from a newcomer's first link.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Join {
    /// Until a member has heard of the newcomer, over members; `max` is until all have.
    pub known_to_all_s: Spread,
    /// Until the newcomer has heard of a member, over members; `max` is until it has heard of all.
    pub learns_all_s: MedianAndMax,
}

/// Seconds from a crash, the worst of all crashes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Crash {
    /// Until 99 of 100 living members know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_to_99_s: Option<f64>,
    /// Until all living members know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_to_all_s: Option<f64>,
    /// Members that ran all the time, and were declared dead by somebody.
    pub false_deaths: usize,
    /// Members that ran all the time, and were suspected by somebody.
    pub false_suspicions: usize,
}

/// Messages from random members to all.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Broadcast {
    /// The share of (message, member alive throughout) pairs in which the member got the message.
    pub delivered: f64,
    /// Seconds until the last member has a message, over messages.
    pub last_s: Spread,
    /// Copies of a message that a member gets beyond the first, mean.
    pub redundancy: f64,
    /// The most links that a first copy has crossed.
    pub hops_max: usize,
    /// Messages that an application got twice.
    pub duplicates_delivered: u64,
    /// Bytes sent for each message and member that got it: all frames but probes.
    pub bytes_per_delivery: f64,
}

/// Seconds from the end of a fault, or from a mass crash.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Heal {
    /// Until the graph of the living is connected, and stays so.
    pub connected_s: Option<f64>,
    /// Until every living member knows exactly the living, and stays so.
    pub all_alive_s: Option<f64>,
    /// When the first message was sent that reached all the living.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_reaches_all_s: Option<f64>,
    /// Until maps, logs and counters are the same everywhere, where members have written to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_equal_s: Option<f64>,
}

/// Two members that have a new link compare what they know.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Sync {
    /// Comparisons until both know the same, each an answer to the one before; the most on any link.
    pub rounds: u64,
    /// Bytes of the comparisons and of what followed from them, both ways; the most on any link.
    pub bytes: u64,
}

/// How a quantity spreads.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Spread {
    /// Half are below.
    pub p50: f64,
    /// 99 of 100 are below.
    pub p99: f64,
    /// None is above.
    pub max: f64,
}

/// How a quantity spreads.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct MedianAndMax {
    /// Half are below.
    pub p50: f64,
    /// None is above.
    pub max: f64,
}

impl Spread {
    /// Of some values.
    #[must_use]
    pub fn of(values: &mut [f64]) -> Self {
        use crate::quantile::{greatest, quantile};
        Self { p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: greatest(values) }
    }
}

impl From<Spread> for MedianAndMax {
    fn from(Spread { p50, max, .. }: Spread) -> Self {
        Self { p50, max }
    }
}

impl Report {
    /// Many runs as one: sums, and every violation with its seed.
    #[must_use]
    pub fn of_swarm(first_seed: u64, reports: &BTreeMap<u64, Self>) -> Self {
        let mut hash = crate::hash::EventHash::default();
        for (seed, report) in reports {
            hash.event(*seed, report.nodes, b's', crate::hash::of_bytes(report.event_hash.as_bytes()));
        }
        let told = |(seed, report): (&u64, &Self)| {
            report.violations.iter().map(|violation| format!("swarm --seed {seed}: {violation}")).collect::<Vec<_>>()
        };
        Self {
            scenario: "swarm".to_owned(),
            nodes: reports.values().map(|report| report.nodes).max().unwrap_or(0),
            seed: first_seed,
            simulated_s: reports.values().map(|report| report.simulated_s).sum(),
            events: reports.values().map(|report| report.events).sum(),
            event_hash: hash.to_string(),
            violations: reports.iter().flat_map(told).collect(),
            ..Self::default()
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.3} s, p99 {:.3} s, max {:.3} s", self.p50, self.p99, self.max)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} members, seed {}", self.scenario, self.nodes, self.seed)?;
        let Self { simulated_s, wall_s, events, event_hash, .. } = self;
        writeln!(f, "  {simulated_s:.1} s simulated in {wall_s:.1} s, {events} events, hash {event_hash}")?;
        if !self.drawn.is_empty() {
            writeln!(f, "  drawn      {}", self.drawn)?;
        }
        write!(f, "{}{}", self.traffic, self.links)?;
        self.join.iter().try_for_each(|part| part.fmt(f))?;
        self.crash.iter().try_for_each(|part| part.fmt(f))?;
        self.broadcast.iter().try_for_each(|part| part.fmt(f))?;
        self.sync.iter().try_for_each(|part| part.fmt(f))?;
        self.theory.iter().try_for_each(|part| part.fmt(f))?;
        self.heal.iter().try_for_each(|part| part.fmt(f))?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "  VIOLATED {violation}"))
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes_per_node_s: bytes, frames_per_node_s: frames, bytes_per_node_s_p99: p99, by_kind } = self;
        writeln!(f, "  traffic    {bytes:.1} B/s and {frames:.1} frames/s a member, p99 {p99:.1} B/s")?;
        let kinds: Vec<String> = by_kind.iter().map(|(kind, bytes)| format!("{kind} {bytes:.1}")).collect();
        writeln!(f, "             {}", kinds.join(", "))
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mean, max, dials_per_node_max: dials } = self;
        writeln!(f, "  links      mean {mean:.2}, max {max}; at most {dials} dials a member")
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  join       known to members: {}", self.known_to_all_s)?;
        writeln!(
            f,
            "             knows members: p50 {:.3} s, max {:.3} s",
            self.learns_all_s.p50, self.learns_all_s.max
        )
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { known_to_99_s, known_to_all_s, false_deaths, false_suspicions } = self;
        write!(f, "  crash      ")?;
        if let (Some(to_99), Some(to_all)) = (known_to_99_s, known_to_all_s) {
            write!(f, "known to 99 % after {to_99:.2} s, to all after {to_all:.2} s; ")?;
        }
        writeln!(f, "{false_deaths} false deaths, {false_suspicions} false suspicions")
    }
}

impl fmt::Display for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  broadcast  {:.3} % delivered, last delivery {}", self.delivered * 100.0, self.last_s)?;
        write!(f, "             redundancy {:.3}, at most {} hops, ", self.redundancy, self.hops_max)?;
        write!(f, "{} delivered twice, ", self.duplicates_delivered)?;
        writeln!(f, "{:.0} B a member and message", self.bytes_per_delivery)
    }
}

impl fmt::Display for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, bytes } = self;
        writeln!(f, "  sync       at most {rounds} comparisons on a link, at most {bytes} B")
    }
}

impl fmt::Display for Theory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.3} %", 100.0 * share));
        let Self { strategy, round_s, degree, .. } = self;
        writeln!(f, "  {strategy:<10} rounds of {round_s:.3} s among members with {degree:.1} links")?;
        if let Some(seen) = self.rounds_seen {
            let rounds = |rounds: Option<f64>| rounds.map_or("-".to_owned(), |rounds| format!("{rounds:.1}"));
            let (anybody, mesh) = (rounds(self.rounds_expected), rounds(self.rounds_expected_on_mesh));
            let Rounds { p50, max } = seen;
            writeln!(
                f,
                "             all know after {p50} rounds, at most {max}; predicted {anybody}, on a mesh {mesh}"
            )?;
        }
        if self.residue_expected.is_some() {
            let (expected, seen) = (share(self.residue_expected), share(self.residue_seen));
            writeln!(f, "             {seen} had to ask, predicted {expected}")?;
        }
        writeln!(f, "             {:>5}  {:>10}  {:>10}  {:>10}", "round", "do not know", "predicted", "on a mesh")?;
        self.uninformed.iter().try_for_each(|Uninformed { round, expected, expected_on_mesh, seen }| {
            let (seen, expected, mesh) = (share(Some(*seen)), share(*expected), share(*expected_on_mesh));
            writeln!(f, "             {round:>5}  {seen:>11}  {expected:>10}  {mesh:>10}")
        })
    }
}

impl fmt::Display for Heal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |at: Option<f64>| at.map_or("never".to_owned(), |at| format!("after {at:.2} s"));
        write!(f, "  heal       connected {}, all right {}", after(self.connected_s), after(self.all_alive_s))?;
        if let Some(at) = self.message_reaches_all_s {
            write!(f, ", a message reaches all after {at:.2} s")?;
        }
        if let Some(at) = self.state_equal_s {
            write!(f, ", state equal after {at:.2} s")?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_for_people_has_a_line_for_each_part_and_each_violation() {
        let mut report = Report { scenario: "crash".to_owned(), nodes: 9, seed: 4, ..Report::default() };
        report.crash = Some(Crash { known_to_all_s: Some(3.4), known_to_99_s: Some(3.0), ..Crash::default() });
        report.heal = Some(Heal::default());
        report.violations = vec!["the sky fell".to_owned()];
        let text = report.to_string();
        for part in ["crash: 9 members, seed 4", "to all after 3.40 s", "connected never", "VIOLATED the sky fell"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("broadcast"));
    }

    #[test]
    fn a_swarm_is_the_sum_of_its_runs_and_names_the_seeds_that_failed() {
        let run = |seed: u64, hash: &str, violations: &[&str]| Report {
            seed,
            simulated_s: 10.0,
            events: 5,
            event_hash: hash.to_owned(),
            violations: violations.iter().map(|text| (*text).to_owned()).collect(),
            ..Report::default()
        };
        let reports = |hash: &str| BTreeMap::from([(7, run(7, "a", &[])), (8, run(8, hash, &["it broke"]))]);
        let sum = Report::of_swarm(7, &reports("b"));
        assert_eq!((sum.events, sum.violations.as_slice()), (10, &["swarm --seed 8: it broke".to_owned()][..]));
        assert_ne!(sum.event_hash, Report::of_swarm(7, &reports("c")).event_hash);
    }

    #[test]
    fn a_spread_is_of_its_values() {
        let spread = Spread::of(&mut [3.0, 1.0, 2.0]);
        assert_eq!((spread.p50, spread.p99, spread.max), (2.0, 3.0, 3.0));
        assert_eq!(MedianAndMax::from(spread).max, 3.0);
    }
}
