//! Remembers what a result was made from, so that nothing is built twice.
//!
//! A stamp holds a fingerprint of the inputs' contents, and one of the outputs': when somebody has deleted or replaced
//! an output, it is made again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Directories that hold results, not sources.
const RESULTS: &[&str] = &["node_modules", "target", "dist", "pkg", ".git"];

/// A result, what it is made from, and where that is remembered.
pub(crate) struct Stamp {
    record: PathBuf,
    inputs: Vec<PathBuf>,
    outputs: Vec<PathBuf>,
    /// What else decides about the result: versions of tools.
    also: String,
}

impl Stamp {
    /// Inputs and outputs are files or directories; result directories inside the inputs don't count.
    pub(crate) fn new(record: PathBuf, inputs: Vec<PathBuf>, outputs: Vec<PathBuf>, also: String) -> Self {
        Self { record, inputs, outputs, also }
    }

    /// Whether the outputs are there, untouched, and made from these inputs.
    pub(crate) fn is_fresh(&self) -> Result<bool> {
        if self.outputs.iter().any(|output| !output.exists()) {
            return Ok(false);
        }
        Ok(fs::read_to_string(&self.record).is_ok_and(|known| self.fingerprint().is_ok_and(|now| now == known)))
    }

    /// To be called when the outputs have been made.
    pub(crate) fn set(&self) -> Result<()> {
        if let Some(directory) = self.record.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&self.record, self.fingerprint()?).with_context(|| format!("cannot write {}", self.record.display()))
    }

    fn fingerprint(&self) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        hasher.write(self.also.as_bytes());
        for path in self.inputs.iter().chain(&self.outputs) {
            hash_tree(path, &mut hasher)?;
        }
        Ok(format!("{:016x}\n", hasher.finish()))
    }
}

/// Names and contents, in the order of the names. What is absent counts as such.
fn hash_tree(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    hasher.write(path.as_os_str().as_encoded_bytes());
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if !RESULTS.iter().any(|name| entry.file_name() == *name) {
                hash_tree(&entry.path(), hasher)?;
            }
        }
    } else if path.is_file() {
        let contents = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        hasher.write_usize(contents.len());
        hasher.write(&contents);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// A source directory, an output, and the stamp between them, already set.
    fn built(scratch: &Scratch) -> Result<Stamp> {
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir_all(at("src/deep/dist"))?;
        fs::write(at("src/deep/a.rs"), "one")?;
        fs::write(at("out.js"), "made")?;
        let stamp = Stamp::new(at("records/stamp"), vec![at("src")], vec![at("out.js")], "rustc 1".into());
        assert!(!stamp.is_fresh()?, "nothing is remembered before it is set");
        stamp.set()?;
        assert!(stamp.is_fresh()?);
        Ok(stamp)
    }

    /// After `change` the result of `built` is stale, or is not.
    fn check(stale: bool, change: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<()> {
        let scratch = Scratch::new()?;
        let stamp = built(&scratch)?;
        change(scratch.path())?;
        assert_eq!(stamp.is_fresh()?, !stale);
        Ok(())
    }

    #[test]
    fn a_changed_input_makes_it_stale() -> Result<()> {
        check(true, |at| fs::write(at.join("src/deep/a.rs"), "two"))
    }

    #[test]
    fn a_touched_input_does_not() -> Result<()> {
        check(false, |at| fs::write(at.join("src/deep/a.rs"), "one"))
    }

    #[test]
    fn a_new_input_makes_it_stale() -> Result<()> {
        check(true, |at| fs::write(at.join("src/b.rs"), ""))
    }

    #[test]
    fn a_renamed_input_makes_it_stale() -> Result<()> {
        check(true, |at| fs::rename(at.join("src/deep/a.rs"), at.join("src/deep/b.rs")))
    }

    #[test]
    fn a_result_among_the_inputs_does_not() -> Result<()> {
        check(false, |at| fs::write(at.join("src/deep/dist/x.js"), "made"))
    }

    #[test]
    fn a_deleted_output_makes_it_stale() -> Result<()> {
        check(true, |at| fs::remove_file(at.join("out.js")))
    }

    #[test]
    fn a_replaced_output_makes_it_stale() -> Result<()> {
        check(true, |at| fs::write(at.join("out.js"), "made elsewhere"))
    }

    #[test]
    fn another_compiler_makes_it_stale() -> Result<()> {
        let scratch = Scratch::new()?;
        let stamp = built(&scratch)?;
        assert!(!Stamp { also: "rustc 2".into(), ..stamp }.is_fresh()?);
        Ok(())
    }
}
