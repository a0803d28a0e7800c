//! Ordered maps that are small as code. Each use of the standard one with other types is compiled anew, some kilobytes in a package whose size
//! is a promise; iteration must be in a fixed order all the same, so hash maps are out.

use alloc::{
    collections::{BTreeMap, btree_map},
    vec::Vec,
};
use core::ops::RangeBounds;

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

/// A map for tables with a row for each member of the room. The tree of ids is the same code for all of them.
#[derive(Clone, Debug)]
pub(crate) struct PeerMap<V> {
    index: BTreeMap<PeerId, usize>,
    rows: Vec<Option<V>>,
    free: Vec<usize>,
}

impl<V> Default for PeerMap<V> {
    fn default() -> Self {
        Self { index: BTreeMap::new(), rows: Vec::new(), free: Vec::new() }
    }
}

impl<V> PeerMap<V> {
    pub(crate) fn insert(&mut self, id: PeerId, value: V) -> Option<V> {
        if let Some(row) = self.index.get(&id).and_then(|row| self.rows.get_mut(*row)) {
            return row.replace(value);
        }
        let at = self.free.pop().unwrap_or(self.rows.len());
        match self.rows.get_mut(at) {
            Some(row) => *row = Some(value),
            None => self.rows.push(Some(value)),
        }
        self.index.insert(id, at);
        None
    }

    pub(crate) fn remove(&mut self, id: &PeerId) -> Option<V> {
        let at = self.index.remove(id)?;
        self.free.push(at);
        self.rows.get_mut(at)?.take()
    }

    pub(crate) fn get_mut(&mut self, id: &PeerId) -> Option<&mut V> {
        let at = *self.index.get(id)?;
        self.rows.get_mut(at)?.as_mut()
    }

    /// All values, in no order that means anything, and always the same.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.rows.iter_mut().flatten()
    }

    pub(crate) fn get(&self, id: &PeerId) -> Option<&V> {
        self.row(*self.index.get(id)?)
    }

    pub(crate) fn contains_key(&self, id: &PeerId) -> bool {
        self.index.contains_key(id)
    }

    /// The rows of a range of ids, by id.
    pub(crate) fn range(&self, range: impl RangeBounds<PeerId>) -> Rows<'_, V> {
        Rows { ids: self.index.range(range), map: self }
    }

    /// All rows, by id.
    pub(crate) fn iter(&self) -> Rows<'_, V> {
        self.range(..)
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    fn row(&self, at: usize) -> Option<&V> {
        self.rows.get(at)?.as_ref()
    }
}

/// Rows of a [`PeerMap`] by id.
#[derive(Debug)]
pub(crate) struct Rows<'a, V> {
    ids: btree_map::Range<'a, PeerId, usize>,
    map: &'a PeerMap<V>,
}

impl<'a, V> Iterator for Rows<'a, V> {
    type Item = (&'a PeerId, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let (id, at) = self.ids.next()?;
        Some((id, self.map.row(*at)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(n: u8) -> PeerId {
        PeerId::from_bytes([n; 16])
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
        fn a_peer_map_is_a_map_and_reuses_its_rows(steps in proptest::collection::vec((0_u8..20, any::<Option<u8>>()), 0..100)) {
            let (mut ours, mut model) = (PeerMap::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => prop_assert_eq!(ours.insert(id(key), value), model.insert(id(key), value)),
                    None => prop_assert_eq!(ours.remove(&id(key)), model.remove(&id(key))),
                }
                prop_assert!(ours.iter().eq(model.iter()));
                prop_assert!(ours.range(id(5)..id(9)).eq(model.range(id(5)..id(9))));
                prop_assert!(ours.rows.len() <= 20);
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
