//! Logs: the messages of all members in the order of their stamps, of which each member holds the newest.
//!
//! "The newest so many" is the same whatever comes first and however often, so logs need no protocol to forget: what is older than all that is held of
//! a full log is no news.

use alloc::vec::Vec;

use super::View;
use crate::{identity::PeerId, store::Store};

/// The key of our message with this stamp. Most significant first, so keys lie in the order of stamps.
pub(crate) fn key(log: &str, stamp: u64) -> Vec<u8> {
    super::key(super::LOG, log, &stamp.to_be_bytes())
}

pub(super) fn read<'a>(log: &'a str, rest: &'a [u8], value: &'a [u8]) -> Option<View<'a>> {
    Some(View::Log { log, stamp: u64::from_be_bytes(rest.try_into().ok()?), value })
}

/// How the keys of a log begin.
pub(crate) fn prefix(log: &str) -> Vec<u8> {
    super::prefix(super::LOG, log)
}

/// The messages that are held, oldest first: who wrote each, its stamp, and its value.
pub(crate) fn entries<'a>(store: &'a Store, log: &str) -> impl DoubleEndedIterator<Item = (PeerId, u64, &'a [u8])> {
    store.range(&prefix(log)).iter().filter_map(|entry| match View::of(&entry.body) {
        Some(View::Log { stamp, value, .. }) => Some((entry.body.owner, stamp, value)),
        _ => None,
    })
}
