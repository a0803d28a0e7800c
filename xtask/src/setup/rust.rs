//! What comes through rustup and cargo.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Remedy, Requirement, State};
use crate::house::House;
use crate::version::{self, Version};

/// Older ones don't know of build profiles of one's own.
const WASM_PACK_MIN: Version = Version(0, 15, 0);
/// Where the core is checked to need no operating system.
pub(crate) const BARE_METAL: &str = "thumbv7em-none-eabi";
/// Where the core and its browser host run.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement { name: "Rust for WebAssembly", look: |house| target(house, WASM) },
    Requirement { name: "Rust for bare metal", look: |house| target(house, BARE_METAL) },
    Requirement { name: "crates", look: crates },
    Requirement { name: "wasm-bindgen", look: wasm_bindgen },
    Requirement { name: "wasm-pack", look: wasm_pack },
];

pub(super) const GECKODRIVER: Requirement = Requirement { name: "geckodriver", look: geckodriver };

/// The standard library of a target. Who has Rust from elsewhere than rustup has it from there too.
fn target(house: &House, triple: &str) -> Result<State> {
    let library = house.ask("rustc", &["--print", "target-libdir", "--target", triple]).map(PathBuf::from);
    if library.is_some_and(|directory| directory.is_dir()) {
        let version = house.ask("rustc", &["--version"]).as_deref().and_then(Version::find);
        return Ok(State::Found(version.map_or_else(String::new, |version| version.to_string())));
    }
    if house.which(&["rustup"]).is_none() {
        return Ok(State::Blocked(format!("install Rust's standard library for {triple}, or rustup, which does it")));
    }
    let mut command = house.command("rustup");
    command.args(["target", "add", triple]);
    Ok(State::Missing(Remedy::Run {
        what: format!("Adding the Rust target {triple}"),
        typically: "5 s",
        commands: vec![command],
    }))
}

/// The sources of all dependencies, of every platform: wasm-pack asks for those too, and then it is too late.
fn crates(house: &House) -> Result<State> {
    let mut probe = house.cargo();
    probe.args(["fetch", "--locked", "--offline", "--quiet"]);
    if probe.output().context("cannot run cargo")?.status.success() {
        return Ok(State::Found(String::new()));
    }
    let mut command = house.cargo();
    command.args(["fetch", "--locked"]);
    Ok(State::Missing(Remedy::Run { what: "Fetching crates".into(), typically: "10 s", commands: vec![command] }))
}

/// Exactly the version of the library: the two speak a format of their own, which changes with every release.
fn wasm_bindgen(house: &House) -> Result<State> {
    let lock = fs::read_to_string(house.path("Cargo.lock")).context("cannot read Cargo.lock")?;
    let wanted = version::locked(&lock, "wasm-bindgen").context("Cargo.lock does not name wasm-bindgen")?;
    Ok(found_or_install(house, "wasm-bindgen", |found| found == wanted, "wasm-bindgen-cli", Some(wanted), "100 s"))
}

fn wasm_pack(house: &House) -> Result<State> {
    Ok(found_or_install(house, "wasm-pack", |found| found >= WASM_PACK_MIN, "wasm-pack", None, "65 s"))
}

/// Debian has none, and npm's package downloads it from elsewhere.
fn geckodriver(house: &House) -> Result<State> {
    Ok(found_or_install(house, "geckodriver", |_| true, "geckodriver", None, "45 s"))
}

fn found_or_install(
    house: &House,
    program: &str,
    suits: impl Fn(Version) -> bool,
    package: &str,
    exactly: Option<Version>,
    typically: &'static str,
) -> State {
    match house.ask(program, &["--version"]).as_deref().and_then(Version::find) {
        Some(version) if suits(version) => State::Found(version.to_string()),
        other => {
            let what = match other {
                Some(version) => format!("Compiling {package}, as {program} {version} does not fit"),
                None => format!("Compiling {package}"),
            };
            // With the dependencies that it was published with; and if one of them is gone by now, with newer ones.
            let commands = ["--locked", ""].map(|locked| {
                let mut command = house.cargo();
                command.args(["install", package]).args(exactly.map(|version| format!("--version={version}")));
                command.args(Some(locked).filter(|flag| !flag.is_empty()));
                // One build directory for all: they share what they can, and an interrupted one goes on.
                command.env("CARGO_TARGET_DIR", tool_builds(house));
                // They run for a second now and then, and somebody waits for them now: this halves the wait.
                command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
                command
            });
            State::Missing(Remedy::Run { what, typically, commands: commands.into() })
        }
    }
}

fn tool_builds(house: &House) -> PathBuf {
    house.record("tools")
}

/// Half a gigabyte that nobody needs once the programs are installed.
pub(super) fn forget_tool_builds(house: &House) {
    fs::remove_dir_all(tool_builds(house)).ok();
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::process::Command;

    use super::*;

    /// What is made of a program that prints cargo's version.
    fn state(program: &str, suits: bool) -> Result<State> {
        Ok(found_or_install(&House::find()?, program, |_| suits, "some-crate", Some(Version(1, 2, 3)), "1 s"))
    }

    /// What is said, and the arguments of each attempt.
    fn attempts(state: State) -> Option<(String, Vec<String>)> {
        let State::Missing(Remedy::Run { what, commands, .. }) = state else { return None };
        let line = |command: &Command| command.get_args().map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
        Some((what, commands.iter().map(line).collect()))
    }

    #[test]
    fn what_fits_is_left_alone() -> Result<()> {
        assert!(matches!(state("cargo", true)?, State::Found(version) if version.contains('.')));
        Ok(())
    }

    #[test]
    fn what_is_missing_is_installed_in_the_wanted_version() -> Result<()> {
        let (what, attempts) = attempts(state("no-such-program-anywhere", true)?).context("not missing")?;
        assert_eq!(what, "Compiling some-crate");
        assert_eq!(attempts, ["install some-crate --version=1.2.3 --locked", "install some-crate --version=1.2.3"]);
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_replaced_and_said() -> Result<()> {
        let (what, _) = attempts(state("cargo", false)?).context("not missing")?;
        assert!(what.contains("does not fit"), "{what}");
        Ok(())
    }

    #[test]
    fn a_target_that_nobody_has_is_missing() -> Result<()> {
        let house = House::find()?;
        assert!(!matches!(target(&house, "no-such-target")?, State::Found(_)));
        Ok(())
    }
}
