//! Space-group analysis of crystals, ordered or disordered.

use std::panic::{AssertUnwindSafe, catch_unwind};

use moyo::MoyoDataset;
use moyo::base::{AngleTolerance, Cell};
use moyo::data::Setting;
use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};

use crate::crystal::{Crystal, Occupant, Site};
use crate::lattice::Lattice;
use crate::wyckoff::space_group;

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
    /// Tolerance that the search ended with (Å); it lowers or raises the given one by itself when
    /// the operations found do not form a group.
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
    check(crystal, symprec)?;
    let (numbers, classes) = species_classes(crystal);
    let lattice = moyo::base::Lattice::new(*crystal.lattice.matrix());
    let cell = Cell::new(lattice, crystal.fractional(), numbers);
    // The checks above exclude the inputs known to break the search; a panic of the library on an
    // unknown one must still not end a campaign.
    let found = catch_unwind(AssertUnwindSafe(|| {
        MoyoDataset::new(&cell, symprec, AngleTolerance::default(), Setting::Standard, true)
    }));
    let failed = |reason: String| SymmetryError::SearchFailed { symprec, reason };
    let data = found
        .map_err(|_| failed("the search stopped on an internal error".into()))?
        .map_err(|error| failed(error.to_string()))?;
    let group = u8::try_from(data.number).ok().and_then(space_group);
    let group = group.ok_or_else(|| failed(format!("unknown space group {}", data.number)))?;
    let crystal_of = |cell: &Cell| crystal_from(cell, &classes);
    let sites = data
        .wyckoffs
        .iter()
        .zip(&data.site_symmetry_symbols)
        .zip(&data.orbits)
        .map(|((&letter, symbol), &representative)| SiteSymmetry {
            letter,
            symbol: symbol.clone(),
            representative,
        })
        .collect();
    Ok(SymmetryInfo {
        number: group.number(),
        symbol: group.symbol().to_owned(),
        hall_number: data.hall_number,
        point_group: group.point_group().to_owned(),
        pearson_symbol: data.pearson_symbol.clone(),
        operations: data
            .operations
            .iter()
            .map(|op| Operation { rotation: op.rotation, translation: op.translation })
            .collect(),
        sites,
        site_in_primitive: data.mapping_std_prim.clone(),
        conventional: crystal_of(&data.std_cell),
        primitive: crystal_of(&data.prim_std_cell),
        symprec: data.symprec,
    })
}

/// Refuses what no search can handle.
fn check(crystal: &Crystal, symprec: f64) -> Result<(), SymmetryError> {
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
    check_lattice(&crystal.lattice, symprec)?;
    check_overlaps(crystal, symprec)
}

/// Ratio of the longest vector to the smallest distance between cell faces above which a search is
/// hopeless: positions with 16 digits no longer resolve the tolerance.
const MAX_SKEWNESS: f64 = 1e4;
/// Longest vector (Å) of a cell that is analysed.
const MAX_LENGTH: f64 = 1e5;

fn check_lattice(lattice: &Lattice, symprec: f64) -> Result<(), SymmetryError> {
    let lengths = lattice.lengths();
    let bad = |reason: String| Err(SymmetryError::BadCell(reason));
    if !lattice.matrix().iter().all(|x| x.is_finite()) {
        return bad("its vectors are not finite".into());
    }
    let longest = lengths.into_iter().fold(0.0, f64::max);
    if longest.is_nan() || longest > MAX_LENGTH {
        return bad(format!(
            "its longest vector has {longest:.3e} Å; at most {MAX_LENGTH:.0e} Å are analysed"
        ));
    }
    if lattice.volume() <= 0.0 {
        return bad("it spans no volume".into());
    }
    let thinnest = lattice.plane_spacings().into_iter().fold(f64::INFINITY, f64::min);
    if longest > MAX_SKEWNESS * thinnest {
        return bad(format!("longest vector {longest:.3e} Å against a thickness of {thinnest:.3e} Å"));
    }
    if thinnest < 4.0 * symprec {
        return bad(format!("thickness {thinnest:.3e} Å is not large against symprec {symprec} Å"));
    }
    Ok(())
}

/// Refuses sites closer than the tolerance: permutations of sites would be ambiguous. Cells of
/// neighbouring boxes of fractional coordinates are compared by sorting along a.
fn check_overlaps(crystal: &Crystal, symprec: f64) -> Result<(), SymmetryError> {
    let lattice = &crystal.lattice;
    let window = symprec / lattice.plane_spacings()[0];
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
        }
    }
    Ok(())
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
