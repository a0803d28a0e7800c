//! What must stay within bounds, whatever others send.

use std::collections::BTreeMap;

use chinwag_core::{PeerId, wire::kind_of};
use rustc_hash::FxHashMap;

use super::{Finding, Invariant, View};
use crate::{
    hash::of_bytes,
    host::State,
    time::{Micros, SECOND},
};

/// Frames that begin with how far they have come: the kinds of rumors.
const WITH_HOPS: std::ops::RangeInclusive<u8> = 6..=10;

/// The bits of that byte that are a number; the others are flags.
const DISTANCE: u8 = 0x7f;

/// Frames that begin with how far they may go, and the furthest: signal, walk, seek.
const WITH_TTL: [(u8, u8); 3] = [(17, 16), (19, 14), (20, 20)];

/// In a room of more hosts than this, one rumor in so many is watched: a row for each host and rumor would take more memory than the nodes.
const WATCHED_ALL_MAX: usize = 2_000;
const WATCHED_ONE_IN: u64 = 16;

/// How long the repetitions of a rumor are counted together.
const WINDOW: Micros = 10 * SECOND;

/// How often a member may pass one rumor on over a link within that: pushed, asked for by somebody whose link was made
/// anew, and told again in a few rounds.
pub(super) const TIMES_A_LINK: usize = 8;

/// Attempts at links beside those that are open, at most.
pub(super) const ATTEMPTS_MAX: usize = 16;

/// A host's buffer of a link, at most: what the node allows, and the frame with which it became too full.
const BUFFER_BYTES_MAX: usize = (256 + 16) << 10;

/// Alone for so long, a member knows that it is.
const ALONE: Micros = 120 * SECOND;

/// After the last member came or went, until degrees must be even.
const REST: Micros = 120 * SECOND;

/// In a room at rest nobody has so few links that two failures would cut it off.
const DEGREE_MIN: usize = 3;

/// So many links more than others the greeters may have, mean.
const HUB: f64 = 1.5;

/// Where a frame says how far it has come or may go, it says no more than is allowed, though it was told so. Invariant 18.
#[derive(Debug)]
pub struct DistancesAreClamped;

impl Invariant for DistancesAreClamped {
    fn name(&self) -> &'static str {
        "distances from the wire are clamped"
    }

    fn on_send(&mut self, view: &View<'_>, host: u32, frame: &[u8]) -> Finding {
        let (Some(kind), [_, distance, ..]) = (kind_of(frame), frame) else { return Ok(()) };
        let hops_max = WITH_HOPS.contains(&kind).then_some(view.config.hops_max);
        let ttl_max = WITH_TTL.iter().find(|(of, _)| *of == kind).map(|(_, ttl_max)| *ttl_max);
        match hops_max.or(ttl_max) {
            Some(most) if distance & DISTANCE > most => {
                Err((host, format!("a frame of kind {kind} that says {distance}, of at most {most}")))
            }
            _ => Ok(()),
        }
    }
}

/// A member passes one rumor on a bounded number of times, however often it is asked for it. Invariant 25.
#[derive(Debug, Default)]
pub struct BoundedRepeats {
    /// By host and rumor, without how far it has come. Looked up, never iterated.
    times: FxHashMap<(u32, u64), usize>,
    since: Micros,
}

impl Invariant for BoundedRepeats {
    fn name(&self) -> &'static str {
        "a rumor is passed on a bounded number of times"
    }

    fn on_send(&mut self, view: &View<'_>, host: u32, frame: &[u8]) -> Finding {
        let (Some(kind), [_, _, rumor @ ..]) = (kind_of(frame), frame) else { return Ok(()) };
        if !WITH_HOPS.contains(&kind) {
            return Ok(());
        }
        if view.now >= self.since + WINDOW {
            self.times.clear();
            self.since = view.now;
        }
        let rumor = of_bytes(rumor);
        if view.hosts.len() > WATCHED_ALL_MAX && !rumor.is_multiple_of(WATCHED_ONE_IN) {
            return Ok(());
        }
        let times = self.times.entry((host, rumor)).or_default();
        *times += 1;
        let most = TIMES_A_LINK * view.config.links_max;
        if *times > most {
            return Err((host, format!("the same rumor more than {most} times within {} s", WINDOW / SECOND)));
        }
        Ok(())
    }
}

/// What a node holds of others stays within its caps: members, graves, links and attempts. Invariant 31.
#[derive(Debug)]
pub struct HoldingsWithinCaps;

