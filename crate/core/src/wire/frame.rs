//! The frames (docs/PROTOCOL.md, "Frames"): bytes are checked into a [`Frame`], and only a `Frame` goes further.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use super::{
    codec::{Malformed, Reader, Writer},
    content::{Entry, Post},
    envelope::{Envelope, Knock},
    range::{NAME_BYTES, Name, Range},
    record::Record,
    rumor::{Rumor, RumorKind, ShortId},
    signed::{Signed, Statement},
};
use crate::identity::{PeerId, PublicKey};

/// The version of the protocol, in the upper three bits of each frame's first byte.
pub const VERSION: u8 = 1;

/// One frame on the wire, at most: what every browser takes in one message of a data channel (RFC 8831, section 6.6).
pub const FRAME_BYTES_MAX: usize = 16_384;

/// Kinds of frames, which are numbered from 0.
pub const FRAME_KINDS: usize = 28;

/// Items of a list in one frame, at most.
pub const LIST_MAX: usize = 256;

/// A signed statement is at least as long as its signature: a count that cannot be true reserves nothing.
const SIGNED_BYTES_MIN: usize = 64;

/// The kind of a frame, in the lower five bits of its first byte: whoever sorts or counts frames need not decode them.
///
/// It may be a kind that does not exist. `None` when there is no first byte.
#[must_use]
pub const fn kind_of(frame: &[u8]) -> Option<u8> {
    match frame {
        [header, ..] => Some(*header & 0x1f),
        [] => None,
    }
}

/// What peers say to each other over a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first frame each way: the sender's own record.
    Hello(Signed<Record>),
    /// A probe. Names neither sender nor receiver: the link knows.
    Ping {
        /// Its number.
        number: u64,
        /// The last bits of a sum over all that the sender knows: equal if the receiver knows the same.
        view: u16,
    },
    /// The answer to the probe with this number.
    Pong(u64),
    /// Records that the receiver lacks.
    Records(Vec<Signed<Record>>),
    /// Entries that the receiver lacks.
    Entries(Vec<Signed<Entry>>),
    /// The first comparison of a new link has been answered.
    Synced,
    /// A rumor on its way through the room.
    Gossip {
        /// Links crossed, this one included; with [`FLOOD`] if it goes over all links, so that a tree grows anew.
        hops: u8,
        /// What is said.
        rumor: Rumor,
    },
    /// Rumors that the sender has, and does not push over this link (Plumtree, section 3.4), and for how many milliseconds it has had
    /// each, 255 for longer.
    Ihave(Vec<(ShortId, u8)>),
    /// Rumors that the receiver has told of and the sender lacks: it wants them, and those of their origins from now on.
    Graft(Vec<ShortId>),
    /// Rumors of these origins would reach the sender sooner over this link than on their present way: push them from now on.
    Prefer(Vec<PeerId>),
    /// Rumors of these origins reach the sender on a better way: push no more of them over this link.
    Prune(Vec<PeerId>),
    /// What the sender knows, range by range.
    Compare(Vec<Range>),
    /// Members of whom the sender wants all that the receiver knows.
    Want(Vec<PeerId>),
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
    /// A member looks for a link.
    Walk {
        /// Links that it may still cross.
        ttl: u8,
        /// Who looks, and how to answer.
        knock: Signed<Knock>,
    },
    /// An indirect probe (SWIM, section 4.1): somebody asks whether a member is there, over others than its own link to it.
    Seek {
        /// Links that it may still cross.
        ttl: u8,
        /// Who is sought.
        to: PeerId,
        /// Names the question; the answer comes back the way that it took.
        session: u64,
        /// The incarnation at which the one who asks knows it to be accused; 0 if it does not.
        accused: u64,
    },
    /// The answer to a `Seek`: the member that was sought is there.
    Found {
        /// Names the question.
        session: u64,
        /// Its record, if it is of a greater incarnation than the accused one; at most one.
        records: Vec<Signed<Record>>,
    },
    /// The sender gives a member that looks for links a place between itself and the receiver: that shall dial it as well, and then close this link.
    Splice(Signed<Knock>),
    /// What the sender holds of the state that outlives its owners, range by range.
    State(Vec<Range>),
    /// Entries of it that the sender lacks.
    Fetch(Vec<Name>),
    /// Entries of it that the receiver lacks.
    Kept {
        /// The public keys of their owners, who may be gone.
        keys: Vec<PublicKey>,
        /// The entries.
        entries: Vec<Signed<Entry>>,
    },
    /// A message of the sender for the receiver alone, or a fragment of one. Without a signature: the link says who speaks.
    Direct(Post),
}

