//! The queue before a link's channels: a browser buffers up to 16 MiB and then throws.

use alloc::{collections::VecDeque, sync::Arc};
use core::cell::{Cell, RefCell};

use chinwag_core::{Lane, LinkDownReason};

use crate::transport::Transport;

/// With more than this in a channel, frames wait here, and messages of the user wait before they become frames.
const HIGH_WATER_BYTES: u32 = 1 << 20;

/// With less than this in a channel, the browser tells, and the queue moves on.
pub(crate) const LOW_WATER_BYTES: u32 = 256 << 10;

/// A peer that lets this much gather does not keep up with the room, and loses the link.
const QUEUE_BYTES_MAX: usize = 16 << 20;

/// Frames on their way into a link.
#[derive(Default)]
pub(crate) struct Outbox {
    queue: RefCell<VecDeque<Arc<[u8]>>>,
    queue_bytes: Cell<usize>,
}

/// What has become of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// It is in its channel, or will be.
    Over,
    /// It found the unreliable channel full.
    Dropped,
}

impl Outbox {
    /// Hands a frame to its channel. One for the reliable channel waits when that is full; one for the other is
    /// dropped, since a late probe is worse than none.
    pub(crate) fn send(&self, to: &Transport, lane: Lane, frame: Arc<[u8]>) -> Result<Handed, LinkDownReason> {
        let sent = match lane {
            Lane::Unreliable if to.unreliable.buffered_amount() > LOW_WATER_BYTES => return Ok(Handed::Dropped),
            Lane::Unreliable => to.unreliable.send_with_u8_array(&frame),
            Lane::Reliable if self.is_congested(to) => return self.push(frame).map(|()| Handed::Over),
            Lane::Reliable => to.reliable.send_with_u8_array(&frame),
        };
        sent.map(|()| Handed::Over).map_err(|_| LinkDownReason::Failed)
    }

    /// Moves on what has waited, as far as the channel takes it.
    pub(crate) fn drain(&self, to: &Transport) -> Result<(), LinkDownReason> {
        while to.reliable.buffered_amount() <= HIGH_WATER_BYTES {
            let Some(frame) = self.pop() else { break };
            to.reliable.send_with_u8_array(&frame).map_err(|_| LinkDownReason::Failed)?;
        }
        Ok(())
    }

    /// Moves everything on, whatever the channel says: it is about to be closed, and takes what it can.
    pub(crate) fn flush(&self, to: &Transport) {
        while let Some(frame) = self.pop() {
            if to.reliable.send_with_u8_array(&frame).is_err() {
                break;
            }
        }
        self.clear();
    }

    /// Forgets what has waited.
    pub(crate) fn clear(&self) {
        self.queue.take();
        self.queue_bytes.set(0);
    }

    /// Whether frames wait, or the next one would.
    pub(crate) fn is_congested(&self, to: &Transport) -> bool {
        self.queue_bytes.get() > 0 || to.reliable.buffered_amount() > HIGH_WATER_BYTES
    }

    /// Bytes here and in both channels.
    pub(crate) fn buffered_bytes(&self, to: &Transport) -> usize {
        self.queue_bytes.get() + to.reliable.buffered_amount() as usize + to.unreliable.buffered_amount() as usize
    }

    fn push(&self, frame: Arc<[u8]>) -> Result<(), LinkDownReason> {
        let bytes = self.queue_bytes.get() + frame.len();
        if bytes > QUEUE_BYTES_MAX {
            return Err(LinkDownReason::Refused);
        }
        self.queue_bytes.set(bytes);
        self.queue.borrow_mut().push_back(frame);
        Ok(())
    }

    fn pop(&self) -> Option<Arc<[u8]>> {
        let frame = self.queue.borrow_mut().pop_front()?;
        self.queue_bytes.set(self.queue_bytes.get().saturating_sub(frame.len()));
        Some(frame)
    }
}