impl Invariant for HoldingsWithinCaps {
    fn name(&self) -> &'static str {
        "what a node holds stays within its caps"
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        for (host, at) in view.living() {
            let links = at.node.links().count();
            let most = view.config.links_max + ATTEMPTS_MAX;
            if links > most {
                return Err((host, format!("{links} links and attempts, of at most {most}")));
            }
            let (members, most) = (at.node.stats().members, view.config.members_max as u64 + 1);
            if members > most {
                return Err((host, format!("{members} members, of at most {most}")));
            }
            if at.legs.len() > links {
                return Err((host, format!("{} transports for {links} links and attempts", at.legs.len())));
            }
        }
        Ok(())
    }
}

/// What waits for a link stays within its bound: in the node what is allowed, and in the host's own buffer little, or nothing urgent could
/// overtake it. Invariant 31.
#[derive(Debug)]
pub struct WaitingWithinBounds;

impl Invariant for WaitingWithinBounds {
    fn name(&self) -> &'static str {
        "what waits for a link stays within its bound"
    }

    fn after(&mut self, view: &View<'_>, host: u32, _outputs: usize) -> Finding {
        let at = view.host(host);
        let most = view.config.outbox_bytes_max;
        match at.node.waiting().find(|(_, bytes)| *bytes > most) {
            Some((link, bytes)) => Err((host, format!("{bytes} bytes wait for {link:?}, of at most {most}"))),
            None => Ok(()),
        }
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        for (host, at) in view.living() {
            for leg in at.legs.iter().filter(|leg| leg.up) {
                let buffered = view.connections[leg.connection.0 as usize].end(leg.side).outgoing.buffered_bytes();
                if buffered > BUFFER_BYTES_MAX {
                    return Err((host, format!("{buffered} bytes in the buffer of {:?}", leg.link)));
                }
            }
        }
        Ok(())
    }
}

/// Who has been alone for long holds nothing of those who were there. Invariant 31.
#[derive(Debug, Default)]
pub struct NothingHeldWhenAlone {
    since: Option<(u32, Micros)>,
}

impl Invariant for NothingHeldWhenAlone {
    fn name(&self) -> &'static str {
        "when all are gone nothing is held of them"
    }

    fn on_start(&mut self, _host: u32, _id: PeerId) {
        self.since = None;
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        let mut living = view.living().filter(|(_, at)| at.state == State::Running);
        let alone = living.next().filter(|_| view.living().nth(1).is_none());
        let Some((host, at)) = alone else {
            self.since = None;
            return Ok(());
        };
        let (_, since) = *self.since.get_or_insert((host, view.now));
        let (members, links) = (at.node.standings().count(), at.node.links().count());
        if view.now - since > ALONE && members + links + at.legs.len() > 0 {
            let s = ALONE / SECOND;
            return Err((host, format!("{members} members and {links} links after {s} s alone")));
        }
        Ok(())
    }
}

/// In a room at rest all have about as many links, and those who introduce newcomers are no hubs. Invariant 17.
#[derive(Debug, Default)]
pub struct EvenDegrees {
    /// When a member last came or went.
    changed_at: Micros,
    living: BTreeMap<u32, PeerId>,
}

impl Invariant for EvenDegrees {
    fn name(&self) -> &'static str {
        "degrees stay near each other"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        // It starts anew: that counts as going and coming.
        self.living.remove(&host);
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        let living: BTreeMap<u32, PeerId> =
            view.living().filter(|(_, at)| at.state == State::Running).map(|(host, at)| (host, at.node.id())).collect();
        let before = std::mem::replace(&mut self.living, living);
        if before != self.living || view.is_hindered {
            self.changed_at = view.now;
        }
        // A small room is a full mesh, and every link of it is wanted.
        let small = self.living.len() <= view.config.small_room_max.max(view.config.links_max) + 1;
        if small || view.now - self.changed_at < REST {
            return Ok(());
        }
        let degree = |host: &u32| view.host(*host).node.links().filter(|(_, _, greeted)| *greeted).count();
        if let Some(host) = self.living.keys().find(|host| degree(host) < DEGREE_MIN) {
            let (links, since) = (degree(host), REST / SECOND);
            return Err((*host, format!("{links} links, though nobody has come or gone for {since} s")));
        }
        let mean = |degrees: &[usize]| degrees.iter().sum::<usize>() as f64 / degrees.len().max(1) as f64;
        let is_greeter = |host: &u32| {
            let node = &view.host(*host).node;
            node.member(&node.id()).is_some_and(|member| member.greeter)
        };
        let (greeters, others): (Vec<u32>, Vec<u32>) = self.living.keys().partition(|host| is_greeter(host));
        let of = |hosts: &[u32]| mean(&hosts.iter().map(degree).collect::<Vec<_>>());
        match greeters.first() {
            Some(first) if !others.is_empty() && of(&greeters) > of(&others) + HUB => {
                let (theirs, others) = (of(&greeters), of(&others));
                Err((*first, format!("greeters have {theirs:.1} links, others {others:.1}")))
            }
            _ => Ok(()),
        }
    }
}
