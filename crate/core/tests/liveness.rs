//! Failure, suspicion, refutation: who is taken for dead, and who is not.

mod world;

use chinwag_core::{Config, Departure, Event, Evidence, Input};
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
        assert_eq!(world.count(at, |e| matches!(e, Event::Suspected { .. })), 1);
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
        assert_eq!(world.count(at, |e| matches!(e, Event::Suspected { .. })), 0);
    }
}

#[test]
fn one_bad_path_kills_nobody_whom_others_reach() {
    let mut world = World::room(5);
    world.set_cut(0, 1, true);
    world.run_ms(60_000);
    assert!(world.agree());
    assert!((0..5).all(|at| world.departures(at).is_empty()));
    let suspected = |at| world.count(at, |e| matches!(e, Event::Suspected { .. }));
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
        assert_eq!(world.count(at, |e| matches!(e, Event::Suspected { .. })), 0, "at {at}");
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
    assert_eq!(world.count(1, |e| matches!(e, Event::Suspected { .. })), 0);
    world.run_ms(10_000);
    assert!(world.agree());
}

#[test]
fn a_suspicion_says_who_accuses_and_what_was_seen() {
    let mut world = World::room(5);
    world.kill(0);
    world.run_ms(10_000);
    let told = |at: usize| {
        let suspected = |event: &Event| match event {
            Event::Suspected { member, accuser, evidence } => Some((member.id, *accuser, *evidence)),
            _ => None,
        };
        world.hosts[at].events.iter().find_map(suspected).expect("it was suspected")
    };
    let own = (1..5).filter(|at| told(*at).1 == world.id(*at)).count();
    assert!((1..5).contains(&own), "the first sees it itself, others hear of it: {own}");
    for at in 1..5 {
        let (subject, accuser, evidence) = told(at);
        assert_eq!(subject, world.id(0));
        assert_eq!(evidence.is_some(), accuser == world.id(at), "{evidence:?}");
        let stats = world.hosts[at].node.stats();
        assert_eq!((stats.suspicions, stats.failures, stats.false_suspicions), (1, 1, 0));
    }
}

#[test]
fn what_was_sent_is_counted_by_kind() {
    let mut world = World::room(3);
    world.say(0, None, b"hello").unwrap();
    world.run_ms(2_000);
    let stats = world.hosts[0].node.stats();
    let (frames, bytes) = stats.sent_by_kind.iter().fold((0, 0), |sum, it| (sum.0 + it.frames, sum.1 + it.bytes));
    assert_eq!((frames, bytes), (stats.frames_out, stats.bytes_out));
    let [ping, post] = [1, 6].map(|kind| stats.sent_by_kind[kind].frames);
    assert!(ping > 0 && (1..=2).contains(&post), "{ping} {post}");
}

#[test]
fn what_a_peer_lacks_shows_in_its_probes_and_is_soon_made_good() {
    let mut world = World::room(2);
    assert_eq!(world.hosts[1].node.stats().differing, 0);
    world.set_cut(0, 1, true);
    world.set_presence(0, b"here");
    world.run_ms(100);
    world.set_cut(0, 1, false);
    world.run_ms(2_500);
    let differing: u64 = (0..2).map(|at| world.hosts[at].node.stats().differing).sum();
    assert!(differing > 0 && world.presence(1, 0).is_none());
    world.run_ms(6_000);
    assert_eq!(world.presence(1, 0).as_deref(), Some(&b"here"[..]));
    for at in 0..2 {
        let stats = world.hosts[at].node.stats();
        assert_eq!((stats.differing, stats.lag_ms), (0, 0), "at {at}");
    }
    let lag_ms = (0..2).map(|at| world.hosts[at].node.stats().lag_max_ms).max().unwrap();
    assert!((1_000..9_000).contains(&lag_ms), "{lag_ms}");
}

#[test]
fn of_two_with_one_identity_the_later_steps_aside_and_the_room_keeps_the_first() {
    // While the server knows the first it can tell; once it has let go of it, the room finds out.
    [true, false].into_iter().for_each(one_identity_twice);
}

#[test]
fn of_two_with_one_identity_and_nobody_else_the_later_steps_aside() {
    let mut world = World::room(1);
    let later = world.join_as(0);
    world.run_ms(1_000);
    assert_eq!([0, later].map(|at| world.count(at, |e| matches!(e, Event::Superseded))), [0, 1]);
    assert_eq!(world.count(later, |e| matches!(e, Event::Ready)), 0);
}

fn one_identity_twice(attached: bool) {
    let mut world = World::room(5);
    world.set_presence(0, b"the first");
    world.run_ms(2_000);
    if !attached {
        world.release(0);
    }
    let later = world.join_as(0);
    world.set_presence(later, b"the second");
    world.run_ms(10_000);
    assert_eq!(world.count(later, |e| matches!(e, Event::Superseded)), 1);
    assert!(matches!(world.say(later, None, b"?"), Err(chinwag_core::Refused::Left)));
    world.kill(later);
    world.run_ms(20_000);
    assert!(world.agree());
    for at in 0..5 {
        assert_eq!(world.count(at, |e| matches!(e, Event::Superseded)), 0);
        assert!(world.departures(at).is_empty(), "at {at}");
        assert_eq!(world.presence(at, 0).as_deref(), Some(&b"the first"[..]), "at {at}");
    }
    assert!(world.say(0, None, b"still here").is_ok());
    world.run_ms(1_000);
    assert!((1..5).all(|at| world.payloads(at) == [b"still here"]));
}

