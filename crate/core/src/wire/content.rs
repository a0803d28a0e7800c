//! What members say: entries of the replicated state, and messages.

use alloc::{string::String, vec::Vec};

use super::{
    codec::{Malformed, Reader, Writer},
    frame::FRAME_BYTES_MAX,
    signed::Statement,
};
use crate::identity::PeerId;

/// The longest key of an entry, in bytes.
pub const KEY_BYTES_MAX: usize = 255;

/// The longest name of a channel that the codec takes, in bytes of UTF-8. `Config` may ask for less.
pub const CHANNEL_BYTES_MAX: usize = 255;

/// An entry of the replicated state: owned by one member, versioned by it, signed by it (scuttlebutt, van Renesse 2008).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is, and who signs it.
    pub owner: PeerId,
    /// Its name among the owner's entries.
    pub key: Vec<u8>,
    /// The number of this statement: a new one with every change.
    pub version: u64,
    /// Opaque to the protocol.
    pub value: Vec<u8>,
}

impl Statement for Entry {
    const KIND: u8 = 4;

    fn write(&self, w: &mut Writer) {
        w.raw(self.owner.as_bytes());
        w.bytes(&self.key);
        w.varint(self.version);
        w.bytes(&self.value);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let owner = r.peer()?;
        let key = r.bytes(KEY_BYTES_MAX)?.to_vec();
        let version = r.varint()?;
        let value = r.bytes(FRAME_BYTES_MAX)?.to_vec();
        Ok(Self { owner, key, version, value })
    }
}

/// One frame of a message: all of it, or one fragment of several with consecutive sequence numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Who says it, and who signs it.
    pub origin: PeerId,
    /// The number of this statement.
    pub seq: u64,
    /// The number of the origin's post for all before this one; 0 if there is none. Readers keep the order by it.
    pub previous: u64,
    /// The only member that it is for, or `None` for all.
    pub to: Option<PeerId>,
    /// The channel's name.
    pub channel: String,
    /// Wall time at the origin, milliseconds since 1970.
    pub sent_at_ms: u64,
    /// Which fragment this is, from 0. Below `count`.
    pub index: u32,
    /// How many fragments the message has. At least 1.
    pub count: u32,
    /// The fragment.
    pub payload: Vec<u8>,
}

impl Post {
    /// Bytes of a frame that are not payload, at most: header, hops, origin, seq, distance to the one before, to, channel with its length, time, index, count,
    /// length of the payload, signature.
    #[must_use]
    pub(crate) fn overhead_max(channel_bytes: usize) -> usize {
        const FIXED: usize = 1 + 1 + 16 + 10 + 10 + 17 + 2 + 10 + 5 + 5 + 3 + 64;
        FIXED.saturating_add(channel_bytes)
    }
}

impl Statement for Post {
    const KIND: u8 = 5;

    fn write(&self, w: &mut Writer) {
        w.raw(self.origin.as_bytes());
        w.varint(self.seq);
        // As a distance, which is short; 0 for none.
        w.varint(if self.previous == 0 { 0 } else { self.seq.saturating_sub(self.previous) });
        match &self.to {
            None => w.u8(0),
            Some(to) => {
                w.u8(1);
                w.raw(to.as_bytes());
            }
        }
        w.bytes(self.channel.as_bytes());
        w.varint(self.sent_at_ms);
        w.varint(u64::from(self.index));
        w.varint(u64::from(self.count));
        w.bytes(&self.payload);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let origin = r.peer()?;
        let seq = r.varint()?;
        let previous = match r.varint()? {
            0 => 0,
            distance => seq.checked_sub(distance).filter(|previous| *previous > 0).ok_or(Malformed::Value)?,
        };
        let to = if r.flag()? { Some(r.peer()?) } else { None };
        let channel = r.text(CHANNEL_BYTES_MAX)?;
        let sent_at_ms = r.varint()?;
        let index = u32::try_from(r.varint()?).map_err(|_| Malformed::Value)?;
        let count = u32::try_from(r.varint()?).map_err(|_| Malformed::Value)?;
        if index >= count || seq < u64::from(index) {
            return Err(Malformed::Value);
        }
        let payload = r.bytes(FRAME_BYTES_MAX)?.to_vec();
        Ok(Self { origin, seq, previous, to, channel, sent_at_ms, index, count, payload })
    }
}
