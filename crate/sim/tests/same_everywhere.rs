//! The same seed is the same run: twice here, and in WebAssembly. Invariant 34.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use chinwag_sim::scenario::{self, Options, Scenario};

/// A run in which everything takes part that draws by chance.
fn hash(seed: u64) -> String {
    let options = Options { scenario: Scenario::Swarm, nodes: 12, seed, ..Options::default() };
    scenario::run(&options, |_| {}).report.event_hash
}

/// Hashes of several seeds, as one text.
fn hashes() -> String {
    (1..=3).map(hash).collect::<Vec<_>>().join(" ")
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::{env, path::Path, process::Command};

    use super::hashes;

    /// How the test in WebAssembly is told what comes out here.
    const EXPECTED: &str = "CHINWAG_SIM_HASHES";

    #[test]
    fn the_same_seeds_give_the_same_events_twice_and_others_do_not() {
        let hashes = hashes();
        assert_eq!(hashes, super::hashes());
        let mut each: Vec<&str> = hashes.split(' ').collect();
        each.dedup();
        assert_eq!(each.len(), 3);
    }

    /// Needs the target wasm32-unknown-unknown, wasm-bindgen-test-runner of the locked version, and node.
    #[test]
    fn the_same_seeds_give_the_same_events_in_webassembly() {
        // Beside the folder in which this very test runs: the build of the one must not undo that of the other.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm");
        let run = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["test", "--release", "--target", "wasm32-unknown-unknown", "--test", "same_everywhere"])
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
            .env(EXPECTED, hashes())
            .output()
            .unwrap();
        let told = format!("{}\n{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success() && told.contains("1 passed"), "{told}");
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn the_events_are_those_of_the_native_run() {
        // Without it, somebody runs this test by itself, and there is nothing to compare with but itself.
        let expected = option_env!("CHINWAG_SIM_HASHES").map_or_else(super::hashes, str::to_owned);
        assert_eq!(super::hashes(), expected);
    }
}
