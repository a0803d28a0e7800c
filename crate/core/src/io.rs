//! What goes into a [`Node`](crate::Node) and what comes out: the whole surface between the protocol and its host.

use alloc::{string::String, sync::Arc, vec::Vec};

use crate::{detector::Evidence, identity::PeerId, members::Status};

/// Names one attempt at a link, and the link that comes of it. Allotted by the node, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// Which of a link's two channels a frame travels on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Ordered, retransmitted: everything that must arrive.
    Reliable,
    /// Unordered, never retransmitted: probes, so that bulk data does not delay them.
    Unreliable,
}

/// What a piece of signalling is. Its body is the host's business: the node carries it, signed, from end to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// An SDP offer (RFC 8829): the beginning of a link.
    Offer,
    /// The SDP answer to it.
    Answer,
    /// A trickled ICE candidate (RFC 8838).
    Candidate,
    /// The other side does not want this link.
    Refuse,
    /// An offer for a link that is up and brings nothing any more: the same connection is to find another way (ICE restart, RFC 8445, section 9).
    Restart,
}

/// Why a link ended, as the host saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkDownReason {
    /// The other side closed the transport.
    Closed,
    /// The transport gave up (ICE failed, SCTP aborted).
    Failed,
    /// The host could not make the connection at all, or ran out of some resource.
    Refused,
}

/// Everything that can happen to a node.
#[derive(Clone, Debug)]
pub enum Input {
    /// Both channels of a link are open.
    LinkUp {
        /// The link of an earlier [`Output::Dial`] or [`Output::Accept`].
        link: LinkId,
    },
    /// A link, or an attempt at one, has ended without [`Output::Close`] having asked for it.
    LinkDown {
        /// The link that is gone.
        link: LinkId,
        /// What the host saw.
        reason: LinkDownReason,
    },
    /// Bytes arrived on a link: hostile until decoded.
    Frame {
        /// The link on which they came.
        link: LinkId,
        /// One frame, exactly as the peer sent it.
        bytes: Vec<u8>,
    },
    /// The host's own buffer of a link's reliable channel holds more than [`Node::buffer_bytes`](crate::Node::buffer_bytes): frames for it
    /// wait in the node. To be told at once, between two outputs; a host that never tells gets everything at once.
    Congested {
        /// The link that is behind.
        link: LinkId,
    },
    /// Half of that buffer, or more, has gone out: the link takes frames again.
    Writable {
        /// The link that was behind.
        link: LinkId,
    },
    /// The host has made a description or a candidate for a link.
    LocalSignal {
        /// The link for which it was made.
        link: LinkId,
        /// What it is.
        kind: SignalKind,
        /// The bytes that the peer's host shall get, as they are (SDP or candidate).
        body: Vec<u8>,
    },
    /// The socket to the signaling server is open, and this is its answer to our joining.
    Attached {
        /// Up to 3 members of the room to dial; empty if we are the first.
        members: Vec<PeerId>,
    },
    /// The socket to the signaling server is closed, for whatever reason.
    Detached,
    /// The server has let us go, since the room has enough members attached to it: closed, and not to be opened again
    /// unless the room needs it.
    Released,
    /// The server's answer to [`Output::Introduce`].
    Introduced {
        /// Up to 3 further members of the room to dial.
        members: Vec<PeerId>,
    },
    /// The server carried a frame to us.
    ServerSignal {
        /// Who sent it, by the word of the server: whither an answer goes, and no more.
        from: PeerId,
        /// The bytes of that member's [`Output::Signal`].
        frame: Vec<u8>,
    },
    /// The server does not know the member that a frame was for.
    ServerUnknown {
        /// The member that is not attached to the server.
        peer: PeerId,
    },
    /// The host's network has changed, or is there again, or may have changed while it slept: every link is probed at once, and those that stay silent
    /// are mended by way of the server. The host opens the socket anew, if it holds one.
    Moved,
    /// The host has an invite of a member, an offer that came by no way of ours: it is answered by a dial, so that all else is as ever. The dial's own
    /// offer has to find its way back by hand, which takes longer than by any other.
    Invited {
        /// Who invites.
        by: PeerId,
        /// The session that the invite names.
        session: u64,
        /// How long we wait for a link to come of it.
        patience_ms: u32,
    },
    /// The user of the library wants something.
    Command(Command),
}

