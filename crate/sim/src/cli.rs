//! Options in, report out.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, stderr},
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::available_parallelism,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use chinwag_core::{Config, Strategy};
use chinwag_sim::{
    faults::Preset,
    html, knobs,
    network::{Dials, Manner, Network},
    report::Report,
    scenario::{self, Options, Scenario, Shape},
    time::{MS, micros, seconds},
};
use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs thousands of Chinwag nodes in a simulated network, the same run for the same seed.
#[derive(Debug, Parser)]
#[command(name = "chinwag-sim", version)]
struct Cli {
    #[command(subcommand)]
    scenario: What,
    /// Members
    #[arg(long, global = true, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    nodes: u32,
    /// Determines everything: the same seed is the same run
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    /// One way, on each link and to the signaling server
    #[arg(long, global = true, default_value_t = 50.0, value_name = "MS")]
    latency_ms: f64,
    /// On top of the latency, at most
    #[arg(long, global = true, default_value_t = 0.0, value_name = "MS")]
    jitter_ms: f64,
    /// The share of packets that are lost: 0.05 is 5 %
    #[arg(long, global = true, default_value_t = 0.0, value_parser = share)]
    loss: f64,
    /// Packets are lost in the measured part alone
    #[arg(long, global = true)]
    lossless_warm_up: bool,
    /// The measured part, after warm-up, in simulated seconds
    #[arg(long, global = true, default_value_t = 60.0, value_name = "S")]
    duration_s: f64,
    /// The kind of network that everybody has, on top of the latency
    #[arg(long, global = true, value_enum)]
    network: Option<Kind>,
    /// The share of dials that come to nothing
    #[arg(long, global = true, default_value_t = 0.0, value_parser = share)]
    dial_failures: f64,
    /// The share of pairs that never connect, each behind the wrong kind of NAT
    #[arg(long, global = true, default_value_t = 0.0, value_parser = share)]
    nat: f64,
    /// During warm-up, members that join each second; default: 20, or 1 for 50 members of the room if that is more
    #[arg(long, global = true, value_name = "RATE")]
    joins_per_s: Option<f64>,
    /// Sets a knob of all nodes; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    config: Vec<String>,
    /// Prints one JSON object
    #[arg(long, global = true)]
    json: bool,
    /// Writes the last events to a file, one line each
    #[arg(long, global = true, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Writes the run as a page with pictures
    #[arg(long, global = true, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Nothing happens
    Calm,
    /// One newcomer after warm-up
    Join,
    /// All join within ten seconds
    Storm,
    /// Ten crashes, one after another
    Crash {
        /// How a member ends
        #[arg(long, value_enum, default_value_t = Ending::Killed)]
        manner: Ending,
    },
    /// A share of all members crashes at once
    MassCrash {
        /// The share
        #[arg(long, default_value_t = 0.8, value_parser = share)]
        fraction: f64,
        /// How a member ends
        #[arg(long, value_enum, default_value_t = Ending::Killed)]
        manner: Ending,
    },
    /// Random members speak, after each has spoken once
    Broadcast {
        /// Bytes of a message
        #[arg(long, default_value_t = 100)]
        bytes: usize,
        /// Between two messages
        #[arg(long, default_value_t = 500.0, value_name = "MS")]
        interval_ms: f64,
        /// How messages spread; all but the tree are compared with what theory predicts
        #[arg(long, value_enum, default_value_t = Spreading::Tree)]
        strategy: Spreading,
    },
    /// The room is cut, and becomes one again
    Partition {
        /// How it is cut
        #[arg(long, value_enum, default_value_t = Cut::Halves)]
        shape: Cut,
        /// For how long
        #[arg(long, default_value_t = 300.0, value_name = "S")]
        for_s: f64,
    },
    /// Three zones, one of which is cut off
    Regions {
        /// For how long
        #[arg(long, default_value_t = 300.0, value_name = "S")]
        for_s: f64,
    },
    /// On narrow links some members flood the room, while another crashes and one speaks
    Flood {
        /// What each link takes, in Mbit/s
        #[arg(long, default_value_t = 1.0)]
        mbits: f64,
        /// How many flood the room
        #[arg(long, default_value_t = 1)]
        flooders: u32,
        /// What they say in all, in megabytes
        #[arg(long, default_value_t = 5.0)]
        megabytes: f64,
    },
    /// Random members stand still for a while, again and again
    Freeze {
        /// For how long
        #[arg(long, default_value_t = 2.0, value_name = "S")]
        for_s: f64,
    },
    /// Half of the members are in hidden pages, with timers of one second
    Hidden,
    /// Members come and go
    Churn {
        /// The share that is replaced each minute
        #[arg(long, default_value_t = 0.02, value_parser = share)]
        rate: f64,
    },
    /// Some members misbehave
    Attack {
        /// What they do
        #[arg(long, value_enum)]
        kind: Attack,
        /// How many they are
        #[arg(long, default_value_t = 1)]
        attackers: u32,
    },
    /// Two members hold nearly the same entries of the state, and find out what differs
    Sync {
        /// Entries that both hold
        #[arg(long, default_value_t = 10_000)]
        entries: u32,
        /// Entries that one of the two lacks
        #[arg(long, default_value_t = 10)]
        differing: u32,
    },
    /// The seed draws size, parameters and faults
    Swarm {
        /// Runs so many seeds, beginning with --seed
        #[arg(long, default_value_t = 1)]
        seeds: u64,
    },
}

