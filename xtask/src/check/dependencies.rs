//! Dependencies point one way: whoever runs the core may know it, and it knows nobody.

use anyhow::{Context, Result, bail};

use crate::house::House;
use crate::setup::WASM;

/// Who must never be reached from whom, however indirectly.
const RULES: &[(&str, &[&str], &str)] = &[
    ("chinwag-core", &["chinwag", "chinwag-sim"], "the core knows none of its hosts"),
    ("chinwag-core", &["chinwag-signaling", "chinwag-signaling-messages"], "the core knows no server"),
    ("chinwag-core", &["wasm-bindgen", "js-sys", "web-sys", "tokio"], "the core has no I/O"),
    ("chinwag-core", &["getrandom"], "the core's randomness is passed in"),
    ("chinwag-signaling", &["chinwag-core", "chinwag"], "the server knows no gossip"),
    ("chinwag-signaling-messages", &["chinwag-core", "chinwag", "chinwag-signaling"], "messages know nobody"),
    ("chinwag", &["chinwag-signaling", "chinwag-sim"], "a tab shares only messages with the server"),
    ("chinwag", &["tokio"], "a tab has an event loop of its own"),
];

/// Asks cargo who uses whom, and tells how many rules hold.
pub(crate) fn check(house: &House) -> Result<String> {
    let mut broken = Vec::new();
    for (package, forbidden, reason) in RULES {
        let tree = tree(house, package)?;
        let ways = forbidden.iter().filter_map(|name| way(&tree, name));
        broken.extend(ways.map(|way| format!("{way}: {reason}")));
    }
    if !broken.is_empty() {
        bail!("dependencies point the wrong way:\n  {}", broken.join("\n  "));
    }
    Ok(format!("{} rules", RULES.len()))
}

/// What a package is made of in a browser, a line each, with its depth before it. What only its tests need does not
/// count, nor do features that only others ask for: hence cargo's tree and not its metadata.
fn tree(house: &House, package: &str) -> Result<String> {
    let mut command = house.cargo();
    command.args(["tree", "--locked", "--package", package, "--target", WASM]);
    command.args(["--edges", "normal,build", "--prefix", "depth", "--format", " {p}"]);
    let output = command.output().context("cannot run cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The way from the root of the tree to a package, if it is in there: "core uses rand uses getrandom".
fn way(tree: &str, to: &str) -> Option<String> {
    let mut above = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let depth: usize = words.next()?.parse().ok()?;
        above.truncate(depth);
        above.push(words.next()?);
        if depth > 0 && above.last() == Some(&to) {
            return Some(above.join(" uses "));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0 core v0.1.0 (/somewhere/core)\n1 sha2 v0.11.0\n2 digest v0.11.0\n\
                        1 rand v0.10.0\n2 digest v0.11.0 (*)\n2 getrandom v0.4.0\n";

    fn check(to: &str, expected: Option<&str>) {
        assert_eq!(way(TREE, to).as_deref(), expected);
    }

    #[test]
    fn a_dependency_is_found_however_indirect_with_the_way_to_it() {
        check("sha2", Some("core uses sha2"));
        check("digest", Some("core uses sha2 uses digest"));
        check("getrandom", Some("core uses rand uses getrandom"));
    }

    #[test]
    fn only_the_very_name_counts_and_nobody_uses_itself() {
        check("random", None);
        check("getrandom2", None);
        check("core", None);
    }

    #[test]
    fn the_tree_of_a_real_package_can_be_read() -> Result<()> {
        let house = House::find()?;
        let tree = tree(&house, "xtask")?;
        assert_eq!(way(&tree, "anyhow").as_deref(), Some("xtask uses anyhow"));
        assert_eq!(way(&tree, "chinwag-core"), None);
        Ok(())
    }
}
