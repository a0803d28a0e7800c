//! Messages: to all by flooding, to one over the link to it, or by flooding when there is none.

use super::Node;
use crate::{
    identity::PeerId,
    io::{Event, Lane, LinkId, Message, Refused, ViolationKind},
    wire::{CHANNEL_BYTES_MAX, Frame, Post, Signed},
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
        let posts = self.broadcast.compose(self.id(), to, channel, payload, sent_at_ms, &self.config);
        let direct = to.and_then(|to| self.links.to(to));
        for post in posts {
            let frame = Frame::Broadcast { hops: 1, post: Signed::new(post, &self.identity, &self.room) };
            match direct {
                Some(link) => self.send(link, Lane::Reliable, &frame),
                None => self.flood(&frame, None),
            }
        }
        self.stats.messages_out = self.stats.messages_out.saturating_add(1);
        Ok(())
    }

    fn check_message(&self, channel: &str, to: Option<PeerId>, payload: &[u8]) -> Result<(), Refused> {
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

    pub(super) fn on_broadcast(&mut self, link: LinkId, peer: PeerId, hops: u8, post: Signed<Post>) {
        let origin = post.body.origin;
        if origin == self.id() || !self.broadcast.is_news(&post.body) {
            self.stats.duplicates = self.stats.duplicates.saturating_add(1);
            return;
        }
        let Some(key) = self.members.key_of(&origin) else { return };
        if !post.verify(key, &self.room, &*self.commons) {
            self.violation(peer, ViolationKind::Forged);
            return;
        }
        let hops = hops.clamp(1, self.config.hops_max);
        let for_us_alone = post.body.to == Some(self.id());
        if !for_us_alone && hops < self.config.hops_max {
            self.flood(&Frame::Broadcast { hops: hops.saturating_add(1), post: post.clone() }, Some(link));
        }
        if post.body.to.is_none() || for_us_alone {
            self.deliver(hops, post.body);
        } else {
            self.broadcast.mark(&post.body);
        }
    }

    fn deliver(&mut self, hops: u8, post: Post) {
        let from = post.origin;
        let Some(whole) = self.broadcast.accept(self.now, post, &self.config) else { return };
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
