//! Who is in which room, who is introduced to whom, and who is let go: the rules of the server as a state machine.
//!
//! [`Rooms::handle`] and [`Rooms::leave`] go in; what they return comes out, and is to be carried out in that order.
//! There are no sockets, clocks or locks here, and the only randomness is the seed.
use std::collections::HashMap;

use chinwag_signaling_messages::{ClientMessage, INTRODUCTIONS_MAX, IceServer, ServerMessage, VERSION, is_id, is_room};
use rand::{SeedableRng, rngs::StdRng, seq::IteratorRandom};

use crate::{limits::Limits, refusal::Refusal};

#[cfg(test)]
mod tests;

/// Sockets of a room that may have joined with one id: a tab whose connection is half dead comes back before the server has noticed, and two tabs may
/// have opened one identity. The first stays whatever comes, or anybody could push out anybody.
const SAME_ID_MAX: usize = 2;

/// A socket, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SocketId(pub(crate) u64);

/// Something to do for the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Say this to the member on that socket.
    Send(SocketId, ServerMessage),
    /// End that socket. It is in no room any more.
    End(SocketId, Ending),
}

/// Why the server ends a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It has links, and the room has greeters enough.
    Released,
    /// It is turned away.
    Refused(Refusal),
}

/// All rooms.
///
/// In go [`handle`](Self::handle) and [`leave`](Self::leave); [`rooms`](Self::rooms) and [`members`](Self::members)
/// only look.
pub(crate) struct Rooms {
    rooms_max: usize,
    room_members_max: usize,
    greeters: usize,
    message_bytes_max: usize,
    ice: Vec<IceServer>,
    random: StdRng,
    rooms: HashMap<String, Room>,
    seats: HashMap<SocketId, Seat>,
    joins: u64,
}

/// The attached members of a room, by id. It is dropped with the last of them.
#[derive(Default)]
struct Room {
    /// Those who have joined first come first.
    members: HashMap<String, Vec<Member>>,
    linked: usize,
}

struct Member {
    socket: SocketId,
    /// Smaller is longer here.
    seniority: u64,
    linked: bool,
}

/// Where a socket has joined.
#[derive(Clone)]
struct Seat {
    room: String,
    id: String,
}

impl Rooms {
    /// No rooms yet. `ice` is what every newcomer is told.
    pub(crate) fn new(limits: &Limits, ice: Vec<IceServer>, seed: u64) -> Self {
        Self {
            rooms_max: limits.rooms_max,
            room_members_max: limits.room_members_max,
            greeters: limits.greeters,
            message_bytes_max: limits.message_bytes_max,
            ice,
            random: StdRng::seed_from_u64(seed),
            rooms: HashMap::new(),
            seats: HashMap::new(),
            joins: 0,
        }
    }

    /// A member has said something.
    pub(crate) fn handle(&mut self, socket: SocketId, message: ClientMessage) -> Vec<Output> {
        let outputs = match (self.seats.get(&socket).cloned(), message) {
            (None, ClientMessage::Join { version, room, id }) => self.join(socket, version, room, id),
            (None, _) => Err(Refusal::JoinFirst),
            (Some(_), ClientMessage::Join { .. }) => Err(Refusal::JoinedAlready),
            (Some(seat), ClientMessage::Signal { to, data }) => self.signal(socket, seat, to, data),
            (Some(seat), ClientMessage::Linked { links }) => Ok(self.linked(socket, &seat, links > 0)),
            (Some(seat), ClientMessage::Peers) => {
                Ok(vec![Output::Send(socket, ServerMessage::Peers { members: self.introductions(&seat) })])
            }
        };
        outputs.unwrap_or_else(|refusal| {
            self.leave(socket);
            vec![Output::End(socket, Ending::Refused(refusal))]
        })
    }

    /// A socket is gone. One that has not joined, or has left already, is nobody's loss.
    pub(crate) fn leave(&mut self, socket: SocketId) {
        let Some(seat) = self.seats.remove(&socket) else { return };
        let Some(room) = self.rooms.get_mut(&seat.room) else { return };
        if let Some(same) = room.members.get_mut(&seat.id) {
            let gone = same.extract_if(.., |member| member.socket == socket);
            room.linked -= gone.filter(|member| member.linked).count();
            if same.is_empty() {
                room.members.remove(&seat.id);
            }
        }
        if room.members.is_empty() {
            self.rooms.remove(&seat.room);
        }
    }

    /// How many rooms there are.
    pub(crate) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// How many members are attached, in all rooms.
    pub(crate) fn members(&self) -> usize {
        self.seats.len()
    }