#[test]
fn who_comes_back_with_the_identity_of_an_earlier_life_does_not_step_aside() {
    for (clock_ms, gone_ms) in [(0, 500), (0, 20_000), (3_600_000, 500), (3_600_000, 20_000)] {
        let mut world = World::room(5);
        world.kill(0);
        world.run_ms(gone_ms);
        // With a clock that has gone back meanwhile, everything of before looks newer.
        let wall_ms = world::WALL_MS + world.now.as_millis() - clock_ms;
        let again = world.join_with(0, Config::default(), wall_ms);
        world.run_ms(30_000);
        assert_eq!(world.count(again, |e| matches!(e, Event::Superseded)), 0, "{clock_ms} {gone_ms}");
        assert!(world.agree(), "{clock_ms} {gone_ms}");
    }
}

#[test]
fn who_says_goodbye_with_the_identity_of_another_takes_nobody_along() {
    // Whom the server names to it decides whether it is linked before it is told that it is the later of two.
    let linked_first = (0..6).filter(|pause| goodbye_of_a_second_one(pause * 100)).count();
    assert!(linked_first > 0);
}

/// Another with the identity of a member comes that long after the room has settled, and leaves as soon as it is linked. Whether it came to that.
fn goodbye_of_a_second_one(pause_ms: u32) -> bool {
    let mut world = World::room(4);
    world.run_ms(pause_ms);
    world.release(0);
    let later = world.join_as(0);
    let linked = |world: &World| world.count(later, |e| matches!(e, Event::Link { up: true, .. })) > 0;
    for _ in 0..5_000 {
        if !linked(&world) {
            world.run_ms(1);
        }
    }
    if !linked(&world) {
        return false;
    }
    assert_eq!(world.command(later, chinwag_core::Command::Leave), Ok(()));
    world.kill(later);
    world.run_ms(1_000);
    let departures = (1..4).map(|at| world.departures(at).len()).sum::<usize>();
    assert_eq!(departures, 3, "{pause_ms}: it was believed");
    world.run_ms(10_000);
    assert!(world.agree(), "{pause_ms}");
    true
}

#[test]
fn a_link_that_is_silent_while_others_reach_its_peer_is_mended_and_stays() {
    let mut world = World::room(5);
    world.other_ways = true;
    let (link, back, dials) = (world.link(0, 1), world.link(1, 0), dials(&world));
    world.set_cut(0, 1, true);
    world.run_ms(4_000);
    assert!(!world.cut.contains(&(0, 1)), "it was mended");
    world.run_ms(60_000);
    assert_eq!((world.link(0, 1), world.link(1, 0)), (link, back));
    assert_eq!(self::dials(&world), dials, "no other connection was made");
    assert!((0..5).all(|at| world.departures(at).is_empty()));
}

#[test]
fn a_link_that_cannot_be_mended_is_given_up_and_dialled_anew() {
    let mut world = World::room(5);
    let link = world.link(0, 1);
    world.set_cut(0, 1, true);
    world.run_ms(10_000);
    assert_ne!(world.link(0, 1), link);
    world.set_cut(0, 1, false);
    world.run_ms(70_000);
    assert!(world.hosts[0].node.links().any(|(_, peer, greeted)| peer == world.id(1) && greeted));
}

#[test]
fn who_is_told_that_it_has_moved_mends_its_links_by_a_new_socket_before_anybody_misses_it() {
    for members in [2, 3, 5] {
        let mut world = World::room(members);
        let dials = dials(&world);
        world.move_away(0);
        // What its host does then: another socket, whose server still holds the old one.
        world.input(0, Input::Detached);
        world.attach(0);
        world.input(0, Input::Moved);
        world.run_ms(1_000);
        assert!(world.cut.is_empty(), "all links are mended, of {members}");
        world.run_ms(30_000);
        assert!(world.agree());
        assert_eq!(self::dials(&world), dials, "no other connection was made");
        for at in 0..members {
            assert!(world.departures(at).is_empty());
            assert_eq!(world.count(at, |e| matches!(e, Event::Suspected { .. })), 0);
        }
    }
}

#[test]
fn who_has_moved_and_is_not_told_finds_out_and_loses_nobody() {
    for members in [2, 3, 5] {
        let mut world = World::room(members);
        let dials = dials(&world);
        world.move_away(0);
        world.run_ms(30_000);
        assert!(world.agree(), "of {members}");
        assert!((0..members).all(|at| world.departures(at).is_empty()), "of {members}");
        assert_eq!(self::dials(&world), dials, "no other connection was made");
    }
}

#[test]
fn who_is_told_that_it_has_moved_and_has_not_keeps_everything_as_it_is() {
    let mut world = World::room(12);
    world.run_ms(30_000);
    let before: Vec<_> = (0..12).map(|at| world.link(0, at)).collect();
    for _ in 0..3 {
        world.input(0, Input::Moved);
        world.run_ms(5_000);
    }
    assert_eq!((0..12).map(|at| world.link(0, at)).collect::<Vec<_>>(), before);
}

fn dials(world: &World) -> usize {
    world.hosts.iter().map(|host| host.dials).sum()
}
