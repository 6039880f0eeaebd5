//! Operators on space group, cell and Wyckoff positions, so that every child is symmetric; and which
//! is used how often.

mod crossover;
mod decorate;
mod occupancy;
mod perturb;
mod relocate;
mod substitute;
mod symmetrise;

pub(super) use crossover::counterparts;
use druse_representations::symmetry::SymmetryCode;
use rand::Rng;

use super::building::{Draft, Workshop, relative_volume};
use crate::breeding::frequency;

/// A way to make a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// One or two elements are replaced by similar ones.
    Substitute,
    /// Two orbits exchange their elements.
    Exchange,
    /// An orbit moves to another Wyckoff position of the same multiplicity.
    Relocate,
    /// An orbit is added or removed.
    Occupancy,
    /// Cell and free parameters are shaken.
    Perturb,
    /// Orbits of two crystals of one space group are mixed.
    Mix,
    /// The structure of one parent gets the elements of the other.
    Graft,
    /// Some atoms of an element are replaced: a subgroup of the space group remains.
    Decorate,
    /// A nearby structure of higher symmetry: a supergroup.
    Symmetrise,
}

/// Relative frequencies.
const OPERATORS: [(Operator, u32); 9] = [
    (Operator::Substitute, 30),
    (Operator::Exchange, 8),
    (Operator::Relocate, 8),
    (Operator::Occupancy, 8),
    (Operator::Perturb, 10),
    (Operator::Mix, 10),
    (Operator::Graft, 14),
    (Operator::Decorate, 9),
    (Operator::Symmetrise, 3),
];

impl Operator {
    /// Name in lineages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Substitute => "substitute",
            Self::Exchange => "exchange",
            Self::Relocate => "relocate",
            Self::Occupancy => "occupancy",
            Self::Perturb => "perturb",
            Self::Mix => "mix",
            Self::Graft => "graft",
            Self::Decorate => "decorate",
            Self::Symmetrise => "symmetrise",
        }
    }

    /// A random operator.
    pub(super) fn choose<R: Rng + ?Sized>(rng: &mut R) -> Self {
        frequency::draw(OPERATORS.into_iter(), rng).unwrap_or(Self::Substitute)
    }

    /// A child of `first`, or of both; `None` when the operator finds nothing.
    pub(crate) fn draft<R: Rng + ?Sized>(
        self,
        workshop: &Workshop,
        first: &SymmetryCode,
        second: &SymmetryCode,
        rng: &mut R,
    ) -> Option<Draft> {
        let code: SymmetryCode = match self {
            Self::Substitute => substitute::substitute(workshop, first, rng),
            Self::Exchange => substitute::exchange(workshop, first, rng),
            Self::Relocate => relocate::relocate(first, rng),
            Self::Occupancy => occupancy::add_or_remove(workshop, first, rng),
            Self::Perturb => perturb::perturb(first, rng),
            Self::Mix => crossover::mix(workshop, first, second, rng),
            Self::Graft => crossover::graft(workshop, first, second),
            Self::Decorate => decorate::decorate(workshop, first, rng),
            Self::Symmetrise => symmetrise::symmetrise(first, rng),
        }?;
        let parents = if matches!(self, Self::Mix | Self::Graft) { 2 } else { 1 };
        Some(Draft { code, volume: relative_volume(first), operator: self.name(), parents })
    }
}
