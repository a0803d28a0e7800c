//! Every limit of the server, with its unit and default.
use std::time::Duration;

use chinwag_signaling_messages::MESSAGE_BYTES_MAX;
use clap::Args;

/// How much a client, an address, a room and all of them together may take of the server. Each field is an option of
/// the command line and a variable of the environment.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, either way. Other servers and members count on at most the default.
    #[arg(long = "max-message-bytes", env = "CHINWAG_MAX_MESSAGE_BYTES", value_name = "N", default_value_t = Self::DEFAULT.message_bytes_max)]
    pub message_bytes_max: usize,
    /// Milliseconds in which an HTTP request head must be complete, from the connection's start or the last answer.
    #[arg(long, env = "CHINWAG_HEAD_DEADLINE_MS", value_name = "N", default_value_t = Self::DEFAULT.head_deadline_ms)]
    pub head_deadline_ms: u64,
    /// Milliseconds in which the first message must come on a socket.
    #[arg(long, env = "CHINWAG_FIRST_MESSAGE_DEADLINE_MS", value_name = "N", default_value_t = Self::DEFAULT.first_message_deadline_ms)]
    pub first_message_deadline_ms: u64,
    /// Milliseconds without a message or a pong after which a socket is given up. The server pings three times in them.
    #[arg(long, env = "CHINWAG_IDLE_TIMEOUT_MS", value_name = "N", default_value_t = Self::DEFAULT.idle_timeout_ms)]
    pub idle_timeout_ms: u64,
    /// Milliseconds in which a client that is written to must take at least a byte.
    #[arg(long, env = "CHINWAG_WRITE_STALL_MS", value_name = "N", default_value_t = Self::DEFAULT.write_stall_ms)]
    pub write_stall_ms: u64,
    /// Milliseconds given to a client to read the reason why it is turned away.
    #[arg(long, env = "CHINWAG_LINGER_MS", value_name = "N", default_value_t = Self::DEFAULT.linger_ms)]
    pub linger_ms: u64,
    /// Milliseconds given to all connections to end when the server shuts down.
    #[arg(long, env = "CHINWAG_SHUTDOWN_GRACE_MS", value_name = "N", default_value_t = Self::DEFAULT.shutdown_grace_ms)]
    pub shutdown_grace_ms: u64,
    /// Connections in all.
    #[arg(long = "max-connections", env = "CHINWAG_MAX_CONNECTIONS", value_name = "N", default_value_t = Self::DEFAULT.connections_max)]
    pub connections_max: usize,
    /// Connections of one IPv4 address or one IPv6 /64 network. Everyone in a school or an office may share one.
    #[arg(long = "max-connections-per-address", env = "CHINWAG_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N", default_value_t = Self::DEFAULT.connections_per_address_max)]
    pub connections_per_address_max: usize,
    /// Rooms.
    #[arg(long = "max-rooms", env = "CHINWAG_MAX_ROOMS", value_name = "N", default_value_t = Self::DEFAULT.rooms_max)]
    pub rooms_max: usize,
    /// Members of one room that are attached to the server at once: newcomers and greeters, not everyone in the room.
    #[arg(long = "max-room-members", env = "CHINWAG_MAX_ROOM_MEMBERS", value_name = "N", default_value_t = Self::DEFAULT.room_members_max)]
    pub room_members_max: usize,
    /// Linked members of a room that keep their socket. Fewer cost less, more survive the loss of some.
    #[arg(long, env = "CHINWAG_GREETERS", value_name = "N", default_value_t = Self::DEFAULT.greeters)]
    pub greeters: usize,
    /// Messages a second from one socket, in the long run.
    #[arg(long, env = "CHINWAG_MESSAGES_PER_SECOND", value_name = "N", default_value_t = Self::DEFAULT.messages_per_second)]
    pub messages_per_second: u32,
    /// Messages at once from one socket. A greeter answers many newcomers when everybody reloads.
    #[arg(long, env = "CHINWAG_MESSAGE_BURST", value_name = "N", default_value_t = Self::DEFAULT.message_burst)]
    pub message_burst: u32,
    /// Bytes a second from one socket, in the long run.
    #[arg(long, env = "CHINWAG_BYTES_PER_SECOND", value_name = "N", default_value_t = Self::DEFAULT.bytes_per_second)]
    pub bytes_per_second: u32,
    /// Bytes at once from one socket; raised to one message where it is less.
    #[arg(long, env = "CHINWAG_BYTE_BURST", value_name = "N", default_value_t = Self::DEFAULT.byte_burst)]
    pub byte_burst: u32,
    /// Bytes that wait for a slow reader before its socket is closed; raised to four messages where it is less.
    #[arg(long = "max-queue-bytes", env = "CHINWAG_MAX_QUEUE_BYTES", value_name = "N", default_value_t = Self::DEFAULT.queue_bytes_max)]
    pub queue_bytes_max: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        message_bytes_max: MESSAGE_BYTES_MAX,
        head_deadline_ms: 10_000,
        first_message_deadline_ms: 10_000,
        idle_timeout_ms: 60_000,
        write_stall_ms: 15_000,
        linger_ms: 1_000,
        shutdown_grace_ms: 3_000,
        connections_max: 10_000,
        connections_per_address_max: 256,
        rooms_max: 10_000,
        room_members_max: 1_000,
        greeters: 5,
        messages_per_second: 50,
        message_burst: 500,
        bytes_per_second: 128 << 10,
        byte_burst: 512 << 10,
        queue_bytes_max: 1 << 20,
    };

    pub(crate) fn head_deadline(&self) -> Duration {
        Duration::from_millis(self.head_deadline_ms)
    }

    pub(crate) fn first_message_deadline(&self) -> Duration {
        Duration::from_millis(self.first_message_deadline_ms)
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    /// Two pings may be lost before a member counts as idle.
    pub(crate) fn ping_interval(&self) -> Duration {
        (self.idle_timeout() / 3).max(Duration::from_millis(1))
    }

    pub(crate) fn write_stall(&self) -> Duration {
        Duration::from_millis(self.write_stall_ms)
    }

    pub(crate) fn linger(&self) -> Duration {
        Duration::from_millis(self.linger_ms)
    }

    pub(crate) fn shutdown_grace(&self) -> Duration {
        Duration::from_millis(self.shutdown_grace_ms)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
