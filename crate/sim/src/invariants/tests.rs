//! Each checker is shown a world, or news, in which its rule does not hold.

use chinwag_core::{
    Departure, Lane, LinkId, Message,
    wire::{Frame, RoomKey, Rumor, Signed, Suspicion},
};

use super::{overlay::EVICTIONS_OTHERWISE, *};
use crate::{
    host::Leg,
    network::{Manner, Network, Settings},
    time::{MS, SECOND},
};

/// So many hosts, all linked.
fn room(hosts: u32) -> Network {
    let mut network = Network::new(Settings { latency: 10 * MS, ..Settings::default() });
    for _ in 0..hosts {
        network.spawn();
        network.run_for(SECOND);
    }
    network.run_for(2 * SECOND);
    assert_eq!(network.violation(), None);
    network
}

/// A host as another one sees it.
fn member(network: &Network, host: u32) -> chinwag_core::MemberView {
    network.hosts()[1 - host as usize % 2].node.member(&network.hosts()[host as usize].node.id()).unwrap()
}

fn later(network: &Network, by: Micros) -> View<'_> {
    View { now: network.now() + by, ..network.view() }
}

fn started(mut invariant: impl Invariant, network: &Network) -> impl Invariant {
    (0_u32..).zip(network.hosts()).for_each(|(host, at)| invariant.on_start(host, at.node.id()));
    invariant
}

fn failed(member: chinwag_core::MemberView, accusers: Vec<PeerId>) -> Event {
    Event::Gone { member, why: Departure::Failed { evidence: None, accusers } }
}

fn suspected(member: chinwag_core::MemberView) -> Event {
    Event::Suspected { member, accuser: PeerId::from_bytes([1; 16]), evidence: None }
}

fn message(from: PeerId, seq: u64, payload: &[u8]) -> Event {
    let payload = payload.to_vec();
    Event::Message(Message { from, seq, channel: "chat".into(), sent_at_ms: 0, hops: 1, direct: false, payload })
}

#[test]
fn an_older_belief_after_a_newer_one_is_found() {
    let network = room(2);
    let mut rule = started(NeverBackwards::default(), &network);
    let (view, alive) = (network.view(), member(&network, 1));
    let suspect = chinwag_core::MemberView { status: chinwag_core::Status::Suspect, ..alive.clone() };
    assert!(rule.on_event(&view, 0, &Event::Joined(alive.clone())).is_ok());
    assert!(rule.on_event(&view, 0, &suspected(suspect)).is_ok());
    assert!(rule.on_event(&view, 0, &Event::Changed(alive)).is_err());
}

#[test]
fn a_resurrection_by_the_same_incarnation_is_found_unless_the_grave_is_forgotten() {
    let network = room(2);
    let mut rule = started(NeverBackwards::default(), &network);
    let alive = member(&network, 1);
    assert!(rule.on_event(&network.view(), 0, &failed(alive.clone(), vec![])).is_ok());
    assert!(rule.on_event(&network.view(), 0, &Event::Joined(alive.clone())).is_err());
    assert!(rule.on_event(&network.view(), 0, &failed(alive.clone(), vec![])).is_ok());
    let forgotten = u64::from(network.settings().config.tombstone_ms) * MS;
    assert!(rule.on_event(&later(&network, forgotten), 0, &Event::Joined(alive)).is_ok());
}

#[test]
fn an_incarnation_that_its_owner_never_issued_is_found() {
    let network = room(2);
    let mut rule = IncarnationIsTheOwners::default();
    (0..2).for_each(|host| rule.after(&network.view(), host, 0).unwrap());
    let mut member = member(&network, 1);
    assert!(rule.on_event(&network.view(), 0, &Event::Changed(member.clone())).is_ok());
    member.incarnation += 1;
    assert!(rule.on_event(&network.view(), 0, &Event::Changed(member)).is_err());
}

#[test]
fn a_node_that_doubts_itself_is_found() {
    let network = room(2);
    let other = member(&network, 1);
    assert!(NobodyDoubtsItself.on_event(&network.view(), 0, &suspected(other.clone())).is_ok());
    assert!(NobodyDoubtsItself.on_event(&network.view(), 1, &suspected(other)).is_err());
}

