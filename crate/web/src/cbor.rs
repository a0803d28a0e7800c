//! CBOR (RFC 8949), as far as values need it: definite lengths, 64-bit floats, no tags.
//!
//! A whole library for it is 3 KB of the package after brotli, five times this.

use alloc::vec::Vec;

/// Major types (section 3.1).
pub(crate) const UNSIGNED: u8 = 0;
pub(crate) const NEGATIVE: u8 = 1;
pub(crate) const BYTES: u8 = 2;
pub(crate) const TEXT: u8 = 3;
pub(crate) const ARRAY: u8 = 4;
pub(crate) const MAP: u8 = 5;
pub(crate) const SIMPLE: u8 = 7;

/// Simple values (section 3.3), and the additional information that announces a 64-bit float.
pub(crate) const FALSE: u64 = 20;
pub(crate) const TRUE: u64 = 21;
pub(crate) const NULL: u64 = 22;
const FLOAT_64: u8 = 27;

/// Appends the head of an item, in its shortest form (section 4.2.1).
pub(crate) fn head(to: &mut Vec<u8>, major: u8, argument: u64) {
    let bytes = argument.to_be_bytes();
    let (information, length) = match argument {
        0..24 => (argument as u8, 0),
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    to.push(major << 5 | information);
    to.extend(bytes.iter().skip(8 - length));
}

/// Appends a byte or text string.
pub(crate) fn string(to: &mut Vec<u8>, major: u8, bytes: &[u8]) {
    head(to, major, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// Appends a 64-bit float.
pub(crate) fn float(to: &mut Vec<u8>, number: f64) {
    to.push(SIMPLE << 5 | FLOAT_64);
    to.extend_from_slice(&number.to_be_bytes());
}

/// What stands before the content of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Head {
    /// A 64-bit float: all there is of it.
    Float(f64),
    /// Anything else: its major type, and its value or length.
    Of(u8, u64),
}

/// Reads items from bytes, and never beyond them.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// At the beginning of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes have not been read.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next head; `None` at the end, and for what this codec does not have.
    pub(crate) fn head(&mut self) -> Option<Head> {
        let (major, information) = match self.take(1)? {
            [first] => (first >> 5, first & 31),
            _ => return None,
        };
        let length = match information {
            0..24 => return Some(Head::Of(major, information.into())),
            24..=27 => 1 << (information - 24),
            // Reserved, or of indefinite length.
            _ => return None,
        };
        let argument = self.take(length)?.iter().fold(0, |argument, byte| argument << 8 | u64::from(*byte));
        match (major, information) {
            (SIMPLE, FLOAT_64) => Some(Head::Float(f64::from_bits(argument))),
            (SIMPLE, _) => None,
            _ => Some(Head::Of(major, argument)),
        }
    }

    /// The content of a byte or text string.
    pub(crate) fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// A text string.
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        match self.head()? {
            Head::Of(TEXT, length) => core::str::from_utf8(self.take(length)?).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ARRAY, BYTES, Head, NEGATIVE, Reader, SIMPLE, TEXT, UNSIGNED, float, head, string};

    #[test]
    fn heads_are_those_of_the_rfc() {
        // Appendix A of RFC 8949.
        for (major, argument, bytes) in [
            (UNSIGNED, 0, &[0x00][..]),
            (UNSIGNED, 23, &[0x17]),
            (UNSIGNED, 24, &[0x18, 0x18]),
            (UNSIGNED, 100, &[0x18, 0x64]),
            (UNSIGNED, 1_000, &[0x19, 0x03, 0xe8]),
            (UNSIGNED, 1_000_000, &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (UNSIGNED, 1_000_000_000_000, &[0x1b, 0x00, 0x00, 0x00, 0xe8, 0xd4, 0xa5, 0x10, 0x00]),
            (UNSIGNED, u64::MAX, &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            (NEGATIVE, 999, &[0x39, 0x03, 0xe7]),
            (ARRAY, 25, &[0x98, 0x19]),
            (SIMPLE, 22, &[0xf6]),
        ] {
            let mut written = Vec::new();
            head(&mut written, major, argument);
            assert_eq!(written, bytes, "{major} {argument}");
            assert_eq!(Reader::new(bytes).head(), Some(Head::Of(major, argument)));
        }
    }

    #[test]
    fn strings_and_floats_are_those_of_the_rfc() {
        let mut written = Vec::new();
        string(&mut written, TEXT, "ü".as_bytes());
        string(&mut written, BYTES, &[1, 2, 3, 4]);
        float(&mut written, -4.1);
        assert_eq!(written, [0x62, 0xc3, 0xbc, 0x44, 1, 2, 3, 4, 0xfb, 0xc0, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66]);
        let mut reader = Reader::new(&written);
        assert_eq!(reader.text(), Some("ü"));
        assert_eq!(reader.head(), Some(Head::Of(BYTES, 4)));
        assert_eq!(reader.take(4), Some(&[1, 2, 3, 4][..]));
        assert_eq!(reader.head(), Some(Head::Float(-4.1)));
        assert_eq!(reader.left(), 0);
        assert_eq!(reader.head(), None);
    }

    #[test]
    fn what_is_cut_reserved_or_indefinite_is_none() {
        for bytes in
            [&[][..], &[0x18], &[0x19, 1], &[0x1b, 0, 0, 0], &[0x1c], &[0x1f], &[0x5f], &[0x9f], &[0xff], &[0xf8, 20]]
        {
            assert_eq!(Reader::new(bytes).head(), None, "{bytes:x?}");
        }
        // Half and single floats exist, but not here.
        assert_eq!(Reader::new(&[0xf9, 0x3c, 0]).head(), None);
        assert_eq!(Reader::new(&[0xfa, 0, 0, 0, 0]).head(), None);
        assert_eq!(Reader::new(&[0x62, 0xc3]).text(), None);
        assert_eq!(Reader::new(&[0x61, 0xff]).text(), None);
        assert_eq!(Reader::new(&[0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).text(), None);
    }
}
