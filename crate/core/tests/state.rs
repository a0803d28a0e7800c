//! Maps, logs and counters, as users of several members see them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

mod world;

use chinwag_core::{
    Command, Config, Event, Identity, Refused,
    wire::{Content, Entry, Frame, Range, RoomKey, Rumor, Signed},
};
use world::{WALL_MS, World};

fn set(world: &mut World, at: usize, key: &str, value: &[u8]) -> Result<(), Refused> {
    let value = Some(value.to_vec()).filter(|value| !value.is_empty());
    world.command(at, Command::MapSet { map: "board".into(), key: key.into(), value })
}

fn append(world: &mut World, at: usize, value: &[u8]) -> Result<(), Refused> {
    world.command(at, Command::LogAppend { log: "chat".into(), value: value.into() })
}

fn add(world: &mut World, at: usize, amount: i64) {
    world.command(at, Command::CounterAdd { counter: "votes".into(), amount }).unwrap();
}

fn get<'a>(world: &'a World, at: usize, key: &str) -> Option<&'a [u8]> {
    world.hosts[at].node.map_get("board", key)
}

fn log(world: &World, at: usize) -> Vec<Vec<u8>> {
    world.hosts[at].node.log_entries("chat").map(|entry| entry.value).collect()
}

fn votes(world: &World, at: usize) -> i64 {
    world.hosts[at].node.counter("votes")
}

fn are_equal(world: &World) -> bool {
    let state = |at: usize| world.hosts[at].node.entries().cloned().collect::<Vec<_>>();
    let mut living = world.living();
    let first = living.next().map(state);
    living.all(|at| Some(state(at)) == first)
}

fn cut_in_halves(world: &mut World, cut: bool) {
    let n = world.hosts.len();
    for a in 0..n / 2 {
        (n / 2..n).for_each(|b| world.set_cut(a, b, cut));
    }
}

#[test]
fn what_one_writes_all_see_at_once() {
    let mut world = World::room(4);
    set(&mut world, 0, "title", b"hello").unwrap();
    append(&mut world, 1, b"first").unwrap();
    add(&mut world, 2, 5);
    world.run_ms(100);
    add(&mut world, 3, -2);
    append(&mut world, 3, b"second").unwrap();
    world.run_ms(100);
    for at in 0..4 {
        assert_eq!(get(&world, at, "title"), Some(&b"hello"[..]));
        assert_eq!(log(&world, at), [b"first".to_vec(), b"second".to_vec()]);
        assert_eq!(votes(&world, at), 3);
    }
}

#[test]
fn events_tell_what_has_changed_and_by_whom() {
    let mut world = World::room(2);
    set(&mut world, 0, "k", b"v").unwrap();
    set(&mut world, 0, "k", b"").unwrap();
    append(&mut world, 0, b"hi").unwrap();
    add(&mut world, 0, 7);
    world.run_ms(100);
    let author = world.id(0);
    for at in 0..2 {
        let told: Vec<String> = (world.hosts[at].events.iter())
            .filter_map(|event| match event {
                Event::MapChanged { map, key, value, by } if *by == author => {
                    Some(format!("{map} {key} {:?}", value.as_deref().map(<[u8]>::len)))
                }
                Event::LogAppended { log, entry } if entry.from == author => {
                    assert!(entry.stamp >> 16 >= WALL_MS && entry.stamp >> 16 <= WALL_MS + 10_000);
                    Some(format!("{log} {}", entry.value.len()))
                }
                Event::CounterChanged { counter, value } => Some(format!("{counter} {value}")),
                _ => None,
            })
            .collect();
        assert_eq!(told, ["board k Some(1)", "board k None", "chat 2", "votes 7"], "at {at}");
    }
}

#[test]
fn the_last_writer_wins_and_knows_what_it_replaces() {
    let mut world = World::room(3);
    set(&mut world, 0, "k", b"one").unwrap();
    world.run_ms(100);
    // Its clock is an hour behind, and yet it wrote later.
    let behind = WALL_MS + world.now.as_millis() - 3_600_000;
    let now = world.now;
    world.hosts[1].node.set_wall_ms(now, behind);
    set(&mut world, 1, "k", b"two").unwrap();
    world.run_ms(100);
    assert!((0..3).all(|at| get(&world, at, "k") == Some(b"two")));
    let kept = world.hosts[2].node.entries().count();
    assert_eq!(kept, 1, "the write that was replaced is held by nobody");
}

