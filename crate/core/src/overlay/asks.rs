//! Links that we have asked for and nobody has offered yet. Asking costs a few frames; a connection is made only by who grants it.

use crate::{table::SmallMap, time::Instant};

#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    /// The deadlines, by the session that an offer shall carry.
    open: SmallMap<u64, Instant>,
}

impl Asks {
    pub(crate) fn begin(&mut self, session: u64, deadline: Instant) {
        self.open.insert(session, deadline);
    }

    /// An answer has come. Whether it is one to a question of ours.
    pub(crate) fn end(&mut self, session: u64) -> bool {
        self.open.remove(&session).is_some()
    }

    /// This host stood still: whoever was asked gets the time back.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        for deadline in self.open.values_mut() {
            *deadline = deadline.plus_micros(late_us);
        }
    }

    /// Gives up those that nobody has answered in time. How many.
    pub(crate) fn expire(&mut self, now: Instant) -> usize {
        let before = self.open.len();
        self.open.retain(|_, deadline| now < *deadline);
        before.saturating_sub(self.open.len())
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.open.values().copied().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_once() {
        let mut asks = Asks::default();
        asks.begin(7, Instant::from_millis(10));
        assert!(!asks.end(8));
        assert!(asks.end(7));
        assert!(!asks.end(7));
    }

    #[test]
    fn what_nobody_answers_is_given_up_once() {
        let mut asks = Asks::default();
        asks.begin(7, Instant::from_millis(10));
        assert_eq!(asks.expire(Instant::from_millis(9)), 0);
        assert_eq!(asks.expire(Instant::from_millis(10)), 1);
        assert_eq!((asks.len(), asks.next_timeout()), (0, None));
    }
}
