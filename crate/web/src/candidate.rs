//! ICE candidates on their way between two hosts (RFC 8838): several in one body, since every body is signed.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use js_sys::Promise;
use web_sys::RtcIceCandidate;

use crate::{
    cbor::{Head, NULL, Reader, SIMPLE, TEXT, UNSIGNED, head, string},
    transport::Connection,
};

/// Candidates of one link that are taken in at most. A machine with many networks has some 30.
pub(crate) const CANDIDATES_MAX: usize = 64;

/// What `RTCIceCandidateInit` holds of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    line: String,
    mid: Option<String>,
    m_line_index: Option<u16>,
}

impl From<&RtcIceCandidate> for Candidate {
    fn from(from: &RtcIceCandidate) -> Self {
        Self { line: from.candidate(), mid: from.sdp_mid(), m_line_index: from.sdp_m_line_index() }
    }
}

impl Candidate {
    /// Gives it to a connection.
    pub(crate) fn add_to(&self, connection: &Connection) -> Promise {
        connection.add(&self.line, self.mid.as_deref(), self.m_line_index)
    }
}

/// The body of a signal: for each candidate three CBOR items (its line, its mid or null, its index or null).
pub(crate) fn encode(candidates: &[Candidate]) -> Vec<u8> {
    let mut body = Vec::new();
    for candidate in candidates {
        string(&mut body, TEXT, candidate.line.as_bytes());
        match &candidate.mid {
            Some(mid) => string(&mut body, TEXT, mid.as_bytes()),
            None => head(&mut body, SIMPLE, NULL),
        }
        match candidate.m_line_index {
            Some(index) => head(&mut body, UNSIGNED, index.into()),
            None => head(&mut body, SIMPLE, NULL),
        }
    }
    body
}

/// The candidates of a body; `None` if it is not one, or holds more than any link may have.
pub(crate) fn decode(body: &[u8]) -> Option<Vec<Candidate>> {
    let mut reader = Reader::new(body);
    let mut candidates = Vec::new();
    while reader.left() > 0 {
        if candidates.len() == CANDIDATES_MAX {
            return None;
        }
        let line = reader.text()?.to_owned();
        let mid = match reader.head()? {
            Head::Of(TEXT, length) => Some(String::from_utf8(reader.take(length)?.to_vec()).ok()?),
            Head::Of(SIMPLE, NULL) => None,
            _ => return None,
        };
        let m_line_index = match reader.head()? {
            Head::Of(UNSIGNED, index) => Some(u16::try_from(index).ok()?),
            Head::Of(SIMPLE, NULL) => None,
            _ => return None,
        };
        candidates.push(Candidate { line, mid, m_line_index });
    }
    Some(candidates)
}

#[cfg(test)]
mod tests {
    use super::{CANDIDATES_MAX, Candidate, decode, encode};

    fn candidate(line: &str) -> Candidate {
        Candidate { line: line.to_owned(), mid: Some("0".to_owned()), m_line_index: Some(0) }
    }

    #[test]
    fn candidates_come_out_as_they_went_in() {
        let anonymous = Candidate { line: String::new(), mid: None, m_line_index: None };
        for candidates in [vec![], vec![candidate("candidate:1 1 udp 2122 10.0.0.1 9 typ host"), anonymous]] {
            assert_eq!(decode(&encode(&candidates)), Some(candidates));
        }
    }

    #[test]
    fn a_body_with_too_many_candidates_is_none() {
        assert!(decode(&encode(&vec![candidate("x"); CANDIDATES_MAX])).is_some());
        assert!(decode(&encode(&vec![candidate("x"); CANDIDATES_MAX + 1])).is_none());
    }

    #[test]
    fn a_body_that_is_cut_or_of_another_type_is_none() {
        let body = encode(&[candidate("candidate:1")]);
        for end in 1..body.len() {
            assert!(decode(&body[..end]).is_none(), "cut at {end}");
        }
        assert!(decode(&[0xa0]).is_none());
        assert!(decode(b"candidate:1 1 udp").is_none());
    }
}
