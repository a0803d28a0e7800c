//! Seeds of the swarm that once broke a rule, each under the name of the rule that mended it.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use chinwag_sim::scenario::{self, Options, Scenario};

fn check(seed: u64) {
    let options = Options { scenario: Scenario::Swarm, seed, ..Options::default() };
    let report = scenario::run(&options, |_| {}).report;
    assert_eq!(report.violations, Vec::<String>::new(), "swarm --seed {seed}");
}

#[test]
fn a_peer_that_is_heard_and_has_not_answered_an_accusation_is_shown_it() {
    check(30);
    check(109);
}

#[test]
fn an_accusation_that_is_asked_for_again_after_a_freeze_is_none_after_a_freeze() {
    check(897);
}

#[test]
fn who_wakes_bears_no_witness_for_a_probe_round() {
    check(703);
}

#[test]
fn what_an_author_said_is_not_delivered_again_when_it_was_taken_for_gone() {
    check(989);
    check(708);
}

#[test]
fn who_has_nobody_to_ask_may_be_wrong_about_all() {
    check(185);
}

#[test]
fn who_starts_anew_is_not_who_died() {
    check(872);
}