#[test]
fn a_late_joiner_gets_everything_also_from_those_who_are_gone() {
    let mut world = World::room(3);
    for n in 0..20_u8 {
        append(&mut world, usize::from(n % 3), &[n]).unwrap();
        set(&mut world, 2, &format!("key {n}"), &[n]).unwrap();
        world.run_ms(5);
    }
    add(&mut world, 2, 9);
    world.run_ms(200);
    world.command(2, Command::Leave).unwrap();
    world.kill(2);
    world.run_ms(200);
    let late = world.join();
    world.run_ms(1_000);
    assert_eq!(log(&world, late), (0..20_u8).map(|n| vec![n]).collect::<Vec<_>>());
    assert_eq!(world.hosts[late].node.map_entries("board").count(), 20);
    assert_eq!(votes(&world, late), 9);
    assert_eq!(world.hosts[late].node.map_entries("board").next().map(|(_, _, by)| by), Some(world.id(2)));
}

#[test]
fn who_asks_for_a_view_is_told_of_all_that_it_holds_and_of_nothing_else() {
    let mut world = World::room(2);
    set(&mut world, 0, "a", b"1").unwrap();
    set(&mut world, 1, "b", b"2").unwrap();
    let other = Command::MapSet { map: "boards".into(), key: "c".into(), value: Some(vec![3]) };
    world.command(0, other).unwrap();
    append(&mut world, 0, b"first").unwrap();
    world.run_ms(5);
    append(&mut world, 1, b"second").unwrap();
    add(&mut world, 0, 5);
    add(&mut world, 1, 4);
    world.run_ms(200);
    set(&mut world, 1, "a", b"").unwrap();
    world.run_ms(200);
    let node = &world.hosts[0].node;
    let told = |kind, name| {
        node.retold(kind, name).into_iter().map(|event| match event {
            Event::MapChanged { key, value, by, .. } => (key, value, Some(by)),
            Event::LogAppended { entry, .. } => (String::new(), Some(entry.value), Some(entry.from)),
            Event::CounterChanged { value, .. } => (value.to_string(), None, None),
            other => panic!("{other:?} is not of the state"),
        })
    };
    let (zero, one) = (Some(world.id(0)), Some(world.id(1)));
    let board = [("a".into(), None, one), ("b".into(), Some(b"2".to_vec()), one)];
    assert_eq!(told(b'm', "board").collect::<Vec<_>>(), board);
    let chat = [(String::new(), Some(b"first".to_vec()), zero), (String::new(), Some(b"second".to_vec()), one)];
    assert_eq!(told(b'l', "chat").collect::<Vec<_>>(), chat);
    assert_eq!(told(b'c', "votes").last(), Some(("9".into(), None, None)));
    assert_eq!(told(b'm', "nothing").count() + told(b'x', "board").count(), 0);
}

#[test]
fn presence_dies_with_its_owner_and_the_rest_does_not() {
    let mut world = World::room(2);
    world.set_presence(0, b"here");
    set(&mut world, 0, "k", b"v").unwrap();
    world.run_ms(200);
    world.command(0, Command::Leave).unwrap();
    world.kill(0);
    world.run_ms(200);
    assert_eq!(world.view(1, 0), None);
    assert_eq!(get(&world, 1, "k"), Some(&b"v"[..]));
}

#[test]
fn halves_that_find_each_other_become_equal() {
    let mut world = World::room(6);
    set(&mut world, 0, "k", b"before").unwrap();
    world.run_ms(200);
    cut_in_halves(&mut world, true);
    world.run_ms(30_000);
    for at in 0..6 {
        let side = [b'a', b'b'][at / 3];
        set(&mut world, at, "k", &[side, b'0']).unwrap();
        set(&mut world, at, &format!("of {at}"), &[side]).unwrap();
        append(&mut world, at, &[side]).unwrap();
        add(&mut world, at, 1);
        world.run_ms(50);
    }
    assert_eq!((votes(&world, 0), votes(&world, 5)), (3, 3));
    cut_in_halves(&mut world, false);
    world.set_server(false);
    world.set_server(true);
    world.run_ms(120_000);
    assert!(world.agree(), "the room is one again");
    assert!(are_equal(&world));
    assert_eq!((votes(&world, 0), log(&world, 4).len()), (6, 6));
    assert_eq!(get(&world, 0, "k"), Some(&b"b0"[..]), "the last write of all");
}

