//! Probes: each open link is pinged at jittered intervals on the unreliable lane, and everything that arrives counts as life.
//!
//! How long a silence may last follows from how regularly the peer was heard before (phi accrual, Hayashibara 2004). Where that paper
//! computes phi, the improbability of a silence, from the mean and deviation of the intervals, and compares it with a threshold, this
//! solves the same for the time: the mean and four mean deviations, which for normally distributed intervals is a phi of 3. That is low, since
//! the silent are asked before they are accused.

use alloc::vec::Vec;

use super::agreement::Agreement;
use crate::{config::Config, io::LinkId, limits::Bucket, random::Random, table::SmallMap, time::Instant};

/// Probes of a link that may be under way at once: what an answer can still be matched with.
const OUTSTANDING_MAX: usize = 8;

/// However irregular a peer is: silent is who has been for so many times the shortest silence that counts.
const SILENCE_FACTOR_MAX: u64 = 4;

/// Questions for others that a peer may send over a link in a minute.
const SEEKS_PER_MINUTE: u32 = 600;

/// The round trip of a link on which none was measured yet.
const RTT_US: u64 = 100_000;

/// A sample of the round trip counts as so many times what it was before, at most.
const RTT_GROWTH_MAX: u64 = 4;

#[derive(Clone, Debug, Default)]
pub(crate) struct Probes {
    links: SmallMap<LinkId, Probe>,
}

#[derive(Clone, Debug)]
struct Probe {
    heard_at: Instant,
    /// When the silence is told, unless something is heard.
    silent_at: Instant,
    /// When a probe or an answer last came.
    beat_at: Instant,
    /// The mean time between those, and its mean deviation.
    mean_us: u64,
    deviation_us: u64,
    /// Silence that does not count, however regular the peer is.
    patience_ms: u32,
    due_at: Instant,
    next_number: u64,
    outstanding: Vec<(u64, Instant)>,
    rtt_us: Option<u64>,
    seeks: Bucket,
    agreement: Agreement,
}

/// What a timeout brought to light about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// A probe is due.
    Ping {
        /// Its number.
        number: u64,
    },
    /// Nothing has been heard for this long. Told again after as long, if nothing is heard.
    Silent {
        /// Milliseconds.
        ms: u64,
    },
}

impl Probes {
    /// Begins with a link.
    pub(crate) fn watch(&mut self, now: Instant, link: LinkId, config: &Config) {
        let mean_us = u64::from(config.probe_interval_ms).saturating_mul(1_000);
        let mut probe = Probe {
            heard_at: now,
            silent_at: now,
            beat_at: now,
            mean_us,
            deviation_us: mean_us / 8,
            patience_ms: config.silence_ms,
            due_at: now,
            next_number: 0,
            outstanding: Vec::new(),
            rtt_us: None,
            seeks: Bucket::new(SEEKS_PER_MINUTE),
            agreement: Agreement::default(),
        };
        probe.heard(now);
        self.links.insert(link, probe);
    }

    /// Ends with a link.
    pub(crate) fn unwatch(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// Something came over a link.
    pub(crate) fn heard(&mut self, now: Instant, link: LinkId) {
        if let Some(probe) = self.links.get_mut(&link) {
            probe.heard(now);
        }
    }

    /// How long the silence on a link may last at least.
    pub(crate) fn be_patient(&mut self, link: LinkId, patience_ms: u32) {
        if let Some(probe) = self.links.get_mut(&link) {
            probe.patience_ms = patience_ms;
            probe.silent_at = probe.silent_at.max(probe.heard_at.plus_ms(patience_ms));
        }
    }

    /// A probe came: it proves as much as an answer would. Ours can wait.
    pub(crate) fn ping(&mut self, now: Instant, link: LinkId, config: &Config, random: &mut Random) {
        if let Some(probe) = self.links.get_mut(&link) {
            probe.beat(now);
            probe.due_at = now.plus_ms(random.jittered_ms(config.probe_interval_ms));
        }
    }

    /// An answer came. It counts only if its number is one that was asked on this link and not yet answered.
    pub(crate) fn pong(&mut self, now: Instant, link: LinkId, number: u64) {
        let Some(probe) = self.links.get_mut(&link) else { return };
        let Some(at) = probe.outstanding.iter().position(|(asked, _)| *asked == number) else { return };
        let (_, sent_at) = probe.outstanding.remove(at);
        probe.beat(now);
        let sample = now.micros_since(sent_at);
        // Smoothed as TCP does it (RFC 6298, section 2): a new sample weighs one eighth. A peer that stood still gives all its answers when it wakes, which
        // tells nothing of the way: a sample counts as a multiple of what is known at most.
        probe.rtt_us = Some(match probe.rtt_us {
            None => sample,
            Some(rtt) => {
                let most_us = rtt.saturating_mul(RTT_GROWTH_MAX).max(RTT_US);
                rtt.saturating_sub(rtt / 8).saturating_add(sample.min(most_us) / 8)
            }
        });
    }

    /// The number of a probe out of turn.
    pub(crate) fn ask(&mut self, now: Instant, link: LinkId) -> u64 {
        self.links.get_mut(&link).map_or(0, |probe| probe.ask(now))
    }

    /// Whether a question for another member that came over a link is one that we pass on.
    pub(crate) fn admit_seek(&mut self, now: Instant, link: LinkId) -> bool {
        self.links.get_mut(&link).is_some_and(|probe| probe.seeks.take(now))
    }

    /// A peer has shown whether its view is ours. Whether it is time to compare.
    pub(crate) fn look(&mut self, now: Instant, link: LinkId, is_equal: bool) -> bool {
        self.links.get_mut(&link).is_some_and(|probe| probe.agreement.look(now, is_equal))
    }

    /// Since when the peers differ from us that do.
    pub(crate) fn differing(&self) -> impl Iterator<Item = Instant> {
        self.links.values().filter_map(|probe| probe.agreement.differs_since())
    }

    /// For how long a peer has differed from us.
    pub(crate) fn lag_ms(&self, now: Instant, link: LinkId) -> u64 {
        let since = self.links.get(&link).and_then(|probe| probe.agreement.differs_since());
        since.map_or(0, |since| now.ms_since(since))
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
            if now >= probe.silent_at {
                pulses.push((*link, Pulse::Silent { ms: now.ms_since(probe.heard_at) }));
                probe.silent_at = now.plus_micros(probe.patience_us());
            }
        }
        pulses
    }

