//! One program, run for its effect: its output goes to a log, and is shown only if it fails.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::house::House;
use crate::progress::Progress;
use crate::running::Running;

/// How many of its first and of its last lines a failed program shows: most say at the end what is wrong, some (npm)
/// at the beginning.
const HEAD_LINES: usize = 12;
const TAIL_LINES: usize = 40;

/// A program that is yet to run.
pub(crate) struct Job {
    what: String,
    typically: Option<&'static str>,
    log: PathBuf,
    command: Command,
}

/// A program that has run, well or not.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) success: bool,
    pub(crate) seconds: f64,
    /// All that it printed.
    pub(crate) text: String,
    pub(crate) log: PathBuf,
}

impl Job {
    /// `what` is said to the user; `name` names the log.
    pub(crate) fn new(house: &House, what: impl Into<String>, name: &str, command: Command) -> Self {
        Self { what: what.into(), typically: None, log: house.record(format!("log/{name}.log")), command }
    }

    /// How long it takes on a slow machine with nothing cached.
    pub(crate) fn typically(mut self, time: Option<&'static str>) -> Self {
        self.typically = time;
        self
    }

    /// Runs it to its end. An error means that it could not start, or that the user stopped us; a program that
    /// fails is a `Finished` without success.
    pub(crate) fn run(self) -> Result<Finished> {
        let Self { what, typically, log, command } = self;
        let mut progress = Progress::begin(&what, typically);
        let status = Running::start(logged(command, &log)?)?.wait(|| progress.tick(|| last_line(&log)))?;
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        Ok(Finished { success: status.success(), seconds: progress.seconds(), text, log })
    }
}

/// The command with its output in a log, without colours.
pub(crate) fn logged(mut command: Command, log: &Path) -> Result<Command> {
    if let Some(directory) = log.parent() {
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    let log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command.env("NO_COLOR", "1").env_remove("FORCE_COLOR").env("CARGO_TERM_COLOR", "never");
    command.stdout(log.try_clone()?).stderr(log);
    Ok(command)
}

impl Finished {
    /// Turns a failure into an error that shows the end of the log.
    pub(crate) fn or_fail(self, what: &str) -> Result<Self> {
        if !self.success {
            bail!("{what} failed\n{}", self.excerpt());
        }
        Ok(self)
    }

    /// The first and the last lines that it printed, indented, and where the rest is.
    pub(crate) fn excerpt(&self) -> String {
        format!("{}    (all of it: {})", excerpt(&self.text, HEAD_LINES, TAIL_LINES), self.log.display())
    }
}

fn excerpt(text: &str, head_lines: usize, tail_lines: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let gap = head_lines..lines.len().saturating_sub(tail_lines).max(head_lines);
    let shown = |(index, line)| match index {
        _ if !gap.contains(&index) => Some(format!("    {line}\n")),
        first if first == gap.start => Some("    […]\n".into()),
        _ => None,
    };
    lines.into_iter().enumerate().filter_map(shown).collect()
}

/// The last line of a file that is still being written, for a progress line.
fn last_line(path: &Path) -> String {
    let mut end = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let length = file.metadata().map_or(0, |data| data.len());
        if file.seek(SeekFrom::Start(length.saturating_sub(512))).is_ok() {
            file.read_to_end(&mut end).ok();
        }
    }
    let end = String::from_utf8_lossy(&end);
    end.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_excerpt(text: &str, expected: &str) {
        assert_eq!(excerpt(text, 1, 2), expected);
    }

    #[test]
    fn an_excerpt_is_the_beginning_and_the_end() {
        check_excerpt("a\nb\nc\nd\ne\n", "    a\n    […]\n    d\n    e\n");
        check_excerpt("a\nb\nc\n", "    a\n    b\n    c\n");
        check_excerpt("a", "    a\n");
        check_excerpt("", "");
    }

    #[test]
    fn a_failing_program_is_reported_and_its_output_kept() -> Result<()> {
        let house = House::find()?;
        let mut command = house.cargo();
        command.arg("no-such-subcommand");
        let finished = Job::new(&house, "a program that fails", "test-job-fails", command).run()?;
        assert!(!finished.success);
        assert!(finished.text.contains("no-such-subcommand"));
        let error = finished.or_fail("the program").map(|_| ()).map_err(|error| error.to_string());
        assert!(
            error
                .is_err_and(|message| message.contains("the program failed") && message.contains("no-such-subcommand"))
        );
        Ok(())
    }

    #[test]
    fn a_program_that_is_missing_is_named() -> Result<()> {
        let house = House::find()?;
        let command = house.command("no-such-program-anywhere");
        let result = Job::new(&house, "nothing", "test-job-missing", command).run();
        assert!(result.is_err_and(|error| error.to_string().contains("no-such-program-anywhere")));
        Ok(())
    }

    #[test]
    fn the_last_line_is_the_last_that_says_something() -> Result<()> {
        let house = House::find()?;
        let path = house.record("log/test-last-line.log");
        fs::create_dir_all(house.record("log"))?;
        fs::write(&path, format!("{}\n  Compiling syn\n\n", "x".repeat(2000)))?;
        assert_eq!(last_line(&path), "Compiling syn");
        fs::remove_file(&path)?;
        assert_eq!(last_line(&path), "");
        Ok(())
    }
}
