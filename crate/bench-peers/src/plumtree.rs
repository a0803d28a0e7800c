//! iroh-gossip's protocol module: HyParView and Plumtree, with its default settings.
//!
//! Its peer identity is any type: 16 bytes, like ours. Bytes are postcard's of its messages without the topic, which its
//! own host writes once for a stream. A message is named by the hash of its content (32 bytes; no choice), and names no
//! author. It has no list of members and no detector: its host tells it which connections have ended.

use chinwag_sim::{
    random::{Concern, Stream, stream},
    time::{Micros, SECOND},
};
use iroh_gossip::proto::{
    Command, Config, Event, InEvent, Message, OutEvent, PeerData, Scope, State, Timer, TopicId, state::MessageKind,
};
use n0_future::time::{Duration, Instant};

use crate::world::{Member, News, Outbox, World};

type Id = [u8; 16];

/// In which everybody is.
const TOPIC: TopicId = TopicId::from_bytes([7; 32]);

/// Newcomers a second during warm-up, as in the simulator.
const JOINS_PER_S: u64 = 20;

/// Two rounds of shuffling for everybody.
const REST: Micros = 120 * SECOND;

/// A member of an iroh-gossip swarm.
pub(crate) struct Plumtree {
    state: State<Id, Stream>,
    /// The simulated clock in the library's own terms.
    zero: Instant,
}

fn id(host: u32) -> Id {
    let mut id = [0xa5; 16];
    id[..4].copy_from_slice(&host.to_le_bytes());
    id
}

fn host(id: &Id) -> u32 {
    id.first_chunk().map_or(0, |host| u32::from_le_bytes(*host))
}

/// On the wire: the topic is said once for a stream of messages.
fn bytes(message: &Message<Id>) -> usize {
    message.size().map_or(0, |size| size - TOPIC.as_bytes().len())
}

impl Plumtree {
    fn drive(&mut self, now: Micros, event: InEvent<Id>, out: &mut Outbox<Self>) {
        let data = matches!(&event, InEvent::RecvMessage(_, message) if matches!(message.kind(), MessageKind::Data));
        let mut delivered = false;
        for wanted in self.state.handle(event, self.zero + Duration::from_micros(now), None) {
            match wanted {
                OutEvent::SendMessage(to, message) => out.frames.push((host(&to), bytes(&message), message)),
                OutEvent::ScheduleTimer(after, timer) => out.timers.push((after.as_micros() as Micros, timer)),
                OutEvent::DisconnectPeer(peer) => out.closes.push(host(&peer)),
                OutEvent::EmitEvent(_, Event::NeighborUp(peer)) => {
                    out.news.push(News::Link { to: host(&peer), up: true });
                }
                OutEvent::EmitEvent(_, Event::NeighborDown(peer)) => {
                    out.news.push(News::Link { to: host(&peer), up: false });
                }
                OutEvent::EmitEvent(_, Event::Received(message)) => {
                    delivered = true;
                    let name = message.content.first_chunk().map(|name| u64::from_le_bytes(*name));
                    out.news.extend(name.map(News::Message));
                }
                OutEvent::PeerData(..) => {}
            }
        }
        if data && !delivered {
            out.news.push(News::Copy);
        }
    }
}

impl Member for Plumtree {
    type Config = Config;
    type Frame = Message<Id>;
    type Timer = Timer<Id>;
    const KNOWS_MEMBERS: bool = false;
    const KEEPS_LINKS: bool = true;

    fn new(config: &Config, host: u32, seed: u64) -> Self {
        let state = State::new(id(host), PeerData::default(), config.clone(), stream(seed, Concern::Nodes));
        Self { state, zero: Instant::now() }
    }

    fn warm_up(world: &mut World<Self>, nodes: u32) {
        let first = world.spawn();
        world.with(first, |member, now, out| member.drive(now, InEvent::Command(TOPIC, Command::Join(vec![])), out));
        for _ in 1..nodes {
            world.run_for(SECOND / JOINS_PER_S);
            let contact = world.somebody();
            let newcomer = world.spawn();
            world.join(newcomer, contact);
        }
        world.run_for(REST);
    }

    fn join(&mut self, now: Micros, contact: u32, out: &mut Outbox<Self>) {
        self.drive(now, InEvent::Command(TOPIC, Command::Join(vec![id(contact)])), out);
    }

    fn on_frame(&mut self, now: Micros, from: u32, frame: Message<Id>, out: &mut Outbox<Self>) {
        self.drive(now, InEvent::RecvMessage(id(from), frame), out);
    }

    fn on_timer(&mut self, now: Micros, timer: Timer<Id>, out: &mut Outbox<Self>) {
        self.drive(now, InEvent::TimerExpired(timer), out);
    }

    fn on_closed(&mut self, now: Micros, peer: u32, out: &mut Outbox<Self>) {
        self.drive(now, InEvent::PeerDisconnected(id(peer)), out);
    }

    fn say(&mut self, now: Micros, payload: &[u8], out: &mut Outbox<Self>) {
        let content = payload.to_vec().into();
        self.drive(now, InEvent::Command(TOPIC, Command::Broadcast(content, Scope::Swarm)), out);
    }
}
