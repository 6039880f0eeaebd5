//! The vocabulary of evaluation: [`Objective`], [`Tier`] and the [`Properties`] between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use druse_representations::Design;
use serde::{Deserialize, Serialize};

/// Numbers known about a candidate, by name. Units are part of the documentation of each tier;
/// the names used by the product are constants of [`property`].
pub type Properties = BTreeMap<String, f64>;

/// Names of the properties that the product's own tiers write.
pub mod property {
    /// Energy per atom (eV/atom) by the campaign's potential, with its corrections.
    pub const ENERGY_PER_ATOM: &str = "energy_per_atom";
    /// Enthalpy E + pV per atom (eV/atom) of what was relaxed under pressure; absent without pressure.
    pub const ENTHALPY_PER_ATOM: &str = "enthalpy_per_atom";
    /// Energy per atom (eV/atom) before relaxation.
    pub const ENERGY_PER_ATOM_START: &str = "energy_per_atom_start";
    /// Largest force (eV/Å) after relaxation.
    pub const MAX_FORCE: &str = "max_force";
    /// Largest stress component (GPa) after relaxation.
    pub const MAX_STRESS: &str = "max_stress";
    /// Steps of the relaxation.
    pub const RELAXATION_STEPS: &str = "relaxation_steps";
    /// Saddles that the relaxation left at the price of symmetry.
    pub const SADDLES_LEFT: &str = "saddles_left";
    /// 1 when the relaxation converged, 0 when it ran out of steps.
    pub const CONVERGED: &str = "converged";
    /// Volume after relaxation relative to that of the proposal.
    pub const VOLUME_RATIO: &str = "volume_ratio";
    /// Largest magnetic moment after relaxation as a share of the largest spin moment that an atom of such an element has
    /// ([`druse_datasets::elements::largest_spin_moment`]); from potentials that have moments.
    pub const MOMENT_RATIO: &str = "moment_ratio";
    /// Distance from known structures, which CHGNet was trained on; 1 is what 95 % of others stay below, and it is absent where an
    /// element is in none ([`crate::training_distance`]).
    pub const TRAINING_DISTANCE: &str = "training_distance";
    /// Beginning of the names of flags: properties that are there only where an energy is not to be trusted, with the number that
    /// says so.
    pub const FLAG: &str = "flag_";
    /// Number of flags of a crystal; one of those with any is not called stable.
    pub const FLAGGED: &str = "flagged";
    /// Energy above the convex hull (eV/atom); 0 on the hull, negative for a new stable phase. Under pressure it is the enthalpy above
    /// the hull of enthalpies.
    pub const ENERGY_ABOVE_HULL: &str = "energy_above_hull";
    /// Energy above the convex hull (eV/atom) by the first potential, where there is a second opinion.
    pub const ENERGY_ABOVE_HULL_FIRST: &str = "energy_above_hull_first";
    /// Formation energy from the elements (eV/atom).
    pub const FORMATION_ENERGY: &str = "formation_energy";
    /// Energy of reaction (eV/atom) from the cheapest precursors; negative when energy is gained.
    pub const REACTION_ENERGY: &str = "reaction_energy";
    /// Energy (eV/atom) relative to the hull of phases of other compositions; negative by the depth of
    /// stabilisation.
    pub const INVERSE_HULL_ENERGY: &str = "inverse_hull_energy";
    /// Energy above hull as a share of what is known to be made in this kind of chemistry.
    pub const METASTABILITY: &str = "metastability";
    /// How far (eV/atom) the energy above hull would fall if the one known structure that it rests on most did not exist
    /// ([`Support::lost`](crate::hull::Support::lost)); 0 where it rests on elements alone. The larger, the more one wrong or
    /// misplaced reference entry decides.
    pub const HULL_SENSITIVITY: &str = "hull_sensitivity";
    /// Number of known compositions in the chemical system of a crystal, subsystems and elements included: where few are
    /// known, a low energy above hull says little.
    pub const KNOWN_COMPOSITIONS: &str = "known_compositions";
    /// What tells how far an energy above hull is to be trusted.
    pub const HULL_EVIDENCE: [&str; 2] = [HULL_SENSITIVITY, KNOWN_COMPOSITIONS];
    /// Properties that need energies and a hull.
    pub const OF_HULL: [&str; 5] =
        [ENERGY_ABOVE_HULL, FORMATION_ENERGY, REACTION_ENERGY, INVERSE_HULL_ENERGY, METASTABILITY];
    /// Distance to the nearest known crystal: of those with the same composition where there are any,
    /// otherwise 1 more than to the nearest structure type; in units of (V/N)^(1/3).
    pub const NOVELTY: &str = "novelty";
    /// Band gap (eV), estimated by a trained model.
    pub const BAND_GAP: &str = "band_gap";
    /// Bulk modulus (GPa; Voigt-Reuss-Hill), estimated by a trained model.
    pub const BULK_MODULUS: &str = "bulk_modulus";
    /// Probability that a crystal was made: that the ICSD lists it, among structures of the Materials Project; estimated by a trained
    /// model.
    pub const SYNTHESIZABILITY: &str = "synthesizability";
    /// What the model of estimated properties that comes with druse writes, each beside its doubt as `NAME_doubt`.
    pub const ESTIMATED: [&str; 3] = [BAND_GAP, BULK_MODULUS, SYNTHESIZABILITY];
    /// Name of the property that holds the doubt (a standard deviation) of an estimated one.
    pub fn doubt_of(name: &str) -> String {
        format!("{name}_doubt")
    }
    /// Largest angle (degrees) between a donor and its site in an assembled complex.
    pub const MISFIT: &str = "misfit";
    /// Total energy (eV) of a molecule by GFN2-xTB.
    pub const XTB_ENERGY: &str = "xtb_energy";
    /// Gap between highest occupied and lowest empty orbital (eV) by GFN2-xTB.
    pub const GAP: &str = "gap";
    /// Energy of the highest occupied orbital (eV) by GFN2-xTB.
    pub const HOMO: &str = "homo";
    /// Energy of the lowest empty orbital (eV) by GFN2-xTB.
    pub const LUMO: &str = "lumo";
    /// Size of the dipole moment (Debye) by GFN2-xTB, of ions with respect to the centre of mass.
    pub const DIPOLE: &str = "dipole";
    /// Isotropic static polarizability (a.u.) of the D4 model in GFN2-xTB.
    pub const POLARIZABILITY: &str = "polarizability";
    /// Spin multiplicity 2S + 1 of the kept state.
    pub const MULTIPLICITY: &str = "multiplicity";
    /// Settings that gave the result: 1 as asked, 2 to 4 after retries.
    pub const RUNG: &str = "rung";
    /// Cycles of the final optimisation.
    pub const OPTIMISATION_CYCLES: &str = "optimisation_cycles";
    /// Electrons in fractionally occupied orbitals at 5000 K.
    pub const N_FOD: &str = "n_fod";
    /// 1 when static correlation is so strong that cheap methods should not be trusted.
    pub const STATIC_CORRELATION: &str = "static_correlation";
    /// 1 when the complex also passes PL-MOGA's check with fixed radii.
    pub const PL_MOGA_CHECK: &str = "pl_moga_check";
}

