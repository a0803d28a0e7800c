//! The table of links and attempts.

use alloc::vec::Vec;

use crate::{config::Config, identity::PeerId, io::LinkId, table::SmallMap, time::Instant};

/// How the signalling of an attempt travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// By the signaling server, to this member, which passes it on if it is for another.
    Server(PeerId),
    /// Over the mesh, by way of this link.
    Mesh(LinkId),
}

/// How far a link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The hosts are connecting; given up at the deadline.
    Pending { deadline: Instant },
    /// The channels are open, and the peer has not yet said who it is; given up at the deadline.
    Open { deadline: Instant },
    /// The peer has shown the record of the key that we dialled: a link.
    Greeted,
}

#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) peer: PeerId,
    /// Names the attempt between the two: drawn by who dials.
    pub(crate) session: u64,
    pub(crate) route: Route,
    /// We dialled, and not the other.
    pub(crate) dialled: bool,
    pub(crate) state: State,
    /// When it began, and then when it came to carry gossip.
    pub(crate) since: Instant,
    /// The other side has answered our offer.
    pub(crate) heard: bool,
    /// The peer's first comparison has been answered.
    pub(crate) answered: bool,
    /// A link that is closed when this one is up.
    pub(crate) instead_of: Option<LinkId>,
    /// When one of its ends last began to look for another way.
    pub(crate) mended_at: Option<Instant>,
}

impl Link {
    pub(crate) const fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    pub(crate) const fn is_greeted(&self) -> bool {
        matches!(self.state, State::Greeted)
    }
}

/// What becomes of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Take it, and give up these attempts of the same pair.
    Accept {
        /// To be closed.
        instead_of: Vec<LinkId>,
    },
    /// Our own dial to the same member stays: the other side will answer it.
    OursStays,
    /// We have links enough.
    Full,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    table: SmallMap<LinkId, Link>,
    last_id: u32,
}

impl Links {
    /// Begins an attempt.
    pub(crate) fn begin(&mut self, link: Link) -> LinkId {
        self.last_id = self.last_id.wrapping_add(1);
        let id = LinkId(self.last_id);
        self.table.insert(id, link);
        id
    }

    pub(crate) fn remove(&mut self, id: LinkId) -> Option<Link> {
        self.table.remove(&id)
    }

    /// The link carries gossip from now on. Whether it did not before.
    pub(crate) fn set_greeted(&mut self, now: Instant, id: LinkId) -> bool {
        let link = self.table.get_mut(&id).filter(|link| !link.is_greeted());
        link.is_some_and(|link| {
            link.state = State::Greeted;
            link.since = now;
            true
        })
    }

    /// Which link makes way for this one.
    pub(crate) fn set_instead_of(&mut self, id: LinkId, other: Option<LinkId>) {
        if let Some(link) = self.table.get_mut(&id) {
            link.instead_of = other;
        }
    }

    /// One of the two looks for another way for a link, and what is signalled for it goes by this route from now on.
    pub(crate) fn set_mended(&mut self, now: Instant, id: LinkId, route: Route) {
        if let Some(link) = self.table.get_mut(&id) {
            (link.mended_at, link.route) = (Some(now), route);
        }
    }

    pub(crate) fn set_state(&mut self, id: LinkId, state: State) {
        if let Some(link) = self.table.get_mut(&id) {
            link.state = state;
        }
    }

    /// The other side has answered: the attempt gets until then. Once, however often it answers.
    pub(crate) fn prolong(&mut self, id: LinkId, deadline: Instant) {
        if let Some(link) = self.table.get_mut(&id)
            && link.is_pending()
            && link.dialled
            && !core::mem::replace(&mut link.heard, true)
        {
            link.state = State::Pending { deadline };
        }
    }

    /// Whether this is the first answer to a comparison on this link.
    pub(crate) fn answer_first(&mut self, id: LinkId) -> bool {
        self.table.get_mut(&id).is_some_and(|link| !core::mem::replace(&mut link.answered, true))
    }

    /// This host stood still: attempts get the time back.
    pub(crate) fn forgive(&mut self, late_us: u64) {
        for link in self.table.values_mut() {
            match &mut link.state {
                State::Pending { deadline } | State::Open { deadline } => *deadline = deadline.plus_micros(late_us),
                State::Greeted => {}
            }
        }
    }

    /// What to do with an offer of `peer`, when `me` is our own id.
    pub(crate) fn admit(&self, me: PeerId, peer: PeerId, config: &Config) -> Admission {
        let mut instead_of = Vec::new();
        for (id, link) in self.of_peer(peer).filter(|(_, link)| link.is_pending()) {
            if link.dialled && me < peer {
                return Admission::OursStays;
            }
            instead_of.push(id);
        }
        // An open link to the same member is no reason to refuse: it has lost its end, or would not dial. Whichever comes up
        // last replaces the other.
        let others = self.table.values().filter(|link| link.peer != peer).count();
        if others >= config.links_max { Admission::Full } else { Admission::Accept { instead_of } }
    }