#[test]
fn a_death_without_suspicion_of_that_incarnation_is_found() {
    let network = room(2);
    let mut rule = SuspectedBeforeDead::default();
    let member = member(&network, 1);
    let newer = chinwag_core::MemberView { incarnation: member.incarnation + 1, ..member.clone() };
    assert!(rule.on_event(&network.view(), 0, &failed(member.clone(), vec![])).is_err());
    rule.on_event(&network.view(), 0, &suspected(member.clone())).unwrap();
    assert!(rule.on_event(&network.view(), 0, &failed(newer, vec![])).is_err());
    rule.on_event(&network.view(), 0, &suspected(member.clone())).unwrap();
    assert!(rule.on_event(&network.view(), 0, &failed(member.clone(), vec![])).is_ok());
    assert!(rule.on_event(&network.view(), 0, &Event::Gone { member, why: Departure::Left }).is_ok());
}

#[test]
fn a_death_on_one_word_is_found_if_the_dead_one_runs() {
    let mut network = room(5);
    let id = |host: usize| network.hosts()[host].node.id();
    let (one, three) = (vec![id(0)], vec![id(0), id(2), id(3)]);
    let member = member(&network, 1);
    let mut rule = OneLiarKillsNobody::default();
    assert!(rule.on_event(&network.view(), 0, &failed(member.clone(), one.clone())).is_err());
    assert!(rule.on_event(&network.view(), 0, &failed(member.clone(), three)).is_ok());
    let earlier = chinwag_core::MemberView { incarnation: member.incarnation - 1, ..member.clone() };
    assert!(
        rule.on_event(&network.view(), 0, &failed(earlier, one.clone())).is_ok(),
        "who was here before it started anew"
    );
    let mut adversaries = Bits::default();
    adversaries.insert(0);
    let view = View { adversaries: &adversaries, ..network.view() };
    assert!(rule.on_event(&view, 0, &failed(member.clone(), one.clone())).is_ok(), "an adversary deceives itself");
    network.crash(1, Manner::Killed);
    assert!(rule.on_event(&network.view(), 0, &failed(member, one)).is_ok());
}

#[test]
fn a_ghost_is_found() {
    let mut network = room(3);
    let (mut rule, member) = (NoGhosts::default(), member(&network, 1));
    network.crash(1, Manner::Closed);
    rule.every_second(&network.view()).unwrap();
    assert!(rule.on_event(&later(&network, SECOND), 0, &Event::Joined(member.clone())).is_ok());
    assert!(rule.on_event(&later(&network, 600 * SECOND), 0, &Event::Joined(member)).is_err());
}

#[test]
fn a_link_that_only_one_end_knows_is_found_if_it_lasts() {
    let mut network = room(2);
    let mut rule = SymmetricLinks::default();
    assert!(rule.every_second(&network.view()).is_ok());
    network.host_mut(1).state = State::Dead;
    network.restart(1);
    assert!(rule.every_second(&network.view()).is_ok());
    assert!(rule.every_second(&later(&network, 60 * SECOND)).is_err());
}

#[test]
fn a_view_beyond_its_cap_is_found() {
    let network = room(4);
    let mut tight = Config::default();
    tight.links_max = 2;
    assert!(ViewsWithinCaps.after(&network.view(), 0, 1).is_ok());
    assert!(ViewsWithinCaps.after(&View { config: &tight, ..network.view() }, 0, 1).is_err());
}

#[test]
fn a_link_without_a_transport_and_a_transport_without_a_link_are_found() {
    let mut network = room(2);
    assert!(LinksHaveTransports.after(&network.view(), 0, 1).is_ok());
    let leg = network.hosts()[0].legs[0];
    network.host_mut(0).legs.push(Leg { link: LinkId(9_999), ..leg });
    assert!(LinksHaveTransports.after(&network.view(), 0, 1).is_err());
    network.host_mut(0).legs.clear();
    assert!(LinksHaveTransports.after(&network.view(), 0, 1).is_err());
}

#[test]
fn who_stays_alone_is_found_unless_something_keeps_it_from_the_others() {
    let mut network = Network::new(Settings::default());
    (0..2).for_each(|_| {
        network.spawn();
    });
    let mut rule = NobodyStaysAlone::default();
    assert!(rule.every_second(&network.view()).is_ok());
    assert!(rule.every_second(&View { is_hindered: true, ..later(&network, 100 * SECOND) }).is_ok());
    assert!(rule.every_second(&later(&network, 101 * SECOND)).is_ok(), "it counts from the end of what hindered it");
    assert!(rule.every_second(&later(&network, 200 * SECOND)).is_err());
}

