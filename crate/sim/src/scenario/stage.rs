//! What all scenarios share: the world, its warm-up, and the report.

use chinwag_core::Command;

use super::{Options, Outcome};
use crate::{
    bits::Bits,
    faults::{self, Preset},
    graph::{components, is_connected},
    measure::NAME_BYTES,
    network::{Network, Settings},
    quantile::quantile,
    random::{Concern, RngExt, Stream, stream},
    report::{self, Broadcast, Crash, Heal, Report, Spread},
    time::{MS, Micros, SECOND, WALL_MS, seconds},
    traffic::Sync,
};

/// Time between two bursts of newcomers during warm-up.
const BURST_INTERVAL: Micros = 100 * MS;

/// A warm-up that has not come to rest after this has failed.
const WARM_UP_MAX: Micros = 120 * SECOND;

/// The overlay has so long to come to rest after everybody knows everybody.
const AFTER_WARM_UP: Micros = 15 * SECOND;

/// What has been true for so long is taken for good.
const REST: Micros = 5 * SECOND;

/// How often it is looked whether something has come true.
pub(super) const LOOK: Micros = 100 * MS;

/// The world on which a scenario plays, and what it finds.
#[derive(Debug)]
pub struct Stage {
    /// The world.
    pub network: Network,
    /// What the run is.
    pub options: Options,
    /// What the scenario chooses by chance.
    pub chance: Stream,
    /// What it has found so far.
    pub report: Report,
    measuring_since: Micros,
    /// The counting of traffic has ended, before the end of the run.
    is_counted: bool,
    /// By host, when the measuring began.
    dials_before: Vec<u64>,
}

impl Stage {
    /// An empty world.
    pub(super) fn new(options: &Options) -> Self {
        let settings = Settings {
            seed: options.seed,
            latency: options.latency,
            config: options.config.clone(),
            dials: options.dials,
            zones: options.scenario.zones(),
            ..Settings::default()
        };
        let mut network = Network::new(settings);
        if options.jitter > 0 {
            network.add_fault(Box::new(faults::Jitter { most: options.jitter }));
        }
        for fault in options.preset.map(Preset::faults).unwrap_or_default() {
            network.add_fault(fault);
        }
        if options.loss > 0.0 && !options.lossless_warm_up {
            network.add_fault(Box::new(faults::Loss { share: options.loss }));
        }
        if options.trace {
            network.keep_trace();
        }
        let report = Report {
            scenario: options.scenario.name().to_owned(),
            nodes: options.nodes,
            seed: options.seed,
            ..Report::default()
        };
        let chance = stream(options.seed, Concern::Scenario);
        Self {
            network,
            options: options.clone(),
            chance,
            report,
            measuring_since: 0,
            is_counted: false,
            dials_before: Vec::new(),
        }
    }

    /// Lets all members join at a steady rate, and waits until everybody knows everybody.
    pub fn warm_up(&mut self) {
        let begun_at = self.network.now();
        let joins_per_s = self.options.joins_per_s.max(0.1);
        while self.network.hosts().len() < self.options.nodes as usize && self.network.violation().is_none() {
            self.network.run_for(BURST_INTERVAL);
            let due = 1.0 + joins_per_s * seconds(self.network.now() - begun_at);
            while self.network.hosts().len() < (due as usize).min(self.options.nodes as usize) {
                self.network.spawn();
            }
        }
        let deadline = self.network.now() + WARM_UP_MAX;
        let settled = self.settle(deadline);
        let (parts, wrong) = (parts(&self.network), wrong(&self.network));
        self.expect(settled, || format!("the room comes to rest during warm-up ({parts}; {wrong})"));
        self.network.run_for(AFTER_WARM_UP);
    }

    /// Waits until everybody knows everybody, and all can reach each other.
    pub fn settle(&mut self, deadline: Micros) -> bool {
        self.network.run_while(SECOND, deadline, |network| !(is_right(network) && is_connected(network)))
    }

    /// Looks on until everybody is connected and right, and has been for a while; or until `deadline`.
    ///
    /// `meanwhile` runs every time we look, which is every [`LOOK`].
    pub(super) fn heal(&mut self, deadline: Micros, mut meanwhile: impl FnMut(&mut Self)) -> Heal {
        let since = self.network.now();
        let (mut connected_at, mut right_at) = (None, None);
        while self.network.now() < deadline && self.network.violation().is_none() {
            meanwhile(self);
            self.network.run_for(LOOK);
            let now = self.network.now();
            note(&mut connected_at, is_connected(&self.network), now);
            note(&mut right_at, is_right(&self.network), now);
            let at_rest = |since: Option<Micros>| since.is_some_and(|since| now - since >= REST);
            if at_rest(connected_at) && at_rest(right_at) {
                break;
            }
        }
        let after = |at: Micros| seconds(at - since);
        let heal = Heal {
            connected_s: connected_at.map(after),
            all_alive_s: right_at.map(after),
            message_reaches_all_s: None,
            state_equal_s: None,
        };
        let (parts, wrong) = (parts(&self.network), wrong(&self.network));
        self.expect(heal.connected_s.is_some(), || format!("all the living can reach each other ({parts})"));
        self.expect(heal.all_alive_s.is_some(), || format!("all the living know exactly each other ({wrong})"));
        heal
    }

