//! Who is alive: probes on our own links, and the cases against members that are silent.
//!
//! SWIM (Das 2002) with suspicion: who hears nothing accuses, signed; the accused refutes with a greater incarnation; an
//! accusation that stands unrefuted ends in death. Each member concludes a death for itself.

mod probe;
mod suspicion;

pub(crate) use probe::{Probes, Pulse};
pub(crate) use suspicion::Cases;

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
}
