//! Rumors spread along a tree per origin: Plumtree (Leitão 2007) with the tree kept for each origin apart.
//!
//! A new rumor is pushed over all links but those that are *lazy* for its origin, and told of in batches over the lazy ones. A copy
//! beyond the first is answered by PRUNE, which makes the sender's end lazy for its origin; a rumor that was told of and does not come is asked for,
//! and makes that end eager again (GRAFT). So each origin's rumors soon travel on its own tree of quickest paths, without
//! redundant copies, and a broken tree mends itself from what is told.
//!
//! A rumor is named by (origin, number). What was seen is remembered per origin in a window of fixed size; what falls behind it counts
//! as seen, so a replay is never delivered.
//!
//! In: [`Broadcast::compose`] for our own messages; [`Broadcast::is_fresh`], then [`Broadcast::spread`] or
//! [`Broadcast::duplicate`] for what arrives. Out: [`Broadcast::handle_timeout`].

mod arrivals;
mod cache;
mod order;
mod reassembly;
mod repair;
mod rounds;
mod tree;
mod window;

use alloc::{string::String, sync::Arc, vec::Vec};

use crate::{
    config::{Config, Strategy},
    identity::PeerId,
    io::LinkId,
    table::SmallMap,
    time::Instant,
    wire::{Frame, LIST_MAX, Post, ShortId},
};
use arrivals::Arrivals;
use cache::Cache;
use order::Order;
use reassembly::Reassembly;
use repair::Missing;
use rounds::Rounds;
use tree::Trees;

#[derive(Clone, Debug)]
pub(crate) struct Broadcast {
    last_number: u64,
    /// Of ours for all.
    last_post: u64,
    trees: Trees,
    cache: Cache,
    missing: Missing,
    arrivals: Arrivals,
    /// What the lazy links have yet to be told of, and since when we have it.
    untold: SmallMap<LinkId, Vec<(ShortId, Instant)>>,
    tell_at: Option<Instant>,
    order: Order,
    reassembly: Reassembly,
    rounds: Rounds,
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
    /// Numbers start at the wall time in microseconds: a member that comes back with its old key and no memory uses none
    /// twice, unless it has made a million statements a second.
    pub(crate) fn new(wall_ms: u64) -> Self {
        Self {
            last_number: wall_ms.saturating_mul(1_000),
            last_post: 0,
            trees: Trees::default(),
            cache: Cache::default(),
            missing: Missing::default(),
            arrivals: Arrivals::default(),
            untold: SmallMap::default(),
            tell_at: None,
            order: Order::default(),
            reassembly: Reassembly::default(),
            rounds: Rounds::default(),
        }
    }

