//! Statements, and the signatures under them.

use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::codec::{Malformed, Reader, Writer};
use crate::{
    commons::Commons,
    identity::{Identity, PublicKey, Signature},
};

/// What stands before every statement that is signed, so that no signature made for Chinwag means anything elsewhere.
const DOMAIN: &[u8] = b"chinwag 1";

/// Stands for a room in everything that is signed: a statement made in one room says nothing in another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoomKey([u8; 32]);

impl RoomKey {
    /// The key of the room with this name: SHA-256 of `"chinwag room"`, a zero byte, and the name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"chinwag room\0");
        hash.update(name.as_bytes());
        Self(hash.finalize().into())
    }

    /// The key as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RoomKey")
    }
}

/// Something that a member can put its name to.
pub trait Statement: Sized {
    /// Separates the kinds of statement: a signature under one kind is none under another.
    const KIND: u8;

    /// Appends the statement as it stands on the wire.
    fn write(&self, w: &mut Writer);

    /// Reads what [`Statement::write`] wrote.
    ///
    /// # Errors
    /// When the bytes are no such statement.
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed>;
}

/// A statement with the signature of whom it speaks for. On the wire: the statement, then the 64 bytes of the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<T> {
    /// What is said.
    pub body: T,
    /// By whom: unproven until [`Signed::verify`].
    pub signature: Signature,
}

impl<T: Statement> Signed<T> {
    /// Signs a statement in a room.
    #[must_use]
    pub fn new(body: T, identity: &Identity, room: &RoomKey) -> Self {
        let signature = identity.sign(&signing_input(&body, room));
        Self { body, signature }
    }

    /// Whether the owner of `key` made this statement in this room.
    #[must_use]
    pub fn verify(&self, key: &PublicKey, room: &RoomKey, commons: &dyn Commons) -> bool {
        commons.verify(key, &signing_input(&self.body, room), &self.signature)
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        self.body.write(w);
        w.raw(&self.signature);
    }

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let body = T::read(r)?;
        Ok(Self { body, signature: r.signature()? })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(256);
        self.write(&mut w);
        w.into_vec()
    }
}

/// `DOMAIN`, the kind, the room's key, the statement as on the wire.
fn signing_input<T: Statement>(body: &T, room: &RoomKey) -> Vec<u8> {
    let mut w = Writer::with_capacity(256);
    w.raw(DOMAIN);
    w.u8(T::KIND);
    w.raw(&room.0);
    body.write(&mut w);
    w.into_vec()
}