#[test]
fn who_comes_back_without_memory_adds_to_what_it_had_added() {
    let mut world = World::room(2);
    add(&mut world, 1, 10);
    append(&mut world, 1, b"of my first life").unwrap();
    world.run_ms(100);
    world.command(1, Command::Leave).unwrap();
    world.kill(1);
    world.run_ms(1_000);
    let again = world.join_as(1);
    add(&mut world, again, 5);
    append(&mut world, again, b"of my second").unwrap();
    world.run_ms(2_000);
    for at in [0, again] {
        assert_eq!(votes(&world, at), 15);
        assert_eq!(log(&world, at).len(), 2);
    }
    assert!(are_equal(&world));
}

#[test]
fn a_log_keeps_its_newest_messages_the_same_everywhere() {
    let mut world = World::new();
    let config = || {
        let mut config = Config::default();
        config.log_entries_max = 10;
        config
    };
    for n in 0..3 {
        world.join_with(n, config(), WALL_MS);
    }
    world.run_ms(3_000);
    for n in 0..40_u8 {
        append(&mut world, usize::from(n % 3), &[n]).unwrap();
        world.run_ms(5);
    }
    world.run_ms(200);
    let late = world.join_with(9, config(), WALL_MS + world.now.as_millis());
    world.run_ms(1_000);
    for at in (0..3).chain([late]) {
        assert_eq!(log(&world, at), (30..40_u8).map(|n| vec![n]).collect::<Vec<_>>());
    }
    assert!(are_equal(&world));
}

#[test]
fn a_delete_is_remembered_for_its_life_and_then_forgotten() {
    let mut world = World::new();
    let mut config = Config::default();
    config.delete_life_ms = 100_000;
    for n in 0..2 {
        world.join_with(n, config.clone(), WALL_MS);
    }
    world.run_ms(3_000);
    set(&mut world, 0, "k", b"v").unwrap();
    world.run_ms(100);
    set(&mut world, 1, "k", b"").unwrap();
    world.run_ms(100);
    assert!((0..2).all(|at| get(&world, at, "k").is_none() && world.hosts[at].node.entries().count() == 1));
    world.run_ms(300_000);
    assert!((0..2).all(|at| world.hosts[at].node.entries().count() == 0));
}

#[test]
fn what_exceeds_a_bound_is_refused_where_it_is_written() {
    let mut world = World::new();
    let mut config = Config::default();
    (config.owner_entries_max, config.owner_bytes_max, config.entry_bytes_max) = (3, 1_000, 300);
    world.join_with(0, config, WALL_MS);
    world.run_ms(100);
    let too_large = Refused::ValueTooLarge { bytes: 301, max: 300 };
    assert_eq!(set(&mut world, 0, "k", &[1; 301]), Err(too_large));
    let nothing = Command::MapSet { map: "board".into(), key: "k".into(), value: Some(vec![]) };
    assert!(matches!(world.command(0, nothing), Err(Refused::ValueTooLarge { bytes: 0, .. })));
    for key in ["a", "b", "c"] {
        set(&mut world, 0, key, b"1").unwrap();
    }
    assert_eq!(set(&mut world, 0, "d", b"1"), Err(Refused::TooManyEntries { max: 3 }));
    set(&mut world, 0, "c", b"2").unwrap();
    assert_eq!(
        set(&mut world, 0, "c", &[1; 300]).and(set(&mut world, 0, "b", &[1; 300])),
        Err(Refused::TooManyBytes { max: 1_000 })
    );
    let name =
        |map: usize, key: usize| Command::MapSet { map: "n".repeat(map), key: "k".repeat(key), value: Some(vec![1]) };
    assert_eq!(world.command(0, name(0, 1)), Err(Refused::ChannelName { bytes: 0, max: 128 }));
    assert_eq!(world.command(0, name(129, 1)), Err(Refused::ChannelName { bytes: 129, max: 128 }));
    assert_eq!(world.command(0, name(100, 154)), Err(Refused::ChannelName { bytes: 154, max: 153 }));
}

