//! Space-group analysis of crystals, ordered or disordered.

use std::panic::{AssertUnwindSafe, catch_unwind};

use moyo::MoyoDataset;
use moyo::base::{AngleTolerance, Cell};
use moyo::data::Setting;
use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};

use crate::crystal::{Crystal, Occupant, Site};
use crate::lattice::Lattice;
use crate::reduction::hermite::hermite;
use crate::reduction::{Folded, in_cell, niggli};
use crate::wyckoff::space_group;

use super::search::{WellPosed, well_posed};

/// Occupancies that differ by less than this count as the same when sites are compared.
const OCCUPANCY_TOLERANCE: f64 = 1e-3;

/// Why a crystal has no symmetry analysis.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SymmetryError {
    /// No site.
    #[error("the crystal has no sites; symmetry needs at least one")]
    NoSites,
    /// The tolerance is no positive number.
    #[error("symprec is {0}; expected a positive number of Å such as 0.01")]
    BadTolerance(f64),
    /// A site has no occupant, or its coordinates are not finite.
    #[error("site {site}: {reason}")]
    BadSite {
        /// Index of the site, from 0.
        site: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The lattice is not finite, has no volume, or is too extreme for a search.
    #[error("the cell cannot be analysed: {0}")]
    BadCell(String),
    /// Two sites coincide.
    #[error("sites {first} and {second} are {distance:.2e} Å apart, closer than symprec {symprec} Å")]
    OverlappingSites {
        /// Index of one site, from 0.
        first: usize,
        /// Index of the other.
        second: usize,
        /// Their distance (Å).
        distance: f64,
        /// Tolerance (Å).
        symprec: f64,
    },
    /// The symmetry search gave up.
    #[error("symmetry search failed at symprec {symprec} Å: {reason}")]
    SearchFailed {
        /// Tolerance asked for (Å).
        symprec: f64,
        /// Message of the search.
        reason: String,
    },
    /// A symmetry code needs one element per site.
    #[error("site {site} is disordered; the symmetry representation needs one element per site")]
    Disordered {
        /// Index of the first disordered site, from 0.
        site: usize,
    },
    /// Sites and Wyckoff positions of a standardised cell do not fit together.
    #[error("space group {number} at symprec {symprec} Å: {reason}")]
    InconsistentSites {
        /// Space group found.
        number: u8,
        /// Tolerance used (Å).
        symprec: f64,
        /// What does not fit.
        reason: String,
    },
    /// A symmetry code that describes no crystal.
    #[error(transparent)]
    BadCode(#[from] super::CodeError),
}

/// A symmetry operation `x -> rotation * x + translation` on columns of fractional coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Rotation part in the basis of the cell it belongs to.
    pub rotation: Matrix3<i32>,
    /// Translation part (fractional).
    pub translation: Vector3<f64>,
}

impl Operation {
    /// Image of a point (fractional, not wrapped).
    pub fn apply(&self, frac: &Vector3<f64>) -> Vector3<f64> {
        self.rotation.map(f64::from) * frac + self.translation
    }
}

/// Symmetry of one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSymmetry {
    /// Wyckoff letter in the standard setting.
    pub letter: char,
    /// Oriented site-symmetry symbol, for instance `4m.m`.
    pub symbol: String,
    /// Index of the first site of the input that is equivalent to this one.
    pub representative: usize,
}

/// Result of [`analyse`].
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetryInfo {
    /// Space group number, 1 to 230.
    pub number: u8,
    /// Short Hermann-Mauguin symbol, for instance `Fd-3m`.
    pub symbol: String,
    /// Hall number of the standard setting, 1 to 530.
    pub hall_number: i32,
    /// Symbol of the point group, for instance `m-3m`.
    pub point_group: String,
    /// Pearson symbol, for instance `cF8`.
    pub pearson_symbol: String,
    /// Operations in the input cell.
    pub operations: Vec<Operation>,
    /// One entry for each site of the input.
    pub sites: Vec<SiteSymmetry>,
    /// For each site of the input its site in [`Self::primitive`].
    pub site_in_primitive: Vec<usize>,
    /// Idealised conventional cell in the standard setting.
    pub conventional: Crystal,
    /// Idealised primitive cell of the standard setting.
    pub primitive: Crystal,
    /// Tolerance that the result belongs to (Å): about 0.9 of the given one, or less where the
    /// operations found within that form no group.
    pub symprec: f64,
}

