//! A program that runs, with all that it has started, and does not outlive us.

use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt::{self, Interrupted};

const POLL_INTERVAL: Duration = Duration::from_millis(25);
/// How long it may take to end when asked to; then it is made to.
const GRACE: Duration = Duration::from_secs(3);

/// It leads a process group of its own, because cargo and npm do their work through others, which must end with them.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let program = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).with_context(|| format!("cannot run {program}: is it installed?"))
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.0.try_wait()?)
    }

    /// Waits for its end, and calls `meanwhile` often. When the user asks to stop, this is an error.
    pub(crate) fn wait(&mut self, mut meanwhile: impl FnMut()) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if interrupt::asked() {
                bail!(Interrupted);
            }
            meanwhile();
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Sends a signal to all of the group. Fails only when nobody is left in it.
    fn signal(&mut self, name: &str) {
        if cfg!(unix) {
            let group = format!("kill -s {name} -- -{}", self.0.id());
            Command::new("sh").args(["-c", &group]).output().ok();
        } else {
            self.0.kill().ok();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal("TERM");
        let asked = Instant::now();
        while asked.elapsed() < GRACE && matches!(self.0.try_wait(), Ok(None)) {
            thread::sleep(POLL_INTERVAL);
        }
        // Also where the leader has ended: the others may still be there.
        self.signal("KILL");
        self.0.wait().ok();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{ChildStdout, Stdio};

    use super::*;

    /// A shell that runs this script, and the pipe of its output.
    fn shell(script: &str) -> Result<(Running, BufReader<ChildStdout>)> {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Running::start(command)?;
        let output = running.0.stdout.take().context("no output")?;
        Ok((running, BufReader::new(output)))
    }

    #[test]
    fn its_end_is_its_own() -> Result<()> {
        let (mut running, _output) = shell("exit 3")?;
        assert_eq!(running.wait(|| ())?.code(), Some(3));
        Ok(())
    }

    #[test]
    fn what_it_has_started_ends_with_it() -> Result<()> {
        // The grandchild holds the pipe open until it ends.
        let (running, mut output) = shell("sleep 600 & echo started; wait")?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        assert_eq!(line, "started\n");
        drop(running);
        assert_eq!(output.read_to_string(&mut line)?, 0);
        Ok(())
    }

    #[test]
    fn it_may_tidy_up_when_it_is_ended() -> Result<()> {
        let (running, mut output) = shell("trap 'echo tidy; exit' TERM; echo started; while :; do sleep 0.01; done")?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        drop(running);
        let mut rest = String::new();
        output.read_to_string(&mut rest)?;
        assert_eq!(rest, "tidy\n");
        Ok(())
    }
}
