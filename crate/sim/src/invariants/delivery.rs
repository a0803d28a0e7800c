//! What users may be given.

use std::collections::{BTreeMap, BTreeSet};

use chinwag_core::{Command, Event, PeerId};

use super::{Finding, Invariant, View};
use crate::{bits::Bits, hash::of_bytes};

/// Which hosts were given which messages: a bit each.
#[derive(Debug, Default)]
struct Deliveries {
    /// By author and sequence.
    given: BTreeMap<u32, BTreeMap<u64, Bits>>,
}

impl Deliveries {
    /// A host has been given a message. Whether it is the first time.
    fn insert(&mut self, host: u32, author: u32, seq: u64) -> bool {
        self.given.entry(author).or_default().entry(seq).or_default().insert(host)
    }

    /// A message of this author after that one which the host was given.
    fn later(&self, host: u32, author: u32, seq: u64) -> Option<u64> {
        let after = self.given.get(&author)?.range(seq.checked_add(1)?..);
        after.rev().find(|(_, hosts)| hosts.contains(host)).map(|(later, _)| *later)
    }

    /// A host begins anew.
    fn forget(&mut self, host: u32) {
        for hosts in self.given.values_mut().flat_map(BTreeMap::values_mut) {
            hosts.remove(host);
        }
    }
}

/// A message is given to the user at most once. Invariant 21.
#[derive(Debug, Default)]
pub struct AtMostOnce {
    had: Deliveries,
}

impl Invariant for AtMostOnce {
    fn name(&self) -> &'static str {
        "a message is delivered at most once"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.had.forget(host);
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let Event::Message(message) = event else { return Ok(()) };
        let author = view.host_of(&message.from).unwrap_or(u32::MAX);
        if self.had.insert(host, author, message.seq) {
            return Ok(());
        }
        Err((host, format!("it got #{} of node {author} again", message.seq)))
    }
}

/// Messages of one author come in the order in which it sent them, as long as none is held up for longer than the order
/// is kept. Invariant 26. Not among those that hold whatever happens: loss can hold one up for long.
#[derive(Debug, Default)]
pub struct InOrder {
    had: Deliveries,
}

impl Invariant for InOrder {
    fn name(&self) -> &'static str {
        "messages of one author come in order"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.had.forget(host);
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let Event::Message(message) = event else { return Ok(()) };
        let author = view.host_of(&message.from).unwrap_or(u32::MAX);
        self.had.insert(host, author, message.seq);
        match self.had.later(host, author, message.seq) {
            Some(later) => Err((host, format!("of node {author} it got #{} after #{later}", message.seq))),
            None => Ok(()),
        }
    }
}

/// What is delivered was said by whom it names, and is what was said. Invariant 23.
#[derive(Debug, Default)]
pub struct BytesAsSent {
    said: BTreeSet<(u32, u64)>,
}

impl Invariant for BytesAsSent {
    fn name(&self) -> &'static str {
        "what is delivered is what its author said"
    }

    fn on_command(&mut self, host: u32, command: &Command) {
        if let Command::Send { payload, .. } = command {
            self.said.insert((host, of_bytes(payload)));
        }
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let Event::Message(message) = event else { return Ok(()) };
        let author = view.host_of(&message.from).unwrap_or(u32::MAX);
        if self.said.contains(&(author, of_bytes(&message.payload))) {
            return Ok(());
        }
        Err((host, format!("it got {} bytes that node {author} never said", message.payload.len())))
    }
}

/// A presence is one that its owner has set, and never an older one than before. Invariant 30.
#[derive(Debug, Default)]
pub struct AuthenticPresence {
    /// Values by owner, in the order in which they were set.
    set: BTreeMap<u32, Vec<u64>>,
    /// The last that a host has seen of an owner, as a place in that order.
    seen: BTreeMap<(u32, u32), usize>,
}

impl Invariant for AuthenticPresence {
    fn name(&self) -> &'static str {
        "a presence is its owner's newest or nothing older than before"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.seen.retain(|(observer, _), _| *observer != host);
    }

    fn on_command(&mut self, host: u32, command: &Command) {
        if let Command::SetPresence { value } = command {
            self.set.entry(host).or_default().push(of_bytes(value));
        }
    }

    fn on_event(&mut self, view: &View<'_>, host: u32, event: &Event) -> Finding {
        let Event::Presence(member) = event else { return Ok(()) };
        let (Some(owner), Some(value)) = (view.host_of(&member.id), &member.presence) else { return Ok(()) };
        let value = of_bytes(value);
        let place = self.set.get(&owner).and_then(|set| set.iter().rposition(|other| *other == value));
        let before = self.seen.get(&(host, owner)).copied();
        match place {
            None => Err((host, format!("it holds a presence that node {owner} never set"))),
            Some(place) if before.is_some_and(|before| place < before) => {
                Err((host, format!("the presence of node {owner} went back to an older one")))
            }
            Some(place) => {
                self.seen.insert((host, owner), place);
                Ok(())
            }
        }
    }
}
