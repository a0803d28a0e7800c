//! Commands that mostly hand their arguments to a tool: fuzzing, benchmarks, the simulator.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench_web;
use crate::house::House;
use crate::job::Job;
use crate::running::Running;
use crate::suites::SIMULATOR;

const FUZZ: &str = "crate/core/fuzz";
const PEERS: &str = "crate/bench-peers/Cargo.toml";

/// Runs every fuzz target for that long, or those named.
pub(crate) fn fuzz(house: &House, seconds: u32, targets: &[String]) -> Result<bool> {
    if house.ask("cargo-fuzz", &["--version"]).is_none() {
        let mut install = house.cargo();
        install.args(["install", "--locked", "cargo-fuzz"]);
        Job::new(house, "Compiling cargo-fuzz", "setup-cargo-fuzz", install)
            .typically(Some("1 min"))
            .run()?
            .or_fail("compiling cargo-fuzz")?;
    }
    let targets = if targets.is_empty() { fuzz_targets(house)? } else { targets.to_vec() };
    let mut all_held = true;
    for target in targets {
        println!("Fuzzing {target} for {seconds} s");
        let mut command = house.cargo();
        // The sanitizer is an unstable flag; this lets the stable compiler take it, so that nobody needs a second one.
        command.env("RUSTC_BOOTSTRAP", "1");
        command.args(["fuzz", "run", "--fuzz-dir"]).arg(fuzz_directory(house)).arg(&target);
        command.args(["--", &format!("-max_total_time={seconds}")]);
        all_held &= in_the_open(command)?;
    }
    Ok(all_held)
}

fn fuzz_directory(house: &House) -> PathBuf {
    house.path(FUZZ)
}

fn fuzz_targets(house: &House) -> Result<Vec<String>> {
    let mut command = house.cargo();
    command.args(["fuzz", "list", "--fuzz-dir"]).arg(fuzz_directory(house));
    let output = command.output().context("cannot run cargo fuzz")?;
    let targets: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    if !output.status.success() || targets.is_empty() {
        bail!("no fuzz targets in {FUZZ}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(targets)
}

/// Runs a scenario of the simulator.
pub(crate) fn simulate(house: &House, arguments: &[String]) -> Result<bool> {
    let mut command = house.cargo();
    command.args(["run", "--release", "--locked", "--quiet", "-p", SIMULATOR, "--"]).args(arguments);
    in_the_open(command)
}

/// Runs the benchmarks of all crates that have some; or, as `peers` or `web`, one of those that compare us with others.
pub(crate) fn bench(house: &House, arguments: &[String]) -> Result<bool> {
    match arguments.split_first() {
        Some((first, arguments)) if first == "peers" => bench_peers(house, arguments),
        Some((first, arguments)) if first == "web" => bench_web::run(house, arguments),
        _ => bench_crates(house, arguments),
    }
}

fn bench_peers(house: &House, arguments: &[String]) -> Result<bool> {
    // A workspace of its own: nobody else shall build what it compares us with.
    let mut command = house.cargo();
    command.args(["run", "--release", "--locked", "--manifest-path"]).arg(house.path(PEERS));
    command.arg("--").args(arguments);
    in_the_open(command)
}

fn bench_crates(house: &House, arguments: &[String]) -> Result<bool> {
    let output = house.cargo().args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    let packages = benchmarked(&serde_json::from_slice(&output.stdout).context("cannot read cargo metadata")?);
    if packages.is_empty() {
        bail!("no crate has benchmarks");
    }
    let mut command = house.cargo();
    command.arg("bench").args(packages.iter().flat_map(|name| ["-p", name])).args(["--benches"]).args(arguments);
    in_the_open(command)
}

/// The packages with a target of the kind "bench".
fn benchmarked(metadata: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let has_benches = |package: &Value| {
        list(&package["targets"])
            .iter()
            .any(|target| list(&target["kind"]).iter().any(|kind| kind.as_str() == Some("bench")))
    };
    let packages = list(&metadata["packages"]);
    packages
        .iter()
        .filter(|package| has_benches(package))
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect()
}

/// Runs it with its output where ours goes.
pub(crate) fn in_the_open(command: Command) -> Result<bool> {
    Ok(Running::start(command)?.wait(|| ())?.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_crates_with_benchmarks_are_benchmarked() {
        let metadata = json!({"packages": [
            {"name": "quick", "targets": [{"kind": ["lib"]}, {"kind": ["bench"]}]},
            {"name": "plain", "targets": [{"kind": ["lib"]}, {"kind": ["test"]}]}]});
        assert_eq!(benchmarked(&metadata), ["quick"]);
        assert!(benchmarked(&json!({})).is_empty());
    }
}
