//! Chinwag beside other gossip libraries, as published, under the same simulated clock and latency.
//!
//! Every trial is that of the simulator's scenario of the same name, with the same definitions, on the same seeds; bytes
//! are those of each library's own codec. What a library cannot do is a dash. The peers are spared what costs us time:
//! their connections open at once, and nothing that they say is signed.
#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "members are counted in u32: no run has more")]

mod figures;
mod ours;
mod plumtree;
mod swim;
mod trials;
mod world;

use std::{
    collections::BTreeMap,
    io::{IsTerminal, stderr},
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

use chinwag_sim::time::{Micros, micros, seconds};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use figures::Figures;
use ours::Trial;
use plumtree::Plumtree;
use swim::Swim;
use world::{Member, World};

/// Chinwag beside other gossip libraries, under the same simulated clock and latency.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench peers")]
struct Cli {
    /// Members
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    nodes: u32,
    /// Runs with so many seeds, beginning with --seed
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One way, between any two members
    #[arg(long, default_value_t = 50.0, value_name = "MS")]
    latency_ms: f64,
    /// Only these libraries; all if none is named
    libraries: Vec<Library>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Library {
    /// Ours
    Chinwag,
    /// foca 2, `Config::new_lan`
    FocaLan,
    /// foca 2, `Config::new_wan`
    FocaWan,
    /// The proto module of iroh-gossip, by default
    IrohGossip,
}

impl Library {
    const fn title(self) -> &'static str {
        match self {
            Self::Chinwag => "chinwag",
            Self::FocaLan => "foca, LAN",
            Self::FocaWan => "foca, WAN",
            Self::IrohGossip => "iroh-gossip",
        }
    }

    fn run(self, trial: Trial, cli: &Cli, seed: u64) -> Figures {
        let latency = micros(cli.latency_ms / 1e3);
        let nodes = cli.nodes;
        match self {
            Self::Chinwag => ours::run(trial, nodes, seed, latency),
            Self::FocaLan => theirs::<Swim>(trial, swim::lan(nodes), nodes, seed, latency),
            Self::FocaWan => theirs::<Swim>(trial, swim::wan(nodes), nodes, seed, latency),
            Self::IrohGossip => theirs::<Plumtree>(trial, Default::default(), nodes, seed, latency),
        }
    }
}

/// One trial of a peer in a room at rest.
fn theirs<M: Member>(trial: Trial, config: M::Config, nodes: u32, seed: u64, latency: Micros) -> Figures {
    let mut world = World::<M>::new(config, seed, latency);
    M::warm_up(&mut world, nodes);
    match trial {
        Trial::Join => trials::join(&mut world),
        Trial::Calm => trials::calm(&mut world),
        Trial::Broadcast => trials::broadcast(&mut world),
        Trial::Crash => trials::crash(&mut world),
        Trial::MassCrash { announced } => trials::mass_crash(&mut world, announced),
    }
}

fn main() {
    let cli = Cli::parse();
    let libraries = if cli.libraries.is_empty() { Library::value_variants() } else { &cli.libraries };
    let seeds = cli.seed..cli.seed.saturating_add(cli.seeds);
    let runs: Vec<(Library, Trial, u64)> = seeds
        .flat_map(|seed| Trial::ALL.map(|trial| (trial, seed)))
        .flat_map(|(trial, seed)| libraries.iter().map(move |library| (*library, trial, seed)))
        .collect();
    let found = on_all_processors(&cli, &runs);
    let columns: Vec<(&str, Figures)> =
        libraries.iter().map(|library| (library.title(), found.get(library).cloned().unwrap_or_default())).collect();
    let Cli { nodes, seeds, seed, latency_ms, .. } = cli;
    println!(
        "{nodes} members, {latency_ms} ms one way, {seeds} seeds from {seed}, messages of {} B",
        trials::MESSAGE_BYTES
    );
    print!("{}", figures::table(&columns));
    println!("-: it has nothing of the kind. never: not within {} s.", seconds(trials::DURATION));
}

fn on_all_processors(cli: &Cli, runs: &[(Library, Trial, u64)]) -> BTreeMap<Library, Figures> {
    let bar = progress(runs.len());
    let next = AtomicUsize::new(0);
    let found = Mutex::new(BTreeMap::<Library, Figures>::new());
    std::thread::scope(|scope| {
        for _ in 0..available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some((library, trial, seed)) = runs.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                    bar.set_message(format!("{}, {trial:?}, seed {seed}", library.title()));
                    let figures = library.run(trial, cli, seed);
                    found.lock().unwrap_or_else(PoisonError::into_inner).entry(library).or_default().merge(figures);
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn progress(runs: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(runs as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}
