//! What a node tells its user, on the way into JavaScript.

use alloc::string::String;

use chinwag_core::{Departure, Event, Evidence, LogEntry, MemberView, Message, PeerId, Status};
use wasm_bindgen::JsValue;

use crate::{
    driver::{Counters, count, hex},
    signaling::SignalingState,
    sink::Sink,
    value,
};

/// The views of the state, as the face names them. Each begins with the byte with which the keys of its entries begin.
pub(crate) const MAP: &str = "map";
pub(crate) const LOG: &str = "log";
const COUNTER: &str = "counter";

/// Something of which the user should know.
pub(crate) struct Trouble {
    /// The code of the `ChinwagError`.
    pub(crate) code: &'static str,
    /// What a browser or a server says about it.
    pub(crate) detail: String,
}

/// One piece of news.
pub(crate) enum News {
    /// From the node.
    Node(Event),
    /// Our own record.
    Myself(MemberView),
    /// The state of the socket to the server.
    Signaling(SignalingState),
    /// An error.
    Trouble(Trouble),
}

impl News {
    /// Tells it. The face catches whatever its listeners throw, so there is nothing to do about an exception.
    pub(crate) fn tell(self, sink: &Sink, counters: &Counters) {
        let _ = match self {
            Self::Node(Event::Joined(member)) => tell_member(sink, counters, "joined", &member, ""),
            Self::Node(Event::Changed(member)) => tell_member(sink, counters, "changed", &member, ""),
            Self::Node(Event::Presence(member)) => tell_member(sink, counters, "presence", &member, ""),
            Self::Node(Event::Suspected { member, accuser, evidence }) => {
                tell_member(sink, counters, "suspected", &member, &grounds(evidence, &[accuser]))
            }
            Self::Node(Event::Gone { member, why: Departure::Left }) => {
                tell_member(sink, counters, "left", &member, "")
            }
            Self::Node(Event::Gone { member, why: Departure::Failed { evidence, accusers } }) => {
                tell_member(sink, counters, "failed", &member, &grounds(evidence, &accusers))
            }
            Self::Node(Event::Superseded) => sink.trouble("superseded", ""),
            Self::Node(Event::Link { peer, up }) => sink.link(&hex(peer.as_bytes()), up),
            Self::Node(Event::Ready) => sink.ready(),
            Self::Node(Event::Message(message)) => tell_message(sink, counters, &message),
            Self::Node(Event::MapChanged { map, key, value, by }) => {
                // What is no value is none to anybody, as if it had been deleted: else members would differ by what they had before.
                let value = value.map_or(JsValue::UNDEFINED, |bytes| decode(&bytes, counters).unwrap_or_default());
                sink.state(MAP, &map, &key, &hex(by.as_bytes()), value)
            }
            Self::Node(Event::LogAppended { log, entry }) => tell_entry(sink, counters, &log, &entry),
            Self::Node(Event::CounterChanged { counter, value }) => {
                sink.state(COUNTER, &counter, "", "", (value as f64).into())
            }
            Self::Node(Event::Violation(violation)) => sink.trouble("violation", &hex(violation.peer.as_bytes())),
            Self::Myself(member) => tell_member(sink, counters, "self", &member, ""),
            Self::Signaling(state) => sink.signaling(state.name()),
            Self::Trouble(Trouble { code, detail }) => sink.trouble(code, &detail),
        };
    }
}

/// Why somebody is suspected or has failed: what was seen here, if anything, and then who accuses, each behind a comma.
fn grounds(evidence: Option<Evidence>, accusers: &[PeerId]) -> String {
    let mut grounds = String::from(match evidence {
        None => "",
        Some(Evidence::Silence { .. }) => "silence",
        Some(Evidence::Closed) => "closed",
        Some(Evidence::Failed) => "broken",
        Some(Evidence::Unreachable) => "unreachable",
    });
    for accuser in accusers {
        grounds.push(',');
        grounds.push_str(&hex(accuser.as_bytes()));
    }
    grounds
}

fn tell_member(sink: &Sink, counters: &Counters, what: &str, member: &MemberView, why: &str) -> Result<(), JsValue> {
    // Elsewhere it has not changed, and the face keeps the object that it has.
    let tells_presence = matches!(what, "joined" | "presence" | "self");
    let presence = match &member.presence {
        Some(bytes) if tells_presence => decode(bytes, counters).unwrap_or_default(),
        _ => JsValue::UNDEFINED,
    };
    sink.member(
        what,
        &hex(member.id.as_bytes()),
        presence,
        member.status == Status::Suspect,
        member.zone.clone(),
        member.linked,
        member.rtt_us.map(|rtt_us| rtt_us as f64 / 1_000.0),
        member.joined_at_ms as f64,
        why,
    )
}

fn tell_message(sink: &Sink, counters: &Counters, message: &Message) -> Result<(), JsValue> {
    let Some(data) = decode(&message.payload, counters) else { return Ok(()) };
    let from = hex(message.from.as_bytes());
    let mut id = from.clone();
    id.push('-');
    id.push_str(&hex(&message.seq.to_be_bytes()));
    let bytes = message.payload.len();
    sink.message(&from, &id, &message.channel, message.sent_at_ms as f64, message.hops, message.direct, data, bytes)
}

/// The id of an entry begins with its stamp, so ids are in the order of the log.
fn tell_entry(sink: &Sink, counters: &Counters, log: &str, entry: &LogEntry) -> Result<(), JsValue> {
    let Some(data) = decode(&entry.value, counters) else { return Ok(()) };
    sink.state(LOG, log, &hex(&entry.stamp.to_be_bytes()), &hex(entry.from.as_bytes()), data)
}

/// A value of others, unless it is none, which is counted.
fn decode(bytes: &[u8], counters: &Counters) -> Option<JsValue> {
    let value = value::decode(bytes).ok();
    if value.is_none() {
        count(&counters.values_refused);
    }
    value
}
