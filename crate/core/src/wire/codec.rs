//! Bytes, varints and lengths: the alphabet of the frames (docs/PROTOCOL.md, "Encoding").

use alloc::{string::String, vec::Vec};

use crate::identity::{PeerId, PublicKey, Signature};

/// Why bytes are no frame. What was expected, never what came: the bytes are the peer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// The bytes end inside a field.
    Truncated,
    /// Bytes follow after the last field.
    Trailing,
    /// A frame of another version of the protocol.
    Version,
    /// A kind of frame that does not exist.
    Kind,
    /// A varint longer than ten bytes, beyond 64 bits, or longer than it need be.
    Varint,
    /// A length or count beyond its bound.
    TooLong,
    /// Text that is not UTF-8.
    Utf8,
    /// A value that its field does not have.
    Value,
}

/// Appends fields to a buffer.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// LEB128, least significant group first.
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }

    pub(crate) fn len(&mut self, len: usize) {
        self.varint(u64::try_from(len).unwrap_or(u64::MAX));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.raw(bytes);
    }

    /// A count, and that many items.
    pub(crate) fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.len(items.len());
        for item in items {
            write(self, item);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

/// Takes fields from untrusted bytes. Total: it never panics, and never allocates more than the bytes that are there.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Trailing) }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (first, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn peer(&mut self) -> Result<PeerId, Malformed> {
        self.array().map(PeerId::from_bytes)
    }

    pub(crate) fn key(&mut self) -> Result<PublicKey, Malformed> {
        self.array()
    }

    pub(crate) fn signature(&mut self) -> Result<Signature, Malformed> {
        self.array()
    }

    /// One encoding a value: a varint that could be shorter is refused, so that nobody can vary a signed statement.
    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for group in 0..10_u32 {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if group == 9 && bits > 1 {
                return Err(Malformed::Varint);
            }
            value |= bits.wrapping_shl(group.wrapping_mul(7));
            if byte & 0x80 == 0 {
                return if byte == 0 && group > 0 { Err(Malformed::Varint) } else { Ok(value) };
            }
        }
        Err(Malformed::Varint)
    }

    /// A count or length of at most `max`.
    pub(crate) fn len(&mut self, max: usize) -> Result<usize, Malformed> {
        let len = usize::try_from(self.varint()?).map_err(|_| Malformed::TooLong)?;
        if len <= max { Ok(len) } else { Err(Malformed::TooLong) }
    }

    pub(crate) fn bytes(&mut self, max: usize) -> Result<&'a [u8], Malformed> {
        let len = self.len(max)?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self, max: usize) -> Result<String, Malformed> {
        core::str::from_utf8(self.bytes(max)?).map(String::from).map_err(|_| Malformed::Utf8)
    }

    /// A count of at most `max`, and that many items, each at least `item_bytes_min` long: a count that cannot be true
    /// reserves nothing.
    pub(crate) fn list<T>(
        &mut self,
        max: usize,
        item_bytes_min: usize,
        read: impl Fn(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let count = self.len(max)?;
        let mut items = Vec::with_capacity(count.min(self.remaining().checked_div(item_bytes_min).unwrap_or(0)));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::Value),
        }
    }
}
