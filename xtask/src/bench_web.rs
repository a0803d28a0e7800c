//! `cargo xtask bench web`: the package beside a bare data channel and beside other libraries, in Chromium.

use anyhow::Result;

use crate::build;
use crate::house::House;
use crate::passthrough::in_the_open;
use crate::sandbox::Sandbox;
use crate::setup::{self, Scope};
use crate::suites::test_environment;

/// Where it is. What it compares us with is locked and installed there, so that nobody else ever fetches it.
const FOLDER: &str = "tests/bench";

/// Sets up, builds, and measures, with its output in the open. `arguments` are its own.
pub(crate) fn run(house: &House, arguments: &[String]) -> Result<bool> {
    setup::run(house, Scope::Test, false)?;
    setup::npm_packages(house, FOLDER)?;
    build::package(house)?;
    build::server(house)?;
    let sandbox = Sandbox::new(house)?;
    let mut command = house.command("node");
    command.arg(format!("{FOLDER}/web.mjs")).args(arguments);
    test_environment(house, &mut command);
    in_the_open(sandbox.wrap(command))
}
