//! Reads from a test runner's output how many tests passed and failed.

use std::ops::AddAssign;

/// Numbers of tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Tally {
    /// The sum of all the summaries in a log: of cargo test and wasm-bindgen's runner, of node's own, of vitest, of the
    /// simulator's swarm.
    pub(crate) fn read(log: &str) -> Self {
        let mut sum = Self::default();
        for line in log.lines().map(str::trim) {
            let runners = [cargo_test, node_test, vitest, swarm];
            sum += runners.iter().find_map(|read| read(line)).unwrap_or_default();
        }
        sum
    }

    /// How many ran.
    pub(crate) fn ran(self) -> u32 {
        self.passed + self.failed
    }
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out`
fn cargo_test(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?;
    Some(Tally {
        passed: before(counts, "passed").unwrap_or(0),
        failed: before(counts, "failed").unwrap_or(0),
        skipped: before(counts, "ignored").unwrap_or(0),
    })
}

/// `# pass 5` (TAP), `ℹ pass 5` (spec); each number is on a line of its own.
fn node_test(line: &str) -> Option<Tally> {
    let line = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (word, number) = line.split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        "pass" => Some(Tally { passed: number, ..Tally::default() }),
        "fail" | "cancelled" => Some(Tally { failed: number, ..Tally::default() }),
        "skipped" | "todo" => Some(Tally { skipped: number, ..Tally::default() }),
        _ => None,
    }
}

/// `Tests  1 failed | 5 passed | 2 skipped (8)`
fn vitest(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("Tests  ")?;
    Some(Tally {
        passed: before(counts, "passed").unwrap_or(0),
        failed: before(counts, "failed").unwrap_or(0),
        skipped: before(counts, "skipped").unwrap_or(0),
    })
}

/// `swarm: 3 of 200 seeds failed, 55.1 s`
fn swarm(line: &str) -> Option<Tally> {
    let (failed, rest) = line.strip_prefix("swarm: ")?.split_once(" of ")?;
    let (failed, all) = (failed.parse::<u32>().ok()?, before(rest, "seeds")?);
    Some(Tally { passed: all.checked_sub(failed)?, failed, skipped: 0 })
}

/// The number that stands before a word.
fn before(text: &str, word: &str) -> Option<u32> {
    let words: Vec<&str> = text.split([' ', ';', '|']).filter(|part| !part.is_empty()).collect();
    words.windows(2).find(|pair| pair.last() == Some(&word)).and_then(|pair| pair.first()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(log: &str, passed: u32, failed: u32, skipped: u32) {
        assert_eq!(Tally::read(log), Tally { passed, failed, skipped }, "{log}");
    }

    #[test]
    fn cargo_tests_are_summed_over_all_binaries() {
        check(
            "running 3 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s\n\
             test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            4,
            2,
            1,
        );
    }

    #[test]
    fn tests_in_a_browser_report_as_cargo_does() {
        check("test result: ok. 2 passed; 0 failed; 0 ignored; 0 filtered out; finished in 1.2s", 2, 0, 0);
    }

    #[test]
    fn node_reports_in_two_ways() {
        check(
            "# tests 6\n# suites 1\n# pass 4\n# fail 1\n# cancelled 1\n# skipped 2\n# todo 0\n# duration_ms 12.5",
            4,
            2,
            2,
        );
        check("ℹ tests 2\nℹ pass 2\nℹ fail 0\nℹ duration_ms 99.1", 2, 0, 0);
    }

    #[test]
    fn vitest_reports_on_one_line() {
        check(" Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 5 passed | 2 skipped (8)", 5, 1, 2);
        check("      Tests  7 passed (7)", 7, 0, 0);
    }

    #[test]
    fn each_seed_of_a_swarm_is_a_test() {
        check("swarm: 3 of 200 seeds failed, 55.1 s\n  812 s simulated, 77 events, hash 00ff", 197, 3, 0);
        check("swarm: 31 members, seed 7\nswarm: it broke", 0, 0, 0);
    }

    #[test]
    fn summaries_of_several_runners_add_up() {
        check("      Tests  7 passed (7)\n# pass 3\n# fail 1", 10, 1, 0);
    }

    #[test]
    fn what_a_test_prints_itself_does_not_count() {
        check("# pass me the salt\nTests are fine\n5 passed; 2 failed\n# fail", 0, 0, 0);
    }
}
