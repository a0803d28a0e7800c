//! All sorts of hostile clients at once, beside 200 who chat and must notice nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
mod common;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chinwag_signaling::Limits;
use chinwag_signaling_messages::{ClientMessage, ErrorCode, ServerMessage};
use common::{Harness, LIMITS, id, rest, signal};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

const ROOMS: u64 = 40;
const MEMBERS_PER_ROOM: u64 = 5;
const DEADLINE: Duration = Duration::from_secs(2);

/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_secs(5);

/// Signals that are timed before the first attack, to compare with those under attack.
const CALM_SIGNALS: usize = 1_000;

/// Says numbers to the next member of its room, four a second, and at last that it was the last.
async fn talk(
    mut sink: SplitSink<WebSocketStream<TcpStream>, Message>,
    to: u64,
    start: Instant,
    stop: Arc<AtomicBool>,
) -> u64 {
    let mut pace = interval(Duration::from_millis(250));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = 0;
    loop {
        pace.tick().await;
        let last = stop.load(Ordering::Relaxed);
        let data = if last { "last".into() } else { format!("{said} {}", start.elapsed().as_micros()) };
        let text = serde_json::to_string(&signal(to, data)).unwrap();
        common::within("a signal to be sent", sink.send(Message::text(text))).await.unwrap();
        if last {
            return said;
        }
        said += 1;
    }
}

/// When a signal arrived, and how long it took, both in microseconds since the start.
type Arrival = (u128, u128);

/// Hears every number of the previous member, in order.
async fn listen(
    mut stream: SplitStream<WebSocketStream<TcpStream>>,
    from: u64,
    start: Instant,
    heard: Arc<AtomicUsize>,
) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    loop {
        let message = common::within("a signal", stream.next()).await.expect("the socket stays").unwrap();
        let Message::Text(text) = message else { continue };
        let ServerMessage::Signal { from: sender, data } = serde_json::from_str(&text).unwrap() else {
            panic!("{text}")
        };
        assert_eq!(sender, id(from));
        if data == "last" {
            return arrivals;
        }
        let (number, sent_us) = data.split_once(' ').unwrap();
        assert_eq!(number.parse::<usize>().unwrap(), arrivals.len(), "none is lost, none comes twice");
        let now_us = start.elapsed().as_micros();
        arrivals.push((now_us, now_us - sent_us.parse::<u128>().unwrap()));
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

/// The median of what some signals took.
fn report(what: &str, arrivals: impl Iterator<Item = Arrival>) -> Duration {
    let mut took_us: Vec<u128> = arrivals.map(|(_, took_us)| took_us).collect();
    took_us.sort_unstable();
    let at = |percent: usize| Duration::from_micros(took_us[(took_us.len() - 1) * percent / 100] as u64);
    println!("{} signals {what}: median {:?}, p99 {:?}, max {:?}", took_us.len(), at(50), at(99), at(100));
    at(50)
}

/// Runs one attack, which asserts the reason that it is given, and asserts that it was over in time.
async fn attack(name: &str, deadline: Duration, attack: impl Future<Output = ()>) {
    let start = Instant::now();
    attack.await;
    let took = start.elapsed();
    assert!(took < deadline + SLACK, "{name} was turned away after {took:?}");
}

async fn send_nothing(server: &Harness) {
    let answer = rest(&mut server.tcp().await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"timeout\""), "{answer}");
}

async fn upgrade_and_send_nothing(server: &Harness) {
    server.connect().await.expect_refusal(ErrorCode::Timeout, 4408).await;
}

async fn trickle_a_head(server: &Harness) {
    let mut stream = server.tcp().await;
    let mut pace = interval(Duration::from_millis(10));
    let head = format!("GET /signal HTTP/1.1\r\nx: {}", "x".repeat(100_000));
    let (mut reader, mut writer) = stream.split();
    let mut answer = String::new();
    let trickle = async {
        for byte in head.bytes() {
            pace.tick().await;
            if writer.write_u8(byte).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = trickle => {}
        read = common::within("the answer", tokio::io::AsyncReadExt::read_to_string(&mut reader, &mut answer)) => drop(read.unwrap()),
    }
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"timeout\""), "{answer}");
}

