//! Ordered maps that are small as code. Each use of the standard one with other types is compiled anew, some kilobytes in a package whose size
//! is a promise; iteration must be in a fixed order all the same, so hash maps are out.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::identity::PeerId;

/// A map for tables with a small bound: a sorted vector. Changes cost time in proportion to its length.
#[derive(Clone, Debug)]
pub(crate) struct SmallMap<K, V> {
    items: Vec<(K, V)>,
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<K: Ord + Copy, V> SmallMap<K, V> {
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(at) => self.items.get_mut(at).map(|(_, old)| core::mem::replace(old, value)),
            Err(at) => {
                self.items.insert(at, (key, value));
                None
            }
        }
    }

    /// The value of a key; the new one, if there was none.
    pub(crate) fn or_insert(&mut self, key: K, new: V) -> &mut V {
        let at = self.find(&key).unwrap_or_else(|at| {
            self.items.insert(at, (key, new));
            at
        });
        #[expect(clippy::indexing_slicing, reason = "it was found or inserted there")]
        &mut self.items[at].1
    }

    /// Lets the one with the least rank go, if there are `max` and this key is not among them.
    pub(crate) fn make_room<R: Ord>(&mut self, key: &K, max: usize, rank: impl Fn(&V) -> R) {
        if self.items.len() >= max
            && self.find(key).is_err()
            && let Some(least) = self.iter().min_by_key(|(_, value)| rank(value)).map(|(id, _)| *id)
        {
            self.remove(&least);
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.find(key).ok().map(|at| self.items.remove(at).1)
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.items.retain_mut(|(key, value)| keep(key, value));
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).ok().and_then(|at| self.items.get_mut(at)).map(|(_, value)| value)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.items.iter_mut().map(|(key, value)| (&*key, value))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.items.iter_mut().map(|(_, value)| value)
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().and_then(|at| self.items.get(at)).map(|(_, value)| value)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.items.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.items.iter().map(|(_, value)| value)
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = V> {
        self.items.into_iter().map(|(_, value)| value)
    }

    pub(crate) const fn len(&self) -> usize {
        self.items.len()
    }

    fn find(&self, key: &K) -> Result<usize, usize> {
        self.items.binary_search_by(|(other, _)| other.cmp(key))
    }
}

/// What a [`PeerTable`] holds: one for each id.
pub(crate) trait Row {
    fn id(&self) -> &PeerId;
}

impl<V> Row for (PeerId, V) {
    fn id(&self) -> &PeerId {
        &self.0
    }
}

/// A table with a row for each member of the room: a sorted vector for each value of an id's first six bits. Ids are hashes, so
/// the parts are of like length, and a change costs little at 10,000 members.
#[derive(Clone, Debug)]
pub(crate) struct PeerTable<R> {
    /// None as long as the table is empty.
    parts: Vec<Vec<R>>,
    len: usize,
}

const PARTS: usize = 64;

/// A part that is full grows by one in so many of its rows: doubling would waste a third of the memory, where memory is counted by the row.
const GROWTH: usize = 8;

/// Rows by which it grows at least.
const GROWN_MIN: usize = 2;

impl<R> Default for PeerTable<R> {
    fn default() -> Self {
        Self { parts: Vec::new(), len: 0 }
    }
}

