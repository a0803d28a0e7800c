//! What a node tells its user, on the way into JavaScript.

use alloc::string::String;

use chinwag_core::{Departure, Event, Evidence, LogEntry, MemberView, Message, PeerId, Status};
use wasm_bindgen::JsValue;

use crate::{
    cbor::Reader,
    driver::{Counters, count, hex},
    signaling::SignalingState,
    sink::Sink,
    value,
};

/// The views of the state, as the face names them. Each begins with the byte with which the keys of its entries begin.
pub(crate) const MAP: &str = "map";
pub(crate) const LOG: &str = "log";
const COUNTER: &str = "counter";

/// Messages in one post, at most: many small ones would cost their readers far more than their bytes.
pub(crate) const JOINED_MAX: u32 = 256;

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
            Self::Node(Event::Message(message)) => tell_messages(sink, counters, &message),
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

/// Tells the messages of a post, up to the first that is none.
fn tell_messages(sink: &Sink, counters: &Counters, post: &Message) -> Result<(), JsValue> {
    let from = hex(post.from.as_bytes());
    let mut rest = Reader::new(&post.payload);
    for number in 0..JOINED_MAX {
        let left = rest.left();
        let Some(data) = value::read(&mut rest, value::DEPTH_MAX) else { break };
        let bytes = left - rest.left();
        let mut id = from.clone();
        id.push('-');
        id.push_str(&hex(&post.seq.to_be_bytes()));
        id.push_str(&hex(&[number as u8]));
        count(&counters.messages_in);
        sink.message(&from, &id, &post.channel, post.sent_at_ms as f64, post.hops, post.direct, data, bytes)?;
        if rest.left() == 0 {
            return Ok(());
        }
    }
    count(&counters.values_refused);
    Ok(())
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

#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod tests {
    use chinwag_core::{Message, PeerId};
    use js_sys::{Array, Reflect};
    use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::{Counters, tell_messages};
    use crate::{sink::Sink, value::encode};

    #[wasm_bindgen(inline_js = "export const sink = () => ({ told: [], message(...all) { this.told.push(all); } });")]
    extern "C" {
        fn sink() -> JsValue;
    }

    /// What is told of a post with this payload, each as the face gets it, and how much of it was refused.
    fn told(payload: Vec<u8>) -> (Vec<Array>, u64) {
        let (sink, counters) = (sink(), Counters::default());
        let from = PeerId::from_bytes([7; 16]);
        let post = Message { from, seq: 9, channel: "c".to_owned(), sent_at_ms: 5, hops: 1, direct: false, payload };
        tell_messages(sink.unchecked_ref::<Sink>(), &counters, &post).unwrap();
        let told = Array::from(&Reflect::get(&sink, &"told".into()).unwrap());
        assert_eq!(counters.messages_in.get(), u64::from(told.length()));
        (told.iter().map(|message| Array::from(&message)).collect(), counters.values_refused.get())
    }

    fn cbor(values: &[JsValue]) -> Vec<u8> {
        values.iter().flat_map(|value| encode(value).unwrap()).collect()
    }

    #[wasm_bindgen_test]
    fn a_post_holds_one_message_or_several_with_their_own_names_and_sizes() {
        let (told, refused) = told(cbor(&["a word".into(), 7.into()]));
        assert_eq!((told.len(), refused), (2, 0));
        let at = |message: usize, place: u32| told[message].get(place);
        assert_eq!((at(0, 6), at(1, 6)), ("a word".into(), 7.into()));
        let name = |number: &str| JsValue::from("07".repeat(16) + "-0000000000000009" + number);
        assert_eq!((at(0, 1), at(1, 1)), (name("00"), name("01")));
        assert_eq!((at(0, 7), at(1, 7)), (7.into(), 1.into()));
    }

    #[wasm_bindgen_test]
    fn what_comes_before_something_that_is_no_value_is_told_and_nothing_after_it() {
        let mut payload = cbor(&[1.into()]);
        payload.push(0xff);
        payload.extend(cbor(&[2.into()]));
        let (told, refused) = told(payload);
        assert_eq!((told.len(), refused), (1, 1));
    }

    #[wasm_bindgen_test]
    fn nothing_is_no_message() {
        assert_eq!(told(Vec::new()).1, 1);
    }

    #[wasm_bindgen_test]
    fn one_post_cannot_bring_thousands_of_messages() {
        let (told, refused) = told(cbor(&vec![JsValue::NULL; 300]));
        assert_eq!((told.len(), refused), (256, 1));
    }
}
