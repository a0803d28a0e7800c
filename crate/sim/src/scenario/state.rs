//! What scenarios do with maps, logs and counters.

use chinwag_core::Command;

use super::Stage;
use crate::{
    network::Network,
    random::{RngExt, Stream},
    report::Heal,
    time::{Micros, seconds},
};

/// How often it is looked whether all hold the same.
const LOOK: Micros = super::stage::LOOK;

/// Something that a user may write. `value` makes it one of its kind.
pub(super) fn draw(chance: &mut Stream, value: u32) -> Command {
    let bytes = value.to_le_bytes().to_vec();
    match chance.random_range(0..8_u32) {
        0..3 => Command::LogAppend { log: "chat".to_owned(), value: bytes },
        3 | 4 => Command::CounterAdd { counter: "votes".to_owned(), amount: chance.random_range(-3..=9) },
        kind => Command::MapSet {
            map: "board".to_owned(),
            key: chance.random_range(0..20_u32).to_string(),
            value: (kind < 7).then_some(bytes),
        },
    }
}

/// A host writes a key of its own, one that all write, a message, and a vote.
pub(super) fn write_all_kinds(stage: &mut Stage, host: u32) {
    let value = host.to_le_bytes().to_vec();
    let set = |key: String| Command::MapSet { map: "board".to_owned(), key, value: Some(value.clone()) };
    let append = Command::LogAppend { log: "chat".to_owned(), value: value.clone() };
    let add = Command::CounterAdd { counter: "votes".to_owned(), amount: 1 };
    for command in [set(host.to_string()), set("of all".to_owned()), append, add] {
        let refused = stage.network.command(host, command).err();
        stage.expect(refused.is_none(), || format!("node {host} may write ({refused:?})"));
    }
}

/// Whether all the living hold the same entries.
pub(super) fn is_equal(network: &Network) -> bool {
    let mut all = network.living().map(|host| network.hosts()[host as usize].node.state_fingerprint());
    let first = all.next();
    all.all(|one| Some(one) == first)
}

/// Looks on until all is right, as [`Stage::heal`] does, and whether meanwhile all have come to hold the same.
pub(super) fn heal(stage: &mut Stage, deadline: Micros) -> Heal {
    let since = stage.network.now();
    let mut equal_at = None;
    let mut heal = stage.heal(deadline, |stage| {
        let now = stage.network.now();
        equal_at = if is_equal(&stage.network) { equal_at.or(Some(now)) } else { None };
    });
    let settled = settle(stage, since, deadline);
    heal.state_equal_s = settled.map(|settled| equal_at.map_or(settled, |at| seconds(at - since)));
    heal
}

/// Waits until all the living hold the same entries, and see the same. After how long since `since`, if it comes true.
pub(super) fn settle(stage: &mut Stage, since: Micros, deadline: Micros) -> Option<f64> {
    let equal = stage.network.run_while(LOOK, deadline, |network| !is_equal(network));
    let took = seconds(stage.network.now() - since);
    stage.expect(equal, || "maps, logs and counters are equal everywhere".to_owned());
    let same = views_are_equal(&stage.network);
    stage.expect(!equal || same, || "who holds the same entries sees the same".to_owned());
    equal.then_some(took)
}

fn views_are_equal(network: &Network) -> bool {
    let mut all = network.living().map(|host| {
        let node = &network.hosts()[host as usize].node;
        let map: Vec<_> =
            node.map_entries("board").map(|(key, value, by)| (key.to_owned(), value.to_vec(), by)).collect();
        (map, node.log_entries("chat").collect::<Vec<_>>(), node.counter("votes"))
    });
    let first = all.next();
    all.all(|one| Some(one) == first)
}
