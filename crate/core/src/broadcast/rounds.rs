//! Posts without a tree.
//!
//! *Rumor mongering* (Demers 1987, section 1.4): a post that is new is hot. Each round its holder pushes it to some random links. A
//! link that had it says so, by IHAVE; after so many of these useless tellings the holder loses interest ("feedback" and "counter" in
//! the paper). It then tells all its links once that it has it. Whom the
//! rumor has missed asks for it, by GRAFT, as in a tree.
//!
//! *Push*, *pull* and *push-pull* (Karp 2000): each round every member contacts one random link, and gives what it has of late, or
//! asks for it, or both. To give is IHAVE, answered by GRAFT at once; to ask is a GRAFT of nothing, answered by IHAVE.

use alloc::vec::Vec;

use super::{
    Broadcast,
    repair::{Miss, Missing},
};
use crate::{config::Config, identity::PeerId, io::LinkId, time::Instant, wire::ShortId};
#[cfg(feature = "rounds")]
use crate::{
    config::Strategy,
    random::Random,
    wire::{Frame, LIST_MAX},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    /// What is hot, with the links that were told and knew: a table like that of what is missing. It is bounded as the cache is, for
    /// what is not in the cache any more is hot no longer.
    hot: Missing,
    #[cfg(feature = "rounds")]
    contact_at: Option<Instant>,
}

impl Rounds {
    /// A peer has this one already.
    pub(super) fn told_in_vain(&mut self, id: &ShortId, peer: LinkId, config: &Config) {
        if let Some(hot) = self.hot.rumors.get_mut(id).filter(|hot| hot.tellers.len() < config.rumor_useless_max) {
            hot.tellers.push(peer);
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        #[cfg(feature = "rounds")]
        if self.contact_at.is_some() {
            return self.contact_at;
        }
        if cfg!(feature = "rumor") { self.hot.next_timeout() } else { None }
    }
}

impl Broadcast {
    /// A post is new, and hot for as long as its frame is kept.
    pub(crate) fn heat(&mut self, now: Instant, origin: &PeerId, number: u64) {
        self.mark(origin, number);
        self.rounds.hot.rumors.or_insert(ShortId::new(origin, number), Miss { tellers: Vec::new(), due_at: now });
    }

    /// The next post whose round it is, and whether it is still hot. If not, it is none any more.
    pub(crate) fn next_hot(&mut self, now: Instant, config: &Config) -> Option<(ShortId, bool)> {
        let (id, hot) = self.rounds.hot.rumors.iter_mut().find(|(_, hot)| now >= hot.due_at)?;
        hot.due_at = now.plus_ms(config.round_ms.max(1));
        let (id, is_hot) = (*id, hot.tellers.len() < config.rumor_useless_max && self.cache.contains(id));
        if !is_hot {
            self.rounds.hot.found(id);
        }
        Some((id, is_hot))
    }

    /// The frames of this round, if it is time for one.
    #[cfg(feature = "rounds")]
    pub(crate) fn contact(
        &mut self,
        now: Instant,
        links: &[LinkId],
        random: &mut Random,
        config: &Config,
    ) -> Vec<(LinkId, Frame)> {
        if self.rounds.contact_at.is_some_and(|at| now < at) {
            return Vec::new();
        }
        // All members' rounds begin together, as in the papers, where their clocks agree.
        let (round_us, now_us) = (u64::from(config.round_ms.max(1)).saturating_mul(1_000), now.as_micros());
        let into_us = now_us.checked_rem(round_us).unwrap_or(0);
        self.rounds.contact_at = Some(now.plus_micros(round_us.saturating_sub(into_us)));
        let (gives, asks) = (config.strategy != Strategy::Pull, config.strategy != Strategy::Push);
        let mut frames = if gives { self.of_late() } else { Vec::new() };
        frames.extend(asks.then(|| Frame::Graft(Vec::new())));
        let link = random.pick(links).copied();
        link.map_or_else(Vec::new, |link| frames.into_iter().map(|frame| (link, frame)).collect())
    }

    /// Tells what we have of late.
    #[cfg(feature = "rounds")]
    pub(crate) fn of_late(&mut self) -> Vec<Frame> {
        let Self { rounds, cache, .. } = self;
        rounds.hot.rumors.retain(|id, _| cache.contains(id));
        let ids: Vec<(ShortId, u8)> = rounds.hot.rumors.iter().map(|(id, _)| (*id, u8::MAX)).collect();
        ids.chunks(LIST_MAX).map(|ids| Frame::Ihave(ids.to_vec())).collect()
    }
}

#[cfg(all(test, feature = "rounds"))]
mod tests {
    use super::*;

