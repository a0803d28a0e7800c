//! Everybody who misbehaves is told why, within the deadline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
mod common;

use std::time::{Duration, Instant};

use chinwag_signaling::{Limits, Options};
use chinwag_signaling_messages::{ClientMessage, ErrorCode, ServerMessage};
use common::{Harness, Heard, LIMITS, keep_alive, rest, signal};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

/// Asserts that an answer over HTTP has that status, and the refusal as its body.
fn check_answer(answer: &str, status: u16, code: ErrorCode) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    match serde_json::from_str(body) {
        Ok(ServerMessage::Error { code: told, .. }) => assert_eq!(told, code),
        other => panic!("no refusal but {other:?} in {answer}"),
    }
}

#[tokio::test]
async fn who_sends_nothing_over_tcp_gets_a_408() {
    let server = Harness::start(Limits { head_deadline_ms: 100, ..LIMITS }).await;
    let start = Instant::now();
    check_answer(&rest(&mut server.tcp().await).await, 408, ErrorCode::Timeout);
    assert!(start.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn who_trickles_a_head_gets_a_408() {
    let server = Harness::start(Limits { head_deadline_ms: 200, ..LIMITS }).await;
    let (mut reader, mut writer) = server.tcp().await.into_split();
    let trickle = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(5));
        for byte in format!("GET /signal HTTP/1.1\r\nx: {}", "x".repeat(100_000)).bytes() {
            pace.tick().await;
            if writer.write_u8(byte).await.is_err() {
                break;
            }
        }
    });
    let mut answer = String::new();
    let read = tokio::io::AsyncReadExt::read_to_string(&mut reader, &mut answer);
    assert!(common::within("the answer", read).await.is_ok());
    trickle.abort();
    check_answer(&answer, 408, ErrorCode::Timeout);
}

