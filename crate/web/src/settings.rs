//! Knobs on their way in, statistics on their way out: lists of numbers, whose names the TypeScript face knows.
//!
//! In the same order as there (`RANGES` in config.ts, `HOST_STATS` in stats.ts), which a test of the face checks.

use alloc::vec::Vec;

use chinwag_core::{Config, Node};

use crate::driver::Driver;

/// Sets each knob for which there is a number; for the others there is NaN.
macro_rules! knobs {
    ($($field:ident,)*) => {
        /// The defaults, but for the numbers that are given. The face has checked their ranges.
        pub(crate) fn config(numbers: &[f64]) -> Config {
            let mut config = Config::default();
            let mut numbers = numbers.iter().copied();
            $(if let Some(number) = numbers.next().filter(|number| !number.is_nan()) {
                config.$field = number as _;
            })*
            config
        }
    };
}

knobs! {
    links_wanted,
    links_max,
    dial_timeout_ms,
    dial_patience_ms,
    dial_backoff_ms,
    dial_backoff_max_ms,
    probe_interval_ms,
    silence_ms,
    silence_hidden_ms,
    suspicion_ms,
    patrol_ms,
    lateness_ms,
    tombstone_ms,
    members_max,
    message_bytes_max,
    reassembly_bytes_max,
    reassembly_total_bytes_max,
    reassembly_timeout_ms,
    presence_bytes_max,
    presence_interval_ms,
    hops_max,
    entry_bytes_max,
    owner_entries_max,
    owner_bytes_max,
    state_entries_max,
    state_bytes_max,
    log_entries_max,
    delete_life_ms,
    stamp_ahead_ms,
    sync_bytes_max,
    greeters_min,
}

/// The node's statistics and the host's own; then, for each kind of frame, how many were sent and their bytes.
pub(crate) fn stats(driver: &Driver) -> Vec<f64> {
    let (mut node, host) = (driver.with_node(Node::stats), driver.counters());
    node.messages_out += host.joined_out.get();
    let numbers = [
        node.members,
        node.suspects,
        node.links,
        node.links_pending,
        node.dials,
        node.dials_failed,
        node.frames_in,
        node.frames_out,
        node.bytes_in,
        node.bytes_out,
        host.messages_in.get(),
        node.messages_out,
        node.duplicates,
        node.violations,
        node.refutations,
        node.false_suspicions,
        node.freezes,
        node.frames_postponed,
        node.links_shed,
        host.connections_made.get(),
        host.frames_refused.get(),
        host.frames_dropped.get(),
        host.values_refused.get(),
        driver.buffered_bytes() as u64,
        driver.sends_waiting() as u64,
        node.suspicions,
        node.failures,
        node.differing,
        node.lag_ms,
        node.lag_max_ms,
        node.connections_left,
    ];
    let by_kind = node.sent_by_kind.iter().flat_map(|sent| [sent.frames, sent.bytes]);
    numbers.into_iter().chain(by_kind).map(|number| number as f64).collect()
}
