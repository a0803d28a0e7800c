//! Two members hold the same entries but for some, and get a new link: what it takes until they are equal.

use chinwag_core::Command;

use super::{Options, Stage, state};
use crate::{
    faults::Partition,
    report,
    time::{MS, Micros, SECOND},
};

/// Until both hold all entries, and until they are equal again, at most.
const PATIENCE: Micros = 300 * SECOND;

/// Nothing passes for so long: the link is gone then.
const CUT: Micros = 60 * SECOND;

/// The same, with bounds that let one member write all the entries, and patience that lets both outlive the cut as members.
pub(super) fn prepare(options: &Options) -> Options {
    let mut options = Options { nodes: 2, ..options.clone() };
    options.config.owner_entries_max = options.config.state_entries_max;
    options.config.owner_bytes_max = options.config.state_bytes_max;
    options.config.suspicion_ms = 3_600_000;
    options
}

pub(super) fn run(stage: &mut Stage, entries: u32, differing: u32) {
    stage.warm_up();
    (0..entries).for_each(|n| set(stage, n % 2, &format!("key {n}")));
    let (since, deadline) = (stage.network.now(), stage.network.now() + PATIENCE);
    state::settle(stage, since, deadline);
    let cut = stage.network.add_fault(Box::new(Partition::of([1].into_iter().collect())));
    stage.network.run_for(CUT);
    // Half of them are new, and half replace others.
    for n in 0..differing {
        let key = if n % 4 < 2 { format!("key {n}") } else { format!("new {n}") };
        set(stage, n % 2, &key);
    }
    stage.network.run_for(MS);
    stage.expect(differing == 0 || !state::is_equal(&stage.network), || "what was written differs".to_owned());
    stage.begin();
    stage.network.remove_fault(cut);
    let deadline = stage.network.now() + PATIENCE;
    stage.network.run_while(SECOND, deadline, |network| network.traffic.state_syncs().count() == 0);
    let since = stage.network.now();
    state::settle(stage, since, deadline);
    stage.network.run_for(10 * SECOND);
    let first = stage.network.traffic.state_syncs().next().copied();
    stage.expect(first.is_some(), || "the two compare what they hold".to_owned());
    stage.report.sync = first.map(|sync| report::Sync { rounds: sync.rounds, bytes: sync.bytes });
}

fn set(stage: &mut Stage, host: u32, key: &str) {
    let value = Some(b"a value of some length".to_vec());
    let refused =
        stage.network.command(host, Command::MapSet { map: "board".to_owned(), key: key.to_owned(), value }).err();
    stage.expect(refused.is_none(), || format!("node {host} may write {key} ({refused:?})"));
}
