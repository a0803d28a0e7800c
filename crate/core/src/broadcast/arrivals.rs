//! When rumors came: a lazy link that would have brought one earlier is a better way to its origin (Plumtree, section 3.8, "optimisation", by
//! time instead of hops).

use crate::{table::SmallMap, time::Instant, wire::ShortId};

/// Rumors that are remembered, at most, and at least half as many. A peer tells of a rumor within a fraction of a second after it had it.
const REMEMBERED_MAX: usize = 512;

/// A way that is quicker by less than this is not worth a change.
const GAIN_MIN_US: u64 = 15_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    recent: SmallMap<ShortId, Instant>,
    /// Those before them: a rumor is looked for in two sorted halves, and forgotten with its half.
    older: SmallMap<ShortId, Instant>,
}

impl Arrivals {
    /// A rumor has come, for the first time.
    pub(super) fn note(&mut self, now: Instant, id: ShortId) {
        if self.recent.len() >= REMEMBERED_MAX / 2 {
            self.older = core::mem::take(&mut self.recent);
        }
        self.recent.insert(id, now);
    }

    /// Another link would have brought a rumor at `at`. Whether that is a good deal earlier than it came, or than any other was promised.
    pub(super) fn is_gain(&mut self, id: &ShortId, at: Instant) -> bool {
        let known = if self.recent.contains_key(id) { &mut self.recent } else { &mut self.older };
        let gain = |best: &&mut Instant| best.micros_since(at) >= GAIN_MIN_US;
        let Some(best) = known.get_mut(id).filter(gain) else { return false };
        *best = at;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::PeerId;

    fn id(n: u64) -> ShortId {
        ShortId::new(&PeerId::from_bytes([1; 16]), n)
    }

    const fn ms(n: u64) -> Instant {
        Instant::from_millis(n)
    }

    #[test]
    fn only_what_is_a_good_deal_earlier_than_the_best_is_a_gain() {
        let mut arrivals = Arrivals::default();
        arrivals.note(ms(300), id(1));
        assert!(!arrivals.is_gain(&id(1), ms(350)), "it is later");
        assert!(!arrivals.is_gain(&id(1), ms(290)), "it is hardly earlier");
        assert!(arrivals.is_gain(&id(1), ms(250)));
        assert!(!arrivals.is_gain(&id(1), ms(250)), "another promised as much");
        assert!(arrivals.is_gain(&id(1), ms(200)));
        assert!(!arrivals.is_gain(&id(2), ms(0)), "it has not come");
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut arrivals = Arrivals::default();
        for n in 0..10_000 {
            arrivals.note(ms(300), id(n));
            assert!(arrivals.recent.len() + arrivals.older.len() <= REMEMBERED_MAX);
        }
        let newest = 10_000 - REMEMBERED_MAX as u64 / 2;
        assert!((newest..10_000).all(|n| arrivals.is_gain(&id(n), ms(0))));
        assert!(!arrivals.is_gain(&id(0), ms(0)));
    }
}
