//! The operators by name, and which is used how often.

use druse_representations::symmetry::SymmetryCode;
use rand::{Rng, RngExt};

use super::population::Member;
use super::{crossover, decorate, occupancy, perturb, relocate, substitute, symmetrise};
use crate::building::{Draft, Workshop};

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
        let total: u32 = OPERATORS.iter().map(|(_, weight)| weight).sum();
        let mut ticket = rng.random_range(0..total);
        for (operator, weight) in OPERATORS {
            if ticket < weight {
                return operator;
            }
            ticket -= weight;
        }
        Self::Substitute
    }

    /// A child of `first`, or of both; `None` when the operator finds nothing.
    pub(super) fn draft<R: Rng + ?Sized>(
        self,
        workshop: &Workshop,
        first: &Member,
        second: &Member,
        rng: &mut R,
    ) -> Option<Draft> {
        let code: SymmetryCode = match self {
            Self::Substitute => substitute::substitute(workshop, &first.code, rng),
            Self::Exchange => substitute::exchange(workshop, &first.code, rng),
            Self::Relocate => relocate::relocate(&first.code, rng),
            Self::Occupancy => occupancy::add_or_remove(workshop, &first.code, rng),
            Self::Perturb => perturb::perturb(&first.code, rng),
            Self::Mix => crossover::mix(workshop, &first.code, &second.code, rng),
            Self::Graft => crossover::graft(workshop, &first.code, &second.code),
            Self::Decorate => decorate::decorate(workshop, &first.code, rng),
            Self::Symmetrise => symmetrise::symmetrise(&first.code, rng),
        }?;
        let mut parents = vec![first.number];
        if matches!(self, Self::Mix | Self::Graft) && second.number != first.number {
            parents.push(second.number);
        }
        Some(Draft { code, volume: first.volume, operator: self.name(), parents })
    }
}