    fn join(&mut self, socket: SocketId, version: u32, room: String, id: String) -> Result<Vec<Output>, Refusal> {
        if version != VERSION {
            return Err(Refusal::Version(version));
        }
        if !is_room(&room) {
            return Err(Refusal::BadRoom);
        }
        if !is_id(&id) {
            return Err(Refusal::BadId);
        }
        let mut outputs = Vec::new();
        match self.rooms.get(&room) {
            None if self.rooms.len() >= self.rooms_max => return Err(Refusal::RoomsFull),
            None => {}
            Some(there) => match there.members.get(&id) {
                Some(same) => outputs.extend(
                    same.iter()
                        .skip(SAME_ID_MAX - 1)
                        .map(|older| Output::End(older.socket, Ending::Refused(Refusal::Replaced))),
                ),
                None if there.members.len() >= self.room_members_max => return Err(Refusal::RoomFull),
                None => {}
            },
        }
        for output in &outputs {
            if let Output::End(older, _) = output {
                self.leave(*older);
            }
        }
        let seat = Seat { room, id };
        self.sit_down(socket, seat.clone());
        let mut members = self.introductions(&seat);
        // Somebody has joined with this id before. Perhaps that was the same tab, and perhaps not: it shall find out.
        if self.rooms.get(&seat.room).and_then(|room| room.members.get(&seat.id)).is_some_and(|same| same.len() > 1) {
            members.insert(0, seat.id);
            members.truncate(INTRODUCTIONS_MAX);
        }
        let welcome = ServerMessage::Welcome { version: VERSION, members, ice: self.ice.clone() };
        outputs.push(Output::Send(socket, welcome));
        Ok(outputs)
    }

    fn sit_down(&mut self, socket: SocketId, seat: Seat) {
        let member = Member { socket, seniority: self.joins, linked: false };
        self.joins += 1;
        let room = self.rooms.entry(seat.room.clone()).or_default();
        room.members.entry(seat.id.clone()).or_default().push(member);
        self.seats.insert(socket, seat);
    }

    /// Relays to a member of the same room, and to nobody else: ids of other rooms are unknown here.
    fn signal(&mut self, socket: SocketId, from: Seat, to: String, data: String) -> Result<Vec<Output>, Refusal> {
        if !is_id(&to) {
            return Err(Refusal::BadId);
        }
        let same = self.rooms.get(&from.room).and_then(|room| room.members.get(&to));
        let sockets = same.into_iter().flatten().map(|member| member.socket).filter(|addressee| *addressee != socket);
        let sockets: Vec<SocketId> = sockets.collect();
        if sockets.is_empty() {
            return Ok(vec![Output::Send(socket, ServerMessage::Unknown { to })]);
        }
        // `from` is two letters longer than `to`, so what just fits on the way in may not on the way out.
        let message = ServerMessage::Signal { from: from.id, data };
        if is_longer_than(&message, self.message_bytes_max) {
            return Err(Refusal::TooLarge(self.message_bytes_max));
        }
        Ok(sockets.into_iter().map(|addressee| Output::Send(addressee, message.clone())).collect())
    }

    /// Notes whether a member has links, and lets go of linked members beyond the greeters, those first who came last.
    ///
    /// Members without links do not count as greeters. If they did, some idle ones could make the server let go of
    /// everybody who can introduce a newcomer to the mesh. At rest everybody is linked, and the greeters remain.
    fn linked(&mut self, socket: SocketId, seat: &Seat, linked: bool) -> Vec<Output> {
        let Some(room) = self.rooms.get_mut(&seat.room) else { return Vec::new() };
        let mut same = room.members.get_mut(&seat.id).into_iter().flatten();
        let Some(member) = same.find(|member| member.socket == socket) else { return Vec::new() };
        room.linked -= usize::from(member.linked);
        room.linked += usize::from(linked);
        member.linked = linked;
        let excess = room.linked.saturating_sub(self.greeters);
        let released = room.newest_linked(excess);
        for &socket in &released {
            self.leave(socket);
        }
        released.into_iter().map(|socket| Output::End(socket, Ending::Released)).collect()
    }

    /// Members for somebody to dial: at random, linked ones first. One without links introduces nobody to the mesh, but
    /// two newcomers must find each other in an empty room, and islands of newcomers must meet.
    fn introductions(&mut self, seat: &Seat) -> Vec<String> {
        let Some(room) = self.rooms.get(&seat.room) else { return Vec::new() };
        let others = |linked: bool| {
            let is_wanted = move |same: &[Member]| same.iter().any(|member| member.linked) == linked;
            room.members.iter().filter(move |(id, same)| **id != seat.id && is_wanted(same)).map(|(id, _)| id)
        };
        let mut members = others(true).sample(&mut self.random, INTRODUCTIONS_MAX);
        members.extend(others(false).sample(&mut self.random, INTRODUCTIONS_MAX - members.len()));
        members.into_iter().cloned().collect()
    }
}

impl Room {
    fn newest_linked(&self, amount: usize) -> Vec<SocketId> {
        if amount == 0 {
            return Vec::new();
        }
        let mut linked: Vec<_> = self.members.values().flatten().filter(|member| member.linked).collect();
        linked.sort_unstable_by_key(|member| std::cmp::Reverse(member.seniority));
        linked.into_iter().take(amount).map(|member| member.socket).collect()
    }
}

/// Whether a message has more bytes of JSON than that; only one near the limit is written out to see.
fn is_longer_than(message: &ServerMessage, bytes_max: usize) -> bool {
    let ServerMessage::Signal { data, .. } = message else { return false };
    data.len() + 128 > bytes_max && serde_json::to_string(message).is_ok_and(|json| json.len() > bytes_max)
}