impl SymmetryInfo {
    /// Number of symmetrically different sites.
    pub fn orbit_count(&self) -> usize {
        self.sites.iter().enumerate().filter(|(i, site)| *i == site.representative).count()
    }
}

/// Finds the symmetry of a crystal within `symprec` (Å), in the standard setting, with moyo
/// (K. Shinohara, <https://github.com/spglib/moyo>).
///
/// Disordered sites are equal when they hold the same elements with the same occupancies (to
/// 1e-3). Structures with 5 decimals need a `symprec` of at least 1e-3; 0.01 is usual.
///
/// # Errors
/// For impossible cells, sites that coincide, and when the search finds no consistent group.
pub fn analyse(crystal: &Crystal, symprec: f64) -> Result<SymmetryInfo, SymmetryError> {
    let (posed, t) = posed(crystal, symprec)?;
    let failed = |reason: String| SymmetryError::SearchFailed { symprec, reason };
    let Folded { crystal: primitive, to_primitive, mapping } = posed.folded;
    let (numbers, classes) = species_classes(&primitive);
    let columns = moyo::base::Lattice::new(*primitive.lattice.matrix());
    let cell = Cell::new(columns, primitive.fractional(), numbers);
    // A panic of the library on an unforeseen input must not end a campaign.
    let found = catch_unwind(AssertUnwindSafe(|| {
        MoyoDataset::new(&cell, posed.symprec, AngleTolerance::default(), Setting::Standard, true)
    }));
    let data = found
        .map_err(|_| failed("the search stopped on an internal error".into()))?
        .map_err(|error| failed(error.to_string()))?;
    let group = u8::try_from(data.number).ok().and_then(space_group);
    let group = group.ok_or_else(|| failed(format!("unknown space group {}", data.number)))?;
    let crystal_of = |cell: &Cell| crystal_from(cell, &classes);
    let mut first_of_orbit = std::collections::BTreeMap::new();
    let sites = mapping
        .iter()
        .enumerate()
        .map(|(index, &site)| SiteSymmetry {
            letter: data.wyckoffs[site],
            symbol: data.site_symmetry_symbols[site].clone(),
            representative: *first_of_orbit.entry(data.orbits[site]).or_insert(index),
        })
        .collect();
    let to_primitive = to_primitive * inverse_transpose(&t);
    let operation =
        |one: &moyo::base::Operation| Operation { rotation: one.rotation, translation: one.translation };
    let operations: Vec<Operation> = data.operations.iter().map(operation).collect();
    Ok(SymmetryInfo {
        number: group.number(),
        symbol: group.symbol().to_owned(),
        hall_number: data.hall_number,
        point_group: group.point_group().to_owned(),
        pearson_symbol: data.pearson_symbol.clone(),
        operations: operations_in_cell(&operations, &to_primitive),
        sites,
        site_in_primitive: mapping.iter().map(|&site| data.mapping_std_prim[site]).collect(),
        conventional: crystal_of(&data.std_cell),
        primitive: crystal_of(&data.prim_std_cell),
        symprec: data.symprec,
    })
}

/// The operations of [`analyse`] alone, for much less work.
pub(super) fn operations(crystal: &Crystal, symprec: f64) -> Result<Vec<Operation>, SymmetryError> {
    let (posed, t) = posed(crystal, symprec)?;
    Ok(operations_in_cell(&posed.operations, &(posed.folded.to_primitive * inverse_transpose(&t))))
}

/// Number of sites of the primitive cell of a crystal, and of the operations of that cell.
pub(super) fn extent(crystal: &Crystal, symprec: f64) -> Result<(usize, usize), SymmetryError> {
    let (posed, _) = posed(crystal, symprec)?;
    Ok((posed.folded.crystal.sites.len(), posed.operations.len()))
}

