//! One test for each rule, and lists of random operations against what must hold after each of them.
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NOBODY: [u64; 0] = [];

/// Rooms, and what they answer to whom, with small numbers for sockets and ids.
struct Scene {
    rooms: Rooms,
}

impl Scene {
    fn new(limits: Limits) -> Self {
        Self { rooms: Rooms::new(&limits, Vec::new(), 7) }
    }

    fn say(&mut self, socket: u64, message: ClientMessage) -> Vec<Output> {
        self.rooms.handle(SocketId(socket), message)
    }

    fn join(&mut self, socket: u64, room: &str, member: u64) -> Vec<Output> {
        self.say(socket, ClientMessage::Join { version: VERSION, room: room.into(), id: id(member) })
    }

    /// Joins, and returns who was named in the welcome.
    fn welcome(&mut self, socket: u64, room: &str, member: u64) -> Vec<u64> {
        match self.join(socket, room, member).pop() {
            Some(Output::Send(SocketId(to), ServerMessage::Welcome { members, version: VERSION, .. }))
                if to == socket =>
            {
                members.iter().map(|id| number(id)).collect()
            }
            other => panic!("no welcome but {other:?}"),
        }
    }

    fn linked(&mut self, socket: u64, links: u32) -> Vec<Output> {
        self.say(socket, ClientMessage::Linked { links })
    }

    fn peers(&mut self, socket: u64) -> Vec<u64> {
        match self.say(socket, ClientMessage::Peers).as_slice() {
            [Output::Send(_, ServerMessage::Peers { members })] => members.iter().map(|id| number(id)).collect(),
            other => panic!("no peers but {other:?}"),
        }
    }

    fn signal(&mut self, socket: u64, to: u64) -> Vec<Output> {
        self.say(socket, ClientMessage::Signal { to: id(to), data: "AA==".into() })
    }
}

fn id(member: u64) -> String {
    format!("{member:032x}")
}

fn number(id: &str) -> u64 {
    u64::from_str_radix(id, 16).unwrap()
}

fn refused(socket: u64, refusal: Refusal) -> Vec<Output> {
    vec![Output::End(SocketId(socket), Ending::Refused(refusal))]
}

fn released(sockets: &[u64]) -> Vec<Output> {
    sockets.iter().map(|&socket| Output::End(SocketId(socket), Ending::Released)).collect()
}

#[test]
fn the_first_of_a_room_is_told_nobody_and_the_second_the_first() {
    let mut scene = Scene::new(Limits::DEFAULT);
    assert_eq!(scene.welcome(1, "lobby", 1), NOBODY);
    assert_eq!(scene.welcome(2, "lobby", 2), [1]);
}

#[test]
fn rooms_know_nothing_of_each_other() {
    let mut scene = Scene::new(Limits::DEFAULT);
    scene.welcome(1, "lobby", 1);
    assert_eq!(scene.welcome(2, "attic", 2), NOBODY);
    assert_eq!(scene.signal(2, 1), [Output::Send(SocketId(2), ServerMessage::Unknown { to: id(1) })]);
    assert_eq!(scene.welcome(3, "attic", 1), [2], "an id may be in two rooms");
    assert_eq!((scene.rooms.rooms(), scene.rooms.members()), (2, 3));
}

#[test]
fn a_newcomer_is_told_three_linked_members_where_there_are_three() {
    let mut scene = Scene::new(Limits { greeters: 4, ..Limits::DEFAULT });
    for member in 1..=20 {
        scene.welcome(member, "lobby", member);
    }
    for member in [3, 7, 11, 15] {
        assert_eq!(scene.linked(member, 1), []);
    }
    let mut named = BTreeSet::new();
    for newcomer in 100..150 {
        let members = scene.welcome(newcomer, "lobby", newcomer);
        assert_eq!(members.iter().collect::<BTreeSet<_>>().len(), 3);
        named.extend(members);
    }
    assert_eq!(named, BTreeSet::from([3, 7, 11, 15]), "all of them get their share");
}

#[test]
fn members_without_links_fill_up_what_linked_ones_leave_free() {
    let mut scene = Scene::new(Limits::DEFAULT);
    for member in 1..=5 {
        scene.welcome(member, "lobby", member);
    }
    scene.linked(4, 2);
    let members = scene.welcome(6, "lobby", 6);
    assert_eq!((members.len(), members[0]), (3, 4), "the linked one comes first");
}

