//! HTTP/1.1 on one TCP connection, from its first byte until it is closed for good.
use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::{refusal::Refusal, server::App, stream};

/// A request's head may have this many bytes.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Serves `router`, and what it upgrades to, until nobody uses the connection any more.
pub(crate) async fn serve(stream: TcpStream, app: &Arc<App>, router: Router) {
    converse(stream, app, move |request| router.clone().oneshot(request)).await;
}

/// Answers the first request with a refusal, whatever it is.
pub(crate) async fn turn_away(stream: TcpStream, app: &Arc<App>, refusal: Refusal) {
    let answer = move |_| {
        let mut response = refusal.clone().into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        std::future::ready(Ok(response))
    };
    converse(stream, app, answer).await;
}

async fn converse<F, R>(stream: TcpStream, app: &Arc<App>, answer: F)
where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Result<Response, Infallible>>,
{
    let (lent, claim) = stream::lend(stream, app.limits.write_stall());
    let asked = AtomicBool::new(false);
    let in_time = {
        let service = service_fn(|request| {
            asked.store(true, Ordering::Relaxed);
            answer(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(app.limits.head_deadline())
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(lent), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = app.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                // Who has not asked for anything need not be waited for.
                if asked.load(Ordering::Relaxed) { connection.await } else { Ok(()) }
            }
        };
        !result.is_err_and(|error| error.is_timeout())
    };
    let Some(stream) = claim.returned().await else { return };
    // Who has been answered once, and is merely idle, is owed no explanation: an answer that it did not ask for could
    // be taken for that to its next request.
    let late = (!in_time && !asked.load(Ordering::Relaxed)).then(|| late(app));
    stream::linger(stream, late.as_deref(), app.limits.linger()).await;
}

/// The answer to a head that did not come in time.
fn late(app: &App) -> Vec<u8> {
    let refusal = Refusal::Head(app.limits.head_deadline_ms);
    app.metrics.refuse(&refusal);
    tracing::debug!(code = refusal.code().as_str(), "turned a connection away");
    let body = refusal.to_json();
    let head = "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: application/json\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