/// The primitive cell of a crystal that can be searched, and the basis change of its reduction.
fn posed(crystal: &Crystal, symprec: f64) -> Result<(WellPosed, Matrix3<i32>), SymmetryError> {
    check_values(crystal, symprec)?;
    // Searches work on reduced cells: in long thin ones nearest images are not found by rounding.
    let (lattice, t) = niggli(&crystal.lattice).map_err(|error| SymmetryError::BadCell(error.to_string()))?;
    let reduced = in_cell(crystal, lattice, &t);
    check_lattice(&reduced.lattice, symprec)?;
    let nearest = check_overlaps(&reduced, symprec)?;
    // Farther apart than this sites cannot be mistaken for each other.
    let bound = symprec.min(nearest / 4.0);
    let reason = "the operations found form no group at any smaller tolerance".to_owned();
    let posed = well_posed(&reduced, bound).ok_or(SymmetryError::SearchFailed { symprec, reason })?;
    Ok((posed, t))
}

/// Inverse of the transpose of a unimodular matrix.
fn inverse_transpose(t: &Matrix3<i32>) -> Matrix3<f64> {
    t.map(f64::from).try_inverse().map_or_else(Matrix3::identity, |m| m.map(f64::round).transpose())
}

/// Operations of the primitive cell in a cell with `x_primitive = B x_cell`, pure translations of
/// that cell included; those that do not keep its lattice are left out.
fn operations_in_cell(operations: &[Operation], to_primitive: &Matrix3<f64>) -> Vec<Operation> {
    let Some(back) = to_primitive.try_inverse() else { return Vec::new() };
    // Columns of B generate the lattice of the cell within the primitive one.
    let columns = (0..3).map(|j| std::array::from_fn(|i| to_primitive[(i, j)].round() as i64)).collect();
    let Some(basis) = hermite(columns) else { return Vec::new() };
    let mut translations = Vec::new();
    for i in 0..basis[0][0] {
        for j in 0..basis[1][1] {
            for k in 0..basis[2][2] {
                translations.push(back * Vector3::new(i as f64, j as f64, k as f64));
            }
        }
    }
    let mut all = Vec::with_capacity(operations.len() * translations.len());
    for shift in &translations {
        for operation in operations {
            let exact = back * operation.rotation.map(f64::from) * to_primitive;
            let rotation = exact.map(f64::round);
            if (exact - rotation).amax() < 1e-6 {
                let translation = (back * operation.translation + shift).map(crate::crystal::wrap);
                all.push(Operation { rotation: rotation.map(|x| x as i32), translation });
            }
        }
    }
    all
}

/// Refuses values that no search can handle.
fn check_values(crystal: &Crystal, symprec: f64) -> Result<(), SymmetryError> {
    if !(symprec > 0.0 && symprec.is_finite()) {
        return Err(SymmetryError::BadTolerance(symprec));
    }
    if crystal.sites.is_empty() {
        return Err(SymmetryError::NoSites);
    }
    for (site, s) in crystal.sites.iter().enumerate() {
        let reason = if s.occupants.is_empty() {
            "it has no occupant".to_owned()
        } else if s.frac.iter().any(|x| !x.is_finite() || x.abs() > 1e6) {
            format!("coordinates ({}, {}, {}) are out of range", s.frac[0], s.frac[1], s.frac[2])
        } else if let Some(o) = s.occupants.iter().find(|o| !o.occupancy.is_finite()) {
            format!("occupancy {} of {} is no number", o.occupancy, o.element)
        } else {
            continue;
        };
        return Err(SymmetryError::BadSite { site, reason });
    }
    Ok(())
}

/// Longest vector (Å) of a reduced cell that is analysed.
const MAX_LENGTH: f64 = 1e5;

/// Shortest vector (Å) of a reduced cell that is analysed: far below any distance of atoms.
const MIN_LENGTH: f64 = 0.1;

