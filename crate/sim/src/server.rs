//! The signaling server's room, by the rules of docs/SIGNALING.md: who is attached, who is introduced, who is let go.

use crate::random::{RngExt, Stream};

/// Members that one answer names at most.
pub const INTRODUCTIONS_MAX: usize = 3;

/// The server's one room.
#[derive(Debug)]
pub struct Server {
    /// Who is attached, those first who came first.
    seats: Vec<Seat>,
    greeters: usize,
    up: bool,
    chance: Stream,
}

#[derive(Clone, Copy, Debug)]
struct Seat {
    host: u32,
    linked: bool,
}

impl Server {
    /// An empty room that keeps `greeters` linked members attached.
    #[must_use]
    pub const fn new(greeters: usize, chance: Stream) -> Self {
        Self { seats: Vec::new(), greeters, up: true, chance }
    }

    /// A host joins: whom to dial. Its older seat, if it has one, is gone.
    pub fn join(&mut self, host: u32) -> Vec<u32> {
        self.leave(host);
        self.seats.push(Seat { host, linked: false });
        self.introductions(host)
    }

    /// A host's socket is gone.
    pub fn leave(&mut self, host: u32) {
        self.seats.retain(|seat| seat.host != host);
    }

    /// A host tells whether it has links. Those that are let go, the last comers first.
    pub fn linked(&mut self, host: u32, linked: bool) -> Vec<u32> {
        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.host == host) {
            seat.linked = linked;
        }
        let excess = self.seats.iter().filter(|seat| seat.linked).count().saturating_sub(self.greeters);
        let newest_first = self.seats.iter().rev();
        let released: Vec<u32> = newest_first.filter(|seat| seat.linked).take(excess).map(|seat| seat.host).collect();
        self.seats.retain(|seat| !released.contains(&seat.host));
        released
    }

    /// Members for a host to dial, at random, linked ones first.
    pub fn introductions(&mut self, host: u32) -> Vec<u32> {
        let others = |linked: bool| {
            let seats = self.seats.iter().filter(move |seat| seat.host != host && seat.linked == linked);
            seats.map(|seat| seat.host).collect::<Vec<_>>()
        };
        let (mut linked, mut unlinked) = (others(true), others(false));
        let mut chosen = Vec::with_capacity(INTRODUCTIONS_MAX);
        for pool in [&mut linked, &mut unlinked] {
            while chosen.len() < INTRODUCTIONS_MAX && !pool.is_empty() {
                let at = self.chance.random_range(0..pool.len() as u32) as usize;
                chosen.push(pool.swap_remove(at));
            }
        }
        chosen
    }

    /// Whether a host is attached.
    #[must_use]
    pub fn is_attached(&self, host: u32) -> bool {
        self.seats.iter().any(|seat| seat.host == host)
    }

    /// Everybody who is attached, those first who came first.
    pub fn attached(&self) -> impl Iterator<Item = u32> {
        self.seats.iter().map(|seat| seat.host)
    }

    /// Whether it can be reached.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.up
    }

    /// The server goes, or comes back empty. Who was attached.
    pub fn set_up(&mut self, up: bool) -> Vec<u32> {
        self.up = up;
        std::mem::take(&mut self.seats).into_iter().map(|seat| seat.host).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Concern, stream};

    fn server() -> Server {
        Server::new(5, stream(1, Concern::Server))
    }

    #[test]
    fn a_newcomer_gets_up_to_three_others() {
        let mut server = server();
        assert_eq!(server.join(0), []);
        assert_eq!(server.join(1), [0]);
        for host in 2..9 {
            let named = server.join(host);
            assert_eq!(named.len(), INTRODUCTIONS_MAX.min(host as usize));
            assert!(!named.contains(&host));
        }
    }

    #[test]
    fn linked_members_are_named_first() {
        let mut server = server();
        for host in 0..8 {
            server.join(host);
        }
        server.linked(4, true);
        for _ in 0..20 {
            assert_eq!(server.introductions(0).first(), Some(&4));
        }
    }

    #[test]
    fn who_came_last_is_let_go_and_five_stay() {
        let mut server = server();
        for host in 0..7 {
            server.join(host);
        }
        let released: Vec<_> = (0..7).flat_map(|host| server.linked(host, true)).collect();
        assert_eq!(released, [5, 6]);
        assert_eq!(server.attached().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn who_has_no_links_is_never_let_go() {
        let mut server = server();
        for host in 0..20 {
            server.join(host);
        }
        assert_eq!(server.linked(3, false), []);
        assert_eq!(server.attached().count(), 20);
    }

    #[test]
    fn a_server_that_comes_back_knows_nobody() {
        let mut server = server();
        server.join(1);
        assert_eq!(server.set_up(false), [1]);
        server.set_up(true);
        assert!(!server.is_attached(1) && server.is_up());
    }
}
