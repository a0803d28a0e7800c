//! What the program costs with 1,000 idle members and 100 joins a second: figures, and generous bounds.
//!
//! `cargo test --release -p chinwag-signaling --test load -- --ignored --nocapture`
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
mod common;

use std::{
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use chinwag_signaling_messages::{ClientMessage, ServerMessage};
use common::{Client, Heard, join, signal, within};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::Command,
    task::JoinSet,
    time::interval,
};
use tokio_tungstenite::client_async;

const ROOMS: u64 = 200;
const GREETERS: u64 = 5;
const JOINS: u64 = 2_000;
const JOIN_INTERVAL: Duration = Duration::from_millis(10);

/// A line of `/proc/PID/status`, in kB.
fn memory_kb(pid: u32, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Processor time of a process so far, in ticks of 10 ms.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

async fn enter(address: SocketAddr, room: u64, member: u64) -> (Client, Vec<String>) {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (socket, _) = within("the handshake", client_async(format!("ws://{address}/signal"), stream)).await.unwrap();
    let mut client = Client { socket };
    client.say(&join(&room.to_string(), member)).await;
    match client.hear().await {
        Heard::Message(ServerMessage::Welcome { members, .. }) => (client, members),
        other => panic!("no welcome but {other:?}"),
    }
}

/// A greeter: has links, and sends every signal back.
async fn greet(mut client: Client) {
    client.say(&ClientMessage::Linked { links: 5 }).await;
    while let Some(Ok(message)) = futures_util::StreamExt::next(&mut client.socket).await {
        let Ok(text) = message.to_text() else { continue };
        if let Ok(ServerMessage::Signal { from, data }) = serde_json::from_str(text) {
            client.say(&ClientMessage::Signal { to: from, data }).await;
        }
    }
}

/// How long a newcomer waited for its welcome, for an answer from a greeter, and for its release.
async fn visit(address: SocketAddr, room: u64, member: u64) -> [Duration; 3] {
    let start = Instant::now();
    let (mut client, members) = enter(address, room, member).await;
    let welcome = start.elapsed();
    let greeter = u64::from_str_radix(&members[0], 16).unwrap();
    let start = Instant::now();
    client.say(&signal(greeter, "A".repeat(3_000))).await;
    assert!(matches!(client.hear_message().await, ServerMessage::Signal { .. }));
    let answer = start.elapsed();
    let start = Instant::now();
    client.say(&ClientMessage::Linked { links: 1 }).await;
    client.expect_release().await;
    [welcome, answer, start.elapsed()]
}

fn report(what: &str, mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100];
    println!("{what}: median {:?}, p99 {:?}, max {:?}", at(50), at(99), at(100));
    at(50)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half a minute, and says something only in a release build"]
async fn a_thousand_idle_members_and_a_hundred_joins_a_second() {
    rlimit::increase_nofile_limit(4_096).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_chinwag-signaling"))
        .args(["--listen", "127.0.0.1:0", "--max-connections-per-address", "10000"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = child.id().unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next_line().await.unwrap().unwrap();
    let address: SocketAddr = line.rsplit('/').next().unwrap().parse().unwrap();
    let empty_kb = memory_kb(pid, "VmRSS");

    let mut greeters = JoinSet::new();
    for room in 0..ROOMS {
        for member in 0..GREETERS {
            greeters.spawn(greet(enter(address, room, member).await.0));
        }
    }
    let idle_kb = memory_kb(pid, "VmRSS");
    let members = ROOMS * GREETERS;
    println!("memory: {empty_kb} kB empty, {idle_kb} kB with {members} idle members");

    let (ticks, start) = (cpu_ticks(pid), Instant::now());
    let mut pace = interval(JOIN_INTERVAL);
    let mut visits = JoinSet::new();
    for visitor in 0..JOINS {
        pace.tick().await;
        visits.spawn(visit(address, visitor % ROOMS, 1_000 + visitor));
    }
    let visits = visits.join_all().await;
    let busy = (cpu_ticks(pid) - ticks) as f64 / 100.0 / start.elapsed().as_secs_f64();
    println!(
        "{JOINS} joins in {:?}: {:.1} % of a core, {} kB at the peak",
        start.elapsed(),
        busy * 100.0,
        memory_kb(pid, "VmHWM")
    );
    let welcome = report("connect, join, welcome", visits.iter().map(|took| took[0]).collect());
    report("signal there and back ", visits.iter().map(|took| took[1]).collect());
    report("linked until closed   ", visits.iter().map(|took| took[2]).collect());

    assert_eq!(greeters.len() as u64, members, "no greeter was lost");
    assert!((idle_kb - empty_kb) / members < 64, "a member costs {} kB", (idle_kb - empty_kb) / members);
    assert!(welcome < Duration::from_millis(100));
}
