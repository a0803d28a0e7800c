//! What a frame carries, to a link that cannot take all at once.

use super::{
    codec::{Malformed, Reader},
    content::KEY_BYTES_MAX,
    frame::kind_of,
    rumor::ShortId,
};
use crate::identity::PeerId;

/// Data of a user: not the business of keeping the room together, which goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// Whose it is.
    pub(crate) origin: PeerId,
    /// What the peer can ask for it by, if it can at all: a message for one member is nowhere kept.
    pub(crate) id: Option<ShortId>,
}

impl Load {
    /// Stands for all whose entries a comparison brings; what says that it is over must not overtake them.
    pub(crate) const OF_COMPARISON: PeerId = PeerId::from_bytes([0; 16]);

    /// What an encoded frame carries; `None` for what is urgent. Reads no further than it must.
    pub(crate) fn of(frame: &[u8]) -> Option<Self> {
        Self::read(kind_of(frame)?, &mut Reader::new(frame.get(1..)?)).ok().flatten()
    }

    fn read(kind: u8, r: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        match kind {
            4 | 5 | 24..=26 => return Ok(Some(Self { origin: Self::OF_COMPARISON, id: None })),
            6 | 8 => _ = r.u8()?,
            27 => {}
            _ => return Ok(None),
        }
        let origin = r.peer()?;
        if kind == 8 {
            r.bytes(KEY_BYTES_MAX)?;
        }
        let number = r.varint()?;
        let for_one = kind == 27
            || kind == 6 && {
                r.varint()?;
                r.flag()?
            };
        Ok(Some(Self { origin, id: (!for_one).then(|| ShortId::new(&origin, number)) }))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::wire::{Entry, Farewell, Frame, Post, Rumor, Signed};

    const ORIGIN: PeerId = PeerId::from_bytes([7; 16]);

    fn signed<T>(body: T) -> Signed<T> {
        Signed { body, signature: [0; 64] }
    }

    fn load(rumor: Rumor) -> Option<Load> {
        Load::of(&Frame::Gossip { hops: 3, rumor }.encode())
    }

    fn post(to: Option<PeerId>) -> Rumor {
        let (channel, payload) = ("chat".into(), Vec::from([1; 9]));
        let (seq, previous) = (1 << 50, (1 << 50) - 3);
        Rumor::Post(signed(Post {
            origin: ORIGIN,
            seq,
            previous,
            to,
            channel,
            sent_at_ms: 5,
            index: 0,
            count: 1,
            payload,
        }))
    }

    #[test]
    fn posts_and_entries_are_user_data_under_their_own_names() {
        let entry = Entry { owner: ORIGIN, key: "presence".into(), version: 1 << 51, value: Vec::from([2; 300]) };
        for rumor in [post(None), Rumor::Entry(signed(entry))] {
            let id = Some(rumor.short_id());
            assert_eq!(load(rumor), Some(Load { origin: ORIGIN, id }));
        }
    }

    #[test]
    fn a_message_for_one_member_cannot_be_asked_for() {
        assert_eq!(load(post(Some(ORIGIN))), Some(Load { origin: ORIGIN, id: None }));
        let Rumor::Post(Signed { body, .. }) = post(Some(ORIGIN)) else { return };
        assert_eq!(Load::of(&Frame::Direct(body).encode()), Some(Load { origin: ORIGIN, id: None }));
    }

    #[test]
    fn the_end_of_a_comparison_does_not_overtake_what_it_brings() {
        let of = |frame: Frame| Load::of(&frame.encode()).map(|load| load.origin);
        assert_eq!(of(Frame::Entries(Vec::new())), Some(Load::OF_COMPARISON));
        assert_eq!(of(Frame::Synced), Some(Load::OF_COMPARISON));
        assert_eq!(of(Frame::Kept { keys: Vec::new(), entries: Vec::new() }), Some(Load::OF_COMPARISON));
        assert_eq!(of(Frame::State(Vec::new())), Some(Load::OF_COMPARISON));
    }

    #[test]
    fn what_keeps_the_room_together_is_urgent() {
        assert_eq!(load(Rumor::Farewell(signed(Farewell { subject: ORIGIN, number: 9 }))), None);
        for frame in [
            Frame::Ping { number: 1, view: 0 },
            Frame::Ihave(Vec::new()),
            Frame::Records(Vec::new()),
            Frame::Disconnect,
        ] {
            assert_eq!(Load::of(&frame.encode()), None, "{frame}");
        }
        assert_eq!(Load::of(&[]), None);
    }
}
