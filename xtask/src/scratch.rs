//! A temporary directory that goes when its owner does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use anyhow::{Context, Result};

/// An empty directory of our own. Its path is short, because browsers put sockets below it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes it; fails if somebody else has made it before.
    pub(crate) fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("chinwag-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover in a temporary directory is no reason to fail.
        fs::remove_dir_all(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_empty_at_first_and_gone_at_last() -> Result<()> {
        let scratch = Scratch::new()?;
        let path = scratch.path().to_path_buf();
        assert_eq!(fs::read_dir(&path)?.count(), 0);
        fs::write(path.join("file"), "x")?;
        drop(scratch);
        assert!(!path.exists());
        Ok(())
    }

    #[test]
    fn no_two_share_one() -> Result<()> {
        let (one, other) = (Scratch::new()?, Scratch::new()?);
        assert_ne!(one.path(), other.path());
        Ok(())
    }
}
