//! A TCP stream that is lent to HTTP, and perhaps by HTTP to a WebSocket, and that comes back when they drop it.
//!
//! Whoever closes a socket with unread bytes in it resets the connection, and the reset may destroy the reason that the
//! client was just told. So the stream comes back to its owner, who closes it gently ([`linger`]).
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};
use tokio_io_timeout::TimeoutStream;

/// Bytes that are read from a client which is turned away and goes on sending: enough for all that was on the way.
const LINGER_BYTES_MAX: u64 = 16 << 20;

type Stream = Pin<Box<TimeoutStream<TcpStream>>>;

/// The stream while it is lent.
pub(crate) struct Lent {
    stream: Option<Stream>,
    owner: Option<oneshot::Sender<Stream>>,
}

/// The claim to the stream.
pub(crate) struct Claim(oneshot::Receiver<Stream>);

/// Lends a stream. To write to it fails when the other side takes nothing for `write_stall`.
pub(crate) fn lend(stream: TcpStream, write_stall: Duration) -> (Lent, Claim) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write_stall));
    let (owner, claim) = oneshot::channel();
    (Lent { stream: Some(Box::pin(stream)), owner: Some(owner) }, Claim(claim))
}

impl Claim {
    /// Waits until nobody uses the stream any more.
    pub(crate) async fn returned(self) -> Option<Stream> {
        self.0.await.ok()
    }
}

/// Sends `last_words`, ends our side, and reads what the client still sends, for `patience` at most.
pub(crate) async fn linger(mut stream: Stream, last_words: Option<&[u8]>, patience: Duration) {
    let _ = timeout(patience, async {
        if let Some(last_words) = last_words {
            stream.write_all(last_words).await?;
        }
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES_MAX), &mut tokio::io::sink()).await
    })
    .await;
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(owner), Some(stream)) = (self.owner.take(), self.stream.take()) {
            // If nobody claims it any more, it closes here.
            let _ = owner.send(stream);
        }
    }
}

impl Lent {
    fn stream(&mut self) -> io::Result<Pin<&mut TimeoutStream<TcpStream>>> {
        self.stream.as_mut().map(Pin::as_mut).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Lent {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lent {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Both ends of a connection: ours, lent, and theirs.
    async fn pair(write_stall: Duration) -> (Lent, Claim, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (lent, claim) = lend(listener.accept().await.unwrap().0, write_stall);
        (lent, claim, theirs)
    }

    #[tokio::test]
    async fn a_dropped_stream_comes_back_open() {
        let (lent, claim, mut theirs) = pair(PATIENCE).await;
        drop(lent);
        let mut ours = claim.returned().await.unwrap();
        ours.write_all(b"x").await.unwrap();
        assert_eq!(theirs.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn last_words_arrive_although_the_client_has_sent_what_nobody_read() {
        let (lent, claim, mut theirs) = pair(PATIENCE).await;
        drop(lent);
        let flood = vec![0; 4 << 20];
        let (heard, ()) = tokio::join!(
            async {
                theirs.write_all(&flood).await.unwrap();
                let mut heard = String::new();
                theirs.read_to_string(&mut heard).await.unwrap();
                drop(theirs);
                heard
            },
            async { linger(claim.returned().await.unwrap(), Some(b"farewell"), PATIENCE).await }
        );
        assert_eq!(heard, "farewell");
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_given_up() {
        let (mut lent, _claim, _theirs) = pair(Duration::from_millis(50)).await;
        let block = vec![0; 1 << 20];
        let error = loop {
            if let Err(error) = lent.write_all(&block).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_that_never_closes_is_not_waited_for() {
        let (lent, claim, _theirs) = pair(PATIENCE).await;
        drop(lent);
        linger(claim.returned().await.unwrap(), None, Duration::from_millis(20)).await;
    }
}
