//! The ways that signalling took through us: what follows of an attempt goes the same way, and answers go back by it.

use alloc::collections::VecDeque;

use crate::{io::LinkId, table::SmallMap};

/// Attempts that are remembered; the oldest gives way. An attempt takes a few seconds.
const REMEMBERED_MAX: usize = 256;

#[derive(Clone, Debug, Default)]
pub(crate) struct Circuits {
    sessions: SmallMap<u64, (LinkId, LinkId)>,
    order: VecDeque<u64>,
}

impl Circuits {
    /// An envelope of a session has passed from one link to another.
    pub(crate) fn remember(&mut self, session: u64, from: LinkId, to: LinkId) {
        if self.sessions.insert(session, (from, to)).is_none() {
            self.order.push_back(session);
        }
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.sessions.remove(&oldest);
        }
    }

    /// Where a session first came from.
    pub(crate) fn origin(&self, session: u64) -> Option<LinkId> {
        self.sessions.get(&session).map(|(from, _)| *from)
    }

    /// Where an envelope of this session goes that has come from a link.
    pub(crate) fn next(&self, session: u64, from: LinkId) -> Option<LinkId> {
        match self.sessions.get(&session) {
            Some((a, b)) if *a == from => Some(*b),
            Some((a, b)) if *b == from => Some(*a),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_goes_the_same_way_and_answers_go_back() {
        let mut circuits = Circuits::default();
        circuits.remember(7, LinkId(1), LinkId(2));
        assert_eq!(circuits.next(7, LinkId(1)), Some(LinkId(2)));
        assert_eq!(circuits.next(7, LinkId(2)), Some(LinkId(1)));
        assert_eq!(circuits.next(7, LinkId(3)), None);
        assert_eq!(circuits.next(8, LinkId(1)), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut circuits = Circuits::default();
        (0..1_000).for_each(|session| circuits.remember(session, LinkId(1), LinkId(2)));
        assert_eq!((circuits.sessions.len(), circuits.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert_eq!(circuits.next(0, LinkId(1)), None);
    }
}
