//! Versions of tools, as they print them.

use std::fmt;

/// major.minor.patch; what follows it does not matter to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32, pub(crate) u32);

impl Version {
    /// The first version in a text such as "wasm-pack 0.15.1", "v20.19.0", or "Mozilla Firefox 153.2esr".
    pub(crate) fn find(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let word = word.trim_start_matches(['v', '(']);
        if !word.starts_with(|first: char| first.is_ascii_digit()) || !word.contains('.') {
            return None;
        }
        let mut parts = word.split('.').map(|part| {
            let digits = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            part.get(..digits).and_then(|number| number.parse().ok())
        });
        Some(Self(parts.next()??, parts.next().flatten().unwrap_or(0), parts.next().flatten().unwrap_or(0)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The version of a package in the text of a Cargo.lock.
pub(crate) fn locked(lock: &str, package: &str) -> Option<Version> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name)?;
    let quoted = lines.next()?.strip_prefix("version = \"")?;
    Version::parse(quoted.trim_end_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<Version>) {
        assert_eq!(Version::find(text), expected, "{text}");
    }

    #[test]
    fn every_tool_prints_its_version_in_its_own_way() {
        check("v20.19.0", Some(Version(20, 19, 0)));
        check("11.19.1", Some(Version(11, 19, 1)));
        check("wasm-pack 0.15.1", Some(Version(0, 15, 1)));
        check("wasm-bindgen 0.2.130 (abcdef123)", Some(Version(0, 2, 130)));
        check("geckodriver 0.37.1 (abc 2026-01-01 12:00 +0000)\n\nThe source code is", Some(Version(0, 37, 1)));
        check("Mozilla Firefox 153.2esr", Some(Version(153, 2, 0)));
        check("Chromium 156.0.7801.3 built on Debian GNU/Linux 12 (bookworm)", Some(Version(156, 0, 7801)));
        check("rustc 1.97.0-nightly (f00 2026-05-01)", Some(Version(1, 97, 0)));
    }

    #[test]
    fn what_is_no_version_is_none() {
        check("", None);
        check("usage: something", None);
        check("built 2026 of v", None);
        check("99999999999.1.1", None);
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(Version(0, 15, 0) > Version(0, 9, 9));
        assert!(Version(20, 19, 0) >= Version(20, 19, 0));
    }

    #[test]
    fn the_lock_file_knows_the_version_of_exactly_that_package() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked(lock, "wasm-bindgen"), Some(Version(0, 2, 130)));
        assert_eq!(locked(lock, "wasm"), None);
    }
}
