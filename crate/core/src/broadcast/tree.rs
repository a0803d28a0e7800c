//! A tree per origin: over which link its rumors come to us, over which links we push them on, and what of it was seen.
//!
//! The two directions of a link are kept apart, since they change at different times. Each end decides what it wants to be pushed over a link, and
//! tells the other (PRUNE; GRAFT, PREFER); the other keeps to it. While a PRUNE is under way, rumors go on coming over that link, and perhaps before
//! those of the parent. They make it neither the parent nor quick again: otherwise one copy late would be enough to turn the true parent away as well.

use super::window::Window;
use crate::{identity::PeerId, io::LinkId, table::PeerMap, wire::ShortId};

/// Links that can have a place in trees at a time: more than a member may have. A link beyond is eager for all, and nobody's parent.
const SLOTS: usize = 14;

/// The place of a link in [`Trees::slots`]: a tree holds a bit instead of the link.
type Slot = u8;

/// A peer that goes on pushing over a link that we have pruned is reminded at every so many numbers.
const REMIND_EVERY: u64 = 16;

#[derive(Clone, Debug, Default)]
pub(super) struct Trees {
    origins: PeerMap<Tree>,
    slots: [Option<LinkId>; SLOTS],
}

#[derive(Clone, Debug)]
struct Tree {
    seen: Window,
    ways: Ways,
    /// How far the last post that was read is behind the newest number; [`UNREAD`] if none was.
    read_behind: u32,
}

/// Of an author whose last post is so many numbers ago, or who has not said any, anything is read as the first.
const UNREAD: u32 = u32::MAX;

impl Trees {
    /// Marks a rumor as seen; `from` is where it first came from, if it came on the tree.
    pub(super) fn see(&mut self, origin: PeerId, number: u64, from: Option<LinkId>) {
        let slot = from.and_then(|link| self.slot(link));
        if !self.origins.contains_key(&origin) {
            self.origins.insert(origin, Tree { seen: Window::new(number), ways: Ways::default(), read_behind: UNREAD });
        }
        let Some(tree) = self.origins.get_mut(&origin) else { return };
        tree.advance(number);
        if let Some(slot) = slot
            && !(tree.ways.is_pruned(slot) && tree.ways.parent().is_some())
        {
            tree.ways.set_parent(slot);
        }
    }

    /// A copy beyond the first: we want no more over that link. Whether the peer is to be told so: at first, and now and
    /// then if copies go on coming, since it may have forgotten. Copies that are under way cost no answer each.
    pub(super) fn duplicate(&mut self, origin: &PeerId, number: u64, from: LinkId) -> bool {
        let Some(slot) = self.slot(from) else { return false };
        match self.origins.get_mut(origin) {
            Some(tree) if tree.ways.parent() != Some(slot) => {
                !tree.ways.set_pruned(slot, true) || number.is_multiple_of(REMIND_EVERY)
            }
            _ => false,
        }
    }

    /// The peer wants, or does not want, this origin's rumors to be pushed to it.
    pub(super) fn set_lazy(&mut self, origin: &PeerId, link: LinkId, is_lazy: bool) {
        if let Some((slot, tree)) = self.slot(link).zip(self.origins.get_mut(origin)) {
            tree.ways.set_lazy(slot, is_lazy);
        }
    }

    /// The peer lacks this one: the rumors of its origin are pushed to it from now on.
    pub(super) fn graft(&mut self, id: &ShortId, link: LinkId) {
        if let Some(origin) = self.origin_of(id) {
            self.set_lazy(&origin, link, false);
        }
    }

    /// We want this one's origin's rumors over the link from now on: the first that comes makes it the parent. Returns the origin.
    pub(super) fn want(&mut self, id: &ShortId, link: LinkId) -> Option<PeerId> {
        let origin = self.origin_of(id)?;
        if let Some((slot, tree)) = self.slot(link).zip(self.origins.get_mut(&origin)) {
            tree.ways.set_pruned(slot, false);
        }
        Some(origin)
    }

