//! What is sent, by host and by kind of frame. Bytes are those of the wire codec.

use std::collections::BTreeMap;

use chinwag_core::wire::Frame;

/// Kinds that the header of a frame can name.
const KINDS: usize = 32;

/// Counters since the last [`Traffic::begin`].
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    hosts: Vec<Count>,
    kinds: [Count; KINDS],
    names: [Option<&'static str>; KINDS],
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

    /// Counts from here on.
    pub fn begin(&mut self) {
        self.hosts.fill(Count::default());
        self.kinds.fill(Count::default());
    }

    /// A host sends a frame.
    pub fn sent(&mut self, host: u32, frame: &[u8]) {
        self.hosts[host as usize].add(frame.len());
        let kind = usize::from(frame.first().copied().unwrap_or(0)) % KINDS;
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
        let (ping, pong) = (Frame::Ping(1).encode(), Frame::Pong(300).encode());
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
}
