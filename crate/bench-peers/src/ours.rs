//! Chinwag, by its own simulator.

use chinwag_sim::{
    network::Manner,
    quantile::greatest,
    scenario::{self, Options, Outcome, Scenario},
    time::{Micros, seconds},
};

use crate::{
    figures::{Figures, Row},
    trials::{DURATION, MESSAGE_BYTES},
};

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    Join,
    Calm,
    Broadcast,
    Crash,
    MassCrash { announced: bool },
}

impl Trial {
    pub(crate) const ALL: [Self; 6] = [
        Self::Join,
        Self::Calm,
        Self::Broadcast,
        Self::Crash,
        Self::MassCrash { announced: true },
        Self::MassCrash { announced: false },
    ];
}

/// Runs the scenario of that name, with the default settings.
pub(crate) fn run(trial: Trial, nodes: u32, seed: u64, latency: Micros) -> Figures {
    let scenario = match trial {
        Trial::Join => Scenario::Join,
        Trial::Calm => Scenario::Calm,
        Trial::Broadcast => Scenario::Broadcast { bytes: MESSAGE_BYTES, interval: DURATION / 120 },
        Trial::Crash => Scenario::Crash { manner: Manner::Killed },
        Trial::MassCrash { announced } => {
            Scenario::MassCrash { fraction: 0.8, manner: if announced { Manner::Closed } else { Manner::Killed } }
        }
    };
    let options = Options { scenario, nodes, seed, latency, duration: DURATION, ..Options::default() };
    figures(trial, &scenario::run(&options, |_| {}))
}

/// A run that was stopped because a rule did not hold has shown none of its figures.
fn figures(trial: Trial, outcome: &Outcome) -> Figures {
    let Outcome { report, network, .. } = outcome;
    let whole = network.violation().is_none();
    let mut figures = Figures::default();
    let mut add = |row: Row, value: Option<f64>| figures.add(row, value.filter(|_| whole));
    match trial {
        Trial::Join => {
            add(Row::JoinKnownToAll, report.join.as_ref().map(|join| join.known_to_all_s.max));
            add(Row::JoinLearnsAll, report.join.as_ref().map(|join| join.learns_all_s.max));
        }
        Trial::Calm => add(Row::Calm, Some(report.traffic.bytes_per_node_s)),
        Trial::Broadcast => {
            let found = report.broadcast.as_ref();
            let last: Vec<f64> =
                network.measures.messages().iter().map(|sent| seconds(sent.last_at - sent.at)).collect();
            add(Row::LastMedian, found.map(|found| found.last_s.p50));
            add(Row::LastMean, found.map(|_| last.iter().sum::<f64>() / last.len().max(1) as f64));
            add(Row::LastMax, found.map(|_| greatest(&last)));
            add(Row::Delivered, found.map(|found| 100.0 * found.delivered));
            add(Row::Redundancy, found.map(|found| found.redundancy));
            add(Row::BytesPerDelivery, found.map(|found| found.bytes_per_delivery));
        }
        Trial::Crash => {
            // One who never learns of a crash is an expectation that was not met.
            let all_know = report.violations.is_empty();
            let crash = report.crash.as_ref().filter(|_| all_know);
            add(Row::CrashKnownTo99, crash.and_then(|crash| crash.known_to_99_s));
            add(Row::CrashKnownToAll, crash.and_then(|crash| crash.known_to_all_s));
        }
        Trial::MassCrash { announced } => {
            let heal = report.heal.as_ref();
            let [connected, message, right] = if announced {
                [Row::AnnouncedConnected, Row::AnnouncedMessage, Row::AnnouncedRight]
            } else {
                [Row::SilentConnected, Row::SilentMessage, Row::SilentRight]
            };
            add(connected, heal.and_then(|heal| heal.connected_s));
            add(message, heal.and_then(|heal| heal.message_reaches_all_s));
            add(right, heal.and_then(|heal| heal.all_alive_s));
        }
    }
    figures
}
