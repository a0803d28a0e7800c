//! Anti-entropy: two members find out how their knowledge differs, at a cost that grows with the difference (range-based set
//! reconciliation, Meyer 2023).
//!
//! Whatever is known has a name and a digest: a member and what is known of it, an entry of the state and its signature. What is known of a range of names is
//! the sum of their digests. Equal sums end the comparison of a range; unequal ones split it, down to lists of a few; then each side sends what the
//! other lacks, and asks for what it lacks itself. What is too much for one answer is left as a sum that differs: the comparison goes on from there.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::{
    identity::PeerId,
    table::PeerMap,
    wire::{Content, FRAME_BYTES_MAX, Fingerprint, LIST_MAX, NAME_BYTES, Range},
};

/// Parts into which an unequal range is split, at most.
const SPLIT: usize = 64;

/// Items that such a part has at least.
const PART_MIN: usize = 20;

/// Items of a range that are listed rather than summed up.
const LISTED_MAX: usize = 24;

/// Something of which two members can find out how it differs.
pub(crate) trait Known {
    /// The names of a range, in order, with their digests.
    fn within(&self, from: PeerId, end: Option<PeerId>) -> Vec<(PeerId, Fingerprint)>;

    /// How many there are, and the sum of their digests.
    fn total(&self) -> (usize, Fingerprint);

    /// What it takes to tell of this one.
    fn bytes(&self, name: &PeerId) -> usize;

    /// Whether names are the first bytes of the digests, so that one stands for the other.
    fn are_names(&self) -> bool;
}

/// What we know of each member, as digests, and their sum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sync {
    digests: PeerMap<Fingerprint>,
    total: Fingerprint,
}

/// What a comparison brought to light.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// To be compared further.
    pub(crate) ranges: Vec<Range>,
    /// Of these the peer lacks something, or knows something else.
    pub(crate) give: Vec<PeerId>,
    /// Of these we lack something, or know something else.
    pub(crate) want: Vec<PeerId>,
}

impl Sync {
    /// What we know of a member has changed: its record has this incarnation, and its presence this version.
    pub(crate) fn set(&mut self, id: PeerId, incarnation: u64, versions: impl Iterator<Item = u64>) {
        let mut hash = Sha256::new();
        hash.update(id.as_bytes());
        hash.update(incarnation.to_le_bytes());
        for version in versions {
            hash.update(version.to_le_bytes());
        }
        let hash: [u8; 32] = hash.finalize().into();
        let digest = hash.first_chunk().map_or(0, |bytes| Fingerprint::from_le_bytes(*bytes));
        let before = self.digests.insert(id, digest).unwrap_or(0);
        self.total = self.total.wrapping_sub(before).wrapping_add(digest);
    }

    /// The same number for all who know the same, and hardly ever for others.
    pub(crate) const fn sum(&self) -> Fingerprint {
        self.total
    }

    /// A member is gone.
    pub(crate) fn remove(&mut self, id: &PeerId) {
        let before = self.digests.remove(id).unwrap_or(0);
        self.total = self.total.wrapping_sub(before);
    }
}

impl Known for Sync {
    fn within(&self, from: PeerId, end: Option<PeerId>) -> Vec<(PeerId, Fingerprint)> {
        let items = self.digests.from(from).map(|(id, digest)| (*id, *digest));
        items.take_while(|(id, _)| end.is_none_or(|end| *id < end)).collect()
    }

    fn total(&self) -> (usize, Fingerprint) {
        (self.digests.len(), self.total)
    }

    fn bytes(&self, _: &PeerId) -> usize {
        0
    }

    fn are_names(&self) -> bool {
        false
    }
}

/// What begins a comparison: all that we know, in one range.
pub(crate) fn begin(known: &dyn Known) -> Range {
    let (len, total) = known.total();
    let content = if len <= LISTED_MAX { list(known, &known.within(FIRST, None)) } else { Content::Fingerprint(total) };
    Range { end: None, content }
}

const FIRST: PeerId = PeerId::from_bytes([0; PeerId::BYTES]);

/// Compares what the peer says of some ranges with what we know, and gives up to `bytes_max`, or one. The ranges must follow each other; what does
/// not is passed over.
pub(crate) fn compare(known: &dyn Known, ranges: Vec<Range>, bytes_max: usize) -> Difference {
    let mut difference = Difference::default();
    let (mut start, mut room) = (Some(FIRST), bytes_max);
    for range in ranges {
        let Some(from) = start else { break };
        let end = range.end;
        if end.is_some_and(|end| end <= from) {
            continue;
        }
        start = end;
        let theirs = match range.content {
            Content::Skip => {
                difference.skip(end);
                continue;
            }
            Content::Fingerprint(theirs) => {
                let ours = known.within(from, end);
                difference.answer(known, &ours, sum(&ours) == theirs, end);
                continue;
            }
            Content::Sum(theirs) => {
                let ours = known.within(from, end);
                difference.answer(known, &ours, short(sum(&ours)) == theirs, end);
                continue;
            }
            Content::Items(items) => items,
            Content::Names(names) => names.into_iter().map(|name| (padded(name), u64::from_le_bytes(name))).collect(),
        };
        difference.settle(known, &known.within(from, end), &theirs, end, &mut room);
    }
    difference.trim();
    difference
}

