//! Builds what is out of date: the npm package, the demos, the signaling server.

use std::path::PathBuf;

use anyhow::Result;

use crate::house::House;
use crate::interrupt::Interrupted;
use crate::job::Job;
use crate::stamp::Stamp;

/// The signaling server, as cargo calls it.
pub(crate) const SERVER: &str = "chinwag-signaling";
/// Said of what is left out because of that.
pub(crate) const FAILED: &str = "left out, as it could not be built";
/// Where the demos are, once built.
pub(crate) const DEMOS: &str = "www/dist";

/// Everything.
pub(crate) fn all(house: &House) -> Result<()> {
    package(house)?;
    demos(house)?;
    server(house)?;
    Ok(())
}

/// Everything, as part of a greater whole that goes on without it: whether it succeeded. The reason is said here.
pub(crate) fn or_go_on(house: &House) -> Result<bool> {
    match all(house) {
        Ok(()) => Ok(true),
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            println!("{error:#}");
            Ok(false)
        }
    }
}

/// The npm package `chinwag`: WebAssembly, TypeScript, types.
pub(crate) fn package(house: &House) -> Result<()> {
    let inputs = [
        "Cargo.lock",
        "Cargo.toml",
        "crate/core",
        "crate/web",
        "signaling-server/messages",
        "package.json",
        "package-lock.json",
    ];
    npm_build(
        house,
        "chinwag",
        "the npm package",
        "1 min",
        &inputs,
        &["crate/web/npm/dist/index.js"],
        "crate/web/npm/dist",
    )
}

/// The demos, with the package inside.
pub(crate) fn demos(house: &House) -> Result<()> {
    let inputs = ["www", "crate/web/npm/dist", "package.json", "package-lock.json"];
    npm_build(house, "www", "the demos", "5 s", &inputs, &["www/dist/index.html"], DEMOS)
}

/// The signaling server, in release; cargo knows by itself what is up to date.
pub(crate) fn server(house: &House) -> Result<PathBuf> {
    let mut command = house.cargo();
    command.args(["build", "--release", "--locked", "-p", SERVER]);
    let what = "Building the signaling server";
    Job::new(house, what, "build-server", command).typically(Some("1 min, or nothing")).run()?.or_fail(what)?;
    Ok(house.binary("release", SERVER))
}

fn npm_build(
    house: &House,
    workspace: &str,
    name: &str,
    typically: &'static str,
    inputs: &[&str],
    proof: &[&str],
    output: &str,
) -> Result<()> {
    let compiler = house.ask("rustc", &["--version"]).unwrap_or_default();
    let inputs = inputs.iter().map(|path| house.path(path)).collect();
    let outputs = proof.iter().chain(&[output]).map(|path| house.path(path)).collect();
    let stamp = Stamp::new(house.record(format!("stamp/{workspace}")), inputs, outputs, compiler);
    if stamp.is_fresh()? {
        println!("Up to date: {name}.");
        return Ok(());
    }
    let mut command = house.npm();
    command.args(["run", "build", "--workspace", workspace]);
    let what = format!("Building {name}");
    let finished = Job::new(house, &what, &format!("build-{workspace}"), command).typically(Some(typically)).run()?;
    println!("Built: {name} in {:.1} s.", finished.or_fail(&what)?.seconds);
    stamp.set()
}
