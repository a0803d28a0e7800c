//! A memory of dials that failed: a connection is the scarcest thing that a browser has.

use crate::{config::Config, identity::PeerId, table::SmallMap, time::Instant};

/// Members whose failures are remembered; the one that may be dialled soonest gives way.
const REMEMBERED_MAX: usize = 1_024;

#[derive(Clone, Debug, Default)]
pub(crate) struct Backoffs {
    peers: SmallMap<PeerId, Backoff>,
}

#[derive(Clone, Copy, Debug)]
struct Backoff {
    failures: u32,
    until: Instant,
}

impl Backoffs {
    /// A dial to a member has failed: the pause doubles each time.
    pub(crate) fn failed(&mut self, now: Instant, peer: PeerId, config: &Config) {
        let failures = self.failures(&peer).saturating_add(1);
        let doublings = failures.saturating_sub(1).min(16);
        let pause_ms = config.dial_backoff_ms.saturating_mul(1 << doublings).min(config.dial_backoff_max_ms);
        self.remember(peer, Backoff { failures, until: now.plus_ms(pause_ms) });
    }

    /// The member may not be dialled before `until`, through no failure of its own.
    pub(crate) fn hold(&mut self, peer: PeerId, until: Instant) {
        let failures = self.failures(&peer);
        self.remember(peer, Backoff { failures, until });
    }

    /// A link to the member is up, or it is gone.
    pub(crate) fn forget(&mut self, peer: &PeerId) {
        self.peers.remove(peer);
    }

    pub(crate) fn failures(&self, peer: &PeerId) -> u32 {
        self.peers.get(peer).map_or(0, |backoff| backoff.failures)
    }

    /// When the member may be dialled again.
    pub(crate) fn until(&self, peer: &PeerId) -> Instant {
        self.peers.get(peer).map_or(Instant::ZERO, |backoff| backoff.until)
    }

    fn remember(&mut self, peer: PeerId, backoff: Backoff) {
        if self.peers.len() >= REMEMBERED_MAX
            && let Some(soonest) = self.peers.iter().min_by_key(|(_, backoff)| backoff.until).map(|(id, _)| *id)
        {
            self.peers.remove(&soonest);
        }
        self.peers.insert(peer, backoff);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerId = PeerId::from_bytes([1; 16]);

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (mut backoffs, config) = (Backoffs::default(), Config::default());
        let mut pauses_ms = [0; 9];
        for pause in &mut pauses_ms {
            backoffs.failed(Instant::ZERO, PEER, &config);
            *pause = backoffs.until(&PEER).as_millis();
        }
        assert_eq!(pauses_ms, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    }

    #[test]
    fn success_wipes_the_slate() {
        let (mut backoffs, config) = (Backoffs::default(), Config::default());
        backoffs.failed(Instant::from_millis(5), PEER, &config);
        backoffs.forget(&PEER);
        assert_eq!((backoffs.failures(&PEER), backoffs.until(&PEER)), (0, Instant::ZERO));
    }

    #[test]
    fn the_memory_is_bounded() {
        let (mut backoffs, config) = (Backoffs::default(), Config::default());
        for n in 0..5_000_u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_le_bytes());
            backoffs.failed(Instant::ZERO, PeerId::from_bytes(id), &config);
        }
        assert_eq!(backoffs.peers.len(), REMEMBERED_MAX);
    }
}
