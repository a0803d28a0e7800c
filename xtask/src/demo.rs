//! The demos, served with the signaling server on this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::house::House;
use crate::interrupt::{self, Interrupted};
use crate::job;
use crate::running::Running;
use crate::setup::{self, Scope};

const START_MAX: Duration = Duration::from_secs(10);
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Sets up, builds, serves, and returns when the user stops it.
pub(crate) fn run(house: &House, port: u16) -> Result<()> {
    let address = free_address(port)?;
    setup::run(house, Scope::Build, false)?;
    build::all(house)?;
    let mut server = Running::start(server(house, address)?)?;
    wait_for_health(address, &mut server).with_context(|| format!("its log: {}", log(house).display()))?;
    println!("\n    Chinwag is running:  http://{address}\n");
    println!("    Open it in two or more tabs. Ctrl-C stops it.\n");
    match server.wait(|| ()) {
        Ok(status) => bail!("the signaling server ended ({status}); its log: {}", log(house).display()),
        Err(error) if error.is::<Interrupted>() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The address with this port, if nobody has it; with port 0 any that is free.
fn free_address(port: u16) -> Result<SocketAddr> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    match TcpListener::bind(address) {
        Ok(listener) => Ok(listener.local_addr()?),
        Err(error) => {
            let whose = if is_healthy(address) {
                format!(
                    "A signaling server, perhaps of another `cargo xtask demo`, is running on http://{address} already."
                )
            } else {
                format!("Port {port} is taken by another program ({error}); `lsof -i :{port}` may tell by which.")
            };
            bail!(
                "{whose}\nAnother port will do as well: cargo xtask demo --port {}",
                port.checked_add(1).unwrap_or(8787)
            )
        }
    }
}

fn server(house: &House, address: SocketAddr) -> Result<Command> {
    let mut command = house.command(&house.binary("release", build::SERVER).to_string_lossy());
    command.args(["--listen", &address.to_string(), "--static"]).arg(house.path(build::DEMOS));
    job::logged(command, &log(house))
}

fn log(house: &House) -> PathBuf {
    house.record("log/demo-server.log")
}

/// Returns once the server says that it is well.
fn wait_for_health(address: SocketAddr, server: &mut Running) -> Result<()> {
    let began = Instant::now();
    while !is_healthy(address) {
        if let Some(status) = server.ended()? {
            bail!("the signaling server ended at once ({status})");
        }
        if interrupt::asked() {
            bail!(Interrupted);
        }
        if began.elapsed() > START_MAX {
            bail!("the signaling server has not answered on http://{address}/health");
        }
        thread::sleep(Duration::from_millis(25));
    }
    Ok(())
}

/// Whether `GET /health` is answered with success.
fn is_healthy(address: SocketAddr) -> bool {
    let answer = || -> std::io::Result<[u8; 12]> {
        let mut socket = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        write!(socket, "GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        socket.read_exact(&mut status)?;
        Ok(status)
    };
    answer().is_ok_and(|status| status == *b"HTTP/1.1 200")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    /// An address where every connection gets this answer to its request, until the listener is dropped.
    fn answering(answer: &'static str) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                let head = BufReader::new(&socket).lines().map_while(Result::ok);
                head.take_while(|line| !line.is_empty()).for_each(drop);
                socket.write_all(answer.as_bytes()).ok();
            }
        });
        Ok(address)
    }

    #[test]
    fn only_an_answer_of_success_is_health() -> Result<()> {
        assert!(is_healthy(answering("HTTP/1.1 200 OK\r\n\r\n")?));
        assert!(!is_healthy(answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")?));
        assert!(!is_healthy(answering("220")?));
        Ok(())
    }

    #[test]
    fn nobody_there_is_no_health() -> Result<()> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        assert!(!is_healthy(address));
        Ok(())
    }

    #[test]
    fn a_taken_port_is_explained_with_a_way_out() -> Result<()> {
        let taken = answering("nonsense of another kind")?;
        let error = free_address(taken.port()).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("another program") && text.contains("--port")));
        let ours = answering("HTTP/1.1 200 OK\r\n\r\n")?;
        let error = free_address(ours.port()).map_err(|error| error.to_string());
        assert!(error.is_err_and(|text| text.contains("signaling server") && text.contains("--port")));
        Ok(())
    }

    #[test]
    fn port_0_is_any_free_one() -> Result<()> {
        assert_ne!(free_address(0)?.port(), 0);
        Ok(())
    }
}