#[tokio::test]
async fn a_connection_that_stays_idle_after_an_answer_is_closed_without_a_word() {
    let server = Harness::start(Limits { head_deadline_ms: 1_000, ..LIMITS }).await;
    let mut stream = server.tcp().await;
    keep_alive(&mut stream, server.address).await;
    keep_alive(&mut stream, server.address).await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn who_upgrades_and_sends_nothing_is_timed_out_even_if_it_pings() {
    let server = Harness::start(Limits { first_message_deadline_ms: 200, ..LIMITS }).await;
    let mut client = server.connect().await;
    assert!(client.send(Message::Ping(vec![1].into())).await.is_ok());
    client.expect_refusal(ErrorCode::Timeout, 4408).await;
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let server = Harness::start(LIMITS).await;
    for text in ["{\"type\":", "{\"type\":\"shout\"}", "", "[[[[", &"[".repeat(60_000)] {
        let mut client = server.connect().await;
        assert!(client.send(Message::text(text)).await.is_ok());
        client.expect_refusal(ErrorCode::BadMessage, 1007).await;
    }
}

#[tokio::test]
async fn a_binary_frame_is_refused() {
    let server = Harness::start(LIMITS).await;
    let (mut client, _) = server.join("lobby", 1).await;
    assert!(client.send(Message::binary(vec![0; 10])).await.is_ok());
    client.expect_refusal(ErrorCode::BadMessage, 1003).await;
}

#[tokio::test]
async fn text_that_is_not_utf8_is_refused() {
    let server = Harness::start(LIMITS).await;
    let mut client = server.connect().await;
    let frame = Frame::message(vec![0xff, 0xfe], OpCode::Data(Data::Text), true);
    assert!(client.send(Message::Frame(frame)).await.is_ok());
    client.expect_refusal(ErrorCode::BadMessage, 1007).await;
}

#[tokio::test]
async fn broken_framing_is_refused() {
    let server = Harness::start(LIMITS).await;
    let mut client = server.connect().await;
    // A continuation of nothing.
    let frame = Frame::message(vec![b'x'], OpCode::Data(Data::Continue), true);
    assert!(client.send(Message::Frame(frame)).await.is_ok());
    client.expect_refusal(ErrorCode::BadMessage, 1002).await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_whole_or_in_fragments() {
    let server = Harness::start(LIMITS).await;
    let (whole, _) = server.join("lobby", 1).await;
    let message = Message::text("x".repeat(10 << 20));
    whole.send_and_expect([message].into_iter(), ErrorCode::TooLarge, 1009).await;

    let (mut parts, _) = server.join("lobby", 2).await;
    for opcode in [Data::Text, Data::Continue, Data::Continue] {
        let frame = Frame::message(vec![b'x'; 30_000], OpCode::Data(opcode), false);
        let _ = parts.send(Message::Frame(frame)).await;
    }
    parts.expect_refusal(ErrorCode::TooLarge, 1009).await;
}

#[tokio::test]
async fn who_floods_is_refused_by_messages_by_bytes_and_by_pings() {
    let limits = Limits { message_burst: 20, byte_burst: 100_000, bytes_per_second: 1, ..LIMITS };
    let server = Harness::start(limits).await;
    let (messages, _) = server.join("lobby", 1).await;
    let message = Message::text(serde_json::to_string(&ClientMessage::Linked { links: 0 }).unwrap());
    messages.send_and_expect(std::iter::repeat(message), ErrorCode::TooFast, 4429).await;

    let (mut bytes, _) = server.join("attic", 2).await;
    for _ in 0..5 {
        let _ = bytes.try_say(&signal(9, "x".repeat(30_000))).await;
    }
    let mut heard = bytes.hear().await;
    while matches!(heard, Heard::Message(ServerMessage::Unknown { .. })) {
        heard = bytes.hear().await;
    }
    assert!(matches!(heard, Heard::Message(ServerMessage::Error { code: ErrorCode::TooFast, .. })), "{heard:?}");

    let (pings, _) = server.join("cellar", 3).await;
    let ping = Message::Ping(vec![].into());
    pings.send_and_expect(std::iter::repeat(ping), ErrorCode::TooFast, 4429).await;
}

#[tokio::test]
async fn a_reader_that_is_too_slow_loses_its_socket_and_nobody_elses() {
    let fast = u32::MAX;
    let limits = Limits {
        messages_per_second: fast,
        message_burst: fast,
        bytes_per_second: fast,
        byte_burst: fast,
        linger_ms: 50,
        ..LIMITS
    };
    let server = Harness::start(limits).await;
    let (slow, _) = server.join("lobby", 1).await;
    let (mut quick, _) = server.join("lobby", 2).await;
    let (mut writer, _) = server.join("lobby", 3).await;
    let data = "x".repeat(50_000);
    let mut sent = 0_usize;
    // It goes on until the server has had enough: what the system buffers is not known here.
    loop {
        writer.say(&signal(1, data.clone())).await;
        writer.say(&signal(2, "AA==")).await;
        writer.say(&ClientMessage::Peers).await;
        assert!(matches!(quick.hear_message().await, ServerMessage::Signal { .. }));
        sent += 1;
        match writer.hear_message().await {
            ServerMessage::Peers { .. } => {}
            ServerMessage::Unknown { to } => break assert_eq!(to, common::id(1)),
            other => panic!("{other:?} is no answer"),
        }
        assert!(sent < 10_000, "the server buffers without end");
    }
    server.until_members(2).await;
    let metrics = server.get("/metrics", "").await;
    assert!(metrics.contains("refusals_total{code=\"too-slow\"} 1"), "{metrics}");
    drop(slow);
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = Harness::start(LIMITS).await;
    let Err(refused) = server.try_connect(&[("origin", "https://evil.example")]).await else { panic!("let in") };
    assert_eq!(refused.status(), 403);
    let body = refused.into_body().unwrap_or_default();
    assert!(matches!(serde_json::from_slice(&body), Ok(ServerMessage::Error { code: ErrorCode::Origin, .. })));
    let own = format!("http://{}", server.address);
    for allowed in [own.as_str(), "http://localhost:5173"] {
        assert!(server.try_connect(&[("origin", allowed)]).await.is_ok(), "{allowed}");
    }
}

#[tokio::test]
async fn listed_origins_are_let_in() {
    let allowed_origins = vec!["https://app.example".parse().unwrap()];
    let server = Harness::with(Options { allowed_origins, ..Options::embedded() }).await;
    assert!(server.try_connect(&[("origin", "https://app.example")]).await.is_ok());
    assert!(server.try_connect(&[("origin", "https://evil.example")]).await.is_err());
}

#[tokio::test]
async fn the_connections_of_an_address_are_capped_and_freed() {
    let server = Harness::start(Limits { connections_per_address_max: 2, ..LIMITS }).await;
    let one = server.join("lobby", 1).await;
    let two = server.join("lobby", 2).await;
    check_answer(&server.get("/health", "").await, 429, ErrorCode::Full);
    let Err(refused) = server.try_connect(&[]).await else { panic!("let in") };
    assert_eq!(refused.status(), 429);
    drop((one, two));
    common::within("a free place", async { while server.try_connect(&[]).await.is_err() {} }).await;
}

#[tokio::test]
async fn connections_in_all_are_capped_and_freed() {
    let server = Harness::start(Limits { connections_max: 2, ..LIMITS }).await;
    let (silent, joined) = (server.tcp().await, server.join("lobby", 2).await);
    check_answer(&server.get("/health", "").await, 503, ErrorCode::Full);
    drop((silent, joined));
    common::within("a free place", async { while server.try_connect(&[]).await.is_err() {} }).await;
}

#[tokio::test]
async fn behind_a_proxy_the_forwarded_address_is_what_counts() {
    let limits = Limits { connections_per_address_max: 1, ..LIMITS };
    let server = Harness::with(Options { trust_forwarded: true, limits, ..Options::embedded() }).await;
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let one = server.try_connect(&from("203.0.113.7, 192.0.2.1")).await;
    let two = server.try_connect(&from("203.0.113.7, 192.0.2.2")).await;
    assert!(one.is_ok() && two.is_ok());
    let Err(refused) = server.try_connect(&from("198.51.100.1, 192.0.2.1")).await else { panic!("let in") };
    assert_eq!(refused.status(), 429);
    drop(one);
    let again = from("192.0.2.1");
    common::within("a free place", async { while server.try_connect(&again).await.is_err() {} }).await;
}

#[tokio::test]
async fn without_a_proxy_the_forwarded_address_is_ignored() {
    let server = Harness::start(Limits { connections_per_address_max: 1, ..LIMITS }).await;
    let _one = server.try_connect(&[("x-forwarded-for", "192.0.2.1")]).await;
    assert!(server.try_connect(&[("x-forwarded-for", "192.0.2.2")]).await.is_err());
}

#[tokio::test]
async fn the_socket_is_no_page() {
    let server = Harness::start(LIMITS).await;
    check_answer(&server.get("/signal", "").await, 426, ErrorCode::BadMessage);
}
