//! Anti-entropy: two members find out how their knowledge differs, at a cost that grows with the difference (range-based set
//! reconciliation, Meyer 2023).
//!
//! What is known of a member has a digest; what is known of all members of a range of ids is the sum of their digests. Equal sums end
//! the comparison of a range; unequal ones split it, down to lists of a few members; then each side sends what the other lacks, and asks
//! for what it lacks itself.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::{
    identity::PeerId,
    table::{PeerMap, SmallMap},
    wire::{Content, FRAME_BYTES_MAX, Fingerprint, Range},
};

/// Parts into which an unequal range is split.
const SPLIT: usize = 16;

/// Members of a range that are listed rather than summed up.
const LISTED_MAX: usize = 24;

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
    /// Members of whom the peer lacks something, or knows something else.
    pub(crate) give: Vec<PeerId>,
    /// Members of whom we lack something, or know something else.
    pub(crate) want: Vec<PeerId>,
}

impl Sync {
    /// What we know of a member has changed: its record has this incarnation, and its entries these versions.
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

    /// A member is gone.
    pub(crate) fn remove(&mut self, id: &PeerId) {
        let before = self.digests.remove(id).unwrap_or(0);
        self.total = self.total.wrapping_sub(before);
    }

    /// What begins a comparison: all that we know, in one range.
    pub(crate) fn begin(&self) -> Range {
        let content = if self.digests.len() <= LISTED_MAX {
            Content::Items(list(self.digests.iter()))
        } else {
            Content::Fingerprint(self.total)
        };
        Range { end: None, content }
    }

    /// Compares what the peer says of some ranges with what we know. They must follow each other; what does not is passed over.
    pub(crate) fn compare(&self, ranges: Vec<Range>) -> Difference {
        let mut difference = Difference::default();
        let mut start = Some(PeerId::from_bytes([0; 16]));
        for range in ranges {
            let Some(from) = start else { break };
            if range.end.is_some_and(|end| end <= from) {
                continue;
            }
            start = range.end;
            let ours = self.within(from, range.end);
            match range.content {
                Content::Skip => difference.ranges.push(Range { end: range.end, content: Content::Skip }),
                Content::Fingerprint(theirs) => difference.ranges.extend(answer(&ours, theirs, range.end)),
                Content::Items(theirs) => {
                    difference.settle(&ours, &theirs);
                    difference.ranges.push(Range { end: range.end, content: Content::Skip });
                }
            }
        }
        difference.trim();
        difference
    }

    fn within(&self, from: PeerId, end: Option<PeerId>) -> Vec<(&PeerId, &Fingerprint)> {
        self.digests.from(from).take_while(|(id, _)| end.is_none_or(|end| **id < end)).collect()
    }
}

/// What we say of a range of which the peer has sent a fingerprint.
fn answer(ours: &[(&PeerId, &Fingerprint)], theirs: Fingerprint, end: Option<PeerId>) -> Vec<Range> {
    if sum(ours) == theirs {
        return alloc::vec![Range { end, content: Content::Skip }];
    }
    if ours.len() <= LISTED_MAX {
        return alloc::vec![Range { end, content: Content::Items(list(ours.iter().copied())) }];
    }
    let parts: Vec<_> = ours.chunks(ours.len().div_ceil(SPLIT).max(1)).collect();
    let ends = parts.iter().skip(1).map(|part| part.first().map(|(id, _)| **id)).chain([end]);
    let content = |part: &[(&PeerId, &Fingerprint)]| {
        if part.len() <= LISTED_MAX / 4 {
            Content::Items(list(part.iter().copied()))
        } else {
            Content::Fingerprint(sum(part))
        }
    };
    parts.iter().zip(ends).map(|(part, end)| Range { end, content: content(part) }).collect()
}

fn sum(items: &[(&PeerId, &Fingerprint)]) -> Fingerprint {
    items.iter().fold(0, |sum: Fingerprint, (_, digest)| sum.wrapping_add(**digest))
}

fn list<'a>(items: impl Iterator<Item = (&'a PeerId, &'a Fingerprint)>) -> Vec<(PeerId, u64)> {
    items.map(|(id, digest)| (*id, short(*digest))).collect()
}

/// The first eight bytes of a digest.
fn short(digest: Fingerprint) -> u64 {
    digest.to_le_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The frames' worth of ranges: as many as it takes, each within the bounds of a frame. Each begins by skipping what the one before
/// has covered.
pub(crate) fn chunked(ranges: &[Range]) -> Vec<Vec<Range>> {
    const RANGE_BYTES_MAX: usize = 1 + PeerId::BYTES + 2 + LISTED_MAX * (PeerId::BYTES + 8);
    const RANGES_MAX: usize = FRAME_BYTES_MAX / RANGE_BYTES_MAX - 1;
    let (mut frames, mut covered) = (Vec::new(), None);
    for chunk in ranges.chunks(RANGES_MAX) {
        let skip = covered.map(|end| Range { end: Some(end), content: Content::Skip });
        covered = chunk.last().and_then(|range| range.end);
        frames.push(skip.into_iter().chain(chunk.iter().cloned()).collect());
    }
    frames
}

impl Difference {
    /// Both know the same.
    pub(crate) const fn is_none(&self) -> bool {
        self.ranges.is_empty() && self.give.is_empty() && self.want.is_empty()
    }

    /// Compares two lists of the same range.
    fn settle(&mut self, ours: &[(&PeerId, &Fingerprint)], theirs: &[(PeerId, u64)]) {
        let mut their_digests = SmallMap::default();
        for (id, digest) in theirs {
            their_digests.insert(*id, *digest);
        }
        for (id, digest) in ours {
            match their_digests.remove(id) {
                Some(theirs) if theirs == short(**digest) => {}
                Some(_) => {
                    self.give.push(**id);
                    self.want.push(**id);
                }
                None => self.give.push(**id),
            }
        }
        self.want.extend(their_digests.iter().map(|(id, _)| *id));
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
        let mut ranges = alloc::vec![a.begin()];
        let mut turn_of_b = true;
        while !ranges.is_empty() {
            frames += 1;
            assert!(frames < 20, "a comparison ends");
            let difference = if turn_of_b { b.compare(ranges) } else { a.compare(ranges) };
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
        let difference = b.compare(alloc::vec![a.begin()]);
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
        let difference = a.compare(backwards.to_vec());
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
