//! What the tests put around hosts: see `page.js`.
#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use chinwag::{Host, Sink};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/tests/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = useFakeServer)]
    fn use_fake_server();
    #[wasm_bindgen(js_name = setDown)]
    pub(crate) fn set_down(down: bool);
    #[wasm_bindgen(js_name = serverSays)]
    pub(crate) fn server_says(room: &str, text: &str);
    pub(crate) fn attached(room: &str) -> u32;
    #[wasm_bindgen(js_name = linksTold)]
    pub(crate) fn links_told(room: &str, id: &str) -> i32;
    fn memory() -> JsValue;
    fn until(sink: &JsValue, condition: &str, detail: &JsValue) -> Promise;
    fn told(sink: &JsValue) -> String;
    fn message(sink: &JsValue, at: u32) -> JsValue;
    #[wasm_bindgen(js_name = setIce)]
    fn set_ice(sink: &JsValue, ice: &Function);
    #[wasm_bindgen(js_name = setRelayOnly)]
    fn set_relay_only(sink: &JsValue, relay_only: bool);
    pub(crate) fn js(code: &str) -> JsValue;
    pub(crate) fn same(a: &JsValue, b: &JsValue) -> bool;
}

/// A host in the page, with what it has told.
pub(crate) struct Peer {
    pub(crate) host: Host,
    sink: JsValue,
}

impl Peer {
    /// A member of a room, which has not begun yet. The byte is its identity.
    pub(crate) fn new(room: &str, identity: u8) -> Self {
        Self::with(room, identity, &["ws://in.page/"], &[])
    }

    pub(crate) fn with(room: &str, identity: u8, urls: &[&str], config: &[f64]) -> Self {
        Self::made(room, identity, urls, false, config)
    }

    /// One that wants relayed connections only, where there is no relay: nobody gets through to it.
    pub(crate) fn out_of_reach(room: &str, identity: u8, config: &[f64]) -> Self {
        Self::made(room, identity, &["ws://in.page/"], true, config)
    }

    fn made(room: &str, identity: u8, urls: &[&str], relay_only: bool, config: &[f64]) -> Self {
        use_fake_server();
        let sink = memory();
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        set_relay_only(&sink, relay_only);
        let host =
            Host::new(sink.clone().unchecked_into::<Sink>(), room.to_owned(), vec![identity; 32], urls, None, config);
        Self { host: host.expect("a host"), sink }
    }

    /// A member that is in the room, linked to so many others.
    pub(crate) async fn joined(room: &str, identity: u8, others: u32) -> Self {
        let peer = Self::new(room, identity);
        peer.host.start(false);
        peer.until("ready", JsValue::UNDEFINED).await;
        peer.until("others", others).await;
        peer
    }

    /// Waits for a condition of `page.js`.
    pub(crate) async fn until(&self, condition: &str, detail: impl Into<JsValue>) {
        JsFuture::from(until(&self.sink, condition, &detail.into())).await.expect("in time");
    }

    pub(crate) fn told(&self) -> String {
        told(&self.sink)
    }

    /// What is known of a message that has come.
    pub(crate) fn message(&self, at: u32, key: &str) -> JsValue {
        js_sys::Reflect::get(&message(&self.sink, at), &key.into()).expect("a message")
    }

    /// How many have come.
    pub(crate) fn messages(&self) -> u32 {
        js_sys::Reflect::get(&self.sink, &"messages".into()).map_or(0, |all| js_sys::Array::from(&all).length())
    }

    pub(crate) fn use_ice(&self, ice: &JsValue) {
        set_ice(&self.sink, ice.unchecked_ref());
    }

    /// One of the statistics, by its place in `settings.rs`.
    pub(crate) fn stat(&self, at: usize) -> f64 {
        *self.host.stats().get(at).expect("a statistic")
    }

    pub(crate) async fn send(&self, channel: &str, to: Option<&Peer>, value: &JsValue) -> Result<(), JsValue> {
        let sent = self.host.send(channel.to_owned(), to.map(|to| to.host.id()), value)?;
        settled(&sent).await
    }

    pub(crate) async fn leave(self) {
        JsFuture::from(self.host.leave()).await.expect("leaving never fails");
    }
}

/// What becomes of a promise; of anything else, nothing.
pub(crate) async fn settled(promise: &JsValue) -> Result<(), JsValue> {
    JsFuture::from(Promise::resolve(promise)).await.map(|_| ())
}

/// The code of what a host throws.
pub(crate) fn code(failure: &JsValue) -> String {
    js_sys::Reflect::get(failure, &"code".into()).ok().and_then(|code| code.as_string()).unwrap_or_default()
}
