//! Rumors that were pushed not long ago, for those who ask. Bounded in bytes and age.
//!
//! They come and go with every rumor, and are asked for rarely. So they are kept in batches, each a small map of its own: a new one costs
//! a place in the newest batch, and the oldest are dropped by the batch.

use alloc::{collections::VecDeque, sync::Arc};

use crate::{config::Config, table::SmallMap, time::Instant, wire::ShortId};

/// Frames in a batch, at most.
const BATCH_FRAMES_MAX: usize = 256;

#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    /// Oldest first.
    batches: VecDeque<Batch>,
}

#[derive(Clone, Debug)]
struct Batch {
    since: Instant,
    bytes: usize,
    frames: SmallMap<ShortId, Arc<[u8]>>,
}

impl Cache {
    pub(super) fn put(&mut self, now: Instant, id: ShortId, frame: Arc<[u8]>, config: &Config) {
        if self.batches.back().is_none_or(|batch| batch.is_full(now, config)) {
            self.batches.push_back(Batch { since: now, bytes: 0, frames: SmallMap::default() });
        }
        if let Some(batch) = self.batches.back_mut() {
            batch.bytes = batch.bytes.saturating_add(frame.len());
            if let Some(older) = batch.frames.insert(id, frame) {
                batch.bytes = batch.bytes.saturating_sub(older.len());
            }
        }
        while self.bytes() > config.cache_bytes_max && self.batches.pop_front().is_some() {}
    }

    pub(super) fn expire(&mut self, now: Instant, config: &Config) {
        while self.batches.front().is_some_and(|batch| now >= batch.since.plus_ms(config.cache_age_ms)) {
            self.batches.pop_front();
        }
    }

    pub(super) fn get(&self, id: &ShortId) -> Option<Arc<[u8]>> {
        self.batches.iter().rev().find_map(|batch| batch.frames.get(id)).cloned()
    }

    pub(super) fn contains(&self, id: &ShortId) -> bool {
        self.batches.iter().any(|batch| batch.frames.contains_key(id))
    }

    fn bytes(&self) -> usize {
        self.batches.iter().fold(0, |sum, batch| sum.saturating_add(batch.bytes))
    }
}

impl Batch {
    /// It has an eighth of the bytes, or of the time, that frames are kept.
    fn is_full(&self, now: Instant, config: &Config) -> bool {
        self.frames.len() >= BATCH_FRAMES_MAX
            || self.bytes >= config.cache_bytes_max / 8
            || now >= self.since.plus_ms(config.cache_age_ms / 8)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;
    use crate::identity::PeerId;

    fn id(n: u64) -> ShortId {
        ShortId::new(&PeerId::from_bytes([1; 16]), n)
    }

    #[test]
    fn the_oldest_give_way_when_the_bytes_are_spent() {
        let (mut cache, mut config) = (Cache::default(), Config::default());
        config.cache_bytes_max = 250;
        for n in 0..5 {
            cache.put(Instant::ZERO, id(n), [0; 100].into(), &config);
        }
        assert_eq!((0..5).map(|n| cache.contains(&id(n))).collect::<Vec<_>>(), [false, false, false, true, true]);
        assert_eq!(cache.bytes(), 200);
    }

    #[test]
    fn what_is_old_is_dropped() {
        let (mut cache, config) = (Cache::default(), Config::default());
        cache.put(Instant::ZERO, id(1), [0; 100].into(), &config);
        cache.put(Instant::ZERO.plus_ms(config.cache_age_ms / 8), id(2), [0; 100].into(), &config);
        cache.expire(Instant::ZERO.plus_ms(config.cache_age_ms), &config);
        assert!(!cache.contains(&id(1)) && cache.contains(&id(2)));
    }

    #[test]
    fn a_frame_twice_is_held_once() {
        let (mut cache, config) = (Cache::default(), Config::default());
        cache.put(Instant::ZERO, id(1), [0; 100].into(), &config);
        cache.put(Instant::ZERO, id(1), [0; 50].into(), &config);
        assert_eq!((cache.bytes(), cache.batches.len()), (50, 1));
    }

    proptest! {
        /// Of all that was put in, the newest are there: those of the last seven eighths of the time, and of the bytes that are allowed.
        #[test]
        fn what_is_new_enough_is_there_and_no_more_than_is_allowed(
            puts in proptest::collection::vec((0_u32..2_000, 1_usize..200), 1..700),
        ) {
            let (mut cache, mut config) = (Cache::default(), Config::default());
            config.cache_bytes_max = 8_000;
            let (mut now, mut all) = (Instant::ZERO, Vec::new());
            for (n, (pause_ms, bytes)) in (0..).zip(puts) {
                now = now.plus_ms(if n % 16 == 0 { pause_ms } else { 0 });
                cache.put(now, id(n), vec![0; bytes].into(), &config);
                cache.expire(now, &config);
                all.push((id(n), now, bytes));
                prop_assert!(cache.bytes() <= config.cache_bytes_max);
            }
            let mut bytes = 0;
            for (id, at, size) in all.iter().rev() {
                bytes += size;
                let is_new = now < at.plus_ms(config.cache_age_ms / 8 * 7) && bytes <= config.cache_bytes_max / 8 * 7 - 200;
                prop_assert!(!is_new || cache.get(id).is_some_and(|frame| frame.len() == *size));
                prop_assert!(!cache.contains(id) || now < at.plus_ms(config.cache_age_ms));
            }
        }
    }
}
