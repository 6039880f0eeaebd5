//! Operators on cell, coordinates and species, and which is used how often.

mod cut_and_splice;
mod displace;
mod occupancy;
mod permute;
mod repair;
mod strain;
mod substitute;

use druse_representations::MatrixCode;
use rand::Rng;

use super::draft::{MatrixDraft, relative_volume};
use crate::breeding::frequency;
use crate::crystals::building::Workshop;

/// A way to make a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatrixOperator {
    /// A slice of one crystal beside a slice of another.
    CutAndSplice,
    /// The structure of one parent gets the elements of the other.
    Graft,
    /// One or two elements are replaced by similar ones.
    Substitute,
    /// Unlike atoms exchange their places.
    Permute,
    /// The cell is strained at constant volume.
    Strain,
    /// A standing wave runs through the crystal.
    Ripple,
    /// Atoms are shaken, or one moves elsewhere.
    Displace,
    /// Atoms are added or removed.
    Occupancy,
}

/// Relative frequencies: crossover about a third, as in USPEX and XtalOpt, and as much for other elements,
/// which those codes keep.
const OPERATORS: [(MatrixOperator, u32); 8] = [
    (MatrixOperator::CutAndSplice, 24),
    (MatrixOperator::Graft, 12),
    (MatrixOperator::Substitute, 28),
    (MatrixOperator::Permute, 8),
    (MatrixOperator::Strain, 8),
    (MatrixOperator::Ripple, 6),
    (MatrixOperator::Displace, 8),
    (MatrixOperator::Occupancy, 6),
];

impl MatrixOperator {
    /// All operators.
    pub const ALL: [Self; 8] = [
        Self::CutAndSplice,
        Self::Graft,
        Self::Substitute,
        Self::Permute,
        Self::Strain,
        Self::Ripple,
        Self::Displace,
        Self::Occupancy,
    ];

    /// Name in lineages.
    pub fn name(self) -> &'static str {
        match self {
            Self::CutAndSplice => "cut_and_splice",
            Self::Graft => "graft",
            Self::Substitute => "substitute",
            Self::Permute => "permute",
            Self::Strain => "strain",
            Self::Ripple => "ripple",
            Self::Displace => "displace",
            Self::Occupancy => "occupancy",
        }
    }

    /// A random operator.
    pub(super) fn choose<R: Rng + ?Sized>(rng: &mut R) -> Self {
        frequency::draw(OPERATORS.into_iter(), rng).unwrap_or(Self::CutAndSplice)
    }

    /// A child of `first`, or of both; `None` when the operator finds nothing.
    pub(super) fn draft<R: Rng + ?Sized>(
        self,
        workshop: &Workshop,
        first: &MatrixCode,
        second: &MatrixCode,
        rng: &mut R,
    ) -> Option<MatrixDraft> {
        let mut volume = relative_volume(first);
        let code = match self {
            Self::CutAndSplice => {
                let (child, share) = cut_and_splice::cut_and_splice(workshop, first, second, rng)?;
                volume = share * volume + (1.0 - share) * relative_volume(second);
                Some(child)
            }
            Self::Graft => substitute::graft(workshop, first, second),
            Self::Substitute => substitute::substitute(workshop, first, rng),
            Self::Permute => permute::permute(first, rng),
            Self::Strain => Some(strain::strain(first, rng)),
            Self::Ripple => Some(strain::ripple(first, rng)),
            Self::Displace => displace::displace(first, rng),
            Self::Occupancy => occupancy::add_or_remove(workshop, first, rng),
        }?;
        let parents = if matches!(self, Self::CutAndSplice | Self::Graft) { 2 } else { 1 };
        Some(MatrixDraft { code, volume, operator: self.name(), parents })
    }
}
