//! The socket to the signaling server: opened as long as the node wants one, and found again when it is lost.

use alloc::{
    borrow::ToOwned,
    rc::{Rc, Weak},
    string::String,
    vec::Vec,
};
use core::cell::{Cell, RefCell};

use chinwag_core::{Input, PeerId};
use chinwag_signaling_messages::{
    ClientMessage, ErrorCode, INTRODUCTIONS_MAX, MESSAGE_BYTES_MAX, ServerMessage, VERSION,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, MessageEvent, WebSocket};

use crate::{
    base64,
    clock::Timeout,
    driver::{Driver, hex},
    messages,
    visits::Visits,
};

/// How long a server may take until its welcome. A dead address can hold a socket in CONNECTING for minutes.
const OPENING_MS_MAX: u32 = 5_000;

/// The longest first pause, after one failed round through all URLs; it doubles with each round.
const BACKOFF_MS: u32 = 500;

/// The longest pause between two rounds.
const BACKOFF_MS_MAX: u32 = 30_000;

/// What the user hears about the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalingState {
    /// A socket is being opened.
    Connecting,
    /// The server has welcomed us.
    Attached,
    /// No socket, and none is needed.
    Detached,
    /// A socket is needed, and no server answers; we keep trying.
    Unreachable,
}

impl SignalingState {
    /// Its name in JavaScript.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Attached => "attached",
            Self::Detached => "detached",
            Self::Unreachable => "unreachable",
        }
    }
}

/// The node's way to the signaling server.
pub(crate) struct Signaling {
    driver: Weak<Driver>,
    urls: Vec<String>,
    room: String,
    id: String,
    phase: RefCell<Phase>,
    state: Cell<SignalingState>,
    /// The URL that is being tried.
    url: Cell<usize>,
    /// Rounds through all URLs that have failed, one after another.
    rounds_failed: Cell<u32>,
    /// The server has told us not to come back with what we have.
    refused: Cell<bool>,
    links_told: Cell<u32>,
    visits: Visits,
}

enum Phase {
    Idle,
    Opening { socket: Socket, _deadline: Timeout },
    Attached { socket: Socket },
    Waiting { _until: Timeout },
}

impl Signaling {
    /// A way to the first of `urls` that answers.
    pub(crate) fn new(driver: Weak<Driver>, urls: Vec<String>, room: String, id: PeerId) -> Self {
        Self {
            driver,
            urls,
            room,
            id: hex(id.as_bytes()),
            phase: RefCell::new(Phase::Idle),
            state: Cell::new(SignalingState::Detached),
            url: Cell::new(0),
            rounds_failed: Cell::new(0),
            refused: Cell::new(false),
            links_told: Cell::new(0),
            visits: Visits::default(),
        }
    }

    /// Begins to look at the other servers now and then, if there are others.
    pub(crate) fn start(&self) {
        self.plan_visit(Visits::pause_ms(1, true));
    }

    /// Lets go of everything: we have left.
    pub(crate) fn end(&self) {
        self.want(false);
        self.visits.end();
    }

    /// Holds a socket from now on, or lets it go. To want one once more is to want another. Who has no server does without, and is not reminded of it.
    pub(crate) fn want(&self, wanted: bool) {
        if self.urls.is_empty() {
            return;
        }
        let idle = matches!(*self.phase.borrow(), Phase::Idle);
        if wanted && idle {
            self.tell_state(SignalingState::Connecting);
            self.url.set(0);
            self.open();
        } else if wanted {
            self.renew();
        } else if !idle {
            self.phase.replace(Phase::Idle);
            self.rounds_failed.set(0);
            self.tell_state(SignalingState::Detached);
        }
    }

    /// Our network may be another. A socket that led to the server before is not believed, since it may take minutes to show that it leads nowhere: there
    /// is a new one at once. And there is no reason to wait any longer for the next attempt.
    pub(crate) fn renew(&self) {
        if self.visits.is_on() {
            self.plan_next_visit();
        }
        let attached = match *self.phase.borrow() {
            Phase::Attached { .. } => true,
            Phase::Waiting { .. } => false,
            Phase::Idle | Phase::Opening { .. } => return,
        };
        if attached {
            self.tell_state(SignalingState::Connecting);
            if let Some(driver) = self.driver.upgrade() {
                driver.input(Input::Detached);
            }
        }
        self.open();
    }

    /// Has the server carry a frame. Without a server it is lost, and the node's own timeouts take care.
    pub(crate) fn signal(&self, to: PeerId, frame: &[u8]) {
        let to = hex(to.as_bytes());
        let visited = self.visits.reaches(&to);
        let message = ClientMessage::Signal { to, data: base64::encode(frame) };
        if visited {
            self.visits.send(&message);
        } else {
            self.send(&message);
        }
    }

    /// Asks for further members to dial.
    pub(crate) fn introduce(&self) {
        self.send(&ClientMessage::Peers);
    }

    /// Tells the server how many links are open, if that has changed: one that has some may be released.
    pub(crate) fn linked(&self, links: u32) {
        // A visit has served its purpose when no link depends on it any more.
        if links > 0 && self.visits.is_welcome() {
            self.plan_next_visit();
        }
        if self.state.get() == SignalingState::Attached && self.links_told.replace(links) != links {
            self.send(&ClientMessage::Linked { links });
        }
    }

