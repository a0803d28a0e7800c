//! A link: one RTCPeerConnection with two data channels, from the first description to the last byte.

use alloc::{
    rc::{Rc, Weak},
    vec::Vec,
};
use core::cell::{Cell, RefCell};

use chinwag_core::{Input, Lane, LinkDownReason, LinkId, PeerId, SignalKind};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, MessageEvent};

use crate::{
    driver::Driver,
    negotiation::{Negotiation, Refusal, Step},
    transport::{Handed, Transport},
};

/// What every browser takes in one message, and so the largest frame that an honest peer sends.
const FRAME_BYTES_MAX: u32 = 16 << 10;

/// Frames that may come in before both of our channels have told that they are open.
const EARLY_FRAMES_MAX: usize = 64;

/// One attempt at a link, and the link that comes of it.
pub(crate) struct Link {
    id: LinkId,
    peer: PeerId,
    driver: Weak<Driver>,
    /// The browser's side of it: there as soon as the ICE servers are known, gone when it is closed.
    transport: RefCell<Option<Rc<Transport>>>,
    negotiation: Negotiation,
    up: Cell<bool>,
    parting: Cell<bool>,
    early: RefCell<Vec<Vec<u8>>>,
}

impl Link {
    /// Begins a connection: with an offer of ours, or with the answer to one.
    pub(crate) fn begin(driver: &Rc<Driver>, id: LinkId, peer: PeerId, offer: Option<Vec<u8>>) -> Rc<Self> {
        let link = Rc::new(Self {
            id,
            peer,
            driver: Rc::downgrade(driver),
            transport: RefCell::default(),
            negotiation: Negotiation::new(offer),
            up: Cell::default(),
            parting: Cell::default(),
            early: RefCell::default(),
        });
        driver.wait(&driver.ice_servers(), id, Step::IceServers);
        link
    }

    /// Takes in what the other side signals.
    pub(crate) fn signal(&self, kind: SignalKind, body: Vec<u8>) {
        let Some(driver) = self.driver.upgrade() else { return };
        let transport = self.transport();
        let taken = match kind {
            SignalKind::Answer => self.negotiation.take_answer(transport.as_deref(), body),
            SignalKind::Candidate => self.negotiation.take_candidates(transport.as_deref(), &body),
            SignalKind::Restart => {
                if self.negotiation.admits(&body) {
                    self.mend(Some(body));
                }
                return;
            }
            SignalKind::Offer | SignalKind::Refuse => return,
        };
        self.go_on(&driver, taken);
    }

    /// Looks for another way for a connection that has one no more (ICE restart, RFC 8445, section 9): with an offer of ours, or the answer to one.
    pub(crate) fn mend(&self, offer: Option<Vec<u8>>) {
        if let Some(driver) = self.driver.upgrade() {
            self.negotiation.renew(offer);
            driver.wait(&driver.ice_servers(), self.id, Step::IceServers);
        }
    }

    /// A promise has been kept for which this link waited.
    pub(crate) fn on_step(self: &Rc<Self>, step: Step, value: &JsValue) {
        let Some(driver) = self.driver.upgrade() else { return };
        let next = match (step, self.transport()) {
            (Step::IceServers, Some(transport)) => {
                transport.connection().configure(value);
                self.negotiation.begin(&transport, true)
            }
            (Step::IceServers, None) => self.open(&driver, value).and_then(|transport| {
                if transport.is_by_hand() { Ok(Vec::new()) } else { self.negotiation.begin(&transport, false) }
            }),
            (Step::Described, Some(transport)) => {
                if let Some((kind, body)) = self.negotiation.on_described(&transport, self.up.get()) {
                    self.tell(kind, body);
                    self.flush_candidates();
                }
                Ok(Vec::new())
            }
            (step, Some(transport)) => self.negotiation.on_step(step, &transport),
            (_, None) => return,
        };
        self.go_on(&driver, next);
    }

    /// A promise has been broken: nothing comes of this link, unless it is up already. Then it is the node that gives it up, if nothing comes over it.
    pub(crate) fn on_broken(&self) {
        if !self.up.get() {
            self.down(LinkDownReason::Refused);
        }
    }

    /// Puts a frame on one of the channels, of which the reliable one should hold no more than so much.
    pub(crate) fn send(&self, lane: Lane, frame: &[u8], buffer_bytes: usize) -> Result<Handed, LinkDownReason> {
        match &*self.transport.borrow() {
            Some(transport) => transport.send(lane, frame, buffer_bytes),
            None => Ok(Handed::Dropped),
        }
    }

    /// Frees everything at once. Closures may run while they are dropped: the glue keeps one until it returns.
    pub(crate) fn close(&self) {
        self.negotiation.clear();
        self.early.borrow_mut().clear();
        if let Some(transport) = self.transport.take() {
            transport.close();
        }
    }

    /// Lets go of the link in a way that lets out what is still in the channel: the driver hears `parted` when all
    /// has arrived. `false` if there is nothing to wait for.
    pub(crate) fn part(&self) -> bool {
        let transport = self.transport.borrow().clone();
        let Some(transport) = transport.filter(|_| self.up.get()) else { return false };
        self.parting.set(true);
        transport.part();
        true
    }

