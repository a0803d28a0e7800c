//! foca 2: SWIM with piggybacked updates and custom broadcasts.
//!
//! Its identity is 16 bytes like ours: 15 of address, and one that counts up when a member rejoins after it was declared
//! dead, as its documentation wants for rooms that heal. Bytes are those of its own postcard codec. Messages to all are
//! its custom broadcasts, which it hangs on whatever it sends; they are told apart by the name in their payload.

use std::{cell::RefCell, convert::Infallible, num::NonZeroU32, rc::Rc};

use chinwag_sim::{
    random::{Concern, Stream, stream},
    time::{MS, Micros, SECOND},
};
use foca::{
    AccumulatingRuntime, BroadcastHandler, Config, Foca, Identity, Invalidates, OwnedNotification, PostcardCodec, Timer,
};
use serde::{Deserialize, Serialize};

use crate::world::{Member, News, Outbox, World};

/// Who a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Id {
    address: [u8; 15],
    rejoined: u8,
}

impl Id {
    fn of(host: u32) -> Self {
        let mut address = [0xa5; 15];
        address[..4].copy_from_slice(&host.to_le_bytes());
        Self { address, rejoined: 0 }
    }

    fn host(&self) -> u32 {
        self.address.first_chunk().map_or(0, |host| u32::from_le_bytes(*host))
    }
}

impl Identity for Id {
    type Addr = [u8; 15];

    fn renew(&self) -> Option<Self> {
        Some(Self { rejoined: self.rejoined.wrapping_add(1), ..*self })
    }

    fn addr(&self) -> [u8; 15] {
        self.address
    }

    fn win_addr_conflict(&self, adversary: &Self) -> bool {
        self.rejoined > adversary.rejoined
    }
}

/// The name of a message: another of the same name is the same.
struct Name(u64);

impl Invalidates for Name {
    fn invalidates(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// Tells new messages from copies.
#[derive(Default)]
struct Messages {
    had: chinwag_sim::bits::Bits,
    news: Rc<RefCell<Vec<News>>>,
}

impl BroadcastHandler<Id> for Messages {
    type Key = Name;
    type Error = Infallible;

    fn receive_item(&mut self, data: &[u8], sender: Option<&Id>) -> Result<Option<Name>, Infallible> {
        let Some(name) = data.first_chunk().map(|name| u64::from_le_bytes(*name)) else { return Ok(None) };
        let new = self.had.insert(name as u32);
        if sender.is_some() {
            self.news.borrow_mut().push(if new { News::Message(name) } else { News::Copy });
        }
        Ok(new.then_some(Name(name)))
    }
}

/// A member of a foca cluster.
pub(crate) struct Swim {
    foca: Foca<Id, PostcardCodec, Stream, Messages>,
    runtime: AccumulatingRuntime<Id>,
    news: Rc<RefCell<Vec<News>>>,
}

/// The settings that foca recommends for a cluster of this size on the internet.
pub(crate) fn wan(nodes: u32) -> Config {
    Config::new_wan(NonZeroU32::new(nodes).unwrap_or(NonZeroU32::MIN))
}

/// The settings that foca recommends for a cluster of this size in one building.
pub(crate) fn lan(nodes: u32) -> Config {
    Config::new_lan(NonZeroU32::new(nodes).unwrap_or(NonZeroU32::MIN))
}

impl Swim {
    /// Does something, and carries over what foca wants.
    fn drive(
        &mut self,
        out: &mut Outbox<Self>,
        act: impl FnOnce(&mut Foca<Id, PostcardCodec, Stream, Messages>, &mut AccumulatingRuntime<Id>),
    ) {
        act(&mut self.foca, &mut self.runtime);
        while let Some((to, data)) = self.runtime.to_send() {
            out.frames.push((to.host(), data.len(), data));
        }
        while let Some((after, timer)) = self.runtime.to_schedule() {
            out.timers.push((after.as_micros() as Micros, timer));
        }
        while let Some(notification) = self.runtime.to_notify() {
            match notification {
                OwnedNotification::MemberUp(id) => out.news.push(News::Member { who: id.host(), up: true }),
                OwnedNotification::MemberDown(id) => out.news.push(News::Member { who: id.host(), up: false }),
                _ => {}
            }
        }
        out.news.append(&mut self.news.borrow_mut());
    }
}

impl Member for Swim {
    type Config = Config;
    type Frame = bytes::Bytes;
    type Timer = Timer<Id>;
    const KNOWS_MEMBERS: bool = true;
    const KEEPS_LINKS: bool = false;

    fn new(config: &Config, host: u32, seed: u64) -> Self {
        let messages = Messages::default();
        let news = Rc::clone(&messages.news);
        let chance = stream(seed, Concern::Nodes);
        let foca = Foca::with_custom_broadcast(Id::of(host), config.clone(), chance, PostcardCodec, messages);
        Self { foca, runtime: AccumulatingRuntime::new(), news }
    }

    /// A newcomer learns a cluster of this size by one answer of 1,400 bytes a minute, so a room that is to know itself
    /// is told at the start: what `apply_many` is for.
    fn warm_up(world: &mut World<Self>, nodes: u32) {
        (0..nodes).for_each(|_| {
            world.spawn();
        });
        for host in 0..nodes {
            let others = (0..nodes).filter(|other| *other != host).map(|other| foca::Member::alive(Id::of(other)));
            world.with(host, |member, _, out| {
                member.drive(out, |foca, runtime| drop(foca.apply_many(others, false, runtime)));
            });
            // They do not all probe at the same moment.
            world.run_for(SECOND / u64::from(nodes.max(1)));
        }
        world.run_for(30 * SECOND + MS);
    }

    fn join(&mut self, _now: Micros, contact: u32, out: &mut Outbox<Self>) {
        self.drive(out, |foca, runtime| drop(foca.announce(Id::of(contact), runtime)));
    }

    fn on_frame(&mut self, _now: Micros, _from: u32, frame: bytes::Bytes, out: &mut Outbox<Self>) {
        self.drive(out, |foca, runtime| drop(foca.handle_data(&frame, runtime)));
    }

    fn on_timer(&mut self, _now: Micros, timer: Timer<Id>, out: &mut Outbox<Self>) {
        self.drive(out, |foca, runtime| drop(foca.handle_timer(timer, runtime)));
    }

    fn on_closed(&mut self, _now: Micros, _peer: u32, _out: &mut Outbox<Self>) {}

    fn say(&mut self, _now: Micros, payload: &[u8], out: &mut Outbox<Self>) {
        self.drive(out, |foca, _| drop(foca.add_broadcast(payload)));
    }
}