/// How the room is cut.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cut {
    /// In halves, at random
    Halves,
    /// One member, apart from all others
    One,
    /// A third, which hears the others and is not heard
    OneWay,
    /// Members are cut off one by one, and come back in another order
    Swizzle,
}

/// What adversaries do.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Attack {
    /// Accuse everybody
    Accuse,
    /// Say again what others have said
    Replay,
    /// Say much
    Flood,
    /// Join again and again, each time as somebody else
    Rejoin,
    /// Speak for others
    Forge,
}

/// Networks as people have them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A good one at home
    Wifi,
    /// One with too many neighbours
    LossyWifi,
    /// A telephone on the move
    Cellular,
    /// By way of a geostationary satellite
    Satellite,
}

/// How messages to all spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Spreading {
    /// Along a tree for each author
    Tree,
    /// Told to random links until enough of them knew it
    Rumor,
    /// In rounds, each telling one link
    Push,
    /// In rounds, each asking one link
    Pull,
    /// In rounds, each telling and asking one link
    PushPull,
}

/// How a member ends.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ending {
    /// Its transports are closed: the peers are told
    Closed,
    /// Its process is killed: the links fall silent
    Killed,
    /// Its machine is gone: not even the server is told
    Lost,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("not between 0 and 1".to_owned()) }
}

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(&cli) {
        Ok(report) if report.violations.is_empty() => ExitCode::SUCCESS,
        Ok(report) => {
            for violation in &report.violations {
                eprintln!("seed {}: {violation}", report.seed);
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("seed {}: {error:#}", cli.seed);
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: &Cli) -> Result<Report> {
    let options = cli.options()?;
    if let What::Swarm { seeds } = cli.scenario
        && seeds > 1
    {
        return Ok(swarm(cli, &options, seeds));
    }
    let begun = Instant::now();
    let bar = progress();
    let shown = bar.clone();
    let mut outcome = scenario::run(&options, move |network: &mut Network| {
        network.on_progress(Box::new(move |now| {
            shown.set_message(format!("{:.1} s simulated", seconds(now)));
            shown.tick();
        }));
    });
    bar.finish_and_clear();
    outcome.report.wall_s = begun.elapsed().as_secs_f64();
    if let (Some(file), Some(trace)) = (&cli.trace, outcome.network.trace()) {
        write(file, &trace.to_string())?;
    }
    if let Some(file) = &cli.html {
        write(file, &html::page(&outcome))?;
    }
    let report = outcome.report;
    if cli.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{report}");
    }
    Ok(report)
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

impl Cli {
    /// The knobs that were turned, as they stand on the command line.
    fn knobs(&self) -> String {
        self.config.iter().map(|assignment| format!(" --config {assignment}")).collect()
    }

    fn options(&self) -> Result<Options> {
        let mut options = Options {
            scenario: self.scenario.scenario(),
            nodes: self.nodes,
            seed: self.seed,
            latency: micros(self.latency_ms / 1e3),
            jitter: micros(self.jitter_ms / 1e3),
            loss: self.loss,
            lossless_warm_up: self.lossless_warm_up,
            preset: self.network.map(Preset::from),
            dials: Dials { failing: self.dial_failures, impossible: self.nat, ..Dials::default() },
            duration: micros(self.duration_s),
            config: Config::default(),
            joins_per_s: self.joins_per_s.unwrap_or((f64::from(self.nodes) / 50.0).max(20.0)),
            trace: self.trace.is_some(),
        };
        if let What::Broadcast { strategy, .. } = self.scenario {
            options.spread_by(strategy.into());
        }
        for assignment in &self.config {
            knobs::apply(&mut options.config, assignment)?;
        }
        Ok(options)
    }
}

impl What {
    fn scenario(&self) -> Scenario {
        match *self {
            Self::Calm => Scenario::Calm,
            Self::Join => Scenario::Join,
            Self::Storm => Scenario::Storm,
            Self::Crash { manner } => Scenario::Crash { manner: manner.into() },
            Self::MassCrash { fraction, manner } => Scenario::MassCrash { fraction, manner: manner.into() },
            Self::Broadcast { bytes, interval_ms, .. } => {
                Scenario::Broadcast { bytes, interval: micros(interval_ms / 1e3).max(MS) }
            }
            Self::Partition { shape, for_s } => Scenario::Partition { shape: shape.into(), lasts: micros(for_s) },
            Self::Regions { for_s } => Scenario::Regions { lasts: micros(for_s) },
            Self::Flood { mbits, flooders, megabytes } => {
                let (bytes_per_s, bytes) = ((mbits * 125_000.0).max(1.0) as u64, (megabytes * 1e6) as usize);
                Scenario::Flood { bytes_per_s, flooders, bytes }
            }
            Self::Freeze { for_s } => Scenario::Freeze { lasts: micros(for_s).max(1) },
            Self::Hidden => Scenario::Hidden,
            Self::Sync { entries, differing } => Scenario::Sync { entries, differing },
            Self::Churn { rate } => Scenario::Churn { rate },
            Self::Attack { kind, attackers } => Scenario::Attack { kind: kind.into(), attackers },
            Self::Swarm { .. } => Scenario::Swarm,
        }
    }
}

macro_rules! same_names {
    ($from:ty => $to:ty { $($name:ident)* }) => {
        impl From<$from> for $to {
            fn from(from: $from) -> Self {
                match from {
                    $(<$from>::$name => Self::$name,)*
                }
            }
        }
    };
}

same_names!(Ending => Manner { Closed Killed Lost });
same_names!(Cut => Shape { Halves One OneWay Swizzle });
same_names!(Attack => scenario::Kind { Accuse Replay Flood Rejoin Forge });
same_names!(Spreading => Strategy { Tree Rumor Push Pull PushPull });
same_names!(Kind => Preset { Wifi LossyWifi Cellular Satellite });

/// Runs many seeds on all processors. What fails can be repeated by the seed that is told.
fn swarm(cli: &Cli, options: &Options, seeds: u64) -> Report {
    let begun = Instant::now();
    let bar = if stderr().is_terminal() { ProgressBar::new(seeds) } else { ProgressBar::hidden() };
    let next = AtomicU64::new(options.seed);
    let reports = Mutex::new(BTreeMap::new());
    let workers = available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.seed.saturating_add(seeds) {
                        return;
                    }
                    let report = scenario::run(&Options { seed, ..options.clone() }, |_| {}).report;
                    reports.lock().unwrap_or_else(PoisonError::into_inner).insert(seed, report);
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut sum = Report::of_swarm(options.seed, &reports);
    sum.wall_s = begun.elapsed().as_secs_f64();
    if cli.json {
        println!("{}", serde_json::to_string(&sum).unwrap_or_default());
    } else {
        let failed = reports.values().filter(|report| !report.violations.is_empty()).count();
        println!("swarm: {} of {seeds} seeds failed, {:.1} s", failed, sum.wall_s);
        println!("  {:.0} s simulated, {} events, hash {}", sum.simulated_s, sum.events, sum.event_hash);
        for (seed, report) in reports.iter().filter(|(_, report)| !report.violations.is_empty()) {
            println!("  cargo xtask sim swarm --seed {seed}{}", cli.knobs());
            report.violations.iter().for_each(|violation| println!("      {violation}"));
        }
    }
    sum
}

fn progress() -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    bar.set_style(ProgressStyle::default_spinner());
    bar
}
