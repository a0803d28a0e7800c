//! What the core costs: a frame handled, without its signature (`core/handle`); a frame read and written (`core/decode`, `core/encode`);
//! and a signature, for scale (`core/verify`). `cargo xtask bench core`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that panics has failed, and nobody imports it")]
#![allow(clippy::disallowed_types, reason = "a benchmark asks the time")]

mod codec;
mod handle;
mod room;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, handle::benches, codec::benches);
criterion_main!(benches);
