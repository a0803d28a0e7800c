//! A fingerprint of everything that happened: two runs with equal ones were the same run.

use std::fmt;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::time::Micros;

/// Runs over (time, host, kind of event, hash of what it carried), for every event that reached a node.
#[derive(Clone)]
pub struct EventHash {
    state: Xxh3,
    events: u64,
}

impl Default for EventHash {
    fn default() -> Self {
        Self { state: Xxh3::new(), events: 0 }
    }
}

impl EventHash {
    /// Takes in one event. All numbers have the same width on every platform.
    pub fn event(&mut self, at: Micros, host: u32, kind: u8, detail: u64) {
        let mut bytes = [0; 21];
        bytes[..8].copy_from_slice(&at.to_le_bytes());
        bytes[8..12].copy_from_slice(&host.to_le_bytes());
        bytes[12] = kind;
        bytes[13..].copy_from_slice(&detail.to_le_bytes());
        self.state.update(&bytes);
        self.events += 1;
    }

    /// Events taken in.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.state.digest())
    }
}

impl fmt::Debug for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventHash({self})")
    }
}

/// The hash of what an event carries.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> u64 {
    xxh3_64(bytes)
}

#[cfg(test)]
mod tests {
    use super::EventHash;

    fn hash(events: &[(u64, u32, u8, u64)]) -> String {
        let mut hash = EventHash::default();
        events.iter().for_each(|(at, host, kind, detail)| hash.event(*at, *host, *kind, *detail));
        hash.to_string()
    }

    #[test]
    fn the_fingerprint_knows_every_part_of_an_event_and_their_order() {
        let base = hash(&[(1, 2, 3, 4), (5, 6, 7, 8)]);
        for other in [[(0, 2, 3, 4), (5, 6, 7, 8)], [(1, 0, 3, 4), (5, 6, 7, 8)], [(1, 2, 0, 4), (5, 6, 7, 8)]] {
            assert_ne!(hash(&other), base);
        }
        assert_ne!(hash(&[(1, 2, 3, 0), (5, 6, 7, 8)]), base);
        assert_ne!(hash(&[(5, 6, 7, 8), (1, 2, 3, 4)]), base);
        assert_eq!(hash(&[(1, 2, 3, 4), (5, 6, 7, 8)]), base);
    }
}
