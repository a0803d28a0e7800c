//! What the nodes of one process may share.

use alloc::sync::Arc;
use core::fmt;

use crate::{
    identity::{self, PublicKey, Signature},
    wire::{Record, Signed},
};

/// What the nodes of one process may share, so that a simulator with thousands of them does not do the same work, or hold the
/// same bytes, thousands of times. A page has one node, and uses [`Alone`].
pub trait Commons: fmt::Debug + Send + Sync {
    /// Whether `signature` is that of `key` over `statement`. A pure function: an implementation may remember its answers.
    fn verify(&self, key: &PublicKey, statement: &[u8], signature: &Signature) -> bool {
        identity::verify(key, statement, signature)
    }

    /// A record that was found genuine. An implementation may hand out an equal one that it holds already.
    fn share(&self, record: Signed<Record>) -> Arc<Signed<Record>> {
        Arc::new(record)
    }

    /// A frame that goes to several peers, and is kept for those who ask. An implementation may hand out an equal one that it holds
    /// already.
    fn share_frame(&self, frame: Arc<[u8]>) -> Arc<[u8]> {
        frame
    }
}

/// Shares nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Commons for Alone {}