fn room() -> RoomKey {
    RoomKey::new("lobby")
}

fn entry_of(n: u8, key: &[u8], version: u64, value: &[u8]) -> Signed<Entry> {
    let owner = Identity::from_secret(&[n; 32]);
    Signed::new(Entry { owner: owner.id(), key: key.into(), version, value: value.into() }, &owner, &room())
}

/// Hands a frame of member 1 to member 0.
fn receive(world: &mut World, entries: Vec<Signed<Entry>>, n: u8) {
    let keys = vec![Identity::from_secret(&[n; 32]).public_key()];
    world.inject(0, 1, &Frame::Kept { keys, entries }.encode());
}

fn stamp(wall_ms: u64) -> [u8; 8] {
    (wall_ms << 16).to_le_bytes()
}

#[test]
fn an_owner_beyond_its_bounds_harms_nobody_else() {
    let mut world = World::new();
    let mut config = Config::default();
    config.owner_entries_max = 8;
    for n in 0..2 {
        world.join_with(n, config.clone(), WALL_MS);
    }
    world.run_ms(3_000);
    let value = [&stamp(WALL_MS)[..], b"x"].concat();
    let flood = (0..100_u8).map(|n| entry_of(77, &[b'm', 1, b'a', b'0' + n], u64::from(n) + 1, &value)).collect();
    receive(&mut world, flood, 77);
    let held = world.hosts[0].node.entries().count();
    assert_eq!(held, 9, "an eighth more than it may write");
    set(&mut world, 1, "k", b"v").unwrap();
    world.run_ms(100);
    assert_eq!(get(&world, 0, "k"), Some(&b"v"[..]));
}

#[test]
fn nothing_is_taken_without_its_owners_signature() {
    let mut world = World::room(2);
    let value = [&stamp(WALL_MS)[..], b"x"].concat();
    let good = entry_of(77, b"m\x01ak", 5, &value);
    let mut altered = good.clone();
    altered.body.value.push(b'!');
    let mut moved = good.clone();
    moved.body.owner = world.id(1);
    receive(&mut world, vec![altered, moved], 77);
    assert_eq!(world.hosts[0].node.entries().count(), 0);
    assert_eq!(world.count(0, |event| matches!(event, Event::Violation(_))), 2);
    // Nobody's key is taken for that of another.
    world.inject(0, 1, &Frame::Kept { keys: vec![[7; 32]], entries: vec![good.clone()] }.encode());
    assert_eq!(world.hosts[0].node.entries().count(), 0);
    receive(&mut world, vec![good], 77);
    assert_eq!(world.hosts[0].node.entries().count(), 1);
}

#[test]
fn an_older_version_replaces_nothing() {
    let mut world = World::room(2);
    let total = |n: i64| n.to_le_bytes();
    let key = b"c\x05votes\0\0\0\0\0\0\0\x01";
    let (old, new) = (entry_of(77, key, 5, &total(50)), entry_of(77, key, 6, &total(3)));
    receive(&mut world, vec![new.clone(), old.clone()], 77);
    assert_eq!(votes(&world, 0), 3);
    receive(&mut world, vec![old], 77);
    world.inject(0, 1, &Frame::Gossip { hops: 1, rumor: Rumor::Entry(new) }.encode());
    assert_eq!(votes(&world, 0), 3);
}

#[test]
fn a_stamp_too_far_ahead_is_refused() {
    let mut world = World::room(2);
    let day = 86_400_000;
    let at = |ms: u64| [&stamp(WALL_MS + ms)[..], b"x"].concat();
    receive(&mut world, vec![entry_of(77, b"m\x01ak", 5, &at(day + 60_000))], 77);
    assert_eq!(world.hosts[0].node.map_get("a", "k"), None);
    receive(&mut world, vec![entry_of(77, b"m\x01ak", 6, &at(day - 60_000))], 77);
    assert_eq!(world.hosts[0].node.map_get("a", "k"), Some(&b"x"[..]));
}

