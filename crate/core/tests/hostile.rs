//! What hostile members and a hostile server can say, and what comes of it: nothing.

mod world;

use chinwag_core::{
    Alone, Command, Departure, Event, Identity, Input, SignalKind, ViolationKind,
    wire::{
        Content, Entry, Envelope, Farewell, Frame, Knock, Malformed, Post, Range, Record, RoomKey, Rumor, ShortId,
        Signed, Statement, Suspicion,
    },
};
use proptest::prelude::*;
use world::World;

const MALLORY: u8 = 2;

/// A number that nobody has used.
const NUMBER: u64 = world::WALL_MS * 2_000;

fn room() -> RoomKey {
    RoomKey::new("lobby")
}

fn identity(n: u8) -> Identity {
    Identity::from_secret(&[n; 32])
}

/// A statement with a signature that Mallory made.
fn forged<T: Statement>(body: T) -> Signed<T> {
    Signed::new(body, &identity(MALLORY), &room())
}

fn gossip(rumor: Rumor) -> Frame {
    Frame::Gossip { hops: 1, rumor }
}

/// Three members; the third is Mallory, who says `frame` to the first.
fn after(frame: &Frame) -> World {
    let mut world = World::room(3);
    world.set_presence(1, b"honest");
    world.run_ms(1_000);
    world.inject(0, usize::from(MALLORY), &frame.encode());
    world.run_ms(10_000);
    world
}

fn violations(world: &World, kind: ViolationKind) -> usize {
    let it = |e: &Event| matches!(e, Event::Violation(v) if v.kind == kind && v.peer == world.id(usize::from(MALLORY)));
    world.hosts[0].events.iter().filter(|event| it(event)).count()
}

fn record_of(n: u8, incarnation: u64) -> Record {
    let mut record = Record::new(identity(n).public_key(), incarnation, 0);
    record.hidden = true;
    record.zone = "mars".into();
    record
}

#[test]
fn nobody_changes_the_record_of_another() {
    let world = after(&Frame::Records(vec![forged(record_of(1, u64::MAX))]));
    assert_eq!(violations(&world, ViolationKind::Forged), 1);
    assert_eq!(world.view(0, 1).unwrap().zone, None);
}

#[test]
fn nobody_sets_the_presence_of_another() {
    let owner = identity(1).id();
    let entry = Entry { owner, key: "presence".into(), version: u64::MAX, value: b"evil".into() };
    let world = after(&Frame::Entries(vec![forged(entry)]));
    assert_eq!(violations(&world, ViolationKind::Forged), 1);
    assert_eq!(world.presence(0, 1).as_deref(), Some(&b"honest"[..]));
}

#[test]
fn nobody_speaks_for_another() {
    let (origin, channel) = (identity(1).id(), "chat".into());
    let post = Post {
        origin,
        seq: NUMBER,
        previous: 0,
        to: None,
        channel,
        sent_at_ms: 0,
        index: 0,
        count: 1,
        payload: b"evil".into(),
    };
    let world = after(&gossip(Rumor::Post(forged(post))));
    assert_eq!(violations(&world, ViolationKind::Forged), 1);
    assert!(world.messages(0).is_empty());
}

#[test]
fn only_who_is_at_the_other_end_of_a_link_speaks_there_without_a_signature() {
    let direct = |origin: u8, to: Option<u8>| {
        let (origin, to) = (identity(origin).id(), to.map(|to| identity(to).id()));
        let (channel, payload) = ("chat".into(), b"hm".into());
        let (previous, sent_at_ms, index, count) = (0, 0, 0, 1);
        Frame::Direct(Post { origin, seq: NUMBER, previous, to, channel, sent_at_ms, index, count, payload })
    };
    for (frame, forged, heard) in [
        (direct(1, Some(0)), 1, 0),
        (direct(MALLORY, Some(1)), 1, 0),
        (direct(MALLORY, None), 1, 0),
        (direct(MALLORY, Some(0)), 0, 1),
    ] {
        let world = after(&frame);
        assert_eq!((violations(&world, ViolationKind::Forged), world.messages(0).len()), (forged, heard), "{frame}");
        assert!(world.messages(1).is_empty(), "{frame}");
    }
    let mut world = after(&direct(MALLORY, Some(0)));
    world.inject(0, usize::from(MALLORY), &direct(MALLORY, Some(0)).encode());
    world.run_ms(1_000);
    assert_eq!(world.messages(0).len(), 1, "said again");
}

