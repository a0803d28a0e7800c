//! Messages of one author in the order in which they were sent. Each names the one before; what comes too early waits for that, and not for
//! ever: a message that is lost for good holds nothing up for longer than the patience.

use crate::{config::Config, identity::PeerId, table::SmallMap, time::Instant, wire::Post};

/// Posts that wait at a time, of all authors; beyond that the oldest goes first.
const WAITING_MAX: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// By origin and number: the post, the links that it has crossed, and how long it waits.
    waiting: SmallMap<(PeerId, u64), (Post, u8, Instant)>,
}

impl Order {
    /// A post has come: it waits for the one before it, unless that was read.
    pub(super) fn put(&mut self, now: Instant, hops: u8, post: Post, config: &Config) {
        let until = now.plus_ms(config.order_patience_ms);
        self.waiting.insert((post.origin, post.seq), (post, hops, until));
    }

    /// The next post of an author of whom the posts up to `last` were read. From whom none was, anything is the first.
    pub(super) fn next(&mut self, origin: PeerId, last: u64) -> Option<(Post, u8)> {
        let ready = |(post, ..): &(Post, u8, Instant)| post.origin == origin && (last == 0 || post.previous <= last);
        let key = self.waiting.iter().find(|(_, waiting)| ready(waiting)).map(|(key, _)| *key)?;
        self.waiting.remove(&key).map(|(post, hops, _)| (post, hops))
    }

    /// A post that has waited long enough, or stands first where too many wait: its author, and the one that it waits for.
    pub(super) fn overdue(&self, now: Instant) -> Option<(PeerId, u64)> {
        let full = self.waiting.len() > WAITING_MAX;
        let due = |(_, _, until): &&(Post, u8, Instant)| full || now >= *until;
        self.waiting.values().find(due).map(|(post, ..)| (post.origin, post.previous))
    }

    /// The number of the post for which the first that waits of an author does.
    pub(super) fn awaited(&self, origin: &PeerId) -> Option<u64> {
        self.waiting.iter().find(|((of, _), _)| of == origin).map(|(_, (post, ..))| post.previous)
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.waiting.values().map(|(_, _, until)| *until).min()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec::Vec};

    use super::*;

    fn post(origin: u8, seq: u64, previous: u64) -> Post {
        let (origin, channel) = (PeerId::from_bytes([origin; 16]), String::from("c"));
        Post { origin, seq, previous, to: None, channel, sent_at_ms: 0, index: 0, count: 1, payload: Vec::new() }
    }

    const ORIGIN: PeerId = PeerId::from_bytes([1; 16]);

    fn next(order: &mut Order, last: u64) -> Option<u64> {
        order.next(ORIGIN, last).map(|(post, _)| post.seq)
    }

    #[test]
    fn what_came_early_follows_the_one_that_it_waited_for() {
        let (mut order, config) = (Order::default(), Config::default());
        order.put(Instant::ZERO, 1, post(1, 30, 20), &config);
        order.put(Instant::ZERO, 1, post(1, 20, 10), &config);
        order.put(Instant::ZERO, 1, post(2, 7, 5), &config);
        assert_eq!(next(&mut order, 9), None);
        assert_eq!(next(&mut order, 10), Some(20));
        assert_eq!(next(&mut order, 20), Some(30));
        assert_eq!(next(&mut order, 30), None);
    }

    #[test]
    fn from_whom_nothing_was_read_anything_is_the_first() {
        let (mut order, config) = (Order::default(), Config::default());
        order.put(Instant::ZERO, 1, post(1, 30, 20), &config);
        assert_eq!(next(&mut order, 0), Some(30));
    }

    #[test]
    fn what_is_lost_for_good_holds_up_for_no_longer_than_the_patience() {
        let (mut order, config) = (Order::default(), Config::default());
        order.put(Instant::ZERO, 1, post(1, 30, 20), &config);
        let due = order.next_timeout().unwrap();
        assert_eq!(order.overdue(Instant::ZERO), None);
        assert_eq!(order.overdue(due), Some((ORIGIN, 20)));
    }

    #[test]
    fn those_who_wait_are_bounded() {
        let (mut order, config) = (Order::default(), Config::default());
        for seq in 0..=WAITING_MAX as u64 {
            order.put(Instant::ZERO, 1, post(1, seq + 2, seq + 1), &config);
        }
        assert_eq!(order.overdue(Instant::ZERO), Some((ORIGIN, 1)));
    }
}
