use chinwag_core::{Command, Lane, wire::Frame};

use super::*;
use crate::{
    clock::Timers,
    faults::{Duplication, Loss, Partition},
    host::Socket,
    time::{MS, SECOND},
};

const LATENCY: Micros = 20 * MS;

fn settings() -> Settings {
    Settings { latency: LATENCY, ..Settings::default() }
}

/// So many hosts that have linked up with each other.
fn room_with(hosts: u32, settings: Settings) -> Network {
    let mut network = Network::new(settings);
    network.keep_trace();
    for _ in 0..hosts {
        network.spawn();
        network.run_for(SECOND);
    }
    network.run_for(2 * SECOND);
    assert_eq!(network.violation(), None);
    network
}

fn room(hosts: u32) -> Network {
    room_with(hosts, settings())
}

fn links(network: &Network, host: u32) -> usize {
    network.hosts()[host as usize].links_up()
}

/// Forgets what was traced before.
fn trace_anew(network: &mut Network) {
    network.keep_trace();
}

/// The times at which traced lines contain all of these words.
fn times_of(network: &Network, words: &[&str]) -> Vec<f64> {
    let text = network.trace().unwrap().to_string();
    let lines = text.lines().filter(|line| words.iter().all(|word| line.contains(word)));
    lines.map(|line| line.trim_start().split(' ').next().unwrap().parse().unwrap()).collect()
}

fn say(network: &mut Network, host: u32, text: &str) {
    let payload = text.as_bytes().to_vec();
    network.command(host, Command::Send { channel: "chat".into(), to: None, payload, sent_at_ms: 0 }).unwrap();
}

#[test]
fn a_frame_arrives_one_latency_after_it_was_sent() {
    let mut network = room(2);
    trace_anew(&mut network);
    let now = network.now();
    say(&mut network, 0, "hello");
    network.run_for(SECOND);
    let [arrived] = times_of(&network, &["0 > 1: post"])[..] else { panic!("one frame") };
    assert!((arrived - crate::time::seconds(now + LATENCY)).abs() < 1e-9);
}

#[test]
fn two_runs_with_one_seed_are_the_same_and_with_another_they_are_not() {
    let hash = |seed| room_with(6, Settings { seed, ..settings() }).hash().to_string();
    assert_eq!(hash(7), hash(7));
    assert_ne!(hash(7), hash(8));
}

#[test]
fn peers_of_a_closed_host_are_told_after_what_it_had_said() {
    let mut network = room(3);
    trace_anew(&mut network);
    say(&mut network, 0, "last words");
    network.crash(0, Manner::Closed);
    network.run_for(2 * LATENCY);
    assert_eq!((links(&network, 1), links(&network, 2)), (1, 1));
    assert_eq!(times_of(&network, &["0 > 1: post"]).len(), 1);
}

#[test]
fn a_killed_host_falls_silent_and_its_transports_die_late() {
    let mut network = room(2);
    network.crash(0, Manner::Killed);
    let leg = network.hosts()[1].legs[0];
    network.run_for(LATENCY + MS);
    assert!(!network.server().is_attached(0), "its sockets are closed by its system");
    let between = &network.connections()[leg.connection.0 as usize];
    assert!(between.end(leg.side).held && !between.end(leg.side ^ 1).held);
    // Had the protocol not given it up, the transport would have.
    let decays = network.queue.len();
    assert!(decays > 0);
    network.on_decay(leg.connection, between_epoch(&network, leg.connection));
    network.run_for(MS);
    assert!(network.hosts()[1].leg(leg.link).is_none());
}

fn between_epoch(network: &Network, connection: ConnectionId) -> u32 {
    network.connections()[connection.0 as usize].cut_epoch
}

#[test]
fn the_server_misses_a_lost_host_only_after_its_idle_time() {
    let mut network = room(2);
    network.crash(0, Manner::Lost);
    network.run_for(59 * SECOND);
    assert!(network.server().is_attached(0));
    network.run_for(2 * SECOND);
    assert!(!network.server().is_attached(0));
}

