//! What the user sees while something runs: a spinner on a terminal, a plain line now and then in a pipe.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a pipe hears that a long step still runs.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// One running step.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    what: String,
    began: Instant,
    spoke: Instant,
}

impl Progress {
    /// Says what begins, and how long it takes typically.
    pub(crate) fn begin(what: &str, typically: Option<&str>) -> Self {
        let what = match typically {
            Some(time) => format!("{what} (typically {time})"),
            None => what.to_owned(),
        };
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(what.clone());
            bar
        });
        if bar.is_none() {
            println!("… {what}");
        }
        let now = Instant::now();
        Self { bar, what, began: now, spoke: now }
    }

    /// To be called often; `latest` is asked for only when it will be shown.
    pub(crate) fn tick(&mut self, latest: impl FnOnce() -> String) {
        match &self.bar {
            Some(bar) => {
                if self.spoke.elapsed() > Duration::from_millis(300) {
                    self.spoke = Instant::now();
                    bar.set_message(latest());
                }
                bar.tick();
            }
            None if self.spoke.elapsed() > HEARTBEAT => {
                self.spoke = Instant::now();
                println!("  {}, {} s so far: {}", self.what, self.began.elapsed().as_secs(), latest());
            }
            None => {}
        }
    }

    /// Seconds since it began.
    pub(crate) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
