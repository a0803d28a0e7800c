//! Drives one node: inputs in, outputs out, one timer, and news for the TypeScript face.

use alloc::{
    collections::VecDeque,
    rc::{Rc, Weak},
    string::String,
    vec::Vec,
};
use core::cell::{Cell, RefCell};

use chinwag_core::{Command, Input, LinkDownReason, LinkId, Node, Output, PeerId, Refused};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};

use crate::{
    clock::{self, Alarm, Clock, Timeout},
    link::Link,
    negotiation::Step,
    news::{JOINED_MAX, News, Trouble},
    signaling::{Signaling, SignalingState},
    sink::Sink,
    transport::{Connection, Handed},
};

#[wasm_bindgen]
extern "C" {
    /// A promise, to which both handlers are given at once.
    type Thenable;
    #[wasm_bindgen(method)]
    fn then(this: &Thenable, kept: &Function, broken: &Function) -> JsValue;
}

/// A departure waits for the goodbye to arrive until nothing has moved for so long; then everything is closed.
const PARTING_MS: u32 = 1_000;

/// What the host counts beside the node's own statistics.
#[derive(Default)]
pub(crate) struct Counters {
    /// RTCPeerConnections made: a browser has some 500 in all, and closed ones count until they are collected.
    pub(crate) connections_made: Cell<u64>,
    /// Incoming messages that no honest peer sends: not bytes, or larger than a frame.
    pub(crate) frames_refused: Cell<u64>,
    /// Values of others that were none.
    pub(crate) values_refused: Cell<u64>,
    /// Frames for the unreliable channel that found it full.
    pub(crate) frames_dropped: Cell<u64>,
    /// Messages that came in.
    pub(crate) messages_in: Cell<u64>,
    /// Messages that joined another one on their way out: the node counts them as one.
    pub(crate) joined_out: Cell<u64>,
}

/// One more.
pub(crate) fn count(counter: &Cell<u64>) {
    counter.set(counter.get().saturating_add(1));
}

/// Messages that go into one post, in bytes: what a post costs, a signature above all, is paid once for all of them.
const JOINED_BYTES_MAX: usize = 15 << 10;

/// Messages that wait until the links take them, or until the turn of the event loop is over.
struct Waiting {
    command: Command,
    /// How many they are.
    count: u32,
    /// Their promise, and what keeps and breaks it; none if nobody waits for them, since they only wait for others to join them.
    promise: JsValue,
    settle: Option<(Function, Function)>,
}

impl Waiting {
    /// Takes in a message of the same moment for the same readers, if there is room.
    fn join(&mut self, other: &Command, bytes_max: usize) -> bool {
        match (&mut self.command, other) {
            (
                Command::Send { channel, to, payload, sent_at_ms },
                Command::Send { channel: its_channel, to: its_to, payload: its_payload, sent_at_ms: its_ms },
            ) if payload.len() + its_payload.len() <= bytes_max
                && self.count < JOINED_MAX
                && sent_at_ms == its_ms
                && to == its_to
                && channel == its_channel =>
            {
                payload.extend_from_slice(its_payload);
                self.count += 1;
                true
            }
            _ => false,
        }
    }
}

/// A node and everything in the browser that belongs to it.
///
/// The browser calls in from events, timers and promises, and every such call ends in [`Driver::run`], which drains
/// the node. Nothing of the user's runs in the meantime: news is gathered, and told when the node is at rest, so a
/// listener may call whatever it likes.
pub(crate) struct Driver {
    node: RefCell<Node>,
    sink: Sink,
    signaling: Signaling,
    clock: Clock,
    alarm: Alarm,
    links: RefCell<Vec<Rc<Link>>>,
    /// Links which carry our goodbye.
    parting: RefCell<Vec<Rc<Link>>>,
    parted: RefCell<Option<(Function, Option<Timeout>)>>,
    inputs: RefCell<VecDeque<Input>>,
    sends: RefCell<VecDeque<Waiting>>,
    /// When something went out at once: what follows in the same millisecond waits for others to join it …
    said_ms: Cell<u64>,
    /// … until this turn of the event loop is over.
    corked: Cell<bool>,
    on_turn: Function,
    joined_bytes_max: usize,
    news: RefCell<VecDeque<News>>,
    /// Called with a link, a step and a value, for every promise that is kept; and likewise for one that is broken.
    on_kept: Function,
    on_broken: Function,
    ice_offered: RefCell<JsValue>,
    hidden: Cell<bool>,
    started: Cell<bool>,
    running: Cell<bool>,
    telling: Cell<bool>,
    leaving: Cell<bool>,
    counters: Counters,
}

