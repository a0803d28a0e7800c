//! What waits for links that are behind: liveness before user data, and fairness between origins.
//!
//! A host's own buffer is a queue in order: what is put in last comes out last. So it is kept short, and frames wait here as long as the host
//! says that a link is congested. What is no user data goes first. User data follows by deficit round robin between its origins (Shreedhar
//! and Varghese 1996), so that one who says much delays nobody who says little; an origin that had nothing waiting has its turn before those
//! that do (RFC 8290, section 4.2). A link that is not behind has no row here.
//!
//! Where too much waits for a link, the origin that has most gives way, newest first: whatever it loses, the peer is told of when there is room
//! again, and can ask for.

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};

use crate::{
    identity::PeerId,
    io::LinkId,
    time::Instant,
    wire::{FRAME_BYTES_MAX, Load, ShortId},
};

/// What a host's own buffer may hold of one link: at first, at least, and at most.
const BUFFER_BYTES: usize = 16 << 10;
const BUFFER_BYTES_MIN: usize = 2 << 10;
const BUFFER_BYTES_MAX: usize = 256 << 10;

/// Half of the buffer should take a link more than this, or the buffer runs dry before the host is heard …
const DRAIN_US_MIN: u64 = 10_000;

/// … and no more than this, since everything urgent waits behind it.
const DRAIN_US_MAX: u64 = 30_000;

/// A link that has been behind for so long, while another is not, holds our user up no more.
const PATIENCE_MS: u32 = 5_000;

/// Nor does one that takes nothing at all for so long: a tab that stands still.
const STANDSTILL_MS: u32 = 750;

/// A link that has taken nothing for so long, and for which too much waits, is shed.
const STUCK_MS: u32 = 10_000;

/// What an origin may send in one turn.
const QUANTUM_BYTES: usize = FRAME_BYTES_MAX;

/// Frames that gave way of which a peer is told later, at most. Of those before them it hears by others, or not at all.
const POSTPONED_MAX: usize = 1_024;

/// Frames of an origin among which one is looked for that the peer has got elsewhere.
const LOOKED_AT_MAX: usize = 256;

/// The links that are behind, or have been.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outboxes {
    links: Vec<Outbox>,
}

#[derive(Clone, Debug)]
struct Outbox {
    link: LinkId,
    /// What the host said last, and when.
    congested: bool,
    told_at: Instant,
    behind_since: Instant,
    buffer_bytes: usize,
    urgent: Flow,
    /// By turns; those that have not had one yet stand first.
    flows: Vec<Flow>,
    bytes: usize,
    postponed: Vec<ShortId>,
}

/// What waits of one origin.
#[derive(Clone, Debug)]
struct Flow {
    origin: PeerId,
    is_new: bool,
    credit_bytes: usize,
    bytes: usize,
    frames: VecDeque<(Option<ShortId>, Arc<[u8]>)>,
}

/// What becomes of a frame for a link that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// It waits, and so many others gave way.
    Waits { postponed: usize },
    /// Too much waits of what cannot give way, or the link has been stuck for long.
    TooMuch,
}

impl Outboxes {
    /// The host's buffer of a link is full.
    pub(crate) fn congested(&mut self, now: Instant, link: LinkId) {
        match self.get_mut(link) {
            Some(outbox) => {
                if !outbox.is_behind() {
                    outbox.behind_since = now;
                }
                outbox.congested = true;
                outbox.told_at = now;
            }
            None => self.links.push(Outbox::new(now, link)),
        }
    }

    /// Half of the host's buffer has gone out. The rumors of which the link can be told again, if it has caught up that far.
    pub(crate) fn writable(&mut self, now: Instant, link: LinkId, bytes_max: usize) -> Vec<ShortId> {
        let Some(outbox) = self.get_mut(link).filter(|outbox| outbox.congested) else { return Vec::new() };
        outbox.congested = false;
        outbox.adapt(now.micros_since(outbox.told_at));
        outbox.told_at = now;
        let caught_up = outbox.bytes <= outbox.buffer_bytes.max(bytes_max / 2);
        if caught_up { core::mem::take(&mut outbox.postponed) } else { Vec::new() }
    }

