//! What may become of maps, logs and counters.

use std::collections::{BTreeMap, BTreeSet};

use chinwag_core::{
    Alone, Command, Event, Node, PeerId,
    wire::{Entry, RoomKey, Signed},
};
use rustc_hash::FxHashSet;

use super::{Finding, Invariant, View};
use crate::{
    host::State,
    network::ROOM,
    time::{Micros, SECOND},
};

/// Two members with a link between them hold the same at the latest so long after the last write and the last fault.
const QUIET: Micros = 300 * SECOND;

/// What an entry's key and value say, read as docs/PROTOCOL.md has it, and not by the code that is checked.
enum Meaning {
    Map { name: String, key: String, stamp: u64, value: Vec<u8> },
    Log { name: String, stamp: u64 },
    Counter { name: String, total: i64 },
}

fn meaning(entry: &Entry) -> Option<Meaning> {
    let [kind, len, rest @ ..] = entry.key.as_slice() else { return None };
    let (name, rest) = rest.split_at_checked(usize::from(*len))?;
    let name = String::from_utf8(name.to_vec()).ok()?;
    Some(match kind {
        b'm' => {
            let (stamp, value) = entry.value.split_first_chunk()?;
            let key = String::from_utf8(rest.to_vec()).ok()?;
            Meaning::Map { name, key, stamp: u64::from_le_bytes(*stamp), value: value.to_vec() }
        }
        b'l' => Meaning::Log { name, stamp: u64::from_be_bytes(rest.try_into().ok()?) },
        b'c' => Meaning::Counter { name, total: i64::from_le_bytes(entry.value.as_slice().try_into().ok()?) },
        _ => return None,
    })
}

/// The hosts whose entries are others than a second ago.
#[derive(Debug, Default)]
struct Changes {
    fingerprints: BTreeMap<u32, u128>,
}

impl Changes {
    fn forget(&mut self, host: u32) {
        self.fingerprints.remove(&host);
    }

    fn is_changed(&mut self, host: u32, node: &Node) -> bool {
        let now = node.state_fingerprint();
        self.fingerprints.insert(host, now).unwrap_or(0) != now
    }
}

/// What stands for an entry's place, and its rank there: in a map one for all owners, by stamp; elsewhere one for each.
type Place = (Vec<u8>, Option<PeerId>);
type Rank = (u64, PeerId, u64);

/// An entry is its owner's, by its signature, and none takes the place of a newer one. Invariant 30.
#[derive(Debug, Default)]
pub struct AuthenticEntries {
    changes: Changes,
    verified: FxHashSet<Vec<u8>>,
    held: BTreeMap<u32, BTreeMap<Place, Rank>>,
}

impl AuthenticEntries {
    fn check(&mut self, view: &View<'_>, host: u32, entry: &Signed<Entry>) -> Finding {
        let owner = entry.body.owner;
        let wrong = |what: &str| Err((host, format!("it holds an entry of {owner:?} {what}")));
        let Some(meaning) = meaning(&entry.body) else { return wrong("that means nothing") };
        let Some(signer) = view.host_of(&owner) else { return wrong("whom nobody knows") };
        if !self.verified.contains(entry.signature.as_slice()) {
            let key = view.host(signer).node.member(&owner).map(|member| member.public_key).unwrap_or_default();
            if !entry.verify(&key, &RoomKey::new(ROOM), &Alone) {
                return wrong("that it did not sign");
            }
            self.verified.insert(entry.signature.to_vec());
        }
        let (place, stamp) = match meaning {
            Meaning::Map { stamp, .. } => ((entry.body.key.clone(), None), stamp),
            Meaning::Log { .. } | Meaning::Counter { .. } => ((entry.body.key.clone(), Some(owner)), 0),
        };
        let rank = (stamp, owner, entry.body.version);
        let before = self.held.entry(host).or_default().insert(place, rank);
        match before {
            Some(before) if rank < before => wrong(&format!("that is older than the one before: {rank:?}, {before:?}")),
            _ => Ok(()),
        }
    }
}

impl Invariant for AuthenticEntries {
    fn name(&self) -> &'static str {
        "an entry is signed by its owner and replaced by none that is older"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.changes.forget(host);
        self.held.remove(&host);
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        for (host, at) in view.living() {
            if self.changes.is_changed(host, &at.node) {
                at.node.entries().try_for_each(|entry| self.check(view, host, entry))?;
            }
        }
        Ok(())
    }
}

/// What a user sees is the merge of the entries that the node holds, whatever came first and however often, and events have told of it. Invariant 27.
#[derive(Debug, Default)]
pub struct ViewsAreMerges {
    changes: Changes,
    told: BTreeMap<u32, Told>,
}

