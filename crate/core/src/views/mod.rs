//! What users see of the replicated state: each kind of entry has a view, and the first byte of an entry's key says which.
//!
//! A key is that byte, the length of a name (one byte), the name, and then what tells the entries of that name apart. So the entries of one map,
//! log or counter lie side by side in the store, a log's in the order of their stamps.

pub(crate) mod counter;
pub(crate) mod log;
pub(crate) mod map;

use alloc::vec::Vec;

use crate::wire::Entry;

const COUNTER: u8 = b'c';
const LOG: u8 = b'l';
const MAP: u8 = b'm';

/// An entry of the state, by what its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View<'a> {
    /// What its owner has added to a counter, in one of its lives.
    Counter { counter: &'a str, total: i64 },
    /// A message of a log.
    Log { log: &'a str, stamp: u64, value: &'a [u8] },
    /// A key of a map, and its value; none if it was deleted.
    Map { map: &'a str, key: &'a str, stamp: u64, value: Option<&'a [u8]> },
}

impl<'a> View<'a> {
    /// What an entry is; `None` if its key or its value is none of a view's.
    pub(crate) fn of(entry: &'a Entry) -> Option<Self> {
        let (kind, rest) = entry.key.split_first()?;
        let (len, rest) = rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*len))?;
        let name = core::str::from_utf8(name).ok()?;
        match *kind {
            COUNTER => counter::read(name, rest, &entry.value),
            LOG => log::read(name, rest, &entry.value),
            MAP => map::read(name, rest, &entry.value),
            _ => None,
        }
    }

    /// Its place among the writes of all members; counters need none.
    pub(crate) const fn stamp(&self) -> u64 {
        match self {
            Self::Counter { .. } => 0,
            Self::Log { stamp, .. } | Self::Map { stamp, .. } => *stamp,
        }
    }
}

/// How the keys of a name begin. A name longer than 255 bytes is refused before.
pub(crate) fn prefix(kind: u8, name: &str) -> Vec<u8> {
    let mut key = alloc::vec![kind, u8::try_from(name.len()).unwrap_or(u8::MAX)];
    key.extend_from_slice(name.as_bytes());
    key
}

/// The key of the one entry of a name that these bytes tell from the others.
fn key(kind: u8, name: &str, rest: &[u8]) -> Vec<u8> {
    let mut key = prefix(kind, name);
    key.extend_from_slice(rest);
    key
}