    /// Whether a frame for this link has to wait.
    pub(crate) fn is_behind(&self, link: LinkId) -> bool {
        self.get(link).is_some_and(Outbox::is_behind)
    }

    /// Keeps a frame for a link that is behind.
    pub(crate) fn hold(&mut self, now: Instant, link: LinkId, frame: Arc<[u8]>, bytes_max: usize) -> Held {
        let Some(outbox) = self.get_mut(link) else { return Held::TooMuch };
        outbox.bytes = outbox.bytes.saturating_add(frame.len());
        match Load::of(&frame) {
            None => outbox.urgent.push(None, frame),
            Some(load) => outbox.line_up(load, frame),
        }
        outbox.cut(bytes_max, now)
    }

    /// The next frame for a link that takes one.
    pub(crate) fn next(&mut self) -> Option<(LinkId, Arc<[u8]>)> {
        let ready = |outbox: &&mut Outbox| !outbox.congested && outbox.bytes > 0;
        let outbox = self.links.iter_mut().find(ready)?;
        Some((outbox.link, outbox.next()?))
    }

    /// The next frame of all that waits, whatever the host says. When there is none, no link is behind any more.
    pub(crate) fn empty(&mut self) -> Option<(LinkId, Arc<[u8]>)> {
        let next = self.links.iter_mut().find_map(|outbox| Some((outbox.link, outbox.next()?)));
        if next.is_none() {
            self.links = Vec::new();
        }
        next
    }

    /// The peer has this one already.
    pub(crate) fn cancel(&mut self, link: LinkId, id: &ShortId) {
        let Some(outbox) = self.get_mut(link).filter(|outbox| outbox.bytes > 0) else { return };
        for flow in outbox.flows.iter_mut().filter(|flow| id.is_of(&flow.origin)) {
            let at = flow.frames.iter().take(LOOKED_AT_MAX).position(|(of, _)| of.as_ref() == Some(id));
            if let Some((_, frame)) = at.and_then(|at| flow.frames.remove(at)) {
                flow.bytes = flow.bytes.saturating_sub(frame.len());
                outbox.bytes = outbox.bytes.saturating_sub(frame.len());
                return;
            }
        }
    }

    /// The link is gone.
    pub(crate) fn remove(&mut self, link: LinkId) {
        self.links.retain(|outbox| outbox.link != link);
    }

    /// Whether our own user should say no more for now. Of so many links one that is far behind all others is not waited for.
    pub(crate) fn hold_up(&self, now: Instant, links: usize) -> bool {
        let behind = || self.links.iter().filter(|outbox| outbox.is_behind());
        let all = behind().count() >= links;
        behind().any(|outbox| all || now < outbox.waited_for_until())
    }

    /// What the host's own buffer of a link may hold.
    pub(crate) fn buffer_bytes(&self, link: LinkId) -> usize {
        self.get(link).map_or(BUFFER_BYTES, |outbox| outbox.buffer_bytes)
    }

    /// How much waits for which link.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (LinkId, usize)> {
        self.links.iter().map(|outbox| (outbox.link, outbox.bytes))
    }

    fn get(&self, link: LinkId) -> Option<&Outbox> {
        self.links.iter().find(|outbox| outbox.link == link)
    }

    fn get_mut(&mut self, link: LinkId) -> Option<&mut Outbox> {
        self.links.iter_mut().find(|outbox| outbox.link == link)
    }
}

impl Outbox {
    const fn new(now: Instant, link: LinkId) -> Self {
        Self {
            link,
            congested: true,
            told_at: now,
            behind_since: now,
            buffer_bytes: BUFFER_BYTES,
            urgent: Flow::new(Load::OF_COMPARISON),
            flows: Vec::new(),
            bytes: 0,
            postponed: Vec::new(),
        }
    }

