//! What is going to happen, in the order of time; at the same time, in the order in which it was planned.

use std::{cmp::Ordering, collections::BinaryHeap};

use crate::time::Micros;

/// A priority queue by (time, sequence): no two events are ever equal, so the order does not depend on the heap.
#[derive(Debug)]
pub struct EventQueue<E> {
    heap: BinaryHeap<Entry<E>>,
    planned: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Micros,
    sequence: u64,
    event: E,
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), planned: 0 }
    }
}

impl<E> EventQueue<E> {
    /// Plans an event.
    pub fn push(&mut self, at: Micros, event: E) {
        self.heap.push(Entry { at, sequence: self.planned, event });
        self.planned += 1;
    }

    /// The next event up to and including `until`.
    pub fn pop(&mut self, until: Micros) -> Option<(Micros, E)> {
        if self.heap.peek()?.at > until {
            return None;
        }
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }

    /// Events that are planned.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is going to happen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<E> Ord for Entry<E> {
    /// The earliest is the greatest: `BinaryHeap` gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Entry<E> {}

#[cfg(test)]
mod tests {
    use super::EventQueue;

    #[test]
    fn events_come_by_time_and_at_the_same_time_as_planned() {
        let mut queue = EventQueue::default();
        for (at, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (3, 'b'), (5, 'e')] {
            queue.push(at, event);
        }
        let order: String = std::iter::from_fn(|| queue.pop(u64::MAX).map(|(_, event)| event)).collect();
        assert_eq!(order, "abcde");
    }

    #[test]
    fn nothing_comes_before_its_time() {
        let mut queue = EventQueue::default();
        queue.push(10, ());
        assert_eq!(queue.pop(9), None);
        assert_eq!(queue.pop(10), Some((10, ())));
        assert!(queue.is_empty());
    }
}
