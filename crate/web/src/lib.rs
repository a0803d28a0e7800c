//! The browser host of `chinwag-core`: WebRTC links, the socket to the signaling server, timers, and the values that
//! users send. What users see is the npm package `chinwag`, whose TypeScript face (`npm/src`) stands on [`Host`].

// A finished module brings its own runtime; tests run under that of the standard library.
#![cfg_attr(feature = "module", no_std)]

extern crate alloc;

mod base64;
mod candidate;
mod cbor;
mod clock;
mod driver;
mod invites;
mod link;
mod messages;
mod negotiation;
mod news;
#[cfg(all(feature = "module", target_arch = "wasm32"))]
mod runtime;
mod settings;
mod signaling;
mod sink;
mod transport;
mod value;
mod visits;

use alloc::{rc::Rc, string::String, sync::Arc, vec::Vec};

use chinwag_core::{Alone, Command, Identity, Input, Node, Refused, Setup, wire::RoomKey};
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::driver::Driver;
pub use crate::sink::Sink;

/// One member of one room.
///
/// What it throws, and rejects with, are objects `{ code, bytes?, max? }` of which the TypeScript face makes its
/// errors.
#[wasm_bindgen]
pub struct Host {
    driver: Rc<Driver>,
    identity: Identity,
    room: RoomKey,
}

#[wasm_bindgen]
impl Host {
    /// A member that has not entered its room yet.
    ///
    /// `secret` are the 32 bytes of the identity, `urls` the signaling servers in the order in which they are tried,
    /// and `config` the knobs in the order of `settings`, NaN for those that keep their default.
    ///
    /// # Errors
    /// `bad-argument` for a secret of another length; the browser's own if it has no randomness.
    #[wasm_bindgen(constructor)]
    pub fn new(
        sink: Sink,
        room: String,
        secret: Vec<u8>,
        urls: Vec<String>,
        zone: Option<String>,
        config: &[f64],
    ) -> Result<Self, JsValue> {
        let secret = <[u8; 32]>::try_from(secret).map_err(|_| failure("bad-argument"))?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| failure("bad-argument"))?;
        let identity = Identity::from_secret(&secret);
        let config = settings::config(config);
        let message_bytes_max = config.message_bytes_max;
        let setup = Setup {
            identity: identity.clone(),
            room: &room,
            zone,
            seed,
            wall_ms: clock::wall_ms(),
            config,
            commons: Arc::new(Alone),
        };
        let node = Node::new(clock::Clock::default().now(), setup);
        let key = RoomKey::new(&room);
        Ok(Self { driver: Driver::new(node, sink, room, urls, message_bytes_max), identity, room: key })
    }

    /// Enters the room: `alone`, if there is neither a server nor an invite. The sink hears `member("self", …)` first.
    pub fn start(&self, alone: bool) {
        self.driver.tell_self();
        self.driver.start();
        if alone {
            // As if a server had known nobody, and had gone.
            self.driver.input(Input::Attached { members: Vec::new() });
            self.driver.input(Input::Detached);
        }
    }

    /// Our id.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn id(&self) -> String {
        self.driver.with_node(|node| driver::hex(node.id().as_bytes()))
    }

    /// Replaces our presence.
    ///
    /// # Errors
    /// `bad-argument` for what is no value; what the node says of its size.
    #[wasm_bindgen(js_name = setPresence)]
    pub fn set_presence(&self, value: &JsValue) -> Result<(), JsValue> {
        let value = encode(value)?;
        self.driver.command(Command::SetPresence { value }).map_err(refusal)
    }

    /// Sends a message to all, or to one. Returns a promise while a link is behind, which resolves when the links have it; else nothing: they have it, or get it when
    /// this turn of the event loop is over.
    ///
    /// # Errors
    /// Before anything is sent: `bad-argument` for what is no value, `message-too-large` for what is above the cap, and what the node says of the channel's name
    /// and the addressee; all but the first two through the promise, if there is one.
    pub fn send(&self, channel: String, to: Option<String>, value: &JsValue) -> Result<JsValue, JsValue> {
        let payload = encode(value)?;
        let to = to.map(|id| id.parse()).transpose().map_err(|_| refusal(Refused::UnknownMember))?;
        self.driver.send(Command::Send { channel, to, payload, sent_at_ms: clock::wall_ms() })
    }

    /// Tells the sink everything that a map, log or counter (`kind`) of this name holds now. Every later change is told by itself.
    pub fn open(&self, kind: &str, name: &str) {
        self.driver.tell_all(kind, name);
    }

    /// Writes into the map, log or counter (`kind`) of this name: the value of a `key`, which an undefined value deletes; a message; or what is added,
    /// a number. For a log it returns what [`Host::send`] does.
    ///
    /// # Errors
    /// `bad-argument` for what is no value; what the node says of its size, and of room for it.
    pub fn write(&self, kind: &str, name: String, key: String, value: &JsValue) -> Result<JsValue, JsValue> {
        let command = match kind {
            news::LOG => {
                return self.driver.send(Command::LogAppend { log: name, value: encode(value)? });
            }
            news::MAP => {
                let value = if value.is_undefined() { None } else { Some(encode(value)?) };
                Command::MapSet { map: name, key, value }
            }
            _ => Command::CounterAdd { counter: name, amount: value.as_f64().unwrap_or_default() as i64 },
        };
        self.driver.command(command).map_err(refusal)?;
        Ok(JsValue::UNDEFINED)
    }

    /// The page was hidden or shown.
    #[wasm_bindgen(js_name = setHidden)]
    pub fn set_hidden(&self, hidden: bool) {
        self.driver.set_hidden(hidden);
    }

    /// The network may have changed: the socket is opened anew, and every link probed.
    pub fn wake(&self) {
        self.driver.moved();
    }

    /// Says goodbye and closes everything. The frames are in their channels when this returns; the promise resolves
    /// when they have arrived, or after a second.
    pub fn leave(&self) -> Promise {
        self.driver.leave()
    }

    /// Counters and gauges, in the order of `settings`.
    #[must_use]
    pub fn stats(&self) -> Vec<f64> {
        settings::stats(&self.driver)
    }
}