/// What a user knows who has only listened.
#[derive(Debug, Default)]
struct Told {
    maps: BTreeMap<(String, String), Vec<u8>>,
    logs: BTreeSet<(String, u64, PeerId)>,
    counters: BTreeMap<String, i64>,
}

impl ViewsAreMerges {
    fn check(told: &Told, node: &Node) -> Result<(), String> {
        let mut maps: BTreeMap<(String, String), (u64, PeerId, Vec<u8>)> = BTreeMap::new();
        let mut logs: BTreeMap<String, BTreeSet<(u64, PeerId)>> = BTreeMap::new();
        let mut counters: BTreeMap<String, i64> = BTreeMap::new();
        for entry in node.entries() {
            match meaning(&entry.body) {
                Some(Meaning::Map { name, key, stamp, value }) => {
                    let write = (stamp, entry.body.owner, value);
                    let newest = maps.entry((name, key)).or_insert_with(|| write.clone());
                    *newest = newest.clone().max(write);
                }
                Some(Meaning::Log { name, stamp }) => {
                    logs.entry(name).or_default().insert((stamp, entry.body.owner));
                }
                Some(Meaning::Counter { name, total }) => *counters.entry(name).or_default() += total,
                None => {}
            }
        }
        for ((map, key), (_, _, value)) in &maps {
            let place = (map.clone(), key.clone());
            let known = [node.map_get(map, key), told.maps.get(&place).map(Vec::as_slice)];
            if known.iter().any(|known| known.unwrap_or_default() != value.as_slice()) {
                return Err(format!("{map}/{key} is {value:?}; read and told: {known:?}"));
            }
        }
        for (log, entries) in &logs {
            let read: Vec<_> = node.log_entries(log).map(|entry| (entry.stamp, entry.from)).collect();
            let untold = |(stamp, from): &(u64, PeerId)| !told.logs.contains(&(log.clone(), *stamp, *from));
            if !read.iter().eq(entries) || read.iter().any(untold) {
                return Err(format!("{log} has {} messages, of which {} are read", entries.len(), read.len()));
            }
        }
        for (counter, value) in &counters {
            if node.counter(counter) != *value || told.counters.get(counter) != Some(value) {
                let told = told.counters.get(counter);
                return Err(format!("{counter} is {value}; read {}, told {told:?}", node.counter(counter)));
            }
        }
        Ok(())
    }
}

impl Invariant for ViewsAreMerges {
    fn name(&self) -> &'static str {
        "maps, logs and counters are the merge of the entries, and events tell of it"
    }

    fn on_start(&mut self, host: u32, _id: PeerId) {
        self.changes.forget(host);
        self.told.remove(&host);
    }

    fn on_event(&mut self, _view: &View<'_>, host: u32, event: &Event) -> Finding {
        if !matches!(event, Event::MapChanged { .. } | Event::LogAppended { .. } | Event::CounterChanged { .. }) {
            return Ok(());
        }
        let told = self.told.entry(host).or_default();
        match event {
            Event::MapChanged { map, key, value, .. } => {
                told.maps.insert((map.clone(), key.clone()), value.clone().unwrap_or_default());
            }
            Event::LogAppended { log, entry } if !told.logs.insert((log.clone(), entry.stamp, entry.from)) => {
                return Err((host, format!("{log} was told twice of #{} by {:?}", entry.stamp, entry.from)));
            }
            Event::CounterChanged { counter, value } => {
                told.counters.insert(counter.clone(), *value);
            }
            _ => {}
        }
        Ok(())
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        for (host, at) in view.living() {
            if self.changes.is_changed(host, &at.node) {
                Self::check(self.told.entry(host).or_default(), &at.node).map_err(|what| (host, what))?;
            }
        }
        Ok(())
    }
}

/// Peers whose entries differ find out, and are equal in the end. Invariant 28.
#[derive(Debug, Default)]
pub struct PeersBecomeEqual {
    has_changed: bool,
    quiet_since: Micros,
}

