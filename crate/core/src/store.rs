//! The replicated state: entries that are owned, versioned and signed by one member each (scuttlebutt, van Renesse 2008).
//!
//! No entry has two writers, so merging is only "the newer version wins", and no relay can forge or roll one back. Presence dies with its owner; what
//! belongs to maps, logs and counters outlives it, and the owner's public key is kept with it, so that whoever gets it can tell that it is genuine.
//!
//! An entry that can never be seen again is dropped at once: an older write of a map's key by another member, and what is older than the newest
//! `log_entries_max` of a log. Each is a maximum of an order that is the same everywhere, so it does not matter what comes first, or how often.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    config::Config,
    hlc,
    identity::{PeerId, PublicKey},
    io::Refused,
    sync::{Known, padded},
    table::{PeerMap, SmallMap},
    time::Instant,
    views::{View, log, map},
    wire::{Entry, Fingerprint, Signed},
};

/// The entry that is a member's presence. It dies with its owner.
pub(crate) const PRESENCE: &[u8] = b"presence";

/// What an entry costs beside its key and value, in the count of bytes: about what it takes in memory.
const ENTRY_BYTES: usize = 200;

/// Of others so much more is held than they may write, an eighth: their older entries may be here longer than with themselves.
const SLACK: usize = 8;

/// A durable entry, shared by the tables that find it.
pub(crate) type Kept = Arc<Signed<Entry>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    presences: PeerMap<Held>,
    /// The newest versions of those whose presence was dropped, as long as they are remembered: they may come back, and an older one be
    /// still on its way.
    dropped: PeerMap<u64>,
    /// What outlives its owner, by key and then by owner.
    entries: Vec<Kept>,
    /// The same, by the beginning of its signature: that is its name where stores are compared.
    names: Vec<Kept>,
    total: Fingerprint,
    /// The owners of these, whether they are members or not.
    estates: SmallMap<PeerId, Estate>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Held {
    entry: Signed<Entry>,
    /// Shared with whoever looks at it.
    value: Arc<[u8]>,
}

/// What a member owns of the durable entries.
#[derive(Clone, Copy, Debug)]
struct Estate {
    public_key: PublicKey,
    entries: usize,
    bytes: usize,
}

/// What an entry would be to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Newer than what is held, and there is room for it.
    News,
    /// Nothing new, or never to be seen.
    Stale,
    /// Beyond a bound.
    Refused(Refused),
}

impl Store {
    /// Whether a presence is newer than what is held, and within the bounds: worth a look at its signature.
    pub(crate) fn is_news(&self, entry: &Entry, config: &Config) -> bool {
        entry.key == PRESENCE
            && entry.value.len() <= config.presence_bytes_max
            && self.presences.get(&entry.owner).is_none_or(|held| entry.version > held.entry.body.version)
            && self.dropped.get(&entry.owner).is_none_or(|version| entry.version >= *version)
    }

    /// Takes in a presence that is news and whose signature holds.
    pub(crate) fn accept(&mut self, entry: Signed<Entry>) {
        let value = entry.body.value.as_slice().into();
        self.dropped.remove(&entry.body.owner);
        self.presences.insert(entry.body.owner, Held { entry, value });
    }

    /// Drops what dies with its owner.
    pub(crate) fn remove_owner(&mut self, owner: &PeerId) {
        if let Some(held) = self.presences.remove(owner) {
            self.dropped.insert(*owner, held.entry.body.version);
        }
    }

    /// Nobody remembers an owner any more.
    pub(crate) fn forget_owner(&mut self, owner: &PeerId) {
        self.dropped.remove(owner);
    }

    pub(crate) fn presence(&self, owner: &PeerId) -> Option<Arc<[u8]>> {
        self.presences.get(owner).map(|held| held.value.clone())
    }

    /// The presence of one owner.
    pub(crate) fn of(&self, owner: &PeerId) -> impl Iterator<Item = &Signed<Entry>> {
        self.presences.get(owner).map(|held| &held.entry).into_iter()
    }

