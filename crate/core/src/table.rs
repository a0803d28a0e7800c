//! Ordered maps that are small as code. Each use of the standard one with other types is compiled anew, some kilobytes in a package whose size
//! is a promise; iteration must be in a fixed order all the same, so hash maps are out.

use alloc::vec::Vec;

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

/// A map for tables with a row for each member of the room: a sorted vector for each value of an id's first six bits. Ids are hashes, so
/// the parts are of like length, and a change costs little at 10,000 members.
#[derive(Clone, Debug)]
pub(crate) struct PeerMap<V> {
    /// None as long as the map is empty.
    parts: Vec<Vec<(PeerId, V)>>,
    len: usize,
}

const PARTS: usize = 64;

/// A part that is full grows by one in so many of its rows: doubling would waste a third of the memory, where memory is counted by the row.
const GROWTH: usize = 8;

/// Rows by which it grows at least.
const GROWN_MIN: usize = 2;

impl<V> Default for PeerMap<V> {
    fn default() -> Self {
        Self { parts: Vec::new(), len: 0 }
    }
}

impl<V> PeerMap<V> {
    pub(crate) fn insert(&mut self, id: PeerId, value: V) -> Option<V> {
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, Vec::new);
        }
        let part = self.parts.get_mut(part_of(&id))?;
        match find(part, &id) {
            Ok(at) => part.get_mut(at).map(|(_, old)| core::mem::replace(old, value)),
            Err(at) => {
                if part.len() == part.capacity() {
                    part.reserve_exact((part.len() / GROWTH).max(GROWN_MIN));
                }
                part.insert(at, (id, value));
                self.len = self.len.saturating_add(1);
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, id: &PeerId) -> Option<V> {
        let part = self.parts.get_mut(part_of(id))?;
        let at = find(part, id).ok()?;
        self.len = self.len.saturating_sub(1);
        Some(part.remove(at).1)
    }

    pub(crate) fn get_mut(&mut self, id: &PeerId) -> Option<&mut V> {
        let part = self.parts.get_mut(part_of(id))?;
        let at = find(part, id).ok()?;
        part.get_mut(at).map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.parts.iter_mut().flatten().map(|(_, value)| value)
    }

    pub(crate) fn get(&self, id: &PeerId) -> Option<&V> {
        let part = self.parts.get(part_of(id))?;
        part.get(find(part, id).ok()?).map(|(_, value)| value)
    }

    pub(crate) fn contains_key(&self, id: &PeerId) -> bool {
        self.get(id).is_some()
    }

    /// The rows from an id on, by id.
    pub(crate) fn from(&self, start: PeerId) -> impl Iterator<Item = (&PeerId, &V)> {
        let first = part_of(&start);
        let begin = self.parts.get(first).map_or(0, |part| find(part, &start).unwrap_or_else(|at| at));
        let of_first = self.parts.get(first).and_then(|part| part.get(begin..)).unwrap_or(&[]);
        let others = self.parts.get(first.saturating_add(1)..).unwrap_or(&[]);
        of_first.iter().chain(others.iter().flatten()).map(|(id, value)| (id, value))
    }

    /// All rows, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerId, &V)> {
        self.parts.iter().flatten().map(|(id, value)| (id, value))
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

fn part_of(id: &PeerId) -> usize {
    let [first, ..] = *id.as_bytes();
    usize::from(first >> 2)
}

fn find<V>(part: &[(PeerId, V)], id: &PeerId) -> Result<usize, usize> {
    part.binary_search_by(|(other, _)| other.cmp(id))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn id(n: u8) -> PeerId {
        PeerId::from_bytes([n.wrapping_mul(37); 16])
    }

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

        #[test]
        fn a_peer_map_is_a_map(steps in proptest::collection::vec((0_u8..20, any::<Option<u8>>()), 0..100)) {
            let (mut ours, mut model) = (PeerMap::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => prop_assert_eq!(ours.insert(id(key), value), model.insert(id(key), value)),
                    None => prop_assert_eq!(ours.remove(&id(key)), model.remove(&id(key))),
                }
                prop_assert!(ours.iter().eq(model.iter()));
                prop_assert!(ours.from(id(5)).eq(model.range(id(5)..)));
                prop_assert_eq!(ours.len(), model.len());
            }
        }
    }

    #[test]
    fn or_insert_gives_what_is_there_or_puts_it_there() {
        let mut map = SmallMap::default();
        *map.or_insert(7, 0) += 1;
        *map.or_insert(7, 100) += 1;
        assert_eq!(map.get(&7), Some(&2));
    }
}
