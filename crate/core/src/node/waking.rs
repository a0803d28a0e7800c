//! Our own clock. A host that stood still blames itself: whatever waits for others gets the time back, and nobody is accused before it was asked
//! once more (Lifeguard, Dadgar 2018, section IV-A). A clock that goes back costs nothing: what it loses is added to all later times.

use super::Node;
use crate::time::Instant;

/// Who stood still for longer was perhaps accused meanwhile: it says that it is there before it is asked.
const LONG_US: u64 = 2_000_000;

/// Who stood still for longer may have missed what others no longer repeat.
const LOST_US: u64 = 20_000_000;

/// As long as we doubt somebody, we look at the clock so often: a shorter standstill would not be noticed.
const LOOK_MS: u32 = 200;

/// What the timers of a hidden page may be late for that reason alone.
const HIDDEN_MS: u32 = 1_000;

impl Node {
    /// Moves our clock to where the host's is.
    pub(super) fn advance(&mut self, host_now: Instant) {
        let shown = host_now.plus_micros(self.lost_us);
        let now = shown.max(self.now);
        self.lost_us = self.lost_us.saturating_add(now.micros_since(shown));
        let elapsed_us = now.micros_since(self.now);
        // Without anything that is due, nobody can tell standing still from having nothing to do.
        let late_us = self.due.map(|due_at| now.micros_since(due_at.max(self.forgiven_until)));
        let slow_ms = if self.me.body.hidden { HIDDEN_MS } else { 0 };
        let bearable_us = u64::from(self.config.lateness_ms.saturating_add(slow_ms)).saturating_mul(1_000);
        let stood_still = late_us.filter(|late_us| *late_us > bearable_us);
        let lost_us = if late_us.is_none() { elapsed_us } else { stood_still.unwrap_or(0) };
        self.awake = self.awake.plus_micros(elapsed_us.saturating_sub(lost_us));
        self.now = now;
        if let Some(late_us) = stood_still {
            self.wake(late_us);
        }
    }

    fn wake(&mut self, late_us: u64) {
        self.stats.freezes = self.stats.freezes.saturating_add(1);
        self.forgiven_until = self.now;
        self.health.worsen(self.now);
        self.probes.forgive(late_us);
        self.cases.forgive(late_us);
        self.links.forgive(late_us);
        self.asks.forgive(late_us);
        self.broadcast.forgive(late_us);
        // A full probe round, at its longest.
        let round_ms = self.config.probe_interval_ms.saturating_add(self.config.probe_interval_ms / 4);
        let until = self.now.plus_ms(round_ms);
        self.doubts.forgive(self.now, late_us, until);
        for (at, ..) in &mut self.testimonies {
            *at = until;
        }
        if late_us > LONG_US {
            self.woken_at = Some(self.now);
            self.raise_above(self.me.body.incarnation);
            self.probes.hurry(self.now);
        }
        if late_us > LOST_US {
            self.greeted_links().into_iter().for_each(|link| self.begin_comparison(link));
        }
    }

    /// Whether we stood still for long, and that is not long ago.
    pub(super) fn has_just_woken(&self, span_ms: u32) -> bool {
        self.woken_at.is_some_and(|at| self.now < at.plus_ms(span_ms))
    }

    /// When something is due, by our own clock.
    pub(super) fn due_at(&self) -> Option<Instant> {
        if self.left {
            return None;
        }
        let doubts = self.doubts.next_timeout();
        [
            self.seek_at,
            self.alone_at,
            self.compare_at,
            self.asks.next_timeout(),
            self.links.next_timeout(),
            self.probes.next_timeout(),
            doubts,
            doubts.map(|_| self.now.plus_ms(LOOK_MS)),
            self.cases.next_timeout(),
            self.testimonies.front().map(|(at, ..)| *at),
            (self.members.len() > 0).then_some(self.patrol_at),
            self.introducer.next_timeout(),
            self.draft.next_timeout(),
            self.broadcast.next_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
