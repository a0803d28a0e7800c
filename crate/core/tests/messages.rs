//! Messages: to all, to one, large ones, and those that may not be sent.

mod world;

use chinwag_core::{
    Command, Config, Refused,
    wire::{Frame, Rumor},
};
use world::{LATENCY_MS, World};

#[test]
fn a_message_reaches_all_others_once_and_not_its_sender() {
    let mut world = World::room(6);
    world.say(0, None, b"hello").unwrap();
    world.run_ms(1_000);
    assert!(world.messages(0).is_empty());
    for at in 1..6 {
        let [message] = &world.messages(at)[..] else { panic!("one message") };
        assert_eq!((message.from, &message.payload[..], message.hops), (world.id(0), &b"hello"[..], 1));
        assert!(!message.direct);
    }
}

#[test]
fn a_message_takes_one_link_in_a_small_room() {
    let mut world = World::room(8);
    world.say(3, None, b"hello").unwrap();
    world.run_ms(LATENCY_MS);
    assert!((0..8).filter(|at| *at != 3).all(|at| world.payloads(at) == [b"hello"]));
}

#[test]
fn a_message_to_one_reaches_that_one_alone() {
    let mut world = World::room(4);
    world.say(0, Some(2), b"psst").unwrap();
    world.run_ms(1_000);
    assert!(world.messages(2)[0].direct);
    assert!(world.messages(1).is_empty() && world.messages(3).is_empty());
}

#[test]
fn a_message_to_one_finds_its_way_without_a_link() {
    let mut world = World::room(4);
    world.set_cut(0, 2, true);
    world.break_link(0, 2);
    world.run_ms(1_000);
    assert!(!world.view(0, 2).unwrap().linked);
    world.say(0, Some(2), b"psst").unwrap();
    world.run_ms(1_000);
    assert_eq!(world.payloads(2), [b"psst"]);
    assert!(world.messages(1).is_empty() && world.messages(3).is_empty());
}

#[test]
fn a_message_of_four_megabytes_arrives_whole_and_equal() {
    let mut world = World::room(3);
    let payload: Vec<u8> = (0..4_u32 << 20).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    world.say(0, None, &payload).unwrap();
    world.run_ms(1_000);
    assert!((1..3).all(|at| world.payloads(at) == [&payload[..]]));
}

#[test]
fn an_empty_message_is_one() {
    let mut world = World::room(2);
    world.say(0, None, b"").unwrap();
    world.run_ms(100);
    assert_eq!(world.payloads(1), [b""]);
}

#[test]
fn what_is_above_the_cap_is_refused_before_anything_is_sent() {
    let mut world = World::room(2);
    let sent = world.hosts[0].node.stats().frames_out;
    let max = Config::default().message_bytes_max;
    let refused = world.say(0, None, &vec![0; max + 1]);
    assert_eq!(refused, Err(Refused::MessageTooLarge { bytes: max + 1, max }));
    assert_eq!(world.hosts[0].node.stats().frames_out, sent);
}

#[test]
fn messages_of_one_author_arrive_in_order_also_when_large_and_small_alternate() {
    let mut world = World::room(4);
    for n in 0..20_u8 {
        let len = if n % 3 == 0 { 40_000 } else { 10 };
        world.say(1, None, &vec![n; len]).unwrap();
    }
    world.run_ms(1_000);
    for at in [0, 2, 3] {
        let order: Vec<u8> = world.payloads(at).iter().map(|payload| payload[0]).collect();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
    }
}

#[test]
fn no_frame_is_larger_than_the_bound() {
    let mut world = World::room(3);
    let channel = "c".repeat(Config::default().channel_name_bytes_max);
    let payload = vec![7; 100_000];
    world.command(0, Command::Send { channel, to: None, payload: payload.clone(), sent_at_ms: u64::MAX }).unwrap();
    world.run_ms(1_000);
    assert_eq!(world.payloads(1), [payload]);
    let largest = world.hosts[0].frames.iter().map(|frame| frame.encode().len()).max();
    assert!(largest <= Some(Config::default().frame_bytes_max), "{largest:?}");
    assert!(largest > Some(16_000), "and frames are well filled: {largest:?}");
}

