//! Messages to all and to one: every frame is flooded once over every link, and delivered once.
//!
//! A frame is named by (origin, sequence). What was seen is remembered per origin in a window of fixed size; what falls
//! behind the window counts as seen, so a replay is never delivered.
//!
//! In: [`Broadcast::compose`] for our own messages, [`Broadcast::is_news`] and then [`Broadcast::accept`] for those of others.

mod reassembly;
mod window;

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use crate::{config::Config, identity::PeerId, time::Instant, wire::Post};
use reassembly::Reassembly;
use window::Window;

#[derive(Clone, Debug)]
pub(crate) struct Broadcast {
    next_seq: u64,
    seen: BTreeMap<PeerId, Window>,
    reassembly: Reassembly,
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) seq: u64,
    pub(crate) channel: String,
    pub(crate) sent_at_ms: u64,
    pub(crate) direct: bool,
    pub(crate) payload: Vec<u8>,
}

impl Broadcast {
    /// Sequence numbers start at the wall time in microseconds: a member that comes back with its old key and no memory
    /// uses none twice, unless it has sent a million frames a second.
    pub(crate) fn new(wall_ms: u64) -> Self {
        Self { next_seq: wall_ms.saturating_mul(1_000), seen: BTreeMap::new(), reassembly: Reassembly::default() }
    }

    /// The frames of one message of ours.
    pub(crate) fn compose(
        &mut self,
        origin: PeerId,
        to: Option<PeerId>,
        channel: &str,
        payload: &[u8],
        sent_at_ms: u64,
        config: &Config,
    ) -> Vec<Post> {
        let room = config.frame_bytes_max.saturating_sub(Post::overhead_max(channel.len())).max(1);
        let count = u32::try_from(payload.len().div_ceil(room).max(1)).unwrap_or(u32::MAX);
        let post = |index: u32, seq: u64, chunk: &[u8]| Post {
            origin,
            seq,
            to,
            channel: String::from(channel),
            sent_at_ms,
            index,
            count,
            payload: chunk.to_vec(),
        };
        let first = self.next_seq;
        self.next_seq = first.saturating_add(u64::from(count));
        if payload.is_empty() {
            return alloc::vec![post(0, first, &[])];
        }
        payload
            .chunks(room)
            .zip(0..count)
            .map(|(chunk, i)| post(i, first.saturating_add(u64::from(i)), chunk))
            .collect()
    }

    /// Whether a frame has not been seen before: worth a look at its signature.
    pub(crate) fn is_news(&self, post: &Post) -> bool {
        self.seen.get(&post.origin).is_none_or(|window| !window.contains(post.seq))
    }

    /// Marks a frame as seen, without taking it for ourselves.
    pub(crate) fn mark(&mut self, post: &Post) {
        self.seen.entry(post.origin).or_insert_with(|| Window::new(post.seq)).insert(post.seq);
    }

    /// Takes a frame for us whose signature holds. The message, when it is whole.
    pub(crate) fn accept(&mut self, now: Instant, post: Post, config: &Config) -> Option<Whole> {
        self.mark(&post);
        let direct = post.to.is_some();
        let seq = post.seq.saturating_sub(u64::from(post.index));
        let channel = post.channel.clone();
        let sent_at_ms = post.sent_at_ms;
        let payload = if post.count == 1 { post.payload } else { self.reassembly.add(now, post, config)? };
        (payload.len() <= config.message_bytes_max).then_some(Whole { seq, channel, sent_at_ms, direct, payload })
    }

    /// Forgets a member that is gone. What it has begun will never be whole.
    pub(crate) fn remove_origin(&mut self, origin: &PeerId) {
        self.seen.remove(origin);
        self.reassembly.remove_origin(origin);
    }

    /// Drops half-received messages that stand still.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.reassembly.expire(now);
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.reassembly.next_timeout()
    }
}
