//! Failure, suspicion, refutation: who is taken for dead, and who is not.

mod world;

use chinwag_core::{Config, Departure, Event, Evidence};
use world::World;

#[test]
fn a_killed_member_is_failed_at_all_within_ten_seconds_and_not_before_it_is_suspected() {
    let mut world = World::room(5);
    world.kill(0);
    world.run_ms(10_000);
    assert!(world.agree());
    for at in 1..5 {
        let [(id, Departure::Failed { evidence, accusers })] = &world.departures(at)[..] else { panic!("one death") };
        assert_eq!(*id, world.id(0));
        assert!(matches!(evidence, Some(Evidence::Silence { .. })), "{evidence:?}");
        assert!(accusers.len() >= 3, "{accusers:?}");
        assert_eq!(world.count(at, |e| matches!(e, Event::Suspected(_))), 1);
    }
}

#[test]
fn the_last_one_notices_that_it_is_alone() {
    let mut world = World::room(2);
    world.kill(0);
    world.run_ms(10_000);
    assert_eq!(world.members_of(1), [world.id(1)]);
}

#[test]
fn all_but_one_killed_at_once_are_failed() {
    let mut world = World::room(8);
    (0..7).for_each(|at| world.kill(at));
    world.run_ms(20_000);
    assert!(world.agree());
}

#[test]
fn nobody_dies_in_calm() {
    let mut world = World::room(8);
    world.run_ms(600_000);
    assert!(world.agree());
    for at in 0..8 {
        assert!(world.departures(at).is_empty());
        assert_eq!(world.count(at, |e| matches!(e, Event::Suspected(_))), 0);
    }
}

#[test]
fn one_bad_path_kills_nobody_whom_others_reach() {
    let mut world = World::room(5);
    world.set_cut(0, 1, true);
    world.run_ms(60_000);
    assert!(world.agree());
    assert!((0..5).all(|at| world.departures(at).is_empty()));
    let suspected = |at| world.count(at, |e| matches!(e, Event::Suspected(_)));
    assert!((0..5).all(|at| suspected(at) == 0), "others were asked first");
}

#[test]
fn a_refuted_member_is_alive_again_everywhere() {
    let mut world = World::room(4);
    world.set_cut(0, 1, true);
    world.run_ms(4_500);
    world.set_cut(0, 1, false);
    world.run_ms(15_000);
    for at in 0..4 {
        assert_eq!(world.hosts[at].node.stats().suspects, 0, "at {at}");
    }
}

#[test]
fn halves_that_are_cut_apart_and_find_each_other_again_are_one_room_without_ghosts() {
    let mut world = World::room(6);
    let pairs = (0..3).flat_map(|a| (3..6).map(move |b| (a, b)));
    pairs.clone().for_each(|(a, b)| world.set_cut(a, b, true));
    world.run_ms(60_000);
    assert_eq!(world.members_of(0).len(), 3);
    pairs.for_each(|(a, b)| world.set_cut(a, b, false));
    world.run_ms(60_000);
    assert!(world.agree());
    assert!((0..6).all(|at| world.hosts[at].node.stats().links == 5));
}

#[test]
fn a_host_that_stood_still_accuses_nobody() {
    let mut world = World::room(4);
    world.sleep_all_ms(600_000);
    world.run_ms(10_000);
    assert!(world.agree());
    for at in 0..4 {
        assert_eq!(world.count(at, |e| matches!(e, Event::Suspected(_))), 0, "at {at}");
        assert!(world.hosts[at].node.stats().freezes > 0);
    }
}

#[test]
fn who_was_taken_for_dead_and_is_not_comes_back_by_a_greater_incarnation() {
    let mut world = World::room(3);
    let before = world.view(1, 0).unwrap().incarnation;
    (1..3).for_each(|b| world.set_cut(0, b, true));
    world.run_ms(30_000);
    assert_eq!(world.departures(1).len(), 1);
    (1..3).for_each(|b| world.set_cut(0, b, false));
    world.run_ms(60_000);
    assert!(world.agree());
    assert!(world.view(1, 0).unwrap().incarnation > before);
}

#[test]
fn a_clock_that_jumps_a_day_ahead_or_back_kills_nobody() {
    let mut world = World::room(4);
    world.sleep_all_ms(86_400_000);
    world.run_ms(10_000);
    let (now, earlier) = (world.now, chinwag_core::Instant::ZERO);
    world.now = earlier;
    for at in 0..4 {
        world.hosts[at].node.handle_timeout(earlier);
    }
    world.now = now;
    world.run_ms(10_000);
    assert!(world.agree());
    assert!((0..4).all(|at| world.departures(at).is_empty()));
}

#[test]
fn a_hidden_member_is_given_more_time() {
    let config = Config::default();
    assert!(config.silence_hidden_ms > config.silence_ms);
    let mut world = World::room(3);
    world.command(0, chinwag_core::Command::SetHidden { hidden: true }).unwrap();
    world.run_ms(1_000);
    world.kill(0);
    world.run_ms(config.silence_hidden_ms - 1_000);
    assert_eq!(world.count(1, |e| matches!(e, Event::Suspected(_))), 0);
    world.run_ms(10_000);
    assert!(world.agree());
}
