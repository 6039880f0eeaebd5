//! Known evaluations.

use std::path::{Path, PathBuf};

use super::{Mistakes, quoted};
use crate::cache::{CacheSpec, DEFAULT_MEMORY};
use crate::config::file::CacheSection;

pub(super) fn check_cache(section: &CacheSection, base: &Path, mistakes: &mut Mistakes) -> CacheSpec {
    let shared = section.shared.as_deref().and_then(|name| place(name, base, mistakes));
    CacheSpec { shared, memory: section.memory.unwrap_or(DEFAULT_MEMORY) }
}

/// The absolute path of a file that need not exist yet, in a folder that does.
fn place(name: &str, base: &Path, mistakes: &mut Mistakes) -> Option<PathBuf> {
    let path = base.join(name);
    let place = || {
        let file = path.file_name()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok()?;
        let place = folder.join(file);
        (folder.is_dir() && !place.is_dir()).then_some(place)
    };
    let found = place();
    if found.is_none() {
        let expected = "the name of a file in a folder that is there, relative to the campaign file";
        mistakes.report("cache.shared", quoted(name), expected);
    }
    found
}
