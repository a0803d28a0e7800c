//! Introduces newcomers, then steps out: see the library's documentation, and `docs/SIGNALING.md`.
use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use chinwag_signaling::{Options, Server};
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// File descriptors beside those of connections: the listener, standard streams, pages that are being read.
const OTHER_FILES: u64 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(filter)
        .init();
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> io::Result<()> {
    allow_files(options.limits.connections_max);
    let server = Server::bind(options).await?;
    // Before the line is printed: who reads it may end us at once.
    let asked_to_end = asked_to_end()?;
    announce(&format!("listening on http://{}", server.local_addr()?));
    server
        .run(async {
            asked_to_end.await;
            tracing::info!("shutting down");
        })
        .await;
    Ok(())
}

/// Prints the one line that programs wait for. Whether anybody reads it does not matter to the server.
fn announce(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// A connection is a file, and the usual limit of 1,024 is for programs of another kind.
fn allow_files(connections_max: usize) {
    let wanted = u64::try_from(connections_max).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed < wanted => {
            tracing::warn!(allowed, wanted, "the system allows fewer open files than there may be connections");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "cannot raise the limit of open files"),
    }
}

/// Resolves when the operator or the system asks the process to end.
#[cfg(unix)]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves when the operator asks the process to end.
#[cfg(not(unix))]
fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
