//! Every scenario, small; what it reports and what it asks for.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use chinwag_core::Strategy;
use chinwag_sim::{
    network::Manner,
    report::Report,
    scenario::{self, Kind, Options, Scenario, Shape},
    time::{MS, SECOND},
};

fn run(nodes: u32, scenario: Scenario) -> Report {
    let options = Options { scenario, nodes, duration: 30 * SECOND, ..Options::default() };
    let report = scenario::run(&options, |_| {}).report;
    assert_eq!(report.violations, Vec::<String>::new(), "{}", report.scenario);
    report
}

fn keys(value: &serde_json::Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn in_calm_nothing_is_measured_but_traffic_and_links() {
    let report = run(8, Scenario::Calm);
    let json = serde_json::to_value(&report).unwrap();
    let always = [
        "event_hash",
        "events",
        "links",
        "nodes",
        "scenario",
        "seed",
        "simulated_s",
        "traffic",
        "violations",
        "wall_s",
    ];
    assert_eq!(keys(&json), always);
    assert_eq!(keys(&json["traffic"]), ["by_kind", "bytes_per_node_s", "bytes_per_node_s_p99", "frames_per_node_s"]);
    assert_eq!(keys(&json["links"]), ["dials_per_node_max", "max", "mean"]);
    assert!((report.simulated_s - 30.0).abs() < 1e-9 && report.links.mean > 6.9);
}

#[test]
fn traffic_by_kind_adds_up() {
    let report = run(8, Scenario::Broadcast { bytes: 100, interval: 500 * MS });
    let sum: f64 = report.traffic.by_kind.values().sum();
    assert!((sum - report.traffic.bytes_per_node_s).abs() < 1e-6 * sum);
}

/// A room of 40 where messages spread by another strategy than a tree.
fn run_by(strategy: Strategy) -> Report {
    let scenario = Scenario::Broadcast { bytes: 100, interval: 500 * MS };
    let mut options = Options { scenario, nodes: 40, duration: 40 * SECOND, ..Options::default() };
    options.spread_by(strategy);
    let report = scenario::run(&options, |_| {}).report;
    assert_eq!(report.violations, Vec::<String>::new(), "{strategy:?}");
    report
}

#[test]
fn in_rounds_all_are_informed_about_when_theory_says_and_no_copy_is_sent() {
    for strategy in [Strategy::Push, Strategy::Pull, Strategy::PushPull] {
        let report = run_by(strategy);
        let (theory, broadcast) = (report.theory.unwrap(), report.broadcast.unwrap());
        let (seen, predicted) = (theory.rounds_seen.unwrap(), theory.rounds_expected_on_mesh.unwrap());
        assert!((seen.p50 - predicted).abs() < 4.0, "{strategy:?}: {} rounds, predicted {predicted}", seen.p50);
        assert!(broadcast.redundancy < 0.01, "{strategy:?}: {}", broadcast.redundancy);
        let last = theory.uninformed.last().unwrap();
        assert!(last.seen.abs() < 1e-9 && last.expected.is_some());
    }
}

#[test]
fn a_rumor_misses_few_and_they_ask_for_it() {
    let report = run_by(Strategy::Rumor);
    let theory = report.theory.unwrap();
    assert!(theory.residue_seen.unwrap() < 2.0 * theory.residue_expected.unwrap(), "{theory:?}");
    assert!(report.broadcast.unwrap().redundancy > 1.0, "it takes copies to lose interest");
    assert!(theory.rounds_seen.is_none());
}

#[test]
fn a_newcomer_is_known_and_knows_within_a_second_of_its_first_link() {
    let report = run(12, Scenario::Join);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(keys(&json["join"]), ["known_to_all_s", "learns_all_s"]);
    assert_eq!(keys(&json["join"]["known_to_all_s"]), ["max", "p50", "p99"]);
    assert_eq!(keys(&json["join"]["learns_all_s"]), ["max", "p50"]);
    assert_eq!(keys(&json["sync"]), ["bytes", "rounds"]);
    let sync = report.sync.unwrap();
    assert!((1..=8).contains(&sync.rounds) && sync.bytes > 1_000, "{sync:?}: it lacked all records");
    let join = report.join.unwrap();
    assert!(join.known_to_all_s.max > 0.0 && join.known_to_all_s.max < 1.0, "{join:?}");
    assert!(join.known_to_all_s.p50 <= join.known_to_all_s.max);
}

#[test]
fn a_storm_ends_with_everybody_knowing_everybody() {
    let report = run(16, Scenario::Storm);
    assert!(report.heal.unwrap().all_alive_s.is_some() && report.join.is_some());
}

#[test]
fn every_crash_is_known_to_all_and_nobody_else_dies() {
    let report = run(16, Scenario::Crash { manner: Manner::Killed });
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(keys(&json["crash"]), ["false_deaths", "false_suspicions", "known_to_99_s", "known_to_all_s"]);
    let crash = report.crash.unwrap();
    assert!(crash.known_to_99_s <= crash.known_to_all_s && crash.known_to_all_s < Some(30.0), "{crash:?}");
    assert_eq!(crash.false_deaths, 0);
}

#[test]
fn a_death_that_is_announced_is_known_earlier() {
    let known = |manner| run(16, Scenario::Crash { manner }).crash.unwrap().known_to_all_s.unwrap();
    assert!(known(Manner::Closed) < known(Manner::Killed));
}

#[test]
fn messages_reach_all_once() {
    let report = run(16, Scenario::Broadcast { bytes: 100, interval: 500 * MS });
    let json = serde_json::to_value(&report).unwrap();
    for key in ["delivered", "last_s", "redundancy", "hops_max", "duplicates_delivered"] {
        assert!(keys(&json["broadcast"]).contains(&key), "{key}");
    }
    let broadcast = report.broadcast.unwrap();
    assert!((broadcast.delivered - 1.0).abs() < 1e-9 && broadcast.duplicates_delivered == 0);
    assert!(broadcast.hops_max >= 1 && broadcast.last_s.max < 2.0);
}

#[test]
fn a_flood_on_narrow_links_delays_neither_the_news_of_a_death_nor_what_others_say() {
    for (flooders, bytes) in [(1, 2_000_000), (3, 3_000_000)] {
        let report = run(24, Scenario::Flood { bytes_per_s: 125_000, flooders, bytes });
        let (crash, broadcast) = (report.crash.unwrap(), report.broadcast.unwrap());
        assert!(crash.known_to_all_s < Some(6.0) && crash.false_deaths == 0, "{crash:?}");
        assert!((broadcast.delivered - 1.0).abs() < 1e-9 && broadcast.duplicates_delivered == 0);
        assert!(broadcast.last_s.p50 > 0.0 && broadcast.last_s.max < 2.0, "{:?}", broadcast.last_s);
    }
}

#[test]
fn survivors_of_a_mass_crash_find_each_other() {
    let heal = run(16, Scenario::MassCrash { fraction: 0.5, manner: Manner::Closed }).heal.unwrap();
    assert!(heal.connected_s.is_some() && heal.message_reaches_all_s.is_some());
}

#[test]
fn where_many_die_at_once_one_search_serves_all_who_miss_the_same() {
    let scenario = Scenario::MassCrash { fraction: 0.2, manner: Manner::Killed };
    let options = Options { scenario, nodes: 50, latency: 2 * MS, ..Options::default() };
    let traffic = scenario::run(&options, |_| {}).report.traffic;
    // When each of them searched the whole room, searches took half as much again as the accusations.
    let [searches, accusations] = ["seek", "suspicion"].map(|kind| traffic.by_kind[kind]);
    assert!(searches > 0.0 && searches < accusations / 2.0, "{searches} and {accusations} B/s");
}

#[test]
fn who_was_cut_off_comes_back() {
    for shape in [Shape::One, Shape::Swizzle] {
        let heal = run(10, Scenario::Partition { shape, lasts: 20 * SECOND }).heal.unwrap();
        assert!(heal.all_alive_s.is_some(), "{shape:?}");
    }
}

#[test]
fn short_freezes_and_slow_timers_kill_nobody() {
    let report = run(10, Scenario::Freeze { lasts: 2 * SECOND });
    assert_eq!(report.crash.unwrap().false_deaths, 0);
    let report = run(10, Scenario::Hidden);
    assert!(report.crash.unwrap().known_to_all_s.is_some());
}

#[test]
fn a_room_outlives_its_members() {
    let report = run(10, Scenario::Churn { rate: 0.5 });
    assert!(report.heal.unwrap().all_alive_s.is_some());
}

#[test]
fn those_who_accuse_replay_and_forge_change_nothing() {
    for kind in [Kind::Accuse, Kind::Replay, Kind::Forge] {
        let report = run(10, Scenario::Attack { kind, attackers: 1 });
        assert_eq!(report.crash.unwrap().false_deaths, 0, "{kind:?}");
        assert!((report.broadcast.unwrap().delivered - 1.0).abs() < 1e-9, "{kind:?}");
    }
}

#[test]
fn who_accuses_everybody_costs_the_honest_less_than_they_send_anyway() {
    let traffic = |attackers| run(40, Scenario::Attack { kind: Kind::Accuse, attackers }).traffic.bytes_per_node_s;
    let (calm, attacked) = (traffic(0), traffic(1));
    assert!(attacked <= 2.0 * calm, "{attacked} B/s instead of {calm}");
}

#[test]
fn a_gang_of_accusers_kills_nobody_and_leaves_nobody_alone() {
    let report = run(40, Scenario::Attack { kind: Kind::Accuse, attackers: 4 });
    assert_eq!(report.crash.unwrap().false_deaths, 0);
}

#[test]
fn what_does_not_come_true_is_told() {
    let mut options = Options { nodes: 6, scenario: Scenario::Join, duration: SECOND, ..Options::default() };
    // No connection ever comes about.
    options.dials.failing = 1.0;
    let report = scenario::run(&options, |network| network.invariants.remove("nobody stays without a link")).report;
    assert!(report.violations.iter().any(|violation| violation.contains("rest during warm-up")), "{report}");
}

#[test]
fn a_seed_stands_beside_every_violation() {
    let options = Options { nodes: 2, seed: 77, duration: 200 * SECOND, ..Options::default() };
    let mut options = Options { scenario: Scenario::Calm, ..options };
    options.dials.failing = 1.0;
    let report = scenario::run(&options, |_| {}).report;
    assert!(report.violations.iter().any(|violation| violation.contains("nobody stays without a link")));
    assert!(
        report
            .violations
            .iter()
            .all(|violation| !violation.contains("does not hold") || violation.ends_with("seed 77"))
    );
}

#[test]
fn ten_differences_among_ten_thousand_entries_take_four_comparisons_and_8_kb() {
    let report = run(2, Scenario::Sync { entries: 10_000, differing: 10 });
    let sync = report.sync.unwrap();
    assert!(sync.rounds <= 4 && sync.bytes <= 8_000, "{sync:?}");
}

#[test]
fn equal_stores_take_one_comparison_and_64_bytes() {
    let sync = run(2, Scenario::Sync { entries: 1_000, differing: 0 }).sync.unwrap();
    assert!(sync.rounds == 1 && sync.bytes <= 64, "{sync:?}");
}

#[test]
fn halves_of_a_room_agree_on_what_both_have_written() {
    let report = run(12, Scenario::Partition { shape: Shape::Halves, lasts: 60 * SECOND });
    assert!(report.heal.unwrap().state_equal_s.unwrap() < 10.0);
}
