//! The gossip protocol of Chinwag as a deterministic state machine.
#![no_std]
#![forbid(unsafe_code)]
// What keeps the core total: nothing that a remote sends may reach a panic.
#![deny(
    clippy::indexing_slicing,         // `get` says what happens when there is nothing
    clippy::string_slice,             // slicing inside a character panics
    clippy::arithmetic_side_effects,  // overflow is chosen: saturating, wrapping or checked
    clippy::cast_possible_truncation, // `try_from` says what happens when it does not fit
    clippy::unreachable,              // a state that cannot be is a type without such a value
)]
// What keeps it deterministic and without an operating system (see clippy.toml).
#![deny(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "a test that overflows has failed"))]

extern crate alloc;

mod broadcast;
mod config;
mod detector;
mod identity;
mod introducer;
mod io;
mod members;
mod node;
mod overlay;
mod random;
mod stats;
mod store;
mod time;
pub mod wire;

pub use config::Config;
pub use detector::Evidence;
pub use identity::{Identity, NotAPeerId, PeerId, PublicKey, Signature, peer_id};
pub use io::{
    Command, Departure, Event, Input, Lane, LinkDownReason, LinkId, MemberView, Message, Output, Refused, SignalKind,
    Violation, ViolationKind,
};
pub use members::Status;
pub use node::{Node, Setup};
pub use stats::Stats;
pub use time::Instant;
