//! Ctrl-C and SIGTERM: a flag that every wait looks at, so that children are ended and temporary files removed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};

static ASKED_TO_STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on a signal is a wish, not an end: whoever waits for something ends that first.
pub(crate) fn listen() -> Result<()> {
    let flag = ASKED_TO_STOP.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(flag)).context("cannot catch signals")?;
    }
    Ok(())
}

/// Whether somebody asked us to stop.
pub(crate) fn asked() -> bool {
    ASKED_TO_STOP.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// The reason of an error that needs no message: the user knows.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("stopped")
    }
}

impl std::error::Error for Interrupted {}