#[test]
fn who_lies_about_the_way_of_a_message_neither_repeats_nor_hides_it() {
    let (origin, channel) = (identity(MALLORY).id(), "chat".into());
    let payload = b"once".into();
    // Not far from those that it has used.
    let seq = world::WALL_MS * 1_000 + 500;
    let post = Post { origin, seq, previous: 0, to: None, channel, sent_at_ms: 0, index: 0, count: 1, payload };
    let frame = Frame::Gossip { hops: 0x7f, rumor: Rumor::Post(forged(post)) }.encode();
    let mut world = World::room(3);
    world.run_ms(1_000);
    for _ in 0..5 {
        world.inject(0, usize::from(MALLORY), &frame);
        world.run_ms(1_000);
    }
    assert_eq!([world.messages(0).len(), world.messages(1).len()], [1, 1]);
}

#[test]
fn a_greeting_again_is_news_of_the_peer_and_no_second_link() {
    let world = after(&Frame::Hello(forged(record_of(MALLORY, NUMBER))));
    assert_eq!(world.count(0, |event| matches!(event, Event::Link { up: true, .. })), 2);
    // And the member of whom it is hears of it, and answers.
    assert!(world.view(0, usize::from(MALLORY)).is_some_and(|member| member.incarnation >= NUMBER));
}

#[test]
fn two_that_run_with_one_key_do_not_outbid_each_other_without_end() {
    let mut world = World::room(3);
    world.run_ms(2_000);
    let mut raised = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let incarnation = world.hosts[0].node.incarnation() + 1;
        // It came later: otherwise we would step aside.
        let mut record = record_of(0, incarnation);
        record.joined_at_ms = u64::MAX;
        let record = Signed::new(record, &identity(0), &room());
        world.inject(0, usize::from(MALLORY), &gossip(Rumor::Record(record)).encode());
        world.run_ms(20);
        raised.insert(world.hosts[0].node.incarnation());
    }
    assert!((2..=4).contains(&raised.len()), "in two seconds: {raised:?}");
}

#[test]
fn nobody_says_goodbye_for_another() {
    let farewell = Farewell { subject: identity(1).id(), number: u64::MAX };
    let world = after(&gossip(Rumor::Farewell(forged(farewell))));
    assert_eq!(violations(&world, ViolationKind::Forged), 1);
    assert!(world.agree());
}

#[test]
fn nobody_accuses_in_the_name_of_another() {
    let world = World::room(3);
    let incarnation = world.view(0, 1).unwrap().incarnation;
    let suspicion =
        Suspicion { accuser: identity(1).id(), subject: identity(0).id(), number: NUMBER, incarnation, silent_ms: 0 };
    let mine =
        Suspicion { accuser: identity(1).id(), subject: identity(1).id(), number: NUMBER, incarnation, silent_ms: 0 };
    for suspicion in [suspicion, mine] {
        let world = after(&gossip(Rumor::Suspicion(forged(suspicion))));
        assert_eq!(world.count(0, |e| matches!(e, Event::Suspected { .. })), 0);
        assert_eq!(world.hosts[0].node.stats().refutations, 0);
    }
}

#[test]
fn one_liar_kills_nobody() {
    let mut world = World::room(5);
    for n in 0..20 {
        let subject = world.id(1);
        let incarnation = world.view(0, 1).unwrap().incarnation;
        let lie = gossip(Rumor::Suspicion(forged(Suspicion {
            accuser: world.id(2),
            subject,
            number: NUMBER + n,
            incarnation,
            silent_ms: 60_000,
        })));
        world.inject(0, usize::from(MALLORY), &lie.encode());
        world.run_ms(3_000);
    }
    assert!(world.agree());
    assert!((0..5).all(|at| world.departures(at).is_empty()));
}

#[test]
fn an_accusation_of_an_incarnation_that_was_never_issued_is_nothing() {
    let world = World::room(3);
    let subject = world.id(0);
    let before = world.view(1, 0).unwrap().incarnation;
    let lie = Suspicion { accuser: world.id(2), subject, number: NUMBER, incarnation: u64::MAX - 1, silent_ms: 60_000 };
    let world = after(&gossip(Rumor::Suspicion(forged(lie))));
    assert!(world.view(1, 0).unwrap().incarnation < before + 10);
}

