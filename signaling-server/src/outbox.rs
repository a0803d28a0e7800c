//! What waits to be written to one socket: a queue bounded by bytes.
use std::sync::Arc;

use chinwag_signaling_messages::ServerMessage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::rooms::Ending;

/// What an entry of the queue costs beside its text, in bytes: a bound on bytes then also bounds short messages.
const ENTRY_BYTES: usize = 256;

/// The end of the queue that others write to. They never wait.
#[derive(Debug)]
pub(crate) struct Outbox {
    entries: mpsc::UnboundedSender<Entry>,
    credit: Arc<Semaphore>,
    overflowed: CancellationToken,
}

/// The end that the socket's own task reads.
#[derive(Debug)]
pub(crate) struct Queue {
    entries: mpsc::UnboundedReceiver<Entry>,
    overflowed: CancellationToken,
}

/// Something to write.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A message, and its share of the queue, given back when it is dropped.
    Message(ServerMessage, OwnedSemaphorePermit),
    /// The socket ends after what came before.
    End(Ending),
}

/// A queue of at most `bytes_max`.
pub(crate) fn queue(bytes_max: usize) -> (Outbox, Queue) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let overflowed = CancellationToken::new();
    let credit = Arc::new(Semaphore::new(bytes_max.min(Semaphore::MAX_PERMITS)));
    (Outbox { entries: sender, credit, overflowed: overflowed.clone() }, Queue { entries: receiver, overflowed })
}

impl Outbox {
    /// Queues a message. Where there is no room for it, nothing is queued, the socket is told to end, and the answer is
    /// `false`: its member must not be relied on any more.
    pub(crate) fn push(&self, message: ServerMessage) -> bool {
        let cost = u32::try_from(cost_bytes(&message)).unwrap_or(u32::MAX);
        if let Ok(share) = Arc::clone(&self.credit).try_acquire_many_owned(cost) {
            return self.entries.send(Entry::Message(message, share)).is_ok();
        }
        self.overflowed.cancel();
        false
    }

    /// Ends the socket, after what is queued already. At most once, so it needs no share.
    pub(crate) fn end(self, ending: Ending) {
        let _ = self.entries.send(Entry::End(ending));
    }
}

impl Queue {
    /// What to write next; `None` when nobody can write here any more.
    pub(crate) async fn next(&mut self) -> Option<Entry> {
        self.entries.recv().await
    }

    /// What to write next, if it is there already.
    pub(crate) fn try_next(&mut self) -> Option<Entry> {
        self.entries.try_recv().ok()
    }

    /// Tells when the queue overflows.
    pub(crate) fn overflowed(&self) -> CancellationToken {
        self.overflowed.clone()
    }
}

fn cost_bytes(message: &ServerMessage) -> usize {
    let text = match message {
        ServerMessage::Signal { from, data } => from.len() + data.len(),
        _ => 0,
    };
    ENTRY_BYTES + text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(bytes: usize) -> ServerMessage {
        ServerMessage::Signal { from: String::new(), data: "x".repeat(bytes) }
    }

    #[test]
    fn what_is_pushed_comes_out_in_order_and_the_end_last() {
        let (outbox, mut queue) = queue(10_000);
        assert!(outbox.push(signal(1)));
        assert!(outbox.push(signal(2)));
        outbox.end(Ending::Released);
        assert!(matches!(queue.try_next(), Some(Entry::Message(message, _)) if message == signal(1)));
        assert!(matches!(queue.try_next(), Some(Entry::Message(message, _)) if message == signal(2)));
        assert!(matches!(queue.try_next(), Some(Entry::End(Ending::Released))));
        assert!(queue.try_next().is_none());
    }

    #[test]
    fn a_full_queue_takes_nothing_more_and_ends_its_socket() {
        let (outbox, queue) = queue(2_000);
        assert!(outbox.push(signal(1_700)));
        assert!(!queue.overflowed().is_cancelled());
        assert!(!outbox.push(signal(1)));
        assert!(queue.overflowed().is_cancelled());
    }

    #[test]
    fn short_messages_are_bounded_too() {
        let (outbox, _queue) = queue(100 * ENTRY_BYTES);
        assert_eq!((0..1_000).filter(|_| outbox.push(ServerMessage::Release)).count(), 100);
    }

    #[test]
    fn what_is_taken_out_makes_room() {
        let (outbox, mut queue) = queue(2_000);
        for _ in 0..100 {
            assert!(outbox.push(signal(1_700)));
            drop(queue.try_next());
        }
    }

    #[test]
    fn a_socket_that_is_gone_takes_nothing() {
        let (outbox, queue) = queue(2_000);
        drop(queue);
        assert!(!outbox.push(signal(1)));
    }
}
