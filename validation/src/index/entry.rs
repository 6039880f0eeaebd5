//! One known crystal.

use druse_representations::{Composition, Crystal};

use super::layout::Record;
use super::piece::{Piece, invariants};
use super::source::Source;
use crate::fingerprint::Invariants;
use crate::matching::Pattern;

/// What an index knows of one crystal.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub(super) number: u32,
    pub(super) record: Record,
    pub(super) piece: Piece<'a>,
    pub(super) blind: &'a [u8],
    pub(super) source: &'a Source,
}

impl<'a> Entry<'a> {
    /// Number in the index.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Id in its set.
    pub fn id(&self) -> &'a str {
        self.piece.id
    }

    /// The set that it belongs to.
    pub fn set(&self) -> &'a Source {
        self.source
    }

    /// Atoms of each element in the cell as given.
    pub fn composition(&self) -> Composition {
        let amounts = self.piece.amounts().unwrap_or_default();
        amounts.iter().map(|known| (known.element, known.amount)).collect()
    }

    /// Reduced formula.
    pub fn formula(&self) -> String {
        self.composition().reduced_formula()
    }

    /// Number of sites of the cell as given.
    pub fn sites(&self) -> usize {
        self.record.sites as usize
    }

    /// Volume per site (Å^3).
    pub fn volume_per_site(&self) -> f32 {
        self.record.volume_per_site
    }

    /// Its invariants.
    pub fn invariants(&self) -> Invariants {
        invariants(&self.piece.amounts().unwrap_or_default(), &self.piece, self.blind)
    }

    /// The crystal made ready for comparing; `None` where the index has its invariants only.
    pub fn pattern(&self) -> Option<Pattern> {
        self.piece.pattern()
    }

    /// The crystal in its Niggli cell; `None` where the index has its invariants only.
    pub fn crystal(&self) -> Option<Crystal> {
        self.pattern().map(|pattern| pattern.crystal())
    }

    pub(super) fn blind_bytes(&self) -> &'a [u8] {
        self.blind
    }
}