#[test]
fn an_obituary_cannot_use_up_our_incarnations() {
    let world = World::room(3);
    let subject = world.id(0);
    let before = world.view(1, 0).unwrap().incarnation;
    let world = after(&Frame::Obituary { subject, incarnation: u64::MAX });
    assert!(world.view(1, 0).unwrap().incarnation < before + 10);
}

#[test]
fn a_statement_of_another_room_says_nothing_here() {
    let elsewhere = RoomKey::new("elsewhere");
    let id = identity(1).id();
    let farewell = Signed::new(Farewell { subject: id, number: u64::MAX }, &identity(1), &elsewhere);
    let world = after(&gossip(Rumor::Farewell(farewell)));
    assert!(world.agree());
}

#[test]
fn a_signature_under_one_kind_of_statement_is_none_under_another() {
    let suspicion = Suspicion {
        accuser: identity(1).id(),
        subject: identity(0).id(),
        number: NUMBER,
        incarnation: 7,
        silent_ms: 0,
    };
    let farewell = Farewell { subject: identity(1).id(), number: 7 };
    let signed = Signed::new(suspicion, &identity(1), &room());
    assert!(signed.verify(&identity(1).public_key(), &room(), &Alone));
    let moved = Signed { body: farewell, signature: signed.signature };
    assert!(!moved.verify(&identity(1).public_key(), &room(), &Alone));
}

#[test]
fn a_goodbye_of_an_older_incarnation_is_stale() {
    let mut world = World::room(3);
    let stale = Farewell { subject: world.id(1), number: world.view(0, 1).unwrap().incarnation - 1 };
    let frame = gossip(Rumor::Farewell(Signed::new(stale, &identity(1), &room())));
    world.inject(0, 2, &frame.encode());
    world.run_ms(5_000);
    assert!(world.agree());
}

#[test]
fn an_offer_whose_fingerprint_was_swapped_on_the_way_opens_nothing() {
    let mut world = World::room(2);
    let body = Envelope {
        from: identity(9).public_key(),
        to: world.id(0),
        session: 1,
        kind: SignalKind::Offer,
        body: b"offer".into(),
    };
    let mut signed = Signed::new(body, &identity(9), &room());
    signed.body.body = b"other".into();
    world.inject(0, 1, &Frame::Signal { ttl: 1, envelope: signed }.encode());
    assert_eq!(world.hosts[0].node.stats().links_pending, 0);
    assert_eq!(world.count(0, |e| matches!(e, Event::Violation(v) if v.kind == ViolationKind::Forged)), 1);
}

#[test]
fn a_restart_of_a_session_that_is_none_of_its_authors_opens_nothing_and_is_not_answered() {
    let mut world = World::room(3);
    let sessions = world.hosts[0].frames.iter().filter_map(|frame| match frame {
        Frame::Signal { envelope, .. } => Some(envelope.body.session),
        _ => None,
    });
    let sessions: Vec<u64> = sessions.chain([1]).collect();
    let before = world.hosts[0].frames.len();
    for session in sessions {
        let (from, to, body) = (identity(9).public_key(), world.id(0), b"offer".into());
        let envelope = Envelope { from, to, session, kind: SignalKind::Restart, body };
        let envelope = Signed::new(envelope, &identity(9), &room());
        world.inject(0, 1, &Frame::Signal { ttl: 1, envelope }.encode());
    }
    assert_eq!(world.hosts[0].node.stats().links_pending, 0);
    assert_eq!(world.hosts[0].frames.len(), before);
}

#[test]
fn what_the_server_invents_opens_nothing() {
    let mut world = World::room(2);
    let from = world.id(1);
    for frame in [vec![], vec![0; 200], vec![255; 20_000]] {
        world.input(0, Input::ServerSignal { from, frame });
    }
    assert_eq!(world.hosts[0].node.stats().links_pending, 0);
    assert_eq!(world.hosts[0].node.stats().violations, 3);
}