    /// How long our user waits for this link, if another is not behind.
    fn waited_for_until(&self) -> Instant {
        self.behind_since.plus_ms(PATIENCE_MS).min(self.told_at.plus_ms(STANDSTILL_MS))
    }

    /// The buffer becomes as large as what the link takes in a few hundredths of a second.
    fn adapt(&mut self, took_us: u64) {
        if took_us < DRAIN_US_MIN {
            self.buffer_bytes = self.buffer_bytes.saturating_mul(2).min(BUFFER_BYTES_MAX);
        } else if took_us > DRAIN_US_MAX {
            self.buffer_bytes = (self.buffer_bytes / 2).max(BUFFER_BYTES_MIN);
        }
    }

    /// Behind what waits of its origin; or, if nothing does, behind the others that have not had their turn yet.
    fn line_up(&mut self, load: Load, frame: Arc<[u8]>) {
        if let Some(flow) = self.flows.iter_mut().find(|flow| flow.origin == load.origin) {
            flow.push(load.id, frame);
            return;
        }
        let mut flow = Flow::new(load.origin);
        flow.push(load.id, frame);
        let at = self.flows.iter().take_while(|flow| flow.is_new).count();
        self.flows.insert(at, flow);
    }

    /// Makes room: the origin that has most gives way.
    fn cut(&mut self, bytes_max: usize, now: Instant) -> Held {
        let mut postponed = 0_usize;
        while self.bytes > bytes_max {
            let most = self.flows.iter_mut().filter(|flow| flow.may_give_way()).max_by_key(|flow| flow.bytes);
            let gone = most.and_then(Flow::pop_newest);
            let Some((id, frame)) = gone.filter(|_| now < self.told_at.plus_ms(STUCK_MS)) else { return Held::TooMuch };
            self.bytes = self.bytes.saturating_sub(frame.len());
            postponed = postponed.saturating_add(1);
            if let Some(id) = id.filter(|_| self.postponed.len() < POSTPONED_MAX) {
                self.postponed.push(id);
            }
        }
        Held::Waits { postponed }
    }

    fn next(&mut self) -> Option<Arc<[u8]>> {
        let frame = self.urgent.pop().or_else(|| self.next_in_turn())?;
        self.bytes = self.bytes.saturating_sub(frame.len());
        if self.bytes == 0 {
            self.urgent.frames = VecDeque::new();
            self.flows = Vec::new();
        }
        Some(frame)
    }

    /// Who has nothing left when its turn comes leaves the round, but not in its first turn: or it would be new again with its next frame.
    fn next_in_turn(&mut self) -> Option<Arc<[u8]>> {
        loop {
            let flow = self.flows.first_mut()?;
            let head_bytes = flow.frames.front().map_or(0, |(_, frame)| frame.len());
            if head_bytes > 0 && head_bytes <= flow.credit_bytes {
                return flow.pop();
            }
            let stays = head_bytes > 0 || flow.is_new;
            flow.is_new = false;
            if head_bytes > 0 {
                flow.credit_bytes = flow.credit_bytes.saturating_add(QUANTUM_BYTES);
            }
            let flow = self.flows.remove(0);
            if stays {
                self.flows.push(flow);
            }
        }
    }

    const fn is_behind(&self) -> bool {
        self.congested || self.bytes > 0
    }
}

impl Flow {
    const fn new(origin: PeerId) -> Self {
        Self { origin, is_new: true, credit_bytes: QUANTUM_BYTES, bytes: 0, frames: VecDeque::new() }
    }

    fn push(&mut self, id: Option<ShortId>, frame: Arc<[u8]>) {
        self.bytes = self.bytes.saturating_add(frame.len());
        self.frames.push_back((id, frame));
    }

    fn pop(&mut self) -> Option<Arc<[u8]>> {
        let (_, frame) = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(frame.len());
        self.credit_bytes = self.credit_bytes.saturating_sub(frame.len());
        Some(frame)
    }

    fn pop_newest(&mut self) -> Option<(Option<ShortId>, Arc<[u8]>)> {
        let newest = self.frames.pop_back()?;
        self.bytes = self.bytes.saturating_sub(newest.1.len());
        Some(newest)
    }

