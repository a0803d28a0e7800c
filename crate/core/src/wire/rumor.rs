//! What spreads through the room: statements of members, each with a number of its author's.

use super::{
    codec::{Malformed, Reader, Writer},
    content::{Entry, Post},
    record::{Farewell, Record, Suspicion},
    signed::Signed,
};
use crate::identity::PeerId;

/// A statement on its way to everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rumor {
    /// A message, or a fragment of one.
    Post(Signed<Post>),
    /// A member's record.
    Record(Signed<Record>),
    /// An entry of the replicated state.
    Entry(Signed<Entry>),
    /// An accusation.
    Suspicion(Signed<Suspicion>),
    /// A goodbye.
    Farewell(Signed<Farewell>),
}

/// The kinds of rumor: each a kind of frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RumorKind {
    Post,
    Record,
    Entry,
    Suspicion,
    Farewell,
}

impl Rumor {
    /// Who says it, and signs it.
    #[must_use]
    pub const fn origin(&self) -> PeerId {
        match self {
            Self::Post(it) => it.body.origin,
            Self::Record(it) => it.body.id(),
            Self::Entry(it) => it.body.owner,
            Self::Suspicion(it) => it.body.accuser,
            Self::Farewell(it) => it.body.subject,
        }
    }

    /// Its author's number for it: each statement of a member, of whatever kind, has a greater one than those before. They
    /// start at the wall time of joining in microseconds, so that a member that comes back without memory is newer than its
    /// past. With the origin, the number names the rumor.
    #[must_use]
    pub const fn number(&self) -> u64 {
        match self {
            Self::Post(it) => it.body.seq,
            Self::Record(it) => it.body.incarnation,
            Self::Entry(it) => it.body.version,
            Self::Suspicion(it) => it.body.number,
            Self::Farewell(it) => it.body.number,
        }
    }

    /// Names the rumor in `ihave` and `graft`.
    #[must_use]
    pub fn short_id(&self) -> ShortId {
        ShortId::new(&self.origin(), self.number())
    }

    pub(crate) const fn kind(&self) -> RumorKind {
        match self {
            Self::Post(_) => RumorKind::Post,
            Self::Record(_) => RumorKind::Record,
            Self::Entry(_) => RumorKind::Entry,
            Self::Suspicion(_) => RumorKind::Suspicion,
            Self::Farewell(_) => RumorKind::Farewell,
        }
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        match self {
            Self::Post(it) => it.write(w),
            Self::Record(it) => it.write(w),
            Self::Entry(it) => it.write(w),
            Self::Suspicion(it) => it.write(w),
            Self::Farewell(it) => it.write(w),
        }
    }

    pub(crate) fn read(kind: RumorKind, r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            RumorKind::Post => Self::Post(Signed::read(r)?),
            RumorKind::Record => Self::Record(Signed::read(r)?),
            RumorKind::Entry => Self::Entry(Signed::read(r)?),
            RumorKind::Suspicion => Self::Suspicion(Signed::read(r)?),
            RumorKind::Farewell => Self::Farewell(Signed::read(r)?),
        })
    }
}

impl RumorKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Record => "record",
            Self::Entry => "entry",
            Self::Suspicion => "suspicion",
            Self::Farewell => "farewell",
        }
    }
}

/// Eight bytes that stand for a rumor: the first five of its origin's id, and the lowest three of its number. Two rumors with one
/// name cost a needless graft, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortId([u8; 8]);

impl ShortId {
    /// The name of a member's rumor with this number.
    #[must_use]
    pub fn new(origin: &PeerId, number: u64) -> Self {
        let [a, b, c, d, e, ..] = *origin.as_bytes();
        let [x, y, z, ..] = number.to_le_bytes();
        Self([a, b, c, d, e, x, y, z])
    }

    /// The smallest id of a member whose rumor this can be; its first five bytes tell whether another member's is.
    #[must_use]
    pub const fn first_origin(&self) -> PeerId {
        let [a, b, c, d, e, ..] = self.0;
        PeerId::from_bytes([a, b, c, d, e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Whether it stands for a rumor of this member.
    #[must_use]
    pub fn is_of(&self, origin: &PeerId) -> bool {
        self.0.first_chunk::<5>() == origin.as_bytes().first_chunk::<5>()
    }

    /// The full number, if it is about `newest`.
    #[must_use]
    pub const fn number_near(&self, newest: u64) -> u64 {
        const SPAN: u64 = 1 << 24;
        let [.., x, y, z] = self.0;
        let low = u64::from_le_bytes([x, y, z, 0, 0, 0, 0, 0]);
        let candidate = (newest & !(SPAN - 1)) | low;
        // The one of the three candidates that is nearest.
        if candidate > newest.saturating_add(SPAN / 2) {
            candidate.saturating_sub(SPAN)
        } else if candidate.saturating_add(SPAN / 2) < newest {
            candidate.saturating_add(SPAN)
        } else {
            candidate
        }
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    pub(crate) const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}