    /// Tries the URLs from the present one on, until a socket can be made.
    fn open(&self) {
        while let Some(url) = self.urls.get(self.url.get()) {
            let (driver, late) = (self.driver.clone(), self.driver.clone());
            let opened = Socket::open(url, move |event| {
                if let Some(driver) = driver.upgrade() {
                    driver.signaling().on_event(&event);
                    driver.run();
                }
            });
            if let Ok(socket) = opened {
                let deadline = Timeout::new(OPENING_MS_MAX, move || {
                    if let Some(driver) = late.upgrade() {
                        driver.signaling().on_failure();
                        driver.run();
                    }
                });
                self.phase.replace(Phase::Opening { socket, _deadline: deadline });
                return;
            }
            self.url.set(self.url.get() + 1);
        }
        self.wait();
    }

    /// All URLs have failed: waits for a random time, so that a crowd does not come back all at once.
    fn wait(&self) {
        let rounds = self.rounds_failed.get();
        self.rounds_failed.set(rounds.saturating_add(1));
        self.tell_state(SignalingState::Unreachable);
        let longest = if self.refused.replace(false) { BACKOFF_MS_MAX } else { backoff_ms(rounds) };
        self.pause(longest);
    }

    fn pause(&self, longest_ms: u32) {
        self.url.set(0);
        let driver = self.driver.clone();
        let until = Timeout::new((js_sys::Math::random() * f64::from(longest_ms)) as u32, move || {
            if let Some(driver) = driver.upgrade() {
                driver.signaling().open();
                driver.run();
            }
        });
        self.phase.replace(Phase::Waiting { _until: until });
    }

    fn on_event(&self, event: &Event) {
        match event.type_().as_str() {
            "open" => self.send(&self.join()),
            "message" => {
                if let Some(text) = text_of(event) {
                    self.on_message(&text);
                }
            }
            _ => self.on_failure(),
        }
    }

    fn on_message(&self, text: &str) {
        let Some(driver) = self.driver.upgrade() else { return };
        let Some((message, ice_servers)) = messages::decode(text) else { return };
        let attached = matches!(*self.phase.borrow(), Phase::Attached { .. });
        match message {
            ServerMessage::Welcome { version, members, .. } if !attached => {
                if version != VERSION {
                    self.refused.set(true);
                    driver.trouble(
                        "protocol",
                        "it speaks another version of the signaling messages than this page".to_owned(),
                    );
                    return self.on_failure();
                }
                driver.offer_ice(ice_servers);
                self.on_welcome();
                driver.input(Input::Attached { members: peers(&members) });
            }
            ServerMessage::Peers { members } if attached => {
                driver.input(Input::Introduced { members: peers(&members) });
            }
            ServerMessage::Signal { .. } | ServerMessage::Unknown { .. } if attached => pass_on(&driver, message),
            ServerMessage::Release if attached => {
                self.want(false);
                driver.input(Input::Released);
            }
            ServerMessage::Error { code, message } => {
                self.refused.set(matches!(code, ErrorCode::Replaced | ErrorCode::Version));
                driver.trouble("protocol", message);
            }
            _ => {}
        }
    }

    fn on_welcome(&self) {
        self.rounds_failed.set(0);
        self.links_told.set(0);
        let phase = match self.phase.replace(Phase::Idle) {
            Phase::Opening { socket, .. } => Phase::Attached { socket },
            other => other,
        };
        self.phase.replace(phase);
        self.tell_state(SignalingState::Attached);
    }

    /// The socket has closed, or has not opened in time.
    fn on_failure(&self) {
        match self.phase.replace(Phase::Idle) {
            Phase::Attached { .. } => {
                if self.refused.get() {
                    self.wait();
                } else {
                    self.tell_state(SignalingState::Connecting);
                    self.pause(BACKOFF_MS);
                }
                if let Some(driver) = self.driver.upgrade() {
                    driver.input(Input::Detached);
                }
            }
            Phase::Opening { .. } => {
                self.url.set(self.url.get() + 1);
                self.open();
            }
            other => drop(self.phase.replace(other)),
        }
    }

    fn send(&self, message: &ClientMessage) {
        if let Phase::Attached { socket } | Phase::Opening { socket, .. } = &*self.phase.borrow() {
            socket.send(message);
        }
    }

    fn join(&self) -> ClientMessage {
        ClientMessage::Join { version: VERSION, room: self.room.clone(), id: self.id.clone() }
    }

    /// Goes to another server than the one that we hold to, unless we are still looking for one.
    pub(crate) fn visit(&self) {
        if self.visits.is_on() {
            // It has lasted for long enough.
            return self.plan_next_visit();
        }
        let settled = matches!(*self.phase.borrow(), Phase::Idle | Phase::Attached { .. });
        let here = self.url.get();
        let turn = self.visits.turn(self.urls.len().saturating_sub(1));
        let url = self.urls.get(if turn < here { turn } else { turn.saturating_add(1) }).filter(|_| settled);
        let driver = self.driver.clone();
        let socket = url.and_then(|url| {
            let opened = Socket::open(url, move |event| {
                if let Some(driver) = driver.upgrade() {
                    driver.signaling().on_visit(&event);
                    driver.run();
                }
            });
            opened.ok()
        });
        self.visits.begin(self.driver.clone(), socket);
    }

