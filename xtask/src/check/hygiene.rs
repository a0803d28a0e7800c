//! What is in the repository, and what is not.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::house::House;
use crate::job::Job;

const LOCKS: &[&str] = &["Cargo.lock", "package-lock.json", "tests/bench/package-lock.json"];
const LICENCES: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE"];
/// Parts of a path that only something built has.
const BUILT: &[&str] = &["target", "node_modules", "dist", "pkg"];
const BUILT_SUFFIXES: &[&str] = &[".wasm", ".tgz", ".tsbuildinfo", ".log"];
/// A larger file is either built, or better kept elsewhere.
const FILE_BYTES_MAX: u64 = 1_000_000;

/// Lock files and licences are tracked, and the locks fit what they lock.
pub(crate) fn locks(house: &House) -> Result<String> {
    let tracked = git_files(house)?;
    for name in LOCKS.iter().chain(LICENCES) {
        if !tracked.iter().any(|path| path == name) {
            bail!("{name} is not tracked by git");
        }
    }
    let mut cargo = house.cargo();
    cargo.args(["metadata", "--locked", "--format-version", "1"]);
    Job::new(house, "Checking: Cargo.lock", "check-locks-cargo", cargo)
        .run()?
        .or_fail("Cargo.lock is out of date: it")?;
    for lock in LOCKS.iter().filter(|lock| lock.ends_with("package-lock.json")) {
        let folder = house.path(lock).parent().map(Path::to_path_buf).context("a lock file has no folder")?;
        let mut npm = house.npm();
        npm.args(["ci", "--dry-run", "--no-audit", "--no-fund", "--prefer-offline"]).current_dir(folder);
        Job::new(house, format!("Checking: {lock}"), "check-locks-npm", npm)
            .run()?
            .or_fail(&format!("{lock} is out of date: it"))?;
    }
    let mut installed = house.npm();
    installed.args(["ls", "--all"]);
    Job::new(house, "Checking: node_modules", "check-locks-npm-ls", installed).run()?.or_fail("npm ls")?;
    Ok(String::new())
}

/// Nothing that is built is tracked. In CI, where nobody edits, nothing tracked was changed by building and testing.
pub(crate) fn tracked(house: &House) -> Result<String> {
    let files = git_files(house)?;
    let size = |path: &str| fs::symlink_metadata(house.path(path)).map_or(0, |data| data.len());
    let wrong: Vec<&String> = files.iter().filter(|path| is_built(path) || size(path) > FILE_BYTES_MAX).collect();
    if !wrong.is_empty() {
        bail!("tracked, but built or larger than {FILE_BYTES_MAX} bytes: {wrong:?}");
    }
    if std::env::var_os("CI").is_some() {
        let changed = git(house, &["status", "--porcelain"])?;
        if !changed.is_empty() {
            bail!("building and testing has changed the work tree:\n{changed}");
        }
    }
    Ok(format!("{} files", files.len()))
}

fn is_built(path: &str) -> bool {
    path.split('/').any(|part| BUILT.contains(&part)) || BUILT_SUFFIXES.iter().any(|suffix| path.ends_with(suffix))
}

fn git_files(house: &House) -> Result<Vec<String>> {
    Ok(git(house, &["ls-files"])?.lines().map(str::to_owned).collect())
}

fn git(house: &House, arguments: &[&str]) -> Result<String> {
    let output = house.command("git").args(arguments).output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: bool) {
        assert_eq!(is_built(path), expected, "{path}");
    }

    #[test]
    fn what_is_built_is_told_from_what_is_written() {
        check("crate/web/npm/dist/index.js", true);
        check("crate/web/npm/pkg/chinwag.js", true);
        check("tests/fixtures/vite/dist/index.html", true);
        check("crate/web/npm/chinwag-0.1.0.tgz", true);
        check("docs/chinwag.wasm", true);
        check("crate/web/src/distance.rs", false);
        check("tests/package/load.test.mjs", false);
        check("Cargo.lock", false);
    }
}
