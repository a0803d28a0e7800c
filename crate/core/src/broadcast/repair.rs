//! Rumors that we were told of and lack (Plumtree, section 3.4, "tree repair").

use alloc::vec::Vec;

use crate::{config::Config, io::LinkId, table::SmallMap, time::Instant, wire::ShortId};

/// Rumors that may be missing at a time; what is told of beyond is not asked for.
const MISSING_MAX: usize = 4_096;

/// Links that are remembered as having told of one.
const TELLERS_MAX: usize = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Missing {
    pub(super) rumors: SmallMap<ShortId, Miss>,
}

#[derive(Clone, Debug)]
pub(super) struct Miss {
    /// Those not yet asked, first told first.
    pub(super) tellers: Vec<LinkId>,
    pub(super) due_at: Instant,
}

impl Missing {
    /// A link has told of a rumor that we lack: it is asked for at `due_at`, unless it comes before.
    pub(super) fn told(&mut self, due_at: Instant, id: ShortId, link: LinkId) {
        if self.rumors.len() >= MISSING_MAX && !self.rumors.contains_key(&id) {
            return;
        }
        let miss = self.rumors.or_insert(id, Miss { tellers: Vec::new(), due_at });
        if miss.tellers.len() < TELLERS_MAX && !miss.tellers.contains(&link) {
            miss.tellers.push(link);
        }
    }

    pub(super) fn found(&mut self, id: ShortId) {
        self.rumors.remove(&id);
    }

    pub(super) fn link_down(&mut self, link: LinkId) {
        for miss in self.rumors.values_mut() {
            miss.tellers.retain(|teller| *teller != link);
        }
    }

    pub(super) fn forgive(&mut self, late_us: u64) {
        for miss in self.rumors.values_mut() {
            miss.due_at = miss.due_at.plus_micros(late_us);
        }
    }

    /// Whom to ask for what. Each teller is asked once; when none is left, the rumor is given up.
    pub(super) fn handle_timeout(&mut self, now: Instant, config: &Config) -> Vec<(LinkId, Vec<ShortId>)> {
        let mut asks: SmallMap<LinkId, Vec<ShortId>> = SmallMap::default();
        self.rumors.retain(|id, miss| {
            if now < miss.due_at {
                return true;
            }
            if miss.tellers.is_empty() {
                return false;
            }
            asks.or_insert(miss.tellers.remove(0), Vec::new()).push(*id);
            miss.due_at = now.plus_ms(config.graft_retry_ms);
            true
        });
        asks.iter_mut().map(|(link, ids)| (*link, core::mem::take(ids))).collect()
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.rumors.values().map(|miss| miss.due_at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::PeerId;

    const A: LinkId = LinkId(1);
    const B: LinkId = LinkId(2);

    fn id(n: u64) -> ShortId {
        ShortId::new(&PeerId::from_bytes([1; 16]), n)
    }

    #[test]
    fn what_does_not_come_is_asked_of_each_who_told_of_it_in_turn() {
        let (mut missing, config) = (Missing::default(), Config::default());
        missing.told(Instant::from_millis(10), id(1), A);
        missing.told(Instant::from_millis(90), id(1), B);
        assert!(missing.handle_timeout(Instant::from_millis(9), &config).is_empty());
        let first = missing.handle_timeout(Instant::from_millis(10), &config);
        assert_eq!(first, [(A, [id(1)].into())]);
        let retry = missing.next_timeout().unwrap();
        assert_eq!(missing.handle_timeout(retry, &config), [(B, [id(1)].into())]);
        let last = missing.next_timeout().unwrap();
        assert!(missing.handle_timeout(last, &config).is_empty());
        assert_eq!(missing.next_timeout(), None);
    }

    #[test]
    fn what_came_is_not_asked_for() {
        let mut missing = Missing::default();
        missing.told(Instant::from_millis(10), id(1), A);
        missing.found(id(1));
        assert_eq!(missing.next_timeout(), None);
    }

    #[test]
    fn a_link_that_is_gone_is_not_asked() {
        let (mut missing, config) = (Missing::default(), Config::default());
        missing.told(Instant::ZERO, id(1), A);
        missing.told(Instant::ZERO, id(1), B);
        missing.link_down(A);
        assert_eq!(missing.handle_timeout(Instant::ZERO, &config), [(B, [id(1)].into())]);
    }

    #[test]
    fn a_flood_of_promises_is_bounded() {
        let mut missing = Missing::default();
        (0..10_000).for_each(|n| missing.told(Instant::ZERO, id(n), A));
        assert_eq!(missing.rumors.len(), MISSING_MAX);
    }
}
