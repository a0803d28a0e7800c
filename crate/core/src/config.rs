//! The knobs, each with unit, default and trade-off.

/// How posts for all spread. The same for all members of a room; whatever is said about members travels on the trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// Along a tree for each origin: the fewest bytes, the shortest ways.
    Tree,
    /// Rumor mongering: told to random links until enough of them know it. More copies; no state for an origin to be wrong.
    #[cfg(feature = "rumor")]
    Rumor,
    /// Each round every member offers what it has of late to one random link.
    #[cfg(feature = "rounds")]
    Push,
    /// Each round every member asks one random link for what that has of late.
    #[cfg(feature = "rounds")]
    Pull,
    /// Both in each round.
    #[cfg(feature = "rounds")]
    PushPull,
}

impl core::str::FromStr for Strategy {
    type Err = ();

    /// By its name in lower case.
    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "tree" => Ok(Self::Tree),
            #[cfg(feature = "rumor")]
            "rumor" => Ok(Self::Rumor),
            #[cfg(feature = "rounds")]
            "push" => Ok(Self::Push),
            #[cfg(feature = "rounds")]
            "pull" => Ok(Self::Pull),
            #[cfg(feature = "rounds")]
            "push-pull" => Ok(Self::PushPull),
            _ => Err(()),
        }
    }
}

impl Strategy {
    /// Whether members contact each other in rounds, whether they have something new or not.
    #[cfg(feature = "rounds")]
    pub(crate) const fn is_in_rounds(self) -> bool {
        matches!(self, Self::Push | Self::Pull | Self::PushPull)
    }
}

