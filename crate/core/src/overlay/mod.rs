//! The links of this member: whom to dial, whom to admit, which of two links to the same member stays.
//!
//! A small room is a full mesh: every member wants a link to every other, up to `links_wanted`. Of two members the one with
//! the smaller id dials; the other waits a while and then dials as well. When both dial all the same, the dial of
//! the smaller id stays.

mod backoff;
mod links;

pub(crate) use backoff::Backoffs;
pub(crate) use links::{Admission, Link, Links, Route, State};