#[test]
fn too_many_evictions_within_a_minute_are_found() {
    let network = room(2);
    let mut rule = BoundedEvictions::default();
    let leg = Leg { up_at: 0, ..network.hosts()[0].legs[0] };
    let (close, young) = (later(&network, 60 * SECOND), Leg { up_at: network.now() + 60 * SECOND, ..leg });
    assert!((0..100).all(|_| rule.on_close(&close, 0, young).is_ok()), "short-lived links do not count");
    let allowed = network.settings().config.evictions_per_minute + EVICTIONS_OTHERWISE;
    assert!((0..allowed).all(|_| rule.on_close(&close, 0, leg).is_ok()));
    assert!(rule.on_close(&close, 0, leg).is_err());
    assert!(rule.on_close(&later(&network, 121 * SECOND), 0, leg).is_ok());
}

#[test]
fn a_message_that_is_delivered_twice_is_found() {
    let network = room(2);
    let mut rule = started(AtMostOnce::default(), &network);
    let from = network.hosts()[1].node.id();
    assert!(rule.on_event(&network.view(), 0, &message(from, 5, b"x")).is_ok());
    assert!(rule.on_event(&network.view(), 0, &message(from, 6, b"x")).is_ok());
    assert!(rule.on_event(&network.view(), 0, &message(from, 5, b"x")).is_err());
}

#[test]
fn a_message_that_comes_after_a_later_one_is_found() {
    let network = room(3);
    let mut rule = started(InOrder::default(), &network);
    let [one, two] = [1, 2].map(|host: usize| network.hosts()[host].node.id());
    assert!(rule.on_event(&network.view(), 0, &message(one, 5, b"x")).is_ok());
    assert!(rule.on_event(&network.view(), 0, &message(one, 7, b"x")).is_ok());
    assert!(rule.on_event(&network.view(), 0, &message(two, 1, b"x")).is_ok(), "another author");
    assert!(rule.on_event(&network.view(), 0, &message(one, 6, b"x")).is_err());
}

#[test]
fn a_message_that_its_author_never_sent_is_found() {
    let network = room(2);
    let mut rule = BytesAsSent::default();
    let id = |host: usize| network.hosts()[host].node.id();
    let said = Command::Send { channel: "chat".into(), to: None, payload: b"yes".to_vec(), sent_at_ms: 0 };
    rule.on_command(1, &said);
    assert!(rule.on_event(&network.view(), 0, &message(id(1), 5, b"yes")).is_ok());
    assert!(rule.on_event(&network.view(), 0, &message(id(1), 6, b"no")).is_err());
    assert!(rule.on_event(&network.view(), 1, &message(id(0), 7, b"yes")).is_err());
}

#[test]
fn a_presence_that_was_never_set_or_goes_back_is_found() {
    let network = room(2);
    let mut rule = AuthenticPresence::default();
    let shown = |value: &[u8]| {
        let presence = Some(value.into());
        Event::Presence(chinwag_core::MemberView { presence, ..member(&network, 1) })
    };
    [b"one", b"two"].iter().for_each(|value| rule.on_command(1, &Command::SetPresence { value: value.to_vec() }));
    assert!(rule.on_event(&network.view(), 0, &shown(b"one")).is_ok());
    assert!(rule.on_event(&network.view(), 0, &shown(b"two")).is_ok());
    assert!(rule.on_event(&network.view(), 0, &shown(b"one")).is_err());
    assert!(rule.on_event(&network.view(), 0, &shown(b"three")).is_err());
}

#[test]
fn endless_outputs_and_a_timeout_in_the_past_are_found() {
    let mut network = room(2);
    assert!(BoundedOutputs.after(&network.view(), 0, 100).is_ok());
    assert!(BoundedOutputs.after(&network.view(), 0, 100_000).is_err());
    assert!(TimeoutNotInThePast.after(&network.view(), 0, 1).is_ok());
    let now = network.now();
    network.host_mut(0).clock.step(now, 3_600_000_000);
    assert!(TimeoutNotInThePast.after(&network.view(), 0, 1).is_err());
}