#[test]
fn peers_names_others_afresh_and_never_oneself() {
    let mut scene = Scene::new(Limits::DEFAULT);
    for member in 1..=6 {
        scene.welcome(member, "lobby", member);
    }
    let named: BTreeSet<u64> = (0..50).flat_map(|_| scene.peers(1)).collect();
    assert_eq!(named, BTreeSet::from([2, 3, 4, 5, 6]));
}

#[test]
fn a_signal_reaches_its_addressee_with_its_senders_id() {
    let mut scene = Scene::new(Limits::DEFAULT);
    scene.welcome(11, "lobby", 1);
    scene.welcome(12, "lobby", 2);
    let signal = ServerMessage::Signal { from: id(2), data: "AA==".into() };
    assert_eq!(scene.signal(12, 1), [Output::Send(SocketId(11), signal)]);
}

#[test]
fn a_signal_to_nobody_or_oneself_is_answered_unknown() {
    let mut scene = Scene::new(Limits::DEFAULT);
    scene.welcome(1, "lobby", 1);
    for to in [1, 2] {
        assert_eq!(scene.signal(1, to), [Output::Send(SocketId(1), ServerMessage::Unknown { to: id(to) })]);
    }
}

#[test]
fn what_would_be_too_large_when_relayed_is_refused() {
    let mut scene = Scene::new(Limits { message_bytes_max: 200, ..Limits::DEFAULT });
    scene.welcome(1, "lobby", 1);
    scene.welcome(2, "lobby", 2);
    let overhead = serde_json::to_string(&ServerMessage::Signal { from: id(1), data: String::new() }).unwrap().len();
    let fits = ClientMessage::Signal { to: id(2), data: "x".repeat(200 - overhead) };
    assert!(matches!(scene.say(1, fits).as_slice(), [Output::Send(SocketId(2), _)]));
    let does_not = ClientMessage::Signal { to: id(2), data: "x".repeat(201 - overhead) };
    assert_eq!(scene.say(1, does_not), refused(1, Refusal::TooLarge(200)));
}

#[test]
fn a_join_comes_first_and_only_once() {
    let mut scene = Scene::new(Limits::DEFAULT);
    assert_eq!(scene.linked(1, 1), refused(1, Refusal::JoinFirst));
    assert_eq!(scene.signal(1, 2), refused(1, Refusal::JoinFirst));
    assert_eq!(scene.say(1, ClientMessage::Peers), refused(1, Refusal::JoinFirst));
    scene.welcome(1, "lobby", 1);
    assert_eq!(scene.join(1, "attic", 1), refused(1, Refusal::JoinedAlready));
    assert_eq!(scene.rooms.members(), 0, "who is refused is out");
}

#[test]
fn malformed_joins_are_refused() {
    let mut scene = Scene::new(Limits::DEFAULT);
    let join = |version, room: &str, id: &str| ClientMessage::Join { version, room: room.into(), id: id.into() };
    assert_eq!(scene.say(1, join(VERSION + 1, "lobby", &id(1))), refused(1, Refusal::Version(VERSION + 1)));
    assert_eq!(scene.say(1, join(VERSION, "", &id(1))), refused(1, Refusal::BadRoom));
    assert_eq!(scene.say(1, join(VERSION, "lobby", "me")), refused(1, Refusal::BadId));
    assert_eq!((scene.rooms.rooms(), scene.rooms.members()), (0, 0));
}

#[test]
fn who_joins_with_the_id_of_another_is_told_of_it_and_both_can_speak_with_each_other() {
    let mut scene = Scene::new(Limits { room_members_max: 2, ..Limits::DEFAULT });
    scene.welcome(1, "lobby", 1);
    scene.welcome(2, "lobby", 2);
    scene.linked(1, 1);
    assert_eq!(scene.welcome(3, "lobby", 1), [1, 2]);
    assert_eq!(scene.peers(3), [2], "once is enough");
    let to = |outputs: Vec<Output>| -> Vec<u64> {
        let sent = |output: &Output| match output {
            Output::Send(SocketId(to), ServerMessage::Signal { .. }) => *to,
            other => panic!("no signal but {other:?}"),
        };
        outputs.iter().map(sent).collect()
    };
    assert_eq!(to(scene.signal(3, 1)), [1]);
    assert_eq!(to(scene.signal(1, 1)), [3]);
    assert_eq!(to(scene.signal(2, 1)), [1, 3], "whose it is, they know themselves");
    scene.rooms.leave(SocketId(1));
    assert_eq!(to(scene.signal(2, 1)), [3]);
    assert_eq!((scene.rooms.members(), scene.linked(3, 1)), (2, vec![]));
}

