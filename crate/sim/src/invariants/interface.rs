//! What a node may want of its host, and when.

use std::collections::BTreeMap;

use chinwag_core::{
    Instant,
    wire::{Frame, Rumor, kind_of},
};

use super::{Finding, Invariant, View};
use crate::time::{MS, Micros};

/// Outputs of one input, at most: the fragments of the largest message over all links, or the news of one full frame.
const OUTPUTS_MAX: usize = 16_384;

/// One input makes a bounded number of outputs. Invariants 18 and 35.
#[derive(Debug)]
pub struct BoundedOutputs;

impl Invariant for BoundedOutputs {
    fn name(&self) -> &'static str {
        "a drain ends within a bounded number of outputs"
    }

    fn after(&mut self, _view: &View<'_>, host: u32, outputs: usize) -> Finding {
        if outputs > OUTPUTS_MAX { Err((host, format!("{outputs} outputs of one input"))) } else { Ok(()) }
    }
}

/// The next timeout is never in the past. Invariant 35.
#[derive(Debug)]
pub struct TimeoutNotInThePast;

impl Invariant for TimeoutNotInThePast {
    fn name(&self) -> &'static str {
        "the next timeout is never in the past"
    }

    fn after(&mut self, view: &View<'_>, host: u32, _outputs: usize) -> Finding {
        let at = view.host(host);
        let now = Instant::from_micros(at.clock.at(view.now));
        match at.node.next_timeout() {
            Some(due) if due < now => Err((host, format!("due at {due}, and it is {now}"))),
            _ => Ok(()),
        }
    }
}

/// A node that stood still accuses nobody before it has probed again. Invariant 12.
#[derive(Debug, Default)]
pub struct NoAccusationAfterFreeze {
    resumed_at: BTreeMap<u32, Micros>,
    /// The number of each host's latest accusation: who is asked to repeat one that it made before accuses nobody anew.
    latest: BTreeMap<u32, u64>,
}

/// The kind of a frame that carries a suspicion.
const SUSPICION: u8 = 9;

impl Invariant for NoAccusationAfterFreeze {
    fn name(&self) -> &'static str {
        "a node that wakes from a freeze accuses nobody for a probe round"
    }

    fn on_resume(&mut self, now: Micros, host: u32) {
        self.resumed_at.insert(host, now);
    }

    fn on_send(&mut self, view: &View<'_>, host: u32, frame: &[u8]) -> Finding {
        if kind_of(frame) != Some(SUSPICION) {
            return Ok(());
        }
        let Ok(Frame::Gossip { rumor: Rumor::Suspicion(suspicion), .. }) = Frame::decode(frame) else { return Ok(()) };
        let latest = self.latest.entry(host).or_default();
        if suspicion.body.accuser != view.host(host).node.id() || suspicion.body.number <= *latest {
            return Ok(());
        }
        *latest = suspicion.body.number;
        let Some(resumed_at) = self.resumed_at.get(&host).copied() else { return Ok(()) };
        let ago = view.now - resumed_at;
        if ago > u64::from(view.config.probe_interval_ms) * MS {
            self.resumed_at.remove(&host);
            return Ok(());
        }
        Err((host, format!("{} ms after its freeze it accused {:?}", ago / MS, suspicion.body.subject)))
    }
}