impl<R: Row> PeerTable<R> {
    /// Puts a row in the place of the one with its id, if there is one, and returns that.
    pub(crate) fn put(&mut self, row: R) -> Option<R> {
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, Vec::new);
        }
        let part = self.parts.get_mut(part_of(row.id()))?;
        match find(part, row.id()) {
            Ok(at) => part.get_mut(at).map(|old| core::mem::replace(old, row)),
            Err(at) => {
                if part.len() == part.capacity() {
                    part.reserve_exact((part.len() / GROWTH).max(GROWN_MIN));
                }
                part.insert(at, row);
                self.len = self.len.saturating_add(1);
                None
            }
        }
    }

    /// Takes the row of an id out.
    pub(crate) fn take(&mut self, id: &PeerId) -> Option<R> {
        let part = self.parts.get_mut(part_of(id))?;
        let at = find(part, id).ok()?;
        self.len = self.len.saturating_sub(1);
        Some(part.remove(at))
    }

    pub(crate) fn row_mut(&mut self, id: &PeerId) -> Option<&mut R> {
        let part = self.parts.get_mut(part_of(id))?;
        let at = find(part, id).ok()?;
        part.get_mut(at)
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.parts.iter_mut().flatten()
    }

    pub(crate) fn row(&self, id: &PeerId) -> Option<&R> {
        let part = self.parts.get(part_of(id))?;
        part.get(find(part, id).ok()?)
    }

    /// The rows from an id on, by id.
    pub(crate) fn rows_from(&self, start: PeerId) -> impl Iterator<Item = &R> {
        let first = part_of(&start);
        let begin = self.parts.get(first).map_or(0, |part| find(part, &start).unwrap_or_else(|at| at));
        let of_first = self.parts.get(first).and_then(|part| part.get(begin..)).unwrap_or(&[]);
        let others = self.parts.get(first.saturating_add(1)..).unwrap_or(&[]);
        of_first.iter().chain(others.iter().flatten())
    }

    /// The rows before an id, or all, the last first.
    pub(crate) fn rows_before(&self, end: Option<PeerId>) -> impl Iterator<Item = &R> {
        let last = end.as_ref().map_or(PARTS, part_of);
        let upto = |part: &Vec<R>| end.as_ref().map_or(0, |end| find(part, end).unwrap_or_else(|at| at));
        let of_last = self.parts.get(last).and_then(|part| part.get(..upto(part))).unwrap_or(&[]);
        let others = self.parts.get(..last).unwrap_or(&self.parts);
        of_last.iter().rev().chain(others.iter().rev().flat_map(|part| part.iter().rev()))
    }

    /// All rows, by id.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &R> {
        self.parts.iter().flatten()
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

fn part_of(id: &PeerId) -> usize {
    let [first, ..] = *id.as_bytes();
    usize::from(first >> 2)
}

/// Where in a part the row of an id should be, if ids lie evenly.
fn place_of(id: &PeerId, len: usize) -> usize {
    let [a, b, c, ..] = *id.as_bytes();
    let fraction = u32::from_be_bytes([0, a & 3, b, c]);
    len.saturating_mul(fraction.try_into().unwrap_or(0)) >> 18
}

/// The place of an id's row, or where it belongs. Looks where it should be, then farther and farther from there, and halves what is
/// left: a row that is not in the processor's cache costs more than all the rest, and an id's row is nearly always a few rows away.
fn find<R: Row>(part: &[R], id: &PeerId) -> Result<usize, usize> {
    let (mut low, mut high) = (0, part.len());
    let (mut at, mut step) = (place_of(id, high), 1_usize);
    while let Some(row) = part.get(at).filter(|_| low < high) {
        match row.id().cmp(id) {
            Ordering::Equal => return Ok(at),
            Ordering::Less => low = at.saturating_add(1),
            Ordering::Greater => high = at,
        }
        step = step.saturating_mul(2);
        at = if high == part.len() {
            at.saturating_add(step).min(high.saturating_sub(1))
        } else if low == 0 {
            at.saturating_sub(step)
        } else {
            low.midpoint(high)
        };
    }
    Err(low)
}

/// A [`PeerTable`] of values that do not know whose they are.
#[derive(Clone, Debug)]
pub(crate) struct PeerMap<V>(PeerTable<(PeerId, V)>);

impl<V> Default for PeerMap<V> {
    fn default() -> Self {
        Self(PeerTable::default())
    }
}

