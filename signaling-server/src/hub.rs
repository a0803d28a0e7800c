//! What all sockets share: the rooms behind one lock, and the outgoing queue of everyone who is connected.
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chinwag_signaling_messages::{ClientMessage, IceServer, ServerMessage};

use crate::{
    limits::Limits,
    metrics::Metrics,
    outbox::{self, Outbox, Queue},
    rooms::{Ending, Output, Rooms, SocketId},
};

/// The rooms, and the way to everyone in them.
pub(crate) struct Hub {
    shared: Mutex<Shared>,
    queue_bytes_max: usize,
}

struct Shared {
    rooms: Rooms,
    outboxes: HashMap<SocketId, Outbox>,
    sockets_ever: u64,
}

/// How many there are, for `/health` and `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) sockets: usize,
    pub(crate) rooms: usize,
    pub(crate) members: usize,
}

impl Hub {
    pub(crate) fn new(limits: &Limits, ice: Vec<IceServer>, seed: u64) -> Self {
        let shared = Shared { rooms: Rooms::new(limits, ice, seed), outboxes: HashMap::new(), sockets_ever: 0 };
        Self { shared: Mutex::new(shared), queue_bytes_max: limits.queue_bytes_max.max(4 * limits.message_bytes_max) }
    }

    /// A socket has opened: its name here, and what it is to write.
    pub(crate) fn attach(&self) -> (SocketId, Queue) {
        let (outbox, queue) = outbox::queue(self.queue_bytes_max);
        let mut shared = self.lock();
        let socket = SocketId(shared.sockets_ever);
        shared.sockets_ever += 1;
        shared.outboxes.insert(socket, outbox);
        (socket, queue)
    }

    /// A socket says something: queues what follows from it, for whomever.
    pub(crate) fn handle(&self, socket: SocketId, message: ClientMessage, metrics: &Metrics) {
        let mut shared = self.lock();
        // One which was ended a moment ago has nothing to say any more.
        if !shared.outboxes.contains_key(&socket) {
            return;
        }
        for output in shared.rooms.handle(socket, message) {
            shared.carry_out(output, metrics);
        }
    }

    /// A socket is gone.
    pub(crate) fn detach(&self, socket: SocketId) {
        self.lock().forget(socket);
    }

    pub(crate) fn census(&self) -> Census {
        let shared = self.lock();
        Census { sockets: shared.outboxes.len(), rooms: shared.rooms.rooms(), members: shared.rooms.members() }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn carry_out(&mut self, output: Output, metrics: &Metrics) {
        match output {
            Output::Send(socket, message) => {
                let Some(outbox) = self.outboxes.get(&socket) else { return };
                let relayed = matches!(message, ServerMessage::Signal { .. });
                if outbox.push(message) {
                    metrics.relayed.inc_by(u64::from(relayed));
                } else {
                    self.forget(socket);
                }
            }
            Output::End(socket, ending) => {
                if ending == Ending::Released {
                    metrics.released.inc();
                }
                if let Some(outbox) = self.outboxes.remove(&socket) {
                    outbox.end(ending);
                }
            }
        }
    }

    fn forget(&mut self, socket: SocketId) {
        self.rooms.leave(socket);
        self.outboxes.remove(&socket);
    }
}
