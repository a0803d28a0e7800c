//! The signaling server: introduces the newcomers of a room to members who are there already, relays their offers
//! and answers, and lets go of whoever it no longer needs. `docs/SIGNALING.md` specifies the messages.
//!
//! From the outside in:
//!
//! 1. [`Server`] accepts TCP connections, within the caps of [`Limits`], and ends them all on shutdown.
//! 2. `connection` serves HTTP/1.1 on one of them, against a deadline for every head.
//! 3. `http` routes requests: `/signal`, `/health`, `/ice`, `/metrics`, and the pages.
//! 4. `socket` holds the conversation with one member: deadlines, sizes and rates.
//! 5. `hub` is what all sockets share: the rooms behind a lock, and everyone's bounded outgoing queue.
//! 6. `rooms` decides: a state machine without sockets, clocks or locks.
//!
//! **Architecture Invariant:** `rooms` does no I/O, and nothing outside of it decides who is introduced, relayed to,
//! replaced or released.
//!
//! **Architecture Invariant:** nothing awaits while the lock of the hub is held, and nothing is written to a socket
//! but by that socket's own task. So no member can hold up another.
#![forbid(unsafe_code)]

mod address;
mod connection;
mod http;
mod hub;
mod limits;
mod metrics;
mod options;
mod origin;
mod outbox;
mod pages;
mod rate;
mod refusal;
mod rooms;
mod server;
mod socket;
mod stream;

pub use limits::Limits;
pub use options::{IceServers, Options};
pub use origin::Origin;
pub use server::Server;
