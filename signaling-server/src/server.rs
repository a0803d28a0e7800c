//! The server as a whole: accepts connections within the caps, and ends them all when it is told to.
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use chinwag_signaling_messages::IceServer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    address::{Address, Addresses, Place},
    connection, http,
    hub::Hub,
    limits::Limits,
    metrics::Metrics,
    options::Options,
    origin::Origins,
    refusal::Refusal,
};

/// Connections over the caps that are told so at the same time. Further ones are closed without a word.
const TURNED_AWAY_MAX: usize = 64;

/// How long to wait when the system has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A signaling server that is bound to its port.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    router: Router,
}

/// What all parts of the server share.
pub(crate) struct App {
    pub(crate) hub: Hub,
    pub(crate) limits: Limits,
    pub(crate) origins: Origins,
    pub(crate) ice: Vec<IceServer>,
    pub(crate) metrics: Metrics,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) trust_forwarded: bool,
    /// Cancelled when the server is to end.
    pub(crate) shutdown: CancellationToken,
    pub(crate) started: Instant,
    places: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
}

/// The right to hold a connection, given back when it is dropped.
pub(crate) struct Admission {
    _place: OwnedSemaphorePermit,
    _of_address: Option<Place>,
}

impl Server {
    /// Binds the port. Fails when it is taken, or when there is no folder of pages where one is named.
    pub async fn bind(options: Options) -> io::Result<Self> {
        if let Some(dir) = &options.static_dir {
            check_dir(dir)?;
        }
        let listener = TcpListener::bind(&options.listen)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {}: {error}", options.listen)))?;
        let app = Arc::new(App::new(&options));
        let router = http::router(&app, options.static_dir.as_deref());
        Ok(Self { listener, app, router })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `until` is done, then tells everybody, and returns when they are gone or the grace is over.
    pub async fn run(self, until: impl Future<Output = ()>) {
        tokio::pin!(until);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut until => break,
                Some(_) = connections.join_next() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.accept(stream, peer.ip(), &mut connections),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept connections");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        self.app.shutdown.cancel();
        let all_gone = async { while connections.join_next().await.is_some() {} };
        if timeout(self.app.limits.shutdown_grace(), all_gone).await.is_err() {
            tracing::info!(connections = connections.len(), "some connections did not end in time, and are cut");
        }
    }

    fn accept(&self, stream: TcpStream, peer: IpAddr, connections: &mut JoinSet<()>) {
        // Signals are small and wait for each other: to save packets would cost round trips.
        let _ = stream.set_nodelay(true);
        let address = Address::from(peer);
        let app = Arc::clone(&self.app);
        let router = self.router.clone();
        match self.app.admit(address) {
            Ok(admission) => drop(connections.spawn(async move {
                connection::serve(stream, &app, router).await;
                drop(admission);
            })),
            Err(refusal) => {
                self.app.metrics.refuse(&refusal);
                tracing::debug!(%peer, code = refusal.code().as_str(), "turned a connection away");
                if let Ok(permit) = Arc::clone(&self.app.turned_away).try_acquire_owned() {
                    connections.spawn(async move {
                        connection::turn_away(stream, &app, refusal).await;
                        drop(permit);
                    });
                }
            }
        }
    }
}

impl App {
    fn new(options: &Options) -> Self {
        let limits = options.limits;
        let ice = options.ice_servers();
        Self {
            hub: Hub::new(&limits, ice.clone(), rand::random()),
            origins: Origins::new(options.allowed_origins.clone(), options.public_url.clone()),
            ice,
            metrics: Metrics::new(),
            addresses: Addresses::new(limits.connections_per_address_max),
            trust_forwarded: options.trust_forwarded,
            shutdown: CancellationToken::new(),
            started: Instant::now(),
            places: Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS))),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)),
            limits,
        }
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        self.limits.connections_max.saturating_sub(self.places.available_permits())
    }

    /// Behind a proxy all connections come from its address, and are counted by the forwarded one later.
    fn admit(&self, address: Address) -> Result<Admission, Refusal> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refusal::ServerFull)?;
        let of_address = match self.trust_forwarded {
            true => None,
            false => Some(self.addresses.enter(address).ok_or(Refusal::AddressFull)?),
        };
        Ok(Admission { _place: place, _of_address: of_address })
    }
}

fn check_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let what = format!("there is no folder {} to serve: build the pages first, or leave --static away", dir.display());
    Err(io::Error::new(io::ErrorKind::NotFound, what))
}
