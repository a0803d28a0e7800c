//! Who a member is: an Ed25519 key (RFC 8032), and the id that follows from it.

use core::{fmt, str::FromStr};

use ed25519_dalek::{Signature as DalekSignature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The first 16 bytes of the SHA-256 of a member's public key.
///
/// Shown and parsed as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId([u8; PeerId::BYTES]);

impl PeerId {
    /// Length in bytes.
    pub const BYTES: usize = 16;

    /// The id as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// An id from its bytes, as they come from the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no [`PeerId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPeerId;

impl fmt::Display for NotAPeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's id is 32 lower-case hexadecimal digits")
    }
}

impl FromStr for PeerId {
    type Err = NotAPeerId;

    fn from_str(text: &str) -> Result<Self, NotAPeerId> {
        let digits = text.as_bytes();
        let mut bytes = [0; Self::BYTES];
        if digits.len() != bytes.len().saturating_mul(2) {
            return Err(NotAPeerId);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return Err(NotAPeerId) };
            *byte = (nibble(*high)? << 4) | nibble(*low)?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, NotAPeerId> {
    match digit {
        b'0'..=b'9' => Ok(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(NotAPeerId),
    }
}

/// A member's public key (RFC 8032, section 5.1.5), as bytes: checked when a signature is.
pub type PublicKey = [u8; 32];

/// An Ed25519 signature.
pub type Signature = [u8; 64];

/// The id of the member with this key.
#[must_use]
pub fn peer_id(key: &PublicKey) -> PeerId {
    let hash = Sha256::digest(key);
    let mut id = [0; PeerId::BYTES];
    for (to, from) in id.iter_mut().zip(hash) {
        *to = from;
    }
    PeerId(id)
}

/// A member's secret key, with what follows from it.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
    id: PeerId,
}

impl Identity {
    /// The identity of a 32-byte secret (RFC 8032, section 5.1.5). It must come from a cryptographic generator.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let id = peer_id(key.verifying_key().as_bytes());
        Self { key, id }
    }

    /// The member's id.
    #[must_use]
    pub const fn id(&self) -> PeerId {
        self.id
    }

    /// The member's public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, statement: &[u8]) -> Signature {
        self.key.sign(statement).to_bytes()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.id)
    }
}

/// Whether `signature` is the one of `key` over `statement`, by the strict rules (no small-order keys, so that no
/// two statements share a signature).
#[must_use]
pub(crate) fn verify(key: &PublicKey, statement: &[u8], signature: &Signature) -> bool {
    VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify_strict(statement, &DalekSignature::from_bytes(signature)).is_ok())
}