#[test]
fn an_accusation_right_after_a_freeze_is_found() {
    let network = room(2);
    let mut rule = NoAccusationAfterFreeze::default();
    let accusation = |host: u32, number: u64| {
        let (me, subject) = (network.identity(host), network.hosts()[1 - host as usize].node.id());
        let suspicion = Suspicion { accuser: me.id(), subject, number, incarnation: 1, silent_ms: 0 };
        let rumor = Rumor::Suspicion(Signed::new(suspicion, &me, &RoomKey::new("lobby")));
        Frame::Gossip { hops: 1, rumor }.encode()
    };
    assert!(rule.on_send(&network.view(), 0, &accusation(0, 1)).is_ok(), "it never stood still");
    rule.on_resume(network.now(), 0);
    assert!(rule.on_send(&network.view(), 0, &accusation(1, 9)).is_ok(), "it passes on another's");
    assert!(rule.on_send(&network.view(), 0, &accusation(0, 1)).is_ok(), "it repeats what it said before");
    assert!(rule.on_send(&network.view(), 0, &accusation(0, 2)).is_err());
    assert!(rule.on_send(&later(&network, 2 * SECOND), 0, &accusation(0, 3)).is_ok());
}

#[test]
fn every_rule_has_a_name_of_its_own_and_can_be_left_out() {
    let mut rules = Invariants::all();
    let names: std::collections::BTreeSet<_> = rules.names().collect();
    assert_eq!(names.len(), rules.names().count());
    rules.remove("evictions are bounded");
    assert_eq!(rules.names().count() + 1, names.len());
}

#[test]
fn a_forged_frame_on_a_link_is_no_message() {
    let mut network = room(2);
    network.invariants.tell(|_| {});
    network.speak(0, Lane::Reliable, &vec![0x26; 40].into());
    network.run_for(SECOND);
    assert_eq!(network.violation(), None);
    assert!(network.hosts()[1].node.stats().violations > 0);
}

#[test]
fn a_distance_beyond_what_is_allowed_is_found() {
    let network = room(2);
    let mut rule = DistancesAreClamped;
    let mut says = |frame: &[u8]| rule.on_send(&network.view(), 0, frame);
    let hops_max = network.settings().config.hops_max;
    assert!(says(&[0x26, hops_max, 0]).is_ok() && says(&[0x26, hops_max + 1, 0]).is_err(), "a post");
    assert!(says(&[0x26, 0x80 | 1, 0]).is_ok(), "a flag is no distance");
    assert!(says(&[0x31, 16, 0]).is_ok() && says(&[0x31, 17, 0]).is_err(), "an envelope");
    assert!(says(&[0x33, 14, 0]).is_ok() && says(&[0x33, 15, 0]).is_err(), "a walk");
    assert!(says(&[0x21, 200]).is_ok(), "the number of a ping");
}

#[test]
fn a_rumor_that_is_passed_on_again_and_again_is_found() {
    let network = room(2);
    let mut rule = BoundedRepeats::default();
    let most = bounds::TIMES_A_LINK * network.settings().config.links_max;
    // How far it has come makes it no other rumor.
    let mut pass_on = |at: Micros, rumor: u8| rule.on_send(&later(&network, at), 0, &[0x26, rumor % 3, rumor, 7]);
    assert!((0..most).all(|_| pass_on(0, 1).is_ok()));
    assert!(pass_on(0, 2).is_ok(), "another one");
    assert!(pass_on(SECOND, 1).is_err());
    assert!(pass_on(60 * SECOND, 1).is_ok(), "long after");
}

#[test]
fn more_attempts_members_or_transports_than_allowed_are_found() {
    let mut network = room(4);
    let mut rule = HoldingsWithinCaps;
    assert!(rule.every_second(&network.view()).is_ok());
    let mut few = Config::default();
    few.members_max = 2;
    assert!(rule.every_second(&View { config: &few, ..network.view() }).is_err(), "members");
    let leg = network.hosts()[0].legs[0];
    network.host_mut(0).legs.extend([Leg { link: LinkId(9_999), ..leg }; bounds::ATTEMPTS_MAX]);
    assert!(rule.every_second(&network.view()).is_err(), "transports");
}