    /// The number of our next statement.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number = self.last_number.saturating_add(1);
        self.last_number
    }

    /// Others have seen a number of ours that we do not remember: all of ours will be greater.
    pub(crate) fn raise_above(&mut self, number: u64) {
        self.last_number = self.last_number.max(number);
    }

    /// The frames' worth of posts of one message of ours.
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
        let mut post = |index: u32, chunk: &[u8]| {
            let seq = self.next_number();
            let previous = if to.is_none() { core::mem::replace(&mut self.last_post, seq) } else { 0 };
            let (channel, payload) = (String::from(channel), chunk.to_vec());
            Post { origin, seq, previous, to, channel, sent_at_ms, index, count, payload }
        };
        if payload.is_empty() {
            return alloc::vec![post(0, &[])];
        }
        payload.chunks(room).zip(0..count).map(|(chunk, index)| post(index, chunk)).collect()
    }

    /// Whether a rumor has not been seen before: worth a look at its signature.
    pub(crate) fn is_fresh(&self, origin: &PeerId, number: u64) -> bool {
        self.trees.is_fresh(origin, number)
    }

    /// Marks a rumor as seen that came outside its tree, or goes no further.
    pub(crate) fn mark(&mut self, origin: &PeerId, number: u64) {
        self.trees.see(*origin, number, None);
        self.missing.found(ShortId::new(origin, number));
    }

    /// A rumor has come for the first time from `from` (or is ours). Returns the links to push it over, of `links`; the others
    /// will be told of it.
    pub(crate) fn spread(
        &mut self,
        now: Instant,
        origin: PeerId,
        number: u64,
        from: Option<LinkId>,
        links: &[LinkId],
        config: &Config,
    ) -> Vec<LinkId> {
        let id = ShortId::new(&origin, number);
        self.trees.see(origin, number, from);
        self.missing.found(id);
        self.arrivals.note(now, id);
        let mut eager = Vec::with_capacity(links.len());
        for link in links.iter().filter(|link| Some(**link) != from) {
            if self.trees.is_lazy(&origin, *link) {
                self.tell_later(now, *link, id, config);
            } else {
                eager.push(*link);
            }
        }
        eager
    }

    /// The link will be told that we have this one.
    pub(crate) fn tell_later(&mut self, now: Instant, link: LinkId, id: ShortId, config: &Config) {
        self.untold.or_insert(link, Vec::new()).push((id, now));
        self.tell_at.get_or_insert(now.plus_ms(config.ihave_interval_ms));
    }

    /// All links are eager for an origin, until copies beyond the first tell which need not be.
    pub(crate) fn forget_lazy(&mut self, origin: &PeerId) {
        self.trees.forget_lazy(origin);
    }

    /// Keeps a pushed frame for those who will ask for it.
    pub(crate) fn keep(&mut self, now: Instant, id: ShortId, frame: Arc<[u8]>, config: &Config) {
        self.cache.put(now, id, frame, config);
    }

    /// A rumor has come that we had. Whether the link shall be told to push no more of this origin.
    pub(crate) fn duplicate(&mut self, origin: &PeerId, number: u64, from: LinkId) -> bool {
        self.trees.duplicate(origin, number, from)
    }

    /// The peer has a better way to this origin.
    pub(crate) fn on_prune(&mut self, link: LinkId, origins: &[PeerId]) {
        for origin in origins {
            self.trees.set_lazy(origin, link, true);
        }
    }

    /// The peer has these, and has had them for so many milliseconds. What we lack is asked for after a while, if it has not come by then;
    /// what is urgent, at once. Of what we have, the origins are returned to which the peer is a quicker way than the one by which it came:
    /// from now on theirs travel over this link, and the first to come makes the old way lazy.
    pub(crate) fn on_ihave(
        &mut self,
        now: Instant,
        link: LinkId,
        ids: &[(ShortId, u8)],
        rtt_us: Option<u64>,
        urgent: impl Fn(&ShortId) -> bool,
        config: &Config,
    ) -> Vec<PeerId> {
        let patience_us =
            rtt_us.unwrap_or(0).saturating_mul(2).max(u64::from(config.graft_patience_ms).saturating_mul(1_000));
        #[cfg(feature = "rounds")]
        let patience_us = if config.strategy.is_in_rounds() { 0 } else { patience_us };
        let mut preferred = Vec::new();
        for (id, age_ms) in ids {
            if config.strategy != Strategy::Tree {
                self.rounds.told_in_vain(id, link, config);
            }
            if !self.trees.has_seen(id) && !self.cache.contains(id) {
                let patience_us = if urgent(id) { 0 } else { patience_us };
                self.missing.told(now.plus_micros(patience_us), *id, link);
            } else if self.arrivals.is_gain(id, now.minus_micros(u64::from(*age_ms).saturating_mul(1_000))) {
                preferred.extend(self.trees.want(id, link));
            }
        }
        preferred
    }

    /// The peer wants these origins' rumors over this link.
    pub(crate) fn on_prefer(&mut self, link: LinkId, origins: &[PeerId]) {
        for origin in origins {
            self.trees.set_lazy(origin, link, false);
        }
    }

    /// The peer lacks this one: it gets all of its origin from now on.
    pub(crate) fn on_graft(&mut self, link: LinkId, id: &ShortId) {
        self.trees.graft(id, link);
    }

    /// The frame of a rumor that we still keep.
    pub(crate) fn kept(&self, id: &ShortId) -> Option<Arc<[u8]>> {
        self.cache.get(id)
    }

    pub(crate) fn link_up(&mut self, link: LinkId) {
        self.trees.link_up(link);
    }

    pub(crate) fn link_down(&mut self, link: LinkId) {
        self.trees.link_down(link);
        self.missing.link_down(link);
        self.untold.remove(&link);
    }

    /// The link over which the newest rumor of a member first came: the way back to it.
    pub(crate) fn way_to(&self, origin: &PeerId) -> Option<LinkId> {
        self.trees.parent(origin)
    }

    /// Takes a post for all whose signature holds: it is read when it is its turn.
    pub(crate) fn line_up(&mut self, now: Instant, hops: u8, post: Post, config: &Config) {
        self.order.put(now, hops, post, config);
    }

    /// The next post of an author that can be read, with the links that it has crossed.
    pub(crate) fn next_in_order(&mut self, origin: PeerId) -> Option<(Post, u8)> {
        let (post, hops) = self.order.next(origin, self.trees.last_post(&origin))?;
        self.trees.read(&origin, post.seq);
        Some((post, hops))
    }

    /// An author whose posts have waited long enough for one that did not come: they go on without it.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<PeerId> {
        let (origin, previous) = self.order.overdue(now)?;
        self.trees.read(&origin, previous);
        Some(origin)
    }

    /// Takes a post for us whose signature holds. The message, when it is whole.
    pub(crate) fn assemble(&mut self, now: Instant, post: Post, config: &Config) -> Option<Whole> {
        let direct = post.to.is_some();
        let seq = post.seq.saturating_sub(u64::from(post.index));
        let channel = post.channel.clone();
        let sent_at_ms = post.sent_at_ms;
        let payload = if post.count == 1 { post.payload } else { self.reassembly.add(now, post, config)? };
        (payload.len() <= config.message_bytes_max).then_some(Whole { seq, channel, sent_at_ms, direct, payload })
    }

    /// The author is gone, and does not say again what is missing: whether there are posts that waited for it, and can be read now.
    /// What was seen stays known: the author may come back, and what it said is still under way.
    pub(crate) fn release(&mut self, origin: &PeerId) -> bool {
        let awaited = self.order.awaited(origin);
        awaited.is_some_and(|previous| {
            self.trees.read(origin, previous);
            true
        })
    }

    /// Forgets a member that does not come back.
    pub(crate) fn remove_origin(&mut self, origin: &PeerId) {
        self.trees.remove(origin);
    }

    /// This host stood still: what was told of gets the time back.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        self.missing.forgive(late_us);
    }

    /// What is due: telling the lazy links, and asking for what was told of and did not come.
    pub(crate) fn handle_timeout(&mut self, now: Instant, config: &Config) -> Vec<(LinkId, Frame)> {
        self.reassembly.expire(now);
        self.cache.expire(now, config);
        let mut frames = Vec::new();
        if self.tell_at.is_some_and(|at| now >= at) {
            self.tell_at = None;
            for (link, ids) in core::mem::take(&mut self.untold).iter() {
                let told =
                    |(id, since): &(ShortId, Instant)| (*id, u8::try_from(now.ms_since(*since)).unwrap_or(u8::MAX));
                frames.extend(ids.chunks(LIST_MAX).map(|ids| (*link, Frame::Ihave(ids.iter().map(told).collect()))));
            }
        }
        for (link, ids) in self.missing.handle_timeout(now, config) {
            for id in &ids {
                self.trees.want(id, link);
            }
            frames.extend(ids.chunks(LIST_MAX).map(|ids| (link, Frame::Graft(ids.to_vec()))));
        }
        frames
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let Self { reassembly, order, tell_at, missing, rounds, .. } = self;
        [reassembly.next_timeout(), order.next_timeout(), *tell_at, missing.next_timeout(), rounds.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }
}
