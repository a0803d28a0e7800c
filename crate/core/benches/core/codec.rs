//! Frames as bytes, and a signature for scale.

use std::hint::black_box;

use chinwag_core::{
    Alone, Identity, PublicKey, SignalKind,
    wire::{
        Content, Entry, Envelope, Farewell, Frame, Knock, Post, Range, Record, RoomKey, Rumor, ShortId, Signed,
        Statement, Suspicion,
    },
};
use criterion::Criterion;

const NUMBER: u64 = 1_800_000_000_000_001;

pub(crate) fn benches(criterion: &mut Criterion) {
    let frames = frames();
    let mut group = criterion.benchmark_group("core/decode");
    for frame in &frames {
        let bytes = frame.encode();
        group.bench_function(frame.name(), |bencher| bencher.iter(|| Frame::decode(black_box(&bytes)).unwrap()));
    }
    group.finish();
    let mut group = criterion.benchmark_group("core/encode");
    for frame in &frames {
        group.bench_function(frame.name(), |bencher| bencher.iter(|| black_box(frame).encode()));
    }
    group.finish();
    let (post, key, room) = (by_ada(post()), ada().public_key(), RoomKey::new("lobby"));
    criterion.bench_function("core/verify", |bencher| {
        bencher.iter(|| assert!(black_box(&post).verify(&key, &room, &Alone)));
    });
}

fn ada() -> Identity {
    Identity::from_secret(&[1; 32])
}

fn by_ada<T: Statement>(body: T) -> Signed<T> {
    Signed::new(body, &ada(), &RoomKey::new("lobby"))
}

fn post() -> Post {
    Post {
        origin: ada().id(),
        seq: NUMBER + 2,
        previous: NUMBER + 1,
        to: None,
        channel: "chat".into(),
        sent_at_ms: 1_800_000_000_123,
        index: 0,
        count: 1,
        payload: vec![b'.'; 100],
    }
}

/// One of each kind; lists have twenty items.
fn frames() -> Vec<Frame> {
    let (me, key): (_, PublicKey) = (ada().id(), ada().public_key());
    let record = || by_ada(Record::new(key, NUMBER, 1_800_000_000_000));
    let entry = || by_ada(Entry { owner: me, key: "presence".into(), version: NUMBER, value: vec![b'.'; 100] });
    let envelope = Envelope { from: key, to: me, session: 7, kind: SignalKind::Offer, body: vec![b'.'; 500] };
    let knock = || by_ada(Knock { from: key, session: 7, links: 2, zone: String::new() });
    let gossip = |rumor| Frame::Gossip { hops: 3, rumor };
    let suspicion = Suspicion { accuser: me, subject: me, number: NUMBER, incarnation: NUMBER, silent_ms: 3_000 };
    vec![
        Frame::Hello(record()),
        Frame::Ping { number: 300, view: 0 },
        Frame::Pong(300),
        Frame::Records(vec![record(); 20]),
        Frame::Entries(vec![entry(); 20]),
        Frame::Synced,
        gossip(Rumor::Post(by_ada(post()))),
        gossip(Rumor::Record(record())),
        gossip(Rumor::Entry(entry())),
        gossip(Rumor::Suspicion(by_ada(suspicion))),
        gossip(Rumor::Farewell(by_ada(Farewell { subject: me, number: NUMBER }))),
        Frame::Ihave(vec![(ShortId::new(&me, NUMBER), 12); 20]),
        Frame::Graft(vec![ShortId::new(&me, NUMBER); 20]),
        Frame::Prefer(vec![me; 20]),
        Frame::Prune(vec![me; 20]),
        Frame::Compare(vec![Range { end: None, content: Content::Items(vec![(me, 7); 20]) }]),
        Frame::Want(vec![me; 20]),
        Frame::Obituary { subject: me, incarnation: NUMBER },
        Frame::Signal { ttl: 8, envelope: by_ada(envelope) },
        Frame::Disconnect,
        Frame::Walk { ttl: 14, knock: knock() },
        Frame::Splice(knock()),
        Frame::Seek { ttl: 8, to: me, session: 7, accused: NUMBER },
        Frame::Found { session: 7, records: vec![record()] },
    ]
}
