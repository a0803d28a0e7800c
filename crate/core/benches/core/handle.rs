//! A frame, from its arrival to the end of the drain. The aim is 2 µs for each.

use chinwag_core::LinkId;
use criterion::{BenchmarkId, Criterion};

use crate::room::{LINKS, Room};

type Next = fn(&mut Room) -> (LinkId, Vec<u8>);

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core/handle");
    for members in [1_000, 10_000] {
        let mut room = Room::new(members, 1);
        let kinds: [(&str, Next); 5] = [
            ("new post", Room::new_post),
            ("duplicate post", Room::duplicate),
            ("ping", Room::ping),
            ("ihave of 20", Room::ihave),
            ("news of a record", Room::news),
        ];
        for (name, next) in kinds {
            group.bench_function(BenchmarkId::new(name, members), |bencher| {
                bencher.iter_custom(|frames| room.time(frames, next));
            });
        }
    }
    let mut flood = Room::new(1_000, LINKS - 1);
    group.bench_function(BenchmarkId::new("new post on a tree without lazy links", 1_000), |bencher| {
        bencher.iter_custom(|frames| flood.time(frames, Room::new_post));
    });
    group.finish();
}