impl Driver {
    /// A driver that does nothing until it is started.
    pub(crate) fn new(node: Node, sink: Sink, room: String, urls: Vec<String>, message_bytes_max: usize) -> Rc<Self> {
        Rc::new_cyclic(|driver| Self {
            signaling: Signaling::new(driver.clone(), urls, room, node.id()),
            node: RefCell::new(node),
            sink,
            clock: Clock::default(),
            alarm: Alarm::default(),
            links: RefCell::default(),
            parting: RefCell::default(),
            parted: RefCell::default(),
            inputs: RefCell::default(),
            sends: RefCell::default(),
            said_ms: Cell::default(),
            corked: Cell::default(),
            on_turn: turn_handler(driver.clone()),
            joined_bytes_max: JOINED_BYTES_MAX.min(message_bytes_max),
            news: RefCell::default(),
            on_kept: handler(driver.clone(), Link::on_step),
            on_broken: handler(driver.clone(), |link, _, _| link.on_broken()),
            ice_offered: RefCell::new(JsValue::UNDEFINED),
            hidden: Cell::default(),
            started: Cell::default(),
            running: Cell::default(),
            telling: Cell::default(),
            leaving: Cell::default(),
            counters: Counters::default(),
        })
    }

    /// Lets the node begin.
    pub(crate) fn start(self: &Rc<Self>) {
        self.started.set(true);
        self.signaling.start();
        self.run();
    }

    /// Hands in what the user wants. A refusal changes nothing.
    pub(crate) fn command(self: &Rc<Self>, command: Command) -> Result<(), Refused> {
        let done = self.node.borrow_mut().handle(self.clock.now(), Input::Command(command));
        self.run();
        done
    }

    /// Hands in what has happened.
    pub(crate) fn input(self: &Rc<Self>, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        self.run();
    }

    /// Sends a message. Returns a promise if links are behind, which resolves when they have it.
    ///
    /// A message goes at once, unless it follows another in the same millisecond: then it waits for more until this turn of the event loop is over, or until they
    /// fill a post.
    pub(crate) fn send(self: &Rc<Self>, command: Command) -> Result<JsValue, JsValue> {
        let mut follows = false;
        if let Command::Send { channel, to, payload, sent_at_ms } = &command {
            self.with_node(|node| node.check_message(channel, *to, payload)).map_err(crate::refusal)?;
            follows = *sent_at_ms == self.said_ms.get();
        }
        let mut waits = self.with_node(Node::is_behind);
        if let Some(last) = self.sends.borrow_mut().back_mut() {
            if last.join(&command, self.joined_bytes_max) {
                count(&self.counters.joined_out);
                return Ok(last.promise.clone());
            }
            waits |= last.settle.is_some();
        }
        let (mut promise, mut settle) = (JsValue::UNDEFINED, None);
        if waits {
            promise = Promise::new(&mut |resolve, reject| settle = Some((resolve, reject))).into();
        } else if !follows && self.sends.borrow().is_empty() {
            self.command(command).map_err(crate::refusal)?;
            // To say it has taken some of the time in which something can follow.
            self.said_ms.set(clock::wall_ms());
            return Ok(promise);
        } else if !self.corked.replace(true) {
            self.sink.soon(&self.on_turn);
        }
        self.sends.borrow_mut().push_back(Waiting { command, count: 1, promise: promise.clone(), settle });
        self.run();
        Ok(promise)
    }

    /// The turn of the event loop is over: what waited for others goes.
    fn uncork(self: &Rc<Self>) {
        self.corked.set(false);
        self.run();
    }

    /// Does everything that is to do now, then tells the news and sets the timer.
    pub(crate) fn run(self: &Rc<Self>) {
        if !self.started.get() || self.running.replace(true) {
            return;
        }
        loop {
            self.drain();
            if let Some(input) = self.next_input() {
                // Only commands are refused.
                let _ = self.node.borrow_mut().handle(self.clock.now(), input);
            } else if let Some(waiting) = self.next_send() {
                let done = self.node.borrow_mut().handle(self.clock.now(), Input::Command(waiting.command));
                self.drain();
                // Settling a promise runs nothing of the user's before we are through.
                if let Some((resolve, reject)) = waiting.settle {
                    let _ = match done {
                        Ok(()) => resolve.call0(&JsValue::UNDEFINED),
                        Err(refused) => reject.call1(&JsValue::UNDEFINED, &crate::refusal(refused)),
                    };
                }
            } else {
                break;
            }
        }
        self.running.set(false);
        // As long as a link is being made by way of the server, we say that we have none, or it lets go of us.
        self.signaling.linked(if self.node.borrow().needs_server() { 0 } else { self.links_open() });
        self.set_alarm();
        self.tell();
    }

