//! What a member costs those who know it.

#[path = "../benches/core/room.rs"]
#[allow(
    dead_code,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "what is made for benchmarks, which use all of it"
)]
mod room;

use chinwag_core::{Config, Node};
use peak_alloc::PeakAlloc;
use room::{LINKS, Room};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a node holds that knows so many members, all of whom have spoken, without what is kept of posts for a while.
fn held_bytes(members: usize) -> usize {
    let mut config = Config::default();
    config.cache_bytes_max = 0;
    let node: Node = Room::with(config, members, LINKS - 5).into_node();
    let with = MEMORY.current_usage();
    drop(node);
    with - MEMORY.current_usage()
}

// One test alone in its process: whatever else allocates would be counted.
#[test]
fn a_member_costs_less_than_288_bytes() {
    let [few, many] = [1_000, 9_000].map(held_bytes);
    let each = (many - few) / 8_000;
    println!("{each} bytes for each member: {few} for 1,000, {many} for 9,000");
    assert!(each <= 288, "{each} bytes for each member");
}