    /// What the node calls it.
    pub(crate) fn id(&self) -> LinkId {
        self.id
    }

    /// Whether both channels are open.
    pub(crate) fn is_up(&self) -> bool {
        self.up.get()
    }

    /// The peer, if both sides have described the connection, and it has not come about.
    pub(crate) fn missed(&self) -> Option<PeerId> {
        (!self.up.get() && self.negotiation.is_described()).then_some(self.peer)
    }

    /// Bytes handed to this link that the browser has not sent yet.
    pub(crate) fn buffered_bytes(&self) -> usize {
        self.transport.borrow().as_ref().map_or(0, |transport| transport.buffered_bytes())
    }

    fn transport(&self) -> Option<Rc<Transport>> {
        self.transport.borrow().clone()
    }

    /// Waits for the promises that come next.
    fn go_on(&self, driver: &Rc<Driver>, next: Result<Vec<(Step, JsValue)>, Refusal>) {
        match next {
            Ok(promises) => {
                for (step, promise) in promises {
                    driver.wait(&promise, self.id, step);
                }
            }
            Err(Refusal) => self.down(LinkDownReason::Refused),
        }
    }

    /// Makes the connection and its channels.
    fn open(self: &Rc<Self>, driver: &Rc<Driver>, ice_servers: &JsValue) -> Result<Rc<Transport>, Refusal> {
        let (events, messages) = (Rc::downgrade(self), Rc::downgrade(self));
        let on_event = move |event| {
            if let Some(link) = events.upgrade() {
                link.on_event(&event);
            }
        };
        let on_message = move |event| {
            if let Some(link) = messages.upgrade() {
                link.on_message(&event);
            }
        };
        let made = driver.connect(ice_servers).map_err(|_| Refusal)?;
        let transport = Rc::new(Transport::new(made, on_event, on_message));
        self.transport.replace(Some(Rc::clone(&transport)));
        Ok(transport)
    }

    /// The one handler of every event but `message`.
    fn on_event(self: &Rc<Self>, event: &Event) {
        let Some(transport) = self.transport.borrow().clone() else { return };
        match event.type_().as_str() {
            "close" if self.parting.get() => {
                if let Some(driver) = self.driver.upgrade() {
                    driver.parted(self.id);
                }
            }
            _ if self.parting.get() => {}
            "open" => self.check_open(&transport),
            "close" => self.down(LinkDownReason::Closed),
            "error" => self.down(LinkDownReason::Failed),
            "bufferedamountlow" if transport.is_writable() => self.input(Input::Writable { link: self.id }),
            "icecandidate" => self.on_candidate(event),
            // On a link that is up, the node's own probes are quicker than the browser, which says `disconnected` after 5 s and `failed` after more; and
            // what has failed can be mended. And before that, who does not have our description yet cannot be heard.
            "connectionstatechange" if !self.up.get() && !transport.is_by_hand() && transport.has_failed() => {
                self.down(LinkDownReason::Failed);
            }
            // A third channel: both are agreed on beforehand, so the other side is not one of ours.
            "datachannel" => {
                self.violated();
                self.down(LinkDownReason::Refused);
            }
            _ => {}
        }
    }

    fn on_message(self: &Rc<Self>, event: &MessageEvent) {
        let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() else { return self.violated() };
        if buffer.byte_length() > FRAME_BYTES_MAX {
            return self.violated();
        }
        let bytes = Uint8Array::new(&buffer).to_vec();
        if self.up.get() {
            return self.input(Input::Frame { link: self.id, bytes });
        }
        let mut early = self.early.borrow_mut();
        if early.len() < EARLY_FRAMES_MAX {
            early.push(bytes);
        } else {
            drop(early);
            self.violated();
        }
    }

    fn check_open(&self, transport: &Transport) {
        if self.up.get() || !transport.is_open() {
            return;
        }
        self.up.set(true);
        self.input(Input::LinkUp { link: self.id });
        for bytes in self.early.take() {
            self.input(Input::Frame { link: self.id, bytes });
        }
    }

    /// Gathers the candidates of one tick: each body costs a signature here and a verification there.
    fn on_candidate(self: &Rc<Self>, event: &Event) {
        // A hidden page's timers run once a second at best.
        let at_once = self.driver.upgrade().is_some_and(|driver| driver.is_hidden());
        let link = Rc::downgrade(self);
        let flush = move || {
            if let Some(link) = link.upgrade() {
                link.flush_candidates();
            }
        };
        if self.negotiation.on_candidate(event, at_once, flush) {
            self.flush_candidates();
        }
    }

    fn flush_candidates(&self) {
        if let Some(body) = self.negotiation.gathered() {
            self.tell(SignalKind::Candidate, body);
        }
    }

    fn tell(&self, kind: SignalKind, body: Vec<u8>) {
        self.input(Input::LocalSignal { link: self.id, kind, body });
    }

    fn down(&self, reason: LinkDownReason) {
        if let Some(driver) = self.driver.upgrade() {
            driver.link_down(self.id, reason);
        }
    }

    fn input(&self, input: Input) {
        if let Some(driver) = self.driver.upgrade() {
            driver.input(input);
        }
    }

    fn violated(&self) {
        if let Some(driver) = self.driver.upgrade() {
            driver.violated();
        }
    }
}