    pub(crate) fn get(&self, id: LinkId) -> Option<&Link> {
        self.table.get(&id)
    }

    pub(crate) fn of_session(&self, peer: PeerId, session: u64) -> Option<LinkId> {
        self.of_peer(peer).find(|(_, link)| link.session == session).map(|(id, _)| id)
    }

    pub(crate) fn of_peer(&self, peer: PeerId) -> impl Iterator<Item = (LinkId, &Link)> {
        self.table.iter().filter(move |(_, link)| link.peer == peer).map(|(id, link)| (*id, link))
    }

    /// Our link to a member, if there is one that carries gossip.
    pub(crate) fn to(&self, peer: PeerId) -> Option<LinkId> {
        self.of_peer(peer).filter(|(_, link)| link.is_greeted()).map(|(id, _)| id).last()
    }

    pub(crate) fn is_linked_or_trying(&self, peer: PeerId) -> bool {
        self.of_peer(peer).next().is_some()
    }

    /// The links that carry gossip.
    pub(crate) fn greeted(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.table.iter().filter(|(_, link)| link.is_greeted()).map(|(id, link)| (*id, link))
    }

    pub(crate) fn is_greeted(&self, id: LinkId) -> bool {
        self.table.get(&id).is_some_and(Link::is_greeted)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.table.iter().map(|(id, link)| (*id, link))
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn ids(&self) -> Vec<LinkId> {
        self.table.iter().map(|(id, _)| *id).collect()
    }

    /// The attempts that have had their time.
    pub(crate) fn overdue(&self, now: Instant) -> Vec<LinkId> {
        let due = |link: &Link| Self::deadline(link).is_some_and(|deadline| now >= deadline);
        self.table.iter().filter(|(_, link)| due(link)).map(|(id, _)| *id).collect()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.table.values().filter_map(Self::deadline).min()
    }

    const fn deadline(link: &Link) -> Option<Instant> {
        match link.state {
            State::Pending { deadline } | State::Open { deadline } => Some(deadline),
            State::Greeted => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn peer(n: u8) -> PeerId {
        PeerId::from_bytes([n; 16])
    }

    fn pending(to: PeerId, dialled: bool) -> Link {
        let state = State::Pending { deadline: Instant::from_millis(10) };
        Link {
            peer: to,
            session: 1,
            route: Route::Server(to),
            dialled,
            state,
            since: Instant::ZERO,
            heard: false,
            answered: false,
            instead_of: None,
            mended_at: None,
        }
    }

    #[test]
    fn of_two_dials_the_one_of_the_smaller_id_stays() {
        let (small, great, config) = (peer(1), peer(2), Config::default());
        let (mut of_small, mut of_great) = (Links::default(), Links::default());
        of_small.begin(pending(great, true));
        let dropped = of_great.begin(pending(small, true));
        assert_eq!(of_small.admit(small, great, &config), Admission::OursStays);
        assert_eq!(of_great.admit(great, small, &config), Admission::Accept { instead_of: [dropped].into() });
    }

    #[test]
    fn a_second_offer_replaces_the_first() {
        let mut links = Links::default();
        let first = links.begin(pending(peer(2), false));
        let admission = links.admit(peer(1), peer(2), &Config::default());
        assert_eq!(admission, Admission::Accept { instead_of: [first].into() });
    }

    #[test]
    fn who_has_links_enough_refuses() {
        let (mut links, config) = (Links::default(), Config::default());
        for n in 0..config.links_max {
            links.begin(pending(peer(10 + u8::try_from(n).unwrap()), true));
        }
        assert_eq!(links.admit(peer(1), peer(2), &config), Admission::Full);
        assert_eq!(links.admit(peer(200), peer(10), &config), Admission::Accept { instead_of: [LinkId(1)].into() });
    }

    #[test]
    fn an_answer_prolongs_an_attempt_once() {
        let mut links = Links::default();
        let id = links.begin(pending(peer(2), true));
        links.prolong(id, Instant::from_millis(50));
        links.prolong(id, Instant::from_millis(500));
        assert_eq!(links.next_timeout(), Some(Instant::from_millis(50)));
    }

    #[test]
    fn attempts_have_deadlines_and_links_have_none() {
        let mut links = Links::default();
        let id = links.begin(pending(peer(2), true));
        assert_eq!(links.overdue(Instant::from_millis(9)), []);
        assert_eq!(links.overdue(Instant::from_millis(10)), [id]);
        links.set_state(id, State::Greeted);
        assert_eq!((links.next_timeout(), links.overdue(Instant::from_millis(99)).len()), (None, 0));
    }
}