/// What the user of the library can ask for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Replaces our presence.
    SetPresence {
        /// The new value, opaque to the node; at most `presence_bytes_max`.
        value: Vec<u8>,
    },
    /// Sends a message to everybody, or to one member.
    Send {
        /// The channel's name; at most `channel_name_bytes_max` bytes.
        channel: String,
        /// The only member that shall get it, or `None` for all.
        to: Option<PeerId>,
        /// The message, opaque to the node; at most `message_bytes_max`.
        payload: Vec<u8>,
        /// Wall time at the sender, in milliseconds since 1970.
        sent_at_ms: u64,
    },
    /// Writes a key of a map, or deletes it: the last writer wins.
    MapSet {
        /// The map's name; at most `channel_name_bytes_max` bytes.
        map: String,
        /// The key; with the name, at most 253 bytes.
        key: String,
        /// The new value, opaque to the node; at most `entry_bytes_max`, and not empty. `None` deletes.
        value: Option<Vec<u8>>,
    },
    /// Appends a message to a log.
    LogAppend {
        /// The log's name; at most `channel_name_bytes_max` bytes.
        log: String,
        /// The message, opaque to the node; at most `entry_bytes_max`.
        value: Vec<u8>,
    },
    /// Adds to a counter.
    CounterAdd {
        /// The counter's name; at most `channel_name_bytes_max` bytes.
        counter: String,
        /// How much; less than nothing subtracts. What we have added in all stays within the range of the type.
        amount: i64,
    },
    /// The page was hidden or shown: others are patient with a hidden one, whose timers are slow.
    SetHidden {
        /// Whether it is hidden now.
        hidden: bool,
    },
    /// Says goodbye to everybody and closes every link.
    Leave,
}

/// Why a [`Command`] was refused. Nothing had changed when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The message is larger than the cap.
    MessageTooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The cap in bytes.
        max: usize,
    },
    /// The presence is larger than the cap.
    PresenceTooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The cap in bytes.
        max: usize,
    },
    /// The name of a channel, map, log or counter is empty or too long, or a map's key is too long.
    ChannelName {
        /// Its size in bytes.
        bytes: usize,
        /// The cap in bytes.
        max: usize,
    },
    /// The value of an entry is larger than the cap, or is empty and in a map.
    ValueTooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The cap in bytes.
        max: usize,
    },
    /// We own as many entries of the state as a member may, or the room holds as many as it can: `owner_entries_max` or `state_entries_max`.
    TooManyEntries {
        /// The cap.
        max: usize,
    },
    /// Our entries would take more than a member's may, or all more than the room can hold: `owner_bytes_max` or `state_bytes_max`.
    TooManyBytes {
        /// The cap in bytes.
        max: usize,
    },
    /// What others have written is so far ahead of our wall clock that they would refuse what we write after it.
    Ahead {
        /// By how many milliseconds.
        ms: u64,
    },
    /// The addressee is not a member of the room.
    UnknownMember,
    /// The node has left the room.
    Left,
}

/// What a node wants from its host. Drain with `Node::poll` after every input, until there is none.
#[derive(Clone, Debug)]
pub enum Output {
    /// Put a frame on a link.
    Send {
        /// The link.
        link: LinkId,
        /// The channel of the link.
        lane: Lane,
        /// The frame: at most `frame_bytes_max`.
        frame: Arc<[u8]>,
    },
    /// Begin a connection to a member: make an offer, and hand it in as [`Input::LocalSignal`].
    Dial {
        /// Names the attempt.
        link: LinkId,
        /// Whom we dial.
        peer: PeerId,
    },
    /// Answer a member's offer: the answer goes in as [`Input::LocalSignal`].
    Accept {
        /// Names the attempt.
        link: LinkId,
        /// Who dials us. Its key has signed the offer.
        peer: PeerId,
        /// The body of the offer.
        offer: Vec<u8>,
    },
    /// A link brings nothing, and its peer lives: look for another way without giving the connection up. What comes of that goes in as
    /// [`Input::LocalSignal`], first a [`SignalKind::Restart`]. If nothing is heard before long, the node closes the link.
    Mend {
        /// The link, which is up.
        link: LinkId,
    },
    /// An answer, a candidate or a restart for a link has come; its signature is verified.
    RemoteSignal {
        /// The link.
        link: LinkId,
        /// Never an offer.
        kind: SignalKind,
        /// What the peer's host handed in.
        body: Vec<u8>,
    },
    /// Close the link, or give up the attempt, and free all that belongs to it. No `LinkDown` is owed for it.
    Close {
        /// The link.
        link: LinkId,
    },
    /// Have the signaling server carry a frame to a member that is attached to it.
    Signal {
        /// The addressee.
        to: PeerId,
        /// Opaque to the server.
        frame: Arc<[u8]>,
    },
    /// A socket to the signaling server is needed (`true`), or no longer (`false`). Needed though there is one: it is not to be trusted any more, and
    /// another is to be opened in its place.
    Server {
        /// Whether to hold one.
        wanted: bool,
    },
    /// Ask the signaling server, to which we are attached, for further members to dial.
    Introduce,
    /// Tell the user of the library.
    Event(Event),
}

