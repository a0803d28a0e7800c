//! Rumors that were pushed not long ago, for those who ask. Bounded in bytes and age.

use alloc::{collections::VecDeque, sync::Arc};

use crate::{config::Config, table::SmallMap, time::Instant, wire::ShortId};

#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    frames: SmallMap<ShortId, Arc<[u8]>>,
    order: VecDeque<(Instant, ShortId)>,
    bytes: usize,
}

impl Cache {
    pub(super) fn put(&mut self, now: Instant, id: ShortId, frame: Arc<[u8]>, config: &Config) {
        self.bytes = self.bytes.saturating_add(frame.len());
        if let Some(older) = self.frames.insert(id, frame) {
            self.bytes = self.bytes.saturating_sub(older.len());
        } else {
            self.order.push_back((now, id));
        }
        while self.bytes > config.cache_bytes_max && self.drop_oldest() {}
    }

    pub(super) fn expire(&mut self, now: Instant, config: &Config) {
        while self.order.front().is_some_and(|(at, _)| now >= at.plus_ms(config.cache_age_ms)) && self.drop_oldest() {}
    }

    pub(super) fn get(&self, id: &ShortId) -> Option<Arc<[u8]>> {
        self.frames.get(id).cloned()
    }

    pub(super) fn contains(&self, id: &ShortId) -> bool {
        self.frames.contains_key(id)
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((_, id)) = self.order.pop_front() else { return false };
        if let Some(frame) = self.frames.remove(&id) {
            self.bytes = self.bytes.saturating_sub(frame.len());
        }
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

    #[test]
    fn the_oldest_give_way_when_the_bytes_are_spent() {
        let (mut cache, mut config) = (Cache::default(), Config::default());
        config.cache_bytes_max = 250;
        for n in 0..5 {
            cache.put(Instant::ZERO, id(n), [0; 100].into(), &config);
        }
        assert_eq!(
            (0..5).map(|n| cache.contains(&id(n))).collect::<alloc::vec::Vec<_>>(),
            [false, false, false, true, true]
        );
        assert_eq!(cache.bytes, 200);
    }

    #[test]
    fn what_is_old_is_dropped() {
        let (mut cache, config) = (Cache::default(), Config::default());
        cache.put(Instant::ZERO, id(1), [0; 100].into(), &config);
        cache.put(Instant::from_millis(10), id(2), [0; 100].into(), &config);
        cache.expire(Instant::ZERO.plus_ms(config.cache_age_ms), &config);
        assert!(!cache.contains(&id(1)) && cache.contains(&id(2)));
    }

    #[test]
    fn a_frame_twice_is_held_once() {
        let (mut cache, config) = (Cache::default(), Config::default());
        cache.put(Instant::ZERO, id(1), [0; 100].into(), &config);
        cache.put(Instant::ZERO, id(1), [0; 50].into(), &config);
        assert_eq!((cache.bytes, cache.order.len()), (50, 1));
    }
}
