//! What is served under which path.
use std::{path::Path, sync::Arc};

use axum::{
    Json, Router,
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use chinwag_signaling_messages::IceServer;
use serde::Serialize;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    address::{Address, Place},
    pages,
    refusal::Refusal,
    server::App,
    socket,
};

/// Bytes that are read from a socket at once: members say little, and there are many of them.
const READ_BYTES: usize = 4 << 10;

/// Bytes that are collected before they are written.
const WRITE_BYTES: usize = 16 << 10;

/// All paths of the server.
pub(crate) fn router(app: &Arc<App>, static_dir: Option<&Path>) -> Router {
    let origins = app.origins.clone();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, request| origins.allow_origin(origin, &request.headers)));
    let open_to_pages = Router::new().route("/health", get(health)).route("/ice", get(ice)).layer(cors);
    let api = Router::new()
        .route("/signal", any(signal))
        .route("/metrics", get(metrics))
        .merge(open_to_pages)
        .with_state(Arc::clone(app));
    pages::around(api, static_dir)
}

/// The body of `GET /health`.
#[derive(Serialize)]
struct Health {
    ok: bool,
    version: &'static str,
    rooms: usize,
    members: usize,
    uptime_s: u64,
}

async fn health(State(app): State<Arc<App>>) -> Response {
    let census = app.hub.census();
    let health = Health {
        ok: true,
        version: env!("CARGO_PKG_VERSION"),
        rooms: census.rooms,
        members: census.members,
        uptime_s: app.started.elapsed().as_secs(),
    };
    fresh(Json(health))
}

/// The body of `GET /ice`.
#[derive(Serialize)]
struct Ice<'a> {
    ice: &'a [IceServer],
}

async fn ice(State(app): State<Arc<App>>) -> Response {
    fresh(Json(Ice { ice: &app.ice }))
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.text(app.hub.census(), app.connections());
    fresh(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

/// An answer that is true only now.
fn fresh(answer: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], answer).into_response()
}

async fn signal(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match admit(&app, &headers, upgrade) {
        Ok((upgrade, place)) => upgrade
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(WRITE_BYTES)
            .max_message_size(app.limits.message_bytes_max)
            .max_frame_size(app.limits.message_bytes_max)
            .on_upgrade(move |socket| async move {
                socket::serve(socket, app).await;
                drop(place);
            }),
        Err(refusal) => {
            app.metrics.refuse(&refusal);
            tracing::debug!(code = refusal.code().as_str(), "turned a handshake away");
            refusal.into_response()
        }
    }
}

/// Decides about a handshake. Behind a proxy, this is where connections are counted by address.
fn admit(
    app: &App,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<(WebSocketUpgrade, Option<Place>), Refusal> {
    if !app.origins.allow(headers) {
        return Err(Refusal::Origin);
    }
    let upgrade = upgrade.map_err(|_| Refusal::NotAWebSocket)?;
    let forwarded = app.trust_forwarded.then(|| Address::forwarded(headers)).flatten();
    let place = forwarded.map(|address| app.addresses.enter(address).ok_or(Refusal::AddressFull)).transpose()?;
    Ok((upgrade, place))
}