    pub(crate) fn versions_of(&self, owner: &PeerId) -> impl Iterator<Item = u64> {
        self.of(owner).map(|entry| entry.body.version)
    }

    /// The presences of this owner and of those with greater ids.
    pub(crate) fn from(&self, owner: PeerId) -> impl Iterator<Item = &Signed<Entry>> {
        self.presences.from(owner).map(|(_, held)| &held.entry)
    }

    /// The durable entries whose keys begin with these bytes.
    pub(crate) fn range(&self, prefix: &[u8]) -> &[Kept] {
        let from = self.entries.partition_point(|entry| entry.body.key.as_slice() < prefix);
        let rest = self.entries.get(from..).unwrap_or(&[]);
        let len = rest.partition_point(|entry| entry.body.key.starts_with(prefix));
        rest.get(..len).unwrap_or(&[])
    }

    /// The durable entry with this name.
    pub(crate) fn named(&self, name: &PeerId) -> Option<&Kept> {
        self.names.get(self.place_of(name).ok()?)
    }

    /// The key that verifies an owner's entries, if any are held.
    pub(crate) fn key_of(&self, owner: &PeerId) -> Option<&PublicKey> {
        self.estates.get(owner).map(|estate| &estate.public_key)
    }

    /// Whether just this entry is held. Another one of the same version is something else: a liar's, and which of the two stays is not decided by who comes
    /// first.
    pub(crate) fn holds(&self, entry: &Signed<Entry>) -> bool {
        let Signed { body, signature } = entry;
        let held = self.slot(body).ok().and_then(|at| self.entries.get(at));
        held.is_some_and(|held| {
            held.body.owner == body.owner && held.body.version == body.version && held.signature == *signature
        })
    }

    /// What a durable entry of another member, or of an earlier life of our own, would be.
    pub(crate) fn weigh(&self, entry: &Signed<Entry>, wall_ms: u64, config: &Config) -> Weight {
        let Some(view) = View::of(&entry.body) else { return Weight::Stale };
        let (bytes, max) = (entry.body.value.len(), config.entry_bytes_max.saturating_add(map::STAMP_BYTES));
        if bytes > max {
            return Weight::Refused(Refused::ValueTooLarge { bytes, max });
        }
        let ahead_ms = hlc::wall_ms_of(view.stamp()).saturating_sub(wall_ms);
        if ahead_ms > u64::from(config.stamp_ahead_ms) {
            return Weight::Refused(Refused::Ahead { ms: ahead_ms });
        }
        if map::is_spent(&entry.body, wall_ms, config.delete_life_ms) || self.named(&name_of(entry)).is_some() {
            return Weight::Stale;
        }
        let beaten = match self.slot(&entry.body) {
            Ok(at) => self.entries.get(at).is_some_and(|held| !beats(entry, held)),
            Err(_) => self.is_too_old(&entry.body, &view, config),
        };
        if beaten {
            return Weight::Stale;
        }
        self.room_for(&entry.body, config, SLACK).map_or_else(Weight::Refused, |()| Weight::News)
    }

    /// Whether there is room for an entry: of its owner's, with a `slack`th more, and in all.
    pub(crate) fn room_for(&self, entry: &Entry, config: &Config, slack: usize) -> Result<(), Refused> {
        let gone = self.displaced(entry, config).and_then(|at| self.entries.get(at));
        let of_owner = gone.filter(|gone| gone.body.owner == entry.owner);
        let freed = |gone: Option<&Kept>| gone.map_or((0, 0), |gone| (1, bytes_of(&gone.body)));
        let own = self.estates.get(&entry.owner).map_or((0, 0), |it| (it.entries, it.bytes));
        let all = (self.entries.len(), self.bytes);
        let more = |max: usize| max.saturating_add(max.checked_div(slack).unwrap_or(0));
        let checks = [
            (own, freed(of_owner), more(config.owner_entries_max), more(config.owner_bytes_max)),
            (all, freed(gone), config.state_entries_max, config.state_bytes_max),
        ];
        for ((entries, bytes), (freed_entries, freed_bytes), entries_max, bytes_max) in checks {
            if entries.saturating_sub(freed_entries) >= entries_max {
                return Err(Refused::TooManyEntries { max: entries_max });
            }
            if bytes.saturating_sub(freed_bytes).saturating_add(bytes_of(entry)) > bytes_max {
                return Err(Refused::TooManyBytes { max: bytes_max });
            }
        }
        Ok(())
    }