#[test]
fn who_greets_with_another_key_than_the_one_dialled_gets_no_link() {
    let mut world = World::room(2);
    let link = world.link(0, 1).unwrap();
    let imposter = Frame::Hello(Signed::new(record_of(9, 1), &identity(9), &room()));
    world.input(0, Input::Frame { link, bytes: imposter.encode().to_vec() });
    assert_eq!(world.count(0, |e| matches!(e, Event::Violation(v) if v.kind == ViolationKind::WrongPeer)), 1);
    assert_eq!(world.hosts[0].node.stats().links, 0);
}

#[test]
fn a_flood_of_members_is_bounded() {
    let mut world = World::new();
    let mut config = chinwag_core::Config::default();
    config.members_max = 10;
    world.join_with(0, config, world::WALL_MS);
    world.join();
    world.run_ms(2_000);
    let records: Vec<_> = (100..140).map(|n| Signed::new(record_of(n, 1), &identity(n), &room())).collect();
    world.inject(0, 1, &Frame::Records(records).encode());
    assert_eq!(world.members_of(0).len(), 11);
}

#[test]
fn replayed_goodbyes_and_records_revive_nobody() {
    let mut world = World::room(3);
    let old = world.hosts[1].frames.iter().find_map(|frame| match frame {
        Frame::Hello(record) => Some(record.clone()),
        _ => None,
    });
    world.command(1, Command::Leave).unwrap();
    world.kill(1);
    world.run_ms(1_000);
    world.inject(0, 2, &Frame::Records(vec![old.unwrap()]).encode());
    world.run_ms(1_000);
    assert!(world.agree());
    assert_eq!(world.departures(0).iter().filter(|(_, why)| *why == Departure::Left).count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_frame_or_an_error_and_a_frame_encodes_to_the_same_bytes(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        kind in 0_u8..21,
    ) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = 0x20 | kind;
        }
        if let Ok(frame) = Frame::decode(&bytes) {
            prop_assert_eq!(&frame.encode()[..], &bytes[..], "{}", frame);
        }
    }

    #[test]
    fn a_mutated_frame_is_a_frame_or_an_error(
        which in any::<proptest::sample::Index>(),
        at in any::<proptest::sample::Index>(),
        mask in 1_u8..,
        cut in any::<Option<proptest::sample::Index>>(),
    ) {
        let samples = samples();
        let mut bytes = samples[which.index(samples.len())].encode().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match Frame::decode(&bytes) {
            Ok(frame) => prop_assert_eq!(&frame.encode()[..], &bytes[..]),
            Err(Malformed::Kind | Malformed::Version) => prop_assert_eq!(at, 0),
            Err(_) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_node_outlives_any_bytes(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..40)) {
        let mut world = World::room(3);
        for (n, mut bytes) in frames.into_iter().enumerate() {
            if let (Some(first), true) = (bytes.first_mut(), n % 2 == 0) {
                *first = 0x20 | (*first % 20);
            }
            // The link may have been closed by a frame that said so.
            if world.link(0, 2).is_some() {
                world.inject(0, 2, &bytes);
            }
            world.run_ms(50);
        }
        world.run_ms(60_000);
        prop_assert!(world.agree());
        prop_assert!((0..3).all(|at| world.departures(at).is_empty()));
    }
}

