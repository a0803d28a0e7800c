//! A tree per origin: which links are lazy for it, which one is its parent, and what of it was seen.

use super::window::Window;
use crate::{identity::PeerId, io::LinkId, table::PeerMap, wire::ShortId};

/// Links that can be lazy at a time: more than a member may have. A link beyond is eager for all.
const SLOTS: usize = 16;

/// A peer that goes on pushing over a lazy link is reminded at every so many numbers.
const REMIND_EVERY: u64 = 16;

#[derive(Clone, Debug, Default)]
pub(super) struct Trees {
    origins: PeerMap<Tree>,
    slots: [Option<LinkId>; SLOTS],
}

#[derive(Clone, Debug)]
struct Tree {
    seen: Window,
    parent: Option<LinkId>,
    /// One bit a slot.
    lazy: u16,
    /// The greatest number of a post that was read.
    last_post: u64,
}

impl Trees {
    /// Marks a rumor as seen; `from` is where it first came from, if it came on the tree.
    pub(super) fn see(&mut self, origin: PeerId, number: u64, from: Option<LinkId>) {
        let bit = from.map_or(0, |link| self.bit(link));
        if !self.origins.contains_key(&origin) {
            self.origins.insert(origin, Tree { seen: Window::new(number), parent: None, lazy: 0, last_post: 0 });
        }
        let Some(tree) = self.origins.get_mut(&origin) else { return };
        tree.seen.insert(number);
        if from.is_some() {
            tree.parent = from;
            tree.lazy &= !bit;
        }
    }

    /// A copy beyond the first: the link becomes lazy. Whether the peer is to be told so: when the link was eager, and now and
    /// then if copies go on coming, since it may have forgotten. Copies that are under way cost no answer each.
    pub(super) fn duplicate(&mut self, origin: &PeerId, number: u64, from: LinkId) -> bool {
        let bit = self.bit(from);
        match self.origins.get_mut(origin) {
            Some(tree) if tree.parent != Some(from) && bit != 0 => {
                let was_lazy = tree.lazy & bit != 0;
                tree.lazy |= bit;
                !was_lazy || number.is_multiple_of(REMIND_EVERY)
            }
            _ => false,
        }
    }

    pub(super) fn set_lazy(&mut self, origin: &PeerId, link: LinkId) {
        let bit = self.bit(link);
        if let Some(tree) = self.origins.get_mut(origin) {
            tree.lazy |= bit;
        }
    }

    /// Rumors of this one's origin travel over the link from now on.
    pub(super) fn graft(&mut self, id: &ShortId, link: LinkId) {
        let bit = self.bit(link);
        let of =
            self.origins.from(id.first_origin()).map(|(origin, _)| *origin).next().filter(|origin| id.is_of(origin));
        if let Some(tree) = of.and_then(|origin| self.origins.get_mut(&origin)) {
            tree.lazy &= !bit;
        }
    }

    /// The posts of an origin are read up to a number.
    pub(super) fn read(&mut self, origin: &PeerId, number: u64) {
        if let Some(tree) = self.origins.get_mut(origin) {
            tree.last_post = tree.last_post.max(number);
        }
    }

    pub(super) fn last_post(&self, origin: &PeerId) -> u64 {
        self.origins.get(origin).map_or(0, |tree| tree.last_post)
    }

    pub(super) fn remove(&mut self, origin: &PeerId) {
        self.origins.remove(origin);
    }

