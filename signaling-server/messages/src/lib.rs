//! The messages between a member and the signaling server: JSON text frames over a WebSocket, specified in
//! `docs/SIGNALING.md`. The server and the browser side import this one definition.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

/// The version of these messages. The server refuses others with [`ErrorCode::Version`].
pub const VERSION: u32 = 1;

/// One message, either way, in bytes of JSON: larger ones end the connection.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Members that a [`ServerMessage::Welcome`] or [`ServerMessage::Peers`] names at most.
pub const INTRODUCTIONS_MAX: usize = 3;

/// A room's name is at most this many bytes of UTF-8, and not empty.
pub const ROOM_BYTES_MAX: usize = 256;

/// A member's id: 32 lower-case hexadecimal digits.
pub const ID_BYTES: usize = 32;

/// What a member says to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClientMessage {
    /// The first message on a socket: enters a room.
    Join {
        /// [`VERSION`].
        version: u32,
        /// The room's name, or what stands for it.
        room: String,
        /// The member's id.
        id: String,
    },
    /// A frame for another member that is attached to the same room.
    Signal {
        /// The addressee's id.
        to: String,
        /// Opaque to the server: base64.
        data: String,
    },
    /// The member has this many links now, or none as long as it still needs the server. One that has some may be released.
    Linked {
        /// Open links.
        links: u32,
    },
    /// Asks for further members to turn to.
    Peers,
}

/// What the server says to a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ServerMessage {
    /// The answer to [`ClientMessage::Join`].
    Welcome {
        /// [`VERSION`].
        version: u32,
        /// Up to [`INTRODUCTIONS_MAX`] members to turn to; empty for the first of a room.
        members: Vec<String>,
        /// ICE servers that the operator offers.
        ice: Vec<IceServer>,
    },
    /// A frame from another member of the room.
    Signal {
        /// Who sent it, as it named itself to the server: unproven, and whither an answer goes.
        from: String,
        /// Opaque to the server: base64.
        data: String,
    },
    /// The addressee of a [`ClientMessage::Signal`] is not attached.
    Unknown {
        /// Its id.
        to: String,
    },
    /// The answer to [`ClientMessage::Peers`].
    Peers {
        /// Up to [`INTRODUCTIONS_MAX`] members, chosen afresh.
        members: Vec<String>,
    },
    /// The room has enough members attached and this one has links: it is let go, and the server closes the socket.
    Release,
    /// The server turns the member away, says why, and closes the socket.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people: what happened, and what to do about it.
        message: String,
    },
}

/// An entry of `RTCConfiguration.iceServers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:` and `turn:` URLs.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Why the server turned a member away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// Not one of our messages.
    BadMessage,
    /// Another [`VERSION`].
    Version,
    /// The first message was not a join, or a second join came.
    NotNow,
    /// Over [`MESSAGE_BYTES_MAX`].
    TooLarge,
    /// Nothing came within the deadline.
    Timeout,
    /// Messages came faster than the limit.
    TooFast,
    /// The member takes its messages slower than others write to it.
    TooSlow,
    /// A cap of the server's is reached.
    Full,
    /// The same id has joined on a newer socket.
    Replaced,
    /// The server is shutting down.
    GoingAway,
    /// The page's origin is not on the server's list; only in answers over HTTP.
    Origin,
    /// Nothing is served under that path; only in answers over HTTP.
    NotFound,
}

impl ErrorCode {
    /// The code as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadMessage => "bad-message",
            Self::Version => "version",
            Self::NotNow => "not-now",
            Self::TooLarge => "too-large",
            Self::Timeout => "timeout",
            Self::TooFast => "too-fast",
            Self::TooSlow => "too-slow",
            Self::Full => "full",
            Self::Replaced => "replaced",
            Self::GoingAway => "going-away",
            Self::Origin => "origin",
            Self::NotFound => "not-found",
        }
    }
}

/// Whether this is a member's id as the server takes it: [`ID_BYTES`] lower-case hexadecimal digits.
pub fn is_id(id: &str) -> bool {
    id.len() == ID_BYTES && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether this is a room's name as the server takes it: not empty, at most [`ROOM_BYTES_MAX`] bytes.
pub fn is_room(room: &str) -> bool {
    !room.is_empty() && room.len() <= ROOM_BYTES_MAX
}
