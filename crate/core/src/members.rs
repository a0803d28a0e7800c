//! The membership table: who is in the room, and who no longer is.
//!
//! Merging follows SWIM (Das 2002, section 4.2): the greater incarnation wins, and among equal ones DEAD over SUSPECT over
//! ALIVE. The gone are remembered, so that stale news revives nobody.
//!
//! In: [`Members::accept`], [`Members::suspect`], [`Members::bury`]. Looking only: [`Members::weigh`], [`Members::get`].

use alloc::{collections::VecDeque, sync::Arc, vec::Vec};

use crate::{
    config::Config,
    identity::{PeerId, PublicKey},
    table::{PeerMap, PeerTable, Row},
    time::Instant,
    wire::{Record, Signed},
};

/// What a member is believed to be, in the order in which beliefs of one incarnation override each other
/// (SWIM, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Heard of, and nothing speaks against it.
    Alive,
    /// Accused, and it may still refute.
    Suspect,
}

/// A member other than ourselves.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) record: Arc<Signed<Record>>,
    pub(crate) status: Status,
    /// When it was first heard of, in milliseconds: half the size, and 49 days are long enough ago.
    since_ms: u32,
}

impl Member {
    pub(crate) fn new(record: Arc<Signed<Record>>, since: Instant) -> Self {
        Self { record, status: Status::Alive, since_ms: u32::try_from(since.as_millis()).unwrap_or(u32::MAX) }
    }

    /// When it was first heard of.
    pub(crate) const fn since(&self) -> Instant {
        Instant::from_millis(self.since_ms as u64)
    }
}

impl Row for Member {
    fn id(&self) -> &PeerId {
        self.record.body.id_ref()
    }
}

/// Somebody who was a member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tombstone {
    pub(crate) incarnation: u64,
    pub(crate) buried_at: Instant,
}

/// What a record would be to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A member that is not in the table.
    Unknown,
    /// A greater incarnation of one that is.
    Newer,
    /// Nothing new.
    Stale,
    /// The member is gone at this incarnation, which is not smaller.
    Buried(u64),
    /// The table is full.
    NoRoom,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    table: PeerTable<Member>,
    tombstones: PeerMap<Tombstone>,
    /// Tombstones by age, and some that are no more: a member may have come back.
    graves: VecDeque<(Instant, PeerId)>,
    alive: usize,
    /// Of the living, how many hold a socket to the server.
    greeters: usize,
}

impl Members {
    /// Takes a record in that [`Members::weigh`] found to be news. Returns the member's status before, if it was one.
    pub(crate) fn accept(&mut self, now: Instant, record: Arc<Signed<Record>>) -> Option<Status> {
        let id = record.body.id();
        self.forget(&id);
        let before = self.table.row(&id).map(|member| (member.status, member.since()));
        let since = before.map_or(now, |(_, since)| since);
        self.unlist(&id);
        self.alive = self.alive.saturating_add(1);
        if record.body.greeter {
            self.greeters = self.greeters.saturating_add(1);
        }
        self.table.put(Member::new(record, since));
        before.map(|(status, _)| status)
    }

    /// Puts a member under suspicion, if it is alive at this incarnation.
    pub(crate) fn suspect(&mut self, id: &PeerId, incarnation: u64) -> bool {
        match self.table.row(id) {
            Some(member) if member.status == Status::Alive && member.record.body.incarnation == incarnation => {
                self.unlist(id);
                if let Some(member) = self.table.row_mut(id) {
                    member.status = Status::Suspect;
                }
                true
            }
            _ => false,
        }
    }

    /// Removes a member and remembers that it is gone. Returns those who are remembered no longer, for lack of room.
    pub(crate) fn bury(&mut self, now: Instant, id: PeerId, incarnation: u64, config: &Config) -> Vec<PeerId> {
        self.unlist(&id);
        let member = self.table.take(&id);
        let known = member.as_ref().map_or(0, |member| member.record.body.incarnation);
        self.forget(&id);
        self.tombstones.insert(id, Tombstone { incarnation: incarnation.max(known), buried_at: now });
        self.graves.push_back((now, id));
        let graves_max = config.tombstones_max.saturating_mul(2);
        self.open_graves(|it| it.tombstones.len() > config.tombstones_max || it.graves.len() > graves_max)
    }

    /// Drops the tombstones that have had their time. Returns whose they were.
    pub(crate) fn expire(&mut self, now: Instant, config: &Config) -> Vec<PeerId> {
        let old = |(buried_at, _): &(Instant, PeerId)| now >= buried_at.plus_ms(config.tombstone_ms);
        self.open_graves(|it| it.graves.front().is_some_and(old))
    }