    /// Says goodbye and closes everything; the promise resolves when the goodbye has arrived, or when nothing moves for
    /// a second.
    pub(crate) fn leave(self: &Rc<Self>) -> Promise {
        self.uncork();
        self.leaving.set(true);
        // A node that has left already has no objection.
        let _ = self.command(Command::Leave);
        let ids: Vec<LinkId> = self.links.borrow().iter().map(|link| link.id()).collect();
        for id in ids {
            self.close(id);
        }
        self.signaling.end();
        self.alarm.clear();
        for waiting in self.sends.take() {
            if let Some((_, reject)) = waiting.settle {
                let _ = reject.call1(&JsValue::UNDEFINED, &crate::refusal(Refused::Left));
            }
        }
        self.tell();
        if self.parting.borrow().is_empty() {
            return Promise::resolve(&JsValue::UNDEFINED);
        }
        let promise = Promise::new(&mut |resolve, _| {
            self.parted.replace(Some((resolve, None)));
        });
        self.await_parting();
        promise
    }

    /// Gives the links that carry our goodbye a while; and another, as long as they move.
    fn await_parting(self: &Rc<Self>) {
        let left = |driver: &Self| -> usize { driver.parting.borrow().iter().map(|link| link.buffered_bytes()).sum() };
        let (driver, before) = (Rc::downgrade(self), left(self));
        let look_again = Timeout::new(PARTING_MS, move || {
            let Some(driver) = driver.upgrade() else { return };
            if left(&driver) < before {
                driver.await_parting();
            } else {
                driver.end_parting();
            }
        });
        if let Some((_, look_at)) = &mut *self.parted.borrow_mut() {
            *look_at = Some(look_again);
        }
    }

    /// The page was hidden or shown.
    pub(crate) fn set_hidden(self: &Rc<Self>, hidden: bool) {
        if self.hidden.replace(hidden) != hidden {
            // A node that has left does not care.
            let _ = self.command(Command::SetHidden { hidden });
        }
    }

    /// Our network may be another: what led anywhere before may lead nowhere now.
    pub(crate) fn moved(self: &Rc<Self>) {
        self.signaling.renew();
        self.input(Input::Moved);
    }

    /// A link has ended by itself.
    pub(crate) fn link_down(self: &Rc<Self>, link: LinkId, reason: LinkDownReason) {
        let gone = take(&self.links, link);
        if let Some(gone) = gone {
            gone.close();
            self.lament(&gone);
            self.input(Input::LinkDown { link, reason });
        }
    }

    /// Everything that a parting link held has arrived.
    pub(crate) fn parted(&self, link: LinkId) {
        let gone = take(&self.parting, link);
        if let Some(gone) = gone {
            gone.close();
        }
        if self.parting.borrow().is_empty() {
            self.end_parting();
        }
    }

    /// A peer sent what no honest one does.
    pub(crate) fn violated(&self) {
        count(&self.counters.frames_refused);
    }

    /// A fresh connection with two channels, made by the face; or one that was waiting there for just this link.
    pub(crate) fn connect(&self, ice_servers: &JsValue) -> Result<Connection, JsValue> {
        self.sink.connect(ice_servers).inspect(|_| count(&self.counters.connections_made))
    }

    /// Something is wrong of which the user should know.
    pub(crate) fn trouble(&self, code: &'static str, detail: String) {
        self.news.borrow_mut().push_back(News::Trouble(Trouble { code, detail }));
    }

    /// The state of the socket has changed.
    pub(crate) fn signaling_state(&self, state: SignalingState) {
        self.news.borrow_mut().push_back(News::Signaling(state));
    }

    /// The ICE servers that the signaling server offers.
    pub(crate) fn offer_ice(&self, servers: JsValue) {
        self.ice_offered.replace(servers);
    }

    /// Has a link hear when a promise is kept or broken. If it is gone by then, nobody does.
    pub(crate) fn wait(&self, promise: &JsValue, link: LinkId, step: Step) {
        let bound = |handler: &Function| -> Function {
            handler.bind2(&JsValue::UNDEFINED, &link.0.into(), &(step as u32).into()).unchecked_into()
        };
        let promise: Thenable = Promise::resolve(promise).unchecked_into();
        promise.then(&bound(&self.on_kept), &bound(&self.on_broken));
    }

