//! The frames (docs/PROTOCOL.md, "Frames"): bytes are checked into a [`Frame`], and only a `Frame` goes further.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use super::{
    codec::{Malformed, Reader, Writer},
    content::{Entry, Post},
    envelope::Envelope,
    record::{Farewell, Record, Suspicion},
    signed::{Signed, Statement},
};
use crate::identity::PeerId;

/// The version of the protocol, in the upper three bits of each frame's first byte.
pub const VERSION: u8 = 1;

/// One frame on the wire, at most: what every browser takes in one message of a data channel (RFC 8831, section 6.6).
pub const FRAME_BYTES_MAX: usize = 16_384;

/// Records or entries in one frame, at most.
pub const LIST_MAX: usize = 256;

/// What peers say to each other over a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first frame each way: the sender's own record.
    Hello(Signed<Record>),
    /// A probe. Names neither sender nor receiver: the link knows.
    Ping(u64),
    /// The answer to the probe with this number.
    Pong(u64),
    /// News of members.
    Records(Vec<Signed<Record>>),
    /// News of the replicated state.
    Entries(Vec<Signed<Entry>>),
    /// What the sender knew when the link opened has been said.
    Synced,
    /// A message on its way to all or to one.
    Broadcast {
        /// Links crossed, this one included.
        hops: u8,
        /// What the origin said.
        post: Signed<Post>,
    },
    /// Somebody is suspected.
    Suspect(Signed<Suspicion>),
    /// Somebody leaves.
    Leave(Signed<Farewell>),
    /// To the subject itself: it is taken for gone at this incarnation, and must come with a greater one.
    Obituary {
        /// The receiver of this frame.
        subject: PeerId,
        /// The incarnation at which it is taken for gone.
        incarnation: u64,
    },
    /// Signalling that is relayed to a third member.
    Signal {
        /// Links that it may still cross.
        ttl: u8,
        /// For the addressee alone to open.
        envelope: Signed<Envelope>,
    },
    /// The sender closes this link, and is not leaving.
    Disconnect,
}

impl Frame {
    /// The kind's number on the wire.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => 0,
            Self::Ping(_) => 1,
            Self::Pong(_) => 2,
            Self::Records(_) => 3,
            Self::Entries(_) => 4,
            Self::Synced => 5,
            Self::Broadcast { .. } => 6,
            Self::Suspect(_) => 7,
            Self::Leave(_) => 8,
            Self::Obituary { .. } => 9,
            Self::Signal { .. } => 10,
            Self::Disconnect => 11,
        }
    }

    /// The kind's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
            Self::Records(_) => "records",
            Self::Entries(_) => "entries",
            Self::Synced => "synced",
            Self::Broadcast { .. } => "broadcast",
            Self::Suspect(_) => "suspect",
            Self::Leave(_) => "leave",
            Self::Obituary { .. } => "obituary",
            Self::Signal { .. } => "signal",
            Self::Disconnect => "disconnect",
        }
    }

    /// The frame as bytes.
    #[must_use]
    pub fn encode(&self) -> Arc<[u8]> {
        let mut w = Writer::with_capacity(128);
        w.u8((VERSION << 5) | self.kind());
        match self {
            Self::Hello(record) => record.write(&mut w),
            Self::Ping(number) | Self::Pong(number) => w.varint(*number),
            Self::Records(records) => write_list(&mut w, records),
            Self::Entries(entries) => write_list(&mut w, entries),
            Self::Synced | Self::Disconnect => {}
            Self::Broadcast { hops, post } => {
                w.u8(*hops);
                post.write(&mut w);
            }
            Self::Suspect(suspicion) => suspicion.write(&mut w),
            Self::Leave(farewell) => farewell.write(&mut w),
            Self::Obituary { subject, incarnation } => {
                w.raw(subject.as_bytes());
                w.varint(*incarnation);
            }
            Self::Signal { ttl, envelope } => {
                w.u8(*ttl);
                envelope.write(&mut w);
            }
        }
        w.into_vec().into()
    }

    /// The frame that these bytes are.
    ///
    /// Total: it answers any bytes, and allocates no more than they are long.
    ///
    /// # Errors
    /// [`Malformed`] when they are none, or not exactly one.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(Malformed::TooLong);
        }
        let mut r = Reader::new(bytes);
        let header = r.u8()?;
        if header >> 5 != VERSION {
            return Err(Malformed::Version);
        }
        let frame = Self::read_body(header & 0x1f, &mut r)?;
        r.end()?;
        Ok(frame)
    }

    fn read_body(kind: u8, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            0 => Self::Hello(Signed::read(r)?),
            1 => Self::Ping(r.varint()?),
            2 => Self::Pong(r.varint()?),
            3 => Self::Records(read_list(r)?),
            4 => Self::Entries(read_list(r)?),
            5 => Self::Synced,
            6 => Self::Broadcast { hops: r.u8()?, post: Signed::read(r)? },
            7 => Self::Suspect(Signed::read(r)?),
            8 => Self::Leave(Signed::read(r)?),
            9 => Self::Obituary { subject: r.peer()?, incarnation: r.varint()? },
            10 => Self::Signal { ttl: r.u8()?, envelope: Signed::read(r)? },
            11 => Self::Disconnect,
            _ => return Err(Malformed::Kind),
        })
    }
}

