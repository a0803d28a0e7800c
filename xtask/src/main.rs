//! The chores of this repository, as `cargo xtask …`: each sets up what it needs, says what it does, and does nothing
//! twice.

mod bench_web;
mod build;
mod check;
mod demo;
mod house;
mod interrupt;
mod job;
mod passthrough;
mod progress;
mod report;
mod running;
mod sandbox;
mod scratch;
mod setup;
mod stamp;
mod suites;
mod tally;
mod version;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::check::Check;
use crate::house::House;
use crate::interrupt::Interrupted;
use crate::setup::Scope;
use crate::suites::Suite;

/// The chores of this repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    /// Install whatever is missing for building, and with --browsers for testing.
    Setup {
        /// Also the browsers and their drivers.
        #[arg(long)]
        browsers: bool,
    },
    /// Build the npm package, the demos, and the signaling server.
    Build,
    /// Set up, build, and serve the demos on this machine.
    Demo {
        /// Where to listen, on 127.0.0.1; 0 for any free one.
        #[arg(long, default_value_t = 8787)]
        port: u16,
    },
    /// Set up and run all tests, or those of these suites.
    Test {
        /// Which suites; all if none is named.
        suites: Vec<Suite>,
    },
    /// Run the end-to-end tests in real browsers.
    E2e {
        /// Only tests whose name holds this.
        filter: Option<String>,
        /// What takes a minute otherwise lasts as long as it does in life: tabs are hidden for ten.
        #[arg(long)]
        soak: bool,
    },
    /// Check format, lints, docs, portability, types, dependencies, sizes, and the package in real browsers.
    Check {
        /// Which checks; all if none is named.
        checks: Vec<Check>,
    },
    /// Feed the decoders with bytes that nobody has thought of.
    Fuzz {
        /// How long for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Which targets; all if none is named.
        targets: Vec<String>,
    },
    /// Run the benchmarks; as `bench peers` the one beside other libraries in the simulator, as `bench web` the one in a browser.
    Bench {
        /// Handed to cargo bench; behind `peers` or `web`, to that benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run a scenario of the simulator; `sim --help` lists them.
    #[command(disable_help_flag = true)]
    Sim {
        /// Handed to the simulator.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(&Chore::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("Stopped.");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well; an error means that something could not be done at all.
fn run(chore: &Chore) -> Result<bool> {
    interrupt::listen()?;
    let house = House::find()?;
    match chore {
        Chore::Setup { browsers } => {
            let scope = if *browsers { Scope::Test } else { Scope::Build };
            setup::run(&house, scope, true).map(|()| true)
        }
        Chore::Build => {
            setup::run(&house, Scope::Build, false)?;
            build::all(&house).map(|()| true)
        }
        Chore::Demo { port } => demo::run(&house, *port).map(|()| true),
        Chore::Test { suites } => suites::run(&house, suites),
        Chore::E2e { filter, soak } => suites::e2e(&house, filter.as_deref(), *soak),
        Chore::Check { checks } => check::run(&house, checks),
        Chore::Fuzz { seconds, targets } => passthrough::fuzz(&house, *seconds, targets),
        Chore::Bench { arguments } => passthrough::bench(&house, arguments),
        Chore::Sim { arguments } => passthrough::simulate(&house, arguments),
    }
}
