//! Finds out what this machine lacks, and installs that and nothing else.
//!
//! First everything is looked at, so that what cannot be installed is said before anybody has waited for what can.

mod browsers;
mod node;
mod rust;

use std::process::Command;

use anyhow::{Result, bail};

use crate::house::House;
use crate::job::Job;

pub(crate) use browsers::environment as browser_environment;
pub(crate) use node::install_in as npm_packages;
pub(crate) use rust::{BARE_METAL, WASM};

/// What is to be done here, and so what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Building and running.
    Build,
    /// Running tests, in browsers too.
    Test,
}

/// Something that must be here.
struct Requirement {
    name: &'static str,
    look: fn(&House) -> Result<State>,
}

/// Whether it is here.
enum State {
    /// In this version.
    Found(String),
    /// It is not, and there is no use for it on this machine.
    Spared,
    /// It can be installed.
    Missing(Remedy),
    /// Somebody else must install it: how.
    Blocked(String),
}

/// How something that is missing gets here.
enum Remedy {
    /// By one command; where there are several, by the first that succeeds.
    Run { what: String, typically: &'static str, commands: Vec<Command> },
    /// By the system's package manager, all such packages at once.
    Apt { package: &'static str },
}

/// Installs what is missing. `in_full` gives everything a line, else only what was installed has one.
pub(crate) fn run(house: &House, scope: Scope, in_full: bool) -> Result<()> {
    let requirements: Vec<Requirement> = node::REQUIREMENTS
        .iter()
        .chain(rust::REQUIREMENTS)
        .chain(if scope == Scope::Test { browsers::REQUIREMENTS } else { &[] })
        .map(|&Requirement { name, look }| Requirement { name, look })
        .collect();
    let mut found = 0;
    let mut missing = Vec::new();
    let mut blocked = Vec::new();
    for requirement in requirements {
        match (requirement.look)(house)? {
            State::Found(version) => {
                found += 1;
                if in_full {
                    say(requirement.name, &version, "found");
                }
            }
            State::Spared if in_full => say(requirement.name, "", "not needed here"),
            State::Spared => {}
            State::Missing(remedy) => missing.push((requirement, remedy)),
            State::Blocked(how) => blocked.push(format!("{}: {how}", requirement.name)),
        }
    }
    if !blocked.is_empty() {
        bail!(
            "Something is missing that cannot be installed from here.\n  {}\nThen run this again.",
            blocked.join("\n  ")
        );
    }
    install_all(house, missing)?;
    rust::forget_tool_builds(house);
    if !in_full {
        println!("Set-up: all is here ({found} found).");
    }
    Ok(())
}

fn install_all(house: &House, missing: Vec<(Requirement, Remedy)>) -> Result<()> {
    let packages: Vec<&'static str> = missing
        .iter()
        .filter_map(|(_, remedy)| match remedy {
            Remedy::Apt { package } => Some(*package),
            Remedy::Run { .. } => None,
        })
        .collect();
    let mut apt_seconds = None;
    for (requirement, remedy) in missing {
        let seconds = match remedy {
            Remedy::Run { what, typically, commands } => install(house, &requirement, &what, typically, commands)?,
            Remedy::Apt { .. } => match apt_seconds {
                Some(seconds) => seconds,
                None => *apt_seconds.insert(browsers::install(house, &packages)?),
            },
        };
        match (requirement.look)(house)? {
            State::Found(version) => say(requirement.name, &version, &format!("installed in {seconds:.0} s")),
            State::Missing(_) | State::Blocked(_) | State::Spared => {
                bail!("{} was installed, and still cannot be found on the PATH", requirement.name)
            }
        }
    }
    Ok(())
}

/// Tries the commands one after another, and tells the seconds of all.
fn install(
    house: &House,
    requirement: &Requirement,
    what: &str,
    typically: &'static str,
    commands: Vec<Command>,
) -> Result<f64> {
    let log = format!("setup-{}", requirement.name.replace(' ', "-"));
    let mut seconds = 0.0;
    let mut failed = None;
    for command in commands {
        let finished = Job::new(house, what, &log, command).typically(Some(typically)).run()?;
        seconds += finished.seconds;
        if finished.success {
            return Ok(seconds);
        }
        failed = Some(finished);
    }
    failed.map_or(Ok(seconds), |finished| finished.or_fail(what).map(|_| seconds))
}

fn say(name: &str, version: &str, how: &str) {
    println!("  {name:28} {version:14} {how}");
}