/// Refuses reduced cells that are too large or too thin.
fn check_lattice(lattice: &Lattice, symprec: f64) -> Result<(), SymmetryError> {
    let bad = |reason: String| Err(SymmetryError::BadCell(reason));
    let longest = lattice.lengths().into_iter().fold(0.0, f64::max);
    if longest > MAX_LENGTH {
        return bad(format!(
            "its longest vector has {longest:.3e} Å; at most {MAX_LENGTH:.0e} Å are analysed"
        ));
    }
    let shortest = lattice.lengths().into_iter().fold(f64::INFINITY, f64::min);
    if shortest < MIN_LENGTH {
        return bad(format!(
            "its shortest vector has {shortest:.3e} Å; at least {MIN_LENGTH} Å are analysed"
        ));
    }
    let thinnest = lattice.plane_spacings().into_iter().fold(f64::INFINITY, f64::min);
    if thinnest < 8.0 * symprec {
        return bad(format!("thickness {thinnest:.3e} Å is not large against symprec {symprec} Å"));
    }
    Ok(())
}

/// The smallest distance between sites of a reduced cell up to four times the tolerance (Å);
/// refuses sites closer than the tolerance, which no search can tell apart. Sites are sorted along
/// a, so few pairs are compared.
fn check_overlaps(crystal: &Crystal, symprec: f64) -> Result<f64, SymmetryError> {
    let lattice = &crystal.lattice;
    let mut nearest = 4.0 * symprec;
    let window = nearest / lattice.plane_spacings()[0];
    let mut order: Vec<(f64, usize)> =
        crystal.sites.iter().enumerate().map(|(i, site)| (crate::crystal::wrap(site.frac[0]), i)).collect();
    order.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
    let n = order.len();
    for (k, &(x, i)) in order.iter().enumerate() {
        for step in 1..n {
            let (y, j) = order[(k + step) % n];
            let gap = if k + step >= n { y + 1.0 - x } else { y - x };
            if gap > window {
                break;
            }
            let mut d = crystal.sites[i].frac - crystal.sites[j].frac;
            d -= d.map(f64::round);
            let distance = lattice.to_cartesian(&d).norm();
            if distance < symprec {
                let (first, second) = (i.min(j), i.max(j));
                return Err(SymmetryError::OverlappingSites { first, second, distance, symprec });
            }
            nearest = nearest.min(distance);
        }
    }
    Ok(nearest)
}

/// Occupants of a site by atomic number.
fn sorted_occupants(site: &Site) -> Vec<Occupant> {
    let mut occupants = site.occupants.clone();
    occupants.sort_by_key(|o| o.element);
    occupants
}

/// Number of the species class of each site, and the occupants of each class.
pub(crate) fn species_classes(crystal: &Crystal) -> (Vec<i32>, Vec<Vec<Occupant>>) {
    let mut classes: Vec<Vec<Occupant>> = Vec::new();
    let same = |x: &[Occupant], y: &[Occupant]| {
        x.len() == y.len()
            && x.iter().zip(y).all(|(a, b)| {
                a.element == b.element && (a.occupancy - b.occupancy).abs() < OCCUPANCY_TOLERANCE
            })
    };
    let numbers = crystal
        .sites
        .iter()
        .map(|site| {
            let occupants = sorted_occupants(site);
            let known = classes.iter().position(|class| same(class, &occupants));
            let index = known.unwrap_or_else(|| {
                classes.push(occupants);
                classes.len() - 1
            });
            index as i32
        })
        .collect();
    (numbers, classes)
}

fn crystal_from(cell: &Cell, classes: &[Vec<Occupant>]) -> Crystal {
    let sites = cell
        .positions
        .iter()
        .zip(&cell.numbers)
        .map(|(frac, &number)| Site { occupants: classes[number as usize].clone(), frac: *frac })
        .collect();
    // moyo keeps the vectors as columns.
    Crystal { lattice: Lattice::from_matrix(cell.lattice.basis.transpose()), sites }.wrapped()
}
