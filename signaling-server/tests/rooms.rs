//! What members of a room see of the server when everybody behaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
mod common;

use chinwag_signaling::Limits;
use chinwag_signaling_messages::{ClientMessage, ErrorCode, ServerMessage, VERSION};
use common::{Harness, Heard, LIMITS, id, join, signal, within};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::{Message, protocol::frame::CloseFrame};

#[tokio::test]
async fn a_newcomer_is_introduced_and_both_exchange_signals() {
    let server = Harness::start(LIMITS).await;
    let (mut first, nobody) = server.join("lobby", 1).await;
    assert!(nobody.is_empty());
    let (mut second, members) = server.join("lobby", 2).await;
    assert_eq!(members, [id(1)]);

    second.say(&signal(1, "b2ZmZXI=")).await;
    assert_eq!(first.hear_message().await, ServerMessage::Signal { from: id(2), data: "b2ZmZXI=".into() });
    first.say(&signal(2, "YW5zd2Vy")).await;
    assert_eq!(second.hear_message().await, ServerMessage::Signal { from: id(1), data: "YW5zd2Vy".into() });
}

#[tokio::test]
async fn signals_of_one_member_to_another_keep_their_order() {
    let server = Harness::start(LIMITS).await;
    let (mut first, _) = server.join("lobby", 1).await;
    let (mut second, _) = server.join("lobby", 2).await;
    for n in 0..200 {
        second.say(&signal(1, n.to_string())).await;
    }
    for n in 0..200 {
        assert_eq!(first.hear_message().await, ServerMessage::Signal { from: id(2), data: n.to_string() });
    }
}

#[tokio::test]
async fn the_largest_message_is_relayed() {
    let server = Harness::start(LIMITS).await;
    let (mut first, _) = server.join("lobby", 1).await;
    let (mut second, _) = server.join("lobby", 2).await;
    let frame = |data: &str| ServerMessage::Signal { from: id(2), data: data.into() };
    let overhead = serde_json::to_string(&frame("")).map(|json| json.len()).unwrap_or_default();
    let data = "A".repeat(chinwag_signaling_messages::MESSAGE_BYTES_MAX - overhead);
    second.say(&signal(1, data.clone())).await;
    assert_eq!(first.hear_message().await, frame(&data));
    second.say(&signal(1, data + "A")).await;
    second.expect_refusal(ErrorCode::TooLarge, 1009).await;
}

#[tokio::test]
async fn a_signal_to_who_is_not_there_is_answered_unknown() {
    let server = Harness::start(LIMITS).await;
    let (mut here, _) = server.join("lobby", 1).await;
    let (_elsewhere, _) = server.join("attic", 2).await;
    for absent in [2, 3] {
        here.say(&signal(absent, "AA==")).await;
        assert_eq!(here.hear_message().await, ServerMessage::Unknown { to: id(absent) });
    }
}

#[tokio::test]
async fn peers_names_up_to_three_others() {
    let server = Harness::start(LIMITS).await;
    let mut clients = Vec::new();
    for member in 1..=5 {
        clients.push(server.join("lobby", member).await.0);
    }
    let asking = &mut clients[0];
    asking.say(&ClientMessage::Peers).await;
    let ServerMessage::Peers { members } = asking.hear_message().await else { panic!("no peers") };
    assert_eq!(members.len(), 3);
    assert!(!members.contains(&id(1)));
}

#[tokio::test]
async fn a_member_that_goes_is_named_to_nobody() {
    let server = Harness::start(LIMITS).await;
    let (mut polite, _) = server.join("lobby", 1).await;
    let (abrupt, _) = server.join("lobby", 2).await;
    let close = CloseFrame { code: 1000.into(), reason: "bye".into() };
    assert!(polite.send(Message::Close(Some(close))).await.is_ok());
    assert_eq!(polite.hear().await, Heard::Close(1000, "bye".into()), "the close is answered");
    assert_eq!(polite.hear().await, Heard::Gone);
    drop(abrupt);
    server.until_members(0).await;
    assert!(server.join("lobby", 3).await.1.is_empty());
}

#[tokio::test]
async fn of_three_sockets_with_one_id_the_second_gives_way() {
    let server = Harness::start(LIMITS).await;
    let (mut first, _) = server.join("lobby", 1).await;
    let (mut other, _) = server.join("lobby", 2).await;
    let (mut second, _) = server.join("lobby", 1).await;
    let (mut third, _) = server.join("lobby", 1).await;
    second.expect_refusal(ErrorCode::Replaced, 4409).await;
    other.say(&signal(1, "AA==")).await;
    for socket in [&mut first, &mut third] {
        assert_eq!(socket.hear_message().await, ServerMessage::Signal { from: id(2), data: "AA==".into() });
    }
}

