//! What two members compare to find out how their knowledge differs (range-based set reconciliation, Meyer 2023).

use alloc::vec::Vec;

use super::{
    codec::{Malformed, Reader, Writer},
    frame::LIST_MAX,
};
use crate::identity::PeerId;

/// The sum of the digests of a set, modulo 2^128: equal sets have equal ones.
pub type Fingerprint = u128;

/// The name of an entry where stores are compared: the first bytes of its signature.
pub type Name = [u8; NAME_BYTES];

/// The length of a [`Name`].
pub const NAME_BYTES: usize = 8;

/// What the sender knows of the members with ids, or the entries with names, from where the range before ended up to `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first id that is no longer in the range; `None` for the end of all ids. On the wire without the zeros at its end.
    pub end: Option<PeerId>,
    /// What is in it.
    pub content: Content,
}

/// What is said of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: it is equal, or somebody else's turn.
    Skip,
    /// The fingerprint of all that is in it.
    Fingerprint(Fingerprint),
    /// The first eight bytes of that: enough for one part of many, since the whole is compared again.
    Sum(u64),
    /// Each member in it, and the first eight bytes of its digest.
    Items(Vec<(PeerId, u64)>),
    /// Each entry in it.
    Names(Vec<Name>),
}

impl Range {
    /// Its length on the wire.
    pub(crate) fn bytes(&self) -> usize {
        let mut w = Writer::default();
        self.write(&mut w);
        w.into_vec().len()
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        let tag = match self.content {
            Content::Skip => 0,
            Content::Fingerprint(_) => 1,
            Content::Items(_) => 2,
            Content::Names(_) => 3,
            Content::Sum(_) => 8,
        };
        w.u8(tag | if self.end.is_some() { 4 } else { 0 });
        if let Some(end) = &self.end {
            let end = end.as_bytes();
            let len = end.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
            w.bytes(end.get(..len).unwrap_or(end));
        }
        match &self.content {
            Content::Skip => {}
            Content::Fingerprint(sum) => w.raw(&sum.to_le_bytes()),
            Content::Sum(sum) => w.raw(&sum.to_le_bytes()),
            Content::Items(items) => w.list(items, |w, (id, digest)| {
                w.raw(id.as_bytes());
                w.raw(&digest.to_le_bytes());
            }),
            Content::Names(names) => w.list(names, |w, name| w.raw(name)),
        }
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let tag = r.u8()?;
        let end = if tag & 4 == 0 { None } else { Some(Self::read_end(r)?) };
        let content = match tag & !4 {
            0 => Content::Skip,
            1 => Content::Fingerprint(u128::from_le_bytes(r.array()?)),
            2 => Content::Items(r.list(LIST_MAX, 24, |r| Ok((r.peer()?, u64::from_le_bytes(r.array()?))))?),
            3 => Content::Names(r.list(LIST_MAX, NAME_BYTES, Reader::array)?),
            8 => Content::Sum(u64::from_le_bytes(r.array()?)),
            _ => return Err(Malformed::Value),
        };
        Ok(Self { end, content })
    }

    fn read_end(r: &mut Reader<'_>) -> Result<PeerId, Malformed> {
        let bytes = r.bytes(PeerId::BYTES)?;
        if bytes.last() == Some(&0) {
            return Err(Malformed::Value);
        }
        let mut end = [0; PeerId::BYTES];
        end.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(PeerId::from_bytes(end))
    }
}
