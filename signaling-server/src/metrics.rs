//! Counters for the operator, as Prometheus reads them. None of them tells a room, a member or an address.
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{hub::Census, refusal::Refusal};

/// All metrics of a server.
pub(crate) struct Metrics {
    /// Signals that were handed to their addressee's queue.
    pub(crate) relayed: Counter,
    /// Members that were let go.
    pub(crate) released: Counter,
    refusals: Family<Code, Counter>,
    connections: Gauge,
    sockets: Gauge,
    rooms: Gauge,
    members: Gauge,
    registry: Registry,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            relayed: Counter::default(),
            released: Counter::default(),
            refusals: Family::default(),
            connections: Gauge::default(),
            sockets: Gauge::default(),
            rooms: Gauge::default(),
            members: Gauge::default(),
            registry: Registry::with_prefix("chinwag_signaling"),
        };
        let registry = &mut metrics.registry;
        registry.register("messages_relayed", "Signals relayed between members", metrics.relayed.clone());
        registry.register("releases", "Members let go because the room had greeters enough", metrics.released.clone());
        registry.register("refusals", "Clients turned away, by the code they were told", metrics.refusals.clone());
        registry.register("connections", "Open TCP connections", metrics.connections.clone());
        registry.register("sockets", "Open signaling sockets", metrics.sockets.clone());
        registry.register("rooms", "Rooms with an attached member", metrics.rooms.clone());
        registry.register("members", "Attached members", metrics.members.clone());
        metrics
    }

    /// Counts a client that is turned away.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        self.refusals.get_or_create(&Code { code: refusal.code().as_str() }).inc();
    }

    /// The text of `/metrics`.
    pub(crate) fn text(&self, census: Census, connections: usize) -> String {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.connections.set(number(connections));
        self.sockets.set(number(census.sockets));
        self.rooms.set(number(census.rooms));
        self.members.set(number(census.members));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_holds_every_number() {
        let metrics = Metrics::new();
        metrics.relayed.inc_by(3);
        metrics.refuse(&Refusal::Binary);
        metrics.refuse(&Refusal::BadId);
        let text = metrics.text(Census { sockets: 4, rooms: 2, members: 3 }, 9);
        for line in [
            "chinwag_signaling_messages_relayed_total 3",
            "chinwag_signaling_refusals_total{code=\"bad-message\"} 2",
            "chinwag_signaling_connections 9",
            "chinwag_signaling_sockets 4",
            "chinwag_signaling_rooms 2",
            "chinwag_signaling_members 3",
            "# EOF",
        ] {
            assert!(text.lines().any(|there| there == line), "{line} is not in\n{text}");
        }
    }
}
