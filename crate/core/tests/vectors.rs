//! The wire vectors in `tests/vectors`: what a port in another language must agree with, to the byte.
//!
//! Each is built here from its fields and must encode to the bytes in the file; the bytes in the file must decode to it.
//! Numbers of 64 bits stand as decimal text, since JSON readers differ beyond 2^53.
//!
//! `CHINWAG_BLESS=1 cargo test -p chinwag-core --test vectors` writes the files anew after the protocol was changed on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

use std::{fmt::Write, path::PathBuf};

use chinwag_core::{
    Alone, Identity, PeerId, PublicKey, SignalKind,
    wire::{
        Content, Entry, Envelope, Farewell, Frame, Knock, Malformed, Post, Range, Record, RoomKey, Rumor, ShortId,
        Signed, Statement, Suspicion,
    },
};
use serde_json::{Value, json};

const ROOM: &str = "lobby";

fn ada() -> Identity {
    Identity::from_secret(&[1; 32])
}

fn bob() -> Identity {
    Identity::from_secret(&[2; 32])
}

fn by_ada<T: Statement>(body: T) -> Signed<T> {
    Signed::new(body, &ada(), &RoomKey::new(ROOM))
}

fn record(zone: &str, hidden: bool, greeter: bool) -> Record {
    let mut record = Record::new(ada().public_key(), 1_800_000_000_000_001, 1_800_000_000_000);
    (record.hidden, record.greeter, record.zone) = (hidden, greeter, zone.into());
    record
}

fn entry(value: &[u8]) -> Entry {
    Entry { owner: ada().id(), key: "presence".into(), version: 7, value: value.into() }
}

fn post(to: bool, index: u32, count: u32, payload: &[u8]) -> Post {
    Post {
        origin: ada().id(),
        seq: 1_800_000_000_000_300,
        previous: 1_800_000_000_000_100,
        to: to.then(|| bob().id()),
        channel: "chat".into(),
        sent_at_ms: 1_800_000_000_123,
        index,
        count,
        payload: payload.into(),
    }
}

fn envelope(kind: SignalKind, body: &[u8]) -> Envelope {
    Envelope { from: ada().public_key(), to: bob().id(), session: 0x0123_4567_89ab_cdef, kind, body: body.into() }
}

/// An entry of each kind, all of the millisecond 1,800,000,000,000.
fn kept() -> Frame {
    const STAMP: u64 = 1_800_000_000_000 << 16;
    let entry = |key: Vec<u8>, version, value: Vec<u8>| by_ada(Entry { owner: ada().id(), key, version, value });
    let at = STAMP.to_le_bytes();
    let log = [b"l\x04chat".as_slice(), &(STAMP + 1).to_be_bytes()].concat();
    let counter = [b"c\x05votes".as_slice(), &1_799_999_999_999_000_u64.to_be_bytes()].concat();
    let entries = vec![
        entry(b"m\x05boardtitle".into(), 1, [at.as_slice(), b"hello"].concat()),
        entry(b"m\x05boardcolor".into(), 2, at.into()),
        entry(log, 3, b"hi".into()),
        entry(counter, 4, (-3_i64).to_le_bytes().into()),
    ];
    Frame::Kept { keys: vec![ada().public_key()], entries }
}

fn knock(zone: &str) -> Knock {
    Knock { from: ada().public_key(), session: 0x0123_4567_89ab_cdef, links: 2, zone: zone.into() }
}