/// A value of the user's.
fn encode(value: &JsValue) -> Result<Vec<u8>, JsValue> {
    value::encode(value).map_err(|_| failure("bad-argument"))
}

/// What the TypeScript face makes an error of.
fn failure(code: &str) -> JsValue {
    let failure = Object::new();
    set(&failure, "code", &code.into());
    failure.into()
}

/// What the node refuses.
fn refusal(refused: Refused) -> JsValue {
    let (code, sizes) = match refused {
        Refused::MessageTooLarge { bytes, max } => ("message-too-large", Some((bytes, max))),
        Refused::PresenceTooLarge { bytes, max } => ("presence-too-large", Some((bytes, max))),
        Refused::ChannelName { bytes, max } => ("channel-name", Some((bytes, max))),
        Refused::ValueTooLarge { bytes, max } => ("value-too-large", Some((bytes, max))),
        Refused::TooManyEntries { max } => ("too-many-entries", Some((max, max))),
        Refused::TooManyBytes { max } => ("too-many-bytes", Some((max, max))),
        Refused::Ahead { .. } => ("clock-behind", None),
        Refused::UnknownMember => ("unknown-member", None),
        Refused::Left => ("left", None),
    };
    let failure = failure(code);
    if let Some((bytes, max)) = sizes {
        set(&failure, "bytes", &JsValue::from_f64(bytes as f64));
        set(&failure, "max", &JsValue::from_f64(max as f64));
    }
    failure
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    // A fresh object takes every key.
    let _ = Reflect::set(object, &key.into(), value);
}

#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