    /// This host stood still: what others did meanwhile does not count against them.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        for probe in self.links.values_mut() {
            probe.heard_at = probe.heard_at.plus_micros(late_us);
            probe.silent_at = probe.silent_at.plus_micros(late_us);
            probe.beat_at = probe.beat_at.plus_micros(late_us);
            probe.outstanding.clear();
        }
    }

    /// Every link is probed at once.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.links.values_mut().for_each(|probe| probe.due_at = now);
    }

    pub(crate) fn rtt_us(&self, link: LinkId) -> Option<u64> {
        self.links.get(&link)?.rtt_us
    }

    /// The mean round trip of our links.
    pub(crate) fn typical_rtt_us(&self) -> u64 {
        let known = self.links.values().filter_map(|probe| probe.rtt_us);
        let (sum, n) = known.fold((0_u64, 0_u64), |(sum, n), rtt| (sum.saturating_add(rtt), n.saturating_add(1)));
        sum.checked_div(n).unwrap_or(RTT_US)
    }

    /// The round trip of our quickest link.
    pub(crate) fn least_rtt_us(&self) -> u64 {
        self.links.values().filter_map(|probe| probe.rtt_us).min().unwrap_or(0)
    }

    /// A number in proportion to how irregular our links are: the same where silences last less than four thirds of the shortest that counts, which are those
    /// of links that lose nothing; twice as much at three halves, and so on. Where packets are lost, questions and answers take longer, and are asked in vain
    /// more often; and to ask once more costs far less than to have the whole room look.
    pub(crate) fn in_proportion(&self, number: u32) -> u32 {
        let least = |probe: &Probe| u64::from(probe.patience_ms).saturating_mul(1_000);
        let (patience_us, least_us) = self.links.values().fold((0_u64, 0_u64), |(patience_us, least_us), probe| {
            (patience_us.saturating_add(probe.patience_us()), least_us.saturating_add(least(probe)))
        });
        let excess_us = patience_us.saturating_mul(6).saturating_sub(least_us.saturating_mul(7));
        let scaled = u64::from(number).saturating_mul(excess_us).checked_div(least_us).unwrap_or(0);
        u32::try_from(scaled).unwrap_or(u32::MAX).max(number)
    }

    /// For how long nothing has come over a link.
    pub(crate) fn silence_us(&self, now: Instant, link: LinkId) -> u64 {
        self.links.get(&link).map_or(u64::MAX, |probe| now.micros_since(probe.heard_at))
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.links.values().map(|probe| probe.due_at.min(probe.silent_at)).min()
    }
}

impl Probe {
    fn heard(&mut self, now: Instant) {
        self.heard_at = now;
        self.silent_at = now.plus_micros(self.patience_us());
    }

    /// How much later than the last the next sign of life may come.
    fn patience_us(&self) -> u64 {
        let least_us = u64::from(self.patience_ms).saturating_mul(1_000);
        let regular_us = self.mean_us.saturating_add(self.deviation_us.saturating_mul(4));
        regular_us.clamp(least_us, least_us.saturating_mul(SILENCE_FACTOR_MAX))
    }