/// The lists of which a frame may be full: as many frames as it takes, each within [`FRAME_BYTES_MAX`].
pub(crate) fn chunked<T: Statement + Clone>(
    items: impl IntoIterator<Item = Signed<T>>,
    frame: fn(Vec<Signed<T>>) -> Frame,
) -> Vec<Frame> {
    const HEADER: usize = 1 + 2;
    let (mut frames, mut chunk, mut size) = (Vec::new(), Vec::new(), HEADER);
    for item in items {
        let bytes = item.to_bytes().len();
        if !chunk.is_empty() && (size.saturating_add(bytes) > FRAME_BYTES_MAX || chunk.len() >= LIST_MAX) {
            frames.push(frame(core::mem::take(&mut chunk)));
            size = HEADER;
        }
        size = size.saturating_add(bytes);
        chunk.push(item);
    }
    if !chunk.is_empty() {
        frames.push(frame(chunk));
    }
    frames
}

fn write_list<T: Statement>(w: &mut Writer, items: &[Signed<T>]) {
    w.len(items.len());
    for item in items {
        item.write(w);
    }
}

fn read_list<T: Statement>(r: &mut Reader<'_>) -> Result<Vec<Signed<T>>, Malformed> {
    let count = r.len(LIST_MAX)?;
    // Every item has at least its signature: a count that cannot be true reserves nothing.
    let mut items = Vec::with_capacity(count.min(r.remaining() / 64));
    for _ in 0..count {
        items.push(Signed::read(r)?);
    }
    Ok(items)
}

/// One line, as tcpdump would.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Hello(record) => write!(f, " {:?} i{}", record.body.id(), record.body.incarnation),
            Self::Ping(number) | Self::Pong(number) => write!(f, " {number}"),
            Self::Records(records) => {
                records.iter().try_for_each(|r| write!(f, " {:?} i{}", r.body.id(), r.body.incarnation))
            }
            Self::Entries(entries) => entries.iter().try_for_each(|e| {
                write!(f, " {:?}/{} v{} {}B", e.body.owner, e.body.key, e.body.version, e.body.value.len())
            }),
            Self::Synced | Self::Disconnect => Ok(()),
            Self::Broadcast { hops, post: Signed { body, .. } } => {
                write!(f, " {:?}#{} h{hops} {}", body.origin, body.seq, body.channel)?;
                write!(f, " {}/{} {}B", body.index, body.count, body.payload.len())
            }
            Self::Suspect(Signed { body, .. }) => {
                write!(f, " {:?} i{} by {:?}", body.subject, body.incarnation, body.accuser)
            }
            Self::Leave(Signed { body, .. }) => write!(f, " {:?} i{}", body.subject, body.incarnation),
            Self::Obituary { subject, incarnation } => write!(f, " {subject:?} i{incarnation}"),
            Self::Signal { ttl, envelope: Signed { body, .. } } => {
                write!(f, " {:?} for {:?} ttl{ttl} {}B", body.kind, body.to, body.body.len())
            }
        }
    }
}
