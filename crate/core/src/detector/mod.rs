//! Who is alive: probes on our own links, doubts of our own, and the cases against members that are silent.
//!
//! SWIM (Das 2002) with suspicion, in three steps. A peer that has been silent for longer than is usual on this link is *doubted*: asked, directly
//! and through others. Who does not answer is *accused*, signed, before all; the accused refutes with a greater incarnation. An accusation that
//! enough others confirm, and that stands unrefuted, ends in death. Each member concludes a death for itself.

mod agreement;
mod doubt;
mod health;
mod probe;
mod suspicion;

pub(crate) use doubt::{Doubt, Doubts, Leaning, WAYS_MAX};
pub(crate) use health::Health;
pub(crate) use probe::{Probes, Pulse};
pub(crate) use suspicion::{Accusation, Cases, Jury, Verdict};

/// What a member saw itself of another's silence or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing came over the link for this long.
    Silence {
        /// Milliseconds.
        ms: u64,
    },
    /// The transport was closed from the other side.
    Closed,
    /// The transport gave up.
    Failed,
    /// There was no link to it, and nobody through whom it was sought found it.
    Unreachable,
}
