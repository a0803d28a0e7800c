//! What is sent, by host and by kind of frame. Bytes are those of the wire codec.

use std::collections::BTreeMap;

/// Frames by which two members find out how they differ, and those by which they tell each other: compare, then records,
/// entries, synced and want.
const COMPARE: u8 = 14;
const TOLD: [u8; 4] = [3, 4, 5, 15];

/// The same for the state: a comparison, then entries and what is asked for.
const STATE: u8 = 24;
const KEPT: [u8; 2] = [25, 26];

use chinwag_core::wire::{Frame, kind_of};

use crate::bits::Bits;

/// Kinds that the header of a frame can name.
const KINDS: usize = 32;

/// Counters since the last [`Traffic::begin`].
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    hosts: Vec<Count>,
    /// Whose frames are not counted.
    left_out: Bits,
    kinds: [Count; KINDS],
    names: [Option<&'static str>; KINDS],
    /// By connection.
    syncs: BTreeMap<u32, Sync>,
    /// Likewise, of the state.
    state_syncs: BTreeMap<u32, Sync>,
}

/// What two members have sent each other to be equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// Comparisons, each an answer to the one before.
    pub rounds: u64,
    /// Bytes, both ways, of comparisons and of what followed from them.
    pub bytes: u64,
}

/// Frames and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Frames.
    pub frames: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    const fn add(&mut self, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
    }
}

impl Traffic {
    /// There is one more host.
    pub fn host(&mut self, host: u32) {
        self.hosts.resize(self.hosts.len().max(host as usize + 1), Count::default());
    }

    /// What a host sends is not counted from here on: it is an adversary.
    pub fn leave_out(&mut self, host: u32) {
        self.left_out.insert(host);
    }

    /// Whether what a host sends is counted.
    #[must_use]
    pub fn counts(&self, host: u32) -> bool {
        !self.left_out.contains(host)
    }

    /// Counts from here on.
    pub fn begin(&mut self) {
        self.hosts.fill(Count::default());
        self.kinds.fill(Count::default());
        self.syncs.clear();
        self.state_syncs.clear();
    }

    /// A frame goes onto a connection.
    pub fn carried(&mut self, connection: u32, frame: &[u8]) {
        let Some(kind) = kind_of(frame) else { return };
        let sync = match kind {
            COMPARE => self.syncs.entry(connection),
            kind if TOLD.contains(&kind) => self.syncs.entry(connection),
            STATE => self.state_syncs.entry(connection),
            kind if KEPT.contains(&kind) => self.state_syncs.entry(connection),
            _ => return,
        };
        let sync = sync.or_default();
        sync.rounds += u64::from(kind == COMPARE || kind == STATE);
        sync.bytes += frame.len() as u64;
    }

    /// The comparisons of the state since counting began, by connection.
    pub fn state_syncs(&self) -> impl Iterator<Item = &Sync> {
        self.state_syncs.values().filter(|sync| sync.rounds > 0)
    }

    /// The comparisons since counting began, by connection.
    pub fn syncs(&self) -> impl Iterator<Item = &Sync> {
        self.syncs.values().filter(|sync| sync.rounds > 0)
    }

    /// A host sends a frame.
    pub fn sent(&mut self, host: u32, frame: &[u8]) {
        if !self.counts(host) {
            return;
        }
        self.hosts[host as usize].add(frame.len());
        let kind = usize::from(kind_of(frame).unwrap_or(0));
        self.kinds[kind].add(frame.len());
        if self.names[kind].is_none() {
            self.names[kind] = Frame::decode(frame).ok().map(|frame| frame.name());
        }
    }

    /// What each host has sent.
    #[must_use]
    pub fn by_host(&self) -> &[Count] {
        &self.hosts
    }

    /// What was sent, by the name of its kind.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<&'static str, Count> {
        let named = self.names.iter().zip(&self.kinds).filter(|(_, count)| count.frames > 0);
        named.map(|(name, count)| (name.unwrap_or("malformed"), *count)).collect()
    }

    /// All that was sent.
    #[must_use]
    pub fn total(&self) -> Count {
        self.hosts.iter().fold(Count::default(), |sum, count| Count {
            frames: sum.frames + count.frames,
            bytes: sum.bytes + count.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_by_host_and_by_kind() {
        let mut traffic = Traffic::default();
        traffic.host(1);
        let (ping, pong) = (Frame::Ping { number: 1, view: 0 }.encode(), Frame::Pong(300).encode());
        traffic.sent(0, &ping);
        traffic.sent(1, &pong);
        traffic.sent(1, &pong);
        let pongs = Count { frames: 2, bytes: 2 * pong.len() as u64 };
        assert_eq!(traffic.by_host()[1], pongs);
        assert_eq!(traffic.by_kind().get("pong"), Some(&pongs));
        assert_eq!(traffic.total().frames, 3);
        traffic.begin();
        assert!(traffic.by_kind().is_empty());
    }

    #[test]
    fn what_an_adversary_sends_is_nobodys_traffic() {
        let mut traffic = Traffic::default();
        traffic.host(1);
        traffic.leave_out(0);
        let pong = Frame::Pong(300).encode();
        (0..2).for_each(|host| traffic.sent(host, &pong));
        assert_eq!((traffic.total().frames, traffic.by_host()[0]), (1, Count::default()));
    }

    #[test]
    fn comparisons_are_counted_by_connection_with_what_follows_from_them() {
        let mut traffic = Traffic::default();
        let (compare, synced) = (Frame::Compare(Vec::new()).encode(), Frame::Synced.encode());
        for (connection, frame) in [(1, &compare), (1, &compare), (1, &synced), (2, &compare), (3, &synced)] {
            traffic.carried(connection, frame);
        }
        traffic.carried(2, &Frame::Ping { number: 1, view: 0 }.encode());
        let bytes = |frames: usize| frames as u64 * compare.len() as u64;
        let syncs: Vec<Sync> = traffic.syncs().copied().collect();
        let both = [Sync { rounds: 2, bytes: bytes(2) + synced.len() as u64 }, Sync { rounds: 1, bytes: bytes(1) }];
        assert_eq!(syncs, both);
        traffic.begin();
        assert_eq!(traffic.syncs().count(), 0);
    }
}
