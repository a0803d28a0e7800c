//! The state that outlives its owners: how it is written, how it comes in, and how two members become equal in it.
//!
//! What is new travels at once on its owner's tree. What two members find when they compare goes on likewise if its owner is a member; if not, there is
//! no such tree, and we compare with our other peers soon after.

use alloc::{string::String, sync::Arc, vec::Vec};

use super::Node;
use crate::{
    hlc,
    identity::{PeerId, PublicKey, peer_id},
    io::{Event, Lane, LinkId, LogEntry, Refused, ViolationKind},
    store::{Kept, Weight},
    sync::{self, padded},
    time::Instant,
    views::{self, View, counter, log, map},
    wire::{CHANNEL_BYTES_MAX, Entry, FRAME_BYTES_MAX, Frame, LIST_MAX, Name, Range, Rumor, Signed},
};

/// Bytes of a frame of entries that are left for its header and its two counts.
const HEADER_BYTES: usize = 8;

/// Bytes that are set aside for the key of an entry's owner, as if each had another.
const KEY_BYTES: usize = 32;

/// How long news of the gone is gathered before we compare with our peers.
const GATHER_MS: u32 = 200;

impl Node {
    /// Tells the node what wall time it is at a point of the host's clock: to be called now and then, since that clock may stand still where wall time
    /// goes on. Maps and logs are ordered by wall time, and what is too far ahead of it is refused.
    pub const fn set_wall_ms(&mut self, now: Instant, wall_ms: u64) {
        self.wall = (now.plus_micros(self.lost_us), wall_ms);
    }

    /// The value of a map's key.
    #[must_use]
    pub fn map_get(&self, map: &str, key: &str) -> Option<&[u8]> {
        map::get(&self.store, map, key)
    }

