//! Sets of known structures named on the command line.

use std::path::{Path, PathBuf};

use crate::validation::audit::KnownSet;
use crate::validation::index::shipped;
use clap::Args;

use super::Global;
use super::failure::Failure;

/// What counts as known.
#[derive(Args)]
pub struct KnownArguments {
    /// Known structures: an index by `druse index build`, structure files, folders or archives, or
    /// `shipped` for the invariants of the Materials Project that come with druse. May be
    /// repeated; `shipped` when neither this nor --train is given
    #[arg(long, value_name = "REF", num_args = 1..)]
    reference: Vec<PathBuf>,
    /// The same for what a generator was trained on: what is found here is a leak
    #[arg(long, value_name = "REF", num_args = 1..)]
    train: Vec<PathBuf>,
}

impl KnownArguments {
    /// What --train and --reference name.
    pub fn paths(&self) -> [&[PathBuf]; 2] {
        [&self.train, &self.reference]
    }

    /// Training sets and references.
    pub fn load(&self, global: &Global) -> Result<(Vec<KnownSet>, Vec<KnownSet>), Failure> {
        let training: Vec<KnownSet> =
            self.train.iter().map(|path| open(path, global)).collect::<Result<_, _>>()?;
        let fallback = [PathBuf::from(SHIPPED)];
        let references =
            if self.reference.is_empty() && training.is_empty() { &fallback[..] } else { &self.reference };
        let references = references.iter().map(|path| open(path, global)).collect::<Result<_, _>>()?;
        Ok((training, references))
    }
}

const SHIPPED: &str = "shipped";

/// A set by its name: the shipped one, an index, or structures that are indexed in memory.
pub fn open(path: &Path, global: &Global) -> Result<KnownSet, Failure> {
    if path == Path::new(SHIPPED) {
        return shipped().map(KnownSet::Shipped).ok_or_else(|| {
            Failure::other(
                "this build of druse carries no index of known structures; name one with --reference",
            )
        });
    }
    let (known, added) = KnownSet::open(path).map_err(Failure::input)?;
    if known.index().is_empty() {
        let first = added.refused.first().map_or("found no structure", |refused| &refused.reason);
        return Err(Failure::input(format!("{}: {first}, expected one or more structures", path.display())));
    }
    let path = path.display();
    if let Some(first) = added.refused.first() {
        let count = added.refused.len();
        global.note(&format!(
            "{path}: {count} structures left out, the first ({}): {}",
            first.id, first.reason
        ));
    }
    if added.known > 0 {
        let count = added.known;
        global.note(&format!("{path}: {count} structures left out because their ids came before"));
    }
    Ok(known)
}
