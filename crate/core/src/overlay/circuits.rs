//! The ways that signalling took through us: what follows of an attempt goes the same way, and answers go back by it.

use alloc::collections::VecDeque;

use super::Route;
use crate::table::SmallMap;

/// Attempts that are remembered; the oldest gives way. An attempt takes a few seconds.
const REMEMBERED_MAX: usize = 256;

#[derive(Clone, Debug, Default)]
pub(crate) struct Circuits {
    sessions: SmallMap<u64, (Route, Route)>,
    order: VecDeque<u64>,
}

impl Circuits {
    /// Something of a session has come from one side and gone on to another. Where it first came from stays: a walk that crosses us twice
    /// goes back by its first way, and not in a circle.
    pub(crate) fn remember(&mut self, session: u64, from: Route, to: Route) {
        let known = self.sessions.get(&session).map(|(first, _)| *first);
        self.sessions.insert(session, (known.unwrap_or(from), to));
        if known.is_none() {
            self.order.push_back(session);
        }
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.sessions.remove(&oldest);
        }
    }

    /// Where something of this session first came from.
    pub(crate) fn origin(&self, session: u64) -> Option<Route> {
        self.sessions.get(&session).map(|(from, _)| *from)
    }

    /// Where a piece of signalling of this session goes that has come from one side.
    pub(crate) fn next(&self, session: u64, from: Route) -> Option<Route> {
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
    use crate::{identity::PeerId, io::LinkId};

    const fn link(n: u32) -> Route {
        Route::Mesh(LinkId(n))
    }

    #[test]
    fn what_follows_goes_the_same_way_and_answers_go_back() {
        let mut circuits = Circuits::default();
        let newcomer = Route::Server(PeerId::from_bytes([1; 16]));
        circuits.remember(7, newcomer, link(2));
        assert_eq!(circuits.next(7, newcomer), Some(link(2)));
        assert_eq!(circuits.next(7, link(2)), Some(newcomer));
        assert_eq!(circuits.next(7, link(3)), None);
        assert_eq!(circuits.next(8, newcomer), None);
    }

    #[test]
    fn a_walk_that_crosses_a_member_twice_goes_back_by_its_first_way() {
        let mut circuits = Circuits::default();
        circuits.remember(7, link(1), link(2));
        circuits.remember(7, link(2), link(3));
        assert_eq!(circuits.next(7, link(3)), Some(link(1)));
        assert_eq!(circuits.next(7, link(1)), Some(link(3)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut circuits = Circuits::default();
        (0..1_000).for_each(|session| circuits.remember(session, link(1), link(2)));
        assert_eq!((circuits.sessions.len(), circuits.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
        assert_eq!(circuits.next(0, link(1)), None);
    }
}
