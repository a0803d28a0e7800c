//! `cargo xtask test`: every suite of tests, each with the set-up that it needs.

use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use crate::build;
use crate::house::House;
use crate::job::{Finished, Job};
use crate::report::Report;
use crate::sandbox::Sandbox;
use crate::setup::{self, Scope};

/// The package that simulates a network around many nodes.
pub(crate) const SIMULATOR: &str = "chinwag-sim";

/// Runs that the seed draws: sizes, parameters and faults.
const SWARM_SEEDS: &str = "200";

/// A body of tests that one runner runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// All crates, natively.
    Rust,
    /// 200 seeds of the simulator's swarm: each draws a room and its faults, and every invariant must hold.
    Swarm,
    /// The browser host's own tests, in Chromium.
    WasmChromium,
    /// The browser host's own tests, in Firefox.
    WasmFirefox,
    /// The TypeScript of the package and of the demos.
    Npm,
    /// The package as users get it: packed, installed, bundled, opened.
    Package,
    /// The demos in real browsers, driven as people do.
    E2e,
}

impl Suite {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn typically(self) -> &'static str {
        match self {
            Self::Rust => "2 min with nothing compiled",
            Self::Swarm => "2 min with nothing compiled",
            Self::WasmChromium => "1 min with nothing compiled",
            Self::WasmFirefox => "10 s",
            Self::Npm => "10 s",
            Self::Package => "1 min",
            Self::E2e => "5 min",
        }
    }

    fn command(self, house: &House) -> Command {
        let arguments: &[&str] = match self {
            Self::Rust => &["test", "--workspace", "--locked", "--no-fail-fast"],
            // Optimised, or it would take half an hour.
            Self::Swarm => &["run", "--release", "--locked", "-p", SIMULATOR, "--", "swarm", "--seeds", SWARM_SEEDS],
            // Without --mode no-install, wasm-pack would fetch what it does not find.
            Self::WasmChromium => &["test", "--headless", "--chrome", "--mode", "no-install", "crate/web"],
            Self::WasmFirefox => &["test", "--headless", "--firefox", "--mode", "no-install", "crate/web"],
            Self::Npm => &["test", "--workspace", "chinwag", "--workspace", "www", "--if-present"],
            Self::Package => &["run", "package", "--workspace", "tests"],
            Self::E2e => &["run", "e2e", "--workspace", "tests"],
        };
        let mut command = match self {
            Self::Rust | Self::Swarm => house.cargo(),
            Self::WasmChromium | Self::WasmFirefox => house.command("wasm-pack"),
            Self::Npm | Self::Package | Self::E2e => house.npm(),
        };
        command.args(arguments);
        command
    }

    fn uses_build(self) -> bool {
        matches!(self, Self::Npm | Self::Package | Self::E2e)
    }

    fn uses_browsers(self) -> bool {
        matches!(self, Self::WasmChromium | Self::WasmFirefox | Self::Package | Self::E2e)
    }
}

/// Sets up, builds, and runs these suites, or all; whether every test has passed.
pub(crate) fn run(house: &House, suites: &[Suite]) -> Result<bool> {
    let suites = if suites.is_empty() { Suite::value_variants() } else { suites };
    set_up(house, suites)?;
    let built = !suites.iter().any(|suite| suite.uses_build()) || build::or_go_on(house)?;
    let mut report = Report::default();
    for &suite in suites {
        if suite.uses_build() && !built {
            report.not_run(&suite.name(), build::FAILED);
            continue;
        }
        let command = suite.command(house);
        report.suite(&suite.name(), &run_one(house, suite, command)?);
    }
    print!("{}", report.render());
    Ok(report.total().failed == 0)
}

/// The end-to-end tests whose names hold `filter`; those that wait for a minute do so for ten in a `soak`.
pub(crate) fn e2e(house: &House, filter: Option<&str>, soak: bool) -> Result<bool> {
    set_up(house, &[Suite::E2e])?;
    build::all(house)?;
    let mut command = Suite::E2e.command(house);
    command.args(filter.into_iter().flat_map(|filter| ["--", "--test-name-pattern", filter]));
    if soak {
        command.env("CHINWAG_E2E_SOAK", "1");
    }
    let finished = run_one(house, Suite::E2e, command)?;
    println!("{}", finished.text);
    let mut report = Report::default();
    report.suite(&Suite::E2e.name(), &finished);
    print!("{}", report.render());
    Ok(report.total().failed == 0)
}

fn set_up(house: &House, suites: &[Suite]) -> Result<()> {
    let browsers = suites.iter().any(|suite| suite.uses_browsers());
    setup::run(house, if browsers { Scope::Test } else { Scope::Build }, false)
}

/// Runs a suite's command, in a sandbox if it needs browsers. A suite that fails does not stop the others.
fn run_one(house: &House, suite: Suite, command: Command) -> Result<Finished> {
    let sandbox = if suite.uses_browsers() { Some(Sandbox::new(house)?) } else { None };
    let mut command = command;
    test_environment(house, &mut command);
    if let Some(sandbox) = &sandbox {
        command = sandbox.wrap(command);
    }
    let what = format!("Testing: {}", suite.name());
    Job::new(house, what, &format!("test-{}", suite.name()), command).typically(Some(suite.typically())).run()
}

/// Tells tests where browsers, drivers and the server are, so that they need not search, nor fetch.
pub(crate) fn test_environment(house: &House, command: &mut Command) {
    setup::browser_environment(house, command);
    command.env("CHINWAG_SERVER_BIN", house.binary("release", build::SERVER));
    for (variable, driver) in [("CHROMEDRIVER", "chromedriver"), ("GECKODRIVER", "geckodriver")] {
        command.envs(house.which(&[driver]).map(|path| (variable, path)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_named_and_has_a_command() -> Result<()> {
        let house = House::find()?;
        for suite in Suite::value_variants() {
            assert!(!suite.name().is_empty());
            assert!(suite.command(&house).get_args().count() > 2);
        }
        Ok(())
    }

    #[test]
    fn tests_in_browsers_never_download() -> Result<()> {
        let house = House::find()?;
        for suite in [Suite::WasmChromium, Suite::WasmFirefox] {
            assert!(suite.uses_browsers());
            assert!(suite.command(&house).get_args().any(|argument| argument == "no-install"));
        }
        Ok(())
    }
}
