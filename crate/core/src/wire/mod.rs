//! The frames, byte by byte as in docs/PROTOCOL.md, and what is signed in them.
//!
//! Everything here is total: [`Frame::decode`] answers any bytes without a panic, and allocates no more than they are
//! long. What it returns is well-formed, not yet true: a signature is checked where its statement is used, by
//! [`Signed::verify`].

mod codec;
mod content;
mod envelope;
mod frame;
mod load;
mod range;
mod record;
mod rumor;
mod signed;

pub use codec::{Malformed, Reader, Writer};
pub use content::{CHANNEL_BYTES_MAX, Entry, KEY_BYTES_MAX, Post};
pub use envelope::{Envelope, Knock};
pub(crate) use frame::chunked;
pub use frame::{FLOOD, FRAME_BYTES_MAX, FRAME_KINDS, Frame, LIST_MAX, VERSION, kind_of};
pub(crate) use load::Load;
pub use range::{Content, Fingerprint, NAME_BYTES, Name, Range};
pub use record::{Farewell, Record, Suspicion, ZONE_BYTES_MAX};
pub use rumor::{Rumor, ShortId};
pub use signed::{RoomKey, Signed, Statement};
