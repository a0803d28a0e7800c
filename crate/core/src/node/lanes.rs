//! What waits for a link that is behind: held back on its way out, and let go when the host can take it.

use super::Node;
use crate::{
    io::{Lane, LinkId, Output},
    overlay::Held,
    wire::ShortId,
};

impl Node {
    pub(super) fn on_congested(&mut self, link: LinkId) {
        if self.links.get(link).is_some() {
            self.outboxes.congested(self.now, link);
        }
    }

    pub(super) fn on_writable(&mut self, link: LinkId) {
        for id in self.outboxes.writable(self.now, link, self.config.outbox_bytes_max) {
            self.broadcast.tell_later(self.now, link, id, &self.config);
        }
    }

    /// An output that is for the host now. A frame for a link that is behind waits; probes do not.
    pub(super) fn hold_back(&mut self, output: Output) -> Option<Output> {
        match output {
            Output::Send { link, lane: Lane::Reliable, frame } if self.outboxes.is_behind(link) => {
                match self.outboxes.hold(self.now, link, frame, self.config.outbox_bytes_max) {
                    Held::Waits { postponed } => {
                        let before = self.stats.frames_postponed;
                        self.stats.frames_postponed = before.saturating_add(super::count(postponed));
                    }
                    Held::TooMuch => self.shed(link),
                }
                None
            }
            output => Some(output),
        }
    }

    /// The next of what has waited, for a link that takes it.
    pub(super) fn let_go(&mut self) -> Option<Output> {
        let (link, frame) = self.outboxes.next()?;
        Some(Output::Send { link, lane: Lane::Reliable, frame })
    }

    /// The peer has a rumor that may wait for it here.
    pub(super) fn spare(&mut self, link: LinkId, id: &ShortId) {
        self.outboxes.cancel(link, id);
    }

    /// A link that does not keep up is given up. Its peer is not sought again for a while.
    fn shed(&mut self, link: LinkId) {
        let Some(peer) = self.links.get(link).map(|link| link.peer) else { return };
        self.stats.links_shed = self.stats.links_shed.saturating_add(1);
        self.disconnect(link);
        self.backoffs.hold(peer, self.now.plus_ms(self.config.dial_backoff_max_ms));
        self.due = self.due_at();
    }
}
