//! Assembly: coordinates of complexes from ligands and polyhedra.
//!
//! A ligand with a shape is placed as it is: its donors are turned onto the directions of their sites
//! and moved to the usual metal-donor distances. Ligands turn about their axes, then about single
//! bonds, until they are out of each other's way; what clashes still is relieved by small
//! deformations. A ligand without a shape gets one first ([`embed()`]). Every result is checked by
//! [`validate()`]. A [`Vacancy`] is what a complex is without one of its ligands, and what a new one has to fit into.
//!
//! Same complex, options and seed: same coordinates.

mod arrange;
mod clash;
mod distances;
mod embed;
mod fit;
mod freely;
mod ideal;
mod minimise;
mod penalty;
mod prepare;
mod relieve;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tier;
mod topology;
mod vacancy;
mod validate;

use druse_representations::complex::ComplexError;
use druse_representations::ligand::LigandError;
use druse_representations::nalgebra::Vector3;
use druse_representations::{Complex, Geometry};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

pub use distances::Distances;
pub use embed::embed;
pub use freely::place_freely;
pub use tier::AssemblyTier;
pub use vacancy::{Finished, Vacancy};
pub use validate::{BOUND, BOUND_HAPTIC, Flaw, HYDROGENS, TOO_CLOSE, validate};

use arrange::Body;
use prepare::Prepared;
use relieve::Part;

type Point = Vector3<f64>;

/// Ligands whose rigid shape misses its sites by more than this times the limit are not tried.
const BENDABLE: f64 = 1.8;

/// How much effort assembly makes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Seed of start orders, start angles and shapes.
    pub seed: u64,
    /// Starts before the complex is given up; at least one is made.
    pub starts: u32,
    /// Largest angle (degrees) between a donor and its site. Ligands that miss by up to
    /// 1.8 times this are bent first.
    pub misfit: f64,
    /// Clash sum (Å²) that is left as it is.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 0, starts: 4, misfit: 25.0, tolerance: 0.2 }
    }
}

/// A complex in space.
#[derive(Clone, Debug, PartialEq)]
pub struct Assembled {
    /// Positions (Å): the metal at the origin, then the atoms of the ligands in order.
    pub positions: Vec<[f64; 3]>,
    /// How it went.
    pub report: Report,
}

/// How an assembly went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Largest angle (degrees) between a donor and its site after rigid placement.
    pub rigid_misfit: f64,
    /// The same at the end.
    pub misfit: f64,
    /// Clash sum (Å²): squares of the overlaps of atoms of different ligands below 0.85 of the sum of
    /// the van der Waals radii.
    pub clash: f64,
    /// Starts made.
    pub starts: u32,
    /// Whether ligands were deformed to relieve clashes.
    pub relieved: bool,
    /// Whether the mirror image of some ligand was taken, because the shape given wraps around the
    /// metal the other way than its sites ask for. Stereocentres of that ligand are turned over.
    pub mirrored: bool,
}

/// Why a complex cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// The parts of the complex do not fit together.
    #[error(transparent)]
    Complex(#[from] ComplexError),
    /// A ligand is none.
    #[error("ligand {ligand}: {reason}")]
    Ligand {
        /// Ligand.
        ligand: String,
        /// Why.
        reason: LigandError,
    },
    /// A ligand does not reach its sites.
    #[error(
        "ligand {ligand} does not fit its sites: a donor is {angle:.0}° off, expected at most {limit:.0}°"
    )]
    Misfit {
        /// Ligand.
        ligand: String,
        /// Largest angle (degrees) between a donor and its site.
        angle: f64,
        /// Largest angle allowed (degrees).
        limit: f64,
    },
    /// No choice of sites suits all ligands.
    #[error("no choice of sites of {geometry} suits all of the ligands {}", .ligands.join(", "))]
    Unplaceable {
        /// Polyhedron.
        geometry: Geometry,
        /// Ligands.
        ligands: Vec<String>,
    },
    /// Not as many donors as free sites.
    #[error("ligand {ligand} has {donors} donors, expected {sites}, one for each free site")]
    Sites {
        /// Ligand.
        ligand: String,
        /// Its donors.
        donors: usize,
        /// Free sites.
        sites: usize,
    },
    /// A complex without positions.
    #[error("the complex has no positions; expected one that was built")]
    NoPositions,
    /// A ligand that the complex does not have.
    #[error("found no ligand {found} (counted from 0), expected less than {count}")]
    NoSuchLigand {
        /// Number of the ligand.
        found: usize,
        /// Ligands of the complex.
        count: usize,
    },
    /// No sound shape was found for a ligand.
    #[error("no sound shape was found for ligand {ligand}")]
    Shapeless {
        /// Ligand.
        ligand: String,
    },
    /// The best coordinates are not sound.
    #[error("the best coordinates are not sound: {0}")]
    Flawed(#[from] Flaw),
}