async fn send_10_mb(server: &Harness) {
    let (client, _) = server.join("0", 1_000).await;
    let message = Message::text("x".repeat(10 << 20));
    client.send_and_expect([message].into_iter(), ErrorCode::TooLarge, 1009).await;
}

async fn flood(server: &Harness) {
    let (client, _) = server.join("1", 1_001).await;
    let message = serde_json::to_string(&ClientMessage::Linked { links: 0 }).unwrap();
    client.send_and_expect(std::iter::repeat(Message::text(message)), ErrorCode::TooFast, 4429).await;
}

async fn send_broken_json(server: &Harness) {
    let (client, _) = server.join("2", 1_002).await;
    let message = Message::text("{\"type\":\"signal\",\"to\":");
    client.send_and_expect([message].into_iter(), ErrorCode::BadMessage, 1007).await;
}

async fn send_binary(server: &Harness) {
    let (client, _) = server.join("3", 1_003).await;
    client.send_and_expect([Message::binary(vec![0; 100])].into_iter(), ErrorCode::BadMessage, 1003).await;
}

async fn come_from_elsewhere(server: &Harness) {
    let refused = server.try_connect(&[("origin", "https://evil.example")]).await.err().expect("it is refused");
    assert_eq!(refused.status(), 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_others_notice_nothing_of_hostile_clients() {
    let server = Harness::start(Limits {
        head_deadline_ms: DEADLINE.as_millis() as u64,
        first_message_deadline_ms: DEADLINE.as_millis() as u64,
        connections_per_address_max: 1_000,
        ..LIMITS
    })
    .await;
    let (start, stop, heard) = (Instant::now(), Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (mut talkers, mut listeners) = (JoinSet::new(), JoinSet::new());
    let mut sockets = Vec::new();
    for room in 0..ROOMS {
        for member in 0..MEMBERS_PER_ROOM {
            sockets.push((member, server.join(&room.to_string(), member).await.0));
        }
    }
    for (member, client) in sockets {
        let (sink, stream) = client.socket.split();
        talkers.spawn(talk(sink, (member + 1) % MEMBERS_PER_ROOM, start, Arc::clone(&stop)));
        listeners.spawn(listen(stream, (member + MEMBERS_PER_ROOM - 1) % MEMBERS_PER_ROOM, start, Arc::clone(&heard)));
    }
    let mut pace = interval(Duration::from_millis(10));
    common::within("calm signals", async {
        while heard.load(Ordering::Relaxed) < CALM_SIGNALS {
            pace.tick().await;
        }
    })
    .await;
    let attacked_us = start.elapsed().as_micros();

    for _ in 0..2 {
        tokio::join!(
            attack("one that sends nothing", DEADLINE, send_nothing(&server)),
            attack("one that upgrades and sends nothing", DEADLINE, upgrade_and_send_nothing(&server)),
            attack("one that trickles its head", DEADLINE, trickle_a_head(&server)),
            attack("one that sends 10 MB", DEADLINE, send_10_mb(&server)),
            attack("one that floods", DEADLINE, flood(&server)),
            attack("one with broken JSON", DEADLINE, send_broken_json(&server)),
            attack("one with binary frames", DEADLINE, send_binary(&server)),
            attack("one of a wrong origin", DEADLINE, come_from_elsewhere(&server)),
        );
    }

    server.until_members((ROOMS * MEMBERS_PER_ROOM) as usize).await;
    stop.store(true, Ordering::Relaxed);
    let said: u64 = talkers.join_all().await.into_iter().sum();
    let arrivals = listeners.join_all().await.concat();
    assert_eq!(arrivals.len() as u64, said);
    let calm = report("in calm", arrivals.iter().copied().filter(|&(at_us, _)| at_us < attacked_us));
    let attacked = report("under attack", arrivals.iter().copied().filter(|&(at_us, _)| at_us >= attacked_us));
    assert!(attacked < 10 * calm + Duration::from_millis(250), "{attacked:?} under attack, {calm:?} in calm");
}
