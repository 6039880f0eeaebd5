//! One Wyckoff position: its orbit for given free parameters, and the way back.

use nalgebra::{Matrix3, Vector3};

use super::parse::Triplet;
use crate::crystal::wrap;

/// An affine map of fractional coordinates, `x -> rotation * x + translation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    pub(super) rotation: Matrix3<f64>,
    pub(super) translation: Vector3<f64>,
}

impl Affine {
    pub(super) fn apply(&self, x: &Vector3<f64>) -> Vector3<f64> {
        self.rotation * x + self.translation
    }
}

/// A Wyckoff position of a space group in its standard setting.
#[derive(Clone, Debug)]
pub struct WyckoffPosition {
    letter: char,
    multiplicity: usize,
    primitive_multiplicity: usize,
    site_symmetry: &'static str,
    coordinates: &'static str,
    /// Representative point for free parameters 0.
    origin: Vector3<f64>,
    /// How the representative point moves with each free parameter.
    directions: Vec<Vector3<f64>>,
    /// For each free parameter a coordinate in which it stands alone, and its sign there.
    pivots: Vec<(usize, f64)>,
    /// Maps of the representative point onto the orbit; the first `primitive_multiplicity` of them
    /// differ by more than a centring translation.
    members: Vec<Affine>,
    /// Inverse maps of `members`.
    inverses: Vec<Affine>,
}

/// What the tables give for a position.
pub(super) struct Entry {
    pub(super) letter: char,
    pub(super) multiplicity: usize,
    pub(super) site_symmetry: &'static str,
    pub(super) coordinates: &'static str,
    pub(super) triplet: Triplet,
}

impl WyckoffPosition {
    /// Builds a position from its table entry and the operations of the conventional cell, whose
    /// first `operations.len() / centring` form the group without centring translations.
    pub(super) fn new(entry: &Entry, operations: &[(Affine, Affine)], centring: usize) -> Self {
        let Triplet { linear, origin } = entry.triplet;
        let free: Vec<usize> = (0..3).filter(|&j| linear.column(j).norm() > 0.0).collect();
        let pivots = free
            .iter()
            .map(|&j| {
                let alone = |i: &usize| {
                    linear[(*i, j)].abs() == 1.0 && (0..3).all(|k| k == j || linear[(*i, k)] == 0.0)
                };
                let i = (0..3).find(alone).expect("each variable of the tables stands alone somewhere");
                (i, linear[(i, j)])
            })
            .collect();
        let mut position = Self {
            letter: entry.letter,
            multiplicity: entry.multiplicity,
            primitive_multiplicity: entry.multiplicity / centring,
            site_symmetry: entry.site_symmetry,
            coordinates: entry.coordinates,
            origin,
            directions: free.iter().map(|&j| linear.column(j).into_owned()).collect(),
            pivots,
            members: Vec::new(),
            inverses: Vec::new(),
        };
        // Generic parameters tell orbit members apart; irrational, so that no two coincide.
        let point = position.representative(&GENERIC);
        let mut seen: Vec<Vector3<f64>> = Vec::new();
        // Without centring first: members equal up to a centring translation come later.
        let coset = operations.len() / centring;
        let mut later = Vec::new();
        for (operation, inverse) in &operations[..coset] {
            let image = operation.apply(&point);
            let repeats = |other: &Affine| {
                operations.iter().step_by(coset).any(|(translation, _)| {
                    same_point(&image, &translation.apply(&other.apply(&point)), 1e-6)
                })
            };
            if position.members.iter().any(repeats) {
                later.push((*operation, *inverse));
            } else {
                seen.push(image);
                position.members.push(*operation);
                position.inverses.push(*inverse);
            }
        }
        later.extend_from_slice(&operations[coset..]);
        for (operation, inverse) in later {
            let image = operation.apply(&point);
            if !seen.iter().any(|other| same_point(&image, other, 1e-6)) {
                seen.push(image);
                position.members.push(operation);
                position.inverses.push(inverse);
            }
        }
        position
    }

    /// Wyckoff letter.
    pub fn letter(&self) -> char {
        self.letter
    }

    /// Number of equivalent points in the conventional cell.
    pub fn multiplicity(&self) -> usize {
        self.multiplicity
    }

