//! The replicated state: entries that are owned, versioned and signed by one member each (scuttlebutt, van Renesse 2008).
//!
//! No entry has two writers, so merging is only "the newer version wins", and no relay can forge or roll one back.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    config::Config,
    identity::PeerId,
    table::PeerMap,
    time::Instant,
    wire::{Entry, Signed},
};

/// The entry that is a member's presence. It dies with its owner.
pub(crate) const PRESENCE: &str = "presence";

#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    presences: PeerMap<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    entry: Signed<Entry>,
    /// Shared with whoever looks at it.
    value: Arc<[u8]>,
}

impl Store {
    /// Whether an entry is newer than what is held, and within the bounds: worth a look at its signature.
    pub(crate) fn is_news(&self, entry: &Entry, config: &Config) -> bool {
        entry.key == PRESENCE
            && entry.value.len() <= config.presence_bytes_max
            && self.presences.get(&entry.owner).is_none_or(|held| entry.version > held.entry.body.version)
    }

    /// Takes in an entry that is news and whose signature holds.
    pub(crate) fn accept(&mut self, entry: Signed<Entry>) {
        let value = entry.body.value.as_slice().into();
        self.presences.insert(entry.body.owner, Held { entry, value });
    }

    /// Drops what dies with its owner.
    pub(crate) fn remove_owner(&mut self, owner: &PeerId) {
        self.presences.remove(owner);
    }

    pub(crate) fn presence(&self, owner: &PeerId) -> Option<Arc<[u8]>> {
        self.presences.get(owner).map(|held| held.value.clone())
    }

    /// The entries of one owner.
    pub(crate) fn of(&self, owner: &PeerId) -> impl Iterator<Item = &Signed<Entry>> {
        self.presences.get(owner).map(|held| &held.entry).into_iter()
    }

    pub(crate) fn versions_of(&self, owner: &PeerId) -> impl Iterator<Item = u64> {
        self.of(owner).map(|entry| entry.body.version)
    }

    /// The entries of this owner and of those with greater ids.
    pub(crate) fn from(&self, owner: PeerId) -> impl Iterator<Item = &Signed<Entry>> {
        self.presences.from(owner).map(|(_, held)| &held.entry)
    }
}

/// Our own presence on its way out: the newest value wins, and no two leave within `presence_interval_ms`.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    value: Option<Vec<u8>>,
    not_before: Instant,
}

impl Draft {
    pub(crate) const fn new() -> Self {
        Self { value: None, not_before: Instant::ZERO }
    }

    pub(crate) fn set(&mut self, value: Vec<u8>) {
        self.value = Some(value);
    }

    /// What is not yet told.
    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.value.as_deref()
    }

    /// The value to sign and tell, if there is one and it is time.
    pub(crate) fn take(&mut self, now: Instant, config: &Config) -> Option<Vec<u8>> {
        if now < self.not_before {
            return None;
        }
        let value = self.value.take()?;
        self.not_before = now.plus_ms(config.presence_interval_ms);
        Some(value)
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.value.as_ref().map(|_| self.not_before)
    }
}
