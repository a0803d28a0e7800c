//! Maps: the last writer wins, by the stamps of a hybrid logical clock, ties by owner.
//!
//! Of each key only the newest write is held, whoever owns it: no older one can ever win again. A delete is a write without a value, and is forgotten
//! when it has had its life.

use alloc::vec::Vec;

use super::View;
use crate::{
    hlc,
    store::Store,
    wire::{Entry, KEY_BYTES_MAX},
};

/// Bytes of the stamp before a value.
pub(crate) const STAMP_BYTES: usize = 8;

/// The longest key of a map with a name of so many bytes.
pub(crate) const fn key_bytes_max(name_bytes: usize) -> usize {
    KEY_BYTES_MAX.saturating_sub(2).saturating_sub(name_bytes)
}

pub(crate) fn key(map: &str, key: &str) -> Vec<u8> {
    super::key(super::MAP, map, key.as_bytes())
}

/// The stamp, eight bytes, least significant first; then the value, which is nothing for a delete.
pub(crate) fn value(stamp: u64, value: &[u8]) -> Vec<u8> {
    let mut bytes = stamp.to_le_bytes().to_vec();
    bytes.extend_from_slice(value);
    bytes
}

pub(super) fn read<'a>(map: &'a str, rest: &'a [u8], bytes: &'a [u8]) -> Option<View<'a>> {
    let key = core::str::from_utf8(rest).ok()?;
    let (stamp, value) = bytes.split_first_chunk::<STAMP_BYTES>()?;
    let stamp = u64::from_le_bytes(*stamp);
    Some(View::Map { map, key, stamp, value: Some(value).filter(|value| !value.is_empty()) })
}

/// Whether an entry is a delete that has had its life.
pub(crate) fn is_spent(entry: &Entry, wall_ms: u64, life_ms: u32) -> bool {
    matches!(View::of(entry), Some(View::Map { stamp, value: None, .. })
        if hlc::wall_ms_of(stamp).saturating_add(life_ms.into()) <= wall_ms)
}

/// The value of a key.
pub(crate) fn get<'a>(store: &'a Store, map: &str, key: &str) -> Option<&'a [u8]> {
    let name = self::key(map, key);
    let entry = store.range(&name).first().filter(|entry| entry.body.key == name)?;
    match View::of(&entry.body) {
        Some(View::Map { value, .. }) => value,
        _ => None,
    }
}

/// All keys that have a value, by key, and who wrote it.
pub(crate) fn entries<'a>(store: &'a Store, map: &str) -> impl Iterator<Item = (&'a str, &'a [u8], crate::PeerId)> {
    store.range(&super::prefix(super::MAP, map)).iter().filter_map(|entry| match View::of(&entry.body) {
        Some(View::Map { key, value, .. }) => value.map(|value| (key, value, entry.body.owner)),
        _ => None,
    })
}
