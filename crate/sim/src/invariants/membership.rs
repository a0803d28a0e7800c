//! What nodes may believe of each other.

use std::collections::BTreeMap;

use chinwag_core::{Departure, Event, MemberView, PeerId, Status};

use super::{Finding, Invariant, View};
use crate::time::{MS, Micros, SECOND};

/// Accusers that make a death, where there are as many who could know.
const QUORUM: usize = 3;

/// News of a member may be under way for so long after its end.
const SPREAD: Micros = 120 * SECOND;

/// One belief as one number: a greater incarnation is greater, and of one incarnation dead over suspect over alive.
const fn belief(incarnation: u64, rank: u64) -> u64 {
    incarnation.saturating_mul(4).saturating_add(rank)
}

fn belief_of(member: &MemberView) -> u64 {
    belief(member.incarnation, u64::from(member.status == Status::Suspect))
}

const DEAD: u64 = 2;

/// The pair (incarnation, alive < suspect < dead) of a member never decreases at a node, and only a greater incarnation
/// revives the dead while they are remembered. Invariants 1 and 2.
#[derive(Debug, Default)]
pub struct NeverBackwards {
    /// By host and subject; 0 where nothing is known.
    beliefs: Vec<Vec<u64>>,
    /// When somebody was buried at a host.
    buried_at: BTreeMap<(u32, u32), Micros>,
}

impl NeverBackwards {
    fn believe(&mut self, view: &View<'_>, host: u32, id: &PeerId, now_believed: u64) -> Finding {
        let Some(subject) = view.host_of(id) else { return Ok(()) };
        let row = &mut self.beliefs[host as usize];
        if row.capacity() <= subject as usize {
            // By an eighth: there is a row for each host, and doubling would waste a third.
            row.reserve_exact((subject as usize + 1) * 9 / 8 - row.len());
        }
        row.resize(row.len().max(subject as usize + 1), 0);
        let before = std::mem::replace(&mut row[subject as usize], now_believed);
        let buried_at = self.buried_at.remove(&(host, subject));
        let forgotten = buried_at.is_some_and(|at| view.now - at >= u64::from(view.config.tombstone_ms) * MS);
        if now_believed < before && !forgotten {
            let told =
                |belief: u64| format!("i{} {}", belief / 4, ["alive", "suspect", "dead"][(belief % 4) as usize % 3]);
            return Err((host, format!("of node {subject}: {} after {}", told(now_believed), told(before))));
        }
        if now_believed % 4 == DEAD {
            self.buried_at.insert((host, subject), view.now);
        }
        Ok(())
    }
}

impl Invariant for NeverBackwards {
    fn name(&self) -> &'static str {
        "what a node believes of a member never goes backwards"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.beliefs.resize(self.beliefs.len().max(host as usize + 1), Vec::new());
        self.beliefs[host as usize].clear();
        self.buried_at.retain(|(observer, _), _| *observer != host);
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        match event {
            Event::Joined(member) | Event::Changed(member) | Event::Suspected { member, .. } => {
                self.believe(view, host, &member.id, belief_of(member))
            }
            Event::Gone { member, .. } => self.believe(view, host, &member.id, belief(member.incarnation, DEAD)),
            _ => Ok(()),
        }
    }
}

/// Nobody holds an incarnation of a member that is greater than its owner has issued. Invariant 3.
#[derive(Debug, Default)]
pub struct IncarnationIsTheOwners {
    issued: Vec<u64>,
}

impl Invariant for IncarnationIsTheOwners {
    fn name(&self) -> &'static str {
        "only its owner raises an incarnation"
    }

    fn after(&mut self, view: &View<'_>, host: u32, _outputs: usize) -> Finding {
        let node = &view.host(host).node;
        // Two tabs with one key count as one owner.
        let owner = view.host_of(&node.id()).unwrap_or(host) as usize;
        self.issued.resize(self.issued.len().max(owner + 1), 0);
        self.issued[owner] = self.issued[owner].max(node.incarnation());
        Ok(())
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let (Event::Joined(member) | Event::Changed(member) | Event::Suspected { member, .. }) = event else {
            return Ok(());
        };
        let Some(owner) = view.host_of(&member.id) else { return Ok(()) };
        let issued = self.issued.get(owner as usize).copied().unwrap_or(0);
        if member.incarnation <= issued {
            return Ok(());
        }
        Err((host, format!("it holds i{} of node {owner}, which has issued i{issued} at most", member.incarnation)))
    }
}

/// A node never holds itself suspect or dead. Invariant 4.
#[derive(Debug)]
pub struct NobodyDoubtsItself;