    fn on_visit(&self, event: &Event) {
        match event.type_().as_str() {
            "open" => self.visits.send(&self.join()),
            "message" => {
                let (Some(driver), Some(text)) = (self.driver.upgrade(), text_of(event)) else { return };
                match messages::decode(&text) {
                    Some((ServerMessage::Welcome { version: VERSION, members, .. }, _))
                        if self.visits.welcomed(&members) =>
                    {
                        driver.input(Input::Introduced { members: peers(&members) });
                    }
                    Some((message, _)) => {
                        if let ServerMessage::Signal { from, .. } = &message {
                            self.visits.meet(from.clone());
                        }
                        pass_on(&driver, message);
                    }
                    None => {}
                }
            }
            _ => self.plan_next_visit(),
        }
    }

    fn plan_next_visit(&self) {
        if let Some(driver) = self.driver.upgrade() {
            let (members, alone) = driver.company();
            self.plan_visit(Visits::pause_ms(members, alone));
        }
    }

    fn plan_visit(&self, pause_ms: u32) {
        if self.urls.len() > 1 {
            self.visits.plan(self.driver.clone(), pause_ms);
        }
    }

    fn tell_state(&self, state: SignalingState) {
        if self.state.replace(state) != state
            && let Some(driver) = self.driver.upgrade()
        {
            driver.signaling_state(state);
        }
    }
}

/// The longest pause after this many failed rounds before: exponential, of which a random part is waited.
fn backoff_ms(rounds_before: u32) -> u32 {
    BACKOFF_MS.saturating_mul(1 << rounds_before.min(16)).min(BACKOFF_MS_MAX)
}

/// The ids among what a server names, and no more of them than it may.
fn peers(ids: &[String]) -> Vec<PeerId> {
    ids.iter().filter_map(|id| id.parse().ok()).take(INTRODUCTIONS_MAX).collect()
}

/// Hands in what a server carries from another member, or cannot carry to one.
fn pass_on(driver: &Rc<Driver>, message: ServerMessage) {
    match message {
        ServerMessage::Signal { from, data } => {
            if let (Ok(from), Some(frame)) = (from.parse(), base64::decode(&data)) {
                driver.input(Input::ServerSignal { from, frame });
            }
        }
        ServerMessage::Unknown { to } => {
            if let Ok(peer) = to.parse() {
                driver.input(Input::ServerUnknown { peer });
            }
        }
        _ => {}
    }
}

/// What a server says in a `message`, if it is no longer than it may be.
fn text_of(event: &Event) -> Option<String> {
    let text = event.unchecked_ref::<MessageEvent>().data().as_string();
    text.filter(|text| text.len() <= MESSAGE_BYTES_MAX)
}

/// A WebSocket with its one handler; closed when it is dropped.
pub(crate) struct Socket {
    web: WebSocket,
    _on_event: Closure<dyn Fn(Event)>,
}

impl Socket {
    fn open(url: &str, on_event: impl Fn(Event) + 'static) -> Result<Self, JsValue> {
        let web = WebSocket::new(url)?;
        let on_event = Closure::<dyn Fn(Event)>::new(on_event);
        let handler = Some(on_event.as_ref().unchecked_ref());
        web.set_onopen(handler);
        web.set_onmessage(handler);
        web.set_onclose(handler);
        web.set_onerror(handler);
        Ok(Self { web, _on_event: on_event })
    }

    pub(crate) fn send(&self, message: &ClientMessage) {
        // It throws while the socket is opening, and then nobody waits for the message.
        let _ = self.web.send_with_str(&messages::encode(message));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.web.set_onopen(None);
        self.web.set_onmessage(None);
        self.web.set_onclose(None);
        self.web.set_onerror(None);
        // It throws for a wrong code only, and there is none.
        let _ = self.web.close();
    }
}

#[cfg(test)]
mod tests {
    use super::{BACKOFF_MS_MAX, INTRODUCTIONS_MAX, backoff_ms, peers};

    #[test]
    fn the_pause_doubles_up_to_its_bound() {
        assert_eq!([0, 1, 2, 5].map(backoff_ms), [500, 1_000, 2_000, 16_000]);
        assert_eq!([6, 7, 40, u32::MAX].map(backoff_ms), [BACKOFF_MS_MAX; 4]);
    }

    #[test]
    fn what_is_no_id_and_what_is_too_much_is_left_out() {
        let id = |digit: &str| digit.repeat(32);
        let named = [id("a"), "nobody".to_owned(), id("b"), id("A"), id("c"), id("d")];
        let taken = peers(&named);
        assert_eq!(taken.len(), INTRODUCTIONS_MAX);
        assert_eq!(taken.iter().map(ToString::to_string).collect::<Vec<_>>(), [id("a"), id("b"), id("c")]);
    }
}