    /// What the next connection shall use: an array of ICE servers, or a promise of one.
    pub(crate) fn ice_servers(&self) -> JsValue {
        self.sink.ice_servers(&self.ice_offered.borrow()).unwrap_or_else(|error| Promise::reject(&error).into())
    }

    /// Whether the page is hidden.
    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden.get()
    }

    /// The way to the server.
    pub(crate) fn signaling(&self) -> &Signaling {
        &self.signaling
    }

    /// The node, to be looked at.
    pub(crate) fn with_node<T>(&self, look: impl FnOnce(&Node) -> T) -> T {
        look(&self.node.borrow())
    }

    /// How many are in the room, ourselves included, and whether we have no link to any.
    pub(crate) fn company(&self) -> (u64, bool) {
        (self.with_node(|node| node.stats().members), self.links_open() == 0)
    }

    /// What the host has counted.
    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Bytes that wait in the node and in the channels of all links.
    pub(crate) fn buffered_bytes(&self) -> usize {
        let waiting: usize = self.with_node(|node| node.waiting().map(|(_, bytes)| bytes).sum());
        let buffered: usize = self.links.borrow().iter().map(|link| link.buffered_bytes()).sum();
        waiting + buffered
    }

    /// Messages that wait for a link to catch up; those that go together are one.
    pub(crate) fn sends_waiting(&self) -> usize {
        let sends = self.sends.borrow();
        if sends.back().is_some_and(|last| last.settle.is_some()) { sends.len() } else { 0 }
    }

    /// Tells about ourselves.
    pub(crate) fn tell_self(&self) {
        let me = self.with_node(|node| node.member(&node.id()));
        if let Some(me) = me {
            News::Myself(me).tell(&self.sink, &self.counters);
        }
    }

    /// Tells what a view of the state holds. None of the user's listeners can have one yet.
    pub(crate) fn tell_all(&self, kind: &str, name: &str) {
        let kind = kind.as_bytes().first().copied().unwrap_or_default();
        let events = self.with_node(|node| node.retold(kind, name));
        events.into_iter().for_each(|event| News::Node(event).tell(&self.sink, &self.counters));
    }

    fn drain(self: &Rc<Self>) {
        loop {
            let output = self.node.borrow_mut().poll();
            match output {
                Some(output) => self.perform(output),
                None => return,
            }
        }
    }

    fn perform(self: &Rc<Self>, output: Output) {
        match output {
            Output::Send { link, lane, frame } => {
                let buffer_bytes = self.with_node(|node| node.buffer_bytes(link));
                match self.link(link).map(|to| to.send(lane, &frame, buffer_bytes)) {
                    Some(Ok(Handed::OverAndFull)) => self.congested(link),
                    Some(Ok(Handed::Dropped)) => count(&self.counters.frames_dropped),
                    Some(Err(reason)) => self.link_down(link, reason),
                    Some(Ok(Handed::Over)) | None => {}
                }
            }
            Output::Dial { link, peer } => self.begin(link, peer, None),
            Output::Accept { link, peer, offer } => self.begin(link, peer, Some(offer)),
            Output::Mend { link } => {
                if let Some(link) = self.link(link) {
                    link.mend(None);
                }
            }
            Output::RemoteSignal { link, kind, body } => {
                if let Some(link) = self.link(link) {
                    link.signal(kind, body);
                }
            }
            Output::Close { link } => self.close(link),
            Output::Signal { to, frame } => self.signaling.signal(to, &frame),
            Output::Server { wanted } => self.signaling.want(wanted),
            Output::Introduce => self.signaling.introduce(),
            Output::Event(event) => self.news.borrow_mut().push_back(News::Node(event)),
        }
    }

    /// In the midst of a drain, which goes on: what else there is for this link waits in the node.
    fn congested(&self, link: LinkId) {
        // Only commands are refused.
        let _ = self.node.borrow_mut().handle(self.clock.now(), Input::Congested { link });
    }

    fn begin(self: &Rc<Self>, id: LinkId, peer: PeerId, offer: Option<Vec<u8>>) {
        let link = Link::begin(self, id, peer, offer);
        self.links.borrow_mut().push(link);
    }

    /// Tells the user of a connection that has not come about, if there is no other: nobody else can help, with a TURN server.
    fn lament(&self, gone: &Link) {
        if let Some(peer) = gone.missed().filter(|_| !self.leaving.get() && self.links_open() == 0) {
            self.trouble("unlinked", hex(peer.as_bytes()));
        }
    }

    /// Closes a link at once; or, when we leave, once it has carried our goodbye.
    fn close(&self, id: LinkId) {
        let Some(gone) = take(&self.links, id) else { return };
        if self.leaving.get() && gone.part() {
            self.parting.borrow_mut().push(gone);
        } else {
            gone.close();
            self.lament(&gone);
        }
    }

    fn end_parting(&self) {
        for link in self.parting.take() {
            link.close();
        }
        let parted = self.parted.take();
        if let Some((resolve, _)) = parted {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }

    fn next_input(&self) -> Option<Input> {
        self.inputs.borrow_mut().pop_front()
    }

    /// The next messages, unless a link is behind that is worth waiting for, or others may still join them: order among messages is kept, so the first one
    /// holds up all.
    fn next_send(&self) -> Option<Waiting> {
        let mut sends = self.sends.borrow_mut();
        let first = sends.front()?;
        let waits = match first.settle {
            Some(_) => self.with_node(Node::is_behind),
            None => self.corked.get() && sends.len() == 1,
        };
        if waits { None } else { sends.pop_front() }
    }

    fn set_alarm(self: &Rc<Self>) {
        let deadline = self.with_node(Node::next_timeout);
        let driver = Rc::downgrade(self);
        self.alarm.set(self.clock.now(), deadline, move || {
            if let Some(driver) = driver.upgrade() {
                driver.on_alarm();
            }
        });
    }

    fn on_alarm(self: &Rc<Self>) {
        self.alarm.clear();
        let now = self.clock.now();
        // The monotonic clock may have stood still while this host slept.
        self.node.borrow_mut().set_wall_ms(now, clock::wall_ms());
        if self.with_node(Node::next_timeout).is_some_and(|due| due <= now) {
            self.node.borrow_mut().handle_timeout(now);
        }
        if self.clock.has_slept() {
            return self.moved();
        }
        self.run();
    }

    /// Tells the news, in order, also when a listener causes further news.
    fn tell(&self) {
        if self.telling.replace(true) {
            return;
        }
        while let Some(news) = self.next_news() {
            news.tell(&self.sink, &self.counters);
            if self.news.borrow().is_empty() {
                // The face catches what its listeners throw.
                let _ = self.sink.settled();
            }
        }
        self.telling.set(false);
    }

    fn next_news(&self) -> Option<News> {
        self.news.borrow_mut().pop_front()
    }

    fn link(&self, id: LinkId) -> Option<Rc<Link>> {
        self.links.borrow().iter().find(|link| link.id() == id).cloned()
    }

    fn links_open(&self) -> u32 {
        u32::try_from(self.links.borrow().iter().filter(|link| link.is_up()).count()).unwrap_or(u32::MAX)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        for link in self.links.take().into_iter().chain(self.parting.take()) {
            link.close();
        }
    }
}

