//! Node, npm, and what npm installs.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::{Remedy, Requirement, State};
use crate::house::House;
use crate::job::Job;
use crate::version::Version;

pub(super) const REQUIREMENTS: &[Requirement] =
    &[Requirement { name: "Node", look: node }, Requirement { name: "npm packages", look: packages }];

fn node(house: &House) -> Result<State> {
    let found = house.ask("node", &["--version"]).as_deref().and_then(Version::find);
    Ok(match found {
        Some(version) if is_new_enough(version) && npm_is_there(house) => State::Found(version.to_string()),
        Some(version) if is_new_enough(version) => State::Blocked("npm is missing: it usually comes with Node".into()),
        Some(version) => State::Blocked(format!("{version} is too old: install 22.12 or later (or 20.19 or later)")),
        None => State::Blocked("install Node 22.12 or later (or 20.19 or later), with npm".into()),
    })
}

/// What the bundler of the demos asks for.
fn is_new_enough(version: Version) -> bool {
    version >= Version(22, 12, 0) || (version.0 == 20 && version >= Version(20, 19, 0))
}

fn npm_is_there(house: &House) -> bool {
    house.npm().arg("--version").output().is_ok_and(|output| output.status.success())
}

fn packages(house: &House) -> Result<State> {
    Ok(match missing_in(house, "")? {
        None => State::Found(String::new()),
        Some(command) => State::Missing(Remedy::Run {
            what: "Installing npm packages".into(),
            typically: "15 s",
            commands: vec![command],
        }),
    })
}

/// Installs what the lock file in a folder of its own names, unless it is there.
pub(crate) fn install_in(house: &House, folder: &str) -> Result<()> {
    let Some(command) = missing_in(house, folder)? else { return Ok(()) };
    let what = format!("Installing npm packages in {folder}");
    Job::new(house, &what, "setup-npm-packages-beside", command).typically(Some("5 s")).run()?.or_fail(&what)?;
    Ok(())
}

/// What installs the packages of a folder's lock file, if they are not there as they stand in it.
fn missing_in(house: &House, folder: &str) -> Result<Option<Command>> {
    let folder = house.path(folder);
    let lock = fs::read_to_string(folder.join("package-lock.json")).context("cannot read package-lock.json")?;
    let lock = entries(&lock).context("package-lock.json is damaged")?;
    // npm leaves a record of what it has installed, as its last act.
    let installed = fs::read_to_string(folder.join("node_modules/.package-lock.json")).unwrap_or_default();
    if entries(&installed).is_some_and(|installed| are_installed(&lock, &installed)) {
        return Ok(None);
    }
    let mut command = house.npm();
    command.args(["ci", "--no-audit", "--no-fund", "--prefer-offline"]).current_dir(folder);
    Ok(Some(command))
}

/// The packages of a lock file by the place where they go.
fn entries(lock: &str) -> Option<Map<String, Value>> {
    let Value::Object(mut lock) = serde_json::from_str(lock).ok()? else { return None };
    let Some(Value::Object(packages)) = lock.remove("packages") else { return None };
    Some(packages)
}

/// Whether each package of the lock file is installed as it stands there. Those for other platforms need not be.
fn are_installed(lock: &Map<String, Value>, installed: &Map<String, Value>) -> bool {
    lock.iter().filter(|(place, _)| place.contains("node_modules/")).all(|(place, wanted)| match installed.get(place) {
        Some(found) => ["version", "integrity", "resolved"].iter().all(|key| found.get(key) == wanted.get(key)),
        None => wanted.get("optional").or(wanted.get("devOptional")) == Some(&Value::Bool(true)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(version: Version, good: bool) {
        assert_eq!(is_new_enough(version), good, "{version}");
    }

    #[test]
    fn node_must_be_one_that_the_bundler_runs_on() {
        check(Version(18, 20, 0), false);
        check(Version(20, 18, 9), false);
        check(Version(20, 19, 0), true);
        check(Version(21, 9, 0), false);
        check(Version(22, 11, 0), false);
        check(Version(22, 12, 0), true);
        check(Version(24, 0, 0), true);
    }

    /// Whether `installed` (place and version each) is what this lock file wants.
    fn check_installed(installed: &[(&str, &str)], expected: bool) -> Result<()> {
        let lock = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "root"}, "www": {"name": "www"},
            "node_modules/vite": {"version": "8.1.0"},
            "node_modules/vite/node_modules/nanoid": {"version": "3.0.0"},
            "node_modules/fsevents": {"version": "2.3.3", "optional": true}}}"#;
        let lock = entries(lock).context("no packages")?;
        let installed =
            installed.iter().map(|(place, version)| ((*place).into(), json!({ "version": version }))).collect();
        assert_eq!(are_installed(&lock, &installed), expected);
        Ok(())
    }

    const VITE: (&str, &str) = ("node_modules/vite", "8.1.0");
    const NANOID: (&str, &str) = ("node_modules/vite/node_modules/nanoid", "3.0.0");

    #[test]
    fn packages_of_other_platforms_may_be_absent() -> Result<()> {
        check_installed(&[VITE, NANOID], true)
    }

    #[test]
    fn a_package_in_another_version_is_not_installed() -> Result<()> {
        check_installed(&[("node_modules/vite", "8.0.0"), NANOID], false)?;
        check_installed(&[VITE, NANOID, ("node_modules/fsevents", "1.0.0")], false)
    }

    #[test]
    fn an_absent_package_is_not_installed() -> Result<()> {
        check_installed(&[VITE], false)?;
        check_installed(&[], false)
    }

    #[test]
    fn a_damaged_record_has_no_packages() {
        assert!(entries("").is_none());
        assert!(entries("[]").is_none());
        assert!(entries("{}").is_none());
    }
}