impl<V> PeerMap<V> {
    pub(crate) fn insert(&mut self, id: PeerId, value: V) -> Option<V> {
        self.0.put((id, value)).map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, id: &PeerId) -> Option<V> {
        self.0.take(id).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, id: &PeerId) -> Option<&mut V> {
        self.0.row_mut(id).map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.rows_mut().map(|(_, value)| value)
    }

    pub(crate) fn get(&self, id: &PeerId) -> Option<&V> {
        self.0.row(id).map(|(_, value)| value)
    }

    pub(crate) fn contains_key(&self, id: &PeerId) -> bool {
        self.0.row(id).is_some()
    }

    /// The values from an id on, by id.
    pub(crate) fn from(&self, start: PeerId) -> impl Iterator<Item = (&PeerId, &V)> {
        self.0.rows_from(start).map(|(id, value)| (id, value))
    }

    /// All values, by id.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerId, &V)> {
        self.0.rows().map(|(id, value)| (id, value))
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_small_map_is_a_map(steps in proptest::collection::vec((0_u8..20, any::<Option<u8>>()), 0..100)) {
            let (mut ours, mut model) = (SmallMap::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => prop_assert_eq!(ours.insert(key, value), model.insert(key, value)),
                    None => prop_assert_eq!(ours.remove(&key), model.remove(&key)),
                }
                prop_assert_eq!(ours.get(&key), model.get(&key));
                prop_assert!(ours.iter().eq(model.iter()));
            }
        }

        /// Ids that lie evenly, as hashes do, and such as somebody has chosen to lie badly.
        #[test]
        fn a_peer_map_is_a_map(
            bad in any::<bool>(),
            steps in proptest::collection::vec((any::<u16>(), any::<Option<u8>>()), 0..300),
        ) {
            let id = |n: u16| {
                let [a, b] = (n & 0x7ff).to_be_bytes();
                let hash = (n & 0x7ff).wrapping_mul(0x9e37).to_be_bytes();
                let mut bytes = [0; 16];
                bytes[..2].copy_from_slice(&if bad { [0, if a > 3 { 255 } else { 0 }] } else { hash });
                bytes[14..].copy_from_slice(&[a, b]);
                PeerId::from_bytes(bytes)
            };
            let (mut ours, mut model) = (PeerMap::default(), BTreeMap::new());
            for (n, value) in steps {
                match value {
                    Some(value) => prop_assert_eq!(ours.insert(id(n), value), model.insert(id(n), value)),
                    None => prop_assert_eq!(ours.remove(&id(n)), model.remove(&id(n))),
                }
                prop_assert_eq!(ours.get(&id(n ^ 1)), model.get(&id(n ^ 1)));
                prop_assert!(ours.from(id(n ^ 2)).eq(model.range(id(n ^ 2)..)));
                let before = ours.0.rows_before(Some(id(n ^ 2))).map(|(id, value)| (id, value));
                prop_assert!(before.eq(model.range(..id(n ^ 2)).rev()));
                prop_assert_eq!(ours.len(), model.len());
            }
            prop_assert!(ours.iter().eq(model.iter()));
            prop_assert!(ours.0.rows_before(None).map(|(id, value)| (id, value)).eq(model.iter().rev()));
        }
    }

    #[test]
    fn or_insert_gives_what_is_there_or_puts_it_there() {
        let mut map = SmallMap::default();
        *map.or_insert(7, 0) += 1;
        *map.or_insert(7, 100) += 1;
        assert_eq!(map.get(&7), Some(&2));
    }

    #[test]
    fn room_is_made_for_a_new_key_by_the_one_of_least_rank() {
        let mut map = SmallMap::default();
        for (key, value) in [(1, 9), (2, 3), (3, 5)] {
            map.insert(key, value);
        }
        map.make_room(&4, 4, |value| *value);
        map.make_room(&3, 3, |value| *value);
        assert_eq!(map.len(), 3, "there is room, or no need of any");
        map.make_room(&4, 3, |value| *value);
        assert_eq!(map.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 3]);
    }
}
