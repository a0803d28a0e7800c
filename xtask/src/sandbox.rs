//! Where tests with browsers run: a network of their own, with loopback and nothing else.
//!
//! Both browsers call home when they can, and Chromium prefers any other address of the machine to 127.0.0.1. So the
//! whole test, with server, driver and browsers, gets private network and process namespaces, without IPv6 (or Firefox
//! uses ::1 as well and counts every connection twice). When the test ends, whatever it has started ends with it. Where
//! that is not allowed, as on a developer's laptop, tests run without.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::Result;

use crate::house::House;
use crate::scratch::Scratch;

const UNSHARE: &[&str] = &["-n", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", PREPARE, "sh"];
const PREPARE: &str = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
                       && ip link set lo up && exec \"$@\"";

/// A private place to run commands in, and their temporary files, which go with it.
pub(crate) struct Sandbox<'a> {
    house: &'a House,
    scratch: Scratch,
}

impl<'a> Sandbox<'a> {
    /// Says so once when there is no isolation to be had.
    pub(crate) fn new(house: &'a House) -> Result<Self> {
        if !is_allowed(house) {
            static SAID: OnceLock<()> = OnceLock::new();
            SAID.get_or_init(|| println!("Network namespaces are not allowed here: browsers run without one."));
        }
        Ok(Self { house, scratch: Scratch::new()? })
    }

    /// The same command, inside. Nothing can be downloaded there, so nobody shall try.
    pub(crate) fn wrap(&self, command: Command) -> Command {
        let mut wrapped = if is_allowed(self.house) { inside(self.house, &command) } else { command };
        wrapped.env("TMPDIR", self.scratch.path()).env("CARGO_NET_OFFLINE", "true");
        wrapped.env("npm_config_offline", "true");
        wrapped
    }
}

/// `unshare … program arguments…`, with the directory and the environment of the original.
fn inside(house: &House, command: &Command) -> Command {
    let mut wrapped = house.command("unshare");
    wrapped.args(UNSHARE).arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        wrapped.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped
}

/// Whether the recipe works here: found out by trying it on a program that does nothing.
fn is_allowed(house: &House) -> bool {
    static ALLOWED: OnceLock<bool> = OnceLock::new();
    *ALLOWED.get_or_init(|| {
        let mut trial = inside(house, &house.command("true"));
        trial.stdout(Stdio::null()).stderr(Stdio::null());
        trial.status().is_ok_and(|status| status.success())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_command_keeps_arguments_directory_and_environment() -> Result<()> {
        let house = House::find()?;
        let mut command = house.command("sh");
        command.args(["-c", "echo \"$0 $FRUIT $(pwd)\"", "two words"]).env("FRUIT", "plum").current_dir("/");
        let output = Sandbox::new(&house)?.wrap(command).output()?;
        assert_eq!(String::from_utf8_lossy(&output.stdout), "two words plum /\n");
        Ok(())
    }

    #[test]
    fn failure_comes_out() -> Result<()> {
        let house = House::find()?;
        let mut command = house.command("sh");
        command.args(["-c", "exit 7"]);
        assert_eq!(Sandbox::new(&house)?.wrap(command).status()?.code(), Some(7));
        Ok(())
    }

    #[test]
    fn temporary_files_go_with_the_sandbox() -> Result<()> {
        let house = House::find()?;
        let sandbox = Sandbox::new(&house)?;
        let mut command = house.command("sh");
        command.args(["-c", "echo x > \"$TMPDIR/left\" && echo \"$TMPDIR\""]);
        let output = sandbox.wrap(command).output()?;
        let directory = String::from_utf8(output.stdout)?;
        assert!(std::path::Path::new(directory.trim()).join("left").exists());
        drop(sandbox);
        assert!(!std::path::Path::new(directory.trim()).exists());
        Ok(())
    }

    #[test]
    fn where_it_is_allowed_there_is_only_loopback() -> Result<()> {
        let house = House::find()?;
        if is_allowed(&house) {
            let mut command = house.command("ip");
            command.args(["-oneline", "address"]);
            let output = Sandbox::new(&house)?.wrap(command).output()?;
            let addresses = String::from_utf8(output.stdout)?;
            assert!(addresses.contains("127.0.0.1/8"), "{addresses}");
            assert_eq!(addresses.lines().count(), 1, "{addresses}");
        }
        Ok(())
    }
}
