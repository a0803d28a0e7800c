//! Signalling from end to end.

use alloc::{string::String, vec::Vec};

use super::{
    codec::{Malformed, Reader, Writer},
    frame::FRAME_BYTES_MAX,
    record::ZONE_BYTES_MAX,
    signed::{RoomKey, Signed, Statement},
};
use crate::{
    commons::Commons,
    identity::{PeerId, PublicKey},
    io::SignalKind,
};

/// A description or candidate on its way from one member to another, through the server or over the mesh. The sender's
/// signature covers it, so nobody on the way can swap the DTLS fingerprints in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's key: the addressee may never have heard of it.
    pub from: PublicKey,
    /// The addressee.
    pub to: PeerId,
    /// Names the attempt at a link; drawn at random by who dials.
    pub session: u64,
    /// What it is.
    pub kind: SignalKind,
    /// The host's business.
    pub body: Vec<u8>,
}

impl Envelope {
    /// Bytes of body that fit into one frame.
    pub(crate) const BODY_BYTES_MAX: usize = FRAME_BYTES_MAX - (1 + 1 + 32 + 16 + 8 + 1 + 3 + 64);
}

impl Statement for Envelope {
    const KIND: u8 = 6;

    fn write(&self, w: &mut Writer) {
        w.raw(&self.from);
        w.raw(self.to.as_bytes());
        w.raw(&self.session.to_le_bytes());
        w.u8(match self.kind {
            SignalKind::Offer => 0,
            SignalKind::Answer => 1,
            SignalKind::Candidate => 2,
            SignalKind::Refuse => 3,
            SignalKind::Restart => 4,
        });
        w.bytes(&self.body);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let from = r.key()?;
        let to = r.peer()?;
        let session = u64::from_le_bytes(r.array()?);
        let kind = match r.u8()? {
            0 => SignalKind::Offer,
            1 => SignalKind::Answer,
            2 => SignalKind::Candidate,
            3 => SignalKind::Refuse,
            4 => SignalKind::Restart,
            _ => return Err(Malformed::Value),
        };
        let body = r.bytes(Self::BODY_BYTES_MAX)?.to_vec();
        Ok(Self { from, to, session, kind, body })
    }
}

/// A member looks for a link: it walks from link to link, until somebody has room and dials (HyParView, Leitão 2007, section 4.2). Its
/// offer comes back the way that the knock took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// Who looks for a link.
    pub from: PublicKey,
    /// The session of the offer that shall come.
    pub session: u64,
    /// Links that it has, or is about to have: who has few is let in where others are not.
    pub links: u8,
    /// Only a member of this zone shall answer; empty if any may.
    pub zone: String,
}

impl Statement for Knock {
    const KIND: u8 = 7;

    fn write(&self, w: &mut Writer) {
        w.raw(&self.from);
        w.raw(&self.session.to_le_bytes());
        w.u8(self.links);
        w.bytes(self.zone.as_bytes());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (from, session, links) = (r.key()?, u64::from_le_bytes(r.array()?), r.u8()?);
        Ok(Self { from, session, links, zone: r.text(ZONE_BYTES_MAX)? })
    }
}

impl Signed<Envelope> {
    pub(crate) fn is_genuine(&self, room: &RoomKey, commons: &dyn Commons) -> bool {
        self.verify(&self.body.from, room, commons)
    }
}
