//! A tree per origin: which links are lazy for it, which one is its parent, and what of it was seen.

use super::window::Window;
use crate::{identity::PeerId, io::LinkId, table::PeerMap, wire::ShortId};

/// Links that can be lazy or a parent at a time: more than a member may have. A link beyond is eager for all.
const SLOTS: usize = 16;

/// The place of a link in [`Trees::slots`]: a tree holds a byte instead of the link.
type Slot = u8;

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
    parent: Option<Slot>,
    /// One bit a slot.
    lazy: u16,
    /// How far the last post that was read is behind the newest number; [`UNREAD`] if none was.
    read_behind: u32,
}

/// Of an author whose last post is so many numbers ago, or who has not said any, anything is read as the first.
const UNREAD: u32 = u32::MAX;

impl Trees {
    /// Marks a rumor as seen; `from` is where it first came from, if it came on the tree.
    pub(super) fn see(&mut self, origin: PeerId, number: u64, from: Option<LinkId>) {
        let parent = from.and_then(|link| self.slot(link));
        if !self.origins.contains_key(&origin) {
            self.origins.insert(origin, Tree { seen: Window::new(number), parent: None, lazy: 0, read_behind: UNREAD });
        }
        let Some(tree) = self.origins.get_mut(&origin) else { return };
        tree.advance(number);
        if from.is_some() {
            tree.parent = parent;
            tree.lazy &= !parent.map_or(0, bit);
        }
    }

    /// A copy beyond the first: the link becomes lazy. Whether the peer is to be told so: when the link was eager, and now and
    /// then if copies go on coming, since it may have forgotten. Copies that are under way cost no answer each.
    pub(super) fn duplicate(&mut self, origin: &PeerId, number: u64, from: LinkId) -> bool {
        let Some(slot) = self.slot(from) else { return false };
        match self.origins.get_mut(origin) {
            Some(tree) if tree.parent != Some(slot) => {
                let was_lazy = tree.lazy & bit(slot) != 0;
                tree.lazy |= bit(slot);
                !was_lazy || number.is_multiple_of(REMIND_EVERY)
            }
            _ => false,
        }
    }

    pub(super) fn set_lazy(&mut self, origin: &PeerId, link: LinkId) {
        let bit = self.bit_of(link);
        if let Some(tree) = self.origins.get_mut(origin) {
            tree.lazy |= bit;
        }
    }

    /// Rumors of this one's origin travel over the link from now on. Returns the origin.
    pub(super) fn graft(&mut self, id: &ShortId, link: LinkId) -> Option<PeerId> {
        let (origin, _) = self.origins.from(id.first_origin()).next().filter(|(origin, _)| id.is_of(origin))?;
        let origin = *origin;
        self.set_eager(&origin, link);
        Some(origin)
    }

    pub(super) fn forget_lazy(&mut self, origin: &PeerId) {
        if let Some(tree) = self.origins.get_mut(origin) {
            tree.lazy = 0;
        }
    }

    pub(super) fn set_eager(&mut self, origin: &PeerId, link: LinkId) {
        let bit = self.bit_of(link);
        if let Some(tree) = self.origins.get_mut(origin) {
            tree.lazy &= !bit;
        }
    }

    /// The posts of an origin are read up to a number.
    pub(super) fn read(&mut self, origin: &PeerId, number: u64) {
        if let Some(tree) = self.origins.get_mut(origin) {
            tree.read_behind = tree.read_behind.min(tree.behind(number));
        }
    }

    pub(super) fn last_post(&self, origin: &PeerId) -> u64 {
        self.origins.get(origin).map_or(0, Tree::last_post)
    }

    pub(super) fn remove(&mut self, origin: &PeerId) {
        self.origins.remove(origin);
    }

    /// The link carries gossip. It may greet more than once.
    pub(super) fn link_up(&mut self, link: LinkId) {
        if self.slot(link).is_some() {
            return;
        }
        if let Some(free) = self.slots.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(link);
        }
    }

    pub(super) fn link_down(&mut self, link: LinkId) {
        let Some(slot) = self.slot(link) else { return };
        for tree in self.origins.values_mut() {
            tree.lazy &= !bit(slot);
            if tree.parent == Some(slot) {
                tree.parent = None;
            }
        }
        if let Some(slot) = self.slots.get_mut(usize::from(slot)) {
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
        self.origins.get(origin).is_some_and(|tree| tree.lazy & self.bit_of(link) != 0)
    }

    pub(super) fn parent(&self, origin: &PeerId) -> Option<LinkId> {
        let slot = self.origins.get(origin)?.parent?;
        self.slots.get(usize::from(slot)).copied().flatten()
    }

    fn slot(&self, link: LinkId) -> Option<Slot> {
        self.slots.iter().position(|slot| *slot == Some(link)).and_then(|slot| Slot::try_from(slot).ok())
    }

    fn bit_of(&self, link: LinkId) -> u16 {
        self.slot(link).map_or(0, bit)
    }
}

impl Tree {
    fn advance(&mut self, number: u64) {
        let last_post = self.last_post();
        self.seen.insert(number);
        self.read_behind = if last_post == 0 { UNREAD } else { self.behind(last_post) };
    }

    fn last_post(&self) -> u64 {
        if self.read_behind == UNREAD { 0 } else { self.seen.newest().saturating_sub(u64::from(self.read_behind)) }
    }

    fn behind(&self, number: u64) -> u32 {
        u32::try_from(self.seen.newest().saturating_sub(number)).unwrap_or(UNREAD)
    }
}

fn bit(slot: Slot) -> u16 {
    1_u16.wrapping_shl(u32::from(slot))
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
    fn the_parent_of_a_slot_that_another_link_has_is_none() {
        let mut trees = trees();
        trees.link_down(A);
        trees.link_up(LinkId(3));
        assert_eq!(trees.parent(&ORIGIN), None);
    }

    #[test]
    fn a_link_that_greets_again_keeps_its_one_slot() {
        let mut trees = trees();
        (0..SLOTS).for_each(|_| trees.link_up(B));
        trees.link_down(B);
        trees.link_up(LinkId(3));
        trees.set_lazy(&ORIGIN, LinkId(3));
        trees.set_lazy(&ORIGIN, B);
        assert!(trees.is_lazy(&ORIGIN, LinkId(3)) && !trees.is_lazy(&ORIGIN, B));
    }

    #[test]
    fn the_last_post_that_was_read_stays_it_while_other_numbers_come() {
        let mut trees = trees();
        assert_eq!(trees.last_post(&ORIGIN), 0);
        trees.read(&ORIGIN, 100);
        for number in [101, 7_000, 99, 1_000_000] {
            trees.see(ORIGIN, number, Some(B));
            assert_eq!(trees.last_post(&ORIGIN), 100);
        }
        trees.read(&ORIGIN, 99);
        assert_eq!(trees.last_post(&ORIGIN), 100, "it never goes back");
        trees.read(&ORIGIN, 7_000);
        assert_eq!(trees.last_post(&ORIGIN), 7_000);
        trees.see(ORIGIN, 1 << 40, Some(B));
        assert_eq!(trees.last_post(&ORIGIN), 0, "too long ago to be told from none");
    }

    #[test]
    fn a_tree_is_small() {
        assert!(size_of::<Tree>() <= 32);
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
