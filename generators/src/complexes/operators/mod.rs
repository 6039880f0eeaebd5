//! Operators on metals, ligands and their arrangement, and which is used how often.

mod centre;
mod crossover;
mod ligand;

use rand::Rng;
use serde::{Deserialize, Serialize};

use super::fragments;
use super::plan::Plan;
use super::workbench::Workbench;
use crate::breeding::frequency;

/// A way to make a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplexOperator {
    /// Another metal, in an oxidation state that suits the ligands.
    Metal,
    /// Another oxidation state of the metal.
    Oxidation,
    /// Another polyhedron, and more or fewer ligands where it wants them.
    Geometry,
    /// Another multiplicity.
    Spin,
    /// Two ligands change places.
    Exchange,
    /// Another isomer: all ligands are placed anew.
    Isomer,
    /// A ligand is replaced by a similar one.
    Similar,
    /// One or two ligands are replaced by any others.
    Replace,
    /// Ligands and metal of two parents are mixed.
    Mix,
    /// The ligands of one parent get the metal of the other.
    Graft,
    /// A ligand evolves.
    Evolve,
    /// Fragments of ligands of two parents are exchanged.
    Splice,
    /// All of PL-MOGA at once: uniform crossover, redrawn genes, two genes change places.
    Uniform,
}

/// Which operators make children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variation {
    /// One operator at a time.
    #[default]
    Single,
    /// PL-MOGA's.
    PlMoga,
}

/// Relative frequencies.
const OPERATORS: [(ComplexOperator, u32); 12] = [
    (ComplexOperator::Metal, 10),
    (ComplexOperator::Oxidation, 4),
    (ComplexOperator::Geometry, 5),
    (ComplexOperator::Spin, 3),
    (ComplexOperator::Exchange, 6),
    (ComplexOperator::Isomer, 6),
    (ComplexOperator::Similar, 20),
    (ComplexOperator::Replace, 14),
    (ComplexOperator::Mix, 26),
    (ComplexOperator::Graft, 6),
    (ComplexOperator::Evolve, 20),
    (ComplexOperator::Splice, 8),
];

impl ComplexOperator {
    /// Name in lineages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metal => "metal",
            Self::Oxidation => "oxidation",
            Self::Geometry => "geometry",
            Self::Spin => "spin",
            Self::Exchange => "exchange",
            Self::Isomer => "isomer",
            Self::Similar => "similar",
            Self::Replace => "replace",
            Self::Mix => "mix",
            Self::Graft => "graft",
            Self::Evolve => "evolve",
            Self::Splice => "splice",
            Self::Uniform => "uniform",
        }
    }

    /// A random operator that can do something in the space.
    pub(super) fn choose<R: Rng + ?Sized>(bench: &Workbench, variation: Variation, rng: &mut R) -> Self {
        if variation == Variation::PlMoga {
            return Self::Uniform;
        }
        let able = |operator: &Self| match operator {
            Self::Metal | Self::Oxidation | Self::Graft => bench.frames.len() > 1,
            Self::Geometry => bench.space.geometries.len() > 1,
            Self::Spin => bench.space.spin == super::space::SpinRule::Any,
            Self::Evolve | Self::Splice => bench.space.evolve.is_some(),
            _ => true,
        };
        let able = OPERATORS.into_iter().filter(|(operator, _)| able(operator));
        frequency::draw(able, rng).unwrap_or(Self::Mix)
    }

    /// How many parents contribute.
    pub(super) fn parents(self) -> usize {
        if matches!(self, Self::Mix | Self::Graft | Self::Splice | Self::Uniform) { 2 } else { 1 }
    }

    /// A child of `first`, or of both, perhaps with ligands that have no place yet; `None` when the
    /// operator finds nothing.
    pub(super) fn draft<R: Rng + ?Sized>(
        self,
        bench: &Workbench,
        first: Plan,
        second: &Plan,
        rng: &mut R,
    ) -> Option<Plan> {
        match self {
            Self::Metal => centre::metal(bench, first, rng),
            Self::Oxidation => centre::oxidation(bench, first, rng),
            Self::Geometry => centre::geometry(bench, first, rng),
            Self::Spin => centre::spin(first, rng),
            Self::Exchange => ligand::exchange(first, rng),
            Self::Isomer => ligand::isomer(first, rng),
            Self::Similar => ligand::similar(bench, first, rng),
            Self::Replace => ligand::replace(bench, first, rng),
            Self::Mix => crossover::mix(bench, first, second, rng),
            Self::Graft => crossover::graft(bench, first, second, rng),
            Self::Evolve => fragments::evolve(bench, first, rng),
            Self::Splice => fragments::splice(bench, first, second, rng),
            Self::Uniform => crossover::uniform(bench, first, second, rng),
        }
    }
}