    /// Takes in a durable entry that is news and whose signature holds.
    pub(crate) fn keep(&mut self, entry: Kept, public_key: PublicKey, config: &Config) {
        if let Some(at) = self.displaced(&entry.body, config) {
            self.drop_at(at);
        }
        let (Err(at), Err(place)) = (self.slot(&entry.body), self.place_of(&name_of(&entry))) else { return };
        let bytes = bytes_of(&entry.body);
        let estate = self.estates.or_insert(entry.body.owner, Estate { public_key, entries: 0, bytes: 0 });
        estate.entries = estate.entries.saturating_add(1);
        estate.bytes = estate.bytes.saturating_add(bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.total = self.total.wrapping_add(digest_of(&entry));
        self.names.insert(place, entry.clone());
        self.entries.insert(at, entry);
    }

    /// Forgets the deletes that have had their life.
    pub(crate) fn expire(&mut self, wall_ms: u64, config: &Config) {
        for at in (0..self.entries.len()).rev() {
            let spent = |entry: &Kept| map::is_spent(&entry.body, wall_ms, config.delete_life_ms);
            if self.entries.get(at).is_some_and(spent) {
                self.drop_at(at);
            }
        }
    }

    /// The sum of the digests of all durable entries.
    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        self.total
    }

    /// Where the entry is that this one would replace, or where it belongs. A key of a map has one, whoever wrote it; all others one of each owner.
    fn slot(&self, entry: &Entry) -> Result<usize, usize> {
        let is_map = matches!(View::of(entry), Some(View::Map { .. }));
        self.entries.binary_search_by(|other| {
            let by_key = other.body.key.cmp(&entry.key);
            if is_map { by_key } else { by_key.then_with(|| other.body.owner.cmp(&entry.owner)) }
        })
    }

    /// Where the entry with a name is among the names, or belongs.
    fn place_of(&self, name: &PeerId) -> Result<usize, usize> {
        self.names.binary_search_by(|entry| name_of(entry).cmp(name))
    }

    /// Where the entry is that has to go when this one comes: the one in its place, or the oldest of a full log.
    fn displaced(&self, entry: &Entry, config: &Config) -> Option<usize> {
        self.slot(entry).ok().or_else(|| {
            let Some(View::Log { log, .. }) = View::of(entry) else { return None };
            let prefix = log::prefix(log);
            let is_full = self.range(&prefix).len() >= config.log_entries_max;
            is_full.then(|| self.entries.partition_point(|entry| entry.body.key < prefix))
        })
    }

    /// Whether all that is held of a full log is newer.
    fn is_too_old(&self, entry: &Entry, view: &View<'_>, config: &Config) -> bool {
        let View::Log { log, .. } = view else { return false };
        let held = self.range(&log::prefix(log));
        held.len() >= config.log_entries_max
            && held.first().is_none_or(|oldest| (&oldest.body.key, oldest.body.owner) > (&entry.key, entry.owner))
    }

    fn drop_at(&mut self, at: usize) {
        if at >= self.entries.len() {
            return;
        }
        let entry = self.entries.remove(at);
        let bytes = bytes_of(&entry.body);
        if let Ok(place) = self.place_of(&name_of(&entry)) {
            self.names.remove(place);
        }
        self.total = self.total.wrapping_sub(digest_of(&entry));
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(estate) = self.estates.get_mut(&entry.body.owner) {
            estate.entries = estate.entries.saturating_sub(1);
            estate.bytes = estate.bytes.saturating_sub(bytes);
            if estate.entries == 0 {
                self.estates.remove(&entry.body.owner);
            }
        }
    }
}

