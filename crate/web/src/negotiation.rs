//! How two hosts agree on a connection: descriptions (RFC 8829) and trickled candidates (RFC 8838).
//!
//! Every step is a promise of the browser's, and the driver waits for it: when it is kept, [`Step`] tells what comes
//! next. No step holds a closure of its own, so nothing is left of those that a closed connection never settles.

use alloc::{string::String, vec, vec::Vec};
use core::cell::{Cell, RefCell};

use chinwag_core::SignalKind;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, RtcPeerConnectionIceEvent};

use crate::{
    candidate::{self, CANDIDATES_MAX, Candidate},
    clock::Timeout,
    transport::Transport,
};

/// What a link waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The ICE servers to use.
    IceServers,
    /// The other side's offer has been taken; ours to answer.
    Offered,
    /// Our own description has been made.
    Described,
    /// The other side's answer has been taken.
    Answered,
    /// A candidate of the other side has been taken.
    Candidate,
}

impl Step {
    /// All of them, at the places of their numbers: a number is what travels with a promise.
    pub(crate) const ALL: [Self; 5] =
        [Self::IceServers, Self::Offered, Self::Described, Self::Answered, Self::Candidate];
}

/// The other side, or the browser, does something with which there is no connection to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal;

/// Promises to wait for, with what each of them is.
type Next = Result<Vec<(Step, JsValue)>, Refusal>;

/// What is to be agreed on for one connection.
pub(crate) struct Negotiation {
    /// The other side's offer, until there is a connection to give it to.
    offer: RefCell<Option<Vec<u8>>>,
    answers: bool,
    /// Our own offer waits for its answer.
    offers: Cell<bool>,
    /// The version of the other side's newest offer.
    version: Cell<u64>,
    remote_described: Cell<bool>,
    remote_candidates: Cell<usize>,
    /// Candidates of the other side that came before its description.
    candidates_in: RefCell<Vec<Candidate>>,
    local_described: Cell<bool>,
    candidates_out: RefCell<Vec<Candidate>>,
    candidates_due: RefCell<Option<Timeout>>,
}

impl Negotiation {
    /// Answers an offer, or makes one.
    pub(crate) fn new(offer: Option<Vec<u8>>) -> Self {
        Self {
            answers: offer.is_some(),
            version: Cell::new(offer.as_deref().map_or(0, version)),
            offer: RefCell::new(offer),
            offers: Cell::default(),
            remote_described: Cell::default(),
            remote_candidates: Cell::default(),
            candidates_in: RefCell::default(),
            local_described: Cell::default(),
            candidates_out: RefCell::default(),
            candidates_due: RefCell::default(),
        }
    }

    /// All is to be agreed on once more, with the offer of the other side or one of ours.
    pub(crate) fn renew(&self, offer: Option<Vec<u8>>) {
        self.offer.replace(offer);
        self.remote_described.set(false);
        self.remote_candidates.set(0);
        self.local_described.set(false);
    }

    /// Whether a later offer of the other side is taken. Of two that are made at once that of who dialled stays, and the other takes its own back (RFC
    /// 8829, section 4.1.10.2). And its version must be greater than all before (RFC 8866, section 5.2), or whoever carried an offer once could end the
    /// link with it as often as he liked.
    pub(crate) fn admits(&self, offer: &[u8]) -> bool {
        let version = version(offer);
        (self.answers || !self.offers.get()) && version > self.version.replace(version.max(self.version.get()))
    }

    /// There is a connection: the first description, or the first for another way.
    pub(crate) fn begin(&self, transport: &Transport, anew: bool) -> Next {
        let offer = self.offer.take();
        self.offers.set(offer.is_none());
        match offer {
            Some(offer) => describe_remote(transport, "offer", offer, Step::Offered),
            None => {
                if anew {
                    transport.connection().restart();
                }
                Ok(vec![describe_local(transport)])
            }
        }
    }

    /// A promise about the other side's signals has been kept.
    pub(crate) fn on_step(&self, step: Step, transport: &Transport) -> Next {
        let mut next = Vec::new();
        if matches!(step, Step::Offered | Step::Answered) {
            self.remote_described.set(true);
            add(transport, &self.candidates_in.take(), &mut next);
        }
        if step == Step::Answered {
            self.offers.set(false);
        }
        if step == Step::Offered {
            next.push(describe_local(transport));
        }
        Ok(next)
    }

    /// Our description has been made: what the other side shall get.
    pub(crate) fn on_described(&self, transport: &Transport, up: bool) -> Option<(SignalKind, Vec<u8>)> {
        let sdp = transport.connection().sdp()?;
        self.local_described.set(true);
        let kind = match (transport.connection().answers(), up) {
            (true, _) => SignalKind::Answer,
            (_, true) => SignalKind::Restart,
            (_, false) => SignalKind::Offer,
        };
        Some((kind, sdp.into_bytes()))
    }

    /// The other side's answer to our offer.
    pub(crate) fn take_answer(&self, transport: Option<&Transport>, body: Vec<u8>) -> Next {
        describe_remote(transport.ok_or(Refusal)?, "answer", body, Step::Answered)
    }

