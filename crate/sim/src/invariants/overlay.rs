//! What the links of nodes may look like.

use std::collections::{BTreeMap, VecDeque};

use chinwag_core::PeerId;

use super::{Finding, Invariant, View};
use crate::{
    host::{Leg, State},
    link::other as other_side,
    time::{Micros, SECOND},
};

/// A link that only one end knows is on its way to both, or to neither, for at most so long.
const ASYMMETRY_MAX: Micros = 45 * SECOND;

/// Without a link, in a room with others that could be reached, at most.
const ALONE_MAX: Micros = 90 * SECOND;

/// A link that has been open for so long counts as an established one.
const ESTABLISHED: Micros = 5 * SECOND;

/// Established links that a node lets go of in a minute for other reasons than a newcomer: departures, duplicates.
pub(super) const EVICTIONS_OTHERWISE: u32 = 30;

/// Between nodes that run, a link that one end has the other has as well. Invariant 13.
#[derive(Debug, Default)]
pub struct SymmetricLinks {
    /// Since when one end alone knows a link.
    since: BTreeMap<(u32, u32), Micros>,
}

impl Invariant for SymmetricLinks {
    fn name(&self) -> &'static str {
        "a link has two ends"
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        let mut lopsided = BTreeMap::new();
        for (host, at) in view.living().filter(|(_, at)| at.state == State::Running) {
            for (_, peer, _) in at.node.links().filter(|(_, _, greeted)| *greeted) {
                let Some(there) = view.host_of(&peer) else { continue };
                let other = view.host(there);
                let known = other.node.links().any(|(_, id, greeted)| greeted && id == at.node.id());
                if !known && other.state == State::Running {
                    let since = self.since.get(&(host, there)).copied().unwrap_or(view.now);
                    lopsided.insert((host, there), since);
                }
            }
        }
        self.since = lopsided;
        let old = self.since.iter().find(|(_, since)| view.now - **since > ASYMMETRY_MAX);
        match old {
            Some(((host, there), since)) if !view.is_cut => {
                let seconds = (view.now - since) / SECOND;
                Err((*host, format!("for {seconds} s it has a link to node {there}, which has none to it")))
            }
            _ => Ok(()),
        }
    }
}

/// No more links than allowed, none to itself, and not two to the same peer. Invariant 14.
#[derive(Debug)]
pub struct ViewsWithinCaps;

impl Invariant for ViewsWithinCaps {
    fn name(&self) -> &'static str {
        "views stay within their caps"
    }

    fn after(&mut self, view: &View<'_>, host: u32, _outputs: usize) -> Finding {
        let node = &view.host(host).node;
        let peers: smallset::Peers = node.links().filter(|(_, _, greeted)| *greeted).map(|(_, peer, _)| peer).collect();
        if peers.len() > view.config.links_max {
            return Err((host, format!("{} links, of at most {}", peers.len(), view.config.links_max)));
        }
        if peers.contains(&node.id()) {
            return Err((host, "a link to itself".to_owned()));
        }
        match peers.duplicate() {
            Some(peer) if links_to_one_host(view, host, peer) => Err((host, format!("two links to {peer:?}"))),
            _ => Ok(()),
        }
    }
}

/// Whether two links to a member lead to the same host: there may be two with one key, and one may have begun anew.
fn links_to_one_host(view: &View<'_>, host: u32, peer: PeerId) -> bool {
    let at = view.host(host);
    let links = at.node.links().filter(|(_, other, greeted)| *greeted && *other == peer).map(|(link, ..)| link);
    let ends = links.filter_map(|link| {
        let leg = at.leg(link)?;
        Some(view.connections[leg.connection.0 as usize].end(other_side(leg.side)))
    });
    let mut hosts: Vec<u32> = ends.filter(|end| end.held).map(|end| end.host).collect();
    let all = hosts.len();
    hosts.sort_unstable();
    hosts.dedup();
    hosts.len() < all
}

/// A few peers without an allocation: this runs after every event.
mod smallset {
    use super::PeerId;

    /// More than a node may have links.
    const ROOM: usize = 24;

