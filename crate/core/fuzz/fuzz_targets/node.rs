//! A node takes any inputs at any times: it never panics, every drain ends, and the next timeout is never in the past.
#![no_main]

use arbitrary::Arbitrary;
use chinwag_core::{
    Command, Config, Identity, Input, Instant, LinkDownReason, LinkId, Node, Output, PeerId, Setup, SignalKind,
    wire::{Envelope, Frame, Record, RoomKey, Signed},
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Step {
    Up(u8),
    Down(u8),
    Frame(u8, Vec<u8>),
    /// A greeting as it should be, from one of a few members.
    Hello(u8, u8, u8),
    /// An offer as it should be.
    Offer(u8),
    Local(u8, Vec<u8>),
    Attached(Vec<u8>),
    Detached,
    Released,
    Introduced(Vec<u8>),
    Server(u8, Vec<u8>),
    Unknown(u8),
    Invited(u8, u64, u32),
    Presence(Vec<u8>),
    Say(Vec<u8>, Option<u8>),
    Hidden(bool),
    Leave,
    Wait(u32),
    /// A clock that jumps.
    At(u64),
}

fn identity(n: u8) -> Identity {
    Identity::from_secret(&[n % 8; 32])
}

fn input(step: Step) -> Option<Input> {
    let link = |n: u8| LinkId(u32::from(n % 16));
    let room = RoomKey::new("lobby");
    let ids = |ns: Vec<u8>| ns.into_iter().take(8).map(|n| identity(n).id()).collect::<Vec<PeerId>>();
    Some(match step {
        Step::Up(n) => Input::LinkUp { link: link(n) },
        Step::Down(n) => Input::LinkDown { link: link(n), reason: LinkDownReason::Closed },
        Step::Frame(n, bytes) => Input::Frame { link: link(n), bytes },
        Step::Hello(n, who, incarnation) => {
            let record = Record::new(identity(who).public_key(), u64::from(incarnation), 0);
            let hello = Frame::Hello(Signed::new(record, &identity(who), &room));
            Input::Frame { link: link(n), bytes: hello.encode().to_vec() }
        }
        Step::Offer(who) => {
            let (author, to, from) = (identity(who).public_key(), identity(0).id(), identity(who).id());
            let envelope = Envelope { from: author, to, session: u64::from(who), kind: SignalKind::Offer, body: vec![1] };
            let frame = Frame::Signal { ttl: 1, envelope: Signed::new(envelope, &identity(who), &room) };
            Input::ServerSignal { from, frame: frame.encode().to_vec() }
        }
        Step::Local(n, body) => Input::LocalSignal { link: link(n), kind: SignalKind::Candidate, body },
        Step::Attached(ns) => Input::Attached { members: ids(ns) },
        Step::Detached => Input::Detached,
        Step::Released => Input::Released,
        Step::Introduced(ns) => Input::Introduced { members: ids(ns) },
        Step::Server(n, frame) => Input::ServerSignal { from: identity(n).id(), frame },
        Step::Unknown(n) => Input::ServerUnknown { peer: identity(n).id() },
        Step::Invited(n, session, patience_ms) => Input::Invited { by: identity(n).id(), session, patience_ms },
        Step::Presence(value) => Input::Command(Command::SetPresence { value }),
        Step::Say(payload, to) => {
            let to = to.map(|n| identity(n).id());
            Input::Command(Command::Send { channel: "c".into(), to, payload, sent_at_ms: 0 })
        }
        Step::Hidden(hidden) => Input::Command(Command::SetHidden { hidden }),
        Step::Leave => Input::Command(Command::Leave),
        Step::Wait(_) | Step::At(_) => return None,
    })
}

fuzz_target!(|steps: Vec<Step>| {
    let mut now = Instant::ZERO;
    let setup = Setup {
        identity: identity(0),
        room: "lobby",
        zone: None,
        seed: [7; 32],
        wall_ms: 1_000,
        config: Config::default(),
        commons: std::sync::Arc::new(chinwag_core::Alone),
    };
    let mut node = Node::new(now, setup);
    let mut latest = now;
    for step in steps.into_iter().take(200) {
        match step {
            Step::Wait(micros) => now = now.plus_micros(u64::from(micros)),
            Step::At(micros) => now = Instant::from_micros(micros),
            other => {
                if let Some(input) = input(other) {
                    let _ = node.handle(now, input);
                }
            }
        }
        latest = latest.max(now);
        node.handle_timeout(now);
        let mut outputs = 0;
        while let Some(output) = node.poll() {
            outputs += 1;
            assert!(outputs < 10_000, "a drain ends");
            if let Output::Send { frame, .. } = output {
                assert!(Frame::decode(&frame).is_ok(), "what a node sends is a frame");
            }
        }
        assert!(node.next_timeout().is_none_or(|next| next >= now.min(latest)));
    }
});