#[test]
fn what_is_no_entry_of_a_view_is_dropped() {
    let mut world = World::room(2);
    let bad = [
        entry_of(77, b"", 1, b""),
        entry_of(77, b"x\x01a", 2, b""),
        entry_of(77, b"m\x09a", 3, &stamp(WALL_MS)),
        entry_of(77, b"m\x01a\xff", 4, &stamp(WALL_MS)),
        entry_of(77, b"m\x01ak", 5, b"short"),
        entry_of(77, b"l\x01aseven", 6, b"x"),
        entry_of(77, b"c\x01a\0\0\0\0\0\0\0\0", 7, b"seven.."),
    ];
    receive(&mut world, bad.to_vec(), 77);
    assert_eq!(world.hosts[0].node.entries().count(), 0);
    assert_eq!(world.count(0, |event| matches!(event, Event::Violation(_))), 0);
}

#[test]
fn a_store_of_any_size_comes_in_bounded_answers() {
    let mut world = World::new();
    let mut config = Config::default();
    config.sync_bytes_max = 20_000;
    world.join_with(0, config.clone(), WALL_MS);
    for n in 0..400_u32 {
        set(&mut world, 0, &n.to_string(), &[1; 500]).unwrap();
    }
    world.hosts[0].frames.clear();
    let late = world.join_with(1, config, WALL_MS);
    let mut before = 0;
    for _ in 0..500 {
        world.run_ms(10);
        let bytes = |frame: &Frame| if matches!(frame, Frame::Kept { .. }) { frame.encode().len() } else { 0 };
        let sent: usize = world.hosts[0].frames.iter().map(bytes).sum();
        assert!(sent - before < 22_000, "{} bytes at once", sent - before);
        before = sent;
    }
    assert_eq!(world.hosts[late].node.map_entries("board").count(), 400);
    assert!(are_equal(&world));
}

#[test]
fn a_peer_may_ask_for_anything_and_gets_what_there_is_in_bounds() {
    let mut world = World::room(2);
    set(&mut world, 0, "k", b"v").unwrap();
    world.run_ms(100);
    world.hosts[0].frames.clear();
    world.inject(0, 1, &Frame::Fetch(vec![[1; 8]; 256]).encode());
    assert!(!world.hosts[0].frames.iter().any(|frame| matches!(frame, Frame::Kept { .. })));
    let everything = Range { end: None, content: Content::Names(vec![]) };
    world.inject(0, 1, &Frame::State(vec![everything]).encode());
    assert_eq!(world.hosts[0].frames.iter().filter(|frame| matches!(frame, Frame::Kept { .. })).count(), 1);
}

#[test]
fn more_statements_than_a_window_remembers_still_reach_who_was_cut_off() {
    let mut world = World::room(3);
    (0..2).for_each(|other| world.set_cut(other, 2, true));
    world.run_ms(500);
    for n in 0..700_u32 {
        set(&mut world, 0, &(n % 300).to_string(), &n.to_le_bytes()).unwrap();
    }
    world.run_ms(500);
    (0..2).for_each(|other| world.set_cut(other, 2, false));
    world.run_ms(120_000);
    assert!(are_equal(&world));
    assert_eq!(world.hosts[2].node.map_entries("board").count(), 300);
}

/// Copies that are quick by chance come over links that have been pruned already, again and again.
#[test]
fn what_all_write_at_once_comes_to_all_by_push_alone_however_uneven_their_links() {
    let is_graft = |frame: &&Frame| matches!(frame, Frame::Graft(_));
    for (members, uneven_ms) in [(4, 10), (8, 10), (8, 40)] {
        let mut world = World::room(members);
        world.uneven_ms = uneven_ms;
        let grafts = |world: &World| world.hosts.iter().flat_map(|host| &host.frames).filter(is_graft).count();
        let before = grafts(&world);
        for round in 0..20 {
            for at in 0..members {
                set(&mut world, at, "key", &[round]).unwrap();
                set(&mut world, at, &format!("of {at}"), &[round]).unwrap();
                add(&mut world, at, 3);
                add(&mut world, at, -1);
            }
            world.run_ms(5);
        }
        world.run_ms(3 * uneven_ms);
        assert!(are_equal(&world), "{members} members, {uneven_ms} ms");
        assert_eq!(grafts(&world), before, "{members} members, {uneven_ms} ms");
    }
}
