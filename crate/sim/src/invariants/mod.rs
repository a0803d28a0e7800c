//! What must hold, each as a named checker: cheap ones after every event at the node that it concerns, others every
//! simulated second over all of them. Each says for which of the numbered invariants of the design it stands.

mod bounds;
mod delivery;
mod interface;
mod membership;
mod overlay;
mod state;
#[cfg(test)]
mod tests;

use std::fmt::{self, Debug};

use chinwag_core::{Command, Config, Event, PeerId};
use rustc_hash::FxHashMap;

pub use bounds::{
    BoundedRepeats, DistancesAreClamped, EvenDegrees, HoldingsWithinCaps, NothingHeldWhenAlone, WaitingWithinBounds,
};
pub use delivery::{AtMostOnce, AuthenticPresence, BytesAsSent, InOrder};
pub use interface::{BoundedOutputs, NoAccusationAfterFreeze, TimeoutNotInThePast};
pub use membership::{
    IncarnationIsTheOwners, NeverBackwards, NoGhosts, NobodyDoubtsItself, OneLiarKillsNobody, SuspectedBeforeDead,
};
pub use overlay::{BoundedEvictions, LinksHaveTransports, NobodyStaysAlone, SymmetricLinks, ViewsWithinCaps};
pub use state::{AuthenticEntries, PeersBecomeEqual, ViewsAreMerges};

use crate::{
    bits::Bits,
    host::{Host, Leg, State},
    link::Connection,
    time::{Micros, SECOND},
};

/// What did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant's name.
    pub invariant: &'static str,
    /// At which host.
    pub host: u32,
    /// When.
    pub at: Micros,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, host, at, what } = self;
        write!(f, "\"{invariant}\" does not hold at node {host}, {}.{:06} s: {what}", at / SECOND, at % SECOND)
    }
}

/// The world, as a checker sees it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The present time.
    pub now: Micros,
    /// All hosts, by number.
    pub hosts: &'a [Host],
    /// All connections that were ever begun.
    pub connections: &'a [Connection],
    /// The knobs of all nodes.
    pub config: &'a Config,
    /// Nothing passes between some hosts, or did not a moment ago.
    pub is_cut: bool,
    /// Something keeps hosts from finding each other, or did a moment ago: a cut, no server, pairs that never connect.
    pub is_hindered: bool,
    /// Hosts that do as they please: what they conclude for themselves is their own affair.
    pub adversaries: &'a Bits,
    /// Looked up, never iterated.
    pub(crate) by_id: &'a FxHashMap<PeerId, u32>,
}

impl View<'_> {
    /// A host.
    #[must_use]
    pub fn host(&self, host: u32) -> &Host {
        &self.hosts[host as usize]
    }

    /// The host that has this id.
    #[must_use]
    pub fn host_of(&self, id: &PeerId) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    /// Hosts that run, or stand still.
    pub fn living(&self) -> impl Iterator<Item = (u32, &Host)> {
        (0_u32..).zip(self.hosts).filter(|(_, host)| host.is_alive())
    }

    /// Whether a member runs, and does not even stand still.
    #[must_use]
    pub fn is_running(&self, id: &PeerId) -> bool {
        self.host_of(id).is_some_and(|host| self.host(host).state == State::Running)
    }
}

/// What a checker finds: nothing, or the host at which something is wrong and what that is.
pub type Finding = Result<(), (u32, String)>;

/// A rule that is checked while the world runs.
pub trait Invariant: Debug {
    /// Its name: a sentence that should be true.
    fn name(&self) -> &'static str;

    /// A host has started, or started anew.
    fn on_start(&mut self, _host: u32, _id: PeerId) {}

    /// A host goes on that stood still.
    fn on_resume(&mut self, _now: Micros, _host: u32) {}

    /// A host's node has let go of a link that was open.
    ///
    /// # Errors
    /// When the rule does not hold.
    fn on_close(&mut self, _view: &View<'_>, _host: u32, _leg: Leg) -> Finding {
        Ok(())
    }

    /// The user of a host wants something.
    fn on_command(&mut self, _host: u32, _command: &Command) {}

    /// A host's node sends a frame.
    ///
    /// # Errors
    /// When the rule does not hold.
    fn on_send(&mut self, _view: &View<'_>, _host: u32, _frame: &[u8]) -> Finding {
        Ok(())
    }

    /// A host told its user something.
    ///
    /// # Errors
    /// When the rule does not hold.
    fn on_event(&mut self, _view: &View<'_>, _host: u32, _event: &Event) -> Finding {
        Ok(())
    }

    /// A host's node has been drained of this many outputs.
    ///
    /// # Errors
    /// When the rule does not hold.
    fn after(&mut self, _view: &View<'_>, _host: u32, _outputs: usize) -> Finding {
        Ok(())
    }

    /// A second has passed.
    ///
    /// # Errors
    /// When the rule does not hold.
    fn every_second(&mut self, _view: &View<'_>) -> Finding {
        Ok(())
    }
}

/// Those that are checked.
#[derive(Debug, Default)]
pub struct Invariants(Vec<Box<dyn Invariant>>);

impl Invariants {
    /// All that hold whatever happens.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![
            Box::new(NeverBackwards::default()),
            Box::new(IncarnationIsTheOwners::default()),
            Box::new(NobodyDoubtsItself),
            Box::new(SuspectedBeforeDead::default()),
            Box::new(OneLiarKillsNobody::default()),
            Box::new(NoGhosts::default()),
            Box::new(SymmetricLinks::default()),
            Box::new(ViewsWithinCaps),
            Box::new(LinksHaveTransports),
            Box::new(NobodyStaysAlone::default()),
            Box::new(BoundedEvictions::default()),
            Box::new(EvenDegrees::default()),
            Box::new(HoldingsWithinCaps),
            Box::new(WaitingWithinBounds),
            Box::new(NothingHeldWhenAlone::default()),
            Box::new(DistancesAreClamped),
            Box::new(BoundedRepeats::default()),
            Box::new(AtMostOnce::default()),
            Box::new(BytesAsSent::default()),
            Box::new(AuthenticPresence::default()),
            Box::new(AuthenticEntries::default()),
            Box::new(ViewsAreMerges::default()),
            Box::new(PeersBecomeEqual::default()),
            Box::new(BoundedOutputs),
            Box::new(TimeoutNotInThePast),
            Box::new(NoAccusationAfterFreeze::default()),
        ])
    }

    /// Checks one more.
    pub fn add(&mut self, invariant: Box<dyn Invariant>) {
        self.0.push(invariant);
    }

    /// Does not check this one.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|invariant| invariant.name() != name);
    }

    /// The names of those that are checked.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|invariant| invariant.name())
    }

    /// Tells all of them something.
    pub fn tell(&mut self, mut tell: impl FnMut(&mut dyn Invariant)) {
        self.0.iter_mut().for_each(|invariant| tell(invariant.as_mut()));
    }

    /// Asks one after another, up to the first that does not hold.
    pub fn find(&mut self, now: Micros, mut ask: impl FnMut(&mut dyn Invariant) -> Finding) -> Option<Violation> {
        self.0.iter_mut().find_map(|invariant| {
            let (host, what) = ask(invariant.as_mut()).err()?;
            Some(Violation { invariant: invariant.name(), host, at: now, what })
        })
    }
}
