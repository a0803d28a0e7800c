//! The conversation with one client over its WebSocket: deadlines, sizes, rates, and a reason at the end.
use std::{sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use chinwag_signaling_messages::{ClientMessage, ServerMessage};
use futures_util::{FutureExt, SinkExt};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Error as FrameError;

use crate::{
    hub::Hub,
    limits::Limits,
    outbox::{Entry, Queue},
    rate::Rate,
    refusal::Refusal,
    rooms::{Ending, SocketId},
    server::App,
};

/// How a conversation came to its end.
#[derive(Debug)]
enum End {
    /// The server ends it.
    Ours(Ending),
    /// The client has closed it properly, and waits for our answer.
    Theirs,
    /// The connection broke.
    Broken,
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Ours(Ending::Refused(refusal))
    }
}

/// Talks with a client until one of both ends it.
pub(crate) async fn serve(mut socket: WebSocket, app: Arc<App>) {
    let (id, mut queue) = app.hub.attach();
    let attached = Attached { hub: &app.hub, id };
    let overflowed = queue.overflowed();
    let end = tokio::select! {
        biased;
        () = overflowed.cancelled() => Refusal::TooSlow.into(),
        () = app.shutdown.cancelled() => Refusal::GoingAway.into(),
        end = converse(&mut socket, id, &mut queue, &app) => end,
    };
    drop(attached);
    if let End::Ours(Ending::Refused(refusal)) = &end {
        app.metrics.refuse(refusal);
        tracing::debug!(code = refusal.code().as_str(), "turned a member away");
    }
    // Whoever does not read the reason has had his chance; the connection is lingered on below WebSockets, too.
    let _ = timeout(app.limits.linger(), say_goodbye(&mut socket, end)).await;
}

/// Takes a socket out of its room, even when its task is dropped.
struct Attached<'a> {
    hub: &'a Hub,
    id: SocketId,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.hub.detach(self.id);
    }
}

async fn converse(socket: &mut WebSocket, id: SocketId, queue: &mut Queue, app: &App) -> End {
    let rate = Rate::new(&app.limits);
    let mut patience = Patience::new(&app.limits);
    let mut pings = interval(app.limits.ping_interval());
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let step = tokio::select! {
            entry = queue.next() => write(socket, entry, queue).await,
            message = socket.recv() => match read(message, &rate, app) {
                Ok(said) => {
                    patience.renew(said.is_some());
                    if let Some(said) = said {
                        app.hub.handle(id, said, &app.metrics);
                    }
                    Ok(())
                }
                Err(end) => Err(end),
            },
            () = sleep_until(patience.deadline) => Err(patience.refusal().into()),
            _ = pings.tick() => socket.send(Message::Ping(Default::default())).await.map_err(|_| End::Broken),
        };
        if let Err(end) = step {
            return end;
        }
    }
}

/// How long the server waits for a sign of life: for the first message strictly, afterwards for anything.
struct Patience {
    deadline: Instant,
    joined: bool,
    first_ms: u64,
    idle_ms: u64,
}

impl Patience {
    fn new(limits: &Limits) -> Self {
        let deadline = Instant::now() + limits.first_message_deadline();
        Self { deadline, joined: false, first_ms: limits.first_message_deadline_ms, idle_ms: limits.idle_timeout_ms }
    }

    fn renew(&mut self, message: bool) {
        self.joined |= message;
        if self.joined {
            self.deadline = Instant::now() + Duration::from_millis(self.idle_ms);
        }
    }

    fn refusal(&self) -> Refusal {
        if self.joined { Refusal::Idle(self.idle_ms) } else { Refusal::Silent(self.first_ms) }
    }
}

/// Takes in what came: a message of ours, or nothing but a sign of life, or the end.
fn read(message: Option<Result<Message, axum::Error>>, rate: &Rate, app: &App) -> Result<Option<ClientMessage>, End> {
    let message = match message {
        None => return Err(End::Broken),
        Some(Err(error)) => return Err(broken(error, &app.limits)),
        Some(Ok(message)) => message,
    };
    let bytes = match &message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => return Err(End::Theirs),
    };
    rate.count(bytes)?;
    match message {
        Message::Text(text) => match serde_json::from_str(&text) {
            Ok(message) => Ok(Some(message)),
            Err(error) => Err(Refusal::not_a_message(&error.to_string()).into()),
        },
        Message::Binary(_) => Err(Refusal::Binary.into()),
        _ => Ok(None),
    }
}

/// Tells what the client did wrong from what merely went wrong.
fn broken(error: axum::Error, limits: &Limits) -> End {
    match error.into_inner().downcast_ref::<FrameError>() {
        Some(FrameError::Capacity(_)) => Refusal::TooLarge(limits.message_bytes_max).into(),
        Some(FrameError::Utf8(_)) => Refusal::not_a_message("it is not UTF-8").into(),
        Some(FrameError::Protocol(error)) if !is_mere_loss(error) => Refusal::Framing.into(),
        _ => End::Broken,
    }
}

/// A connection that was cut without a close frame.
fn is_mere_loss(error: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    matches!(error, tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)
}

/// Writes an entry and all that wait behind it, in one go.
async fn write(socket: &mut WebSocket, first: Option<Entry>, queue: &mut Queue) -> Result<(), End> {
    // Nobody but the hub drops the other end, and only when the queue overflows.
    let mut next = Some(first.ok_or(Refusal::TooSlow)?);
    while let Some(entry) = next {
        match entry {
            Entry::Message(message, _share) => {
                socket.feed(text(&message)).await.map_err(|_| End::Broken)?;
            }
            Entry::End(ending) => return Err(End::Ours(ending)),
        }
        next = queue.try_next();
    }
    socket.flush().await.map_err(|_| End::Broken)
}

/// Says why, closes, and gives the client time to take notice.
async fn say_goodbye(socket: &mut WebSocket, end: End) {
    let (message, code) = match end {
        End::Broken => return,
        End::Theirs => {
            // The answer to their close frame is waiting in there already.
            let _ = socket.flush().await;
            while let Some(Some(Ok(_))) = socket.recv().now_or_never() {}
            return;
        }
        End::Ours(Ending::Released) => (ServerMessage::Release, 1000),
        End::Ours(Ending::Refused(refusal)) => (refusal.to_message(), refusal.close_code()),
    };
    if socket.feed(text(&message)).await.is_ok() {
        let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason(&message).into() }))).await;
    }
}

/// The reason in the close frame: the code, which is short enough for it (RFC 6455, section 5.5).
fn reason(message: &ServerMessage) -> &'static str {
    match message {
        ServerMessage::Error { code, .. } => code.as_str(),
        _ => "release",
    }
}

fn text(message: &ServerMessage) -> Message {
    // These messages always serialise: strings, numbers and lists.
    Message::Text(serde_json::to_string(message).unwrap_or_default().into())
}