    /// What a comparison brings has no author who could be asked again.
    fn may_give_way(&self) -> bool {
        self.bytes > 0 && self.origin != Load::OF_COMPARISON
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec};

    use proptest::prelude::*;

    use super::*;
    use crate::wire::{Frame, Post, Rumor, Signed};

    const LINK: LinkId = LinkId(3);
    const NOW: Instant = Instant::from_millis(1_000);
    const MIB: usize = 1 << 20;

    /// Links of which one is behind.
    fn behind() -> Outboxes {
        let mut outboxes = Outboxes::default();
        outboxes.congested(NOW, LINK);
        outboxes
    }

    fn post(origin: u8, seq: u64, bytes: usize) -> Arc<[u8]> {
        let (origin, channel) = (PeerId::from_bytes([origin; 16]), String::from("c"));
        let payload = vec![0; bytes];
        let body = Post { origin, seq, previous: 0, to: None, channel, sent_at_ms: 0, index: 0, count: 1, payload };
        Frame::Gossip { hops: 1, rumor: Rumor::Post(Signed { body, signature: [0; 64] }) }.encode()
    }

    fn id(origin: u8, seq: u64) -> ShortId {
        ShortId::new(&PeerId::from_bytes([origin; 16]), seq)
    }

    fn hold(outboxes: &mut Outboxes, frame: &Arc<[u8]>) {
        assert_eq!(outboxes.hold(NOW, LINK, frame.clone(), MIB), Held::Waits { postponed: 0 });
    }

    /// What comes out, in order, by origin and number; 0 for what is urgent.
    fn drain(outboxes: &mut Outboxes) -> Vec<(u8, u64)> {
        outboxes.writable(NOW, LINK, MIB);
        let name = |frame: Arc<[u8]>| match Frame::decode(&frame) {
            Ok(Frame::Gossip { rumor, .. }) => (rumor.origin().as_bytes()[0], rumor.number()),
            _ => (0, 0),
        };
        core::iter::from_fn(|| outboxes.next()).map(|(_, frame)| name(frame)).collect()
    }

    #[test]
    fn a_link_that_is_not_behind_holds_nothing() {
        let mut outboxes = Outboxes::default();
        assert!(!outboxes.is_behind(LINK) && outboxes.next().is_none());
        outboxes.congested(NOW, LINK);
        assert!(outboxes.is_behind(LINK) && !outboxes.is_behind(LinkId(4)));
        outboxes.writable(NOW, LINK, MIB);
        assert!(!outboxes.is_behind(LINK));
    }

    #[test]
    fn nothing_goes_to_a_link_that_is_congested() {
        let mut outboxes = behind();
        hold(&mut outboxes, &post(1, 1, 100));
        assert!(outboxes.next().is_none());
    }

    #[test]
    fn what_is_urgent_overtakes_user_data_and_keeps_its_order() {
        let mut outboxes = behind();
        hold(&mut outboxes, &post(1, 1, 100));
        let urgent = [Frame::Disconnect.encode(), Frame::Ihave(Vec::new()).encode()];
        urgent.iter().for_each(|frame| hold(&mut outboxes, frame));
        outboxes.writable(NOW, LINK, MIB);
        let order: Vec<_> = core::iter::from_fn(|| outboxes.next()).map(|(_, frame)| frame).collect();
        assert_eq!(order, [urgent[0].clone(), urgent[1].clone(), post(1, 1, 100)]);
    }

    #[test]
    fn an_origin_with_little_to_say_waits_for_one_frame_and_not_for_a_flood() {
        let mut outboxes = behind();
        (1..=50).for_each(|seq| hold(&mut outboxes, &post(1, seq, 16_000)));
        outboxes.writable(NOW, LINK, MIB);
        assert!(outboxes.next().is_some());
        hold(&mut outboxes, &post(2, 7, 100));
        assert_eq!(drain(&mut outboxes)[0], (2, 7));
    }

