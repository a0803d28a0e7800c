//! Messages larger than a frame, on their way to being whole. Bounded per origin, in all, and in time.

use alloc::vec::Vec;

use crate::{config::Config, identity::PeerId, table::SmallMap, time::Instant, wire::Post};

/// A fragment is at least this long, unless it is the last: otherwise a few bytes would cost a table entry each.
const FRAGMENT_BYTES_MIN: usize = 1_024;

#[derive(Clone, Debug, Default)]
pub(crate) struct Reassembly {
    /// By origin and the sequence number of the first fragment.
    partial: SmallMap<(PeerId, u64), Partial>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Partial {
    count: u32,
    fragments: SmallMap<u32, Vec<u8>>,
    bytes: usize,
    deadline: Instant,
}

impl Reassembly {
    /// Adds a fragment. The payload, when it was the last one missing.
    pub(crate) fn add(&mut self, now: Instant, post: Post, config: &Config) -> Option<Vec<u8>> {
        let fragments_max = config.message_bytes_max.div_ceil(FRAGMENT_BYTES_MIN);
        let last = post.index.saturating_add(1) == post.count;
        if usize::try_from(post.count).map_or(true, |count| count > fragments_max)
            || (post.payload.len() < FRAGMENT_BYTES_MIN && !last)
            || !self.has_room(&post, config)
        {
            return None;
        }
        let key = (post.origin, post.seq.saturating_sub(u64::from(post.index)));
        let partial = self
            .partial
            .or_insert(key, Partial { count: post.count, fragments: SmallMap::default(), bytes: 0, deadline: now });
        if partial.count != post.count || partial.fragments.contains_key(&post.index) {
            return None;
        }
        partial.deadline = now.plus_ms(config.reassembly_timeout_ms);
        partial.bytes = partial.bytes.saturating_add(post.payload.len());
        self.bytes = self.bytes.saturating_add(post.payload.len());
        partial.fragments.insert(post.index, post.payload);
        if partial.fragments.len() < usize::try_from(partial.count).unwrap_or(usize::MAX) {
            return None;
        }
        let whole = self.partial.remove(&key)?;
        self.bytes = self.bytes.saturating_sub(whole.bytes);
        let mut payload = Vec::with_capacity(whole.bytes);
        whole.fragments.into_values().for_each(|fragment| payload.extend_from_slice(&fragment));
        Some(payload)
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        let bytes = &mut self.bytes;
        self.partial.retain(|_, partial| {
            let keep = now < partial.deadline;
            if !keep {
                *bytes = bytes.saturating_sub(partial.bytes);
            }
            keep
        });
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.partial.values().map(|partial| partial.deadline).min()
    }

    fn has_room(&self, post: &Post, config: &Config) -> bool {
        let held: usize =
            self.partial.iter().filter(|((from, _), _)| *from == post.origin).map(|(_, partial)| partial.bytes).sum();
        held.saturating_add(post.payload.len()) <= config.reassembly_bytes_max
            && self.bytes.saturating_add(post.payload.len()) <= config.reassembly_total_bytes_max
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec};

    use super::*;

    fn post(origin: u8, first: u64, index: u32, count: u32, payload: Vec<u8>) -> Post {
        let origin = PeerId::from_bytes([origin; 16]);
        let seq = first + u64::from(index);
        Post { origin, seq, previous: 0, to: None, channel: String::from("c"), sent_at_ms: 0, index, count, payload }
    }

    fn fragment(byte: u8) -> Vec<u8> {
        vec![byte; FRAGMENT_BYTES_MIN]
    }

    #[test]
    fn fragments_in_any_order_make_the_message() {
        let (mut it, config) = (Reassembly::default(), Config::default());
        assert_eq!(it.add(Instant::ZERO, post(1, 10, 2, 3, vec![9]), &config), None);
        assert_eq!(it.add(Instant::ZERO, post(1, 10, 0, 3, fragment(7)), &config), None);
        let whole = it.add(Instant::ZERO, post(1, 10, 1, 3, fragment(8)), &config);
        assert_eq!(whole, Some([fragment(7), fragment(8), vec![9]].concat()));
        assert_eq!((it.bytes, it.partial.len()), (0, 0));
    }

    #[test]
    fn a_fragment_twice_is_one() {
        let (mut it, config) = (Reassembly::default(), Config::default());
        it.add(Instant::ZERO, post(1, 10, 0, 2, fragment(7)), &config);
        it.add(Instant::ZERO, post(1, 10, 0, 2, fragment(6)), &config);
        assert_eq!(it.bytes, FRAGMENT_BYTES_MIN);
    }

    #[test]
    fn one_origin_cannot_take_all_the_room() {
        let (mut it, mut config) = (Reassembly::default(), Config::default());
        config.reassembly_bytes_max = 3 * FRAGMENT_BYTES_MIN;
        config.reassembly_total_bytes_max = 5 * FRAGMENT_BYTES_MIN;
        for first in 0..10 {
            it.add(Instant::ZERO, post(1, first * 100, 0, 2, fragment(1)), &config);
        }
        assert_eq!(it.bytes, 3 * FRAGMENT_BYTES_MIN);
        for first in 0..10 {
            it.add(Instant::ZERO, post(2, first * 100, 0, 2, fragment(1)), &config);
        }
        assert_eq!(it.bytes, 5 * FRAGMENT_BYTES_MIN);
    }

    #[test]
    fn crumbs_are_refused() {
        let (mut it, config) = (Reassembly::default(), Config::default());
        assert_eq!(it.add(Instant::ZERO, post(1, 10, 0, 2, vec![1]), &config), None);
        assert_eq!(it.add(Instant::ZERO, post(1, 10, 0, u32::MAX, fragment(1)), &config), None);
        assert_eq!(it.partial.len(), 0);
    }

    #[test]
    fn what_stands_still_is_dropped_and_its_room_is_free_again() {
        let (mut it, config) = (Reassembly::default(), Config::default());
        it.add(Instant::ZERO, post(1, 10, 0, 2, fragment(1)), &config);
        let deadline = Instant::ZERO.plus_ms(config.reassembly_timeout_ms);
        assert_eq!(it.next_timeout(), Some(deadline));
        it.expire(deadline);
        assert_eq!((it.bytes, it.next_timeout()), (0, None));
    }
}