#[test]
fn who_has_far_fewer_links_than_others_at_rest_is_found() {
    let network = room(4);
    let mut small = Config::default();
    (small.small_room_max, small.links_max) = (2, 2);
    // All of a room of four have three links: even, and enough.
    let mut rule = EvenDegrees::default();
    let rest = |rule: &mut EvenDegrees, network: &Network| {
        rule.every_second(&View { config: &small, ..network.view() }).unwrap();
        rule.every_second(&View { config: &small, ..later(network, 300 * SECOND) })
    };
    assert!(rest(&mut rule, &network).is_ok());
    let apart = without_links();
    let mut rule = EvenDegrees::default();
    assert!(rule.every_second(&View { config: &small, ..apart.view() }).is_ok(), "they have just come");
    let hindered = View { config: &small, is_hindered: true, ..later(&apart, 300 * SECOND) };
    assert!(rule.every_second(&hindered).is_ok(), "something keeps them from each other");
    assert!(rule.every_second(&View { config: &small, ..later(&apart, 600 * SECOND) }).is_err());
}

/// Four members that have no link yet.
fn without_links() -> Network {
    let mut network = Network::new(Settings::default());
    (0..4).for_each(|_| {
        network.spawn();
    });
    network
}

#[test]
fn greeters_that_are_hubs_are_found() {
    let mut network = room(8);
    let mut small = Config::default();
    (small.small_room_max, small.links_max) = (2, 2);
    // Some of those who are attached say so; the others lose links.
    let is_greeter = |network: &Network, host: u32| {
        let node = &network.hosts()[host as usize].node;
        node.member(&node.id()).is_some_and(|member| member.greeter)
    };
    network.run_for(60 * SECOND);
    let (greeters, others): (Vec<u32>, Vec<u32>) = (0..8).partition(|host| is_greeter(&network, *host));
    assert!(!greeters.is_empty() && others.len() >= 2, "{greeters:?} greet");
    let check = |network: &Network| {
        let mut rule = EvenDegrees::default();
        rule.every_second(&View { config: &small, ..network.view() }).unwrap();
        rule.every_second(&View { config: &small, ..later(network, 300 * SECOND) })
    };
    assert!(check(&network).is_ok());
    for host in others {
        let links: Vec<LinkId> = network.hosts()[host as usize].node.links().map(|(link, _, _)| link).collect();
        let now = chinwag_core::Instant::from_micros(network.now());
        for link in links.into_iter().take(4) {
            let down = chinwag_core::Input::LinkDown { link, reason: chinwag_core::LinkDownReason::Closed };
            network.host_mut(host).node.handle(now, down).unwrap();
        }
    }
    assert!(check(&network).is_err());
}

#[test]
fn who_goes_on_holding_those_who_are_gone_is_found() {
    let mut network = room(3);
    let mut rule = NothingHeldWhenAlone::default();
    assert!(rule.every_second(&network.view()).is_ok());
    [1, 2].into_iter().for_each(|host| network.crash(host, Manner::Killed));
    assert!(rule.every_second(&network.view()).is_ok(), "it cannot know yet");
    assert!(rule.every_second(&later(&network, 200 * SECOND)).is_err());
    // In truth it finds out, and then all is as it was before they came.
    network.run_for(300 * SECOND);
    assert_eq!(network.violation(), None);
    let last = &network.hosts()[0];
    assert_eq!((last.node.standings().count(), last.node.links().count(), last.legs.len()), (0, 0, 0));
}

#[test]
fn a_buffer_or_a_node_that_holds_too_much_for_a_link_is_found() {
    let mut network = room(2);
    network.add_fault(Box::new(crate::faults::Bandwidth::per_link(1_000)));
    let payload = vec![0; 50_000];
    let said = Command::Send { channel: "chat".to_owned(), to: None, payload, sent_at_ms: 0 };
    network.command(0, said).unwrap();
    let view = network.view();
    assert!(WaitingWithinBounds.after(&view, 0, 1).is_ok() && WaitingWithinBounds.every_second(&view).is_ok());
    let (mut small, waits) = (view.config.clone(), view.host(0).node.waiting().map(|(_, bytes)| bytes).max());
    small.outbox_bytes_max = waits.unwrap() - 1;
    assert!(WaitingWithinBounds.after(&View { config: &small, ..view }, 0, 1).is_err());
    network.speak(0, Lane::Reliable, &vec![0; 1 << 20].into());
    assert!(WaitingWithinBounds.every_second(&network.view()).is_err());
}
