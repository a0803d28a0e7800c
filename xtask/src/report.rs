//! Results, line by line, and summed up.

use std::fmt::Write as _;

use anyhow::Result;

use crate::interrupt::Interrupted;
use crate::job::Finished;
use crate::tally::Tally;

/// What became of a list of suites or checks.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    tally: Tally,
    seconds: f64,
    note: String,
}

impl Report {
    /// Takes a suite's result, and says it. A suite that failed without naming a failed test, or that ran no test
    /// at all, counts as one failure.
    pub(crate) fn suite(&mut self, name: &str, finished: &Finished) {
        let mut tally = Tally::read(&finished.text);
        let mut note = String::new();
        if finished.success && tally.ran() == 0 {
            tally.failed = 1;
            note = "ran no test".into();
        } else if !finished.success && tally.failed == 0 {
            tally.failed = 1;
            note = "ended before its tests did".into();
        }
        if tally.failed > 0 {
            println!("{}", finished.excerpt());
        }
        self.push(Row { name: name.into(), tally, seconds: finished.seconds, note });
    }

    /// Takes note of what could not even begin.
    pub(crate) fn not_run(&mut self, name: &str, why: &str) {
        self.push(Row {
            name: name.into(),
            tally: Tally { failed: 1, ..Tally::default() },
            seconds: 0.0,
            note: why.into(),
        });
    }

    /// Takes the result of one check: a note when it holds, an error when not. Only the user's wish to stop goes on
    /// to the caller.
    pub(crate) fn check(&mut self, name: &str, seconds: f64, result: Result<String>) -> Result<()> {
        let (tally, note) = match result {
            Ok(note) => (Tally { passed: 1, ..Tally::default() }, note),
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => {
                println!("{error:#}");
                (Tally { failed: 1, ..Tally::default() }, String::new())
            }
        };
        self.push(Row { name: name.into(), tally, seconds, note });
        Ok(())
    }

    fn push(&mut self, row: Row) {
        let verdict = if row.tally.failed == 0 { "passed" } else { "FAILED" };
        let note = if row.note.is_empty() { String::new() } else { format!(": {}", row.note) };
        println!("{verdict} ({:.1} s): {}{note}", row.seconds, row.name);
        self.rows.push(row);
    }

    /// The sum.
    pub(crate) fn total(&self) -> Tally {
        let mut sum = Tally::default();
        for row in &self.rows {
            sum += row.tally;
        }
        sum
    }

    /// A table, and as its last line the sum alone.
    pub(crate) fn render(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(8);
        let mut text = format!("\n{:width$}  passed  failed  skipped  seconds\n", "");
        for Row { name, tally: Tally { passed, failed, skipped }, seconds, note } in &self.rows {
            // Writing to a String cannot fail.
            let row = format!("{name:width$}  {passed:6}  {failed:6}  {skipped:7}  {seconds:7.1}  {note}");
            writeln!(text, "{}", row.trim_end()).ok();
        }
        let sum = self.total();
        writeln!(text, "\n{} passed, {} failed", sum.passed, sum.failed).ok();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    fn report(success: bool, text: &str) -> Report {
        let mut report = Report::default();
        let finished = Finished { success, seconds: 1.0, text: text.into(), log: "some.log".into() };
        report.suite("unit", &finished);
        report
    }

    #[test]
    fn the_last_line_is_the_sum_alone() {
        let mut report = report(true, "# pass 3\n# fail 0");
        report.rows.push(Row {
            name: "e2e".into(),
            tally: Tally { passed: 4, failed: 1, skipped: 0 },
            seconds: 2.0,
            note: String::new(),
        });
        assert_eq!(report.render().lines().last(), Some("7 passed, 1 failed"));
    }

    #[test]
    fn a_suite_that_ran_nothing_has_failed() {
        assert_eq!(report(true, "all quiet").total(), Tally { passed: 0, failed: 1, skipped: 0 });
    }

    #[test]
    fn a_suite_that_broke_off_has_failed_whatever_it_counted() {
        assert_eq!(report(false, "test result: ok. 9 passed; 0 failed; 0 ignored").total().failed, 1);
    }

    #[test]
    fn failures_that_were_counted_are_not_counted_twice() {
        assert_eq!(report(false, "# pass 1\n# fail 2").total(), Tally { passed: 1, failed: 2, skipped: 0 });
    }

    #[test]
    fn what_could_not_begin_has_failed() {
        let mut report = Report::default();
        report.not_run("e2e", "it could not be built");
        assert_eq!(report.total().failed, 1);
        assert!(report.render().contains("it could not be built"));
    }

    #[test]
    fn a_check_that_fails_does_not_stop_the_others_but_the_user_does() {
        let mut report = Report::default();
        assert!(report.check("size", 0.1, Err(anyhow!("too large"))).is_ok());
        assert!(report.check("format", 0.1, Ok("fine".into())).is_ok());
        assert_eq!(report.total(), Tally { passed: 1, failed: 1, skipped: 0 });
        assert!(report.check("docs", 0.1, Err(anyhow!(Interrupted))).is_err());
    }
}