/// Builds a complex in space.
///
/// # Errors
/// When the complex or a ligand is none, a ligand does not fit its sites, or no start leads to
/// coordinates that [`validate()`] accepts.
pub fn assemble(
    complex: &Complex,
    distances: &Distances,
    options: &Options,
) -> Result<Assembled, AssemblyError> {
    let prepared = prepare::prepare(complex, distances, options)?;
    let rigid_misfit = prepared.iter().map(|ligand| ligand.misfit).fold(0.0, f64::max);
    let mirrored = prepared.iter().any(|ligand| ligand.is_mirrored);
    let mut start = 0;
    loop {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        rng.set_stream(u64::from(start));
        let mut bodies: Vec<Body> = prepared
            .iter()
            .map(|ligand| Body::new(ligand.points.clone(), &ligand.sites, &ligand.topology))
            .collect();
        if start > 0 {
            arrange::shake(&mut bodies, &mut rng);
        }
        match attempt(complex, &prepared, &mut bodies, options, &mut rng) {
            Ok((positions, relieved)) => {
                let (misfit, clash) = (misfit(&prepared, &bodies).0, arrange::clash_sum(&bodies));
                let report = Report { rigid_misfit, misfit, clash, starts: start + 1, relieved, mirrored };
                return Ok(Assembled { positions, report });
            }
            Err(error) if start + 1 >= options.starts => return Err(error),
            Err(_) => start += 1,
        }
    }
}

/// Largest angle (degrees) between a donor and its site, the complex as a whole turned onto the
/// polyhedron, and the number of its ligand.
fn misfit(prepared: &[Prepared], bodies: &[Body]) -> (f64, usize) {
    let mut owners = Vec::new();
    let mut units = Vec::new();
    let mut sites = Vec::new();
    for (number, (ligand, body)) in prepared.iter().zip(bodies).enumerate() {
        units.extend(fit::donor_points(&body.points, ligand.donors).iter().map(fit::unit));
        sites.extend_from_slice(&ligand.sites);
        owners.resize(units.len(), number);
    }
    let turn = fit::rotation(&units, &sites);
    let angle = |(unit, site): (&Point, &Point)| (turn * unit).dot(site).clamp(-1.0, 1.0).acos().to_degrees();
    let angles = units.iter().zip(&sites).map(angle).zip(owners);
    angles.fold((0.0, 0), |worst, next| if next.0 > worst.0 { next } else { worst })
}

/// One start: sound positions and whether they were relieved.
fn attempt(
    complex: &Complex,
    prepared: &[Prepared],
    bodies: &mut [Body],
    options: &Options,
    rng: &mut ChaCha8Rng,
) -> Result<(Vec<[f64; 3]>, bool), AssemblyError> {
    arrange::turn_axes(bodies, rng);
    if arrange::clash_sum(bodies) > options.tolerance {
        arrange::turn_bonds(bodies);
    }
    let sound = |bodies: &[Body]| {
        let found = positions(bodies);
        validate(complex, &found)?;
        let (angle, worst) = misfit(prepared, bodies);
        if angle > options.misfit {
            let (ligand, limit) = (prepared[worst].name.to_owned(), options.misfit);
            return Err(AssemblyError::Misfit { ligand, angle, limit });
        }
        Ok(found)
    };
    let mut result = sound(bodies);
    if arrange::clash_sum(bodies) <= options.tolerance && result.is_ok() {
        return result.map(|found| (found, false));
    }
    for stiffness in [1.0, 4.0] {
        let parts: Vec<Part> = prepared
            .iter()
            .zip(bodies.iter())
            .map(|(ligand, body)| Part {
                topology: &ligand.topology,
                points: &body.points,
                donors: ligand.donors,
                sites: &ligand.sites,
                atom_distances: &ligand.atom_distances,
                point_distances: &ligand.point_distances,
            })
            .collect();
        let relieved = relieve::relieve(complex, &parts, stiffness);
        for (body, points) in bodies.iter_mut().zip(relieved) {
            body.points = points;
        }
        result = sound(bodies);
        if result.is_ok() {
            break;
        }
    }
    result.map(|found| (found, true))
}

fn positions(bodies: &[Body]) -> Vec<[f64; 3]> {
    std::iter::once([0.0; 3]).chain(bodies.iter().flat_map(|body| &body.points).map(|&p| p.into())).collect()
}