/// In the hops of a rumor: it is to be passed on over all links, and not along the tree that its origin has.
pub const FLOOD: u8 = 0x80;

impl Frame {
    /// The kind's number on the wire.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => 0,
            Self::Ping { .. } => 1,
            Self::Pong(_) => 2,
            Self::Records(_) => 3,
            Self::Entries(_) => 4,
            Self::Synced => 5,
            Self::Gossip { rumor, .. } => match rumor.kind() {
                RumorKind::Post => 6,
                RumorKind::Record => 7,
                RumorKind::Entry => 8,
                RumorKind::Suspicion => 9,
                RumorKind::Farewell => 10,
            },
            Self::Ihave(_) => 11,
            Self::Graft(_) => 12,
            Self::Prune(_) => 13,
            Self::Compare(_) => 14,
            Self::Want(_) => 15,
            Self::Obituary { .. } => 16,
            Self::Signal { .. } => 17,
            Self::Disconnect => 18,
            Self::Walk { .. } => 19,
            Self::Seek { .. } => 20,
            Self::Found { .. } => 21,
            Self::Splice(_) => 22,
            Self::Prefer(_) => 23,
            Self::State(_) => 24,
            Self::Fetch(_) => 25,
            Self::Kept { .. } => 26,
            Self::Direct(_) => 27,
        }
    }

    /// The kind's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Ping { .. } => "ping",
            Self::Pong(_) => "pong",
            Self::Records(_) => "records",
            Self::Entries(_) => "entries",
            Self::Synced => "synced",
            Self::Gossip { rumor, .. } => rumor.kind().name(),
            Self::Ihave(_) => "ihave",
            Self::Graft(_) => "graft",
            Self::Prune(_) => "prune",
            Self::Compare(_) => "compare",
            Self::Want(_) => "want",
            Self::Obituary { .. } => "obituary",
            Self::Signal { .. } => "signal",
            Self::Disconnect => "disconnect",
            Self::Walk { .. } => "walk",
            Self::Seek { .. } => "seek",
            Self::Found { .. } => "found",
            Self::Splice(_) => "splice",
            Self::Prefer(_) => "prefer",
            Self::State(_) => "state",
            Self::Fetch(_) => "fetch",
            Self::Kept { .. } => "kept",
            Self::Direct(_) => "direct",
        }
    }

    /// The frame as bytes.
    #[must_use]
    pub fn encode(&self) -> Arc<[u8]> {
        let mut w = Writer::with_capacity(256);
        w.u8((VERSION << 5) | self.kind());
        match self {
            Self::Hello(record) => record.write(&mut w),
            Self::Ping { number, view } => {
                w.varint(*number);
                w.raw(&view.to_le_bytes());
            }
            Self::Pong(number) => w.varint(*number),
            Self::Records(records) => w.list(records, |w, it| it.write(w)),
            Self::Entries(entries) => w.list(entries, |w, it| it.write(w)),
            Self::Synced | Self::Disconnect => {}
            Self::Gossip { hops, rumor } => {
                w.u8(*hops);
                rumor.write(&mut w);
            }
            Self::Ihave(ids) => w.list(ids, |w, (id, age_ms)| {
                w.raw(id.as_bytes());
                w.u8(*age_ms);
            }),
            Self::Graft(ids) => w.list(ids, |w, id| w.raw(id.as_bytes())),
            Self::Prune(origins) | Self::Prefer(origins) | Self::Want(origins) => {
                w.list(origins, |w, id| w.raw(id.as_bytes()));
            }
            Self::Compare(ranges) | Self::State(ranges) => w.list(ranges, |w, range| range.write(w)),
            Self::Obituary { subject, incarnation } => {
                w.raw(subject.as_bytes());
                w.varint(*incarnation);
            }
            Self::Signal { ttl, envelope } => {
                w.u8(*ttl);
                envelope.write(&mut w);
            }
            Self::Walk { ttl, knock } => {
                w.u8(*ttl);
                knock.write(&mut w);
            }
            Self::Seek { ttl, to, session, accused } => {
                w.u8(*ttl);
                w.raw(to.as_bytes());
                w.raw(&session.to_le_bytes());
                w.varint(*accused);
            }
            Self::Found { session, records } => {
                w.raw(&session.to_le_bytes());
                w.list(records, |w, it| it.write(w));
            }
            Self::Splice(knock) => knock.write(&mut w),
            Self::Fetch(names) => w.list(names, |w, name| w.raw(name)),
            Self::Kept { keys, entries } => {
                w.list(keys, |w, key| w.raw(key));
                w.list(entries, |w, it| it.write(w));
            }
            Self::Direct(post) => post.write(&mut w),
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
        let kind = kind_of(bytes).ok_or(Malformed::Truncated)?;
        if r.u8()? >> 5 != VERSION {
            return Err(Malformed::Version);
        }
        let frame = Self::read_body(kind, &mut r)?;
        r.end()?;
        Ok(frame)
    }

    fn read_body(kind: u8, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let short = |r: &mut Reader<'_>| r.array().map(ShortId::from_bytes);
        Ok(match kind {
            0 => Self::Hello(Signed::read(r)?),
            1 => Self::Ping { number: r.varint()?, view: u16::from_le_bytes(r.array()?) },
            2 => Self::Pong(r.varint()?),
            3 => Self::Records(r.list(LIST_MAX, SIGNED_BYTES_MIN, Signed::read)?),
            4 => Self::Entries(r.list(LIST_MAX, SIGNED_BYTES_MIN, Signed::read)?),
            5 => Self::Synced,
            6 => Self::read_gossip(RumorKind::Post, r)?,
            7 => Self::read_gossip(RumorKind::Record, r)?,
            8 => Self::read_gossip(RumorKind::Entry, r)?,
            9 => Self::read_gossip(RumorKind::Suspicion, r)?,
            10 => Self::read_gossip(RumorKind::Farewell, r)?,
            11 => Self::Ihave(r.list(LIST_MAX, 9, |r| Ok((short(r)?, r.u8()?)))?),
            12 => Self::Graft(r.list(LIST_MAX, 8, short)?),
            13 => Self::Prune(r.list(LIST_MAX, PeerId::BYTES, Reader::peer)?),
            14 => Self::Compare(r.list(LIST_MAX, 1, Range::read)?),
            15 => Self::Want(r.list(LIST_MAX, PeerId::BYTES, Reader::peer)?),
            16 => Self::Obituary { subject: r.peer()?, incarnation: r.varint()? },
            17 => Self::Signal { ttl: r.u8()?, envelope: Signed::read(r)? },
            18 => Self::Disconnect,
            19 => Self::Walk { ttl: r.u8()?, knock: Signed::read(r)? },
            20 => {
                let (ttl, to) = (r.u8()?, r.peer()?);
                Self::Seek { ttl, to, session: u64::from_le_bytes(r.array()?), accused: r.varint()? }
            }
            21 => {
                let session = u64::from_le_bytes(r.array()?);
                Self::Found { session, records: r.list(1, SIGNED_BYTES_MIN, Signed::read)? }
            }
            22 => Self::Splice(Signed::read(r)?),
            23 => Self::Prefer(r.list(LIST_MAX, PeerId::BYTES, Reader::peer)?),
            24 => Self::State(r.list(LIST_MAX, 1, Range::read)?),
            25 => Self::Fetch(r.list(LIST_MAX, NAME_BYTES, Reader::array)?),
            26 => {
                let keys = r.list(LIST_MAX, 32, Reader::key)?;
                Self::Kept { keys, entries: r.list(LIST_MAX, SIGNED_BYTES_MIN, Signed::read)? }
            }
            27 => Self::Direct(Post::read(r)?),
            _ => return Err(Malformed::Kind),
        })
    }

    fn read_gossip(kind: RumorKind, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self::Gossip { hops: r.u8()?, rumor: Rumor::read(kind, r)? })
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

/// One line, as tcpdump would.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Hello(record) => write!(f, " {:?} i{}", record.body.id(), record.body.incarnation),
            Self::Ping { number, view } => write!(f, " {number} view {view:04x}"),
            Self::Pong(number) => write!(f, " {number}"),
            Self::Records(records) => {
                records.iter().try_for_each(|r| write!(f, " {:?} i{}", r.body.id(), r.body.incarnation))
            }
            Self::Entries(entries) | Self::Kept { entries, .. } => entries.iter().try_for_each(|e| {
                let key = e.body.key.escape_ascii();
                write!(f, " {:?}/{key} v{} {}B", e.body.owner, e.body.version, e.body.value.len())
            }),
            Self::Synced | Self::Disconnect => Ok(()),
            Self::Gossip { hops, rumor } => {
                write!(f, " {:?}#{} h{hops}", rumor.origin(), rumor.number())?;
                match rumor {
                    Rumor::Post(Signed { body, .. }) => write_post(f, body),
                    Rumor::Entry(Signed { body, .. }) => {
                        write!(f, " {} {}B", body.key.escape_ascii(), body.value.len())
                    }
                    Rumor::Suspicion(Signed { body, .. }) => {
                        write!(f, " of {:?} i{}, silent for {} ms", body.subject, body.incarnation, body.silent_ms)
                    }
                    Rumor::Record(_) | Rumor::Farewell(_) => Ok(()),
                }
            }
            Self::Direct(post) => {
                write!(f, " {:?}#{}", post.origin, post.seq)?;
                write_post(f, post)
            }
            Self::Ihave(ids) => write!(f, " {}", ids.len()),
            Self::Graft(ids) => write!(f, " {}", ids.len()),
            Self::Prune(ids) | Self::Prefer(ids) | Self::Want(ids) => {
                ids.iter().try_for_each(|id| write!(f, " {id:?}"))
            }
            Self::Compare(ranges) | Self::State(ranges) => write!(f, " {} ranges", ranges.len()),
            Self::Fetch(names) => write!(f, " {}", names.len()),
            Self::Obituary { subject, incarnation } => write!(f, " {subject:?} i{incarnation}"),
            Self::Walk { ttl, knock } => write!(f, " {:016x} n{} ttl{ttl}", knock.body.session, knock.body.links),
            Self::Splice(knock) => write!(f, " {:016x} n{}", knock.body.session, knock.body.links),
            Self::Seek { ttl, to, session, accused } => write!(f, " {session:016x} for {to:?} ttl{ttl} i{accused}"),
            Self::Found { session, records } => write!(f, " {session:016x} {}", records.len()),
            Self::Signal { ttl, envelope: Signed { body, .. } } => {
                write!(f, " {:?} for {:?} ttl{ttl} {}B", body.kind, body.to, body.body.len())
            }
        }
    }
}

fn write_post(f: &mut fmt::Formatter<'_>, post: &Post) -> fmt::Result {
    write!(f, " {} {}/{} {}B", post.channel, post.index, post.count, post.payload.len())
}