    /// All links are eager, and wanted, until copies tell which need not be.
    pub(super) fn forget_lazy(&mut self, origin: &PeerId) {
        if let Some(tree) = self.origins.get_mut(origin) {
            tree.ways.open_all();
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
        self.origins.values_mut().for_each(|tree| tree.ways.clear(slot));
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

    /// Whether rumors of this origin are not pushed over the link: its peer does not want them, or we have them from it ourselves.
    pub(super) fn is_lazy(&self, origin: &PeerId, link: LinkId) -> bool {
        self.slot(link).zip(self.origins.get(origin)).is_some_and(|(slot, tree)| tree.ways.is_lazy(slot))
    }

    pub(super) fn parent(&self, origin: &PeerId) -> Option<LinkId> {
        let slot = self.origins.get(origin)?.ways.parent()?;
        self.slots.get(usize::from(slot)).copied().flatten()
    }

    fn origin_of(&self, id: &ShortId) -> Option<PeerId> {
        self.origins.from(id.first_origin()).next().map(|(origin, _)| *origin).filter(|origin| id.is_of(origin))
    }

    fn slot(&self, link: LinkId) -> Option<Slot> {
        self.slots.iter().position(|slot| *slot == Some(link)).and_then(|slot| Slot::try_from(slot).ok())
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

/// What a tree knows of the links, in as few bytes as possible, since there is one for each member of the room: a bit for each that is lazy, a bit for
/// each that we have pruned, and above these the parent's slot plus one.
#[derive(Clone, Copy, Debug, Default)]
struct Ways(u32);

/// The lowest of the bits that belong to pruned links.
const PRUNED: u32 = 14;

/// The lowest of the parent's bits.
const PARENT: u32 = 28;

/// The bits of lazy and pruned links.
const LINKS: u32 = (1 << PARENT) - 1;

impl Ways {
    fn parent(self) -> Option<Slot> {
        u8::try_from(self.0.wrapping_shr(PARENT)).ok()?.checked_sub(1)
    }

    fn set_parent(&mut self, slot: Slot) {
        self.0 = self.0 & LINKS | u32::from(slot).saturating_add(1).wrapping_shl(PARENT);
        self.set_pruned(slot, false);
    }

    fn is_lazy(self, slot: Slot) -> bool {
        self.0 & bit(slot, 0) != 0 || self.parent() == Some(slot)
    }

    fn set_lazy(&mut self, slot: Slot, is_lazy: bool) {
        self.set(bit(slot, 0), is_lazy);
    }

    fn is_pruned(self, slot: Slot) -> bool {
        self.0 & bit(slot, PRUNED) != 0
    }

    /// Returns whether it was.
    fn set_pruned(&mut self, slot: Slot, is_pruned: bool) -> bool {
        let was_pruned = self.is_pruned(slot);
        self.set(bit(slot, PRUNED), is_pruned);
        was_pruned
    }

    fn open_all(&mut self) {
        self.0 &= !LINKS;
    }

    /// The slot is free for another link.
    fn clear(&mut self, slot: Slot) {
        self.set_lazy(slot, false);
        self.set_pruned(slot, false);
        if self.parent() == Some(slot) {
            self.0 &= LINKS;
        }
    }

    const fn set(&mut self, bit: u32, to: bool) {
        if to {
            self.0 |= bit;
        } else {
            self.0 &= !bit;
        }
    }
}

fn bit(slot: Slot, lowest: u32) -> u32 {
    1_u32.wrapping_shl(u32::from(slot).saturating_add(lowest))
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
    fn the_link_of_the_first_copy_is_the_parent_and_that_of_the_second_is_pruned() {
        let mut trees = trees();
        assert!(trees.duplicate(&ORIGIN, 100, B));
        assert!(!trees.duplicate(&ORIGIN, 101, B), "it was told");
        assert!(trees.duplicate(&ORIGIN, 112, B), "and is reminded");
        assert_eq!(trees.parent(&ORIGIN), Some(A));
    }

    #[test]
    fn the_parent_is_never_pruned_by_its_own_copies() {
        let mut trees = trees();
        assert!(!trees.duplicate(&ORIGIN, 100, A));
        assert_eq!(trees.parent(&ORIGIN), Some(A));
    }

    #[test]
    fn what_is_still_under_way_over_a_pruned_link_does_not_turn_the_parent_away() {
        let mut trees = trees();
        assert!(trees.duplicate(&ORIGIN, 100, B));
        trees.see(ORIGIN, 101, Some(B));
        assert_eq!(trees.parent(&ORIGIN), Some(A));
        assert!(!trees.duplicate(&ORIGIN, 101, A));
    }

    #[test]
    fn what_comes_over_a_pruned_link_makes_it_the_parent_if_there_is_none_or_we_have_asked_for_it() {
        let mut orphan = trees();
        orphan.duplicate(&ORIGIN, 100, B);
        let mut asking = orphan.clone();
        orphan.link_down(A);
        orphan.see(ORIGIN, 101, Some(B));
        assert_eq!(orphan.parent(&ORIGIN), Some(B));

        assert_eq!(asking.want(&ShortId::new(&ORIGIN, 101), B), Some(ORIGIN));
        asking.see(ORIGIN, 101, Some(B));
        assert_eq!(asking.parent(&ORIGIN), Some(B));
        assert!(asking.duplicate(&ORIGIN, 101, A), "the old way is given up");
    }

    #[test]
    fn nothing_is_pushed_to_the_parent_or_to_who_does_not_want_it() {
        let mut trees = trees();
        assert!(trees.is_lazy(&ORIGIN, A) && !trees.is_lazy(&ORIGIN, B));
        trees.duplicate(&ORIGIN, 100, B);
        assert!(!trees.is_lazy(&ORIGIN, B), "what we do not want from it, it may want from us");
        trees.set_lazy(&ORIGIN, B, true);
        assert!(trees.is_lazy(&ORIGIN, B));
        assert_eq!(trees.parent(&ORIGIN), Some(A));
    }

    #[test]
    fn a_graft_makes_a_link_eager_for_that_origin_alone() {
        let mut trees = trees();
        let other = PeerId::from_bytes([8; 16]);
        trees.see(other, 100, Some(A));
        trees.set_lazy(&ORIGIN, B, true);
        trees.set_lazy(&other, B, true);
        trees.graft(&ShortId::new(&ORIGIN, 101), B);
        assert!(!trees.is_lazy(&ORIGIN, B) && trees.is_lazy(&other, B));
    }

    #[test]
    fn a_flood_opens_all_links_both_ways() {
        let mut trees = trees();
        trees.duplicate(&ORIGIN, 100, B);
        trees.set_lazy(&ORIGIN, B, true);
        trees.forget_lazy(&ORIGIN);
        assert!(!trees.is_lazy(&ORIGIN, B));
        trees.see(ORIGIN, 101, Some(B));
        assert_eq!(trees.parent(&ORIGIN), Some(B));
    }

    #[test]
    fn a_slot_is_clean_when_another_link_gets_it() {
        let mut trees = trees();
        trees.set_lazy(&ORIGIN, B, true);
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
        trees.set_lazy(&ORIGIN, LinkId(3), true);
        trees.set_lazy(&ORIGIN, B, true);
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
        trees.set_lazy(&ORIGIN, LinkId(29), true);
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