/// How a node behaves. Every bound of the protocol is here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// A room of up to this many members is a full mesh, default 8. At most `links_max` + 1.
    pub small_room_max: usize,
    /// Links that a node wants in a larger room, default 6. A random graph of 1,000 members is 6 hops deep with 6 links, and 7 with
    /// 5. More links: shorter paths, more probes.
    pub links_wanted: usize,
    /// Links that a node allows at most, attempts of others included, default 8; at most 16.
    pub links_max: usize,
    /// How long an attempt at a link may take once it is answered, default 10,000 ms. Relayed and mobile paths need seconds; a ghost costs this much.
    pub dial_timeout_ms: u32,
    /// How long an offer may be without an answer, default 4,000 ms: whom the server named may have gone just now.
    pub answer_timeout_ms: u32,
    /// How long after the server's first answer the room counts as joined though nobody could be reached, default 5,000 ms: those whom it
    /// named may all be gone.
    pub alone_after_ms: u32,
    /// How long the member with the greater id waits for the other to dial, default 1,000 ms: avoids most glare.
    pub dial_patience_ms: u32,
    /// How long a knock may take to be answered, default 2,500 ms; then another is sent. A walk crosses up to 14 links and back.
    pub knock_timeout_ms: u32,
    /// Splices that a node begins for newcomers, or follows, in a minute, default 30: more lets a storm of joins through faster, fewer
    /// lets an attacker change less.
    pub evictions_per_minute: u32,
    /// First pause after a failed dial to a member, default 1,000 ms; doubles with each failure up to `dial_backoff_max_ms`.
    pub dial_backoff_ms: u32,
    /// The longest pause between dials to one member, default 60,000 ms.
    pub dial_backoff_max_ms: u32,
    /// Time between probes of a link, default 800 ms, jittered by a quarter; one side probes, and the other answers. Shorter: quicker detection, more traffic.
    pub probe_interval_ms: u32,
    /// Silence on a link after which its peer is asked whether it is there, default 1,200 ms; up to four times as long on a link that is often silent. Shorter:
    /// quicker detection, more needless questions.
    pub silence_ms: u32,
    /// The same for a peer whose page is hidden, default 2,500 ms: its timers run once a second at best.
    pub silence_hidden_ms: u32,
    /// A suspect has three quarters of this to refute, default 2,000 ms; longer where rumors take longer. It is dead when a quorum has missed it for
    /// this and the silence and probe interval before it. Longer: fewer false deaths, later true ones.
    pub suspicion_ms: u32,
    /// How often a member compares what it knows with a peer, default 60,000 ms, jittered by a quarter; and then, in a large room every
    /// tenth time, or soon after anything speaks for members being gone, it looks after the one before it on the ring of ids. Shorter: what is wrong is righted
    /// sooner; more traffic.
    pub patrol_ms: u32,
    /// A timer this late means that this host was frozen, default 250 ms: it then blames itself, and nobody else.
    pub lateness_ms: u32,
    /// How long the gone are remembered, default 900,000 ms: longer than the longest partition that shall heal without ghosts.
    pub tombstone_ms: u32,
    /// Members known at most, default 16,384; further ones are ignored.
    pub members_max: usize,
    /// Tombstones kept at most, default 16,384; the oldest give way.
    pub tombstones_max: usize,
    /// One frame on the wire, default and maximum 16,384 bytes: what every browser takes in one message.
    pub frame_bytes_max: usize,
    /// One message, default 4 MiB.
    pub message_bytes_max: usize,
    /// Half-received messages of one member, default 8 MiB.
    pub reassembly_bytes_max: usize,
    /// Half-received messages of all members, default 32 MiB.
    pub reassembly_total_bytes_max: usize,
    /// How long a half-received message may stand still, default 30,000 ms.
    pub reassembly_timeout_ms: u32,
    /// One presence, default 8 KiB.
    pub presence_bytes_max: usize,
    /// The name of a channel, map, log or counter, default 128 bytes.
    pub channel_name_bytes_max: usize,
    /// Shortest time between two presence updates on the wire, default 30 ms: the newest value wins, those between are never sent.
    pub presence_interval_ms: u32,
    /// How long a message waits for its author's message before it, default 1,500 ms; then it is read out of order.
    pub order_patience_ms: u32,
    /// How long rumors are gathered before the lazy links are told of them, default 100 ms. Longer: fewer bytes, slower repair.
    pub ihave_interval_ms: u32,
    /// How long a rumor that was told of may take to come by itself, default 200 ms, or two round trips if that is longer.
    pub graft_patience_ms: u32,
    /// How long until another is asked for it, default 600 ms.
    pub graft_retry_ms: u32,
    /// Rumors kept for those who ask, default 1 MiB.
    pub cache_bytes_max: usize,
    /// How long they are kept, default 30,000 ms.
    pub cache_age_ms: u32,
    /// What may wait for one link that is behind, default 8 MiB: two of the largest messages. Less: a burst has sooner to be asked for again;
    /// more: a peer that does not keep up costs more memory.
    pub outbox_bytes_max: usize,
    /// Links that a broadcast may cross, default 32.
    pub hops_max: u8,
    /// How posts for all spread, default along a tree for each origin.
    pub strategy: Strategy,
    /// Links to which rumor mongering tells a post in each round, default 2. More: sooner everywhere, more copies.
    pub rumor_fanout: usize,
    /// Links that knew it already after which rumor mongering loses interest in a post, default 3. More: fewer are missed and have to
    /// ask, more copies.
    pub rumor_useless_max: usize,
    /// Time between two rounds of any strategy but the tree, default 200 ms. Shorter than a round trip: more copies, since those who
    /// had it have no time to say so.
    pub round_ms: u32,
    /// The value of one entry of a map or log, default 8 KiB. At most what leaves room for the rest of its frame.
    pub entry_bytes_max: usize,
    /// Entries of maps, logs and counters that one member may own, default 4,096. More: one member can fill more of the room's.
    pub owner_entries_max: usize,
    /// What they may take, with keys and 200 bytes for each, default 2 MiB.
    pub owner_bytes_max: usize,
    /// Entries of all owners, default 16,384. What comes beyond is refused.
    pub state_entries_max: usize,
    /// What they may take, default 16 MiB.
    pub state_bytes_max: usize,
    /// Messages of one log, default 512: what is older is forgotten. The same for all members of a room.
    pub log_entries_max: usize,
    /// How long a delete in a map is remembered, default 86,400,000 ms. Who was away for longer brings back what was deleted meanwhile. The same for all
    /// members of a room.
    pub delete_life_ms: u32,
    /// How far the stamp of an entry may be ahead of our own wall clock, default 86,400,000 ms. Less: clocks that are set wrong are shut out; more: a
    /// liar is longer the last.
    pub stamp_ahead_ms: u32,
    /// Entries that are given in one answer while stores are compared, default 128 KiB; more must be asked for again. More: a late joiner has all
    /// sooner, and other traffic waits for longer.
    pub sync_bytes_max: usize,
    /// Members that stay attached to the signaling server, default 3: with fewer, others volunteer.
    pub greeters_min: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            small_room_max: 8,
            links_wanted: 6,
            links_max: 8,
            dial_timeout_ms: 10_000,
            answer_timeout_ms: 4_000,
            alone_after_ms: 5_000,
            dial_patience_ms: 1_000,
            knock_timeout_ms: 2_500,
            evictions_per_minute: 30,
            dial_backoff_ms: 1_000,
            dial_backoff_max_ms: 60_000,
            probe_interval_ms: 800,
            silence_ms: 1_200,
            silence_hidden_ms: 2_500,
            suspicion_ms: 2_000,
            patrol_ms: 60_000,
            lateness_ms: 250,
            tombstone_ms: 900_000,
            members_max: 16_384,
            tombstones_max: 16_384,
            frame_bytes_max: 16_384,
            message_bytes_max: 4 << 20,
            reassembly_bytes_max: 8 << 20,
            reassembly_total_bytes_max: 32 << 20,
            reassembly_timeout_ms: 30_000,
            presence_bytes_max: 8 << 10,
            channel_name_bytes_max: 128,
            presence_interval_ms: 30,
            order_patience_ms: 1_500,
            ihave_interval_ms: 100,
            graft_patience_ms: 200,
            graft_retry_ms: 600,
            cache_bytes_max: 1 << 20,
            cache_age_ms: 30_000,
            outbox_bytes_max: 8 << 20,
            hops_max: 32,
            strategy: Strategy::Tree,
            rumor_fanout: 2,
            rumor_useless_max: 3,
            round_ms: 200,
            entry_bytes_max: 8 << 10,
            owner_entries_max: 4_096,
            owner_bytes_max: 2 << 20,
            state_entries_max: 16_384,
            state_bytes_max: 16 << 20,
            log_entries_max: 512,
            delete_life_ms: 86_400_000,
            stamp_ahead_ms: 86_400_000,
            sync_bytes_max: 128 << 10,
            greeters_min: 3,
        }
    }
}