    /// Measures from here on.
    pub fn begin(&mut self) {
        if self.options.loss > 0.0 && self.options.lossless_warm_up {
            self.network.add_fault(Box::new(faults::Loss { share: self.options.loss }));
        }
        self.network.measures.begin();
        self.network.traffic.begin();
        self.measuring_since = self.network.now();
        self.dials_before = self.network.hosts().iter().map(|host| host.node.stats().dials).collect();
    }

    /// Whether every packet arrives.
    #[must_use]
    pub fn is_lossless(&self) -> bool {
        self.options.loss == 0.0 && self.options.preset.is_none()
    }

    /// When the measured part began.
    #[must_use]
    pub const fn begun_at(&self) -> Micros {
        self.measuring_since
    }

    /// Notes something that should have come true and did not.
    pub fn expect(&mut self, came_true: bool, what: impl FnOnce() -> String) {
        // A run that was stopped has met no expectation: the violation says all.
        if !came_true && self.network.violation().is_none() {
            self.report.violations.push(format!("expected, and not so: {}", what()));
        }
    }

    /// Lets a host send a measured message of so many bytes to all.
    pub fn say(&mut self, host: u32, bytes: usize) {
        let mut payload = self.network.measures.compose(self.network.now(), host).to_vec();
        payload.resize(bytes.max(NAME_BYTES), b'.');
        let sent_at_ms = WALL_MS + self.network.now() / MS;
        let said = Command::Send { channel: "chat".to_owned(), to: None, payload, sent_at_ms };
        let refused = self.network.command(host, said).err();
        self.expect(refused.is_none(), || format!("node {host} takes a message of {bytes} bytes: {refused:?}"));
    }

    /// Copies of messages beyond the first, at all hosts, since the run began.
    pub(super) fn copies(&self) -> u64 {
        self.network.hosts().iter().map(|host| host.node.stats().duplicates).sum()
    }

    /// What became of the measured messages, among these members. `copies_before` is what there was of copies when the
    /// measuring began.
    pub(super) fn judge_messages(&mut self, among: &Bits, copies_before: u64) {
        let copies = self.copies().saturating_sub(copies_before);
        let network = &self.network;
        let messages = network.measures.messages();
        let wanted = messages.len() as f64 * f64::from(among.len().saturating_sub(1));
        let got = f64::from(messages.iter().map(|sent| sent.delivered.common(among)).sum::<u32>());
        let mut last: Vec<f64> = messages.iter().map(|sent| seconds(sent.last_at - sent.at)).collect();
        let kinds = network.traffic.by_kind();
        let probes: u64 = ["ping", "pong"].iter().filter_map(|kind| kinds.get(kind)).map(|count| count.bytes).sum();
        let found = Broadcast {
            delivered: if wanted > 0.0 { got / wanted } else { 1.0 },
            last_s: Spread::of(&mut last),
            redundancy: copies as f64 / got.max(1.0),
            hops_max: messages.iter().map(|sent| sent.hops.len().saturating_sub(1)).max().unwrap_or(0),
            duplicates_delivered: network.measures.duplicates_delivered(),
            bytes_per_delivery: (network.traffic.total().bytes - probes) as f64 / got.max(1.0),
        };
        let (delivered, twice) = (100.0 * found.delivered, found.duplicates_delivered);
        self.expect(delivered >= 100.0, || format!("every message reaches all ({delivered:.4} %)"));
        self.expect(twice == 0, || format!("no message is delivered twice ({twice} were)"));
        self.report.broadcast = Some(found);
    }

    /// How those who got a link since the measuring began have compared what they know, if any did.
    pub(super) fn judge_comparisons(&mut self) {
        let syncs: Vec<Sync> = self.network.traffic.syncs().copied().collect();
        let most = |of: fn(&Sync) -> u64| syncs.iter().map(of).max();
        let (rounds, bytes) = (most(|sync| sync.rounds), most(|sync| sync.bytes));
        self.report.sync = rounds.zip(bytes).map(|(rounds, bytes)| report::Sync { rounds, bytes });
    }

    /// What became of members that did not end.
    pub(super) fn mistakes(&self) -> Crash {
        let measures = &self.network.measures;
        Crash {
            false_deaths: measures.false_deaths(),
            false_suspicions: measures.false_suspicions(),
            ..Crash::default()
        }
    }

