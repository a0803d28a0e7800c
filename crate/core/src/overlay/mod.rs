//! The links of this member: whom to ask for one, whom to admit, which of two links to the same member stays.
//!
//! HyParView (Leitão 2007) with an active view of 6 to 8 links, kept symmetric. Who lacks a link sends a *knock* on a random walk. Where it
//! meets somebody who has room, that member dials, and its offer goes back the way of the walk; where it has gone far enough to be anywhere,
//! a link makes way, so that both its ends dial (*splice*). A connection is the scarcest thing that a browser has, and none is made for a
//! member that is dead or full. There is no passive view and no shuffle: a walk crosses live links only, so it is a fresher sample than any list.
//!
//! A small room is a full mesh. There, of two members the one with the smaller id dials at once; the other waits a while and then
//! dials as well. When both dial all the same, the dial of the smaller id stays.

mod asks;
mod backoff;
mod circuits;
mod links;
mod outbox;

pub(crate) use asks::{Ask, Asks};
pub(crate) use backoff::Backoffs;
pub(crate) use circuits::Circuits;
pub(crate) use links::{Admission, Link, Links, Route, State};
pub(crate) use outbox::{Held, Outboxes};
