//! What a world begins with, and what can happen in it.

use std::sync::Arc;

use chinwag_core::{Config, Input, LinkDownReason, LinkId, SignalKind};

use super::{Dials, signaling::Request};
use crate::{
    link::{ConnectionId, Side},
    time::{MS, Micros},
};

/// What a world begins with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Determines everything.
    pub seed: u64,
    /// One way between a host and the signaling server, and between two hosts before any fault.
    pub latency: Micros,
    /// The knobs of all nodes.
    pub config: Config,
    /// Linked members that the server keeps attached.
    pub greeters: usize,
    /// How connections are made.
    pub dials: Dials,
    /// Zones into which the hosts fall, in turn. 1: none says where it is.
    pub zones: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, latency: 50 * MS, config: Config::default(), greeters: 5, dials: Dials::default(), zones: 1 }
    }
}

/// Something that is going to happen.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A frame arrives at one end of a connection.
    Frame {
        /// The connection.
        connection: ConnectionId,
        /// At which end.
        side: Side,
        /// Its bytes.
        frame: Arc<[u8]>,
    },
    /// A frame of the reliable lane has left its sender's buffer.
    Sent {
        /// The connection.
        connection: ConnectionId,
        /// From which end.
        side: Side,
        /// Its size.
        bytes: usize,
    },
    /// A host's timer fires.
    Wake {
        /// Whose.
        host: u32,
    },
    /// The hosts of a connection may have reached each other.
    Connected {
        /// The connection.
        connection: ConnectionId,
    },
    /// Both channels are open at one end.
    Up {
        /// The connection.
        connection: ConnectionId,
        /// At which end.
        side: Side,
    },
    /// One end learns that the connection is over.
    Down {
        /// The connection.
        connection: ConnectionId,
        /// Which end.
        side: Side,
        /// What it sees.
        reason: LinkDownReason,
    },
    /// A transport over which nothing has passed for long gives up, at both ends.
    Decay {
        /// The connection.
        connection: ConnectionId,
        /// Void if the cut of this epoch has ended.
        cut_epoch: u32,
    },
    /// A host has made a description or a candidate.
    LocalSignal {
        /// Which.
        host: u32,
        /// Void after a restart.
        generation: u32,
        /// For this link of its node.
        link: LinkId,
        /// What it is.
        kind: SignalKind,
        /// Names the connection.
        connection: ConnectionId,
    },
    /// A message of a host arrives at the signaling server.
    ToServer {
        /// Whose.
        host: u32,
        /// Void after this socket.
        session: u32,
        /// What it says.
        request: Box<Request>,
    },
    /// A message of the signaling server arrives at a host.
    FromServer {
        /// At which.
        host: u32,
        /// Void after this socket.
        session: u32,
        /// What it says.
        input: Box<Input>,
    },
    /// A host without a socket tries again.
    Reconnect {
        /// Which.
        host: u32,
        /// Void after this socket.
        session: u32,
    },
}