    /// The keys of a map that have a value, by key, and who wrote it.
    pub fn map_entries<'a>(&'a self, map: &str) -> impl Iterator<Item = (&'a str, &'a [u8], PeerId)> {
        map::entries(&self.store, map)
    }

    /// The messages of a log, oldest first.
    pub fn log_entries(&self, log: &str) -> impl DoubleEndedIterator<Item = LogEntry> {
        let entries = log::entries(&self.store, log);
        entries.map(|(from, stamp, value)| LogEntry { from, stamp, value: value.to_vec() })
    }

    /// The value of a counter; 0 if nobody has added to it. At the ends of its range it stays there.
    #[must_use]
    pub fn counter(&self, counter: &str) -> i64 {
        counter::total(&self.store, counter)
    }

    /// All that is held of a map (`b'm'`), log (`b'l'`) or counter (`b'c'`), as the events that told of it or would have: for a host that begins to keep a
    /// view of its own, and goes on with the events to come. What has been deleted may be told as such.
    #[must_use]
    pub fn retold(&self, kind: u8, name: &str) -> Vec<Event> {
        self.store.range(&views::prefix(kind, name)).iter().filter_map(|entry| self.event_of(entry)).collect()
    }

    /// The durable entries of the replicated state, by key: what all members agree on when they have compared.
    pub fn entries(&self) -> impl Iterator<Item = &Signed<Entry>> {
        self.store.range(&[]).iter().map(|entry| &**entry)
    }

    /// A number that is the same for all who hold the same entries, and hardly ever for others.
    #[must_use]
    pub const fn state_fingerprint(&self) -> u128 {
        self.store.fingerprint()
    }

    fn wall_ms(&self) -> u64 {
        self.wall.1.saturating_add(self.now.ms_since(self.wall.0))
    }

    pub(super) fn map_set(&mut self, map: &str, key: &str, value: Option<&[u8]>) -> Result<(), Refused> {
        self.check_name(map)?;
        let (bytes, max) = (key.len(), map::key_bytes_max(map.len()));
        if bytes > max {
            return Err(Refused::ChannelName { bytes, max });
        }
        if value.is_some_and(<[u8]>::is_empty) {
            return Err(Refused::ValueTooLarge { bytes: 0, max: self.config.entry_bytes_max });
        }
        let (mut clock, value) = (self.clock, value.unwrap_or_default());
        let stamp = clock.tick(self.wall_ms());
        self.write(map::key(map, key), map::value(stamp, value), value.len())?;
        self.clock = clock;
        Ok(())
    }

    pub(super) fn log_append(&mut self, log: &str, value: Vec<u8>) -> Result<(), Refused> {
        self.check_name(log)?;
        let mut clock = self.clock;
        let key = log::key(log, clock.tick(self.wall_ms()));
        let bytes = value.len();
        self.write(key, value, bytes)?;
        self.clock = clock;
        Ok(())
    }

    pub(super) fn counter_add(&mut self, counter: &str, amount: i64) -> Result<(), Refused> {
        self.check_name(counter)?;
        let key = counter::key(counter, self.life);
        let total = counter::own_total(&self.store, &key, self.id()).saturating_add(amount);
        self.write(key, counter::value(total), 0)
    }

    fn check_name(&self, name: &str) -> Result<(), Refused> {
        let (bytes, max) = (name.len(), self.config.channel_name_bytes_max.min(CHANNEL_BYTES_MAX));
        if bytes == 0 || bytes > max { Err(Refused::ChannelName { bytes, max }) } else { Ok(()) }
    }

    /// Writes an entry of ours, if there is room for it, and tells everybody.
    fn write(&mut self, key: Vec<u8>, value: Vec<u8>, bytes: usize) -> Result<(), Refused> {
        let max = self.config.entry_bytes_max;
        if bytes > max {
            return Err(Refused::ValueTooLarge { bytes, max });
        }
        let owner = self.id();
        let mut entry = Entry { owner, key, version: 0, value };
        let ahead_ms = View::of(&entry).map_or(0, |view| hlc::wall_ms_of(view.stamp())).saturating_sub(self.wall_ms());
        if ahead_ms > u64::from(self.config.stamp_ahead_ms) {
            return Err(Refused::Ahead { ms: ahead_ms });
        }
        self.store.room_for(&entry, &self.config, 0)?;
        entry.version = self.broadcast.next_number();
        let entry = Arc::new(Signed::new(entry, &self.identity, &self.room));
        let (public_key, rumor) = (*self.me.body.public_key(), Rumor::Entry((*entry).clone()));
        self.store.keep(entry.clone(), public_key, &self.config);
        self.tell_of(&entry);
        self.spread(rumor, None, 0);
        Ok(())
    }

    /// Whether an entry that came as a rumor is news, whatever its number says: the store knows better than the window which has been seen.
    pub(super) fn is_state_news(&self, entry: &Signed<Entry>) -> bool {
        self.store.weigh(entry, self.wall_ms(), &self.config) == Weight::News
    }

    /// Entries have come from a peer that holds them, with the keys of their owners.
    pub(super) fn on_kept(&mut self, link: LinkId, peer: PeerId, keys: &[PublicKey], entries: Vec<Signed<Entry>>) {
        for entry in entries {
            // Few owners, as a rule one: a hash for each entry costs little beside its signature.
            let named = keys.iter().find(|key| peer_id(key) == entry.body.owner);
            self.on_durable(link, peer, 1, entry, named);
        }
    }

    pub(super) fn on_durable(
        &mut self,
        link: LinkId,
        peer: PeerId,
        hops: u8,
        entry: Signed<Entry>,
        named: Option<&PublicKey>,
    ) {
        let (owner, version) = (entry.body.owner, entry.body.version);
        let is_member = owner == self.id() || self.members.get(&owner).is_some();
        let mine = (owner == self.id()).then(|| self.me.body.public_key());
        let known = mine.or_else(|| self.members.key_of(&owner)).or_else(|| self.store.key_of(&owner)).or(named);
        let Some(public_key) = known.copied() else { return };
        if self.store.holds(&entry) {
            self.mark_if_member(is_member, owner, version);
            return;
        }
        let weight = self.store.weigh(&entry, self.wall_ms(), &self.config);
        if !entry.verify(&public_key, &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            return;
        }
        if weight != Weight::News {
            // Others have something newer, or no room either: it need not be told of again.
            self.mark_if_member(is_member, owner, version);
            return;
        }
        if owner == self.id() {
            // Of an earlier life of ours: what we say from now on is newer.
            self.broadcast.raise_above(version);
        }
        self.clock.witness(View::of(&entry.body).map_or(0, |view| view.stamp()));
        let entry = Arc::new(entry);
        self.store.keep(entry.clone(), public_key, &self.config);
        self.tell_of(&entry);
        if is_member {
            self.spread(Rumor::Entry((*entry).clone()), Some(link), hops);
        } else {
            self.compare_at.get_or_insert(self.now.plus_ms(GATHER_MS));
        }
    }

    /// Of the gone there is no tree whose numbers would count.
    fn mark_if_member(&mut self, is_member: bool, owner: PeerId, version: u64) {
        if is_member {
            self.broadcast.mark(&owner, version);
        }
    }

    /// Tells the user what an entry that has just been taken in changes.
    fn tell_of(&mut self, entry: &Kept) {
        if let Some(event) = self.event_of(entry) {
            self.event(event);
        }
    }

    fn event_of(&self, entry: &Kept) -> Option<Event> {
        let by = entry.body.owner;
        Some(match View::of(&entry.body)? {
            View::Map { map, key, value, .. } => {
                let (map, key, value) = (String::from(map), String::from(key), value.map(<[u8]>::to_vec));
                Event::MapChanged { map, key, value, by }
            }
            View::Log { log, stamp, value } => {
                let entry = LogEntry { from: by, stamp, value: value.to_vec() };
                Event::LogAppended { log: String::from(log), entry }
            }
            View::Counter { counter, .. } => {
                Event::CounterChanged { counter: String::from(counter), value: counter::total(&self.store, counter) }
            }
        })
    }

    /// Begins to compare the state with a peer.
    pub(super) fn compare_state(&mut self, link: LinkId) {
        self.store.expire(self.wall_ms(), &self.config);
        let all = sync::begin(&self.store);
        self.send(link, Lane::Reliable, &Frame::State([all].into()));
    }

    /// Compares the state with all peers, if there is reason to and it is time.
    pub(super) fn compare_if_due(&mut self) {
        if self.compare_at.is_some_and(|at| self.now >= at) {
            self.compare_at = None;
            self.greeted_links().into_iter().for_each(|link| self.compare_state(link));
        }
    }

    pub(super) fn on_state(&mut self, link: LinkId, ranges: Vec<Range>) {
        let difference = sync::compare(&self.store, ranges, self.config.sync_bytes_max);
        self.give_kept(link, &difference.give);
        let names: Vec<Name> = difference.want.iter().filter_map(|id| id.as_bytes().first_chunk().copied()).collect();
        for names in names.chunks(LIST_MAX) {
            self.send(link, Lane::Reliable, &Frame::Fetch(names.to_vec()));
        }
        for ranges in sync::chunked(difference.ranges) {
            self.send(link, Lane::Reliable, &Frame::State(ranges));
        }
    }

    /// A peer asks for entries. What is too much for one answer comes up again in the comparison that we begin then.
    pub(super) fn on_fetch(&mut self, link: LinkId, names: &[Name]) {
        let names: Vec<PeerId> = names.iter().map(|name| padded(*name)).collect();
        let mut room = self.config.sync_bytes_max;
        let fits = |name: &&PeerId| {
            let fits = room > 0;
            room = room.saturating_sub(sync::Known::bytes(&self.store, name));
            fits
        };
        let given = names.iter().take_while(fits).count();
        self.give_kept(link, names.get(..given).unwrap_or(&[]));
        if given < names.len() {
            self.compare_state(link);
        }
    }

    /// Sends entries by name, in as many frames as it takes.
    fn give_kept(&mut self, link: LinkId, names: &[PeerId]) {
        let (mut entries, mut room) = (Vec::new(), 0_usize);
        for name in names {
            let Some(entry) = self.store.named(name) else { continue };
            let entry = (**entry).clone();
            let bytes = entry.to_bytes().len().saturating_add(KEY_BYTES);
            if bytes > room || entries.len() >= LIST_MAX {
                self.send_kept(link, core::mem::take(&mut entries));
                room = FRAME_BYTES_MAX.saturating_sub(HEADER_BYTES);
            }
            room = room.saturating_sub(bytes);
            entries.push(entry);
        }
        self.send_kept(link, entries);
    }

    /// Sends entries that fit into a frame, with the keys of their owners.
    fn send_kept(&mut self, link: LinkId, entries: Vec<Signed<Entry>>) {
        let mut keys: Vec<PublicKey> = Vec::new();
        for entry in &entries {
            if let Some(key) = self.store.key_of(&entry.body.owner).filter(|key| !keys.contains(key)) {
                keys.push(*key);
            }
        }
        if !entries.is_empty() {
            self.send(link, Lane::Reliable, &Frame::Kept { keys, entries });
        }
    }
}
