//! Messages: to all along the tree of their origin, to one backwards along the tree of the addressee.

use super::Node;
use crate::{
    identity::PeerId,
    io::{Event, Lane, LinkId, Message, Refused, ViolationKind},
    wire::{CHANNEL_BYTES_MAX, FLOOD, Frame, Post, Rumor, Signed},
};

impl Node {
    pub(super) fn send_message(
        &mut self,
        channel: &str,
        to: Option<PeerId>,
        payload: &[u8],
        sent_at_ms: u64,
    ) -> Result<(), Refused> {
        self.check_message(channel, to, payload)?;
        let posts = self.broadcast.compose(self.identity.id(), to, channel, payload, sent_at_ms, &self.config);
        let direct = to.and_then(|to| self.links.to(to));
        for post in posts {
            if let Some(link) = direct {
                self.send(link, Lane::Reliable, &Frame::Direct(post));
                continue;
            }
            let post = Signed::new(post, &self.identity, &self.room);
            match to {
                Some(to) => self.forward(to, post, None, 0),
                None => self.spread(Rumor::Post(post), None, 0),
            }
        }
        self.stats.messages_out = self.stats.messages_out.saturating_add(1);
        Ok(())
    }

    /// Whether a message would be taken now, for a host that keeps it back for a moment.
    ///
    /// # Errors
    /// What [`Command::Send`](crate::Command::Send) would be refused with.
    pub fn check_message(&self, channel: &str, to: Option<PeerId>, payload: &[u8]) -> Result<(), Refused> {
        if self.left {
            return Err(Refused::Left);
        }
        let max = self.config.channel_name_bytes_max.min(CHANNEL_BYTES_MAX);
        if channel.is_empty() || channel.len() > max {
            return Err(Refused::ChannelName { bytes: channel.len(), max });
        }
        let max = self.config.message_bytes_max;
        if payload.len() > max {
            return Err(Refused::MessageTooLarge { bytes: payload.len(), max });
        }
        match to {
            Some(to) if self.members.get(&to).is_none() => Err(Refused::UnknownMember),
            _ => Ok(()),
        }
    }

    pub(super) fn on_post(&mut self, link: LinkId, peer: PeerId, hops: u8, post: Signed<Post>) {
        let Some(key) = self.members.key_of(&post.body.origin) else { return };
        if !post.verify(key, &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            return;
        }
        match post.body.to {
            None => {
                self.spread(Rumor::Post(post.clone()), Some(link), hops);
                let origin = post.body.origin;
                self.broadcast.line_up(self.now, hops & !FLOOD, post.body, &self.config);
                self.read_on(origin);
            }
            Some(to) => {
                self.broadcast.mark(&post.body.origin, post.body.seq);
                if to == self.id() {
                    self.deliver(hops & !FLOOD, post.body);
                } else {
                    self.forward(to, post, Some(link), hops);
                }
            }
        }
    }

    /// A peer has something to say to us. The signature under its offer or answer stands for the certificate of the link, and so for all that comes over it.
    pub(super) fn on_direct(&mut self, peer: PeerId, post: Post) {
        if post.origin != peer || post.to != Some(self.id()) {
            self.violation(peer, ViolationKind::Forged);
        } else if self.members.get(&peer).is_none() || !self.broadcast.is_fresh(&peer, post.seq) {
            self.stats.duplicates = self.stats.duplicates.saturating_add(1);
        } else {
            self.broadcast.mark(&peer, post.seq);
            self.deliver(1, post);
        }
    }

    /// Passes a message on to its addressee: over our link to it, or the way that its own rumors come, or over all links. Each member
    /// passes it on once, so a flood is bounded.
    fn forward(&mut self, to: PeerId, post: Signed<Post>, from: Option<LinkId>, hops: u8) {
        let hops = hops & !FLOOD;
        if hops >= self.config.hops_max {
            return;
        }
        let frame = Frame::Gossip { hops: hops.saturating_add(1), rumor: Rumor::Post(post) };
        match self.way_to(to).filter(|link| Some(*link) != from) {
            Some(link) => self.send(link, Lane::Reliable, &frame),
            None => {
                for link in self.greeted_links().into_iter().filter(|link| Some(*link) != from) {
                    self.send(link, Lane::Reliable, &frame);
                }
            }
        }
    }

    /// Our link to a member, or the one over which its newest rumor came.
    pub(super) fn way_to(&self, to: PeerId) -> Option<LinkId> {
        let learnt = self.links.to(to).or_else(|| self.broadcast.way_to(&to));
        learnt.filter(|link| self.links.is_greeted(*link))
    }

    /// Delivers what can be read of an author, in order.
    pub(super) fn read_on(&mut self, origin: PeerId) {
        while let Some((post, hops)) = self.broadcast.next_in_order(origin) {
            self.deliver(hops, post);
        }
    }

    fn deliver(&mut self, hops: u8, post: Post) {
        let from = post.origin;
        let Some(whole) = self.broadcast.assemble(self.now, post, &self.config) else { return };
        self.stats.messages_in = self.stats.messages_in.saturating_add(1);
        let message = Message {
            from,
            seq: whole.seq,
            channel: whole.channel,
            sent_at_ms: whole.sent_at_ms,
            hops,
            direct: whole.direct,
            payload: whole.payload,
        };
        self.event(Event::Message(message));
    }
}