    pub(super) fn link_up(&mut self, link: LinkId) {
        if let Some(free) = self.slots.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(link);
        }
    }

    pub(super) fn link_down(&mut self, link: LinkId) {
        let bit = self.bit(link);
        for tree in self.origins.values_mut() {
            tree.lazy &= !bit;
            if tree.parent == Some(link) {
                tree.parent = None;
            }
        }
        if let Some(slot) = self.slots.iter_mut().find(|slot| **slot == Some(link)) {
            *slot = None;
        }
    }

    pub(super) fn is_fresh(&self, origin: &PeerId, number: u64) -> bool {
        self.origins.get(origin).is_none_or(|tree| !tree.seen.contains(number))
    }

    pub(super) fn has_seen(&self, id: &ShortId) -> bool {
        let of = self.origins.from(id.first_origin()).take_while(|(origin, _)| id.is_of(origin));
        let mut seen = of.map(|(_, tree)| tree.seen.contains(id.number_near(tree.seen.newest())));
        seen.any(|seen| seen)
    }

    pub(super) fn is_lazy(&self, origin: &PeerId, link: LinkId) -> bool {
        self.origins.get(origin).is_some_and(|tree| tree.lazy & self.bit(link) != 0)
    }

    pub(super) fn parent(&self, origin: &PeerId) -> Option<LinkId> {
        self.origins.get(origin)?.parent
    }

    fn bit(&self, link: LinkId) -> u16 {
        let slot = self.slots.iter().position(|slot| *slot == Some(link));
        slot.and_then(|slot| u32::try_from(slot).ok()).map_or(0, |slot| 1_u16.wrapping_shl(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LinkId = LinkId(1);
    const B: LinkId = LinkId(2);
    const ORIGIN: PeerId = PeerId::from_bytes([7; 16]);

    fn trees() -> Trees {
        let mut trees = Trees::default();
        trees.link_up(A);
        trees.link_up(B);
        trees.see(ORIGIN, 100, Some(A));
        trees
    }

    #[test]
    fn the_link_of_the_first_copy_is_the_parent_and_that_of_the_second_turns_lazy() {
        let mut trees = trees();
        assert!(trees.duplicate(&ORIGIN, 100, B));
        assert!(!trees.duplicate(&ORIGIN, 101, B), "it was told");
        assert!(trees.duplicate(&ORIGIN, 112, B), "and is reminded");
        assert_eq!(trees.parent(&ORIGIN), Some(A));
        assert!(trees.is_lazy(&ORIGIN, B) && !trees.is_lazy(&ORIGIN, A));
    }

    #[test]
    fn the_parent_never_turns_lazy_by_its_own_copies() {
        let mut trees = trees();
        assert!(!trees.duplicate(&ORIGIN, 100, A));
        assert!(!trees.is_lazy(&ORIGIN, A));
    }

    #[test]
    fn a_graft_makes_a_link_eager_for_that_origin_alone() {
        let mut trees = trees();
        let other = PeerId::from_bytes([8; 16]);
        trees.see(other, 100, Some(A));
        trees.set_lazy(&ORIGIN, B);
        trees.set_lazy(&other, B);
        trees.graft(&ShortId::new(&ORIGIN, 101), B);
        assert!(!trees.is_lazy(&ORIGIN, B) && trees.is_lazy(&other, B));
    }

    #[test]
    fn a_slot_is_clean_when_another_link_gets_it() {
        let mut trees = trees();
        trees.set_lazy(&ORIGIN, B);
        trees.link_down(B);
        trees.link_up(LinkId(3));
        assert!(!trees.is_lazy(&ORIGIN, LinkId(3)));
    }

    #[test]
    fn a_parent_that_is_gone_is_none() {
        let mut trees = trees();
        trees.link_down(A);
        assert_eq!(trees.parent(&ORIGIN), None);
    }

    #[test]
    fn links_beyond_the_slots_are_eager() {
        let mut trees = trees();
        (10..30).for_each(|n| trees.link_up(LinkId(n)));
        trees.set_lazy(&ORIGIN, LinkId(29));
        assert!(!trees.is_lazy(&ORIGIN, LinkId(29)));
        assert!(!trees.duplicate(&ORIGIN, 100, LinkId(29)));
    }

    #[test]
    fn what_was_seen_is_known_by_its_short_name() {
        let trees = trees();
        assert!(trees.has_seen(&ShortId::new(&ORIGIN, 100)));
        assert!(!trees.has_seen(&ShortId::new(&ORIGIN, 101)));
        assert!(!trees.has_seen(&ShortId::new(&PeerId::from_bytes([8; 16]), 100)));
    }
}
