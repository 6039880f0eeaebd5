//! A structure to be audited, and the known ones beside it.

use druse_representations::{Composition, Crystal};

use super::AuditError;
use crate::fingerprint::Pdd;
use crate::index::{Entry, Query};
use crate::matching::Pattern;

/// A structure to be audited, made ready for comparing.
pub(super) struct Candidate<'a> {
    pub crystal: &'a Crystal,
    pub composition: Composition,
    pub query: Query,
    pub pdd: Pdd,
}

impl<'a> Candidate<'a> {
    /// Makes a crystal ready.
    ///
    /// # Errors
    /// When it cannot be compared.
    pub fn of(crystal: &'a Crystal) -> Result<Self, AuditError> {
        Ok(Self {
            crystal,
            composition: crystal.composition(),
            query: Query::of(crystal)?,
            pdd: Pdd::of(crystal)?,
        })
    }

    pub fn sites(&self) -> usize {
        self.crystal.sites.len()
    }

    /// Volume per site (Å^3).
    pub fn volume_per_site(&self) -> f64 {
        self.crystal.lattice.volume() / self.sites() as f64
    }
}

/// A known structure.
pub(super) struct Known {
    pub id: String,
    pub set: String,
    pub formula: String,
    /// Sites of the cell that it is given in.
    pub sites: usize,
    /// Volume per site (Å^3).
    pub volume_per_site: f64,
    /// The structure, unless only invariants are known.
    pub pattern: Option<Pattern>,
}

impl Known {
    pub fn of(entry: &Entry) -> Self {
        Self {
            id: entry.id().to_owned(),
            set: entry.set().name.clone(),
            formula: entry.formula(),
            sites: entry.sites(),
            volume_per_site: f64::from(entry.volume_per_site()),
            pattern: entry.pattern(),
        }
    }

    /// The structure in its Niggli cell.
    pub fn crystal(&self) -> Option<Crystal> {
        self.pattern.as_ref().map(Pattern::crystal)
    }
}