fn frames() -> Vec<(&'static str, Frame)> {
    let suspicion = Suspicion {
        accuser: ada().id(),
        subject: bob().id(),
        number: 1_800_000_000_000_400,
        incarnation: 5,
        silent_ms: 1_300,
    };
    let farewell = Farewell { subject: ada().id(), number: 300 };
    let gossip = |hops, rumor| Frame::Gossip { hops, rumor };
    let short = |number| ShortId::new(&ada().id(), number);
    let signal = |kind, body| Frame::Signal { ttl: 8, envelope: by_ada(envelope(kind, body)) };
    vec![
        ("hello", Frame::Hello(by_ada(record("", false, false)))),
        ("hello of a hidden greeter in a zone", Frame::Hello(by_ada(record("eu-west", true, true)))),
        ("ping with the smallest number", Frame::Ping { number: 0, view: 0 }),
        ("ping with a number of two bytes", Frame::Ping { number: 128, view: 0xa1b2 }),
        ("pong with the greatest number", Frame::Pong(u64::MAX)),
        ("records, none", Frame::Records(vec![])),
        ("records, two", Frame::Records(vec![by_ada(record("", true, false)), by_ada(record("é", false, true))])),
        ("entries", Frame::Entries(vec![by_ada(entry(b"\x01\x02\x03")), by_ada(entry(b""))])),
        ("synced", Frame::Synced),
        ("post to all", gossip(1, Rumor::Post(by_ada(post(false, 0, 1, b"hello"))))),
        ("post to one, last fragment of three", gossip(3, Rumor::Post(by_ada(post(true, 2, 3, b"!"))))),
        ("record as a rumor", gossip(2, Rumor::Record(by_ada(record("", false, false))))),
        ("entry as a rumor", gossip(2, Rumor::Entry(by_ada(entry(b"\x01"))))),
        ("suspicion", gossip(4, Rumor::Suspicion(by_ada(suspicion)))),
        ("farewell", gossip(1, Rumor::Farewell(by_ada(farewell)))),
        ("ihave, two", Frame::Ihave(vec![(short(1_800_000_000_000_300), 12), (short(0x01_02_03), 255)])),
        ("graft", Frame::Graft(vec![short(7)])),
        ("prune", Frame::Prune(vec![ada().id(), bob().id()])),
        (
            "compare, all in one fingerprint",
            Frame::Compare(vec![Range { end: None, content: Content::Fingerprint(1 << 100) }]),
        ),
        (
            "compare, three ranges",
            Frame::Compare(vec![
                Range { end: Some(ada().id()), content: Content::Skip },
                Range { end: Some(bob().id()), content: Content::Fingerprint(258) },
                Range { end: None, content: Content::Items(vec![(bob().id(), 0x0102_0304_0506_0708)]) },
            ]),
        ),
        ("want", Frame::Want(vec![bob().id()])),
        ("obituary", Frame::Obituary { subject: bob().id(), incarnation: 1_800_000_000_005 }),
        ("signal with an offer", signal(SignalKind::Offer, b"v=0")),
        ("signal with a refusal", signal(SignalKind::Refuse, b"")),
        ("signal with a restart", signal(SignalKind::Restart, b"v=0")),
        ("disconnect", Frame::Disconnect),
        ("walk of one who wants any link", Frame::Walk { ttl: 14, knock: by_ada(knock("")) }),
        ("seek", Frame::Seek { ttl: 20, to: bob().id(), session: 0x0123_4567_89ab_cdef, accused: 0 }),
        ("seek of an accused member", Frame::Seek { ttl: 1, to: bob().id(), session: 7, accused: 300 }),
        ("found", Frame::Found { session: 7, records: vec![] }),
        ("found, refuting", Frame::Found { session: 7, records: vec![by_ada(record("", false, false))] }),
        ("prefer", Frame::Prefer(vec![ada().id()])),
        ("splice", Frame::Splice(by_ada(knock("")))),
        (
            "state, a sum and three names",
            Frame::State(vec![
                Range {
                    end: Some(PeerId::from_bytes(*b"\x40\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
                    content: Content::Sum(7),
                },
                Range { end: None, content: Content::Names(vec![[0xaa; 8], [0xbb; 8], *b"\xcc\0\0\0\0\0\0\x01"]) },
            ]),
        ),
        ("fetch", Frame::Fetch(vec![[0xaa; 8]])),
        ("kept: a map's key, a delete, a log's message, a counter's total", kept()),
        ("direct: a message for the receiver alone", Frame::Direct(post(true, 0, 1, b"hello"))),
        ("walk of one who wants a link in its zone", Frame::Walk { ttl: 0, knock: by_ada(knock("eu-west")) }),
    ]
}

/// Bytes that are no frame, and why.
fn malformed() -> Vec<(&'static str, Vec<u8>, Malformed)> {
    let hello = Frame::Hello(by_ada(record("", false, false))).encode().to_vec();
    let flags_at = 1 + 32 + 8 + 6;
    let mut unknown_flag = hello.clone();
    unknown_flag[flags_at] = 4;
    let mut bad_zone = Frame::Hello(by_ada(record("z", false, false))).encode().to_vec();
    bad_zone[flags_at + 2] = 0xff;
    let mut index = Frame::Gossip { hops: 1, rumor: Rumor::Post(by_ada(post(false, 0, 1, b""))) }.encode().to_vec();
    let index_at = index.len() - 64 - 3;
    index[index_at] = 1;
    vec![
        ("nothing", vec![], Malformed::Truncated),
        ("another version", vec![0x41, 0], Malformed::Version),
        ("a kind that does not exist", vec![0x3f], Malformed::Kind),
        ("a ping without a number", vec![0x21], Malformed::Truncated),
        ("a ping without a view", vec![0x21, 0, 0], Malformed::Truncated),
        ("a ping with more after it", vec![0x21, 0, 0, 0, 0], Malformed::Trailing),
        ("a varint that could be shorter", vec![0x21, 0x80, 0x00], Malformed::Varint),
        ("a varint beyond 64 bits", [&[0x21][..], &[0xff; 9], &[0x02]].concat(), Malformed::Varint),
        ("a list longer than it may be", vec![0x23, 0x81, 0x02], Malformed::TooLong),
        ("a list longer than the bytes", vec![0x23, 0x02], Malformed::Truncated),
        ("a hello cut in its signature", hello[..hello.len() - 1].to_vec(), Malformed::Truncated),
        ("a flag that does not exist", unknown_flag, Malformed::Value),
        ("a zone that is no UTF-8", bad_zone, Malformed::Utf8),
        ("a fragment beyond the count", index, Malformed::Value),
        ("a frame above the bound", vec![0x25; 16_385], Malformed::TooLong),
    ]
}

fn fields(frame: &Frame) -> Value {
    match frame {
        Frame::Hello(record) => record_fields(record),
        Frame::Ping { number, view } => json!({ "number": number.to_string(), "view": view }),
        Frame::Pong(number) => json!({ "number": number.to_string() }),
        Frame::Records(records) => json!({ "records": records.iter().map(record_fields).collect::<Vec<_>>() }),
        Frame::Entries(entries) => json!({ "entries": entries.iter().map(entry_fields).collect::<Vec<_>>() }),
        Frame::Synced | Frame::Disconnect => json!({}),
        Frame::Gossip { hops, rumor } => json!({ "hops": hops, "rumor": rumor_fields(rumor) }),
        Frame::Walk { ttl, knock: Signed { body, signature } } => json!({
            "ttl": ttl, "from": hex(&body.from), "session": format!("{:016x}", body.session), "links": body.links,
            "zone": body.zone, "signature": hex(signature),
        }),
        Frame::Seek { ttl, to, session, accused } => json!({
            "ttl": ttl, "to": to.to_string(), "session": format!("{session:016x}"), "accused": accused.to_string(),
        }),
        Frame::Found { session, records } => json!({
            "session": format!("{session:016x}"), "records": records.iter().map(record_fields).collect::<Vec<_>>(),
        }),
        Frame::Splice(Signed { body, signature }) => json!({
            "from": hex(&body.from), "session": format!("{:016x}", body.session), "links": body.links,
            "zone": body.zone, "signature": hex(signature),
        }),
        Frame::Ihave(ids) => json!({
            "ids": ids.iter().map(|(id, _)| short_fields(id)).collect::<Vec<_>>(),
            "ages_ms": ids.iter().map(|(_, age_ms)| age_ms).collect::<Vec<_>>(),
        }),
        Frame::Graft(ids) => json!({ "ids": ids.iter().map(short_fields).collect::<Vec<_>>() }),
        Frame::Prune(ids) | Frame::Prefer(ids) | Frame::Want(ids) => {
            json!({ "ids": ids.iter().map(ToString::to_string).collect::<Vec<_>>() })
        }
        Frame::Compare(ranges) | Frame::State(ranges) => {
            json!({ "ranges": ranges.iter().map(range_fields).collect::<Vec<_>>() })
        }
        Frame::Fetch(names) => json!({ "names": names.iter().map(|name| hex(name)).collect::<Vec<_>>() }),
        Frame::Kept { keys, entries } => json!({
            "keys": keys.iter().map(|key| hex(key)).collect::<Vec<_>>(),
            "entries": entries.iter().map(entry_fields).collect::<Vec<_>>(),
        }),
        Frame::Direct(post) => unsigned_post_fields(post),
        Frame::Obituary { subject, incarnation } => {
            json!({ "subject": subject.to_string(), "incarnation": incarnation.to_string() })
        }
        Frame::Signal { ttl, envelope: Signed { body, signature } } => json!({
            "ttl": ttl, "from": hex(&body.from), "to": body.to.to_string(), "session": format!("{:016x}", body.session),
            "kind": format!("{:?}", body.kind).to_lowercase(), "body": hex(&body.body), "signature": hex(signature),
        }),
    }
}

fn rumor_fields(rumor: &Rumor) -> Value {
    match rumor {
        Rumor::Post(post) => post_fields(post),
        Rumor::Record(record) => record_fields(record),
        Rumor::Entry(entry) => entry_fields(entry),
        Rumor::Suspicion(Signed { body, signature }) => json!({
            "accuser": body.accuser.to_string(), "subject": body.subject.to_string(), "number": body.number.to_string(),
            "incarnation": body.incarnation.to_string(), "silent_ms": body.silent_ms.to_string(),
            "signature": hex(signature),
        }),
        Rumor::Farewell(Signed { body, signature }) => {
            json!({ "subject": body.subject.to_string(), "number": body.number.to_string(), "signature": hex(signature) })
        }
    }
}

/// The first five bytes of the origin's id, and the lowest 24 bits of the number.
fn short_fields(id: &ShortId) -> Value {
    json!({ "origin": id.first_origin().to_string()[..10], "number": id.number_near(0).to_string() })
}

fn range_fields(range: &Range) -> Value {
    let end = range.end.map(|end| end.to_string());
    match &range.content {
        Content::Skip => json!({ "end": end }),
        Content::Sum(sum) => json!({ "end": end, "sum": hex(&sum.to_le_bytes()) }),
        Content::Fingerprint(sum) => json!({ "end": end, "fingerprint": hex(&sum.to_le_bytes()) }),
        Content::Items(items) => {
            let items: Vec<_> =
                items.iter().map(|(id, digest)| json!([id.to_string(), hex(&digest.to_le_bytes())])).collect();
            json!({ "end": end, "items": items })
        }
        Content::Names(names) => {
            json!({ "end": end, "names": names.iter().map(|name| hex(name)).collect::<Vec<_>>() })
        }
    }
}

fn record_fields(Signed { body, signature }: &Signed<Record>) -> Value {
    json!({
        "public_key": hex(body.public_key()), "id": body.id().to_string(), "incarnation": body.incarnation.to_string(),
        "joined_at_ms": body.joined_at_ms.to_string(), "hidden": body.hidden, "greeter": body.greeter, "zone": body.zone,
        "signature": hex(signature),
    })
}

fn entry_fields(Signed { body, signature }: &Signed<Entry>) -> Value {
    json!({
        "owner": body.owner.to_string(), "key": text(&body.key), "version": body.version.to_string(), "value": hex(&body.value),
        "signature": hex(signature),
    })
}

fn post_fields(Signed { body, signature }: &Signed<Post>) -> Value {
    let mut fields = unsigned_post_fields(body);
    fields["signature"] = hex(signature).into();
    fields
}

fn unsigned_post_fields(body: &Post) -> Value {
    json!({
        "origin": body.origin.to_string(), "seq": body.seq.to_string(), "previous": body.previous.to_string(), "to": body.to.map(|to| to.to_string()),
        "channel": body.channel, "sent_at_ms": body.sent_at_ms.to_string(), "index": body.index, "count": body.count,
        "payload": hex(&body.payload),
    })
}

/// Text as it is, and other bytes as `\x00`.
fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Compares with the file, or writes it.
fn check(name: &str, expected: &Value) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name);
    if std::env::var_os("CHINWAG_BLESS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(expected).unwrap() + "\n").unwrap();
    }
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(&file, expected, "{name} differs from the code");
    file
}