/// A function for promises. JavaScript owns it: some may be kept after all else is gone.
fn handler(driver: Weak<Driver>, call: fn(&Rc<Link>, Step, &JsValue)) -> Function {
    let closure = Closure::<dyn Fn(u32, usize, JsValue)>::new(move |link, step, value| {
        let link = driver.upgrade().and_then(|driver| driver.link(LinkId(link)));
        if let (Some(link), Some(step)) = (link, Step::ALL.get(step)) {
            call(&link, *step, &value);
        }
    });
    closure.into_js_value().unchecked_into()
}

/// A function for the end of a turn of the event loop. JavaScript owns it, too.
fn turn_handler(driver: Weak<Driver>) -> Function {
    let closure = Closure::<dyn FnMut()>::new(move || {
        if let Some(driver) = driver.upgrade() {
            driver.uncork();
        }
    });
    closure.into_js_value().unchecked_into()
}

/// Removes a link from a list of a few.
fn take(links: &RefCell<Vec<Rc<Link>>>, id: LinkId) -> Option<Rc<Link>> {
    let mut links = links.borrow_mut();
    let at = links.iter().position(|link| link.id() == id)?;
    Some(links.swap_remove(at))
}

/// Lower-case hexadecimal digits, without the machinery of formatting.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn hexadecimal_digits_are_lower_case_and_keep_leading_zeros() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa5, 0xff]), "000fa5ff");
        assert_eq!(hex(&[]), "");
    }
}