    /// Dials of whoever has made most, among those who were there when the measuring began, since then.
    pub(super) fn dials_of_the_longest_there(&self) -> u64 {
        let hosts = self.network.hosts().iter().zip(&self.dials_before);
        hosts
            .filter(|(host, _)| host.is_alive())
            .map(|(host, before)| host.node.stats().dials - before)
            .max()
            .unwrap_or(0)
    }

    /// Nobody that ran all the time is declared dead.
    pub(super) fn expect_no_false_deaths(&mut self) {
        let deaths = self.network.measures.false_deaths();
        self.expect(deaths == 0, || format!("nobody that runs is declared dead ({deaths} were)"));
    }

    /// One of the living, at random.
    pub fn somebody(&mut self) -> u32 {
        let living: Vec<u32> = self.network.living().collect();
        living[self.chance.random_range(0..living.len() as u32) as usize]
    }

    /// Ends the measured part, and tells what was found.
    pub(super) fn finish(mut self) -> Outcome {
        self.report.simulated_s = seconds(self.network.now() - self.measuring_since);
        self.report.events = self.network.hash().events();
        self.report.event_hash = self.network.hash().to_string();
        if let Some(violation) = self.network.violation() {
            self.report.violations.push(format!("{violation}, seed {}", self.options.seed));
        }
        if !self.is_counted {
            self.report.traffic = self.traffic();
        }
        let (mean, max) = self.network.measures.links();
        let dials = self.network.living().map(|host| self.network.hosts()[host as usize].node.stats().dials).max();
        self.report.links = report::Links { mean, max, dials_per_node_max: dials.unwrap_or(0) };
        Outcome { report: self.report, network: self.network, measured_since: self.measuring_since }
    }

    /// What is sent from here on is no longer of the measured part.
    pub(super) fn end_counting(&mut self) {
        self.report.traffic = self.traffic();
        self.is_counted = true;
    }

    fn traffic(&self) -> report::Traffic {
        let network = &self.network;
        let duration = seconds(network.now() - self.measuring_since);
        let mut rates: Vec<f64> = network
            .living()
            .filter(|host| network.traffic.counts(*host))
            .map(|host| network.traffic.by_host()[host as usize].bytes as f64 / duration.max(1e-9))
            .collect();
        let node_seconds = rates.len().max(1) as f64 * duration.max(1e-9);
        let total = network.traffic.total();
        let by_kind = network.traffic.by_kind();
        report::Traffic {
            bytes_per_node_s: total.bytes as f64 / node_seconds,
            frames_per_node_s: total.frames as f64 / node_seconds,
            bytes_per_node_s_p99: quantile(&mut rates, 0.99),
            by_kind: by_kind
                .iter()
                .map(|(kind, count)| ((*kind).to_owned(), count.bytes as f64 / node_seconds))
                .collect(),
        }
    }
}

/// Since when something is true without a break.
fn note(since: &mut Option<Micros>, is_true: bool, now: Micros) {
    *since = if is_true { since.or(Some(now)) } else { None };
}

/// The hosts that are not gone.
#[must_use]
pub(super) fn living(network: &Network) -> Bits {
    network.living().collect()
}

/// Whether every living member knows exactly the living, and suspects nobody.
#[must_use]
pub(super) fn is_right(network: &Network) -> bool {
    let living = living(network);
    living.iter().all(|host| network.measures.is_right(host, &living))
}

/// The sizes of the parts that can reach each other within.
fn parts(network: &Network) -> String {
    let sizes: Vec<usize> = components(network).iter().map(Vec::len).collect();
    if sizes.len() <= 1 { "one part".to_owned() } else { format!("parts of {sizes:?}") }
}

/// How many have a wrong idea of who is there, and what one of them is wrong about.
pub(super) fn wrong(network: &Network) -> String {
    let living = living(network);
    let wrong: Vec<u32> = living.iter().filter(|host| !network.measures.is_right(*host, &living)).collect();
    let Some(host) = wrong.first().copied() else { return "nobody is wrong".to_owned() };
    let (known, suspected) = (network.measures.known(host), network.measures.suspected(host));
    let few = |hosts: &mut dyn Iterator<Item = u32>| format!("{:?}", hosts.take(8).collect::<Vec<_>>());
    let missing = few(&mut living.iter().filter(|other| *other != host && !known.contains(*other)));
    let ghosts = few(&mut known.iter().filter(|other| !living.contains(*other)));
    let (count, suspects) = (wrong.len(), few(&mut suspected.iter()));
    format!("{count} are wrong; node {host} lacks {missing}, takes {ghosts} for members, suspects {suspects}")
}
