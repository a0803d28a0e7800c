//! Invites: offers and answers that people carry from page to page by hand, where no server does.
//!
//! Both are envelopes like any other, signed by who speaks (docs/PROTOCOL.md, "Invites"). What is in them, for how long it holds, and the connections
//! themselves are the business of the TypeScript face.

use alloc::vec::Vec;

use chinwag_core::{
    Alone, Input, PeerId, SignalKind, peer_id,
    wire::{Envelope, Frame, Signed},
};
use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{Host, driver::hex, value};

#[wasm_bindgen]
impl Host {
    /// The ICE servers for a connection that the face makes, or a promise of them.
    #[wasm_bindgen(js_name = iceServers)]
    #[must_use]
    pub fn ice_servers(&self) -> JsValue {
        self.driver.ice_servers()
    }

    /// Signs a value, for a member: 16 bytes of its id, or zeros for whoever gets it, and 8 of a session.
    #[must_use]
    pub fn seal(&self, addressee: &[u8], value: &JsValue) -> Vec<u8> {
        let (to, session) = addressee.split_at(addressee.len().min(16));
        let envelope = Envelope {
            from: self.identity.public_key(),
            to: PeerId::from_bytes(to.try_into().unwrap_or_default()),
            session: u64::from_le_bytes(session.try_into().unwrap_or_default()),
            kind: SignalKind::Offer,
            body: value::encode(value).unwrap_or_default(),
        };
        let envelope = Signed::new(envelope, &self.identity, &self.room);
        Frame::Signal { ttl: 0, envelope }.encode().to_vec()
    }

    /// What `seal` has sealed: by whom, the value, and whether that is genuine in this room. Undefined if it is nothing of the kind.
    ///
    /// With a patience it also goes on its way: the node answers an invite, and waits for the link for so long; or it accepts the answer to one of ours.
    /// If it does, it asks the sink for ICE servers at once, as for any link.
    #[must_use]
    pub fn unseal(&self, frame: Vec<u8>, patience_ms: u32) -> Option<Array> {
        let Ok(Frame::Signal { envelope, .. }) = Frame::decode(&frame) else { return None };
        let genuine = envelope.verify(&envelope.body.from, &self.room, &Alone);
        let Envelope { from, to, session, ref body, .. } = envelope.body;
        let from = peer_id(&from);
        let value = value::decode(body).ok()?;
        if patience_ms > 0 {
            self.driver.input(if *to.as_bytes() == [0; 16] {
                Input::Invited { by: from, session, patience_ms }
            } else {
                Input::ServerSignal { from, frame }
            });
        }
        Some(Array::of3(&hex(from.as_bytes()).into(), &value, &genuine.into()))
    }
}
