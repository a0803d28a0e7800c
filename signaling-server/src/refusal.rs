//! Why somebody is turned away: one value for each reason, and what it is called on the socket and over HTTP.
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chinwag_signaling_messages::{ErrorCode, ID_BYTES, ROOM_BYTES_MAX, ServerMessage, VERSION};

/// Characters of the parser's opinion that a client is told.
const PARSER_CHARS_MAX: usize = 160;

/// A reason to turn a client away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A binary frame.
    Binary,
    /// The WebSocket framing itself is broken.
    Framing,
    /// Text that is no message of ours; what the parser says of it.
    NotAMessage(String),
    /// A room's name that is empty or too long.
    BadRoom,
    /// A member's id that is none.
    BadId,
    /// A join that speaks another version.
    Version(u32),
    /// Something else than a join came first.
    JoinFirst,
    /// A second join.
    JoinedAlready,
    /// A message over the limit, in bytes.
    TooLarge(usize),
    /// No first message within the deadline, in milliseconds.
    Silent(u64),
    /// Neither message nor pong for too long, in milliseconds.
    Idle(u64),
    /// No request head within the deadline, in milliseconds.
    Head(u64),
    /// Over the messages a second.
    TooManyMessages(u32),
    /// Over the bytes a second.
    TooManyBytes(u32),
    /// Others write faster than it reads.
    TooSlow,
    /// Connections in all.
    ServerFull,
    /// Connections of its address.
    AddressFull,
    /// Rooms.
    RoomsFull,
    /// Members of its room.
    RoomFull,
    /// Its id joined on a newer socket.
    Replaced,
    /// The server ends.
    GoingAway,
    /// The page that asks is not on the list.
    Origin,
    /// `/signal` without a WebSocket handshake.
    NotAWebSocket,
    /// No such path.
    NotFound,
}

impl Refusal {
    /// Text that is no message. What the parser says of it may quote the text, so it is cut.
    pub(crate) fn not_a_message(error: &str) -> Self {
        Self::NotAMessage(error.chars().take(PARSER_CHARS_MAX).collect())
    }