#[tokio::test]
async fn a_room_is_released_down_to_its_greeters_and_the_oldest_stay() {
    let server = Harness::start(Limits { greeters: 3, ..LIMITS }).await;
    let mut clients = Vec::new();
    for member in 1..=8 {
        clients.push(server.join("lobby", member).await.0);
    }
    let (mut unlinked, _) = server.join("lobby", 9).await;
    for client in &mut clients[..3] {
        client.say(&ClientMessage::Linked { links: 5 }).await;
        client.say(&ClientMessage::Peers).await;
        assert!(matches!(client.hear_message().await, ServerMessage::Peers { .. }));
    }
    for client in &mut clients[3..] {
        client.say(&ClientMessage::Linked { links: 5 }).await;
        client.expect_release().await;
    }
    server.until_members(4).await;
    for client in &mut clients[..3] {
        client.say(&ClientMessage::Peers).await;
        assert!(matches!(client.hear_message().await, ServerMessage::Peers { .. }), "the oldest stay");
    }
    unlinked.say(&ClientMessage::Peers).await;
    let ServerMessage::Peers { mut members } = unlinked.hear_message().await else { panic!("no peers") };
    members.sort();
    assert_eq!(members, [id(1), id(2), id(3)], "who has no links is never released, and is told the greeters");
}

#[tokio::test]
async fn what_was_relayed_before_a_release_arrives_before_it() {
    let server = Harness::start(Limits { greeters: 1, ..LIMITS }).await;
    let (mut first, _) = server.join("lobby", 1).await;
    let (mut second, _) = server.join("lobby", 2).await;
    second.say(&ClientMessage::Linked { links: 1 }).await;
    first.say(&signal(2, "AA==")).await;
    first.say(&ClientMessage::Linked { links: 1 }).await;
    assert_eq!(second.hear_message().await, ServerMessage::Signal { from: id(1), data: "AA==".into() });
    second.expect_release().await;
}

#[tokio::test]
async fn a_member_that_says_nothing_but_answers_pings_stays() {
    let limits = Limits { idle_timeout_ms: 1_500, ..LIMITS };
    let server = Harness::start(limits).await;
    let (mut quiet, _) = server.join("lobby", 1).await;
    let mut pings = 0;
    within("pings", async {
        use futures_util::StreamExt;
        while pings < 4 {
            match quiet.socket.next().await {
                Some(Ok(Message::Ping(_))) => pings += 1,
                other => panic!("no ping but {other:?}"),
            }
        }
    })
    .await;
    quiet.say(&ClientMessage::Peers).await;
    assert_eq!(quiet.hear_message().await, ServerMessage::Peers { members: vec![] });
}

#[tokio::test]
async fn a_member_that_answers_no_pings_is_given_up() {
    let limits = Limits { idle_timeout_ms: 200, ..LIMITS };
    let server = Harness::start(limits).await;
    let (mut frozen, _) = server.join("lobby", 1).await;
    server.until_members(0).await;
    frozen.expect_refusal(ErrorCode::Timeout, 4408).await;
}

#[tokio::test]
async fn rooms_and_their_members_are_capped() {
    let server = Harness::start(Limits { rooms_max: 1, room_members_max: 1, ..LIMITS }).await;
    let (_only, _) = server.join("lobby", 1).await;
    for room in ["lobby", "attic"] {
        let mut late = server.connect().await;
        late.say(&join(room, 2)).await;
        late.expect_refusal(ErrorCode::Full, 1013).await;
    }
}

#[tokio::test]
async fn another_version_is_told_so() {
    let server = Harness::start(LIMITS).await;
    let mut client = server.connect().await;
    client.say(&ClientMessage::Join { version: VERSION + 1, room: "lobby".into(), id: id(1) }).await;
    client.expect_refusal(ErrorCode::Version, 4426).await;
}

#[tokio::test]
async fn on_shutdown_members_are_told_and_idle_connections_end() {
    let server = Harness::start(Limits { shutdown_grace_ms: 15_000, ..LIMITS }).await;
    let (mut member, _) = server.join("lobby", 1).await;
    let mut newcomer = server.connect().await;
    let mut silent = server.tcp().await;
    let mut idle = server.tcp().await;
    common::keep_alive(&mut idle, server.address).await;
    let stopped = server.stop();
    member.expect_refusal(ErrorCode::GoingAway, 1001).await;
    newcomer.expect_refusal(ErrorCode::GoingAway, 1001).await;
    assert_eq!(common::rest(&mut silent).await, "");
    assert_eq!(common::rest(&mut idle).await, "");
    drop((member, newcomer, silent, idle));
    assert!(within("the server to end", stopped).await.is_ok());
}

#[tokio::test]
async fn a_shutdown_waits_no_longer_than_its_grace() {
    let server = Harness::start(Limits { shutdown_grace_ms: 50, linger_ms: 60_000, ..LIMITS }).await;
    // It never closes its side.
    let (mut stubborn, _) = server.join("lobby", 1).await;
    assert!(stubborn.socket.flush().await.is_ok());
    assert!(within("the server to end", server.stop()).await.is_ok());
}