#[test]
fn identities_and_room_keys_are_as_in_the_file() {
    let key_of = |identity: &Identity| -> PublicKey { identity.public_key() };
    let person = |secret: u8, identity: &Identity| json!({ "secret": hex(&[secret; 32]), "public_key": hex(&key_of(identity)), "id": identity.id().to_string() });
    let rooms: Vec<_> = ["lobby", "", "日本"]
        .iter()
        .map(|name| json!({ "name": name, "key": hex(RoomKey::new(name).as_bytes()) }))
        .collect();
    check("identities.json", &json!({ "ada": person(1, &ada()), "bob": person(2, &bob()), "rooms": rooms }));
}

#[test]
fn frames_are_as_in_the_file_both_ways() {
    let expected = frames().into_iter().map(|(name, frame)| {
        json!({ "name": name, "kind": frame.name(), "hex": hex(&frame.encode()), "fields": fields(&frame) })
    });
    let file = check("frames.json", &json!({ "room": ROOM, "frames": expected.collect::<Vec<_>>() }));
    for (vector, (name, frame)) in file["frames"].as_array().unwrap().iter().zip(frames()) {
        assert_eq!(Frame::decode(&unhex(vector["hex"].as_str().unwrap())), Ok(frame), "{name}");
    }
}

#[test]
fn malformed_bytes_are_as_in_the_file_and_refused() {
    let expected: Vec<_> = malformed()
        .iter()
        .map(
            |(name, bytes, why)| json!({ "name": name, "hex": hex(bytes), "error": format!("{why:?}").to_lowercase() }),
        )
        .collect();
    check("malformed.json", &json!(expected));
    for (name, bytes, why) in malformed() {
        assert_eq!(Frame::decode(&bytes), Err(why), "{name}");
    }
}

