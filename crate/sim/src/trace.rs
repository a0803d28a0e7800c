//! The last events, one line each, as tcpdump would print them.

use std::{collections::VecDeque, fmt, sync::Arc};

use chinwag_core::{Departure, Event, wire::Frame};

use crate::time::{Micros, SECOND};

/// Lines that are kept.
const LINES_MAX: usize = 200_000;

/// The last lines of what happened.
#[derive(Debug, Default)]
pub struct Trace {
    /// What befell the world before the lines that are kept: it is little, and explains much.
    before: Vec<Line>,
    lines: VecDeque<Line>,
}

#[derive(Debug)]
enum Line {
    Frame { at: Micros, from: u32, to: u32, frame: Arc<[u8]> },
    News { at: Micros, host: u32, text: String },
    Fault { at: Micros, text: String },
}

impl Trace {
    /// A frame arrives.
    pub fn frame(&mut self, at: Micros, from: u32, to: u32, frame: &Arc<[u8]>) {
        self.push(Line::Frame { at, from, to, frame: frame.clone() });
    }

    /// A node tells its user something.
    pub fn event(&mut self, at: Micros, host: u32, event: &Event) {
        self.push(Line::News { at, host, text: told(event) });
    }

    /// A member and the signaling server.
    pub fn server(&mut self, at: Micros, host: u32, text: String) {
        self.push(Line::News { at, host, text });
    }

    /// Something befalls the world.
    pub fn note(&mut self, at: Micros, text: String) {
        self.push(Line::Fault { at, text });
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() == LINES_MAX
            && let Some(oldest @ Line::Fault { .. }) = self.lines.pop_front()
        {
            self.before.push(oldest);
        }
        self.lines.push_back(line);
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before.iter().chain(&self.lines).try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame { at, from, to, frame } => {
                write!(f, "{} {from} > {to}: {}", Clock(*at), Shown(frame))
            }
            Self::Fault { at, text } => write!(f, "{} *** {text}", Clock(*at)),
            Self::News { at, host, text } => write!(f, "{} {host}: {text}", Clock(*at)),
        }
    }
}

/// The bytes of a frame in one line.
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Frame::decode(self.0) {
            Ok(decoded) => write!(f, "{decoded} ({} bytes)", self.0.len()),
            Err(malformed) => write!(f, "{malformed:?} ({} bytes)", self.0.len()),
        }
    }
}

struct Clock(Micros);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:4}.{:06}", self.0 / SECOND, self.0 % SECOND)
    }
}

fn told(event: &Event) -> String {
    match event {
        Event::Joined(member) => format!("joined {:?} i{}", member.id, member.incarnation),
        Event::Changed(member) => format!("changed {:?} i{} {:?}", member.id, member.incarnation, member.status),
        Event::Presence(member) => format!("presence {:?}", member.id),
        Event::Suspected { member, accuser, evidence } => {
            format!("suspected {:?} i{}: {evidence:?}, accused by {accuser:?}", member.id, member.incarnation)
        }
        Event::Gone { member, why: Departure::Left } => format!("gone {:?}: left", member.id),
        Event::Gone { member, why: Departure::Failed { evidence, accusers } } => {
            format!("gone {:?}: failed, {evidence:?}, accused by {accusers:?}", member.id)
        }
        Event::Link { peer, up } => format!("link to {peer:?} {}", if *up { "up" } else { "down" }),
        Event::Ready => "ready".to_owned(),
        Event::Superseded => "superseded".to_owned(),
        Event::Message(message) => {
            format!("message {:?}#{} h{} {}B", message.from, message.seq, message.hops, message.payload.len())
        }
        Event::MapChanged { map, key, value, by } => {
            format!(
                "map {map}: {key} is {} by {by:?}",
                value.as_ref().map_or_else(|| "deleted".into(), |it| format!("{} B", it.len()))
            )
        }
        Event::LogAppended { log, entry } => format!("log {log}: {} B by {:?}", entry.value.len(), entry.from),
        Event::CounterChanged { counter, value } => format!("counter {counter} is {value}"),
        Event::Violation(violation) => format!("violation by {:?}: {:?}", violation.peer, violation.kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_line_with_time_hosts_and_contents() {
        let mut trace = Trace::default();
        trace.frame(1_500_000, 3, 14, &Frame::Ping { number: 5, view: 0 }.encode());
        assert_eq!(trace.to_string(), "   1.500000 3 > 14: ping 5 view 0000 (4 bytes)\n");
    }

    #[test]
    fn bytes_that_are_no_frame_are_told_as_such() {
        let mut trace = Trace::default();
        trace.frame(0, 0, 1, &vec![0xff; 3].into());
        assert!(trace.to_string().contains("Version"));
    }

    #[test]
    fn what_befalls_the_world_stands_out() {
        let mut trace = Trace::default();
        trace.note(2_000_000, "node 3 is killed".to_owned());
        assert_eq!(trace.to_string(), "   2.000000 *** node 3 is killed\n");
    }

    #[test]
    fn only_the_last_lines_are_kept_and_all_that_befell_the_world() {
        let mut trace = Trace::default();
        trace.note(0, "node 3 is killed".to_owned());
        (0..LINES_MAX as u64 + 5).for_each(|at| trace.frame(at, 0, 1, &Frame::Ping { number: at, view: 0 }.encode()));
        assert_eq!(trace.lines.len(), LINES_MAX);
        assert!(trace.to_string().starts_with("   0.000000 *** node 3 is killed\n   0.000005 "));
    }
}
