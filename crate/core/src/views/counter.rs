//! Counters: the sum of what each member has added, in each of its lives (a grow-only counter's vector, with totals that may fall as well).
//!
//! A life is what a member does between joining and leaving. One that comes back with its key and without its memory does not know what it had added:
//! it begins a total of its own, and the old one goes on to count.

use alloc::vec::Vec;

use super::View;
use crate::store::Store;

/// The key of what its owner adds in the life that began with this number.
pub(crate) fn key(counter: &str, life: u64) -> Vec<u8> {
    super::key(super::COUNTER, counter, &life.to_be_bytes())
}

/// The total as a number of 64 bits in two's complement, least significant byte first.
pub(crate) fn value(total: i64) -> Vec<u8> {
    total.to_le_bytes().to_vec()
}

pub(super) fn read<'a>(counter: &'a str, rest: &'a [u8], value: &'a [u8]) -> Option<View<'a>> {
    let _life: [u8; 8] = rest.try_into().ok()?;
    Some(View::Counter { counter, total: i64::from_le_bytes(value.try_into().ok()?) })
}

/// The sum of all totals; at the ends of its range it stays there.
pub(crate) fn total(store: &Store, counter: &str) -> i64 {
    let totals = store.range(&super::prefix(super::COUNTER, counter)).iter().map(|entry| match View::of(&entry.body) {
        Some(View::Counter { total, .. }) => i128::from(total),
        _ => 0,
    });
    let sum = totals.fold(0_i128, i128::saturating_add);
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}

/// What we ourselves have added in this life.
pub(crate) fn own_total(store: &Store, key: &[u8], owner: crate::PeerId) -> i64 {
    let own = store.range(key).iter().find(|entry| entry.body.owner == owner);
    match own.and_then(|entry| View::of(&entry.body)) {
        Some(View::Counter { total, .. }) => total,
        _ => 0,
    }
}