#[test]
fn the_signatures_in_the_file_are_adas() {
    let (key, room) = (ada().public_key(), RoomKey::new(ROOM));
    let genuine = |frame: &Frame| match frame {
        Frame::Hello(it) => it.verify(&key, &room, &Alone),
        Frame::Records(all) => all.iter().all(|it| it.verify(&key, &room, &Alone)),
        Frame::Entries(all) => all.iter().all(|it| it.verify(&key, &room, &Alone)),
        Frame::Gossip { rumor: Rumor::Post(it), .. } => it.verify(&key, &room, &Alone),
        Frame::Gossip { rumor: Rumor::Record(it), .. } => it.verify(&key, &room, &Alone),
        Frame::Gossip { rumor: Rumor::Entry(it), .. } => it.verify(&key, &room, &Alone),
        Frame::Gossip { rumor: Rumor::Suspicion(it), .. } => it.verify(&key, &room, &Alone),
        Frame::Gossip { rumor: Rumor::Farewell(it), .. } => it.verify(&key, &room, &Alone),
        Frame::Walk { knock, .. } | Frame::Splice(knock) => knock.verify(&key, &room, &Alone),
        Frame::Signal { envelope, .. } => envelope.verify(&key, &room, &Alone),
        _ => true,
    };
    for (name, frame) in frames() {
        assert!(genuine(&frame), "{name}");
    }
}
