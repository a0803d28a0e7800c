//! The signaling server, as the room sees it: who holds a socket to it, and when to ask it for members.
//!
//! A room needs a few members attached, the greeters, so that newcomers find it. The others let go of their sockets. When
//! greeters go, others volunteer: those with the smallest ids, after a random pause, so that not all of them come at once.

use crate::{config::Config, random::Random, time::Instant};

/// The pause before a member volunteers, in milliseconds, doubled at most by chance.
const VOLUNTEER_PAUSE_MS: u32 = 1_000;

/// How long a socket must have been kept before we tell the others that we are a greeter: the server lets most newcomers go soon, and
/// every change of a record goes to everybody.
const SETTLE_MS: u32 = 4_000;

/// The pause before a member asks again for members to dial, first after it has attached; each is twice as long as the one before.
const ASK_FIRST_MS: u32 = 700;

/// The longest pause of a member that lacks links.
const ASK_LONELY_MS: u32 = 3_000;

/// How often an attached member with links asks for members that it does not know: so the halves of a split room meet.
const ASK_LINKED_MS: u32 = 20_000;

/// The pause before a member asks that has reason to think that it is cut off.
const HURRY_MS: u32 = 300;

#[derive(Clone, Debug)]
pub(crate) struct Introducer {
    wanted: bool,
    attached: bool,
    volunteer_at: Option<Instant>,
    ask_at: Option<Instant>,
    /// When we tell the others that we are a greeter.
    settle_at: Option<Instant>,
    ask_pause_ms: u32,
}

/// What a timeout brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Open a socket: the room lacks greeters.
    Volunteer,
    /// Ask for members to dial.
    Ask,
    /// Tell the others that we are a greeter.
    Settle,
}

impl Introducer {
    /// At first everybody wants the server.
    pub(crate) const fn new() -> Self {
        Self {
            wanted: true,
            attached: false,
            volunteer_at: None,
            ask_at: None,
            settle_at: None,
            ask_pause_ms: ASK_FIRST_MS,
        }
    }

    pub(crate) fn attached(&mut self, now: Instant, random: &mut Random) {
        self.attached = true;
        self.wanted = true;
        self.volunteer_at = None;
        self.settle_later(now);
        self.ask_pause_ms = ASK_FIRST_MS;
        self.plan_ask(now, random);
    }

    /// Whether we are a greeter shows after a while.
    pub(crate) fn settle_later(&mut self, now: Instant) {
        self.settle_at = Some(now.plus_ms(SETTLE_MS));
    }

    /// The socket is gone; the host tries again as long as it is wanted.
    pub(crate) fn detached(&mut self) {
        self.attached = false;
        self.ask_at = None;
        self.settle_at = None;
    }

    /// The server has enough of us.
    pub(crate) fn released(&mut self) {
        self.detached();
        self.wanted = false;
    }

    /// We are cut off, or about to be: a socket is wanted at once. Whether that is new.
    pub(crate) fn need(&mut self) -> bool {
        self.volunteer_at = None;
        !core::mem::replace(&mut self.wanted, true)
    }

    /// There is reason to ask soon, if we are attached.
    pub(crate) fn hurry(&mut self, now: Instant, random: &mut Random) {
        let soon = now.plus_ms(random.jittered_ms(HURRY_MS));
        self.ask_at = self.ask_at.map(|at| at.min(soon));
        self.ask_pause_ms = ASK_FIRST_MS;
    }

