//! The ligands that a search draws from.

use std::collections::BTreeMap;
use std::sync::Arc;

use druse_representations::Ligand;

use super::part::Part;

/// Different ligands in a fixed order, with what is derived from them; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct LigandPool {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    parts: Vec<Arc<Part>>,
    by_key: BTreeMap<String, usize>,
}

impl LigandPool {
    /// A pool of these ligands; of equal ones the first is kept.
    pub fn new(ligands: impl IntoIterator<Item = Ligand>) -> Self {
        Self::of_parts(ligands.into_iter().map(|ligand| Arc::new(Part::new(ligand))))
    }

    fn of_parts(parts: impl IntoIterator<Item = Arc<Part>>) -> Self {
        let mut inner = Inner::default();
        for part in parts {
            if !inner.by_key.contains_key(&part.key) {
                inner.by_key.insert(part.key.clone(), inner.parts.len());
                inner.parts.push(part);
            }
        }
        Self { inner: Arc::new(inner) }
    }

    /// Number of ligands.
    pub fn len(&self) -> usize {
        self.inner.parts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inner.parts.is_empty()
    }

    /// The ligands in order.
    pub fn ligands(&self) -> impl Iterator<Item = &Ligand> {
        self.inner.parts.iter().map(|part| &part.ligand)
    }

    /// Whether this ligand, by whatever name, is in the pool.
    pub fn contains(&self, ligand: &Ligand) -> bool {
        self.find(&ligand.canonical().key).is_some()
    }

    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        self.inner.by_key.get(key).copied()
    }

    pub(crate) fn parts(&self) -> &[Arc<Part>] {
        &self.inner.parts
    }

    pub(crate) fn filtered(&self, keep: impl Fn(&Part) -> bool) -> Self {
        Self::of_parts(self.parts().iter().filter(|part| keep(part)).cloned())
    }
}

impl FromIterator<Ligand> for LigandPool {
    fn from_iter<I: IntoIterator<Item = Ligand>>(ligands: I) -> Self {
        Self::new(ligands)
    }
}
