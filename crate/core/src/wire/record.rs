//! What a member says of itself.

use alloc::string::String;

use super::{
    codec::{Malformed, Reader, Writer},
    signed::Statement,
};
use crate::identity::{PeerId, PublicKey, peer_id};

/// The longest zone, in bytes of UTF-8.
pub const ZONE_BYTES_MAX: usize = 32;

const HIDDEN: u8 = 1;
const GREETER: u8 = 2;

/// A member in its own words. A newer incarnation replaces an older one; only the owner of the key can raise it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    id: PeerId,
    public_key: PublicKey,
    /// The number of this statement (see [`Rumor::number`](super::Rumor::number)). A new one with every change of the record,
    /// and to refute a suspicion (SWIM, section 4.2).
    pub incarnation: u64,
    /// Wall time of joining, milliseconds since 1970, by the member's own clock.
    pub joined_at_ms: u64,
    /// Its page is hidden, so its timers run once a second at best.
    pub hidden: bool,
    /// It holds a socket to the signaling server.
    pub greeter: bool,
    /// Where it is; empty if it does not say.
    pub zone: String,
}

impl Record {
    /// The first record of the member with this key.
    #[must_use]
    pub fn new(public_key: PublicKey, incarnation: u64, joined_at_ms: u64) -> Self {
        let (id, zone) = (peer_id(&public_key), String::new());
        Self { id, public_key, incarnation, joined_at_ms, hidden: false, greeter: false, zone }
    }

    /// The id that follows from the key.
    #[must_use]
    pub const fn id(&self) -> PeerId {
        self.id
    }

    pub(crate) const fn id_ref(&self) -> &PeerId {
        &self.id
    }

    /// The key that signs everything of this member.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

impl Statement for Record {
    const KIND: u8 = 1;

    fn write(&self, w: &mut Writer) {
        w.raw(&self.public_key);
        w.varint(self.incarnation);
        w.varint(self.joined_at_ms);
        w.u8(if self.hidden { HIDDEN } else { 0 } | if self.greeter { GREETER } else { 0 });
        w.bytes(self.zone.as_bytes());
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let public_key = r.key()?;
        let incarnation = r.varint()?;
        let joined_at_ms = r.varint()?;
        let flags = r.u8()?;
        if flags & !(HIDDEN | GREETER) != 0 {
            return Err(Malformed::Value);
        }
        let zone = r.text(ZONE_BYTES_MAX)?;
        let (hidden, greeter) = (flags & HIDDEN != 0, flags & GREETER != 0);
        Ok(Self { id: peer_id(&public_key), public_key, incarnation, joined_at_ms, hidden, greeter, zone })
    }
}

/// A member's goodbye (SWIM, section 3: leaving is not a failure).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Who leaves.
    pub subject: PeerId,
    /// The number of this statement: greater than every incarnation before it.
    pub number: u64,
}

impl Statement for Farewell {
    const KIND: u8 = 2;

    fn write(&self, w: &mut Writer) {
        w.raw(self.subject.as_bytes());
        w.varint(self.number);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self { subject: r.peer()?, number: r.varint()? })
    }
}

/// An accusation: the accuser has not heard from the subject (SWIM, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// Who signs this.
    pub accuser: PeerId,
    /// Who is accused.
    pub subject: PeerId,
    /// The number of this statement of the accuser.
    pub number: u64,
    /// The incarnation of the subject that the accuser knows: a greater one refutes.
    pub incarnation: u64,
    /// For how many milliseconds the accuser had had no sign of life of the subject.
    pub silent_ms: u64,
}

impl Statement for Suspicion {
    const KIND: u8 = 3;

    fn write(&self, w: &mut Writer) {
        w.raw(self.accuser.as_bytes());
        w.raw(self.subject.as_bytes());
        w.varint(self.number);
        w.varint(self.incarnation);
        w.varint(self.silent_ms);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (accuser, subject) = (r.peer()?, r.peer()?);
        Ok(Self { accuser, subject, number: r.varint()?, incarnation: r.varint()?, silent_ms: r.varint()? })
    }
}