    /// Candidates of the other side: they wait for its description if they are the quicker ones.
    pub(crate) fn take_candidates(&self, transport: Option<&Transport>, body: &[u8]) -> Next {
        let candidates = candidate::decode(body).ok_or(Refusal)?;
        let known = self.remote_candidates.get().saturating_add(candidates.len());
        if candidates.is_empty() || known > CANDIDATES_MAX {
            return Err(Refusal);
        }
        self.remote_candidates.set(known);
        let mut next = Vec::new();
        match transport.filter(|_| self.remote_described.get()) {
            Some(transport) => add(transport, &candidates, &mut next),
            None => self.candidates_in.borrow_mut().extend(candidates),
        }
        Ok(next)
    }

    /// Keeps a candidate of ours for `flush`, which is called in the next tick. Returns whether to do that now.
    pub(crate) fn on_candidate(&self, event: &Event, at_once: bool, flush: impl FnOnce() + 'static) -> bool {
        let candidate = event.unchecked_ref::<RtcPeerConnectionIceEvent>().candidate();
        let Some(candidate) = candidate.filter(|candidate| !candidate.candidate().is_empty()) else {
            // There are no more.
            return true;
        };
        self.candidates_out.borrow_mut().push(Candidate::from(&candidate));
        if !at_once && self.candidates_due.borrow().is_none() {
            self.candidates_due.replace(Some(Timeout::new(0, flush)));
        }
        at_once
    }

    /// The body of our candidates that have gathered; none before the description to which they belong.
    pub(crate) fn gathered(&self) -> Option<Vec<u8>> {
        if !self.local_described.get() {
            return None;
        }
        self.candidates_due.replace(None);
        let candidates = self.candidates_out.take();
        (!candidates.is_empty()).then(|| candidate::encode(&candidates))
    }

    /// Whether both sides have their descriptions: all that is missing is a way between them.
    pub(crate) fn is_described(&self) -> bool {
        self.local_described.get() && self.remote_described.get()
    }

    /// Forgets everything that waits.
    pub(crate) fn clear(&self) {
        self.offer.take();
        self.candidates_in.take();
        self.candidates_out.take();
        self.candidates_due.take();
    }
}

fn describe_local(transport: &Transport) -> (Step, JsValue) {
    (Step::Described, transport.connection().describe().into())
}

fn describe_remote(transport: &Transport, kind: &str, body: Vec<u8>, step: Step) -> Next {
    let sdp = String::from_utf8(body).ok().filter(|sdp| is_data_only(sdp)).ok_or(Refusal)?;
    Ok(vec![(step, transport.connection().take(kind, &sdp).into())])
}

fn add(transport: &Transport, candidates: &[Candidate], next: &mut Vec<(Step, JsValue)>) {
    for candidate in candidates {
        next.push((Step::Candidate, candidate.add_to(transport.connection()).into()));
    }
}

/// The version of a description, which is greater in each that a browser makes for one connection: the third word, since the origin's line follows that of
/// the protocol (RFC 8866, section 5). 0 for what is no description, as the offer of an invite, which people carry: every later one comes after that.
fn version(sdp: &[u8]) -> u64 {
    if !sdp.starts_with(b"v=") {
        return 0;
    }
    let word = sdp.split(|byte| *byte == b' ').nth(2).unwrap_or_default();
    word.iter().fold(0, |sum: u64, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0'))))
}

/// Whether a description has the one section that ours have. Others would make the browser set up media.
fn is_data_only(sdp: &str) -> bool {
    let mut sections = sdp.lines().filter(|line| line.starts_with("m="));
    sections.next().is_some_and(|section| section.starts_with("m=application ")) && sections.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{Negotiation, Step, is_data_only};

    fn offer(version: u64) -> Vec<u8> {
        format!("v=0\r\no=- 4611731400430051336 {version} IN IP4 127.0.0.1\r\ns=-\r\n").into_bytes()
    }

    #[test]
    fn an_offer_that_was_made_before_another_is_not_taken_once_more() {
        let answers = Negotiation::new(Some(offer(2)));
        let admitted = [2, 1, 3, 3, 2, 5, 4].map(|version| answers.admits(&offer(version)));
        assert_eq!(admitted, [false, false, true, false, false, true, false]);
        assert!(!answers.admits(b"v=0"));
        assert!(Negotiation::new(Some(b"\x83 an invite's 9999".to_vec())).admits(&offer(1)));
    }

    #[test]
    fn of_two_offers_at_once_that_of_who_dialled_stays() {
        let (dials, answers) = (Negotiation::new(None), Negotiation::new(Some(offer(1))));
        dials.offers.set(true);
        answers.offers.set(true);
        assert_eq!([dials.admits(&offer(9)), answers.admits(&offer(9))], [false, true]);
        dials.offers.set(false);
        assert!(dials.admits(&offer(10)));
    }

    #[test]
    fn only_a_description_with_one_data_section_is_taken() {
        let head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n";
        let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
        let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n";
        assert!(is_data_only(&format!("{head}{data}")));
        for sections in [String::new(), audio.to_owned(), format!("{audio}{data}"), data.repeat(2)] {
            assert!(!is_data_only(&format!("{head}{sections}")), "{sections}");
        }
    }

    #[test]
    fn every_step_stands_at_its_number() {
        for (number, step) in Step::ALL.into_iter().enumerate() {
            assert_eq!(step as usize, number);
        }
    }
}