#[test]
fn of_many_with_one_id_the_first_and_the_last_stay() {
    let mut scene = Scene::new(Limits::DEFAULT);
    scene.welcome(1, "lobby", 1);
    scene.welcome(2, "lobby", 1);
    for socket in 3..9 {
        let outputs = scene.join(socket, "lobby", 1);
        assert_eq!(outputs[..1], refused(socket - 1, Refusal::Replaced));
        assert!(matches!(&outputs[1..], [Output::Send(SocketId(to), ServerMessage::Welcome { .. })] if *to == socket));
    }
    assert_eq!(scene.rooms.members(), 2);
}

#[test]
fn a_member_alone_in_its_room_can_come_back_when_the_server_is_full_of_rooms() {
    let mut scene = Scene::new(Limits { rooms_max: 1, ..Limits::DEFAULT });
    scene.welcome(1, "lobby", 1);
    assert_eq!(scene.welcome(2, "lobby", 1), [1]);
    scene.rooms.leave(SocketId(1));
    assert_eq!((scene.rooms.rooms(), scene.rooms.members()), (1, 1));
}

#[test]
fn linked_members_beyond_the_greeters_are_released_the_newest_first() {
    let mut scene = Scene::new(Limits { greeters: 2, ..Limits::DEFAULT });
    for member in 1..=4 {
        scene.welcome(member, "lobby", member);
    }
    assert_eq!(scene.linked(3, 1), []);
    assert_eq!(scene.linked(4, 1), []);
    assert_eq!(scene.linked(1, 1), released(&[4]), "1 stays longer than 4, although it linked later");
    assert_eq!(scene.linked(2, 1), released(&[3]));
    assert_eq!(scene.rooms.members(), 2);
    assert_eq!(scene.linked(2, 8), [], "to say it again changes nothing");
}

#[test]
fn a_member_without_links_is_never_released_and_is_no_greeter() {
    let mut scene = Scene::new(Limits { greeters: 1, ..Limits::DEFAULT });
    for member in 1..=9 {
        scene.welcome(member, "lobby", member);
    }
    assert_eq!(scene.linked(5, 1), [], "idle ones around it do not push out the one greeter");
    assert_eq!(scene.linked(5, 0), []);
    assert_eq!(scene.linked(6, 1), []);
    assert_eq!(scene.rooms.members(), 9);
}

#[test]
fn a_room_of_any_size_keeps_as_many_sockets_as_greeters() {
    let mut scene = Scene::new(Limits::DEFAULT);
    for member in 1..=500 {
        scene.welcome(member, "lobby", member);
        scene.linked(member, 3);
        assert_eq!(scene.rooms.members() as u64, member.min(5));
    }
    assert_eq!(scene.peers(1).into_iter().collect::<BTreeSet<_>>().intersection(&(2..=5).collect()).count(), 3);
}

#[test]
fn rooms_and_their_members_are_capped() {
    let mut scene = Scene::new(Limits { rooms_max: 1, room_members_max: 2, ..Limits::DEFAULT });
    scene.welcome(1, "lobby", 1);
    assert_eq!(scene.join(2, "attic", 2), refused(2, Refusal::RoomsFull));
    scene.welcome(2, "lobby", 2);
    assert_eq!(scene.join(3, "lobby", 3), refused(3, Refusal::RoomFull));
    scene.rooms.leave(SocketId(1));
    scene.welcome(3, "lobby", 3);
}

#[test]
fn a_room_vanishes_with_its_last_member() {
    let mut scene = Scene::new(Limits { rooms_max: 1, ..Limits::DEFAULT });
    scene.welcome(1, "lobby", 1);
    scene.rooms.leave(SocketId(1));
    scene.rooms.leave(SocketId(1));
    assert_eq!((scene.rooms.rooms(), scene.rooms.members()), (0, 0));
    assert_eq!(scene.welcome(2, "attic", 1), NOBODY);
}

/// What a random client may do.
#[derive(Clone, Debug)]
enum Operation {
    Join { socket: u64, room: u8, member: u64 },
    Linked { socket: u64, links: u32 },
    Signal { socket: u64, to: u64 },
    Peers { socket: u64 },
    Leave { socket: u64 },
}