    /// What a record would be, before its signature is worth checking.
    pub(crate) fn weigh(&self, id: &PeerId, incarnation: u64, config: &Config) -> News {
        match (self.table.row(id), self.tombstones.get(id)) {
            (Some(member), _) if incarnation > member.record.body.incarnation => News::Newer,
            (Some(_), _) => News::Stale,
            (None, Some(grave)) if incarnation <= grave.incarnation => News::Buried(grave.incarnation),
            (None, _) if self.table.len() >= config.members_max => News::NoRoom,
            (None, _) => News::Unknown,
        }
    }

    pub(crate) fn get(&self, id: &PeerId) -> Option<&Member> {
        self.table.row(id)
    }

    pub(crate) fn key_of(&self, id: &PeerId) -> Option<&PublicKey> {
        self.table.row(id).map(|member| member.record.body.public_key())
    }

    pub(crate) fn incarnation_of(&self, id: &PeerId) -> Option<u64> {
        self.table.row(id).map(|member| member.record.body.incarnation)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerId, &Member)> {
        self.table.rows().map(named)
    }

    /// The member with this id, and those with greater ones.
    pub(crate) fn from(&self, id: PeerId) -> impl Iterator<Item = (&PeerId, &Member)> {
        self.table.rows_from(id).map(named)
    }

    pub(crate) fn alive(&self) -> impl Iterator<Item = (&PeerId, &Member)> {
        self.iter().filter(|(_, member)| member.status == Status::Alive)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) const fn alive_count(&self) -> usize {
        self.alive
    }

    pub(crate) const fn greeter_count(&self) -> usize {
        self.greeters
    }

    /// Whether fewer than `n` of the living that are no greeters have ids below `id`. Looks at no more than it must.
    pub(crate) fn fewer_below(&self, id: &PeerId, n: usize) -> bool {
        let plain = |(_, member): &(&PeerId, &Member)| !member.record.body.greeter;
        self.iter()
            .take_while(|(other, _)| *other < id)
            .filter(|(_, member)| member.status == Status::Alive)
            .filter(plain)
            .nth(n.saturating_sub(1))
            .is_none()
    }

    /// How many of the living come between two members on the ring of ids, at most `limit`.
    pub(crate) fn live_between(&self, from: &PeerId, to: &PeerId, limit: usize) -> usize {
        let between = |id: &PeerId| if from < to { from < id && id < to } else { from < id || id < to };
        let ring = self.from(*from).chain(self.iter()).skip_while(|(id, _)| *id == from);
        let ring = ring.take_while(|(id, _)| between(id));
        ring.filter(|(_, member)| member.status == Status::Alive).take(limit).count()
    }

    /// Up to `n` of those under suspicion.
    pub(crate) fn suspects(&self, n: usize) -> Vec<PeerId> {
        let suspect = |(_, member): &(&PeerId, &Member)| member.status == Status::Suspect;
        self.iter().filter(suspect).take(n).map(|(id, _)| *id).collect()
    }

    /// The `n` living that come before an id on the ring, the nearest first.
    pub(crate) fn live_before(&self, id: &PeerId, n: usize) -> Vec<PeerId> {
        let above = self.table.rows_before(None).take_while(|member| member.id() > id);
        let ring = self.table.rows_before(Some(*id)).chain(above);
        ring.filter(|member| member.status == Status::Alive).take(n).map(|member| *member.id()).collect()
    }

    pub(crate) fn tombstone(&self, id: &PeerId) -> Option<u64> {
        self.tombstones.get(id).map(|grave| grave.incarnation)
    }

    /// Takes a member out of the counts of the living.
    fn unlist(&mut self, id: &PeerId) {
        if let Some(member) = self.table.row(id).filter(|member| member.status == Status::Alive) {
            self.alive = self.alive.saturating_sub(1);
            self.greeters = self.greeters.saturating_sub(usize::from(member.record.body.greeter));
        }
    }

    fn forget(&mut self, id: &PeerId) {
        self.tombstones.remove(id);
    }

    /// Drops the oldest tombstones, as long as there is cause. Returns whose they were.
    fn open_graves(&mut self, cause: impl Fn(&Self) -> bool) -> Vec<PeerId> {
        let mut forgotten = Vec::new();
        while cause(self)
            && let Some((buried_at, id)) = self.graves.pop_front()
        {
            if self.tombstones.get(&id).is_some_and(|grave| grave.buried_at == buried_at) {
                self.tombstones.remove(&id);
                forgotten.push(id);
            }
        }
        forgotten
    }
}

fn named(member: &Member) -> (&PeerId, &Member) {
    (member.id(), member)
}