    /// The code in the `error` message.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Binary | Self::Framing | Self::NotAMessage(_) | Self::BadRoom | Self::BadId | Self::NotAWebSocket => {
                ErrorCode::BadMessage
            }
            Self::Version(_) => ErrorCode::Version,
            Self::JoinFirst | Self::JoinedAlready => ErrorCode::NotNow,
            Self::TooLarge(_) => ErrorCode::TooLarge,
            Self::Silent(_) | Self::Idle(_) | Self::Head(_) => ErrorCode::Timeout,
            Self::TooManyMessages(_) | Self::TooManyBytes(_) => ErrorCode::TooFast,
            Self::TooSlow => ErrorCode::TooSlow,
            Self::ServerFull | Self::AddressFull | Self::RoomsFull | Self::RoomFull => ErrorCode::Full,
            Self::Replaced => ErrorCode::Replaced,
            Self::GoingAway => ErrorCode::GoingAway,
            Self::Origin => ErrorCode::Origin,
            Self::NotFound => ErrorCode::NotFound,
        }
    }

    /// The close code of the WebSocket (RFC 6455, section 7.4.1, where it has a fitting one).
    pub(crate) fn close_code(&self) -> u16 {
        match self {
            Self::Binary => 1003,
            Self::NotAMessage(_) | Self::BadRoom | Self::BadId => 1007,
            Self::Framing | Self::JoinFirst | Self::JoinedAlready | Self::NotAWebSocket => 1002,
            Self::TooLarge(_) => 1009,
            Self::ServerFull | Self::AddressFull | Self::RoomsFull | Self::RoomFull => 1013,
            Self::GoingAway => 1001,
            Self::Origin | Self::NotFound => 1008,
            Self::Silent(_) | Self::Idle(_) | Self::Head(_) => 4408,
            Self::Replaced => 4409,
            Self::Version(_) => 4426,
            Self::TooManyMessages(_) | Self::TooManyBytes(_) => 4429,
            Self::TooSlow => 4430,
        }
    }

    /// The status where the refusal is an answer over HTTP.
    fn status(&self) -> StatusCode {
        match self.code() {
            ErrorCode::Timeout => StatusCode::REQUEST_TIMEOUT,
            ErrorCode::Origin => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::BadMessage => StatusCode::UPGRADE_REQUIRED,
            _ if *self == Self::AddressFull => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What happened, and what to do about it.
    fn text(&self) -> String {
        match self {
            Self::Binary => "That was a binary frame. Send messages as JSON in text frames.".into(),
            Self::Framing => "The WebSocket framing is broken. Use a WebSocket library that follows RFC 6455.".into(),
            Self::NotAMessage(error) => {
                format!("That is no message of this protocol: {error}. docs/SIGNALING.md lists all of them.")
            }
            Self::BadRoom => format!("A room's name has 1 to {ROOM_BYTES_MAX} bytes. Choose another."),
            Self::BadId => format!("A member's id is {ID_BYTES} lower-case hexadecimal digits. Send it in that form."),
            Self::Version(theirs) => {
                let who =
                    if *theirs < VERSION { "Reload the page, or update the package" } else { "Update the server" };
                format!("You speak version {theirs}, this server speaks version {VERSION}. {who}.")
            }
            Self::JoinFirst => "The first message on a socket must be a join. Send one.".into(),
            Self::JoinedAlready => "This socket has joined a room already. Open another one for another room.".into(),
            Self::TooLarge(bytes_max) => {
                format!("A message may have {bytes_max} bytes, relayed ones too. Send less, and data over the mesh.")
            }
            Self::Silent(ms) => format!("No join came within {ms} ms. Connect again, and send it at once."),
            Self::Idle(ms) => format!("Nothing came for {ms} ms, not even the answer to a ping. Connect again."),
            Self::Head(ms) => format!("No complete request head came within {ms} ms. Send it at once."),
            Self::TooManyMessages(rate) => {
                format!("More messages than {rate} a second come from you. Wait some seconds, and send fewer.")
            }
            Self::TooManyBytes(rate) => {
                format!("More than {rate} bytes a second come from you. Wait some seconds, and send less.")
            }
            Self::TooSlow => "You read slower than others write to you. Connect again when the line is better.".into(),
            Self::ServerFull => "The server holds as many connections as it can. Try again later.".into(),
            Self::AddressFull => {
                "Your address has as many connections as it may. Close some, or try again later.".into()
            }
            Self::RoomsFull => "The server holds as many rooms as it can. Join an existing one, or try later.".into(),
            Self::RoomFull => "Too many newcomers wait in this room. Try again in some seconds.".into(),
            Self::Replaced => {
                "You joined again on another socket, and that one counts. Do not reconnect this one.".into()
            }
            Self::GoingAway => {
                "The server is shutting down. Stay with your links, and try again in some seconds.".into()
            }
            Self::Origin => "Pages of this origin may not use this server. Its operator can allow them: \
                 --allow-origin, or CHINWAG_ALLOW_ORIGIN."
                .into(),
            Self::NotAWebSocket => "This is the signaling socket. Open it as a WebSocket.".into(),
            Self::NotFound => "Nothing is served under this path. docs/SIGNALING.md lists what there is.".into(),
        }
    }

    /// The `error` message.
    pub(crate) fn to_message(&self) -> ServerMessage {
        ServerMessage::Error { code: self.code(), message: self.text() }
    }

    /// The `error` message as JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&self.to_message()).unwrap_or_default()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(self.to_message())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::NotAWebSocket => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            }
            Self::AddressFull | Self::ServerFull => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../docs/SIGNALING.md");

    /// Every refusal, and whether it is told on a socket.
    fn all() -> Vec<(Refusal, bool)> {
        vec![
            (Refusal::Binary, true),
            (Refusal::Framing, true),
            (Refusal::not_a_message("expected value at line 1 column 1"), true),
            (Refusal::BadRoom, true),
            (Refusal::BadId, true),
            (Refusal::Version(0), true),
            (Refusal::Version(u32::MAX), true),
            (Refusal::JoinFirst, true),
            (Refusal::JoinedAlready, true),
            (Refusal::TooLarge(65_536), true),
            (Refusal::Silent(10_000), true),
            (Refusal::Idle(60_000), true),
            (Refusal::Head(10_000), false),
            (Refusal::TooManyMessages(50), true),
            (Refusal::TooManyBytes(131_072), true),
            (Refusal::TooSlow, true),
            (Refusal::ServerFull, false),
            (Refusal::AddressFull, false),
            (Refusal::RoomsFull, true),
            (Refusal::RoomFull, true),
            (Refusal::Replaced, true),
            (Refusal::GoingAway, true),
            (Refusal::Origin, false),
            (Refusal::NotAWebSocket, false),
            (Refusal::NotFound, false),
        ]
    }

    #[test]
    fn every_refusal_is_documented_with_its_close_code_or_status() {
        for (refusal, on_socket) in all() {
            let code = refusal.code().as_str();
            let row = match on_socket {
                true => format!("| `{code}` | {} |", refusal.close_code()),
                false => format!("| {} | `{code}` |", refusal.clone().into_response().status().as_u16()),
            };
            assert!(DOCUMENT.contains(&row), "{row} is not in docs/SIGNALING.md");
        }
    }

    #[test]
    fn every_refusal_says_in_two_sentences_what_happened_and_what_to_do() {
        for (refusal, _) in all() {
            let text = refusal.text();
            assert!(text.ends_with('.') && text.matches(". ").count() >= 1 && !text.contains("  "), "{text}");
        }
    }

    #[test]
    fn what_a_client_sent_is_not_sent_back_at_length() {
        let refusal = Refusal::not_a_message(&"é".repeat(100_000));
        assert!(refusal.to_json().len() < 1_000);
    }
}
