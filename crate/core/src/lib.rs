//! The gossip protocol of Chinwag as a deterministic state machine: no I/O, no clock, no threads.
//!
//! A [`Node`] is one member of one room. Its host owns the sockets, the clock and the timers, and runs this loop:
//!
//! 1. Something happens (a frame, an open channel, a word of the signaling server, a wish of the user): hand it in with
//!    [`Node::handle`], with the time.
//! 2. Drain [`Node::poll`] until it answers `None`, and do what each [`Output`] says.
//! 3. Set one timer for [`Node::next_timeout`]. When it fires, call [`Node::handle_timeout`], and go on with step 2.
//!
//! ```
//! use std::sync::Arc;
//!
//! use chinwag_core::{Alone, Command, Config, Event, Identity, Input, Instant, Node, Output, Setup};
//!
//! let setup = Setup {
//!     identity: Identity::from_secret(&[7; 32]), // from a cryptographic generator
//!     room: "lobby",
//!     zone: None,
//!     seed: [9; 32],                             // likewise
//!     wall_ms: 1_800_000_000_000,
//!     config: Config::default(),
//!     commons: Arc::new(Alone),              // a page has one node
//! };
//! let mut node = Node::new(Instant::ZERO, setup);
//! // The signaling server has answered, and nobody else is there.
//! let now = Instant::from_millis(40);
//! node.handle(now, Input::Attached { members: vec![] })?;
//! node.handle(now, Input::Command(Command::SetPresence { value: b"ada".to_vec() }))?;
//! let mut ready = false;
//! while let Some(output) = node.poll() {
//!     match output {
//!         Output::Send { .. } => { /* put the frame on the link's channel; if that is full now, hand in `Input::Congested` at once */ }
//!         Output::Dial { .. } | Output::Accept { .. } | Output::Mend { .. } | Output::RemoteSignal { .. } => { /* drive the connection */ }
//!         Output::Close { .. } => { /* free it */ }
//!         Output::Signal { .. } | Output::Server { .. } | Output::Introduce => { /* talk to the signaling server */ }
//!         Output::Event(Event::Ready) => ready = true,
//!         Output::Event(_) => { /* tell the user */ }
//!     }
//! }
//! assert!(ready);
//! assert!(node.next_timeout() > Some(now)); // set a timer for it
//! # Ok::<(), chinwag_core::Refused>(())
//! ```
//!
//! Same inputs at the same times, same outputs, to the bit: whatever goes wrong in a simulation is replayed from its seed.
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
mod commons;
mod config;
mod detector;
mod hlc;
mod identity;
mod introducer;
mod io;
mod limits;
mod members;
mod node;
mod overlay;
mod random;
mod stats;
mod store;
mod sync;
mod table;
mod time;
mod views;
pub mod wire;

pub use commons::{Alone, Commons};
pub use config::{Config, Strategy};
pub use detector::Evidence;
pub use identity::{Identity, NotAPeerId, PeerId, PublicKey, Signature, peer_id};
pub use io::{
    Command, Departure, Event, Input, Lane, LinkDownReason, LinkId, LogEntry, MemberView, Message, Output, Refused,
    SignalKind, Violation, ViolationKind,
};
pub use members::Status;
pub use node::{Node, Setup};
pub use stats::{Stats, Traffic};
pub use time::Instant;
