//! Potentials: anything that gives energies, forces and stresses of crystals.

use druse_datasets::reference::ReferenceHeader;
use druse_representations::crystal::DisorderedSite;
use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::symmetry::CellSymmetry;
use druse_representations::{Crystal, NeighbourError};

use crate::corrections::Ledger;
use crate::weights::hash;

/// What to compute beside the energy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// Forces on the atoms.
    pub forces: bool,
    /// Stress of the cell.
    pub stress: bool,
    /// Magnetic moments, from potentials that have them.
    pub magmoms: bool,
}

impl Want {
    /// The energy alone; the cheapest.
    pub const ENERGY: Self = Self { forces: false, stress: false, magmoms: false };
    /// Energy, forces and stress.
    pub const FORCES: Self = Self { forces: true, stress: true, magmoms: false };
    /// Everything.
    pub const ALL: Self = Self { forces: true, stress: true, magmoms: true };
}

/// What a potential says about one crystal.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Energy of the cell (eV).
    pub energy: f64,
    /// Force on each atom (eV/Å), Cartesian.
    pub forces: Option<Vec<[f64; 3]>>,
    /// Stress (GPa), positive = tension: `S = (1/V) dE/dε` with lattice `L (1 + ε)`.
    pub stress: Option<[[f64; 3]; 3]>,
    /// Size of the magnetic moment of each atom (µB).
    pub magmoms: Option<Vec<f64>>,
}

impl Prediction {
    /// What was wanted of an energy (eV) and its derivatives with respect to positions (eV/Å) and strain (eV), for a cell of this volume (Å^3).
    ///
    /// # Errors
    /// When a number is not finite.
    pub(crate) fn new(
        energy: f64,
        gradient: Option<(Vec<Vector3<f64>>, Matrix3<f64>)>,
        magmoms: Option<Vec<f64>>,
        volume: f64,
        want: Want,
    ) -> Result<Self, PotentialError> {
        let mut prediction = Self { energy, forces: None, stress: None, magmoms };
        let mut finite = energy.is_finite();
        if let Some((sites, strain)) = gradient {
            finite &=
                sites.iter().all(|g| g.iter().all(|x| x.is_finite())) && strain.iter().all(|x| x.is_finite());
            let scale = GPA_PER_EV_PER_A3 / volume;
            prediction.forces = want.forces.then(|| sites.iter().map(|g| [-g.x, -g.y, -g.z]).collect());
            prediction.stress =
                want.stress.then(|| std::array::from_fn(|a| std::array::from_fn(|b| strain[(a, b)] * scale)));
        }
        if finite { Ok(prediction) } else { Err(PotentialError::NotFinite) }
    }

    /// Takes the mean of forces and stress over a symmetry that the crystal has.
    pub fn symmetrise(&mut self, crystal: &Crystal, symmetry: &CellSymmetry) {
        if symmetry.order() == 1 {
            return;
        }
        let rotations = symmetry.cartesian_rotations(&crystal.lattice);
        if let Some(forces) = &mut self.forces {
            let mut vectors: Vec<Vector3<f64>> = forces.iter().map(|&force| force.into()).collect();
            symmetry.symmetrise_vectors(&rotations, &mut vectors);
            *forces = vectors.into_iter().map(Into::into).collect();
        }
        if let Some(stress) = &mut self.stress {
            let tensor = Matrix3::from_fn(|a, b| stress[a][b]);
            let mean = symmetry.symmetrised_tensor(&rotations, &tensor);
            *stress = std::array::from_fn(|a| std::array::from_fn(|b| mean[(a, b)]));
        }
    }
}

pub use druse_representations::units::GPA_PER_EV_PER_A3;

