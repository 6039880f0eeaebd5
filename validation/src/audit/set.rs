//! Sets of known structures.

use std::path::Path;

use super::report::SetInfo;
use crate::index::{Added, Builder, Contents, Index, IndexError, NewSource};

/// A set of known structures.
pub enum KnownSet {
    /// Comes with the product.
    Shipped(&'static Index),
    /// Anything else.
    Own(Box<Index>),
}

impl KnownSet {
    /// An index file, or structures (file, folder or archive) that are indexed in memory; with what
    /// became of the structures, nothing for an index.
    ///
    /// # Errors
    /// When the file cannot be read, or as an index is damaged or of another version.
    pub fn open(path: &Path) -> Result<(Self, Added), IndexError> {
        if Index::is_index(path) {
            return Ok((Self::Own(Box::new(Index::open(path)?)), Added::default()));
        }
        let mut builder = Builder::new(Contents::Structures, std::env::temp_dir());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        // Nothing is said of licence and day, so that the checksum follows from the structures alone.
        let source = NewSource { name, licence: String::new(), date: String::new() };
        let added = builder.add_path(&source, path, &mut |_| {})?;
        Ok((Self::Own(Box::new(builder.index()?)), added))
    }

    /// The index.
    pub fn index(&self) -> &Index {
        match self {
            Self::Shipped(index) => index,
            Self::Own(index) => index,
        }
    }

    /// What is in it.
    pub fn infos(&self) -> impl Iterator<Item = SetInfo> {
        let index = self.index();
        index.sets().iter().map(|set| SetInfo {
            name: set.name.clone(),
            structures: set.structures,
            sha256: index.sha256().to_owned(),
            exact: set.exact,
        })
    }
}
