//! The browser's clocks and timers.
//!
//! Not through gloo-timers, since that links the standard library (see `runtime`).

use core::cell::{Cell, RefCell};

use chinwag_core::Instant;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};

/// The longest delay that `setTimeout` takes: a longer one fires at once.
const DELAY_MS_MAX: u64 = (1 << 31) - 1;

#[wasm_bindgen]
extern "C" {
    /// Monotonic, and the same for a page and everything in it.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(handler: &js_sys::Function, delay_ms: u32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// A call in the future, unless this is dropped before.
pub(crate) struct Timeout {
    timer: JsValue,
    _handler: Closure<dyn FnMut()>,
}

impl Timeout {
    /// Calls `handler` in `delay_ms`, at most [`DELAY_MS_MAX`].
    pub(crate) fn new(delay_ms: u32, handler: impl FnOnce() + 'static) -> Self {
        let handler = Closure::once(handler);
        Self { timer: set_timeout(handler.as_ref().unchecked_ref(), delay_ms), _handler: handler }
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
    }
}

/// The monotonic time.
pub(crate) fn now() -> Instant {
    // A float that does not fit saturates.
    Instant::from_micros((performance_now() * 1_000.0) as u64)
}

/// Wall time in milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// A time around `ms`, by a quarter of it at most: a crowd shall not do the same at the same time.
pub(crate) fn jittered(ms: u32) -> u32 {
    ((0.75 + js_sys::Math::random() / 2.0) * f64::from(ms)) as u32
}

/// The timer for `Node::next_timeout`.
///
/// Most inputs move the node's deadline a little later. The timer is left alone then: it fires too early, finds
/// nothing due, and is set again, which is cheaper than two calls into the browser for every frame.
#[derive(Default)]
pub(crate) struct Alarm {
    armed: RefCell<Option<Timeout>>,
    fires_at: Cell<Option<Instant>>,
}

impl Alarm {
    /// Sees to it that `fire` is called at `deadline` or sooner.
    pub(crate) fn set(&self, deadline: Option<Instant>, fire: impl FnOnce() + 'static) {
        let Some(deadline) = deadline else { return self.clear() };
        if self.fires_at.get().is_some_and(|at| at <= deadline) {
            return;
        }
        let delay_ms = deadline.micros_since(now()).div_ceil(1_000).min(DELAY_MS_MAX);
        let timeout = Timeout::new(u32::try_from(delay_ms).unwrap_or(0), fire);
        self.fires_at.set(Some(deadline));
        self.armed.replace(Some(timeout));
    }

    /// To be called when it has fired.
    pub(crate) fn clear(&self) {
        self.fires_at.set(None);
        self.armed.replace(None);
    }
}