/// Why a potential has no energy for a crystal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PotentialError {
    /// The crystal has no sites.
    #[error("a crystal without sites has no energy")]
    Empty,
    /// A site without exactly one element.
    #[error(transparent)]
    Disordered(#[from] DisorderedSite),
    /// An element that the potential was not made for.
    #[error("site {site} holds {element}, which {potential} does not know; it covers {covered}")]
    UnknownElement {
        /// Index of the site, from 0.
        site: usize,
        /// Symbol.
        element: &'static str,
        /// Name of the potential.
        potential: &'static str,
        /// Elements that it covers, in words.
        covered: &'static str,
    },
    /// An atom that sees no other.
    #[error("site {site} has no neighbour within {cutoff} Å; the potential is for condensed matter only")]
    LoneAtom {
        /// Index of the site, from 0.
        site: usize,
        /// Cut-off (Å).
        cutoff: f64,
    },
    /// The geometry admits no neighbour list.
    #[error(transparent)]
    Geometry(#[from] NeighbourError),
    /// The result is not a finite number.
    #[error("the energy, a force or the stress is not a finite number")]
    NotFinite,
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

/// Energies, forces and stresses of crystals.
///
/// Object-safe, so that campaigns and relaxations take any implementation.
///
/// # A complete potential of one's own
///
/// ```
/// use druse_fitness::potential::{Potential, PotentialError, Prediction, Want};
/// use druse_representations::{Crystal, Neighbours};
///
/// /// Lennard-Jones argon: ε = 0.0104 eV, σ = 3.40 Å, cut off at 8 Å. Energies only.
/// struct Argon;
///
/// impl Potential for Argon {
///     fn name(&self) -> &str {
///         "argon"
///     }
///     fn protocol(&self) -> String {
///         "Lennard-Jones 0.0104 eV 3.40 Å 8 Å".into()
///     }
///     fn evaluate(&self, crystals: &[&Crystal], _: Want) -> Vec<Result<Prediction, PotentialError>> {
///         let energy = |crystal: &Crystal| {
///             let pairs = Neighbours::within(crystal, 8.0)?;
///             let energy = pairs.distance.iter().map(|r| {
///                 let x = (3.40 / r).powi(6);
///                 0.5 * 4.0 * 0.0104 * (x * x - x)
///             });
///             Ok(Prediction { energy: energy.sum(), forces: None, stress: None, magmoms: None })
///         };
///         crystals.iter().map(|crystal| energy(crystal)).collect()
///     }
/// }
/// ```
pub trait Potential: Send + Sync {
    /// Name in campaign files and results.
    fn name(&self) -> &str;

    /// Everything that the numbers depend on: version, hash of the weights, number type.
    fn protocol(&self) -> String;

    /// SHA-256 of the weights; `None` when there are no weights.
    fn weights_hash(&self) -> Option<&str> {
        None
    }

    /// What reference energies carry to tell them from those of another model: SHA-256 of the weights, or of the protocol where there
    /// are no weights.
    fn identity(&self) -> String {
        self.weights_hash().map_or_else(|| hash(self.protocol().as_bytes()), str::to_owned)
    }

    /// Whether reference energies with this header are its own, so that its energies may stand beside them.
    fn computed(&self, header: &ReferenceHeader) -> bool {
        self.identity() == header.model_hash && self.hull_name() == header.model
    }

    /// Name of the corrections that its energies need before they may stand on a hull beside those of other crystals; `None` where they
    /// are comparable as they are.
    fn scheme(&self) -> Option<&'static str> {
        None
    }

    /// Those corrections for a crystal; empty where [`Potential::scheme`] is `None`.
    fn ledger(&self, _: &Crystal) -> Ledger {
        Ledger::default()
    }

    /// Name of the energies that stand on a hull: the potential's, and the corrections' where there are any.
    fn hull_name(&self) -> String {
        self.scheme().map_or_else(|| self.name().to_owned(), |scheme| format!("{} + {scheme}", self.name()))
    }

    /// [`Potential::protocol`] of the energies that stand on a hull.
    fn hull_protocol(&self) -> String {
        let scheme = self.scheme().map(|scheme| format!(" with {scheme} corrections"));
        self.protocol() + &scheme.unwrap_or_default()
    }

    /// What stands on a hull for an energy (eV per cell) of this crystal.
    fn hull_energy(&self, crystal: &Crystal, energy: f64) -> f64 {
        energy + self.ledger(crystal).total()
    }

    /// Predictions for several crystals, in order. Quantities that were not wanted are `None`, and
    /// so are wanted ones that the potential does not have.
    fn evaluate(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>>;

    /// Predictions for crystals that have these symmetries. A potential that can do with one atom of each orbit says so here;
    /// others are asked for everything.
    fn evaluate_symmetric(
        &self,
        items: &[(&Crystal, &CellSymmetry)],
        want: Want,
    ) -> Vec<Result<Prediction, PotentialError>> {
        let crystals: Vec<&Crystal> = items.iter().map(|(crystal, _)| *crystal).collect();
        let mut predictions = self.evaluate(&crystals, want);
        for (prediction, (crystal, symmetry)) in predictions.iter_mut().flatten().zip(items) {
            prediction.symmetrise(crystal, symmetry);
        }
        predictions
    }
}
