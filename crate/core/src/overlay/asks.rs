//! Links that we have asked for and nobody has offered yet. Asking costs a few frames; a connection is made only by who grants it.

use alloc::vec::Vec;

use crate::{identity::PeerId, table::SmallMap, time::Instant};

/// A knock that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) deadline: Instant,
    /// Links that we had, or were about to have, when we asked.
    pub(crate) links: u8,
    /// The member that the server carried it to; `None` if it went over the mesh.
    pub(crate) by_server: Option<PeerId>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    /// By the session that an offer shall carry.
    open: SmallMap<u64, Ask>,
}

impl Asks {
    pub(crate) fn begin(&mut self, session: u64, ask: Ask) {
        self.open.insert(session, ask);
    }

    pub(crate) fn is_open(&self, session: u64) -> bool {
        self.open.get(&session).is_some()
    }

    /// An answer has come: the question, if it was one of ours.
    pub(crate) fn end(&mut self, session: u64) -> Option<Ask> {
        self.open.remove(&session)
    }

    /// The server does not know the member that it was to carry knocks to. One such knock.
    pub(crate) fn end_by_server(&mut self, peer: PeerId) -> Option<Ask> {
        let session = self.open.iter().find(|(_, ask)| ask.by_server == Some(peer)).map(|(session, _)| *session)?;
        self.end(session)
    }

    /// This host stood still: whoever was asked gets the time back.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        for ask in self.open.values_mut() {
            ask.deadline = ask.deadline.plus_micros(late_us);
        }
    }

    /// Gives up those that nobody has answered in time.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Ask> {
        let lost = self.open.values().filter(|ask| now >= ask.deadline).copied().collect();
        self.open.retain(|_, ask| now < ask.deadline);
        lost
    }

    /// Whether one of them went by the server.
    pub(crate) fn any_by_server(&self) -> bool {
        self.open.values().any(|ask| ask.by_server.is_some())
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.open.values().map(|ask| ask.deadline).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerId = PeerId::from_bytes([1; 16]);

    const fn ask(by_server: Option<PeerId>) -> Ask {
        Ask { deadline: Instant::from_millis(10), links: 0, by_server }
    }

    #[test]
    fn an_answer_counts_once() {
        let mut asks = Asks::default();
        asks.begin(7, ask(None));
        assert_eq!(asks.end(8), None);
        assert_eq!(asks.end(7), Some(ask(None)));
        assert_eq!(asks.end(7), None);
    }

    #[test]
    fn what_nobody_answers_is_given_up_once() {
        let mut asks = Asks::default();
        asks.begin(7, ask(None));
        assert_eq!(asks.expire(Instant::from_millis(9)), []);
        assert_eq!(asks.expire(Instant::from_millis(10)), [ask(None)]);
        assert_eq!((asks.len(), asks.next_timeout()), (0, None));
    }

    #[test]
    fn what_the_server_cannot_carry_is_given_up() {
        let mut asks = Asks::default();
        asks.begin(7, ask(None));
        asks.begin(8, ask(Some(PEER)));
        assert!(asks.any_by_server());
        assert_eq!(asks.end_by_server(PEER), Some(ask(Some(PEER))));
        assert_eq!(asks.end_by_server(PEER), None);
        assert!(!asks.any_by_server());
    }
}