#[test]
fn a_short_cut_delays_the_reliable_lane_and_loses_the_other() {
    let mut network = room(2);
    let cut = network.add_fault(Box::new(Partition::of([0].into_iter().collect())));
    trace_anew(&mut network);
    for (lane, number) in [(Lane::Reliable, 7_777), (Lane::Unreliable, 8_888)] {
        network.speak(0, lane, &Frame::Ping { number, view: 0 }.encode());
    }
    network.run_for(3 * SECOND);
    assert_eq!(times_of(&network, &[" > "]), Vec::<f64>::new());
    network.remove_fault(cut);
    network.run_for(LATENCY);
    assert_eq!(times_of(&network, &["0 > 1: ping 7777"]).len(), 1);
    assert_eq!(times_of(&network, &["0 > 1: ping 8888"]).len(), 0);
}

#[test]
fn a_long_cut_ends_the_link_at_both_ends() {
    let mut network = room(2);
    network.add_fault(Box::new(Partition::of([0].into_iter().collect())));
    network.run_for(31 * SECOND);
    assert_eq!((links(&network, 0), links(&network, 1)), (0, 0));
}

#[test]
fn a_cut_that_has_ended_kills_no_link() {
    let mut network = room(2);
    let (before, cut) = (network.hosts()[0].legs[0].connection, Partition::of([0].into_iter().collect()));
    let cut = network.add_fault(Box::new(cut));
    network.run_for(2 * SECOND);
    network.remove_fault(cut);
    network.run_for(40 * SECOND);
    assert_eq!(network.hosts()[0].legs[0].connection, before);
}

#[test]
fn a_host_that_stands_still_gets_everything_when_it_goes_on() {
    let mut network = room(2);
    network.pause(1);
    trace_anew(&mut network);
    say(&mut network, 0, "are you there?");
    network.run_for(2 * SECOND);
    assert_eq!(times_of(&network, &["0 > 1"]).len(), 0);
    let now = network.now();
    network.resume(1);
    network.run_for(MS);
    let [arrived] = times_of(&network, &["0 > 1: post"])[..] else { panic!("one frame") };
    assert!((arrived - crate::time::seconds(now)).abs() < 1e-9);
}

#[test]
fn a_slow_host_takes_one_thing_after_another() {
    let mut network = room(2);
    network.host_mut(1).slowness = 300 * MS;
    trace_anew(&mut network);
    (0..3).for_each(|_| say(&mut network, 0, "quick"));
    network.run_for(3 * SECOND);
    let times = times_of(&network, &["0 > 1: post"]);
    assert_eq!(times.len(), 3);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] > 0.29), "{times:?}");
}

#[test]
fn hidden_timers_fire_on_whole_seconds() {
    let mut network = room(2);
    // Either may be the one that probes.
    (0..2).for_each(|host| network.host_mut(host).timers = Timers::HIDDEN);
    network.run_for(2 * SECOND);
    trace_anew(&mut network);
    network.run_for(10 * SECOND);
    let pings = times_of(&network, &["ping"]);
    assert!(pings.len() > 3);
    let off = |at: &f64| ((at - crate::time::seconds(LATENCY)).fract() * 1e6).round() as u64 % SECOND;
    assert!(pings.iter().all(|at| off(at) == 0), "{pings:?}");
}

#[test]
fn a_host_that_starts_anew_has_its_key_and_nothing_else() {
    let mut network = room(3);
    let id = network.hosts()[2].node.id();
    network.crash(2, Manner::Killed);
    network.restart(2);
    assert_eq!((network.hosts()[2].node.id(), links(&network, 2)), (id, 0));
    network.run_for(15 * SECOND);
    assert_eq!(links(&network, 2), 2);
}

#[test]
fn a_clone_has_the_key_of_another() {
    let mut network = room(2);
    let clone = network.spawn_clone(1);
    assert_eq!(network.hosts()[clone as usize].node.id(), network.hosts()[1].node.id());
    assert_eq!(network.host_of(&network.hosts()[1].node.id()), Some(1));
}