/// One of each kind.
fn samples() -> Vec<Frame> {
    let id = identity(1).id();
    let sign = &identity(1);
    let record = Signed::new(record_of(1, 300), sign, &room());
    let entry = Entry { owner: id, key: "presence".into(), version: 300, value: vec![1, 2, 3] };
    let entry = Signed::new(entry, sign, &room());
    let written = Entry { owner: id, key: b"m\x01ak".into(), version: 301, value: vec![0; 12] };
    let suspicion = Suspicion { accuser: id, subject: identity(0).id(), number: 9, incarnation: 4, silent_ms: 0 };
    let to = Some(identity(0).id());
    let post = Post {
        origin: id,
        seq: 1_000,
        previous: 900,
        to,
        channel: "chat".into(),
        sent_at_ms: 5,
        index: 1,
        count: 3,
        payload: vec![9; 40],
    };
    let from = identity(1).public_key();
    let knock = Knock { from, session: 3, links: 1, zone: "mars".into() };
    let envelope = Envelope { from, to: identity(0).id(), session: 77, kind: SignalKind::Offer, body: vec![4; 50] };
    vec![
        Frame::Hello(record.clone()),
        Frame::Ping { number: 300, view: 0 },
        Frame::Pong(0),
        Frame::Records(vec![record.clone(), record.clone()]),
        Frame::Entries(vec![entry.clone()]),
        Frame::Synced,
        gossip(Rumor::Post(Signed::new(post.clone(), sign, &room()))),
        Frame::Direct(post),
        gossip(Rumor::Record(record)),
        gossip(Rumor::Entry(entry)),
        gossip(Rumor::Suspicion(Signed::new(suspicion, sign, &room()))),
        gossip(Rumor::Farewell(Signed::new(Farewell { subject: id, number: 4 }, sign, &room()))),
        Frame::Ihave(vec![(ShortId::new(&id, 70_000), 9)]),
        Frame::Graft(vec![]),
        Frame::Prune(vec![id]),
        Frame::Compare(vec![
            Range { end: Some(id), content: Content::Fingerprint(7) },
            Range { end: None, content: Content::Items(vec![(id, 9)]) },
        ]),
        Frame::Want(vec![id, id]),
        Frame::Obituary { subject: id, incarnation: 4 },
        Frame::Signal { ttl: 3, envelope: Signed::new(envelope, sign, &room()) },
        Frame::Disconnect,
        Frame::Walk { ttl: 3, knock: Signed::new(knock, sign, &room()) },
        Frame::Seek { ttl: 20, to: id, session: 5, accused: 4 },
        Frame::Found { session: 5, records: vec![Signed::new(record_of(1, 900), sign, &room())] },
        Frame::State(vec![Range { end: None, content: Content::Names(vec![[7; 8], [9; 8]]) }]),
        Frame::Fetch(vec![[7; 8]]),
        Frame::Kept { keys: vec![sign.public_key()], entries: vec![Signed::new(written, sign, &room())] },
    ]
}

#[test]
fn nobody_is_silenced_by_numbers_that_it_never_used() {
    let (far, id) = (u64::MAX - 1, identity(1).id());
    let lie = Suspicion { accuser: id, subject: identity(0).id(), number: far, incarnation: 1, silent_ms: 0 };
    let entry = Entry { owner: id, key: "other".into(), version: far, value: vec![] };
    let (channel, origin) = ("chat".into(), id);
    let post = Post {
        origin,
        seq: far,
        previous: far - 1,
        to: None,
        channel,
        sent_at_ms: 0,
        index: 0,
        count: 1,
        payload: vec![],
    };
    let frames = [
        gossip(Rumor::Suspicion(forged(lie))),
        gossip(Rumor::Entry(forged(entry))),
        gossip(Rumor::Post(forged(post))),
        gossip(Rumor::Record(forged(record_of(1, 5)))),
        gossip(Rumor::Farewell(forged(Farewell { subject: id, number: far }))),
    ];
    for frame in frames {
        let mut world = after(&frame);
        world.say(1, None, b"still heard").unwrap();
        world.run_ms(5_000);
        assert_eq!(world.payloads(0), [b"still heard"], "after {frame}");
    }
}

#[test]
fn of_two_entries_of_one_version_the_same_holds_everywhere_whichever_came_first() {
    let board = || Command::MapSet { map: "board".into(), key: "k".into(), value: Some(b"one".to_vec()) };
    let mut author = World::room(1);
    author.command(0, board()).unwrap();
    let written = author.hosts[0].node.entries().next().unwrap().body.clone();
    // A liar signs two values of one version, and tells two members in another order.
    let liar = identity(77);
    let versions = ["one", "two"].map(|value| {
        let mut body = Entry { owner: liar.id(), ..written.clone() };
        let end = body.value.len() - value.len();
        body.value.splice(end.., value.bytes());
        Frame::Kept { keys: vec![liar.public_key()], entries: vec![Signed::new(body, &liar, &room())] }.encode()
    });
    let mut world = World::room(3);
    for (at, order) in [(0, [0, 1]), (1, [1, 0])] {
        for which in order {
            world.inject(at, usize::from(MALLORY), &versions[which]);
        }
    }
    let held = |world: &World| [0, 1, 2].map(|at| world.hosts[at].node.entries().cloned().collect::<Vec<_>>());
    let [first, second, _] = held(&world);
    assert_eq!((first.len(), &first), (1, &second));
    world.run_ms(10_000);
    assert_eq!(held(&world), [first.clone(), first.clone(), first]);
}