    #[test]
    fn origins_share_a_link_by_bytes_and_not_by_frames() {
        let mut outboxes = behind();
        (1..=40).for_each(|seq| hold(&mut outboxes, &post(1, seq, 16_000)));
        (1..=400).for_each(|seq| hold(&mut outboxes, &post(2, seq, 900)));
        let order = drain(&mut outboxes);
        let done = order.iter().position(|name| *name == (2, 400)).unwrap();
        let large = order[..done].iter().filter(|(origin, _)| *origin == 1).count();
        // 400 frames of some 1,000 bytes are as much as 25 of some 16,000.
        assert!((22..=28).contains(&large), "{large}");
        assert_eq!(order.len(), 440);
    }

    #[test]
    fn who_says_one_thing_after_another_is_not_new_each_time() {
        let mut outboxes = behind();
        (1..=20).for_each(|seq| hold(&mut outboxes, &post(1, seq, 16_000)));
        hold(&mut outboxes, &post(2, 1, 16_000));
        outboxes.writable(NOW, LINK, MIB);
        let mut large = 0;
        for seq in 2..=10 {
            let (_, frame) = outboxes.next().unwrap();
            if Load::of(&frame).is_some_and(|load| load.origin == PeerId::from_bytes([2; 16])) {
                large += 1;
                hold(&mut outboxes, &post(2, seq, 16_000));
            }
        }
        assert!(large <= 5, "it had {large} turns of 9");
    }

    #[test]
    fn the_origin_that_has_most_gives_way_newest_first_and_is_told_of_when_there_is_room() {
        let mut outboxes = behind();
        (1..=10).for_each(|seq| hold(&mut outboxes, &post(1, seq, 10_000)));
        hold(&mut outboxes, &post(2, 1, 10_000));
        let held = outboxes.hold(NOW, LINK, post(2, 2, 10_000), 111_500);
        assert_eq!(held, Held::Waits { postponed: 1 });
        assert_eq!(outboxes.writable(NOW, LINK, 150_000), [], "it is still far behind");
        (0..6).for_each(|_| assert!(outboxes.next().is_some()));
        outboxes.congested(NOW, LINK);
        assert_eq!(outboxes.writable(NOW, LINK, 150_000), [id(1, 10)]);
        assert!(!drain(&mut outboxes).contains(&(1, 10)));
    }

    #[test]
    fn what_is_urgent_does_not_give_way() {
        let mut outboxes = behind();
        let urgent = Frame::Ihave(vec![(id(1, 1), 0); 200]).encode();
        let fit = 10_000 / urgent.len();
        (0..fit)
            .for_each(|_| assert_eq!(outboxes.hold(NOW, LINK, urgent.clone(), 10_000), Held::Waits { postponed: 0 }));
        assert_eq!(outboxes.hold(NOW, LINK, urgent, 10_000), Held::TooMuch);
    }

    #[test]
    fn a_link_that_takes_nothing_for_long_is_not_kept_full_for_ever() {
        let mut outboxes = behind();
        hold(&mut outboxes, &post(1, 1, 9_000));
        assert_eq!(outboxes.hold(NOW, LINK, post(1, 2, 9_000), 10_000), Held::Waits { postponed: 1 });
        assert_eq!(outboxes.hold(NOW.plus_ms(STUCK_MS), LINK, post(1, 3, 9_000), 10_000), Held::TooMuch);
    }

    #[test]
    fn what_the_peer_has_got_elsewhere_is_not_sent() {
        let mut outboxes = behind();
        (1..=3).for_each(|seq| hold(&mut outboxes, &post(1, seq, 100)));
        outboxes.cancel(LINK, &id(1, 2));
        outboxes.cancel(LINK, &id(9, 1));
        outboxes.cancel(LinkId(9), &id(1, 1));
        assert_eq!(drain(&mut outboxes), [(1, 1), (1, 3)]);
        assert_eq!(outboxes.waiting().collect::<Vec<_>>(), [(LINK, 0)]);
    }

