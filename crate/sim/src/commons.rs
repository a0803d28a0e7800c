//! What all nodes of a run share: each signature is checked once, and equal records and frames are held once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chinwag_core::{
    Alone, Commons, PublicKey, Signature,
    wire::{Record, Signed},
};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::Xxh3;

use crate::hash::of_bytes;

/// Answers that are remembered at most; then the table starts anew.
const ANSWERS_MAX: usize = 1 << 22;

/// A [`Commons`] that remembers.
#[derive(Debug, Default)]
pub struct Shared(Mutex<Tables>);

/// Looked up, never iterated in an order that matters.
#[derive(Debug, Default)]
struct Tables {
    /// By a 128-bit hash of key, statement and signature.
    answers: FxHashMap<u128, bool>,
    records: FxHashMap<Signature, Arc<Signed<Record>>>,
    /// When so many records are held, those that nobody else holds are dropped.
    sweep_at: usize,
    /// By their hashes.
    frames: FxHashMap<u64, Arc<[u8]>>,
    /// Likewise.
    sweep_frames_at: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Commons for Shared {
    fn verify(&self, key: &PublicKey, statement: &[u8], signature: &Signature) -> bool {
        let name = name_of(key, statement, signature);
        let known = self.lock().answers.get(&name).copied();
        known.unwrap_or_else(|| {
            let answer = Alone.verify(key, statement, signature);
            let mut tables = self.lock();
            if tables.answers.len() >= ANSWERS_MAX {
                tables.answers.clear();
            }
            tables.answers.insert(name, answer);
            answer
        })
    }

    fn share(&self, record: Signed<Record>) -> Arc<Signed<Record>> {
        let mut tables = self.lock();
        if let Some(held) = tables.records.get(&record.signature).filter(|held| ***held == record) {
            return held.clone();
        }
        if tables.records.len() >= tables.sweep_at {
            tables.records.retain(|_, held| Arc::strong_count(held) > 1);
            tables.sweep_at = (2 * tables.records.len()).max(1_024);
        }
        let record = Arc::new(record);
        tables.records.insert(record.signature, record.clone());
        record
    }

    fn share_frame(&self, frame: Arc<[u8]>) -> Arc<[u8]> {
        let (name, mut tables) = (of_bytes(&frame), self.lock());
        if let Some(held) = tables.frames.get(&name).filter(|held| **held == frame) {
            return held.clone();
        }
        if tables.frames.len() >= tables.sweep_frames_at {
            tables.frames.retain(|_, held| Arc::strong_count(held) > 1);
            tables.sweep_frames_at = (2 * tables.frames.len()).max(1_024);
        }
        tables.frames.insert(name, frame.clone());
        frame
    }
}

fn name_of(key: &PublicKey, statement: &[u8], signature: &Signature) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(key);
    hash.update(signature);
    hash.update(statement);
    hash.digest128()
}

#[cfg(test)]
mod tests {
    use chinwag_core::{
        Identity,
        wire::{Record, RoomKey, Signed},
    };

    use super::*;

    fn record(secret: u8) -> (Signed<Record>, PublicKey) {
        let identity = Identity::from_secret(&[secret; 32]);
        let public_key = identity.public_key();
        let body = Record::new(public_key, 1, 1);
        (Signed::new(body, &identity, &RoomKey::new("lobby")), public_key)
    }

    #[test]
    fn a_remembered_answer_is_the_true_one() {
        let (shared, room) = (Shared::default(), RoomKey::new("lobby"));
        let (genuine, key) = record(1);
        let mut forged = genuine.clone();
        forged.body.incarnation = 2;
        for _ in 0..2 {
            assert!(genuine.verify(&key, &room, &shared));
            assert!(!forged.verify(&key, &room, &shared));
            assert!(!genuine.verify(&record(2).1, &room, &shared));
        }
        assert_eq!(shared.lock().answers.len(), 3);
    }

    #[test]
    fn equal_records_are_held_once_and_others_are_not_mixed_up() {
        let shared = Shared::default();
        let (genuine, _) = record(1);
        let mut changed = genuine.clone();
        changed.body.incarnation = 2;
        let first = shared.share(genuine.clone());
        assert!(Arc::ptr_eq(&first, &shared.share(genuine)));
        assert_eq!(*shared.share(changed.clone()), changed);
    }

    #[test]
    fn equal_frames_are_held_once_and_dropped_when_nobody_else_holds_them() {
        let shared = Shared::default();
        let frame = |n: u16| Arc::from(n.to_le_bytes());
        let kept = shared.share_frame(frame(0));
        assert!(Arc::ptr_eq(&kept, &shared.share_frame(frame(0))));
        for n in 1..10_000 {
            assert_eq!(*shared.share_frame(frame(n)), n.to_le_bytes());
        }
        assert!(Arc::ptr_eq(&kept, &shared.share_frame(frame(0))));
        assert!(shared.lock().frames.len() <= 1_024);
    }

    #[test]
    fn what_nobody_holds_any_more_is_dropped() {
        let shared = Shared::default();
        shared.lock().sweep_at = 2;
        let kept = shared.share(record(1).0);
        drop(shared.share(record(2).0));
        drop(shared.share(record(3).0));
        let tables = shared.lock();
        assert!(tables.records.contains_key(&kept.signature));
        assert_eq!(tables.records.len(), 2);
    }
}
