//! A connection between two hosts, from the offer to its end.

use std::{collections::VecDeque, sync::Arc};

use chinwag_core::{Lane, LinkId};

use crate::time::Micros;

/// Bytes that a sender may have waiting on one link: then `send` throws in a browser, and the link is given up.
pub const SEND_BUFFER_BYTES_MAX: usize = 16 << 20;

/// Names a connection. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub u32);

/// Which end of a connection: 0 dialled, 1 answered.
pub type Side = u8;

/// The other end.
#[must_use]
pub const fn other(side: Side) -> Side {
    side ^ 1
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// One side has made an offer.
    Offered,
    /// The other has answered it.
    Answered,
    /// Both try to reach each other.
    Connecting,
    /// Frames flow.
    Open,
}

/// A connection between two hosts.
#[derive(Debug)]
pub struct Connection {
    /// How far it has come.
    pub stage: Stage,
    /// Who dialled, and who answered.
    pub ends: [End; 2],
    /// Raised whenever a cut between the two begins or ends: what was planned for the cut before is void.
    pub cut_epoch: u32,
    /// Nothing passes in at least one direction.
    pub cut: bool,
}

/// One end of a connection.
#[derive(Debug)]
pub struct End {
    /// The host that has this end.
    pub host: u32,
    /// Its name for the connection.
    pub link: LinkId,
    /// The host still holds it.
    pub held: bool,
    /// What this end sends.
    pub outgoing: Outgoing,
}

/// What one end has sent that has not arrived.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// When the last frame of the reliable lane arrives: none overtakes it.
    pub tail: Micros,
    /// When what was lost of it is sent again, and arrives.
    pub resent_at: Micros,
    /// The mean time between what this end sends, on both lanes.
    pace: Micros,
    /// When it last sent something.
    sent_at: Micros,
    /// Frames of the reliable lane that wait for a cut to end.
    pub stalled: VecDeque<Arc<[u8]>>,
    stalled_bytes: usize,
    /// Bytes of the reliable lane that wait for the line.
    queued_bytes: usize,
    /// The node was told that this is too much, and is told again when no more than this is left.
    low_water_bytes: Option<usize>,
}

/// What a host says of the buffer of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It holds more than it should.
    Congested,
    /// Half of that has gone out.
    Writable,
}

impl Connection {
    /// A connection with an offer, and nobody who has seen it.
    #[must_use]
    pub fn offered(host: u32, link: LinkId) -> Self {
        let end = |host, link, held| End { host, link, held, outgoing: Outgoing::default() };
        Self {
            stage: Stage::Offered,
            ends: [end(host, link, true), end(u32::MAX, LinkId(0), false)],
            cut_epoch: 0,
            cut: false,
        }
    }

    /// One end.
    #[must_use]
    pub fn end(&self, side: Side) -> &End {
        &self.ends[usize::from(side & 1)]
    }

    /// One end.
    pub fn end_mut(&mut self, side: Side) -> &mut End {
        &mut self.ends[usize::from(side & 1)]
    }

    /// Whether frames flow, and both hosts hold it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.stage == Stage::Open && self.ends.iter().all(|end| end.held)
    }
}

impl Outgoing {
    /// Something is sent now. The mean time between what was sent of late, of which the last interval is an eighth.
    pub fn set_out(&mut self, now: Micros) -> Micros {
        self.pace = self.pace - self.pace / 8 + (now - self.sent_at) / 8;
        self.sent_at = now;
        self.pace
    }

    /// In order: nothing on the reliable lane arrives before what was sent before it.
    pub fn arrive(&mut self, at: Micros, lane: Lane) -> Micros {
        match lane {
            Lane::Unreliable => at,
            Lane::Reliable => {
                self.tail = self.tail.max(at);
                self.tail
            }
        }
    }

    /// Keeps a frame until the cut ends. `false` if the buffer is full.
    pub fn stall(&mut self, frame: Arc<[u8]>) -> bool {
        if self.stalled_bytes + frame.len() > SEND_BUFFER_BYTES_MAX {
            return false;
        }
        self.stalled_bytes += frame.len();
        self.stalled.push_back(frame);
        true
    }

    /// A frame of so many bytes waits for the line.
    pub fn queue(&mut self, bytes: usize) {
        self.queued_bytes += bytes;
    }

    /// It is on the line.
    pub fn sent(&mut self, bytes: usize) {
        self.queued_bytes = self.queued_bytes.saturating_sub(bytes);
    }

    /// Bytes in the buffer of the reliable lane.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.queued_bytes + self.stalled_bytes
    }

    /// What the node is to be told of the buffer, of which it allows so much.
    pub fn level(&mut self, allowed_bytes: usize) -> Option<Level> {
        let buffered = self.buffered_bytes();
        match self.low_water_bytes {
            None if buffered > allowed_bytes => {
                self.low_water_bytes = Some(allowed_bytes / 2);
                Some(Level::Congested)
            }
            Some(low_water) if buffered <= low_water => {
                self.low_water_bytes = None;
                Some(Level::Writable)
            }
            _ => None,
        }
    }

    /// What has waited for the cut to end.
    pub fn unstall(&mut self) -> VecDeque<Arc<[u8]>> {
        self.stalled_bytes = 0;
        std::mem::take(&mut self.stalled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reliable_lane_keeps_its_order_and_the_other_does_not() {
        let mut outgoing = Outgoing::default();
        assert_eq!(outgoing.arrive(50, Lane::Reliable), 50);
        assert_eq!(outgoing.arrive(30, Lane::Reliable), 50);
        assert_eq!(outgoing.arrive(30, Lane::Unreliable), 30);
        assert_eq!(outgoing.arrive(70, Lane::Reliable), 70);
    }

    #[test]
    fn the_send_buffer_has_its_bound_and_is_empty_after_the_cut() {
        let mut outgoing = Outgoing::default();
        let frame: Arc<[u8]> = vec![0; SEND_BUFFER_BYTES_MAX / 2].into();
        assert!(outgoing.stall(frame.clone()) && outgoing.stall(frame.clone()));
        assert!(!outgoing.stall(frame.clone()));
        assert_eq!(outgoing.unstall().len(), 2);
        assert!(outgoing.stall(frame));
    }

    #[test]
    fn a_node_is_told_once_that_a_buffer_is_full_and_once_that_half_of_it_is_gone() {
        let mut outgoing = Outgoing::default();
        outgoing.queue(100);
        assert_eq!(outgoing.level(100), None);
        outgoing.queue(1);
        assert_eq!([outgoing.level(100), outgoing.level(100)], [Some(Level::Congested), None]);
        outgoing.sent(50);
        assert_eq!(outgoing.level(100), None);
        outgoing.sent(1);
        assert_eq!([outgoing.level(100), outgoing.level(100)], [Some(Level::Writable), None]);
    }

    #[test]
    fn an_offer_that_nobody_has_seen_is_no_link() {
        let connection = Connection::offered(3, LinkId(9));
        assert!(!connection.is_open());
        assert_eq!((connection.end(0).host, connection.end(1).held), (3, false));
        assert_eq!([other(0), other(1)], [1, 0]);
    }
}