    #[test]
    fn the_buffer_is_what_the_link_takes_in_a_moment() {
        let mut outboxes = Outboxes::default();
        let mut takes = |ms: u32| {
            outboxes.congested(NOW, LINK);
            outboxes.writable(NOW.plus_ms(ms), LINK, MIB);
            outboxes.buffer_bytes(LINK)
        };
        assert_eq!((takes(20), takes(5), takes(20)), (BUFFER_BYTES, 2 * BUFFER_BYTES, 2 * BUFFER_BYTES));
        assert_eq!((0..9).map(|_| takes(1)).max(), Some(BUFFER_BYTES_MAX));
        assert_eq!((0..9).map(|_| takes(500)).min(), Some(BUFFER_BYTES_MIN));
    }

    #[test]
    fn one_that_is_far_behind_all_others_is_not_waited_for() {
        let mut outboxes = behind();
        let late = NOW.plus_ms(PATIENCE_MS);
        assert!(outboxes.hold_up(NOW, 2));
        assert!(!outboxes.hold_up(late, 2));
        assert!(outboxes.hold_up(late, 1), "there is no other");
        outboxes.congested(late, LinkId(4));
        assert!(outboxes.hold_up(late, 3), "this one is not far behind yet");
    }

    #[test]
    fn one_that_stands_still_is_not_waited_for_and_one_that_is_slow_is() {
        let (mut outboxes, soon) = (behind(), NOW.plus_ms(STANDSTILL_MS));
        assert!(!outboxes.hold_up(soon, 2));
        outboxes.hold(NOW, LINK, post(1, 1, 100), MIB);
        outboxes.writable(soon, LINK, MIB);
        assert!(outboxes.hold_up(soon, 2));
    }

    #[test]
    fn a_link_that_is_gone_leaves_nothing() {
        let mut outboxes = behind();
        hold(&mut outboxes, &post(1, 1, 100));
        outboxes.remove(LINK);
        assert_eq!((outboxes.waiting().count(), outboxes.is_behind(LINK)), (0, false));
    }

    proptest! {
        /// Whatever comes and goes: what is held stays within the bound, all that did not give way comes out once, and each origin's in order.
        #[test]
        fn what_waits_is_bounded_and_comes_out_once_and_in_order(
            steps in proptest::collection::vec((0_u8..12, 1_usize..3_000), 1..300),
        ) {
            let bytes_max = 40_000;
            let (mut outboxes, mut said, mut out, mut postponed) = (behind(), [0_u64; 12], Vec::new(), 0);
            for (origin, bytes) in steps {
                match origin {
                    0 => { outboxes.writable(NOW, LINK, bytes_max); }
                    1 => outboxes.congested(NOW, LINK),
                    2..6 => out.extend(outboxes.next().and_then(|(_, frame)| Load::of(&frame)?.id)),
                    _ if outboxes.is_behind(LINK) => {
                        said[usize::from(origin)] += 1;
                        match outboxes.hold(NOW, LINK, post(origin, said[usize::from(origin)], bytes), bytes_max) {
                            Held::Waits { postponed: more } => postponed += more,
                            Held::TooMuch => prop_assert!(false, "posts give way"),
                        }
                    }
                    _ => {}
                }
                prop_assert!(outboxes.waiting().all(|(_, bytes)| bytes <= bytes_max));
            }
            outboxes.writable(NOW, LINK, bytes_max);
            out.extend(core::iter::from_fn(|| outboxes.next()).filter_map(|(_, frame)| Load::of(&frame)?.id));
            prop_assert_eq!(out.len() + postponed, usize::try_from(said.iter().sum::<u64>()).unwrap());
            prop_assert_eq!(outboxes.waiting().map(|(_, bytes)| bytes).sum::<usize>(), 0);
            for origin in 6..12 {
                let of = PeerId::from_bytes([origin; 16]);
                let numbers: Vec<u64> = out.iter().filter(|id| id.is_of(&of)).map(|id| id.number_near(1)).collect();
                prop_assert!(numbers.is_sorted_by(|a, b| a < b));
            }
        }
    }
}