    const ORIGIN: PeerId = PeerId::from_bytes([7; 16]);
    const LINKS: [LinkId; 3] = [LinkId(1), LinkId(2), LinkId(3)];

    /// A post that has just come, number 1 of its origin.
    fn hot(config: &Config) -> (Broadcast, ShortId) {
        let (mut broadcast, id) = (Broadcast::new(0), ShortId::new(&ORIGIN, 1));
        broadcast.keep(Instant::ZERO, id, [0; 10].into(), config);
        broadcast.heat(Instant::ZERO, &ORIGIN, 1);
        (broadcast, id)
    }

    fn config(strategy: Strategy) -> Config {
        Config { strategy, ..Config::default() }
    }

    #[test]
    fn what_is_hot_is_told_at_once_and_in_each_round() {
        let config = config(Strategy::Rumor);
        let (mut broadcast, id) = hot(&config);
        assert_eq!(broadcast.next_hot(Instant::ZERO, &config), Some((id, true)));
        assert_eq!(broadcast.next_hot(Instant::ZERO, &config), None);
        assert_eq!(broadcast.next_timeout(), Some(Instant::ZERO.plus_ms(config.round_ms)));
        assert_eq!(broadcast.next_hot(Instant::ZERO.plus_ms(config.round_ms), &config), Some((id, true)));
    }

    #[test]
    fn interest_is_lost_when_enough_knew_it_already() {
        let config = config(Strategy::Rumor);
        let (mut broadcast, id) = hot(&config);
        for told in 0..config.rumor_useless_max {
            let now = Instant::ZERO.plus_ms(config.round_ms * u32::try_from(told).unwrap());
            assert_eq!(broadcast.next_hot(now, &config), Some((id, true)));
            broadcast.on_ihave(now, LINKS[0], &[(id, 0)], None, |_| false, &config);
        }
        let later = Instant::from_millis(60_000);
        assert_eq!(broadcast.next_hot(later, &config), Some((id, false)));
        assert_eq!(broadcast.next_hot(later, &config), None);
    }

    #[test]
    fn what_is_kept_no_longer_is_hot_no_longer_though_nobody_knew_it() {
        let config = config(Strategy::Rumor);
        let (mut broadcast, id) = hot(&config);
        let later = Instant::ZERO.plus_ms(config.cache_age_ms);
        broadcast.handle_timeout(later, &config);
        assert_eq!(broadcast.next_hot(later, &config), Some((id, false)));
    }

    #[test]
    fn a_peer_that_says_again_and_again_that_it_knows_takes_no_memory() {
        let config = config(Strategy::Rumor);
        let (mut broadcast, id) = hot(&config);
        (0..10_000).for_each(|_| {
            broadcast.on_ihave(Instant::ZERO, LINKS[0], &[(id, 0)], None, |_| false, &config);
        });
        assert!(broadcast.rounds.hot.rumors.get(&id).is_some_and(|hot| hot.tellers.len() == config.rumor_useless_max));
    }

    fn check_contact(strategy: Strategy, gives: bool, asks: bool) {
        let config = config(strategy);
        let ((mut broadcast, id), mut random) = (hot(&config), Random::new([1; 32]));
        let mut contact = |at: u64| broadcast.contact(Instant::from_millis(at), &LINKS, &mut random, &config);
        let frames = contact(50);
        let links: Vec<LinkId> = frames.iter().map(|(link, _)| *link).collect();
        assert!(links.windows(2).all(|pair| pair.first() == pair.last()), "one link a round");
        let frames: Vec<Frame> = frames.into_iter().map(|(_, frame)| frame).collect();
        let give = gives.then(|| Frame::Ihave([(id, u8::MAX)].into()));
        let ask = asks.then(|| Frame::Graft(Vec::new()));
        assert_eq!(frames, give.into_iter().chain(ask).collect::<Vec<_>>());
        assert!(contact(199).is_empty(), "the next round begins at a multiple of 200 ms");
        assert!(!contact(200).is_empty());
        assert_eq!(broadcast.next_timeout(), Some(Instant::from_millis(400)));
    }

    #[test]
    fn in_each_round_one_link_is_given_or_asked_or_both() {
        check_contact(Strategy::Push, true, false);
        check_contact(Strategy::Pull, false, true);
        check_contact(Strategy::PushPull, true, true);
    }
}
