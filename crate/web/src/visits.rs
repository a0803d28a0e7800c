//! Visits to the other signaling servers, if there are several URLs: whoever of the room is there may know nothing of us.
//!
//! A member holds a socket to one server. Others of its room may have found another one that answers, or know no other, and
//! so a room can have halves that never hear of each other. A visit asks a server for members, as a newcomer does, and
//! stays until links to those that are new to us have come about.

use alloc::{rc::Weak, string::String, vec::Vec};
use core::cell::{Cell, RefCell};

use chinwag_signaling_messages::ClientMessage;

use crate::{
    clock::{self, Timeout},
    driver::Driver,
    signaling::Socket,
};

/// Members that are met on one visit at most.
const MEMBERS_MAX: usize = 64;

/// The longest visit.
const STAY_MS_MAX: u32 = 10_000;

/// The pause before the first visit, and after one of a member that has nobody.
const SHORT_MS: u32 = 2_000;

/// In a larger room somebody makes a visit about so often, however large it is.
const PAUSE_MS: u32 = 6_000;

/// No member makes one more often.
const PAUSE_MS_MIN: u32 = 20_000;

/// The longest pause.
const PAUSE_MS_MAX: u32 = 3_600_000;

/// The visits of one member.
#[derive(Default)]
pub(crate) struct Visits {
    visit: RefCell<Option<Visit>>,
    /// When the next one is due, or the present one too long.
    next: RefCell<Option<Timeout>>,
    /// How many there were: they go round.
    made: Cell<usize>,
}

struct Visit {
    socket: Socket,
    /// The members that can be reached by it; none before its welcome.
    members: RefCell<Option<Vec<String>>>,
}

impl Visits {
    /// Sees to it that there is a visit before long.
    pub(crate) fn plan(&self, driver: Weak<Driver>, pause_ms: u32) {
        self.visit.replace(None);
        let due = Timeout::new(clock::jittered(pause_ms), move || {
            if let Some(driver) = driver.upgrade() {
                driver.signaling().visit();
                driver.run();
            }
        });
        self.next.replace(Some(due));
    }

    /// Begins a visit by a socket that is being opened; without one there is another try later.
    pub(crate) fn begin(&self, driver: Weak<Driver>, socket: Option<Socket>) {
        self.plan(driver, STAY_MS_MAX);
        self.visit.replace(socket.map(|socket| Visit { socket, members: RefCell::default() }));
    }

    /// The next one's place among `others` servers.
    pub(crate) fn turn(&self, others: usize) -> usize {
        let turn = self.made.get();
        self.made.set(turn.wrapping_add(1));
        turn.checked_rem(others).unwrap_or(0)
    }

    /// The pause after a visit in a room of so many.
    pub(crate) fn pause_ms(members: u64, alone: bool) -> u32 {
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        if alone { SHORT_MS } else { PAUSE_MS.saturating_mul(members).clamp(PAUSE_MS_MIN, PAUSE_MS_MAX) }
    }

    /// Ends all of it.
    pub(crate) fn end(&self) {
        self.next.replace(None);
        self.visit.replace(None);
    }

    /// Sends something to the server that is being visited.
    pub(crate) fn send(&self, message: &ClientMessage) {
        if let Some(visit) = &*self.visit.borrow() {
            visit.socket.send(message);
        }
    }

    /// The server has named members. Whether it is the first time: its welcome.
    pub(crate) fn welcomed(&self, members: &[String]) -> bool {
        let visit = self.visit.borrow();
        visit.as_ref().is_some_and(|visit| visit.members.borrow_mut().replace(members.to_vec()).is_none())
    }

    /// A member of the room is there as well.
    pub(crate) fn meet(&self, member: String) {
        if let Some(visit) = &*self.visit.borrow()
            && let Some(members) = &mut *visit.members.borrow_mut()
            && members.len() < MEMBERS_MAX
        {
            members.push(member);
        }
    }

    /// Whether a member is to be reached where we are on a visit.
    pub(crate) fn reaches(&self, member: &str) -> bool {
        self.visit.borrow().as_ref().is_some_and(|visit| {
            visit.members.borrow().as_ref().is_some_and(|members| members.iter().any(|known| known == member))
        })
    }

    /// Whether there is one at present.
    pub(crate) fn is_on(&self) -> bool {
        self.visit.borrow().is_some()
    }

    /// Whether we have been welcomed.
    pub(crate) fn is_welcome(&self) -> bool {
        self.visit.borrow().as_ref().is_some_and(|visit| visit.members.borrow().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::{PAUSE_MS, PAUSE_MS_MAX, PAUSE_MS_MIN, SHORT_MS, Visits};

    #[test]
    fn the_larger_the_room_the_rarer_does_each_visit_and_who_is_alone_does_soon() {
        assert_eq!(Visits::pause_ms(50, true), SHORT_MS);
        let pauses = [2, 50, 10_000, u64::MAX].map(|members| Visits::pause_ms(members, false));
        assert_eq!(pauses, [PAUSE_MS_MIN, 50 * PAUSE_MS, PAUSE_MS_MAX, PAUSE_MS_MAX]);
    }

    #[test]
    fn visits_go_round() {
        let visits = Visits::default();
        assert_eq!([2, 2, 2].map(|others| visits.turn(others)), [0, 1, 0]);
        assert_eq!(visits.turn(0), 0);
    }
}
