//! The browser's objects behind a link, and their handlers.

use alloc::string::String;

use chinwag_core::{Lane, LinkDownReason};
use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{
    Event, MessageEvent, RtcConfiguration, RtcDataChannel, RtcDataChannelInit, RtcDataChannelState, RtcDataChannelType,
    RtcIceTransportPolicy, RtcPeerConnection, RtcPeerConnectionState,
};

use crate::clock;

#[wasm_bindgen]
extern "C" {
    /// What web-sys lacks of an `RTCPeerConnection`.
    type More;
    #[wasm_bindgen(method, js_name = restartIce)]
    fn restart_ice(this: &More);
    #[wasm_bindgen(method, getter, js_name = iceGatheringState)]
    fn gathering(this: &More) -> String;
}

/// With more than this in the unreliable channel, frames for it are dropped: a late probe is worse than none.
const UNRELIABLE_BYTES_MAX: u32 = 16 << 10;

/// Chromium never collects a connection that is closed at certain moments before it has gathered its candidates, and counts it for as long as the page lives.
/// So one that has not is closed after so long, when nothing of what was begun is under way any more.
const CLOSING_MS: u32 = 1_000;

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
    /// Every handler but one is this closure, which asks the event for its type: each further one would be a table
    /// entry and a shim for every link.
    _on_event: Closure<dyn Fn(Event)>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

impl Transport {
    /// A fresh connection which calls the two handlers.
    ///
    /// # Errors
    /// The browser's exception: too many connections, or ICE servers that are none.
    pub(crate) fn open(
        ice_servers: &JsValue,
        relay_only: bool,
        on_event: impl Fn(Event) + 'static,
        on_message: impl Fn(MessageEvent) + 'static,
    ) -> Result<Self, JsValue> {
        let connection = RtcPeerConnection::new_with_configuration(&configuration(ice_servers, relay_only))?;
        let reliable = channel(&connection, 0, None);
        let unreliable = channel(&connection, 1, Some(0));
        let transport = Self {
            connection,
            reliable,
            unreliable,
            _on_event: Closure::new(on_event),
            _on_message: Closure::new(on_message),
        };
        transport.listen();
        Ok(transport)
    }

    /// Other ICE servers from the next description on.
    pub(crate) fn configure(&self, ice_servers: &JsValue, relay_only: bool) {
        // Servers that are none leave those that it had.
        let _ = self.connection.set_configuration_with_configuration(&configuration(ice_servers, relay_only));
    }

    /// The next offer is for another way.
    pub(crate) fn restart(&self) {
        self.connection.unchecked_ref::<More>().restart_ice();
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

    /// Whether the connection says that it has ended. `disconnected` is not the end: a path may come back.
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
        if self.connection.unchecked_ref::<More>().gathering() != "complete"
            && let Ok(close) = Reflect::get(&self.connection, &"close".into())
        {
            let close: Function = close.unchecked_into();
            return clock::later(CLOSING_MS, &close.bind0(&self.connection));
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

fn configuration(ice_servers: &JsValue, relay_only: bool) -> RtcConfiguration {
    let configuration = RtcConfiguration::new();
    if !ice_servers.is_undefined() {
        configuration.set_ice_servers(ice_servers);
    }
    if relay_only {
        configuration.set_ice_transport_policy(RtcIceTransportPolicy::Relay);
    }
    configuration
}

fn channel(connection: &RtcPeerConnection, id: u16, max_retransmits: Option<u16>) -> RtcDataChannel {
    let init = RtcDataChannelInit::new();
    init.set_negotiated(true);
    init.set_id(id);
    if let Some(max_retransmits) = max_retransmits {
        init.set_ordered(false);
        init.set_max_retransmits(max_retransmits);
    }
    connection.create_data_channel_with_data_channel_dict("chinwag", &init)
}