/// What a member looks like from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who it is.
    pub id: PeerId,
    /// Its public key (RFC 8032).
    pub public_key: [u8; 32],
    /// Alive or suspect; the gone are not members.
    pub status: Status,
    /// Its incarnation: raised by its owner alone.
    pub incarnation: u64,
    /// Wall time of its joining by its own clock, milliseconds since 1970.
    pub joined_at_ms: u64,
    /// Where it says that it is.
    pub zone: Option<String>,
    /// Its page is hidden.
    pub hidden: bool,
    /// It holds a socket to the signaling server.
    pub greeter: bool,
    /// Its presence, if it has set one.
    pub presence: Option<Arc<[u8]>>,
    /// We have an open link to it.
    pub linked: bool,
    /// Smoothed round-trip time of that link, in microseconds.
    pub rtt_us: Option<u64>,
}

/// Why a member is no longer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It said goodbye, signed.
    Left,
    /// It was suspected, and did not answer.
    Failed {
        /// What we saw of it ourselves, if anything.
        evidence: Option<Evidence>,
        /// Who accused it, signed.
        accusers: Vec<PeerId>,
    },
}

/// News for the user of the library, in the order in which it became true here.
#[derive(Clone, Debug)]
pub enum Event {
    /// A member has joined. Its presence may follow.
    Joined(MemberView),
    /// Something about a member other than its presence has changed (status, zone, hidden, linked).
    Changed(MemberView),
    /// A member's presence has changed.
    Presence(MemberView),
    /// A member is under suspicion. `Changed` follows if it turns out to be alive.
    Suspected {
        /// The member.
        member: MemberView,
        /// Who accuses it: ourselves, or another that has signed this.
        accuser: PeerId,
        /// What we saw of it ourselves, if we accuse it.
        evidence: Option<Evidence>,
    },
    /// A member is gone.
    Gone {
        /// What was last known of it.
        member: MemberView,
        /// Why it is gone.
        why: Departure,
    },
    /// A link to a member has opened or closed.
    Link {
        /// The member on its other end.
        peer: PeerId,
        /// Open or closed.
        up: bool,
    },
    /// The first link is up and the members known to it have arrived, or there is nobody to link to: the room is complete.
    Ready,
    /// A message for us.
    Message(Message),
    /// A key of a map has another value: written by ourselves or by another, who may be gone.
    MapChanged {
        /// The map's name.
        map: String,
        /// The key.
        key: String,
        /// Its value now; `None` if it was deleted.
        value: Option<Vec<u8>>,
        /// Who wrote it.
        by: PeerId,
    },
    /// A message has been put into a log, not always at its end; where a full one has lost its oldest for it.
    LogAppended {
        /// The log's name.
        log: String,
        /// The message.
        entry: LogEntry,
    },
    /// A counter has another value.
    CounterChanged {
        /// The counter's name.
        counter: String,
        /// Its value now.
        value: i64,
    },
    /// Another member with our key is in the room, and was before us: two tabs have opened one identity. We have left without a goodbye, which would
    /// be the other's as well; the host takes a fresh identity, and begins anew.
    Superseded,
    /// Somebody broke the protocol. Never an error of ours; what it did has had no effect.
    Violation(Violation),
}

/// A message, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who sent it; verified.
    pub from: PeerId,
    /// The sequence number of its first frame: with `from`, a name that is never used twice.
    pub seq: u64,
    /// The channel's name.
    pub channel: String,
    /// Wall time at the sender, milliseconds since 1970. The sender's word.
    pub sent_at_ms: u64,
    /// Links crossed by its last frame: 1 from a neighbour.
    pub hops: u8,
    /// It was for us alone.
    pub direct: bool,
    /// What was sent.
    pub payload: Vec<u8>,
}

/// A message of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Who wrote it; verified. It may be gone.
    pub from: PeerId,
    /// Its place in the log, the same for all: a log is in the order of (stamp, from), and with `from` it is a name that is never used twice. The upper
    /// 48 bits are wall time in milliseconds since 1970, by the author's clock or that of whoever it had heard from.
    pub stamp: u64,
    /// What was written.
    pub value: Vec<u8>,
}

/// What a peer did that no honest one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The peer whose link it came over.
    pub peer: PeerId,
    /// What it was.
    pub kind: ViolationKind,
}

/// The kinds of [`Violation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// Bytes that are no frame.
    Malformed,
    /// A signature that does not fit.
    Forged,
    /// The first frame was not a greeting, or not of the member that was dialled.
    WrongPeer,
}
