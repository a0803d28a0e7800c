//! What the TypeScript face implements.

use alloc::string::String;

use js_sys::Function;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::transport::Connection;

#[wasm_bindgen(typescript_custom_section)]
const SINK: &str = r#"
/** What a host tells its room. None of it may throw. */
export interface Sink {
  /** Something about a member; `presence` is undefined unless `what` is "joined", "presence" or "self", and `why` is empty unless it is "suspected" or
   *  "failed": what was seen here, if anything, and who accuses, each behind a comma. */
  member(what: string, id: string, presence: unknown, suspect: boolean, zone: string | undefined, linked: boolean, rttMs: number | undefined, joinedAt: number, why: string): void;
  link(id: string, up: boolean): void;
  ready(): void;
  message(from: string, id: string, channel: string, sentAt: number, hops: number, direct: boolean, data: unknown, bytes: number): void;
  /** News of the map, log or counter `name`. A map: its `key`, whose write it is, the value, undefined if it was deleted. A log: the place of
   *  the message, whose it is, the message. A counter: the value. */
  state(kind: string, name: string, key: string, from: string, value: unknown): void;
  signaling(state: string): void;
  trouble(code: string, detail: string): void;
  /** All news of one moment has been told. */
  settled(): void;
  /** Calls back when this turn of the event loop is over; in a hidden page, too, whose timers are slow. */
  soon(call: () => void): void;
  /** The ICE servers for the next connection, or a promise of them. */
  iceServers(offered: unknown): unknown;
  /** A fresh connection that uses them, or one that was described already: `{ connection, reliable, unreliable }`. This may throw, when it has told why. */
  connect(iceServers: unknown): unknown;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The room of the TypeScript face to which a host belongs.
    #[wasm_bindgen(typescript_type = "Sink")]
    pub type Sink;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn member(
        this: &Sink,
        what: &str,
        id: &str,
        presence: JsValue,
        suspect: bool,
        zone: Option<String>,
        linked: bool,
        rtt_ms: Option<f64>,
        joined_at: f64,
        why: &str,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn link(this: &Sink, id: &str, up: bool) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn ready(this: &Sink) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn message(
        this: &Sink,
        from: &str,
        id: &str,
        channel: &str,
        sent_at: f64,
        hops: u8,
        direct: bool,
        data: JsValue,
        bytes: usize,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn state(
        this: &Sink,
        kind: &str,
        name: &str,
        key: &str,
        from: &str,
        value: JsValue,
    ) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn signaling(this: &Sink, state: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn trouble(this: &Sink, code: &str, detail: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn settled(this: &Sink) -> Result<(), JsValue>;

    #[wasm_bindgen(method)]
    pub(crate) fn soon(this: &Sink, call: &Function);

    #[wasm_bindgen(method, catch, js_name = iceServers)]
    pub(crate) fn ice_servers(this: &Sink, offered: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn connect(this: &Sink, ice_servers: &JsValue) -> Result<Connection, JsValue>;
}
