//! A link that is behind: what waits for it, what overtakes, and what becomes of one that does not keep up.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod world;

use chinwag_core::{Config, Input, LinkId, wire::Frame};
use world::{WALL_MS, World};

/// A room of members that let no more than so many bytes wait for a link.
fn room(n: u8, outbox_bytes_max: usize) -> World {
    let mut config = Config::default();
    config.outbox_bytes_max = outbox_bytes_max;
    let mut world = World::new();
    (0..n).for_each(|n| {
        world.join_with(n, config.clone(), WALL_MS);
    });
    world.run_ms(3_000);
    world
}

/// From now on the first member's host says that its link to the second is full.
fn congest(world: &mut World) -> LinkId {
    let link = world.link(0, 1).unwrap();
    world.input(0, Input::Congested { link });
    link
}

fn waiting(world: &World) -> usize {
    world.hosts[0].node.waiting().map(|(_, bytes)| bytes).sum()
}

fn frames(world: &World, at: usize, name: &str) -> usize {
    world.hosts[at].frames.iter().filter(|frame| frame.name() == name).count()
}

#[test]
fn what_is_said_waits_for_a_link_that_is_behind_and_arrives_later() {
    let mut world = room(2, 1 << 20);
    let link = congest(&mut world);
    world.say(0, None, b"later").unwrap();
    world.run_ms(1_000);
    assert!(waiting(&world) > 0 && world.hosts[0].node.is_behind());
    assert_eq!(world.payloads(1), Vec::<Vec<u8>>::new());
    world.input(0, Input::Writable { link });
    world.run_ms(100);
    assert_eq!(world.payloads(1), [b"later".to_vec()]);
    assert!(waiting(&world) == 0 && !world.hosts[0].node.is_behind());
}

#[test]
fn probes_are_answered_while_a_link_is_behind() {
    let mut world = room(2, 1 << 20);
    congest(&mut world);
    world.run_ms(20_000);
    assert_eq!(world.hosts[1].node.stats().suspects, 0);
}

#[test]
fn a_record_overtakes_what_was_said_before() {
    let mut world = room(2, 1 << 20);
    let link = congest(&mut world);
    world.hosts[0].frames.clear();
    world.say(0, None, b"first").unwrap();
    world.command(0, chinwag_core::Command::SetHidden { hidden: true }).unwrap();
    world.input(0, Input::Writable { link });
    world.run_ms(100);
    let order: Vec<_> =
        world.hosts[0].frames.iter().map(Frame::name).filter(|name| ["post", "record"].contains(name)).collect();
    assert_eq!(order, ["record", "post"]);
}

#[test]
fn what_gave_way_is_told_of_and_asked_for() {
    let mut world = room(3, 4_000);
    let link = congest(&mut world);
    (0..10).for_each(|_| world.say(0, None, &[7; 900]).unwrap());
    assert!(world.hosts[0].node.stats().frames_postponed > 0 && waiting(&world) <= 4_000);
    // The others cannot help.
    world.set_cut(1, 2, true);
    world.input(0, Input::Writable { link });
    world.run_ms(3_000);
    assert_eq!(world.messages(1).len(), 10);
    assert!(frames(&world, 1, "graft") > 0);
}

#[test]
fn a_link_that_takes_nothing_is_shed_and_holds_nobody_up() {
    let mut world = room(3, 10_000);
    let link = congest(&mut world);
    assert!(world.hosts[0].node.is_behind());
    world.run_ms(6_000);
    assert!(!world.hosts[0].node.is_behind(), "the other link is not behind");
    world.run_ms(6_000);
    (0..12).for_each(|_| world.say(0, None, &[7; 900]).unwrap());
    assert_eq!(world.hosts[0].node.stats().links_shed, 1);
    assert!(world.hosts[0].node.links().all(|(id, ..)| id != link));
    world.run_ms(3_000);
    assert_eq!((world.messages(1).len(), world.messages(2).len()), (12, 12), "the others pass it on");
}

#[test]
fn who_leaves_says_first_what_waits() {
    let mut world = room(2, 1 << 20);
    congest(&mut world);
    (0..5).for_each(|_| world.say(0, None, b"last").unwrap());
    world.command(0, chinwag_core::Command::Leave).unwrap();
    world.run_ms(1_000);
    assert_eq!(world.messages(1).len(), 5);
    assert_eq!(world.departures(1).len(), 1);
}