impl Invariant for PeersBecomeEqual {
    fn name(&self) -> &'static str {
        "peers that hold different entries become equal"
    }

    fn on_start(&mut self, _host: u32, _id: PeerId) {
        self.has_changed = true;
    }

    fn on_resume(&mut self, _now: Micros, _host: u32) {
        self.has_changed = true;
    }

    fn on_command(&mut self, _host: u32, command: &Command) {
        let writes = matches!(command, Command::MapSet { .. } | Command::LogAppend { .. } | Command::CounterAdd { .. });
        self.has_changed |= writes;
    }

    fn every_second(&mut self, view: &View<'_>) -> Finding {
        let stands_still = view.living().any(|(_, host)| host.state == State::Paused);
        if std::mem::take(&mut self.has_changed) || view.is_cut || view.is_hindered || stands_still {
            self.quiet_since = view.now;
        }
        if view.now - self.quiet_since < QUIET {
            return Ok(());
        }
        for (host, at) in view.living() {
            let peers =
                at.node.links().filter(|(_, _, carries)| *carries).filter_map(|(_, peer, _)| view.host_of(&peer));
            for peer in peers.filter(|peer| view.host(*peer).is_alive()) {
                if at.node.state_fingerprint() != view.host(peer).node.state_fingerprint() {
                    return Err((host, format!("for {} s it has held other entries than node {peer}", QUIET / SECOND)));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Network, Settings};

    /// Two that are linked, and have written something.
    fn room() -> Network {
        let mut network = Network::new(Settings::default());
        for host in 0..2 {
            network.spawn();
            network.run_for(5 * SECOND);
            let value = Some(vec![host]);
            network.command(host.into(), Command::MapSet { map: "m".into(), key: "k".into(), value }).unwrap();
            let add = Command::CounterAdd { counter: "c".into(), amount: 5 };
            network.command(host.into(), add).unwrap();
            let append = Command::LogAppend { log: "l".into(), value: vec![host] };
            network.command(host.into(), append).unwrap();
        }
        network.run_for(2 * SECOND);
        assert_eq!(network.violation(), None);
        network
    }

    fn entries(network: &Network) -> Vec<Signed<Entry>> {
        network.hosts()[0].node.entries().cloned().collect()
    }

    #[test]
    fn an_entry_that_its_owner_did_not_sign_is_found() {
        let network = room();
        let mut rule = AuthenticEntries::default();
        assert!(rule.every_second(&network.view()).is_ok());
        for mut entry in entries(&network) {
            assert!(rule.check(&network.view(), 1, &entry).is_ok());
            entry.signature[0] ^= 1;
            assert!(rule.check(&network.view(), 1, &entry).is_err());
        }
    }

    #[test]
    fn an_entry_in_the_place_of_a_newer_one_is_found() {
        let mut network = room();
        let before = entries(&network);
        let mut rule = AuthenticEntries::default();
        network.command(0, Command::MapSet { map: "m".into(), key: "k".into(), value: None }).unwrap();
        let after = entries(&network);
        let changed = |all: &[Signed<Entry>], others: &[Signed<Entry>]| {
            all.iter().find(|entry| !others.contains(entry)).cloned().unwrap()
        };
        assert!(rule.check(&network.view(), 0, &changed(&after, &before)).is_ok());
        assert!(rule.check(&network.view(), 0, &changed(&before, &after)).is_err());
    }

    #[test]
    fn a_view_of_which_no_event_has_told_is_found() {
        let network = room();
        let node = &network.hosts()[0].node;
        let mut rule = ViewsAreMerges::default();
        assert!(rule.every_second(&network.view()).is_err(), "it has heard nothing");
        let (author, other) = (network.hosts()[1].node.id(), node.id());
        let set = Event::MapChanged { map: "m".into(), key: "k".into(), value: Some(vec![1]), by: author };
        let count = Event::CounterChanged { counter: "c".into(), value: 10 };
        let appended = node.log_entries("l").map(|entry| Event::LogAppended { log: "l".into(), entry });
        for event in appended.chain([set, count]) {
            assert!(rule.on_event(&network.view(), 0, &event).is_ok());
        }
        let told = |rule: &ViewsAreMerges| ViewsAreMerges::check(&rule.told[&0], node);
        assert_eq!(told(&rule), Ok(()));
        let stale = Event::MapChanged { map: "m".into(), key: "k".into(), value: Some(vec![0]), by: other };
        rule.on_event(&network.view(), 0, &stale).unwrap();
        assert!(told(&rule).is_err());
        let again = node.log_entries("l").map(|entry| Event::LogAppended { log: "l".into(), entry }).next().unwrap();
        assert!(rule.on_event(&network.view(), 0, &again).is_err(), "told twice");
    }

    #[test]
    fn peers_that_stay_different_are_found_when_all_is_quiet() {
        let mut network = room();
        let mut rule = PeersBecomeEqual::default();
        rule.on_start(0, network.hosts()[0].node.id());
        assert!(rule.every_second(&network.view()).is_ok());
        // Written, and not yet under way.
        network.command(0, Command::CounterAdd { counter: "c".into(), amount: 1 }).unwrap();
        let later = |by| View { now: network.now() + by, ..network.view() };
        assert!(rule.every_second(&later(QUIET - 10 * SECOND)).is_ok());
        assert!(rule.every_second(&later(QUIET + SECOND)).is_err());
        rule.on_command(0, &Command::CounterAdd { counter: "c".into(), amount: 1 });
        assert!(rule.every_second(&later(QUIET + SECOND)).is_ok(), "somebody has just written");
    }
}