/// What an objective wants of its value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Smaller is better.
    Minimise,
    /// Larger is better.
    Maximise,
    /// Nearer to this value is better.
    Target(f64),
}

impl Goal {
    /// `value` turned into a number to minimise: itself, its negative, or its distance from the
    /// target.
    pub fn cost(self, value: f64) -> f64 {
        match self {
            Self::Minimise => value,
            Self::Maximise => -value,
            Self::Target(target) => (value - target).abs(),
        }
    }
}

/// Why an objective has no value for a design. The candidate becomes a row with this reason.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveError {
    /// A property that a tier should have written is absent.
    #[error("objective '{objective}' needs the property '{property}', which no tier has written")]
    MissingProperty {
        /// Objective.
        objective: String,
        /// Property.
        property: String,
    },
    /// A table has no value for an element.
    #[error("objective '{objective}': the table has no value for {element}")]
    UnknownElement {
        /// Objective.
        objective: String,
        /// Symbol.
        element: String,
    },
    /// Anything else, in words.
    #[error("objective '{objective}': {reason}")]
    Failed {
        /// Objective.
        objective: String,
        /// Reason.
        reason: String,
    },
}

/// What the value of an objective is made of, and so from when on it is known: filters of a campaign act
/// as soon as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Needs {
    /// The composition or the bonds, which no tier changes: known before the first tier, and cheap.
    Identity,
    /// Properties alone: known as soon as tiers have written them. Until then
    /// [`Objective::evaluate`] gives [`ObjectiveError::MissingProperty`].
    Properties,
    /// The design as all tiers left it, or more than is worth spending before: known last.
    #[default]
    Refined,
}

/// A number that tells how good a design is.
///
/// # A complete objective of one's own
///
/// ```
/// use druse_fitness::{Goal, Objective, ObjectiveError, Properties};
/// use druse_representations::{Crystal, Element, Lattice};
///
/// /// Light crystals: the mass density in g/cm^3, to be minimised.
/// struct Density;
///
/// impl Objective<Crystal> for Density {
///     fn name(&self) -> &str {
///         "density"
///     }
///     fn goal(&self) -> Goal {
///         Goal::Minimise
///     }
///     fn unit(&self) -> &str {
///         "g/cm^3"
///     }
///     fn evaluate(&self, design: &Crystal, _: &Properties) -> Result<f64, ObjectiveError> {
///         Ok(design.density())
///     }
/// }
///
/// let iron = Element::from_symbol("Fe").unwrap();
/// let bcc = Crystal::ordered(Lattice::cubic(2.866), [(iron, [0.0; 3]), (iron, [0.5; 3])]);
/// let density = Density.evaluate(&bcc, &Properties::new()).unwrap();
/// assert!((density - 7.87).abs() < 0.02); // CRC Handbook
/// ```
pub trait Objective<D: Design>: Send + Sync {
    /// Name in campaign files, tables and results.
    fn name(&self) -> &str;

    /// Direction of improvement.
    fn goal(&self) -> Goal;

