//! Probes: each open link is pinged at jittered intervals on the unreliable lane, and everything that arrives counts as life.

use alloc::vec::Vec;

use crate::{config::Config, io::LinkId, random::Random, table::SmallMap, time::Instant};

/// Probes of a link that may be under way at once: what an answer can still be matched with.
const OUTSTANDING_MAX: usize = 8;

#[derive(Clone, Debug, Default)]
pub(crate) struct Probes {
    links: SmallMap<LinkId, Probe>,
}

#[derive(Clone, Debug)]
struct Probe {
    heard_at: Instant,
    /// The silence has been reported, and nothing was heard since.
    silent: bool,
    patience_ms: u32,
    due_at: Instant,
    next_number: u64,
    outstanding: Vec<(u64, Instant)>,
    rtt_us: Option<u64>,
}

/// What a timeout brought to light about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// A probe is due.
    Ping {
        /// Its number.
        number: u64,
    },
    /// Nothing has been heard for this long. Told once until something is.
    Silent {
        /// Milliseconds.
        ms: u64,
    },
}

impl Probes {
    /// Begins with a link.
    pub(crate) fn watch(&mut self, now: Instant, link: LinkId, config: &Config) {
        let probe = Probe {
            heard_at: now,
            silent: false,
            patience_ms: config.silence_ms,
            due_at: now,
            next_number: 0,
            outstanding: Vec::new(),
            rtt_us: None,
        };
        self.links.insert(link, probe);
    }

    /// Ends with a link.
    pub(crate) fn unwatch(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// Something came over a link.
    pub(crate) fn heard(&mut self, now: Instant, link: LinkId) {
        if let Some(probe) = self.links.get_mut(&link) {
            probe.heard_at = now;
            probe.silent = false;
        }
    }

    /// How long the silence on a link may last.
    pub(crate) fn be_patient(&mut self, link: LinkId, patience_ms: u32) {
        if let Some(probe) = self.links.get_mut(&link) {
            probe.patience_ms = patience_ms;
        }
    }

    /// An answer came. It counts only if its number is one that was asked on this link and not yet answered.
    pub(crate) fn pong(&mut self, now: Instant, link: LinkId, number: u64) {
        let Some(probe) = self.links.get_mut(&link) else { return };
        let Some(at) = probe.outstanding.iter().position(|(asked, _)| *asked == number) else { return };
        let (_, sent_at) = probe.outstanding.remove(at);
        let sample = now.micros_since(sent_at);
        // Smoothed as TCP does it (RFC 6298, section 2): a new sample weighs one eighth.
        probe.rtt_us = Some(match probe.rtt_us {
            None => sample,
            Some(rtt) => rtt.saturating_sub(rtt / 8).saturating_add(sample / 8),
        });
    }

    /// What is due.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Instant,
        config: &Config,
        random: &mut Random,
    ) -> Vec<(LinkId, Pulse)> {
        let mut pulses = Vec::new();
        for (link, probe) in self.links.iter_mut() {
            if now >= probe.due_at {
                probe.due_at = now.plus_ms(random.jittered_ms(config.probe_interval_ms));
                pulses.push((*link, Pulse::Ping { number: probe.ask(now) }));
            }
            if !probe.silent && now >= probe.silence_at() {
                probe.silent = true;
                pulses.push((*link, Pulse::Silent { ms: now.ms_since(probe.heard_at) }));
            }
        }
        pulses
    }

    /// This host stood still: what others did meanwhile does not count against them.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        for probe in self.links.values_mut() {
            probe.heard_at = probe.heard_at.plus_micros(late_us);
            probe.outstanding.clear();
        }
    }

    pub(crate) fn rtt_us(&self, link: LinkId) -> Option<u64> {
        self.links.get(&link)?.rtt_us
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.links.values().map(|p| if p.silent { p.due_at } else { p.due_at.min(p.silence_at()) }).min()
    }
}

impl Probe {
    fn silence_at(&self) -> Instant {
        self.heard_at.plus_ms(self.patience_ms)
    }

    fn ask(&mut self, now: Instant) -> u64 {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        if self.outstanding.len() >= OUTSTANDING_MAX {
            self.outstanding.remove(0);
        }
        self.outstanding.push((number, now));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: LinkId = LinkId(1);

    fn probes() -> (Probes, Config, Random) {
        let (mut probes, config) = (Probes::default(), Config::default());
        probes.watch(Instant::ZERO, LINK, &config);
        (probes, config, Random::new([1; 32]))
    }

    #[test]
    fn a_new_link_is_probed_at_once_and_then_at_jittered_intervals() {
        let (mut probes, config, mut random) = probes();
        let first = probes.handle_timeout(Instant::ZERO, &config, &mut random);
        assert_eq!(first, [(LINK, Pulse::Ping { number: 0 })]);
        let next = probes.next_timeout().unwrap().as_millis();
        let interval = u64::from(config.probe_interval_ms);
        assert!((interval * 3 / 4..=interval * 5 / 4).contains(&next), "{next}");
    }

    #[test]
    fn an_answer_measures_the_round_trip() {
        let (mut probes, config, mut random) = probes();
        probes.handle_timeout(Instant::ZERO, &config, &mut random);
        probes.pong(Instant::from_millis(30), LINK, 0);
        assert_eq!(probes.rtt_us(LINK), Some(30_000));
    }

    #[test]
    fn an_answer_counts_only_for_its_own_probe_and_once() {
        let (mut probes, config, mut random) = probes();
        probes.handle_timeout(Instant::ZERO, &config, &mut random);
        probes.pong(Instant::from_millis(1), LINK, 7);
        assert_eq!(probes.rtt_us(LINK), None);
        probes.pong(Instant::from_millis(10), LINK, 0);
        probes.pong(Instant::from_millis(900), LINK, 0);
        assert_eq!(probes.rtt_us(LINK), Some(10_000));
    }

    #[test]
    fn silence_is_told_once_until_something_is_heard() {
        let (mut probes, config, mut random) = probes();
        let end = Instant::ZERO.plus_ms(config.silence_ms);
        let silent = |pulses: Vec<(LinkId, Pulse)>| pulses.iter().any(|(_, p)| matches!(p, Pulse::Silent { .. }));
        assert!(silent(probes.handle_timeout(end, &config, &mut random)));
        assert!(!silent(probes.handle_timeout(end.plus_ms(9_000), &config, &mut random)));
        probes.heard(end.plus_ms(9_000), LINK);
        assert!(silent(probes.handle_timeout(end.plus_ms(20_000), &config, &mut random)));
    }

    #[test]
    fn our_own_lateness_is_not_the_silence_of_others() {
        let (mut probes, config, mut random) = probes();
        let late_us = 60_000_000;
        probes.forgive(late_us);
        let pulses = probes.handle_timeout(Instant::from_micros(late_us), &config, &mut random);
        assert!(pulses.iter().all(|(_, p)| matches!(p, Pulse::Ping { .. })), "{pulses:?}");
    }
}
