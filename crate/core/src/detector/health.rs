//! How far we trust ourselves (Lifeguard, Dadgar 2018, section IV-A): who is slow, cut off or often wrong gives others more time.

use crate::time::Instant;

/// The worst that it gets.
const STRAIN_MAX: u32 = 8;

/// One step of strain is forgotten after this.
const RELIEF_US: u64 = 5_000_000;

/// The local health multiplier: rises with our own late timers, with suspicions of ours that were refuted, and with those of us that we had to
/// refute; falls with time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Health {
    strain: u32,
    strained_at: Instant,
}

impl Health {
    /// Something speaks for it that the fault is ours.
    pub(crate) fn worsen(&mut self, now: Instant) {
        self.strain = self.strain_at(now).saturating_add(1).min(STRAIN_MAX);
        self.strained_at = now;
    }

    /// How long we wait for others: `ms` if we are well, five times as long at worst.
    pub(crate) fn stretch_ms(self, now: Instant, ms: u32) -> u32 {
        ms.saturating_add(ms.saturating_mul(self.strain_at(now)) / 2)
    }

    fn strain_at(self, now: Instant) -> u32 {
        let relieved = now.micros_since(self.strained_at) / RELIEF_US;
        self.strain.saturating_sub(u32::try_from(relieved).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_unwell_waits_longer_and_recovers() {
        let (mut health, now) = (Health::default(), Instant::from_millis(1_000));
        assert_eq!(health.stretch_ms(now, 100), 100);
        health.worsen(now);
        assert_eq!(health.stretch_ms(now, 100), 150);
        assert_eq!(health.stretch_ms(now.plus_ms(5_000), 100), 100);
    }

    #[test]
    fn patience_has_an_end() {
        let (mut health, now) = (Health::default(), Instant::ZERO);
        (0..100).for_each(|_| health.worsen(now));
        assert_eq!(health.stretch_ms(now, 100), 500);
        assert_eq!(health.stretch_ms(now, u32::MAX), u32::MAX);
    }
}