#[test]
fn pairs_that_cannot_connect_never_do_and_dials_that_fail_are_told() {
    for dials in [Dials { impossible: 1.0, ..Dials::default() }, Dials { failing: 1.0, ..Dials::default() }] {
        let mut network = Network::new(Settings { dials, ..settings() });
        network.spawn();
        network.spawn();
        network.run_for(40 * SECOND);
        assert_eq!(links(&network, 0), 0);
        assert!(network.hosts()[0].node.stats().dials_failed + network.hosts()[1].node.stats().dials_failed > 0);
    }
}

#[test]
fn a_dial_takes_its_round_trips() {
    let up_at = |round_trips| {
        let dials = Dials { round_trips, ..Dials::default() };
        let mut network = Network::new(Settings { dials, ..settings() });
        network.spawn();
        network.spawn();
        let linked = network.run_while(MS, 10 * SECOND, |network| links(network, 0) == 0);
        assert!(linked);
        network.now()
    };
    assert_eq!(up_at(10) - up_at(4), 6 * 2 * LATENCY);
}

#[test]
fn endless_loss_breaks_reliable_links() {
    let mut network = room(2);
    let before = network.hosts()[0].legs[0].connection;
    network.add_fault(Box::new(Loss { share: 1.0 }));
    say(&mut network, 0, "into the void");
    network.run_for(31 * SECOND);
    assert!(network.hosts()[0].legs.iter().all(|leg| leg.connection != before));
}

#[test]
fn duplicates_reach_a_node_twice() {
    let mut network = room(2);
    network.add_fault(Box::new(Duplication { share: 1.0 }));
    trace_anew(&mut network);
    network.run_for(5 * SECOND);
    let pings = times_of(&network, &["0 > 1: ping"]);
    assert!(pings.len() >= 6 && pings.len().is_multiple_of(2), "{pings:?}");
    assert!(pings.chunks(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn hosts_come_back_to_a_server_that_was_away() {
    let mut network = room(2);
    network.set_server(false);
    network.run_for(5 * SECOND);
    assert!(network.hosts().iter().all(|host| host.socket != Socket::Open));
    network.set_server(true);
    network.run_for(40 * SECOND);
    assert!(network.hosts().iter().all(|host| host.socket == Socket::Open));
}

#[test]
fn a_violation_stops_the_run_and_names_rule_node_and_time() {
    #[derive(Debug)]
    struct Never;
    impl Invariant for Never {
        fn name(&self) -> &'static str {
            "nothing ever arrives"
        }
        fn after(&mut self, view: &View<'_>, host: u32, _outputs: usize) -> Finding {
            if view.now < 5 * SECOND { Ok(()) } else { Err((host, "something did".to_owned())) }
        }
    }
    let mut network = room(2);
    network.invariants.add(Box::new(Never));
    network.run_for(60 * SECOND);
    let violation = network.violation().unwrap();
    assert!(network.now() < 10 * SECOND && violation.at == network.now());
    assert!(violation.to_string().starts_with("\"nothing ever arrives\" does not hold at node "));
}

#[test]
fn the_bytes_of_an_adversary_reach_its_neighbours() {
    let mut network = room(3);
    network.tap(1);
    trace_anew(&mut network);
    network.speak(0, Lane::Reliable, &vec![0xff; 7].into());
    network.run_for(LATENCY);
    assert_eq!(times_of(&network, &["0 > 1", "(7 bytes)"]).len(), 1);
    assert_eq!(times_of(&network, &["0 > 2", "(7 bytes)"]).len(), 1);
    assert!(network.heard(1).iter().any(|frame| frame.len() == 7));
    assert!(network.heard(2).is_empty());
}

#[test]
fn a_full_send_buffer_ends_the_link() {
    let mut network = room(2);
    network.add_fault(Box::new(Partition::of([0].into_iter().collect())));
    let leg = network.hosts()[0].legs[0];
    let large: Arc<[u8]> = vec![0; 16 << 10].into();
    for _ in 0..1_100 {
        network.carry(leg.connection, leg.side, Lane::Reliable, large.clone());
    }
    network.run_for(MS);
    assert!(network.hosts()[0].leg(leg.link).is_none());
}