    /// Smoothed as round trips are (RFC 6298, section 2), but more slowly: a new interval and its error weigh one sixteenth. Where a quarter of all packets
    /// is lost, the last few intervals alone say little of the next.
    fn beat(&mut self, now: Instant) {
        let longest_us = u64::from(self.patience_ms).saturating_mul(1_000 * SILENCE_FACTOR_MAX);
        let sample_us = now.micros_since(self.beat_at).min(longest_us);
        self.beat_at = now;
        let error_us = self.mean_us.abs_diff(sample_us);
        self.deviation_us = self.deviation_us.saturating_sub(self.deviation_us / 16).saturating_add(error_us / 16);
        self.mean_us = self.mean_us.saturating_sub(self.mean_us / 16).saturating_add(sample_us / 16);
        self.heard(now);
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
    fn what_a_peer_answers_after_it_stood_still_is_no_round_trip() {
        let (mut probes, config, mut random) = probes();
        probes.handle_timeout(Instant::ZERO, &config, &mut random);
        probes.pong(Instant::from_millis(10), LINK, 0);
        let asked: Vec<u64> = (1..=5).map(|ago| probes.ask(Instant::from_millis(4_000 - ago * 600), LINK)).collect();
        for number in asked {
            probes.pong(Instant::from_millis(4_000), LINK, number);
        }
        assert!(probes.rtt_us(LINK).unwrap() <= RTT_US, "{:?}", probes.rtt_us(LINK));
    }

    #[test]
    fn a_probe_of_the_peer_stands_for_ours() {
        let (mut probes, config, mut random) = probes();
        probes.handle_timeout(Instant::ZERO, &config, &mut random);
        let now = Instant::from_millis(600);
        probes.ping(now, LINK, &config, &mut random);
        let next = probes.next_timeout().unwrap();
        assert!(next >= now.plus_ms(config.probe_interval_ms * 3 / 4), "{next}");
    }

    /// How long the silence lasts, at `now`, until it is told.
    fn patience_ms(probes: &mut Probes, now: Instant) -> u64 {
        let (config, mut random) = (Config::default(), Random::new([1; 32]));
        let silent = |(_, pulse): &(LinkId, Pulse)| matches!(pulse, Pulse::Silent { .. });
        let told = |ms: &u64| {
            let at = Instant::from_millis(now.as_millis() + ms);
            probes.clone().handle_timeout(at, &config, &mut random).iter().any(silent)
        };
        (0..60_000).step_by(50).find(told).unwrap()
    }

    #[test]
    fn a_regular_peer_is_soon_missed_and_an_irregular_one_later() {
        let (mut probes, config, mut random) = probes();
        let mut now = Instant::ZERO;
        for _ in 0..50 {
            now = now.plus_ms(config.probe_interval_ms);
            probes.ping(now, LINK, &config, &mut random);
        }
        assert_eq!(patience_ms(&mut probes, now), u64::from(config.silence_ms));
        for n in 0..50 {
            now = now.plus_ms(if n % 2 == 0 { 500 } else { 2_500 });
            probes.ping(now, LINK, &config, &mut random);
        }
        let patience_ms = patience_ms(&mut probes, now);
        assert!(patience_ms > 4_000 && patience_ms <= 4 * u64::from(config.silence_ms), "{patience_ms}");
    }

    #[test]
    fn bursts_of_other_frames_make_nobody_impatient() {
        let (mut probes, config, _) = probes();
        (0..1_000).for_each(|ms| probes.heard(Instant::from_millis(ms), LINK));
        assert!(patience_ms(&mut probes, Instant::from_millis(999)) >= u64::from(config.silence_ms));
    }

    #[test]
    fn silence_is_told_again_as_long_as_it_lasts() {
        let (mut probes, config, mut random) = probes();
        let mut told = 0;
        for second in 0..20 {
            let pulses = probes.handle_timeout(Instant::from_millis(second * 1_000), &config, &mut random);
            told += pulses.iter().filter(|(_, pulse)| matches!(pulse, Pulse::Silent { .. })).count();
        }
        assert!((5..=14).contains(&told), "{told}");
    }

    #[test]
    fn questions_for_others_are_bounded_on_each_link() {
        let (mut probes, config, _) = probes();
        probes.watch(Instant::ZERO, LinkId(2), &config);
        let admitted = (0..10_000).filter(|_| probes.admit_seek(Instant::ZERO, LINK)).count();
        assert_eq!(admitted, usize::try_from(SEEKS_PER_MINUTE).unwrap());
        assert!(probes.admit_seek(Instant::ZERO, LinkId(2)) && !probes.admit_seek(Instant::ZERO, LinkId(3)));
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
