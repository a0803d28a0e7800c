//! What is tried: each scenario is one file with one function, and all share the stage on which they play.
//!
//! A scenario begins with a warm-up: members join through the real protocol, one after another, until everybody knows
//! everybody. Only then the measuring begins.

mod attack;
mod broadcast;
mod calm;
mod churn;
mod crash;
mod flood;
mod freeze;
mod hidden;
mod join;
mod mass_crash;
mod partition;
mod regions;
mod stage;
mod state;
mod storm;
mod swarm;
mod sync;

pub use attack::Kind;
use chinwag_core::{Config, Strategy};
pub use partition::Shape;
pub use stage::Stage;

use crate::{
    faults::Preset,
    network::{Dials, Manner, Network},
    report::Report,
    time::{MS, Micros, SECOND},
};

/// What to try.
#[derive(Clone, Debug, PartialEq)]
pub enum Scenario {
    /// Nothing happens.
    Calm,
    /// One newcomer after warm-up.
    Join,
    /// All join within ten seconds.
    Storm,
    /// Ten crashes, one after another.
    Crash {
        /// How they end.
        manner: Manner,
    },
    /// A share of all members crashes at once.
    MassCrash {
        /// The share.
        fraction: f64,
        /// How they end.
        manner: Manner,
    },
    /// Random members speak, after each has spoken once.
    Broadcast {
        /// Bytes of a message.
        bytes: usize,
        /// Time between two messages.
        interval: Micros,
    },
    /// The room is cut, and becomes one again.
    Partition {
        /// How.
        shape: Shape,
        /// For how long.
        lasts: Micros,
    },
    /// Three zones, one of which is cut off.
    Regions {
        /// For how long.
        lasts: Micros,
    },
    /// On narrow links some members say as much as they take, while another crashes and one speaks.
    Flood {
        /// What each link takes, in each direction.
        bytes_per_s: u64,
        /// How many flood the room.
        flooders: u32,
        /// What they say in all.
        bytes: usize,
    },
    /// Random members stand still.
    Freeze {
        /// For how long.
        lasts: Micros,
    },
    /// Half of the members have timers of one second.
    Hidden,
    /// Members come and go.
    Churn {
        /// The share that is replaced each minute.
        rate: f64,
    },
    /// Some members misbehave.
    Attack {
        /// How.
        kind: Kind,
        /// How many.
        attackers: u32,
    },
    /// Two members that hold nearly the same entries of the state find out what differs.
    Sync {
        /// Entries that both hold.
        entries: u32,
        /// Entries that one of the two lacks.
        differing: u32,
    },
    /// The seed draws everything.
    Swarm,
}

impl Scenario {
    /// Its name on the command line and in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Join => "join",
            Self::Storm => "storm",
            Self::Crash { .. } => "crash",
            Self::MassCrash { .. } => "mass-crash",
            Self::Broadcast { .. } => "broadcast",
            Self::Partition { .. } => "partition",
            Self::Regions { .. } => "regions",
            Self::Flood { .. } => "flood",
            Self::Freeze { .. } => "freeze",
            Self::Hidden => "hidden",
            Self::Churn { .. } => "churn",
            Self::Attack { .. } => "attack",
            Self::Sync { .. } => "sync",
            Self::Swarm => "swarm",
        }
    }

    /// Zones into which the members fall.
    #[must_use]
    pub const fn zones(&self) -> u8 {
        if matches!(self, Self::Regions { .. }) { regions::ZONES } else { 1 }
    }
}

/// What a run is: equal options give equal runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to try.
    pub scenario: Scenario,
    /// Members.
    pub nodes: u32,
    /// Determines every choice.
    pub seed: u64,
    /// One way, on every link and to the server.
    pub latency: Micros,
    /// On top of it, at most.
    pub jitter: Micros,
    /// The share of packets that are lost.
    pub loss: f64,
    /// Packets are lost in the measured part alone: the room comes together before.
    pub lossless_warm_up: bool,
    /// The measured part; a scenario may need less.
    pub duration: Micros,
    /// The kind of network that everybody has, on top of the latency.
    pub preset: Option<Preset>,
    /// How connections come about.
    pub dials: Dials,
    /// The knobs of all nodes.
    pub config: Config,
    /// During warm-up, so many members join each second.
    pub joins_per_s: f64,
    /// Keep the last events.
    pub trace: bool,
}

impl Options {
    /// Lets posts spread by another strategy than a tree.
    ///
    /// A round must have time for its contact: to ask, to be told, to want, to get. Nobody waits for an author's message
    /// before, or it would look as if one had come later than it did.
    pub fn spread_by(&mut self, strategy: Strategy) {
        self.config.strategy = strategy;
        if strategy != Strategy::Tree {
            self.config.order_patience_ms = 0;
            self.config.round_ms = self.config.round_ms.max((6 * (self.latency + self.jitter) / MS) as u32);
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenario: Scenario::Calm,
            nodes: 1_000,
            seed: 1,
            latency: 50 * MS,
            jitter: 0,
            loss: 0.0,
            lossless_warm_up: false,
            duration: 60 * SECOND,
            preset: None,
            dials: Dials::default(),
            config: Config::default(),
            joins_per_s: 20.0,
            trace: false,
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The figures.
    pub report: Report,
    /// The world at the end.
    pub network: Network,
    /// When the measured part began.
    pub measured_since: Micros,
}

/// Runs a scenario. `prepare` may change the world before anything happens.
pub fn run(options: &Options, prepare: impl FnOnce(&mut Network)) -> Outcome {
    let drawn = match options.scenario {
        Scenario::Swarm => swarm::draw(options),
        Scenario::Sync { .. } => sync::prepare(options),
        _ => options.clone(),
    };
    let mut stage = Stage::new(&drawn);
    prepare(&mut stage.network);
    match &options.scenario {
        Scenario::Calm => calm::run(&mut stage),
        Scenario::Join => join::run(&mut stage),
        Scenario::Storm => storm::run(&mut stage),
        Scenario::Crash { manner } => crash::run(&mut stage, *manner),
        Scenario::MassCrash { fraction, manner } => mass_crash::run(&mut stage, *fraction, *manner),
        Scenario::Broadcast { bytes, interval } => broadcast::run(&mut stage, *bytes, *interval),
        Scenario::Partition { shape, lasts } => partition::run(&mut stage, *shape, *lasts),
        Scenario::Regions { lasts } => regions::run(&mut stage, *lasts),
        Scenario::Flood { bytes_per_s, flooders, bytes } => flood::run(&mut stage, *bytes_per_s, *flooders, *bytes),
        Scenario::Freeze { lasts } => freeze::run(&mut stage, *lasts),
        Scenario::Hidden => hidden::run(&mut stage),
        Scenario::Churn { rate } => churn::run(&mut stage, *rate),
        Scenario::Attack { kind, attackers } => attack::run(&mut stage, *kind, *attackers),
        Scenario::Sync { entries, differing } => sync::run(&mut stage, *entries, *differing),
        Scenario::Swarm => swarm::run(&mut stage),
    }
    stage.finish()
}