#[test]
fn names_of_channels_and_addressees_are_checked() {
    let mut world = World::room(2);
    let stranger = world.id(0);
    let send = |channel: &str, to| Command::Send { channel: channel.into(), to, payload: vec![], sent_at_ms: 0 };
    let max = Config::default().channel_name_bytes_max;
    assert_eq!(world.command(0, send("", None)), Err(Refused::ChannelName { bytes: 0, max }));
    let long = "c".repeat(max + 1);
    assert_eq!(world.command(0, send(&long, None)), Err(Refused::ChannelName { bytes: max + 1, max }));
    assert_eq!(world.command(0, send("c", Some(stranger))), Err(Refused::UnknownMember), "not to oneself");
}

#[test]
fn whether_a_message_would_be_refused_can_be_asked_before() {
    let mut world = World::room(2);
    let (me, other) = (world.id(0), world.id(1));
    let max = Config::default().message_bytes_max;
    let node = &world.hosts[0].node;
    assert_eq!(node.check_message("c", Some(other), b"x"), Ok(()));
    assert_eq!(node.check_message("c", Some(me), b"x"), Err(Refused::UnknownMember));
    let large = node.check_message("c", None, &vec![0; max + 1]);
    assert_eq!(large, Err(Refused::MessageTooLarge { bytes: max + 1, max }));
    world.command(0, Command::Leave).unwrap();
    assert_eq!(world.hosts[0].node.check_message("c", None, b"x"), Err(Refused::Left));
}

#[test]
fn duplicates_are_counted_and_never_delivered() {
    let mut world = World::room(5);
    world.say(0, None, b"once").unwrap();
    world.run_ms(1_000);
    let frame = Frame::encode(
        world.hosts[0].frames.iter().rfind(|f| matches!(f, Frame::Gossip { rumor: Rumor::Post(_), .. })).unwrap(),
    );
    let before = world.hosts[1].node.stats().duplicates;
    for _ in 0..10 {
        world.inject(1, 0, &frame);
        world.inject(1, 2, &frame);
    }
    assert_eq!(world.payloads(1), [b"once"]);
    assert_eq!(world.hosts[1].node.stats().duplicates, before + 20);
}

#[test]
fn messages_of_one_author_are_read_in_order_whichever_way_each_comes() {
    let mut world = World::room(3);
    for n in 0..3_u8 {
        world.say(0, None, &[n]).unwrap();
    }
    let posts: Vec<_> =
        world.hosts[0].frames.iter().filter(|f| matches!(f, Frame::Gossip { rumor: Rumor::Post(_), .. })).collect();
    let mut frames: Vec<_> = posts.iter().map(|frame| frame.encode()).collect();
    frames.dedup();
    world.run_ms(1_000);
    let at = world.join();
    world.run_ms(2_000);
    for frame in [&frames[0], &frames[2], &frames[1]] {
        world.inject(at, 1, frame);
    }
    assert_eq!(world.payloads(at), [[0], [1], [2]]);
}

#[test]
fn a_message_that_never_comes_holds_the_next_up_for_a_while_only() {
    let mut world = World::room(2);
    for n in 0..3_u8 {
        world.say(0, None, &[n]).unwrap();
    }
    let posts: Vec<_> =
        world.hosts[0].frames.iter().filter(|f| matches!(f, Frame::Gossip { rumor: Rumor::Post(_), .. })).collect();
    let frames: Vec<_> = posts.iter().map(|frame| frame.encode()).collect();
    let mut other = World::room(2);
    other.inject(1, 0, &frames[0]);
    other.inject(1, 0, &frames[2]);
    assert_eq!(other.payloads(1), [[0]]);
    other.run_ms(Config::default().order_patience_ms);
    assert_eq!(other.payloads(1), [[0], [2]]);
}
