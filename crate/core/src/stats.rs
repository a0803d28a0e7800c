//! Counters and gauges.

use crate::wire::FRAME_KINDS;

/// Frames, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames.
    pub frames: u64,
    /// Bytes of frames.
    pub bytes: u64,
}

/// What a node has done and holds. Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Members alive or suspect, ourselves included.
    pub members: u64,
    /// Members under suspicion.
    pub suspects: u64,
    /// Open links.
    pub links: u64,
    /// Links being made.
    pub links_pending: u64,
    /// Gauge: connections that we would still make gladly in a large room. With none left we make do with the links that we have, if those are four.
    pub connections_left: u64,
    /// Dials made, ours and those that we answered: RTCPeerConnections in a browser.
    pub dials: u64,
    /// Dials that came to nothing.
    pub dials_failed: u64,
    /// Members asked for a link.
    pub knocks: u64,
    /// Of these, how many refused.
    pub knocks_refused: u64,
    /// Of these, how many did not answer in time.
    pub knocks_unanswered: u64,
    /// Links given up for a newcomer.
    pub evictions: u64,
    /// Rumors that were told of, did not come, and were asked for.
    pub grafts: u64,
    /// Frames of user data that gave way on a link that was too far behind; of most of them its peer is told later.
    pub frames_postponed: u64,
    /// Links given up because they did not keep up.
    pub links_shed: u64,
    /// Frames received.
    pub frames_in: u64,
    /// Frames sent.
    pub frames_out: u64,
    /// Bytes of frames received.
    pub bytes_in: u64,
    /// Bytes of frames sent.
    pub bytes_out: u64,
    /// Messages given to the application.
    pub messages_in: u64,
    /// Messages sent by the application.
    pub messages_out: u64,
    /// Copies of broadcasts beyond the first.
    pub duplicates: u64,
    /// Frames sent, by the number of their kind on the wire.
    pub sent_by_kind: [Traffic; FRAME_KINDS],
    /// Peers that knew something else than we do when they last probed us.
    pub differing: u64,
    /// For how long the one of these has that has for longest, in milliseconds: how far convergence lags behind. 0 if none differs.
    pub lag_ms: u64,
    /// The longest that a peer was seen to differ, in milliseconds.
    pub lag_max_ms: u64,
    /// Things that peers did and no honest one does.
    pub violations: u64,
    /// Times that we had to refute a suspicion of ourselves.
    pub refutations: u64,
    /// Members that came under suspicion here.
    pub suspicions: u64,
    /// Of these, how many have failed.
    pub failures: u64,
    /// Suspicions that turned out to be false.
    pub false_suspicions: u64,
    /// Timers that fired late because this host stood still.
    pub freezes: u64,
}
