//! The program itself: its one line, its logs, its signals.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
mod common;

use std::{process::Stdio, time::Duration, time::Instant};

use chinwag_signaling_messages::{ErrorCode, ServerMessage};
use common::{Client, Heard, join, keep_alive, rest, within};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
};
use tokio_tungstenite::client_async;

struct Program {
    child: Child,
    address: std::net::SocketAddr,
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chinwag-signaling"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Starts the program, and reads its address from the line that it prints.
async fn start(command: &mut Command) -> Program {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within("the line", lines.next_line()).await.unwrap().unwrap();
    let address = line.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line}")).parse().unwrap();
    Program { child, address }
}

async fn connect(address: std::net::SocketAddr) -> Client {
    let stream = TcpStream::connect(address).await.unwrap();
    let (socket, _) = within("the handshake", client_async(format!("ws://{address}/signal"), stream)).await.unwrap();
    Client { socket }
}

async fn ends_cleanly_on(signal: Signal) {
    let mut program = start(command().args(["--listen", "127.0.0.1:0"]).env("RUST_LOG", "info")).await;
    let mut member = connect(program.address).await;
    member.say(&join("a room nobody should read about", 1)).await;
    assert!(matches!(member.hear().await, Heard::Message(ServerMessage::Welcome { .. })));
    let mut silent = TcpStream::connect(program.address).await.unwrap();
    let mut idle = TcpStream::connect(program.address).await.unwrap();
    keep_alive(&mut idle, program.address).await;

    let start = Instant::now();
    kill(Pid::from_raw(program.child.id().unwrap().try_into().unwrap()), signal).unwrap();
    member.expect_refusal(ErrorCode::GoingAway, 1001).await;
    rest(&mut silent).await;
    rest(&mut idle).await;
    let status = within("the process to end", program.child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(6), "it took {:?}", start.elapsed());

    let mut log = String::new();
    program.child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
    assert!(log.contains("shutting down"), "{log}");
    assert!(!log.contains("nobody should read") && !log.contains(&common::id(1)), "{log}");
}

#[tokio::test]
async fn on_sigterm_members_are_told_and_the_process_exits_with_0() {
    ends_cleanly_on(Signal::SIGTERM).await;
}

#[tokio::test]
async fn on_sigint_members_are_told_and_the_process_exits_with_0() {
    ends_cleanly_on(Signal::SIGINT).await;
}

#[tokio::test]
async fn options_come_from_the_environment_too() {
    let mut command = command();
    command.env("CHINWAG_LISTEN", "127.0.0.1:0").env("CHINWAG_MAX_CONNECTIONS_PER_ADDRESS", "1");
    command.env("CHINWAG_TRUST_FORWARDED", "false").env("CHINWAG_ALLOW_ORIGIN", "https://a.example,https://b.example");
    command.env("CHINWAG_ICE", r#"[{"urls":["turn:turn.example"],"username":"u","credential":"c"}]"#);
    let program = start(&mut command).await;
    let mut member = connect(program.address).await;
    member.say(&join("lobby", 1)).await;
    let Heard::Message(ServerMessage::Welcome { ice, .. }) = member.hear().await else { panic!("no welcome") };
    assert_eq!(ice.first().and_then(|server| server.username.as_deref()), Some("u"));
    let mut second = TcpStream::connect(program.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut second, b"GET /health HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(rest(&mut second).await.starts_with("HTTP/1.1 429 "));
}

#[tokio::test]
async fn what_cannot_be_served_is_an_error_with_a_reason() {
    let output = within("the process to end", command().args(["--static", "/nowhere/at/all"]).output()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("/nowhere/at/all") && log.contains("build the pages first"), "{log}");
    assert!(output.stdout.is_empty());
}
