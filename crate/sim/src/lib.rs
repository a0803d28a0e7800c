//! A deterministic network around thousands of nodes.
//!
//! The same code that runs in browser tabs runs here, in one process and against one simulated clock. A seed determines
//! everything: who joins when, how long each frame travels, what fails. Equal seeds give equal runs, to the last event.
//!
//! [`network::Network`] is the world: hosts, their connections, the signaling server, and the queue of what is going to
//! happen. [`scenario`] is what is tried in it, [`faults`] what is put between hosts, [`invariants`] what must hold,
//! [`measure`] and [`traffic`] what is counted, [`report`] and [`html`] what is told of it in the end.
//!
//! ```
//! use chinwag_sim::scenario::{self, Options, Scenario};
//!
//! let options = Options { scenario: Scenario::Join, nodes: 8, seed: 7, ..Options::default() };
//! let report = scenario::run(&options, |_| {}).report;
//! assert!(report.violations.is_empty() && report.join.is_some());
//! ```
#![forbid(unsafe_code)]
#![allow(clippy::cast_possible_truncation, reason = "hosts and connections are counted in u32: no run has more")]

pub mod bits;
pub mod clock;
pub mod commons;
pub mod faults;
pub mod graph;
pub mod hash;
pub mod history;
pub mod host;
pub mod html;
pub mod invariants;
pub mod knobs;
pub mod link;
pub mod measure;
pub mod network;
pub mod path;
pub mod quantile;
pub mod queue;
pub mod random;
pub mod report;
pub mod scenario;
pub mod server;
pub mod theory;
pub mod time;
pub mod trace;
pub mod traffic;