fn operation() -> impl Strategy<Value = Operation> {
    let socket = 0_u64..12;
    prop_oneof![
        4 => (socket.clone(), 0_u8..3, 0_u64..8).prop_map(|(socket, room, member)| Operation::Join { socket, room, member }),
        4 => (socket.clone(), 0_u32..3).prop_map(|(socket, links)| Operation::Linked { socket, links }),
        2 => (socket.clone(), 0_u64..8).prop_map(|(socket, to)| Operation::Signal { socket, to }),
        1 => socket.clone().prop_map(|socket| Operation::Peers { socket }),
        2 => socket.prop_map(|socket| Operation::Leave { socket }),
    ]
}

/// What the test believes of each joined socket: its room and its id.
type Model = BTreeMap<u64, (u8, u64)>;

fn apply(scene: &mut Scene, model: &mut Model, operation: &Operation) {
    let outputs = match *operation {
        Operation::Join { socket, room, member } => {
            let outputs = scene.join(socket, &room.to_string(), member);
            if outputs.iter().any(|output| matches!(output, Output::Send(_, ServerMessage::Welcome { .. }))) {
                model.insert(socket, (room, member));
            }
            outputs
        }
        Operation::Linked { socket, links } => scene.linked(socket, links),
        Operation::Signal { socket, to } => scene.signal(socket, to),
        Operation::Peers { socket } => scene.say(socket, ClientMessage::Peers),
        Operation::Leave { socket } => {
            scene.rooms.leave(SocketId(socket));
            model.remove(&socket);
            Vec::new()
        }
    };
    assert!(outputs.len() <= 12);
    for output in outputs {
        match output {
            Output::End(SocketId(socket), _) => drop(model.remove(&socket)),
            Output::Send(SocketId(socket), message) => check_sent(model, socket, &message),
        }
    }
}

/// Nothing is said to who has not joined, and only members of the same room are named.
fn check_sent(model: &Model, socket: u64, message: &ServerMessage) {
    let (room, member) = model[&socket];
    let named: Vec<u64> = match message {
        ServerMessage::Welcome { members, .. } | ServerMessage::Peers { members } => {
            members.iter().map(|id| number(id)).collect()
        }
        ServerMessage::Signal { from, .. } => vec![number(from)],
        _ => vec![],
    };
    let is_other = |(other, seat): (&u64, &(u8, u64))| *other != socket && *seat == (room, member);
    let has_double = model.iter().any(is_other);
    assert!(named.len() <= INTRODUCTIONS_MAX);
    match message {
        ServerMessage::Welcome { .. } => assert_eq!(named.contains(&member), has_double),
        ServerMessage::Signal { .. } => assert!(!named.contains(&member) || has_double),
        _ => assert!(!named.contains(&member)),
    }
    for other in named {
        assert!(model.values().any(|&seat| seat == (room, other)), "{other} is not in room {room}");
    }
}

fn check_invariants(rooms: &Rooms, model: &Model, limits: &Limits) {
    let seats: BTreeMap<u64, (u8, u64)> =
        rooms.seats.iter().map(|(socket, seat)| (socket.0, (seat.room.parse().unwrap(), number(&seat.id)))).collect();
    assert_eq!(&seats, model);
    assert!(rooms.rooms() <= limits.rooms_max);
    let sockets = rooms.rooms.values().flat_map(|room| room.members.values().map(Vec::len));
    assert!(sockets.clone().all(|same| (1..=SAME_ID_MAX).contains(&same)));
    assert_eq!(sockets.sum::<usize>(), rooms.seats.len());
    for room in rooms.rooms.values() {
        assert!(!room.members.is_empty() && room.members.len() <= limits.room_members_max);
        assert_eq!(room.linked, room.members.values().flatten().filter(|member| member.linked).count());
        assert!(room.linked <= limits.greeters);
    }
}

proptest! {
    #[test]
    fn seats_rooms_and_caps_hold_under_any_operations(operations in prop::collection::vec(operation(), 0..200)) {
        let limits = Limits { rooms_max: 2, room_members_max: 5, greeters: 2, ..Limits::DEFAULT };
        let mut scene = Scene::new(limits);
        let mut model = Model::new();
        for operation in &operations {
            apply(&mut scene, &mut model, operation);
            check_invariants(&scene.rooms, &model, &limits);
        }
        for socket in 0..12 {
            scene.rooms.leave(SocketId(socket));
        }
        prop_assert_eq!((scene.rooms.rooms(), scene.rooms.members()), (0, 0));
    }
}
