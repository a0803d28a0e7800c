//! Chance. Each concern draws from its own stream, so that a new draw in one place changes nothing in another.

use rand::SeedableRng;
pub use rand::{RngExt, seq::IndexedRandom, seq::SliceRandom};
pub use rand_chacha::ChaCha8Rng as Stream;

/// What a stream is for. The numbers are part of what a seed means: a new concern gets a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Concern {
    /// The keys of members.
    Identities = 1,
    /// The seeds of the nodes' own generators.
    Nodes = 2,
    /// Latency, loss, duplication.
    Paths = 3,
    /// Whom the signaling server introduces, and how long hosts wait for it.
    Server = 4,
    /// What a scenario chooses: who crashes, who speaks.
    Scenario = 5,
    /// The parameters that a swarm draws.
    Swarm = 6,
    /// Which dials fail, and how long a dead transport takes to show it.
    Transports = 7,
    /// When faults begin, and whom they hit.
    Faults = 8,
    /// What adversaries do.
    Adversaries = 9,
    /// Who writes what to maps, logs and counters.
    State = 10,
}

/// The stream of one concern under a seed.
#[must_use]
pub fn stream(seed: u64, concern: Concern) -> Stream {
    let mut stream = Stream::seed_from_u64(seed);
    stream.set_stream(concern as u64);
    stream
}

#[cfg(test)]
mod tests {
    use super::{Concern, RngExt, stream};

    #[test]
    fn a_stream_repeats_itself_and_no_other() {
        let draw = |seed, concern| stream(seed, concern).random_range(0..u64::MAX);
        assert_eq!(draw(1, Concern::Paths), draw(1, Concern::Paths));
        assert_ne!(draw(1, Concern::Paths), draw(1, Concern::Server));
        assert_ne!(draw(1, Concern::Paths), draw(2, Concern::Paths));
    }
}
