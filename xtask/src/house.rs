//! Where things are: the repository, its build output, and the programs that cargo and npm install.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// This repository on this machine.
pub(crate) struct House {
    root: PathBuf,
    target: PathBuf,
}

impl House {
    /// The repository that this program was built from.
    pub(crate) fn find() -> Result<Self> {
        // Cargo tells at run time where it runs us from; a copy of the build output may have moved.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask has no parent directory")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => root.join(directory),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A path inside the repository.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// What cargo built with `profile` ("debug", "release") under this name.
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// A path among our own records: logs, stamps.
    pub(crate) fn record(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.target.join("xtask").join(relative)
    }

    /// A command that runs at the root, finds what cargo and npm have installed, and asks nobody anything.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.search_path()).stdin(Stdio::null());
        command
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(&self) -> Command {
        self.command(&env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
    }

    /// npm, under the name that the platform gives it.
    pub(crate) fn npm(&self) -> Command {
        self.command(if cfg!(windows) { "npm.cmd" } else { "npm" })
    }

    /// The user's PATH behind the places where npm and cargo install. npm's comes first: its wasm-opt must shadow
    /// the one of the system, which may be years older and then breaks what it optimises.
    pub(crate) fn search_path(&self) -> OsString {
        let mut places = vec![self.path("node_modules/.bin")];
        places.extend(cargo_home().map(|home| home.join("bin")));
        places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        // Fails only where a directory's name holds the separator; then the user's own PATH is all there is.
        env::join_paths(places).unwrap_or_else(|_| env::var_os("PATH").unwrap_or_default())
    }

    /// The first of these programs that exists: each a name to look for on the PATH, or a path.
    pub(crate) fn which(&self, names: &[&str]) -> Option<PathBuf> {
        let path = self.search_path();
        names.iter().find_map(|name| {
            let file = format!("{name}{}", env::consts::EXE_SUFFIX);
            env::split_paths(&path).map(|place| place.join(&file)).find(|candidate| candidate.is_file())
        })
    }

    /// What a program prints, if it exists and succeeds: for asking versions.
    pub(crate) fn ask(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let answer = self.command(program).args(arguments).output().ok()?;
        answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }
}

fn cargo_home() -> Option<PathBuf> {
    let home = |variable| env::var_os(variable).map(PathBuf::from);
    home("CARGO_INSTALL_ROOT")
        .or_else(|| home("CARGO_HOME"))
        .or_else(|| home("HOME").or_else(|| home("USERPROFILE")).map(|home| home.join(".cargo")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_npm_shadow_those_of_the_system() -> Result<()> {
        let house = House::find()?;
        let path = house.search_path();
        assert_eq!(env::split_paths(&path).next(), Some(house.path("node_modules/.bin")));
        assert!(env::split_paths(&path).count() > env::split_paths(&env::var_os("PATH").unwrap_or_default()).count());
        Ok(())
    }

    #[test]
    fn a_program_is_found_by_the_first_name_that_exists() -> Result<()> {
        let house = House::find()?;
        let cargo = house.which(&["no-such-program-anywhere", "cargo"]);
        assert!(cargo.is_some_and(|path| path.is_file()));
        assert_eq!(house.which(&["no-such-program-anywhere"]), None);
        Ok(())
    }

    #[test]
    fn only_a_program_that_succeeds_has_answered() -> Result<()> {
        let house = House::find()?;
        assert!(house.ask("cargo", &["--version"]).is_some_and(|answer| answer.starts_with("cargo ")));
        assert_eq!(house.ask("cargo", &["no-such-subcommand"]), None);
        assert_eq!(house.ask("no-such-program-anywhere", &[]), None);
        Ok(())
    }
}
