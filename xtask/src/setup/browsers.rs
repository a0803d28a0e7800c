//! The browsers that tests drive, the programs that drive them, and the network in which some of the tests put them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Remedy, Requirement, State, rust};
use crate::house::House;
use crate::job::Job;
use crate::version::Version;

/// A user's own word about where a browser is; and ours to the tests.
const CHROMIUM_VARIABLE: &str = "CHINWAG_CHROMIUM";
const FIREFOX_VARIABLE: &str = "CHINWAG_FIREFOX";

const CHROMIUM: &[&str] = &[
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const FIREFOX: &[&str] = &["firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox"];

pub(super) const REQUIREMENTS: &[Requirement] = &[
    Requirement { name: "Chromium", look: |house| Ok(browser(house, CHROMIUM_VARIABLE, CHROMIUM, "chromium")) },
    Requirement { name: "Chromium's driver", look: |house| Ok(program(house, &["chromedriver"], "chromium-driver")) },
    Requirement { name: "Firefox", look: |house| Ok(browser(house, FIREFOX_VARIABLE, FIREFOX, "firefox-esr")) },
    rust::GECKODRIVER,
    Requirement { name: "ip", look: |house| Ok(of_lab(house, "ip", "iproute2")) },
    Requirement { name: "nft", look: |house| Ok(of_lab(house, "nft", "nftables")) },
    Requirement { name: "TURN server", look: |house| Ok(of_lab(house, "turnserver", "coturn")) },
];

/// Tells a test where the browsers are.
pub(crate) fn environment(house: &House, command: &mut Command) {
    for (variable, names) in [(CHROMIUM_VARIABLE, CHROMIUM), (FIREFOX_VARIABLE, FIREFOX)] {
        command.envs(path(house, variable, names).map(|path| (variable, path)));
    }
}

fn path(house: &House, variable: &str, names: &[&str]) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file()).or_else(|| house.which(names))
}

fn browser(house: &House, variable: &str, names: &[&str], package: &'static str) -> State {
    path(house, variable, names).map_or_else(|| missing(house, package), |path| found(house, &path))
}

fn program(house: &House, names: &[&str], package: &'static str) -> State {
    house.which(names).map_or_else(|| missing(house, package), |path| found(house, &path))
}

/// A program of the networks that tests make for themselves (tests/e2e/harness/nat-lab.mjs). Where it cannot be had those tests are skipped, and
/// where no networks are allowed nobody needs it.
fn of_lab(house: &House, name: &str, package: &'static str) -> State {
    match program(house, &[name], package) {
        State::Missing(_) if house.ask("unshare", &["--net", "true"]).is_none() => State::Spared,
        State::Blocked(_) => State::Spared,
        state => state,
    }
}

fn found(house: &House, path: &Path) -> State {
    let version = house.ask(&path.to_string_lossy(), &["--version"]).as_deref().and_then(Version::find);
    State::Found(version.map_or_else(String::new, |version| version.to_string()))
}

fn missing(house: &House, package: &'static str) -> State {
    let is_root = house.ask("id", &["-u"]).is_some_and(|user| user == "0");
    match (house.which(&["apt-get"]), is_root) {
        (Some(_), true) => State::Missing(Remedy::Apt { package }),
        (Some(_), false) => State::Blocked(format!("sudo apt-get update && sudo apt-get install --yes {package}")),
        (None, _) => State::Blocked(format!(
            "install it with your system's package manager (Debian calls it {package}); if it is not on the PATH, \
             {CHROMIUM_VARIABLE} and {FIREFOX_VARIABLE} say where the browsers are"
        )),
    }
}

/// What apt-get is asked. Debian starts a service as soon as it is installed: the TURN server is for tests alone, and they start their own.
const INSTALL: &str = "apt-get update && apt-get install --yes --no-install-recommends \"$@\" && \
                       for package; do \
                       [ $package != coturn ] || [ ! -d /run/systemd/system ] || systemctl disable --now coturn; done";

/// Installs all these packages through apt-get, and tells the seconds it took.
pub(super) fn install(house: &House, packages: &[&str]) -> Result<f64> {
    let what = format!("Installing {}", packages.join(", "));
    let mut command = house.command("sh");
    command.args(["-c", INSTALL, "sh"]);
    command.args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    let finished = Job::new(house, &what, "setup-apt", command).typically(Some("40 s")).run()?;
    Ok(finished.or_fail(&what)?.seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_browser_comes_with_the_way_to_get_it() -> Result<()> {
        let house = House::find()?;
        match browser(&house, "CHINWAG_NO_SUCH_VARIABLE", &["no-such-browser-anywhere"], "some-package") {
            State::Missing(Remedy::Apt { package }) => assert_eq!(package, "some-package"),
            State::Blocked(how) => assert!(how.contains("some-package"), "{how}"),
            State::Found(_) | State::Spared | State::Missing(Remedy::Run { .. }) => {
                unreachable!("there is no such browser")
            }
        }
        Ok(())
    }

    #[test]
    fn what_only_some_tests_need_blocks_nobody() -> Result<()> {
        let house = House::find()?;
        let state = of_lab(&house, "no-such-program-anywhere", "some-package");
        assert!(matches!(state, State::Spared | State::Missing(Remedy::Apt { package: "some-package" })));
        Ok(())
    }

    #[test]
    fn a_program_that_is_here_is_found_with_its_version() -> Result<()> {
        let house = House::find()?;
        assert!(matches!(program(&house, &["cargo"], "some-package"), State::Found(version) if version.contains('.')));
        Ok(())
    }
}
