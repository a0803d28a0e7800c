//! The browser's objects behind a link, and their handlers.

use alloc::string::String;

use chinwag_core::{Lane, LinkDownReason};
use js_sys::Promise;
use wasm_bindgen::{JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{Event, MessageEvent, RtcDataChannel};

/// With more than this in the unreliable channel, frames for it are dropped: a late probe is worse than none.
const UNRELIABLE_BYTES_MAX: u32 = 16 << 10;

/// What has become of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// It is in its channel.
    Over,
    /// So it is, and the channel is full: `bufferedamountlow` tells when half has gone out.
    OverAndFull,
    /// It found the unreliable channel full.
    Dropped,
}

/// A connection with its two channels. Their ids are agreed on beforehand, so no message announces them.
pub(crate) struct Transport {
    connection: Connection,
    /// Ordered and retransmitted.
    reliable: RtcDataChannel,
    /// Unordered, never retransmitted.
    unreliable: RtcDataChannel,
    /// The face has described it already: people carry its descriptions.
    is_by_hand: bool,
    /// Every handler but one is this closure, which asks the event for its type: each further one would be a table
    /// entry and a shim for every link.
    on_event: Closure<dyn Fn(Event)>,
    on_message: Closure<dyn Fn(MessageEvent)>,
}

#[wasm_bindgen]
extern "C" {
    /// The face's side of it: `connection.ts`. To make and to describe connections takes less code there than through bindings.
    pub(crate) type Connection;
    #[wasm_bindgen(method, getter)]
    fn reliable(this: &Connection) -> RtcDataChannel;
    #[wasm_bindgen(method, getter)]
    fn unreliable(this: &Connection) -> RtcDataChannel;
    #[wasm_bindgen(method, getter, js_name = isOpen)]
    fn is_open(this: &Connection) -> bool;
    #[wasm_bindgen(method, getter, js_name = hasFailed)]
    fn has_failed(this: &Connection) -> bool;
    /// Our description, if there is one.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn sdp(this: &Connection) -> Option<String>;
    /// Whether that is an answer.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn answers(this: &Connection) -> bool;
    /// Makes an offer, or the answer to one.
    #[wasm_bindgen(method)]
    pub(crate) fn describe(this: &Connection) -> Promise;
    /// Takes the other side's description, "offer" or "answer".
    #[wasm_bindgen(method)]
    pub(crate) fn take(this: &Connection, kind: &str, sdp: &str) -> Promise;
    /// Takes a candidate of the other side.
    #[wasm_bindgen(method)]
    pub(crate) fn add(this: &Connection, line: &str, mid: Option<&str>, m_line_index: Option<u16>) -> Promise;
    /// Other ICE servers from the next description on.
    #[wasm_bindgen(method)]
    pub(crate) fn configure(this: &Connection, ice_servers: &JsValue);
    /// The next offer is for another way.
    #[wasm_bindgen(method)]
    pub(crate) fn restart(this: &Connection);
    #[wasm_bindgen(method)]
    fn listen(this: &Connection, on_event: &JsValue, on_message: &JsValue);
    #[wasm_bindgen(method)]
    fn part(this: &Connection);
    #[wasm_bindgen(method)]
    fn close(this: &Connection);
}

impl Transport {
    /// What the face has made; it calls the two handlers from now on.
    pub(crate) fn new(
        connection: Connection,
        on_event: impl Fn(Event) + 'static,
        on_message: impl Fn(MessageEvent) + 'static,
    ) -> Self {
        let transport = Self {
            is_by_hand: connection.sdp().is_some(),
            reliable: connection.reliable(),
            unreliable: connection.unreliable(),
            on_event: Closure::new(on_event),
            on_message: Closure::new(on_message),
            connection,
        };
        transport.connection.listen(transport.on_event.as_ref(), transport.on_message.as_ref());
        transport
    }

    /// Whether people carry its descriptions: there is none to be made, and the other side takes its time.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.is_by_hand
    }

    /// The connection itself.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether both channels are open.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Hands a frame to its channel, of which the reliable one should hold no more than so much.
    pub(crate) fn send(&self, lane: Lane, frame: &[u8], buffer_bytes: usize) -> Result<Handed, LinkDownReason> {
        let channel = if lane == Lane::Reliable { &self.reliable } else { &self.unreliable };
        if lane == Lane::Unreliable && channel.buffered_amount() > UNRELIABLE_BYTES_MAX {
            return Ok(Handed::Dropped);
        }
        channel.send_with_u8_array(frame).map_err(|_| LinkDownReason::Failed)?;
        let bytes = u32::try_from(buffer_bytes).unwrap_or(u32::MAX);
        if lane == Lane::Unreliable || channel.buffered_amount() <= bytes {
            return Ok(Handed::Over);
        }
        channel.set_buffered_amount_low_threshold(bytes / 2);
        Ok(Handed::OverAndFull)
    }

    /// Whether so much of the reliable channel has gone out that it takes more.
    pub(crate) fn is_writable(&self) -> bool {
        self.reliable.buffered_amount() <= self.reliable.buffered_amount_low_threshold()
    }

    /// Bytes in both channels.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.reliable.buffered_amount() as usize + self.unreliable.buffered_amount() as usize
    }

    /// Whether the connection says that it has failed. `disconnected` is not the end: a path may come back.
    pub(crate) fn has_failed(&self) -> bool {
        self.connection.has_failed()
    }

    /// Takes the handlers away and closes everything.
    pub(crate) fn close(&self) {
        self.connection.close();
    }

    /// Takes all handlers away but that which tells of the channel's end, and closes the channel in order: its end
    /// comes when everything that was put in has arrived (RFC 8831, section 6.7).
    pub(crate) fn part(&self) {
        self.connection.part();
    }
}
