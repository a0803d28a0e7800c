//! Which pages may use the server: the allow-list of origins.
use std::{fmt, str::FromStr};

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// An entry of the allow-list: an origin such as `https://example.org`, `null`, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Every page.
    Any,
    /// Pages of this origin, in lower case.
    Exactly(String),
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            "null" => Ok(Self::Exactly(text.into())),
            _ => {
                let parsed = Parsed::new(text).ok_or("an origin is http(s)://host[:port], without a path, or *")?;
                Ok(Self::Exactly(parsed.to_string()))
            }
        }
    }
}

/// Decides about the `Origin` header of a request.
///
/// The header protects people from pages that they visit: a browser always sends it, and a page cannot change it.
/// A client that is no browser can write what it likes there, so a request without the header is allowed: to refuse
/// it would only keep out the honest.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    allowed: Vec<Origin>,
}

impl Origins {
    /// `public_url`'s origin is allowed besides those listed.
    pub(crate) fn new(mut allowed: Vec<Origin>, public_url: Option<Origin>) -> Self {
        allowed.extend(public_url);
        Self { allowed }
    }

    /// Whether a request with these headers may be served.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::ORIGIN).iter().all(|origin| self.allow_origin(origin, headers))
    }

    /// Whether pages of `origin` may use the server, which was addressed as `headers` say.
    pub(crate) fn allow_origin(&self, origin: &HeaderValue, headers: &HeaderMap) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        if self.lists(origin) {
            return true;
        }
        let Some(origin) = Parsed::new(origin) else { return false };
        origin.is_local() || self.lists(&origin.to_string()) || origin.is_host(headers.get(header::HOST))
    }

    fn lists(&self, origin: &str) -> bool {
        self.allowed.iter().any(|allowed| match allowed {
            Origin::Any => true,
            Origin::Exactly(allowed) => allowed == origin,
        })
    }
}

/// An origin in its parts, in lower case, without the port that its scheme implies (RFC 6454, section 6.2).
struct Parsed {
    scheme: &'static str,
    host: String,
    port: Option<u16>,
}

impl Parsed {
    fn new(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = match uri.scheme_str()? {
            "http" => "http",
            "https" => "https",
            _ => return None,
        };
        let authority = uri.authority()?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        let port = authority.port_u16().filter(|&port| port != default_port(scheme));
        bare.then(|| Self { scheme, host: authority.host().to_ascii_lowercase(), port })
    }

    /// A developer's own machine: whatever port his tools took.
    fn is_local(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Whether the request was addressed to the very host and port that served the page.
    fn is_host(&self, host: Option<&HeaderValue>) -> bool {
        let Some(host) = host.and_then(|host| host.to_str().ok()) else { return false };
        Self::new(&format!("{}://{host}", self.scheme))
            .is_some_and(|host| host.host == self.host && host.port == self.port)
    }
}

impl fmt::Display for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a page of `origin` may use a server that allows `allowed` and was addressed as `host`.
    fn check(allowed: &[&str], host: &str, origin: &str) -> bool {
        let origins = Origins::new(allowed.iter().map(|origin| origin.parse().unwrap()).collect(), None);
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        origins.allow(&headers)
    }

    #[test]
    fn the_servers_own_pages_are_allowed() {
        assert!(check(&[], "chat.example:8787", "http://chat.example:8787"));
        assert!(check(&[], "chat.example", "https://chat.example"));
        assert!(check(&[], "chat.example:443", "https://chat.example"));
        assert!(check(&[], "Chat.Example", "https://chat.example"));
    }

    #[test]
    fn another_host_or_port_is_another_origin() {
        assert!(!check(&[], "chat.example", "https://evil.example"));
        assert!(!check(&[], "chat.example", "https://chat.example:444"));
        assert!(!check(&[], "chat.example", "https://chat.example.evil.example"));
        assert!(!check(&[], "chat.example", "https://evil.example/chat.example"));
        assert!(!check(&[], "chat.example", "https://chat.example@evil.example"));
        assert!(!check(&[], "chat.example", "ftp://chat.example"));
        assert!(!check(&[], "chat.example", "null"));
        assert!(!check(&[], "chat.example", ""));
    }

    #[test]
    fn the_own_machine_is_allowed_on_any_port() {
        for origin in ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:4443"] {
            assert!(check(&[], "chat.example", origin), "{origin}");
        }
        assert!(!check(&[], "chat.example", "http://localhost.evil.example"));
        assert!(!check(&[], "chat.example", "http://127.0.0.1.evil.example"));
    }

    #[test]
    fn listed_origins_are_allowed() {
        assert!(check(&["https://app.example"], "chat.example", "https://app.example"));
        assert!(check(&["https://APP.example:443/"], "chat.example", "https://app.example"));
        assert!(!check(&["https://app.example"], "chat.example", "http://app.example"));
        assert!(check(&["*"], "chat.example", "https://evil.example"));
        assert!(check(&["*"], "chat.example", "null"));
        assert!(check(&["null"], "chat.example", "null"));
    }

    #[test]
    fn a_request_without_an_origin_is_no_page() {
        assert!(Origins::new(vec![], None).allow(&HeaderMap::new()));
    }

    #[test]
    fn every_one_of_several_origins_must_be_allowed() {
        let mut headers = HeaderMap::new();
        headers.append(header::ORIGIN, "http://localhost".parse().unwrap());
        headers.append(header::ORIGIN, "https://evil.example".parse().unwrap());
        assert!(!Origins::new(vec![], None).allow(&headers));
    }

    #[test]
    fn an_entry_that_is_no_origin_is_refused() {
        for text in ["example.org", "https://example.org/path", "ws://example.org", "", "https://a@b"] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
