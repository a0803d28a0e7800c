//! A server inside the test, clients that wait for what they expect, and nothing that sleeps.
#![allow(dead_code, reason = "every test file uses another part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::{future::Future, net::SocketAddr, time::Duration};

use chinwag_signaling::{Limits, Options, Server};
use chinwag_signaling_messages::{ClientMessage, ErrorCode, ServerMessage, VERSION};
use futures_util::{SinkExt, Stream, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::Response, protocol::frame::CloseFrame},
};

/// Nothing here takes as long; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The defaults, but patient with clients of a busy machine that have yet to read why they are turned away.
pub(crate) const LIMITS: Limits = Limits { linger_ms: 15_000, ..Limits::DEFAULT };

/// Waits for something, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// A member's id from a small number.
pub(crate) fn id(member: u64) -> String {
    format!("{member:032x}")
}

/// A running server.
pub(crate) struct Harness {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Harness {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::with(Options { limits, ..Options::embedded() }).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let server = Server::bind(options).await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { address, stop, running }
    }

    /// Asks the server to end; the handle is done when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.running
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Opens a socket, and says nothing.
    pub(crate) async fn connect(&self) -> Client {
        self.try_connect(&[]).await.unwrap()
    }

    /// Opens a socket with headers of its own; a refusal is the answer's status and body.
    pub(crate) async fn try_connect(
        &self,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, Response<Option<Vec<u8>>>> {
        let mut request = format!("ws://{}/signal", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match within("the handshake", client_async(request, self.tcp().await)).await {
            Ok((socket, _)) => Ok(Client { socket }),
            Err(Error::Http(response)) => Err(*response),
            Err(error) => panic!("neither accepted nor refused: {error}"),
        }
    }

    /// Opens a socket and joins; the answer is whom the welcome names.
    pub(crate) async fn join(&self, room: &str, member: u64) -> (Client, Vec<String>) {
        let mut client = self.connect().await;
        client.say(&join(room, member)).await;
        match client.hear().await {
            Heard::Message(ServerMessage::Welcome { version: VERSION, members, .. }) => (client, members),
            other => panic!("no welcome but {other:?}"),
        }
    }

    /// Sends a request as it stands, and reads until the server closes.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = self.tcp().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }

    pub(crate) async fn get(&self, path: &str, headers: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n", self.address)).await
    }

    /// Asks `/health` until it has so many members.
    pub(crate) async fn until_members(&self, members: usize) {
        within("members to come or go", async {
            while !self.get("/health", "").await.contains(&format!("\"members\":{members},")) {}
        })
        .await;
    }
}

/// All that still comes from a stream, until the server ends it.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    within("the server to close", stream.read_to_string(&mut text)).await.unwrap();
    text
}

pub(crate) fn join(room: &str, member: u64) -> ClientMessage {
    ClientMessage::Join { version: VERSION, room: room.into(), id: id(member) }
}

pub(crate) fn signal(to: u64, data: impl Into<String>) -> ClientMessage {
    ClientMessage::Signal { to: id(to), data: data.into() }
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Message(ServerMessage),
    /// The close frame: its code and reason.
    Close(u16, String),
    /// The connection, without a close frame.
    Gone,
}

/// What comes next on a socket.
async fn hear(stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin)) -> Heard {
    within("a message", async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Text(text))) => return Heard::Message(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => {
                    return Heard::Close(code.into(), reason.to_string());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                None | Some(_) => return Heard::Gone,
            }
        }
    })
    .await
}

async fn expect_refusal(
    stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    expected: ErrorCode,
    close_code: u16,
) {
    match hear(stream).await {
        Heard::Message(ServerMessage::Error { code, message }) => {
            assert_eq!(code, expected, "{message}");
            assert!(message.ends_with('.') && message.contains(' '), "no sentence: {message}");
        }
        other => panic!("no refusal but {other:?}"),
    }
    assert_eq!(hear(stream).await, Heard::Close(close_code, expected.as_str().into()));
    assert_eq!(hear(stream).await, Heard::Gone);
}

/// One WebSocket.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        self.try_say(message).await.unwrap();
    }

    /// Where the server may have closed already.
    pub(crate) async fn try_say(&mut self, message: &ClientMessage) -> Result<(), Error> {
        self.send(Message::text(serde_json::to_string(message).unwrap())).await
    }

    pub(crate) async fn send(&mut self, message: Message) -> Result<(), Error> {
        within("a message to be sent", self.socket.send(message)).await
    }

    pub(crate) async fn hear(&mut self) -> Heard {
        hear(&mut self.socket).await
    }

    pub(crate) async fn hear_message(&mut self) -> ServerMessage {
        match self.hear().await {
            Heard::Message(message) => message,
            other => panic!("no message but {other:?}"),
        }
    }

    /// Expects to be turned away: an error with its reason, and the close code that belongs to it.
    pub(crate) async fn expect_refusal(&mut self, expected: ErrorCode, close_code: u16) {
        expect_refusal(&mut self.socket, expected, close_code).await;
    }

    /// Sends without end, or all there is, while it waits to be turned away.
    pub(crate) async fn send_and_expect(
        self,
        messages: impl Iterator<Item = Message>,
        code: ErrorCode,
        close_code: u16,
    ) {
        let (mut sink, mut stream) = self.socket.split();
        let send = async {
            for message in messages {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = send => {}
            () = expect_refusal(&mut stream, code, close_code) => {}
        }
    }

    /// Expects to be let go.
    pub(crate) async fn expect_release(&mut self) {
        assert_eq!(self.hear_message().await, ServerMessage::Release);
        assert_eq!(self.hear().await, Heard::Close(1000, "release".into()));
    }
}

/// Asks for something on a connection, reads the whole answer, and leaves the connection open.
pub(crate) async fn keep_alive(stream: &mut TcpStream, host: SocketAddr) {
    stream.write_all(format!("GET /ice HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"{\"ice\":[]}") {
        answer.push(within("an answer", stream.read_u8()).await.unwrap());
    }
}
