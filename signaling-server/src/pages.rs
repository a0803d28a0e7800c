//! The pages: files of a folder, how long they may be cached, and what they may do.
use std::path::Path;

use axum::{
    Router,
    extract::Request,
    handler::HandlerWithoutStateExt,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
};
use tower_http::services::ServeDir;

use crate::refusal::Refusal;

/// What pages may do: run their own scripts and WebAssembly, and reach any signaling server. It is the outer fence.
/// Which inline scripts a page has only the page knows, so a stricter policy stands in the page itself, as in the demos:
/// a browser enforces both.
const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self' http: https: ws: wss: data:; object-src 'none'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'self'";

/// Headers of every answer. An address may name a room, so other sites are not told where a link was followed.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Serves the files of `dir` wherever `api` has no route of its own.
pub(crate) fn around(api: Router, dir: Option<&Path>) -> Router {
    let router = match dir {
        Some(dir) => {
            let files = ServeDir::new(dir).precompressed_br().precompressed_gzip();
            api.fallback_service(files.not_found_service(no_such_page.into_service()))
        }
        None => api.fallback(no_pages),
    };
    router.layer(from_fn(dress))
}

async fn no_such_page(headers: HeaderMap) -> Response {
    nothing(&headers, "There is no such page", "<p>Perhaps the <a href=\"/\">start page</a> leads further.</p>")
}

async fn no_pages(headers: HeaderMap) -> Response {
    let what = "<p>This is a Chinwag signaling server. It serves no pages, because it was started without \
        <code>--static DIR</code>; its socket is at <code>/signal</code>.</p>";
    nothing(&headers, "No pages here", what)
}

/// An answer for people where they can read it, and for programs elsewhere.
fn nothing(headers: &HeaderMap, title: &str, what: &str) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        return Refusal::NotFound.into_response();
    }
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<h1>{title}</h1>\n{what}\n</html>\n"
    );
    (StatusCode::NOT_FOUND, Html(page)).into_response()
}

/// Adds to each answer what it lacks: the policy, and how long it may be cached.
async fn dress(request: Request, next: Next) -> Response {
    // The build puts a hash of the content into the names of what lies there.
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let status = response.status();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let found = status.is_success() || status == StatusCode::NOT_MODIFIED;
    let caching = if hashed && found { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(caching));
    response
}