fn sum(items: &[(PeerId, Fingerprint)]) -> Fingerprint {
    items.iter().fold(0, |sum: Fingerprint, (_, digest)| sum.wrapping_add(*digest))
}

fn list(known: &dyn Known, items: &[(PeerId, Fingerprint)]) -> Content {
    if known.are_names() {
        Content::Names(items.iter().map(|(_, digest)| short(*digest).to_le_bytes()).collect())
    } else {
        Content::Items(items.iter().map(|(id, digest)| (*id, short(*digest))).collect())
    }
}

/// The first eight bytes of a digest.
fn short(digest: Fingerprint) -> u64 {
    digest.to_le_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// A name of eight bytes in the form of an id.
pub(crate) fn padded(name: [u8; NAME_BYTES]) -> PeerId {
    let mut id = [0; PeerId::BYTES];
    id.iter_mut().zip(name).for_each(|(to, from)| *to = from);
    PeerId::from_bytes(id)
}

/// What parts two neighbours, in few bytes: the shortest beginning of `second` that is greater than `first`.
fn between(first: &PeerId, second: &PeerId) -> PeerId {
    let common = first.as_bytes().iter().zip(second.as_bytes()).take_while(|(a, b)| a == b).count();
    let mut bound = *second.as_bytes();
    bound.iter_mut().skip(common.saturating_add(1)).for_each(|byte| *byte = 0);
    PeerId::from_bytes(bound)
}

/// The frames' worth of ranges: as many as it takes, each within the bounds of a frame. Each begins by skipping what the one before
/// has covered.
pub(crate) fn chunked(ranges: Vec<Range>) -> Vec<Vec<Range>> {
    const HEADER_BYTES: usize = 1 + 2;
    let (mut frames, mut frame, mut room) = (Vec::new(), Vec::new(), FRAME_BYTES_MAX - HEADER_BYTES);
    let mut covered = None;
    for range in ranges {
        let bytes = range.bytes();
        if bytes > room || frame.len() >= LIST_MAX {
            frames.push(core::mem::take(&mut frame));
            let skip = Range { end: covered, content: Content::Skip };
            room = (FRAME_BYTES_MAX - HEADER_BYTES).saturating_sub(skip.bytes());
            frame.push(skip);
        }
        room = room.saturating_sub(bytes);
        covered = range.end;
        frame.push(range);
    }
    if !frame.is_empty() {
        frames.push(frame);
    }
    frames
}

impl Difference {
    /// We have all that the peer has, as far as this tells: nothing of what we say to it asks for an answer.
    pub(crate) const fn lacks_nothing(&self) -> bool {
        self.ranges.is_empty() && self.want.is_empty()
    }

    fn skip(&mut self, end: Option<PeerId>) {
        self.ranges.push(Range { end, content: Content::Skip });
    }

    /// What we say of a range of which the peer has sent a sum.
    fn answer(&mut self, known: &dyn Known, ours: &[(PeerId, Fingerprint)], is_equal: bool, end: Option<PeerId>) {
        if is_equal {
            self.skip(end);
            return;
        }
        let parts = if ours.len() <= LISTED_MAX { 1 } else { (ours.len() / PART_MIN).clamp(2, SPLIT) };
        let mut rest = ours;
        for left in (1..=parts).rev() {
            let (part, others) = rest.split_at(rest.len().div_ceil(left));
            let end = match (part.last(), others.first()) {
                (Some((last, _)), Some((next, _))) => Some(between(last, next)),
                _ => end,
            };
            let content = if part.len() <= LISTED_MAX && (parts == 1 || part.len() <= LISTED_MAX / 4) {
                list(known, part)
            } else {
                Content::Sum(short(sum(part)))
            };
            self.ranges.push(Range { end, content });
            rest = others;
        }
    }

    /// Compares two lists of the same range. Where there is no more room to give, a sum says that there is more.
    fn settle(
        &mut self,
        known: &dyn Known,
        ours: &[(PeerId, Fingerprint)],
        theirs: &[(PeerId, u64)],
        end: Option<PeerId>,
        room: &mut usize,
    ) {
        let mut cut = None;
        for (at, (id, digest)) in ours.iter().enumerate() {
            // A frame's list is short.
            if theirs.contains(&(*id, short(*digest))) {
                continue;
            }
            let bytes = known.bytes(id);
            if *room == 0 && bytes > 0 {
                cut = Some((at, *id));
                break;
            }
            *room = room.saturating_sub(bytes);
            self.give.push(*id);
        }
        for (id, digest) in theirs {
            let held = ours.binary_search_by(|(ours, _)| ours.cmp(id)).ok().and_then(|at| ours.get(at));
            let is_equal = held.is_some_and(|(_, ours)| short(*ours) == *digest);
            if !is_equal && cut.is_none_or(|(_, cut)| *id < cut) {
                self.want.push(*id);
            }
        }
        if let Some((at, id)) = cut {
            self.skip(Some(id));
            self.ranges.push(Range { end, content: Content::Sum(short(sum(ours.get(at..).unwrap_or(&[])))) });
        } else {
            self.skip(end);
        }
    }

    /// Ranges that need no more words are joined, and left out at the end.
    fn trim(&mut self) {
        let mut joined: Vec<Range> = Vec::with_capacity(self.ranges.len());
        for range in core::mem::take(&mut self.ranges) {
            match joined.last_mut() {
                Some(last) if last.content == Content::Skip && range.content == Content::Skip => last.end = range.end,
                _ => joined.push(range),
            }
        }
        while joined.last().is_some_and(|range| range.content == Content::Skip) {
            joined.pop();
        }
        self.ranges = joined;
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn id(n: u32) -> PeerId {
        let hash: [u8; 32] = Sha256::digest(n.to_le_bytes()).into();
        PeerId::from_bytes(*hash.first_chunk().unwrap())
    }

    fn knowing(items: impl IntoIterator<Item = (u32, u64)>) -> Sync {
        let mut sync = Sync::default();
        for (n, incarnation) in items {
            sync.set(id(n), incarnation, [].into_iter());
        }
        sync
    }

    /// Lets two talk until neither has anything more to say. What they found out, and in how many frames.
    fn reconcile(a: &Sync, b: &Sync) -> (BTreeSet<PeerId>, usize) {
        let (mut found, mut frames) = (BTreeSet::new(), 0);
        let mut ranges = alloc::vec![begin(a)];
        let mut turn_of_b = true;
        while !ranges.is_empty() {
            frames += 1;
            assert!(frames < 20, "a comparison ends");
            let difference = compare(if turn_of_b { b } else { a }, ranges, usize::MAX);
            found.extend(difference.give);
            found.extend(difference.want);
            ranges = difference.ranges;
            turn_of_b = !turn_of_b;
        }
        (found, frames)
    }

    #[test]
    fn equal_knowledge_costs_one_frame() {
        let a = knowing((0..1_000).map(|n| (n, 1)));
        let (found, frames) = reconcile(&a, &a.clone());
        assert_eq!((found.len(), frames), (0, 1));
    }

    #[test]
    fn a_newcomer_learns_all_by_its_first_word() {
        let (a, b) = (knowing([(5_000, 1)]), knowing((0..1_000).map(|n| (n, 1))));
        let difference = compare(&b, alloc::vec![begin(&a)], usize::MAX);
        assert_eq!((difference.give.len(), difference.want.as_slice()), (1_000, &[id(5_000)][..]));
        assert!(difference.ranges.is_empty());
    }

    #[test]
    fn ten_differences_among_ten_thousand_are_found_in_four_frames() {
        let a = knowing((0..10_000).map(|n| (n, 1)));
        let b = knowing((0..10_000).map(|n| (n, if n % 1_000 == 0 { 2 } else { 1 })));
        let (found, frames) = reconcile(&a, &b);
        assert_eq!(found.len(), 10);
        assert!(frames <= 4, "{frames}");
    }

    #[test]
    fn who_is_removed_counts_no_more() {
        let mut a = knowing((0..100).map(|n| (n, 1)));
        a.remove(&id(7));
        assert_eq!(a.total, knowing((0..100).filter(|n| *n != 7).map(|n| (n, 1))).total);
        a.remove(&id(7));
        assert_eq!(a.digests.len(), 99);
    }

    #[test]
    fn ranges_that_run_backwards_are_passed_over() {
        let a = knowing((0..100).map(|n| (n, 1)));
        let backwards =
            [9, 5, 7].map(|n| Range { end: Some(PeerId::from_bytes([n; 16])), content: Content::Fingerprint(0) });
        let difference = compare(&a, backwards.to_vec(), usize::MAX);
        assert!(difference.ranges.len() <= 3 * SPLIT);
    }

    proptest! {
        #[test]
        fn every_difference_is_found(
            ours in proptest::collection::btree_map(0_u32..400, 1_u64..3, 0..300),
            theirs in proptest::collection::btree_map(0_u32..400, 1_u64..3, 0..300),
        ) {
            let expected: BTreeSet<PeerId> =
                (0..400).filter(|n| ours.get(n) != theirs.get(n)).map(id).collect();
            let (found, _) = reconcile(&knowing(ours), &knowing(theirs));
            prop_assert_eq!(found, expected);
        }
    }
}