    /// Number of equivalent points in the primitive cell.
    pub fn primitive_multiplicity(&self) -> usize {
        self.primitive_multiplicity
    }

    /// Oriented site-symmetry symbol, for instance `4m.m`.
    pub fn site_symmetry(&self) -> &'static str {
        self.site_symmetry
    }

    /// Coordinates of the representative point as text, for instance `x,2x,1/4`.
    pub fn representative_text(&self) -> &'static str {
        self.coordinates
    }

    /// Number of free parameters, 0 to 3. They are the variables of
    /// [`Self::representative_text`] in the order x, y, z.
    pub fn degrees_of_freedom(&self) -> usize {
        self.directions.len()
    }

    /// The representative point (conventional cell, not wrapped). Missing parameters count as 0.
    pub fn representative(&self, free: &[f64]) -> Vector3<f64> {
        self.directions.iter().zip(free).fold(self.origin, |point, (direction, x)| point + direction * *x)
    }

    /// All points of the orbit in the conventional cell, fractional, in [0, 1); always
    /// [`Self::multiplicity`] of them, also where special parameters make points coincide.
    /// Missing parameters count as 0.
    pub fn coordinates(&self, free: &[f64]) -> Vec<Vector3<f64>> {
        let point = self.representative(free);
        self.members.iter().map(|member| member.apply(&point).map(wrap)).collect()
    }

    /// The first [`Self::primitive_multiplicity`] points of [`Self::coordinates`], no two of which
    /// differ by a centring translation; coordinates refer to the conventional cell.
    pub fn primitive_coordinates(&self, free: &[f64]) -> Vec<Vector3<f64>> {
        let point = self.representative(free);
        self.members[..self.primitive_multiplicity]
            .iter()
            .map(|member| member.apply(&point).map(wrap))
            .collect()
    }

    /// Free parameters in [0, 1) that put some point of the orbit on `frac` (conventional cell)
    /// within `tolerance` (fractional, per coordinate); of several solutions the
    /// lexicographically smallest, parameters closer than 1e-6 counting as equal.
    pub fn parameters_of(&self, frac: &Vector3<f64>, tolerance: f64) -> Option<Vec<f64>> {
        self.all_parameters_of(frac, tolerance)
            .reduce(|best, next| if lexicographically_less(&next, &best, 1e-6) { next } else { best })
    }

    /// All free parameters that put a point of the orbit on `frac`, one solution per way of
    /// mapping the representative point there.
    pub fn all_parameters_of(
        &self,
        frac: &Vector3<f64>,
        tolerance: f64,
    ) -> impl Iterator<Item = Vec<f64>> + '_ {
        let frac = *frac;
        self.inverses.iter().filter_map(move |inverse| {
            let point = inverse.apply(&frac);
            let free: Vec<f64> = self
                .pivots
                .iter()
                .map(|&(i, sign)| near_zero_wrap(sign * (point[i] - self.origin[i])))
                .collect();
            same_point(&self.representative(&free), &point, tolerance).then_some(free)
        })
    }
}

/// Parameters without special relations: any two images of such a point differ.
pub(crate) const GENERIC: [f64; 3] = [0.141_592_653_589_793, 0.236_067_977_499_79, 0.379_795_897_113_271];

/// `x` modulo 1 in [0, 1), values less than 1e-9 below 1 becoming 0.
fn near_zero_wrap(x: f64) -> f64 {
    let y = wrap(x);
    if y > 1.0 - 1e-9 { 0.0 } else { y }
}

/// Whether two points agree modulo lattice translations, each coordinate within `tolerance`.
pub(crate) fn same_point(x: &Vector3<f64>, y: &Vector3<f64>, tolerance: f64) -> bool {
    (x - y).iter().all(|d| (d - d.round()).abs() <= tolerance)
}

/// Lexicographic `x < y` with values closer than `tolerance` counting as equal.
pub(crate) fn lexicographically_less(x: &[f64], y: &[f64], tolerance: f64) -> bool {
    for (a, b) in x.iter().zip(y) {
        if (a - b).abs() > tolerance {
            return a < b;
        }
    }
    x.len() < y.len()
}
