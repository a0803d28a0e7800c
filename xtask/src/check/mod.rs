//! `cargo xtask check`: what must hold of the code before anybody else sees it.

mod dependencies;
mod hygiene;

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::build;
use crate::house::House;
use crate::job::Job;
use crate::report::Report;
use crate::sandbox::Sandbox;
use crate::setup::{self, BARE_METAL, Scope, WASM};
use crate::suites::test_environment;

/// One rule, or a few of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// Code is formatted as rustfmt does it.
    Format,
    /// No lint complains, natively.
    Clippy,
    /// No lint complains in what runs in a browser.
    ClippyWasm,
    /// The documentation builds without a warning.
    Docs,
    /// The core compiles for a browser.
    CoreWasm,
    /// The core compiles where there is no operating system.
    CoreBareMetal,
    /// TypeScript finds no error.
    Typescript,
    /// Crates depend on each other one way only.
    Dependencies,
    /// Lock files are tracked and fit what they lock.
    Locks,
    /// What users download stays within its budget.
    Size,
    /// The built package starts in Chromium and in Firefox.
    Package,
    /// Nothing that is built is tracked; in CI nothing tracked has changed either.
    Hygiene,
}

/// Runs these checks, or all; whether every one holds.
pub(crate) fn run(house: &House, checks: &[Check]) -> Result<bool> {
    let checks = if checks.is_empty() { Check::value_variants() } else { checks };
    let browsers = checks.contains(&Check::Package);
    setup::run(house, if browsers { Scope::Test } else { Scope::Build }, false)?;
    let built = !checks.iter().any(|check| check.uses_build()) || build::or_go_on(house)?;
    let mut report = Report::default();
    for &check in checks {
        if check.uses_build() && !built {
            report.not_run(&check.name(), build::FAILED);
            continue;
        }
        let began = Instant::now();
        let result = check.result(house);
        report.check(&check.name(), began.elapsed().as_secs_f64(), result)?;
    }
    print!("{}", report.render());
    Ok(report.total().failed == 0)
}

impl Check {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn uses_build(self) -> bool {
        matches!(self, Self::Typescript | Self::Size | Self::Package)
    }

    fn result(self, house: &House) -> Result<String> {
        let cargo = |arguments: &[&str]| self.succeeds(house, house.cargo(), arguments);
        match self {
            Self::Format => cargo(&["fmt", "--all", "--check", "--", "--color", "never"]),
            Self::Clippy => cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
            Self::ClippyWasm => cargo(&[
                "clippy",
                "-p",
                "chinwag",
                "--all-targets",
                "--target",
                WASM,
                "--locked",
                "--",
                "-D",
                "warnings",
            ]),
            Self::Docs => {
                let mut command = house.cargo();
                command.env("RUSTDOCFLAGS", "-D warnings");
                self.succeeds(house, command, &["doc", "--workspace", "--no-deps", "--locked"])
            }
            Self::CoreWasm => cargo(&["check", "-p", "chinwag-core", "--target", WASM, "--locked"]),
            Self::CoreBareMetal => cargo(&["check", "-p", "chinwag-core", "--target", BARE_METAL, "--locked"]),
            Self::Typescript => self.succeeds(house, house.npm(), &["run", "check", "--workspaces", "--if-present"]),
            Self::Dependencies => dependencies::check(house),
            Self::Locks => hygiene::locks(house),
            Self::Size => self.size(house),
            Self::Package => self.package(house),
            Self::Hygiene => hygiene::tracked(house),
        }
    }

    fn succeeds(self, house: &House, mut command: Command, arguments: &[&str]) -> Result<String> {
        command.args(arguments);
        let what = format!("Checking: {}", self.name());
        Job::new(house, &what, &format!("check-{}", self.name()), command).run()?.or_fail(&what)?;
        Ok(String::new())
    }

    fn size(self, house: &House) -> Result<String> {
        let mut command = house.command("node");
        command.arg("tests/package/size.mjs");
        let what = "Checking: size";
        let finished = Job::new(house, what, "check-size", command).run()?.or_fail(what)?;
        Ok(finished.text.lines().last().context("the size was not said")?.to_owned())
    }

    fn package(self, house: &House) -> Result<String> {
        let sandbox = Sandbox::new(house)?;
        let mut command = house.command("node");
        test_environment(house, &mut command);
        command.args(["--test", "tests/package/load.test.mjs"]);
        self.succeeds(house, sandbox.wrap(command), &[])
    }
}