impl Invariant for NobodyDoubtsItself {
    fn name(&self) -> &'static str {
        "a node never holds itself suspect or dead"
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let (Event::Suspected { member, .. } | Event::Gone { member, .. }) = event else { return Ok(()) };
        if member.id == view.host(host).node.id() {
            return Err((host, "it told its user that it is suspect or gone".to_owned()));
        }
        Ok(())
    }
}

/// Who is declared dead was under suspicion at that incarnation. Invariant 8.
#[derive(Debug, Default)]
pub struct SuspectedBeforeDead {
    suspected: BTreeMap<(u32, u32), u64>,
}

impl Invariant for SuspectedBeforeDead {
    fn name(&self) -> &'static str {
        "a death follows a suspicion of the same incarnation"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.suspected.retain(|(observer, _), _| *observer != host);
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let of = |id: &PeerId| view.host_of(id).map(|subject| (host, subject));
        match event {
            Event::Suspected { member, .. } => {
                of(&member.id).map(|pair| self.suspected.insert(pair, member.incarnation));
            }
            Event::Changed(member) | Event::Joined(member) if member.status == Status::Alive => {
                of(&member.id).map(|pair| self.suspected.remove(&pair));
            }
            Event::Gone { member, why } => {
                let Some(pair) = of(&member.id) else { return Ok(()) };
                let suspected = self.suspected.remove(&pair);
                if matches!(why, Departure::Failed { .. }) && suspected != Some(member.incarnation) {
                    let (subject, incarnation) = (pair.1, member.incarnation);
                    return Err((host, format!("node {subject} died at i{incarnation}, suspected at {suspected:?}")));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A member that runs is not declared dead on the word of fewer than it takes. Invariant 10.
///
/// Not asked while the room is cut: who is left alone with another has only one word to go by. The same holds of one without a link to
/// anybody who runs while something keeps it from making one. And who has started anew is not who it was before.
#[derive(Debug, Default)]
pub struct OneLiarKillsNobody {
    /// The incarnation with which each host has started, as far as it has been looked at since.
    started_at: BTreeMap<u32, Option<u64>>,
}

impl Invariant for OneLiarKillsNobody {
    fn name(&self) -> &'static str {
        "fewer accusers than it takes kill nobody that runs"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.started_at.insert(host, None);
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let mut started_at = |host: u32| {
            *self.started_at.entry(host).or_default().get_or_insert_with(|| view.host(host).node.incarnation())
        };
        started_at(host);
        let Event::Gone { member, why: Departure::Failed { accusers, .. } } = event else { return Ok(()) };
        if view.host_of(&member.id).is_some_and(|subject| member.incarnation < started_at(subject)) {
            return Ok(());
        }
        let linked = || view.host(host).node.links().any(|(_, peer, greeted)| greeted && view.is_running(&peer));
        let alone = view.is_hindered && !linked();
        if view.is_cut || alone || view.adversaries.contains(host) || !view.is_running(&member.id) {
            return Ok(());
        }
        let observers = view.living().count().saturating_sub(1);
        if accusers.len() < QUORUM.min(observers) {
            return Err((host, format!("{:?}, which runs, was accused by {accusers:?} alone", member.id)));
        }
        Ok(())
    }
}

/// Nobody who ended long ago becomes a member again: neither by stale news, nor when its grave is forgotten.
/// Invariant 11.
#[derive(Debug, Default)]
pub struct NoGhosts {
    ended_at: Vec<Option<Micros>>,
}

impl Invariant for NoGhosts {
    fn name(&self) -> &'static str {
        "nobody who ended long ago comes back"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        if let Some(ended_at) = self.ended_at.get_mut(host as usize) {
            *ended_at = None;
        }
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        self.ended_at.resize(view.hosts.len(), None);
        for (ended_at, host) in self.ended_at.iter_mut().zip(view.hosts) {
            if host.is_alive() {
                *ended_at = None;
            } else {
                ended_at.get_or_insert(view.now);
            }
        }
        Ok(())
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let Event::Joined(member) = event else { return Ok(()) };
        let Some(subject) = view.host_of(&member.id) else { return Ok(()) };
        let ended_at = self.ended_at.get(subject as usize).copied().flatten();
        // Two tabs with one key: the member is there as long as one of them is.
        let clone_runs = || view.living().any(|(_, other)| other.node.id() == member.id);
        if !view.is_cut && ended_at.is_some_and(|at| view.now - at > SPREAD) && !clone_runs() {
            return Err((host, format!("node {subject} joined, which ended more than {} s ago", SPREAD / SECOND)));
        }
        Ok(())
    }
}