    /// Unit of the value, `1` for pure numbers.
    fn unit(&self) -> &str;

    /// What the value depends on beside the design and its properties, such as a model or a
    /// program with its version; part of cache keys and of every result. `None` for plain formulas.
    fn protocol(&self) -> Option<String> {
        None
    }

    /// What the value is made of. Only say other than [`Needs::Refined`] when it is true: a value may then
    /// be computed early, and it is not computed again.
    fn needs(&self) -> Needs {
        Needs::Refined
    }

    /// Value for a design, given what the tiers found out about it.
    ///
    /// # Errors
    /// When there is no honest value; never return a stand-in such as 0.
    fn evaluate(&self, design: &D, properties: &Properties) -> Result<f64, ObjectiveError>;

    /// Values for many designs, in order. Override it where a batch is cheaper than a loop.
    fn evaluate_batch(&self, items: &[(&D, &Properties)]) -> Vec<Result<f64, ObjectiveError>> {
        items.iter().map(|(design, properties)| self.evaluate(design, properties)).collect()
    }
}

/// What a tier made of one design.
#[derive(Clone, Debug)]
pub enum TierOutcome<D> {
    /// The design, perhaps refined, and what was learnt about it.
    Passed {
        /// The design to go on with.
        design: D,
        /// New properties.
        properties: Properties,
    },
    /// The design is out, with a reason that starts with a short kind, for instance
    /// `clash: Na-Cl 0.42 Å`.
    Rejected {
        /// Reason.
        reason: String,
    },
    /// There is no result, for want of time, memory or disk: it may be otherwise another time. The
    /// design is out as a failure, and that is never kept as a result.
    Failed {
        /// Reason, as of a rejection.
        reason: String,
    },
}

/// What a tier is there for, and so what its rejections mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TierKind {
    /// It refines designs or finds out properties; it rejects what it cannot do that with.
    #[default]
    Work,
    /// It only judges whether a design is worth going on with: it neither refines designs nor writes
    /// properties. A campaign may let some of what it rejects pass by chance, to learn how often it errs.
    Check,
    /// It holds designs against what the user demands. What it rejects never passes.
    Constraint,
}

/// One step of the cost-ordered funnel: it may refine a design, add properties, or reject it.
pub trait Tier<D: Design>: Send + Sync {
    /// Name in the store and in the funnel's summary.
    fn name(&self) -> &str;

    /// Everything that the numbers depend on: model hash, tolerances, limits, and a version that changes
    /// with the code. Part of cache keys and of every result: kept results are found again by it.
    fn protocol(&self) -> String;

    /// What it is there for.
    fn kind(&self) -> TierKind {
        TierKind::Work
    }

    /// Names of properties that it writes, for limits and objectives of a campaign file to name. It may
    /// write more.
    fn writes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether its results are worth keeping, so that they need not be computed again after a stop or
    /// in another campaign. `false` for tiers that cost less than a look-up or whose
    /// [protocol](Self::protocol) does not tell all.
    fn is_costly(&self) -> bool {
        true
    }

    /// Whether it only lets designs pass as they are or rejects them. Such a tier takes no part in
    /// what later ones find out about those that pass, so campaigns that differ in it alone share the
    /// results of the others. It must neither change designs nor add properties.
    fn only_rejects(&self) -> bool {
        self.kind() == TierKind::Check
    }

    /// Runs the designs of one batch, each with what earlier tiers found out about it; one outcome
    /// per design, in order. The caller parallelises over batches and forms them by candidate
    /// number, so results do not depend on the number of threads.
    fn run(&self, items: &[(&D, &Properties)]) -> Vec<TierOutcome<D>>;
}

/// A shared objective is one, so that one value serves several campaigns.
impl<D: Design, O: Objective<D> + ?Sized> Objective<D> for Arc<O> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn goal(&self) -> Goal {
        (**self).goal()
    }
    fn unit(&self) -> &str {
        (**self).unit()
    }
    fn protocol(&self) -> Option<String> {
        (**self).protocol()
    }
    fn needs(&self) -> Needs {
        (**self).needs()
    }
    fn evaluate(&self, design: &D, properties: &Properties) -> Result<f64, ObjectiveError> {
        (**self).evaluate(design, properties)
    }
    fn evaluate_batch(&self, items: &[(&D, &Properties)]) -> Vec<Result<f64, ObjectiveError>> {
        (**self).evaluate_batch(items)
    }
}

/// A shared tier is one.
impl<D: Design, T: Tier<D> + ?Sized> Tier<D> for Arc<T> {
    fn name(&self) -> &str {
        (**self).name()
    }
    fn protocol(&self) -> String {
        (**self).protocol()
    }
    fn writes(&self) -> Vec<String> {
        (**self).writes()
    }
    fn kind(&self) -> TierKind {
        (**self).kind()
    }
    fn is_costly(&self) -> bool {
        (**self).is_costly()
    }
    fn only_rejects(&self) -> bool {
        (**self).only_rejects()
    }
    fn run(&self, items: &[(&D, &Properties)]) -> Vec<TierOutcome<D>> {
        (**self).run(items)
    }
}