    #[derive(Debug)]
    pub(super) struct Peers {
        ids: [PeerId; ROOM],
        len: usize,
    }

    impl FromIterator<PeerId> for Peers {
        fn from_iter<I: IntoIterator<Item = PeerId>>(peers: I) -> Self {
            let mut set = Self { ids: [PeerId::from_bytes([0; 16]); ROOM], len: 0 };
            for peer in peers {
                if let Some(place) = set.ids.get_mut(set.len) {
                    *place = peer;
                }
                set.len += 1;
            }
            set
        }
    }

    impl Peers {
        pub(super) const fn len(&self) -> usize {
            self.len
        }

        pub(super) fn contains(&self, peer: &PeerId) -> bool {
            self.held().contains(peer)
        }

        pub(super) fn duplicate(&self) -> Option<PeerId> {
            let held = self.held();
            held.iter().enumerate().find(|(at, peer)| held[..*at].contains(peer)).map(|(_, peer)| *peer)
        }

        fn held(&self) -> &[PeerId] {
            &self.ids[..self.len.min(ROOM)]
        }
    }
}

/// Every link of a node has an open transport, and every open transport belongs to a link. Invariant 15.
#[derive(Debug)]
pub struct LinksHaveTransports;

impl Invariant for LinksHaveTransports {
    fn name(&self) -> &'static str {
        "every link has a transport, and every transport a link"
    }

    fn after(&mut self, view: &View<'_>, host: u32, _outputs: usize) -> Finding {
        let at = view.host(host);
        for (link, peer, greeted) in at.node.links() {
            if greeted && !at.leg(link).is_some_and(|leg| leg.up) {
                return Err((host, format!("{link:?} to {peer:?} has no open transport")));
            }
        }
        for leg in at.legs.iter().filter(|leg| leg.up) {
            if !at.node.links().any(|(link, _, _)| link == leg.link) {
                return Err((host, format!("nobody owns the transport of {:?}", leg.link)));
            }
        }
        Ok(())
    }
}

/// Who could reach others does not stay without a link. Invariants 16 and 19.
#[derive(Debug, Default)]
pub struct NobodyStaysAlone {
    alone_since: BTreeMap<u32, Micros>,
}

impl Invariant for NobodyStaysAlone {
    fn name(&self) -> &'static str {
        "nobody stays without a link"
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        let several = view.living().filter(|(_, at)| at.state == State::Running).nth(1).is_some();
        let before = std::mem::take(&mut self.alone_since);
        for (host, at) in view.living() {
            let alone = at.state == State::Running && !at.node.links().any(|(_, _, greeted)| greeted);
            if alone && several && !view.is_hindered {
                let since = before.get(&host).copied().unwrap_or(view.now).max(at.born_at);
                self.alone_since.insert(host, since);
            }
        }
        match self.alone_since.iter().find(|(_, since)| view.now - **since > ALONE_MAX) {
            Some((host, since)) => Err((*host, format!("no link for {} s", (view.now - since) / SECOND))),
            None => Ok(()),
        }
    }
}

/// A node lets go of a bounded number of links in a minute, whatever others do. Invariant 20.
#[derive(Debug, Default)]
pub struct BoundedEvictions {
    closed_at: BTreeMap<u32, VecDeque<Micros>>,
}

impl Invariant for BoundedEvictions {
    fn name(&self) -> &'static str {
        "evictions are bounded"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.closed_at.remove(&host);
    }

    fn on_close(&mut self, view: &View<'_>, host: u32, leg: Leg) -> Finding {
        if view.now - leg.up_at < ESTABLISHED {
            return Ok(());
        }
        let closed_at = self.closed_at.entry(host).or_default();
        closed_at.push_back(view.now);
        while closed_at.front().is_some_and(|at| view.now - at > 60 * SECOND) {
            closed_at.pop_front();
        }
        if closed_at.len() > (view.config.evictions_per_minute + EVICTIONS_OTHERWISE) as usize {
            return Err((host, format!("it closed {} established links within a minute", closed_at.len())));
        }
        Ok(())
    }
}