/// Two stores compare their durable entries by name. A newer version has another name, so what differs is only ever missing on one side.
impl Known for Store {
    fn within(&self, from: PeerId, end: Option<PeerId>) -> Vec<(PeerId, Fingerprint)> {
        let start = self.place_of(&from).unwrap_or_else(|at| at);
        let items = self.names.get(start..).unwrap_or(&[]).iter().map(|entry| (name_of(entry), digest_of(entry)));
        items.take_while(|(name, _)| end.is_none_or(|end| *name < end)).collect()
    }

    fn total(&self) -> (usize, Fingerprint) {
        (self.entries.len(), self.total)
    }

    fn bytes(&self, name: &PeerId) -> usize {
        self.named(name).map_or(0, |entry| bytes_of(&entry.body))
    }

    fn are_names(&self) -> bool {
        true
    }
}

/// Whether an entry takes the place of another of the same key. Stamps decide in maps, and are equal elsewhere; nobody but a liar signs two of one
/// version, and then the signatures decide.
fn beats(new: &Signed<Entry>, held: &Signed<Entry>) -> bool {
    let rank = |entry: &Signed<Entry>| {
        let stamp = View::of(&entry.body).map_or(0, |view| view.stamp());
        (stamp, entry.body.owner, entry.body.version, entry.signature)
    };
    rank(new) > rank(held)
}

/// The first eight bytes of the signature, in the form of an id.
fn name_of(entry: &Signed<Entry>) -> PeerId {
    padded(entry.signature.first_chunk().copied().unwrap_or_default())
}

/// The first sixteen bytes of the signature: a number like any other, and a different one for each version and value.
fn digest_of(entry: &Signed<Entry>) -> Fingerprint {
    entry.signature.first_chunk().map_or(0, |bytes| Fingerprint::from_le_bytes(*bytes))
}

