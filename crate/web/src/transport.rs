//! The browser's objects behind a link, and their handlers.

use chinwag_core::{Lane, LinkDownReason};
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    Event, MessageEvent, RtcDataChannel, RtcDataChannelState, RtcDataChannelType, RtcPeerConnection,
    RtcPeerConnectionState,
};

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
    connection: RtcPeerConnection,
    /// Ordered and retransmitted.
    reliable: RtcDataChannel,
    /// Unordered, never retransmitted.
    unreliable: RtcDataChannel,
    /// The face has described it already: people carry its descriptions.
    is_by_hand: bool,
    /// Every handler but one is this closure, which asks the event for its type: each further one would be a table
    /// entry and a shim for every link.
    _on_event: Closure<dyn Fn(Event)>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

impl Transport {
    /// What the face has made, `{ connection, reliable, unreliable }`; it calls the two handlers from now on.
    pub(crate) fn new(
        made: &JsValue,
        on_event: impl Fn(Event) + 'static,
        on_message: impl Fn(MessageEvent) + 'static,
    ) -> Self {
        let part = |name: &str| Reflect::get(made, &name.into()).unwrap_or_default();
        let connection: RtcPeerConnection = part("connection").unchecked_into();
        let transport = Self {
            is_by_hand: connection.local_description().is_some(),
            connection,
            reliable: part("reliable").unchecked_into(),
            unreliable: part("unreliable").unchecked_into(),
            _on_event: Closure::new(on_event),
            _on_message: Closure::new(on_message),
        };
        transport.listen();
        transport
    }

    /// Whether people carry its descriptions: there is none to be made, and the other side takes its time.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.is_by_hand
    }

    /// The connection itself.
    pub(crate) fn connection(&self) -> &RtcPeerConnection {
        &self.connection
    }

    /// Whether both channels are open.
    pub(crate) fn is_open(&self) -> bool {
        self.channels().iter().all(|channel| channel.ready_state() == RtcDataChannelState::Open)
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
        self.channels().iter().map(|channel| channel.buffered_amount() as usize).sum()
    }

    /// Whether the connection says that it has ended. `disconnected` is not the end: a path may come back, and the
    /// protocol's own probes are quicker in finding that it does not.
    pub(crate) fn ended(&self) -> Option<LinkDownReason> {
        match self.connection.connection_state() {
            RtcPeerConnectionState::Failed => Some(LinkDownReason::Failed),
            RtcPeerConnectionState::Closed => Some(LinkDownReason::Closed),
            _ => None,
        }
    }

    /// Takes the handlers away and closes everything.
    pub(crate) fn close(&self) {
        self.silence();
        for channel in self.channels() {
            channel.set_onclose(None);
            channel.close();
        }
        self.connection.close();
    }

    /// Takes all handlers away but that which tells of the channel's end, and closes the channel in order: its end
    /// comes when everything that was put in has arrived (RFC 8831, section 6.7).
    pub(crate) fn part(&self) {
        self.silence();
        self.reliable.close();
    }

    fn channels(&self) -> [&RtcDataChannel; 2] {
        [&self.reliable, &self.unreliable]
    }

    fn listen(&self) {
        let on_event = Some(self._on_event.as_ref().unchecked_ref());
        let on_message = Some(self._on_message.as_ref().unchecked_ref());
        self.connection.set_onicecandidate(on_event);
        self.connection.set_onconnectionstatechange(on_event);
        self.connection.set_ondatachannel(on_event);
        for channel in self.channels() {
            channel.set_binary_type(RtcDataChannelType::Arraybuffer);
            channel.set_onopen(on_event);
            channel.set_onclose(on_event);
            channel.set_onerror(on_event);
            channel.set_onmessage(on_message);
        }
        self.reliable.set_onbufferedamountlow(on_event);
    }

    fn silence(&self) {
        self.connection.set_onicecandidate(None);
        self.connection.set_onconnectionstatechange(None);
        self.connection.set_ondatachannel(None);
        for channel in self.channels() {
            channel.set_onopen(None);
            channel.set_onerror(None);
            channel.set_onmessage(None);
        }
        self.reliable.set_onbufferedamountlow(None);
    }
}