    /// Looks at the room: whether it lacks greeters, and it is for us to become one.
    pub(crate) fn review(&mut self, now: Instant, called: bool, random: &mut Random) {
        if self.wanted || !called {
            self.volunteer_at = None;
        } else if self.volunteer_at.is_none() {
            let pause_ms = VOLUNTEER_PAUSE_MS.saturating_add(random.below(VOLUNTEER_PAUSE_MS));
            self.volunteer_at = Some(now.plus_ms(pause_ms));
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, linked: bool, random: &mut Random) -> Option<Errand> {
        if self.volunteer_at.is_some_and(|at| now >= at) {
            self.volunteer_at = None;
            self.wanted = true;
            return Some(Errand::Volunteer);
        }
        if self.settle_at.is_some_and(|at| now >= at) {
            self.settle_at = None;
            return Some(Errand::Settle);
        }
        if self.ask_at.is_some_and(|at| now >= at) {
            let longest_ms = if linked { ASK_LINKED_MS } else { ASK_LONELY_MS };
            self.ask_pause_ms = self.ask_pause_ms.saturating_mul(2).min(longest_ms);
            self.plan_ask(now, random);
            return Some(Errand::Ask);
        }
        None
    }

    pub(crate) const fn is_attached(&self) -> bool {
        self.attached
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        [self.volunteer_at, self.ask_at, self.settle_at].into_iter().flatten().min()
    }

    fn plan_ask(&mut self, now: Instant, random: &mut Random) {
        let pause_ms = random.jittered_ms(self.ask_pause_ms);
        self.ask_at = self.attached.then(|| now.plus_ms(pause_ms));
    }
}

/// How many members with the smallest ids volunteer when the room has `greeters` greeters.
pub(crate) const fn volunteers(greeters: usize, config: &Config) -> usize {
    config.greeters_min.saturating_sub(greeters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn released() -> (Introducer, Random) {
        let mut it = Introducer::new();
        let mut random = Random::new([3; 32]);
        it.attached(Instant::ZERO, &mut random);
        it.released();
        (it, random)
    }

    #[test]
    fn who_stays_attached_tells_the_others_after_a_while() {
        let mut random = Random::new([3; 32]);
        let mut it = Introducer::new();
        it.attached(Instant::ZERO, &mut random);
        it.ask_at = None;
        assert_eq!(it.handle_timeout(Instant::from_millis(3_999), true, &mut random), None);
        assert_eq!(it.handle_timeout(Instant::from_millis(4_000), true, &mut random), Some(Errand::Settle));
        it.attached(Instant::ZERO, &mut random);
        it.released();
        assert_eq!(it.next_timeout(), None);
    }

    #[test]
    fn as_many_volunteer_as_are_missing() {
        let config = Config::default();
        assert_eq!([0, 1, 2, 3, 4].map(|greeters| volunteers(greeters, &config)), [3, 2, 1, 0, 0]);
    }

    #[test]
    fn a_volunteer_pauses_first_and_stays_if_another_came() {
        let (mut it, mut random) = released();
        it.review(Instant::ZERO, true, &mut random);
        let at = it.next_timeout().unwrap();
        assert!(at >= Instant::ZERO.plus_ms(VOLUNTEER_PAUSE_MS));
        it.review(Instant::ZERO, false, &mut random);
        assert_eq!(it.handle_timeout(at, true, &mut random), None);
        it.review(at, true, &mut random);
        let at = it.next_timeout().unwrap();
        assert_eq!(it.handle_timeout(at, true, &mut random), Some(Errand::Volunteer));
        assert_eq!(it.next_timeout(), None);
    }

    #[test]
    fn who_is_attached_asks_now_and_then_and_the_lonely_sooner() {
        let pause = |linked: bool| {
            let mut random = Random::new([3; 32]);
            let mut it = Introducer::new();
            it.attached(Instant::ZERO, &mut random);
            it.settle_at = None;
            let mut now = Instant::ZERO;
            for _ in 0..10 {
                now = it.next_timeout().unwrap();
                assert_eq!(it.handle_timeout(now, linked, &mut random), Some(Errand::Ask));
            }
            it.next_timeout().unwrap().ms_since(now)
        };
        assert!(pause(false) <= u64::from(ASK_LONELY_MS) * 5 / 4);
        assert!(pause(true) >= u64::from(ASK_LINKED_MS) * 3 / 4);
    }

    #[test]
    fn who_is_no_longer_attached_asks_nobody() {
        let (mut it, mut random) = released();
        it.hurry(Instant::ZERO, &mut random);
        assert_eq!(it.next_timeout(), None);
    }
}
