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

/// Wall time that gets so far ahead of the monotonic clock between two looks has passed while the machine slept.
const SLEEP_MS_MIN: f64 = 2_000.0;

/// The monotonic time of a page, with the time in which its machine slept: there the browser's own clock stands still on most systems, so nobody would
/// know that it is late. A wall clock that is set ahead looks the same, and costs no more than to look after everybody once.
#[derive(Default)]
pub(crate) struct Clock {
    slept_ms: Cell<f64>,
    /// How far wall time is ahead, as of the last look.
    ahead_ms: Cell<Option<f64>>,
    woke: Cell<bool>,
}

impl Clock {
    /// The time now.
    pub(crate) fn now(&self) -> Instant {
        self.read(performance_now(), js_sys::Date::now())
    }

    /// Whether it has slept since this was last asked.
    pub(crate) fn has_slept(&self) -> bool {
        self.woke.take()
    }

    fn read(&self, shown_ms: f64, wall_ms: f64) -> Instant {
        let ahead_ms = wall_ms - shown_ms;
        let gained_ms = self.ahead_ms.replace(Some(ahead_ms)).map_or(0.0, |before_ms| ahead_ms - before_ms);
        if gained_ms > SLEEP_MS_MIN {
            self.slept_ms.set(self.slept_ms.get() + gained_ms);
            self.woke.set(true);
        }
        // A float that does not fit saturates.
        Instant::from_micros(((shown_ms + self.slept_ms.get()) * 1_000.0) as u64)
    }
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
    pub(crate) fn set(&self, now: Instant, deadline: Option<Instant>, fire: impl FnOnce() + 'static) {
        let Some(deadline) = deadline else { return self.clear() };
        if self.fires_at.get().is_some_and(|at| at <= deadline) {
            return;
        }
        let delay_ms = deadline.micros_since(now).div_ceil(1_000).min(DELAY_MS_MAX);
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

#[cfg(test)]
mod tests {
    use super::Clock;

    /// What the clock shows, in milliseconds, and whether it has slept, for what the browser's two clocks show.
    fn shown(clock: &Clock, monotonic_ms: f64, wall_ms: f64) -> (u64, bool) {
        (clock.read(monotonic_ms, wall_ms).as_millis(), clock.has_slept())
    }

    #[test]
    fn time_in_which_the_machine_slept_has_passed() {
        let clock = Clock::default();
        assert_eq!(shown(&clock, 1_000.0, 5_000_000.0), (1_000, false));
        assert_eq!(shown(&clock, 2_000.0, 5_001_000.0), (2_000, false));
        assert_eq!(shown(&clock, 2_100.0, 8_601_100.0), (3_602_100, true));
        assert_eq!(shown(&clock, 2_200.0, 8_601_200.0), (3_602_200, false));
    }

    #[test]
    fn a_wall_clock_that_drifts_is_corrected_or_goes_back_is_no_sleep() {
        let clock = Clock::default();
        for (monotonic_ms, wall_ms) in
            [(0.0, 1e12), (1_000.0, 1e12 + 2_900.0), (2_000.0, 1e12 - 3.6e6), (3_000.0, 1e12 - 3.6e6)]
        {
            assert_eq!(shown(&clock, monotonic_ms, wall_ms), (monotonic_ms as u64, false));
        }
    }
}
