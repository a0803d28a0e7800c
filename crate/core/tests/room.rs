//! Joining, leaving, links, presence: the rules of a room in which everybody behaves.

mod world;

use chinwag_core::{Command, Config, Departure, Event, Input, Refused};
use world::{LATENCY_MS, WALL_MS, World};

#[test]
fn the_first_of_a_room_is_ready_alone() {
    let mut world = World::new();
    world.join();
    world.run_ms(100);
    assert_eq!(world.count(0, |e| matches!(e, Event::Ready)), 1);
    assert_eq!(world.members_of(0), [world.id(0)]);
}

#[test]
fn who_is_invited_waits_for_the_link_as_long_as_it_says_and_the_room_is_ready_with_it() {
    let mut world = World::new();
    world.set_server(false);
    let (inviter, guest) = (world.join(), world.join());
    // A host without a server.
    world.input(inviter, Input::Attached { members: Vec::new() });
    world.input(inviter, Input::Detached);
    assert_eq!(world.count(inviter, |e| matches!(e, Event::Ready)), 1);
    let (by, session) = (world.id(inviter), 7);
    let offer = world.invited(guest, Input::Invited { by, session, patience_ms: 60_000 });
    // Longer than any server would take.
    world.run_ms(50_000);
    assert_eq!(world.count(guest, |e| matches!(e, Event::Ready)), 0);
    world.accept_by_hand(inviter, guest, offer);
    world.run_ms(10 * LATENCY_MS);
    assert!(world.agree());
    assert_eq!(world.count(guest, |e| matches!(e, Event::Ready)), 1);
}

#[test]
fn an_invite_that_leads_to_nothing_is_given_up_when_its_time_is_over_and_one_of_ones_own_at_once() {
    let mut world = World::new();
    world.set_server(false);
    let (inviter, guest) = (world.join(), world.join());
    let (by, me) = (world.id(inviter), world.id(guest));
    world.input(guest, Input::Invited { by: me, session: 6, patience_ms: 60_000 });
    assert_eq!(world.hosts[guest].node.links().count(), 0);
    for _ in 0..2 {
        world.input(guest, Input::Invited { by, session: 7, patience_ms: 60_000 });
        assert_eq!(world.hosts[guest].node.links().count(), 1);
    }
    world.run_ms(59_000);
    assert_eq!(world.hosts[guest].node.links().count(), 1);
    world.run_ms(2_000);
    assert_eq!(world.hosts[guest].node.links().count(), 0);
}

#[test]
fn two_find_each_other_in_a_few_round_trips() {
    let mut world = World::new();
    world.join();
    world.run_ms(100);
    world.join();
    world.run_ms(10 * LATENCY_MS);
    assert!(world.agree());
    assert_eq!(world.count(1, |e| matches!(e, Event::Ready)), 1);
}

#[test]
fn a_room_of_eight_is_a_full_mesh_and_everybody_knows_everybody() {
    let world = World::room(8);
    assert!(world.agree());
    for at in 0..8 {
        assert_eq!(world.hosts[at].node.stats().links, 7, "of {at}");
    }
}

#[test]
fn eight_who_join_at_once_become_one_room() {
    let mut world = World::new();
    for _ in 0..8 {
        world.join();
    }
    world.run_ms(5_000);
    assert!(world.agree());
    assert!((0..8).all(|at| world.hosts[at].node.stats().links == 7));
}

#[test]
fn a_room_of_thirty_holds_together_with_at_most_eight_links_each() {
    let mut world = World::new();
    for _ in 0..30 {
        world.join();
        world.run_ms(200);
    }
    world.run_ms(10_000);
    assert!(world.agree());
    assert!((0..30).all(|at| world.hosts[at].node.stats().links <= 8));
}

#[test]
fn of_fifty_who_join_within_six_seconds_nobody_makes_more_than_twelve_connections() {
    for pause_ms in [0, 40, 80, 120] {
        let mut world = World::new();
        for _ in 0..50 {
            world.join();
            world.run_ms(pause_ms);
        }
        world.run_ms(15_000);
        assert!(world.agree());
        let dials: Vec<u64> = world.hosts.iter().map(|host| host.node.stats().dials).collect();
        assert!(dials.iter().all(|dials| *dials <= 12), "{dials:?}");
        assert!(world.hosts.iter().all(|host| host.node.stats().links >= 3));
    }
}

#[test]
fn joined_and_ready_are_told_once() {
    let world = World::room(4);
    for at in 0..4 {
        assert_eq!(world.count(at, |e| matches!(e, Event::Joined(_))), 3);
        assert_eq!(world.count(at, |e| matches!(e, Event::Ready)), 1);
    }
}

#[test]
fn links_are_symmetric_and_single() {
    let world = World::room(6);
    for at in 0..6 {
        for to in (0..6).filter(|to| *to != at) {
            assert!(world.view(at, to).unwrap().linked, "{at} to {to}");
        }
    }
    let dials: usize = world.hosts.iter().map(|host| host.dials).sum();
    assert_eq!(dials, 15, "one connection for each pair, and none wasted");
}

#[test]
fn who_leaves_is_gone_at_once_and_has_left() {
    let mut world = World::room(4);
    world.command(0, Command::Leave).unwrap();
    world.kill(0);
    world.run_ms(3 * LATENCY_MS);
    assert!(world.agree());
    for at in 1..4 {
        assert_eq!(world.departures(at), [(world.id(0), Departure::Left)]);
    }
}

