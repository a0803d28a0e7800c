//! The command line and the environment.
use std::{path::PathBuf, str::FromStr};

use chinwag_signaling_messages::IceServer;
use clap::Parser;

use crate::{limits::Limits, origin::Origin};

/// Introduces the newcomers of a Chinwag room to its members, and serves pages.
///
/// Every option is also a variable of the environment; the command line wins.
#[derive(Clone, Debug, Parser)]
#[command(name = "chinwag-signaling", version, about, long_about = None, next_line_help = true)]
pub struct Options {
    /// Address and port to listen on; port 0 lets the system choose.
    #[arg(long, env = "CHINWAG_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8787")]
    pub listen: String,
    /// Folder of pages to serve beside the socket.
    #[arg(long = "static", env = "CHINWAG_STATIC", value_name = "DIR")]
    pub static_dir: Option<PathBuf>,
    /// The URL under which people reach this server through a proxy. Its origin is allowed.
    #[arg(long, env = "CHINWAG_PUBLIC_URL", value_name = "URL", value_parser = origin_of)]
    pub public_url: Option<Origin>,
    /// Origin whose pages may use this server, besides its own and those of localhost; repeated, or * for any.
    #[arg(long = "allow-origin", env = "CHINWAG_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub allowed_origins: Vec<Origin>,
    /// ICE server to offer to members: a URL, or one or a list of RTCIceServer in JSON; repeated. Everybody can read it.
    #[arg(long = "ice", env = "CHINWAG_ICE", value_name = "URL|JSON")]
    pub ice: Vec<IceServers>,
    /// Count connections by the last address in X-Forwarded-For. Only behind a proxy that sets it.
    #[arg(long, env = "CHINWAG_TRUST_FORWARDED")]
    pub trust_forwarded: bool,
    /// How much a client may take.
    #[command(flatten)]
    pub limits: Limits,
}

impl Options {
    /// The defaults, but on a port of the system's choice: for a server inside another program.
    pub fn embedded() -> Self {
        Self {
            listen: "127.0.0.1:0".into(),
            static_dir: None,
            public_url: None,
            allowed_origins: Vec::new(),
            ice: Vec::new(),
            trust_forwarded: false,
            limits: Limits::DEFAULT,
        }
    }

    pub(crate) fn ice_servers(&self) -> Vec<IceServer> {
        self.ice.iter().flat_map(|ice| ice.0.iter().cloned()).collect()
    }
}

/// What one `--ice` names: URLs, or entries of `RTCConfiguration.iceServers` in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServers(pub Vec<IceServer>);

impl FromStr for IceServers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let servers = match text.as_bytes().first() {
            Some(b'[') => serde_json::from_str(text).map_err(|error| error.to_string())?,
            Some(b'{') => vec![serde_json::from_str(text).map_err(|error| error.to_string())?],
            _ => text.split_whitespace().map(bare).collect(),
        };
        let urls = || servers.iter().flat_map(|server: &IceServer| &server.urls);
        if servers.iter().any(|server| server.urls.is_empty()) || urls().next().is_none() {
            return Err("an ICE server needs a URL".into());
        }
        match urls().find(|url| !is_ice_url(url)) {
            Some(url) => Err(format!("{url} is not a stun:, stuns:, turn: or turns: URL")),
            None => Ok(Self(servers)),
        }
    }
}

fn bare(url: &str) -> IceServer {
    IceServer { urls: vec![url.into()], username: None, credential: None }
}

fn is_ice_url(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, rest)| {
        matches!(scheme, "stun" | "stuns" | "turn" | "turns") && !rest.is_empty() && !rest.starts_with('/')
    })
}

/// The origin of a URL that may have a path.
fn origin_of(url: &str) -> Result<Origin, String> {
    let (scheme, rest) = url.split_once("://").ok_or("a URL such as https://chat.example.org is needed")?;
    let host = rest.split('/').next().unwrap_or_default();
    match format!("{scheme}://{host}").parse()? {
        Origin::Any => Err("a URL is needed".into()),
        origin => Ok(origin),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["chinwag-signaling"], arguments].concat())
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Options::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let options = parse(&[]).unwrap();
        assert_eq!(options.listen, "127.0.0.1:8787");
        assert_eq!(options.limits, Limits::DEFAULT);
        assert!(!options.trust_forwarded && options.static_dir.is_none() && options.ice_servers().is_empty());
    }

    #[test]
    fn every_option_has_a_variable_named_after_it() {
        for argument in Options::command().get_arguments().filter(|argument| !argument.is_global_set()) {
            let Some(long) = argument.get_long().filter(|long| !matches!(*long, "help" | "version")) else { continue };
            let variable = format!("CHINWAG_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(argument.get_env().and_then(|env| env.to_str()), Some(variable.as_str()));
        }
    }

    #[test]
    fn origins_are_repeated_or_separated_by_commas() {
        let options = parse(&["--allow-origin", "https://a.example,https://b.example", "--allow-origin", "*"]).unwrap();
        let exactly = |origin: &str| Origin::Exactly(origin.into());
        assert_eq!(options.allowed_origins, [exactly("https://a.example"), exactly("https://b.example"), Origin::Any]);
        assert!(parse(&["--allow-origin", "a.example"]).is_err());
    }

    #[test]
    fn a_public_url_stands_for_its_origin() {
        let options = parse(&["--public-url", "https://Chat.example/rooms/"]).unwrap();
        assert_eq!(options.public_url, Some(Origin::Exactly("https://chat.example".into())));
        for wrong in ["chat.example", "*", "ftp://chat.example", "https://"] {
            assert!(parse(&["--public-url", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ice_servers_are_urls_or_json() {
        let turn = r#"{"urls":["turn:turn.example:3478"],"username":"u","credential":"c"}"#;
        let options =
            parse(&["--ice", "stun:a.example stun:b.example", "--ice", turn, "--ice", &format!("[{turn}]")]).unwrap();
        let servers = options.ice_servers();
        assert_eq!(servers.len(), 4);
        assert_eq!(servers[1], bare("stun:b.example"));
        assert_eq!(servers[2].username.as_deref(), Some("u"));
        assert_eq!(servers[2], servers[3]);
    }

    #[test]
    fn what_is_no_ice_server_is_refused() {
        for wrong in
            ["", "https://a.example", "stun:", "stun://a.example", "[]", r#"{"urls":[]}"#, "{", r#"{"urls":["x"]}"#]
        {
            assert!(parse(&["--ice", wrong]).is_err(), "{wrong}");
        }
    }
}