const fn bytes_of(entry: &Entry) -> usize {
    ENTRY_BYTES.saturating_add(entry.key.len()).saturating_add(entry.value.len())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::views::{counter, log};

    const WALL_MS: u64 = 1_000;

    fn config() -> Config {
        Config { log_entries_max: 6, ..Config::default() }
    }

    #[test]
    fn a_presence_older_than_one_that_went_with_its_owner_is_none() {
        let presence = |version: u64| {
            let (owner, value) = (PeerId::from_bytes([1; 16]), Vec::new());
            Signed { body: Entry { owner, key: PRESENCE.to_vec(), version, value }, signature: [0; 64] }
        };
        let (mut store, config, owner) = (Store::default(), config(), PeerId::from_bytes([1; 16]));
        store.accept(presence(5));
        store.remove_owner(&owner);
        assert!(store.presence(&owner).is_none());
        assert!(!store.is_news(&presence(4).body, &config), "still on its way");
        assert!(store.is_news(&presence(5).body, &config), "the owner was taken for gone");
        store.forget_owner(&owner);
        assert!(store.is_news(&presence(4).body, &config));
    }

    /// One of few keys, owners, versions and stamps, so that they meet. The signature is a name of it all.
    fn entry((kind, owner, version, stamp, value): (u8, u8, u64, u64, u8)) -> Kept {
        let value_bytes = alloc::vec![value; usize::from(value)];
        let (key, value_bytes) = match kind {
            0 | 1 => (map::key("map", if kind == 0 { "a" } else { "b" }), map::value(stamp, &value_bytes)),
            2 => (log::key("log", stamp), value_bytes),
            _ => (counter::key("counter", stamp % 2), counter::value(i64::from(value))),
        };
        let body = Entry { owner: PeerId::from_bytes([owner; 16]), key, version, value: value_bytes };
        let mut signature = [0; 64];
        let hash = <sha2::Sha256 as sha2::Digest>::digest(alloc::format!("{body:?}"));
        signature.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Arc::new(Signed { body, signature })
    }

    fn entries() -> impl Strategy<Value = Vec<Kept>> {
        proptest::collection::vec((0..4_u8, 1..4_u8, 1..4_u64, 1..12_u64, 0..3_u8).prop_map(entry), 0..40)
    }

    fn merge(store: &mut Store, entries: &[Kept]) {
        for entry in entries {
            if store.weigh(entry, WALL_MS, &config()) == Weight::News {
                store.keep(entry.clone(), [entry.body.owner.as_bytes()[0]; 32], &config());
            }
        }
    }

    fn merged<'a>(parts: impl IntoIterator<Item = &'a [Kept]>) -> Store {
        let mut store = Store::default();
        parts.into_iter().for_each(|part| merge(&mut store, part));
        store
    }

    fn held(store: &Store) -> Vec<Signed<Entry>> {
        store.range(&[]).iter().map(|entry| (**entry).clone()).collect()
    }

    fn check(store: &Store) {
        let sums = |sum: (usize, usize), entry: &Kept| (sum.0 + 1, sum.1 + bytes_of(&entry.body));
        assert!(store.entries.is_sorted_by(|a, b| (&a.body.key, a.body.owner) < (&b.body.key, b.body.owner)));
        assert_eq!(store.total, store.entries.iter().fold(0, |sum: u128, it| sum.wrapping_add(digest_of(it))));
        assert_eq!(store.names.len(), store.entries.len());
        assert_eq!((store.entries.len(), store.bytes), store.entries.iter().fold((0, 0), sums));
        for (owner, estate) in store.estates.iter() {
            let of_owner = store.entries.iter().filter(|entry| entry.body.owner == *owner);
            assert_eq!((estate.entries, estate.bytes), of_owner.fold((0, 0), sums));
        }
    }

    proptest! {
        #[test]
        fn merging_is_commutative(a in entries(), b in entries()) {
            prop_assert_eq!(held(&merged([&*a, &*b])), held(&merged([&*b, &*a])));
        }

        #[test]
        fn merging_is_associative(a in entries(), b in entries(), c in entries()) {
            let of_first = merged([&*a, &*b]);
            let of_last = merged([&*b, &*c]);
            let left = merged([of_first.range(&[]), &*c]);
            let right = merged([&*a, of_last.range(&[])]);
            prop_assert_eq!(held(&left), held(&right));
        }

        #[test]
        fn merging_is_idempotent(a in entries()) {
            let once = merged([&*a]);
            prop_assert_eq!(held(&merged([&*a, &*a])), held(&once));
            prop_assert_eq!(held(&merged([once.range(&[]), once.range(&[])])), held(&once));
        }

        #[test]
        fn the_tables_of_a_store_agree(a in entries()) {
            let mut store = merged([&*a]);
            check(&store);
            store.expire(u64::MAX, &config());
            check(&store);
            while !store.entries.is_empty() {
                store.drop_at(0);
            }
            prop_assert_eq!((store.total, store.bytes, store.names.len(), store.estates.len()), (0, 0, 0, 0));
        }

        #[test]
        fn two_stores_that_compare_become_equal(a in entries(), b in entries(), room in 1_usize..2_000) {
            let mut stores = [merged([&*a]), merged([&*b])];
            let mut ranges = alloc::vec![crate::sync::begin(&stores[0])];
            for round in 1.. {
                let difference = crate::sync::compare(&stores[round % 2], ranges, room);
                let [zero, one] = &mut stores;
                let (ours, theirs) = if round % 2 == 0 { (zero, one) } else { (one, zero) };
                let of = |store: &Store, names: &[PeerId]| -> Vec<Kept> {
                    names.iter().filter_map(|name| store.named(name)).cloned().collect()
                };
                let (given, wanted) = (of(ours, &difference.give), of(theirs, &difference.want));
                merge(theirs, &given);
                merge(ours, &wanted);
                ranges = difference.ranges;
                if ranges.is_empty() {
                    break;
                }
                prop_assert!(round < 100, "a comparison ends");
            }
            prop_assert_eq!(held(&stores[0]), held(&stores[1]));
        }
    }

    #[test]
    fn an_entry_costs_little_beside_its_key_and_value() {
        let row = 2 * size_of::<Kept>();
        let heap = size_of::<Signed<Entry>>() + 2 * size_of::<usize>();
        assert!(row + heap <= ENTRY_BYTES, "{row} and {heap}");
        assert!(size_of::<(PeerId, Estate)>() <= 64);
    }
}
