//! What is served over HTTP: pages, and the server's own facts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
mod common;

use std::{fs, path::Path};

use chinwag_signaling::{Limits, Options, Server};
use common::{Harness, LIMITS};
use tempfile::TempDir;

/// A folder such as the build of the demos makes.
fn site() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        made.unwrap();
    };
    write("index.html", "<h1>start</h1>");
    write("chat/index.html", "<h1>chat</h1>");
    write("assets/app-4f2a.js", "let plain;");
    write("assets/app-4f2a.js.br", "(brotli)");
    write("assets/app-4f2a.js.gz", "(gzip)");
    write("assets/core-11.wasm", "(wasm)");
    dir
}

async fn serve(dir: &Path) -> Harness {
    Harness::with(Options { static_dir: Some(dir.into()), limits: LIMITS, ..Options::embedded() }).await
}

/// Asserts status, and lines or words that the answer has.
fn check(answer: &str, status: u16, parts: &[&str]) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    for part in parts {
        assert!(answer.contains(part), "{part} is not in\n{answer}");
    }
}

#[tokio::test]
async fn a_folder_is_its_index_which_is_asked_for_again_each_time() {
    let site = site();
    let server = serve(site.path()).await;
    let html = ["content-type: text/html", "cache-control: no-cache", "etag: ", "last-modified: "];
    check(&server.get("/", "").await, 200, &[&html[..], &["<h1>start</h1>"]].concat());
    check(&server.get("/chat/?room=lobby", "").await, 200, &[&html[..], &["<h1>chat</h1>"]].concat());
    check(&server.get("/chat?room=lobby", "").await, 307, &["location: /chat/?room=lobby"]);
}

#[tokio::test]
async fn hashed_files_are_kept_for_good_and_sent_compressed_where_possible() {
    let site = site();
    let server = serve(site.path()).await;
    let kept = "cache-control: public, max-age=31536000, immutable";
    check(&server.get("/assets/app-4f2a.js", "").await, 200, &[kept, "text/javascript", "let plain;"]);
    let brotli = server.get("/assets/app-4f2a.js", "accept-encoding: gzip, br\r\n").await;
    check(&brotli, 200, &[kept, "text/javascript", "content-encoding: br", "(brotli)"]);
    let gzip = server.get("/assets/app-4f2a.js", "accept-encoding: gzip\r\n").await;
    check(&gzip, 200, &["content-encoding: gzip", "(gzip)"]);
    check(&server.get("/assets/core-11.wasm", "").await, 200, &[kept, "content-type: application/wasm"]);
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_sent_again() {
    let site = site();
    let server = serve(site.path()).await;
    let answer = server.get("/", "").await;
    let etag = answer.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_else(|| panic!("{answer}"));
    check(&server.get("/", &format!("if-none-match: {etag}\r\n")).await, 304, &["cache-control: no-cache"]);
}

#[tokio::test]
async fn every_answer_says_what_a_page_may_do() {
    let site = site();
    let server = serve(site.path()).await;
    for path in ["/", "/assets/app-4f2a.js", "/nothing", "/health"] {
        let answer = server.get(path, "").await;
        for part in [
            "content-security-policy: default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval';",
            "connect-src 'self' http: https: ws: wss: data:;",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
        ] {
            assert!(answer.contains(part), "{part} is not in\n{answer}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404_for_people_and_for_programs() {
    let site = site();
    let server = serve(site.path()).await;
    let people = "accept: text/html,*/*\r\n";
    check(&server.get("/nothing", people).await, 404, &["There is no such page", "text/html"]);
    check(&server.get("/nothing", "").await, 404, &["\"code\":\"not-found\""]);
    let asset = server.get("/assets/gone.js", "").await;
    check(&asset, 404, &["cache-control: no-store"]);
}

#[tokio::test]
async fn nothing_outside_the_folder_is_served() {
    let site = site();
    let server = serve(&site.path().join("chat")).await;
    for path in ["/../index.html", "/%2e%2e/index.html", "/..%2findex.html", "//etc/passwd", "/%00"] {
        let answer = server.get(path, "").await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn without_a_folder_the_server_says_so() {
    let server = Harness::start(LIMITS).await;
    check(&server.get("/", "accept: text/html\r\n").await, 404, &["--static DIR", "/signal"]);
    check(&server.get("/", "").await, 404, &["\"code\":\"not-found\""]);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error_at_the_start() {
    let options = Options { static_dir: Some("/nowhere/at/all".into()), ..Options::embedded() };
    let Err(error) = Server::bind(options).await else { panic!("it started") };
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_at_the_start() {
    let server = Harness::start(LIMITS).await;
    let options = Options { listen: server.address.to_string(), ..Options::embedded() };
    let Err(error) = Server::bind(options).await else { panic!("it started") };
    assert!(error.to_string().contains(&server.address.to_string()), "{error}");
}

#[tokio::test]
async fn health_counts_rooms_and_members() {
    let server = Harness::start(LIMITS).await;
    let _members = (server.join("lobby", 1).await, server.join("lobby", 2).await, server.join("attic", 1).await);
    let answer = server.get("/health", "").await;
    check(
        &answer,
        200,
        &["\"ok\":true", "\"version\":\"", "\"rooms\":2", "\"members\":3", "\"uptime_s\":", "no-store"],
    );
}

#[tokio::test]
async fn ice_servers_are_handed_out_to_allowed_pages_and_in_the_welcome() {
    let ice = vec!["stun:stun.example:3478".parse().unwrap()];
    let server = Harness::with(Options { ice, ..Options::embedded() }).await;
    let body = "{\"ice\":[{\"urls\":[\"stun:stun.example:3478\"]}]}";
    let own = server.get("/ice", "origin: http://localhost:5173\r\n").await;
    check(&own, 200, &[body, "access-control-allow-origin: http://localhost:5173", "no-store"]);
    let evil = server.get("/ice", "origin: https://evil.example\r\n").await;
    assert!(!evil.contains("access-control-allow-origin"), "{evil}");

    let mut client = server.connect().await;
    client.say(&common::join("lobby", 1)).await;
    let heard = format!("{:?}", client.hear().await);
    assert!(heard.contains("stun:stun.example:3478"), "{heard}");
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = Harness::start(Limits { rooms_max: 1, greeters: 0, ..LIMITS }).await;
    let (mut first, _) = server.join("lobby", 1).await;
    let (mut second, _) = server.join("lobby", 2).await;
    second.say(&common::signal(1, "AA==")).await;
    first.hear_message().await;
    let mut late = server.connect().await;
    late.say(&common::join("attic", 3)).await;
    late.hear_message().await;
    second.say(&chinwag_signaling_messages::ClientMessage::Linked { links: 1 }).await;
    second.expect_release().await;
    let parts = ["messages_relayed_total 1\n", "refusals_total{code=\"full\"} 1\n", "releases_total 1\n", "_rooms 1\n"];
    check(&server.get("/metrics", "").await, 200, &parts);
}
