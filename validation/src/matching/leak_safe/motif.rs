//! The sites of one cell, ordered by label and scaled to unit volume per site.

use std::ops::Range;

use druse_representations::nalgebra::{Matrix3, Vector3};

use crate::matching::Cell;

/// A cell ready for being laid on another.
#[derive(Clone, Debug)]
pub(in crate::matching) struct Motif {
    /// Niggli basis (rows) in units of (V/N)^(1/3).
    pub(in crate::matching) lattice: Matrix3<f64>,
    /// Label of each site, ascending.
    pub(in crate::matching) labels: Vec<u16>,
    /// Fractional coordinates, in the same order.
    pub(in crate::matching) frac: Vec<Vector3<f64>>,
    /// Where each site stood in the cell.
    pub(in crate::matching) origin: Vec<usize>,
    /// Sites of each label.
    pub(in crate::matching) groups: Vec<Range<usize>>,
    /// Unit of length: (V/N)^(1/3) in Å.
    pub(in crate::matching) unit: f64,
}

impl Motif {
    /// The sites of `cell`; sites whose kinds have the same number in `labels` count as alike.
    pub(in crate::matching) fn of(cell: &Cell, labels: &[u16]) -> Self {
        let label = |site: usize| labels[usize::from(cell.kinds[site])];
        let mut origin: Vec<usize> = (0..cell.kinds.len()).collect();
        origin.sort_by_key(|&site| label(site));
        let unit = (cell.lattice.volume() / origin.len() as f64).cbrt();
        let labels: Vec<u16> = origin.iter().map(|&site| label(site)).collect();
        Self {
            lattice: cell.lattice.matrix() / unit,
            frac: origin.iter().map(|&site| cell.frac[site]).collect(),
            groups: runs(&labels),
            labels,
            origin,
            unit,
        }
    }

    /// Number of sites.
    pub(in crate::matching) fn len(&self) -> usize {
        self.labels.len()
    }

    /// How many times this cell holds the content of `other`; `None` unless that is a whole number, the
    /// same for every label.
    pub(in crate::matching) fn ratio_to(&self, other: &Self) -> Option<usize> {
        let ratio = self.len() / other.len();
        let alike = self.groups.len() == other.groups.len()
            && self.groups.iter().zip(&other.groups).all(|(mine, theirs)| {
                mine.len() == ratio * theirs.len() && self.labels[mine.start] == other.labels[theirs.start]
            });
        (alike && ratio > 0).then_some(ratio)
    }
}

/// Ranges of equal neighbours.
fn runs(labels: &[u16]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (site, label) in labels.iter().enumerate() {
        match groups.last_mut() {
            Some(last) if labels[last.start] == *label => last.end = site + 1,
            _ => groups.push(site..site + 1),
        }
    }
    groups
}