#[test]
fn who_has_left_does_nothing_more() {
    let mut world = World::room(3);
    world.command(0, Command::Leave).unwrap();
    assert_eq!(world.command(0, Command::Leave), Err(Refused::Left));
    assert_eq!(world.say(0, None, b"hello?"), Err(Refused::Left));
    assert_eq!(world.hosts[0].node.next_timeout(), None);
}

#[test]
fn the_room_goes_on_without_the_server_and_takes_newcomers_when_it_is_back() {
    let mut world = World::room(3);
    world.set_server(false);
    world.run_ms(60_000);
    assert!(world.agree());
    world.say(0, None, b"still here").unwrap();
    world.run_ms(100);
    assert_eq!(world.payloads(2), [b"still here"]);
    world.set_server(true);
    world.join();
    world.run_ms(3_000);
    assert!(world.agree());
}

#[test]
fn presence_reaches_all_and_late_joiners_too() {
    let mut world = World::room(3);
    world.set_presence(0, b"ada");
    world.run_ms(100);
    assert_eq!(world.presence(2, 0).as_deref(), Some(&b"ada"[..]));
    world.join();
    world.run_ms(3_000);
    assert_eq!(world.presence(3, 0).as_deref(), Some(&b"ada"[..]));
}

#[test]
fn presence_set_before_joining_is_there_from_the_start() {
    let mut world = World::room(2);
    let at = world.join();
    world.set_presence(at, b"early");
    world.run_ms(3_000);
    assert_eq!(world.presence(0, at).as_deref(), Some(&b"early"[..]));
}

#[test]
fn a_burst_of_presence_goes_out_as_first_and_last() {
    let mut world = World::room(2);
    let before = world.count(1, |e| matches!(e, Event::Presence(_)));
    for n in 0..50 {
        world.set_presence(0, &[n]);
    }
    assert_eq!(world.presence(0, 0), Some(vec![49]), "I see my own at once");
    world.run_ms(500);
    assert_eq!(world.presence(1, 0), Some(vec![49]));
    assert_eq!(world.count(1, |e| matches!(e, Event::Presence(_))) - before, 2);
}

#[test]
fn a_presence_above_the_cap_is_refused_and_the_old_one_stays() {
    let mut world = World::room(2);
    world.set_presence(0, b"old");
    world.run_ms(100);
    let max = Config::default().presence_bytes_max;
    let refused = world.command(0, Command::SetPresence { value: vec![0; max + 1] });
    assert_eq!(refused, Err(Refused::PresenceTooLarge { bytes: max + 1, max }));
    world.run_ms(100);
    assert_eq!(world.presence(1, 0).as_deref(), Some(&b"old"[..]));
}

#[test]
fn a_broken_link_is_made_again_and_nobody_dies() {
    let mut world = World::room(4);
    world.break_link(0, 1);
    world.run_ms(5_000);
    assert!(world.agree());
    assert!(world.view(0, 1).unwrap().linked);
    assert!((0..4).all(|at| world.departures(at).is_empty()));
}

#[test]
fn who_comes_back_with_its_key_is_the_same_member() {
    let mut world = World::room(3);
    world.command(2, Command::Leave).unwrap();
    world.kill(2);
    world.run_ms(1_000);
    let again = world.join_as(2);
    world.set_presence(again, b"again");
    world.run_ms(3_000);
    assert!(world.agree());
    assert_eq!(world.presence(0, again).as_deref(), Some(&b"again"[..]));
}

#[test]
fn who_comes_back_with_its_key_and_a_clock_in_the_past_is_let_in_all_the_same() {
    let mut world = World::room(3);
    world.command(2, Command::Leave).unwrap();
    world.kill(2);
    world.run_ms(1_000);
    let again = world.join_with(2, Config::default(), WALL_MS - 3_600_000);
    world.run_ms(5_000);
    assert!(world.agree());
    assert!(world.view(0, again).unwrap().linked);
}

#[test]
fn greeters_that_are_let_go_come_back_when_the_room_lacks_them() {
    let mut world = World::room(6);
    for at in 3..6 {
        world.release(at);
    }
    world.run_ms(5_000);
    assert_eq!(world.attached().len(), 3);
    for at in 0..3 {
        world.kill(at);
    }
    world.run_ms(30_000);
    assert!(world.agree());
    assert_eq!(world.attached(), [3, 4, 5]);
}

#[test]
fn hidden_is_told_to_all() {
    let mut world = World::room(3);
    world.command(0, Command::SetHidden { hidden: true }).unwrap();
    world.run_ms(100);
    assert!(world.view(2, 0).unwrap().hidden);
}

#[test]
fn who_is_dialled_before_its_own_dial_gets_through_is_ready_as_soon() {
    for (resident, newcomer) in [(0, 1), (1, 0)] {
        for others in [0, 3] {
            let mut world = World::new();
            world.join_as(resident);
            (0..others).for_each(|n| {
                world.join_as(n + 2);
            });
            world.run_ms(3_000);
            let at = world.join_as(newcomer);
            let id = world.id(at);
            (0..at).for_each(|other| world.input(other, Input::Introduced { members: vec![id] }));
            world.run_ms(2_000);
            assert_eq!(world.count(at, |e| matches!(e, Event::Ready)), 1, "{newcomer} of {others}");
        }
    }
}

#[test]
fn who_is_named_only_members_that_are_gone_is_ready_alone_within_a_few_seconds() {
    let mut world = World::room(3);
    world.haunt();
    let at = world.join();
    world.run_ms(4_900);
    assert_eq!(world.count(at, |e| matches!(e, Event::Ready)), 0);
    world.run_ms(200);
    assert_eq!(world.count(at, |e| matches!(e, Event::Ready)), 1);
}
