//! The affine normalizer of a space group: changes of basis and origin that describe the same
//! group again, and so turn one code of a crystal into another.
//!
//! A change `(P, p)` gives new conventional vectors `(a, b, c) P` and new coordinates
//! `x' = P^-1 (x - p)`. It belongs to the normalizer when `(P, p)^-1 G (P, p) = G`. With the group
//! in primitive axes that is, for every generator `(W, w)`:
//!
//! ```text
//! P^-1 W P = W'            with (W', w') in G
//! (W - I) p = P w' - w     modulo 1
//! ```
//!
//! The second line is a linear system over the reals modulo 1, solved once per group by the Smith
//! normal form of the stacked `W - I` (B. Eick, F. Gähler and W. Nickel, Acta Cryst. A53, 467-474
//! (1997)); its homogeneous solutions are the translations of the normalizer. Compare
//! International Tables A, chapter 3.5.

use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

use moyo::data::HallSymbol;
use moyo::math::SNF;
use nalgebra::{DMatrix, DVector, Dyn, Matrix3, OMatrix, U3, Vector3};

use super::CrystalSystem;
use crate::wyckoff::{GENERIC, SpaceGroup, space_group};

/// Tolerance for exact fractions computed in floating point.
const EXACT: f64 = 1e-6;

/// A change of basis and origin of the conventional cell: `x' = P^-1 (x - p)`.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) linear: Matrix3<i32>,
    inverse: Matrix3<f64>,
    pub(super) origin: Vector3<f64>,
}

impl Change {
    fn new(linear: Matrix3<i32>, origin: Vector3<f64>) -> Option<Self> {
        let inverse = linear.map(f64::from).try_inverse()?.map(f64::round);
        Some(Self { linear, inverse, origin })
    }

    /// New coordinates of a point.
    pub(super) fn apply(&self, x: &Vector3<f64>) -> Vector3<f64> {
        self.inverse * (x - self.origin)
    }

    /// The same change followed by a shift of the origin.
    pub(super) fn shifted(&self, translation: &Vector3<f64>) -> Self {
        Self { origin: self.origin + translation, ..self.clone() }
    }
}

/// A change together with what it does to the Wyckoff letters.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) change: Change,
    /// Index of the Wyckoff position that each position becomes.
    pub(super) letters: Vec<u8>,
}

/// What is known about the normalizer of one space group.
pub(super) struct Normalizer {
    group: &'static SpaceGroup,
    system: CrystalSystem,
    /// Translations of the normalizer modulo those of the group and modulo polar axes.
    translations: Vec<Vector3<f64>>,
    polar_axes: Vec<usize>,
    /// Rotation and translation parts of the group in primitive axes.
    primitive: Vec<(Matrix3<i32>, Vector3<f64>)>,
    generators: Vec<(Matrix3<i32>, Vector3<f64>)>,
    smith: SNF<Dyn, U3>,
    fixed_settings: OnceLock<Vec<Setting>>,
    letter_permutations: OnceLock<Vec<Vec<u8>>>,
}

/// The normalizer of space group `number`; `None` outside 1..=230.
pub(super) fn normalizer(number: u8) -> Option<&'static Normalizer> {
    static ALL: LazyLock<Vec<OnceLock<Option<Normalizer>>>> =
        LazyLock::new(|| (0..230).map(|_| OnceLock::new()).collect());
    let cell = ALL.get(usize::from(number).checked_sub(1)?)?;
    cell.get_or_init(|| Normalizer::new(number)).as_ref()
}

impl Normalizer {
    fn new(number: u8) -> Option<Self> {
        let group = space_group(number)?;
        let system = CrystalSystem::of(number)?;
        let q = group.centring().map(f64::from);
        let q_inverse = q.try_inverse()?;
        let primitive = group
            .rotations()
            .iter()
            .zip(group.translations())
            .take(group.order())
            .map(|(rotation, translation)| {
                ((q * rotation.map(f64::from) * q_inverse).map(|x| x.round() as i32), q * translation)
            })
            .collect();
        let generators: Vec<_> = HallSymbol::from_hall_number(group.hall_number())?
            .primitive_generators()
            .into_iter()
            .map(|op| (op.rotation, op.translation))
            .collect();
        // Space group 1 has no generator beside translations.
        let generators =
            if generators.is_empty() { vec![(Matrix3::identity(), Vector3::zeros())] } else { generators };
        let stacked = OMatrix::<i32, Dyn, U3>::from_fn(3 * generators.len(), |i, j| {
            generators[i / 3].0[(i % 3, j)] - i32::from(i % 3 == j)
        });
        let smith = SNF::new(&stacked);
        let mut translations = vec![Vector3::zeros()];
        for k in 0..3 {
            let order = smith.d[(k, k)];
            let step = q_inverse * smith.r.column(k).map(f64::from) / f64::from(order.max(1));
            translations = translations
                .iter()
                .flat_map(|t| (0..order.max(1)).map(move |n| t + step * f64::from(n)))
                .collect();
        }
        let is_polar = |axis: &usize| {
            let mut e = Vector3::zeros();
            e[*axis] = 1;
            group.rotations().iter().all(|rotation| rotation * e == e)
        };
        Some(Self {
            group,
            system,
            translations,
            polar_axes: (0..3).filter(is_polar).collect(),
            primitive,
            generators,
            smith,
            fixed_settings: OnceLock::new(),
            letter_permutations: OnceLock::new(),
        })
    }

    /// Conventional axes along which the origin is arbitrary.
    pub(super) fn polar_axes(&self) -> &[usize] {
        &self.polar_axes
    }

    /// The change with this linear part (conventional axes) and some fitting origin; `None` when
    /// no origin makes it a member of the normalizer.
    pub(super) fn change(&self, linear: &Matrix3<i32>) -> Option<Change> {
        let q = self.group.centring().map(f64::from);
        let q_inverse = q.try_inverse()?;
        let exact = q * linear.map(f64::from) * q_inverse;
        let p = exact.map(|x| x.round() as i32);
        if (exact - p.map(f64::from)).abs().max() > EXACT {
            return None; // does not keep the centring
        }
        let p_real = p.map(f64::from);
        let p_inverse = p_real.try_inverse()?.map(|x| x.round() as i32);
        let mut right = DVector::zeros(3 * self.generators.len());
        for (k, (rotation, translation)) in self.generators.iter().enumerate() {
            let conjugate = p_inverse * rotation * p;
            let (_, image) = self.primitive.iter().find(|(candidate, _)| *candidate == conjugate)?;
            right.fixed_rows_mut::<3>(3 * k).copy_from(&(p_real * image - translation));
        }
        let left: DMatrix<f64> = self.smith.l.map(f64::from);
        let reduced = left * right;
        let mut y = Vector3::zeros();
        for (i, &value) in reduced.iter().enumerate() {
            let pivot = if i < 3 { self.smith.d[(i, i)] } else { 0 };
            if pivot != 0 {
                y[i] = value / f64::from(pivot);
            } else if (value - value.round()).abs() > EXACT {
                return None;
            }
        }
        Change::new(*linear, q_inverse * (self.smith.r.map(f64::from) * y))
    }

    /// Settings of all handedness that keep the shape of the cell up to the order of axes
    /// (orthorhombic), or the cell itself (tetragonal to cubic), one for each coset of the group.
    /// Empty for triclinic and monoclinic groups, whose changes are infinitely many.
    pub(super) fn fixed_settings(&self) -> &[Setting] {
        self.fixed_settings.get_or_init(|| {
            let candidates = match self.system {
                CrystalSystem::Triclinic | CrystalSystem::Monoclinic => return Vec::new(),
                CrystalSystem::Orthorhombic | CrystalSystem::Cubic => signed_permutations(),
                CrystalSystem::Tetragonal => {
                    signed_permutations().into_iter().filter(|p| p[(2, 2)] != 0).collect()
                }
                CrystalSystem::Trigonal | CrystalSystem::Hexagonal => hexagonal_matrices(),
            };
            self.settings(&self.cosets(candidates))
        })
    }

    /// The changes with all translations of the normalizer.
    pub(super) fn settings(&self, changes: &[Change]) -> Vec<Setting> {
        let shifted = changes.iter().flat_map(|change| self.translations.iter().map(|t| change.shifted(t)));
        shifted
            .filter_map(|change| {
                let letters = self.letters_under(&change)?;
                Some(Setting { change, letters })
            })
            .collect()
    }

    /// Members of the normalizer among `candidates`, one for each coset of the point group,
    /// proper ones before improper ones, each in the order given.
    pub(super) fn cosets(&self, candidates: impl IntoIterator<Item = Matrix3<i32>>) -> Vec<Change> {
        let (proper, improper): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|p| determinant(p) > 0);
        let rotations = &self.group.rotations()[..self.group.order()];
        let mut known: BTreeSet<[i32; 9]> = BTreeSet::new();
        let mut changes = Vec::new();
        for linear in proper.into_iter().chain(improper) {
            if known.contains(&entries(&linear)) {
                continue;
            }
            if let Some(change) = self.change(&linear) {
                known.extend(rotations.iter().map(|rotation| entries(&(linear * rotation))));
                changes.push(change);
            }
        }
        changes
    }

    /// Index of the Wyckoff position that each position becomes under a change.
    pub(super) fn letters_under(&self, change: &Change) -> Option<Vec<u8>> {
        let positions = self.group.positions();
        positions
            .iter()
            .map(|position| {
                let image = change.apply(&position.representative(&GENERIC));
                let fits = |other: &crate::wyckoff::WyckoffPosition| {
                    other.multiplicity() == position.multiplicity()
                        && other.degrees_of_freedom() == position.degrees_of_freedom()
                        && other.all_parameters_of(&image, EXACT).next().is_some()
                };
                positions.iter().position(fits).map(|index| index as u8)
            })
            .collect()
    }

    /// All permutations of the Wyckoff positions that the affine normalizer causes, mirror images
    /// included; the identity is among them.
    pub(super) fn letter_permutations(&self) -> &[Vec<u8>] {
        self.letter_permutations.get_or_init(|| {
            let own;
            let settings = match self.system {
                CrystalSystem::Triclinic => {
                    own = self.settings(&self.cosets(triclinic_generators()));
                    &own[..]
                }
                CrystalSystem::Monoclinic => {
                    own = self.settings(&self.cosets(monoclinic_matrices(2)));
                    &own[..]
                }
                _ => self.fixed_settings(),
            };
            let generators = settings.iter().map(|setting| setting.letters.clone()).collect();
            closure(&generators, self.group.positions().len())
        })
    }
}

/// The group of permutations that `generators` generate, sorted.
fn closure(generators: &BTreeSet<Vec<u8>>, size: usize) -> Vec<Vec<u8>> {
    let identity: Vec<u8> = (0..size as u8).collect();
    let mut known = BTreeSet::from([identity.clone()]);
    let mut fresh = vec![identity];
    while let Some(permutation) = fresh.pop() {
        for generator in generators {
            let product: Vec<u8> = permutation.iter().map(|&i| generator[usize::from(i)]).collect();
            if known.insert(product.clone()) {
                fresh.push(product);
            }
        }
    }
    known.into_iter().collect()
}

fn entries(p: &Matrix3<i32>) -> [i32; 9] {
    std::array::from_fn(|k| p[(k / 3, k % 3)])
}

pub(super) fn determinant(p: &Matrix3<i32>) -> i32 {
    p[(0, 0)] * (p[(1, 1)] * p[(2, 2)] - p[(1, 2)] * p[(2, 1)])
        - p[(0, 1)] * (p[(1, 0)] * p[(2, 2)] - p[(1, 2)] * p[(2, 0)])
        + p[(0, 2)] * (p[(1, 0)] * p[(2, 1)] - p[(1, 1)] * p[(2, 0)])
}

/// All 3 x 3 matrices with entries of `values`.
fn matrices(values: &[i32]) -> impl Iterator<Item = Matrix3<i32>> + '_ {
    let n = values.len();
    (0..n.pow(9)).map(move |code| {
        let mut rest = code;
        let mut next = || {
            let value = values[rest % n];
            rest /= n;
            value
        };
        Matrix3::from_fn(|_, _| next())
    })
}

/// The 48 signed permutation matrices, the identity first.
fn signed_permutations() -> Vec<Matrix3<i32>> {
    let one_each =
        |p: &Matrix3<i32>| (0..3).all(|i| p.row(i).abs().sum() == 1 && p.column(i).abs().sum() == 1);
    identity_first(matrices(&[1, 0, -1]).filter(one_each).collect())
}

/// The 24 operations of 6/mmm in hexagonal axes, the identity first.
fn hexagonal_matrices() -> Vec<Matrix3<i32>> {
    let metric = Matrix3::new(2, -1, 0, -1, 2, 0, 0, 0, 7);
    identity_first(matrices(&[1, 0, -1]).filter(|p| p.transpose() * metric * p == metric).collect())
}

fn identity_first(mut list: Vec<Matrix3<i32>>) -> Vec<Matrix3<i32>> {
    list.sort_by_key(|p| *p != Matrix3::identity());
    list
}

/// Proper unimodular matrices with entries -1, 0, 1, the identity first.
pub(super) fn triclinic_matrices() -> &'static [Matrix3<i32>] {
    static LIST: LazyLock<Vec<Matrix3<i32>>> =
        LazyLock::new(|| identity_first(matrices(&[1, 0, -1]).filter(|p| determinant(p) == 1).collect()));
    &LIST
}

/// A shear, a cyclic and an odd permutation: with the inversion they generate all unimodular
/// matrices.
fn triclinic_generators() -> Vec<Matrix3<i32>> {
    vec![
        Matrix3::new(1, 1, 0, 0, 1, 0, 0, 0, 1),
        Matrix3::new(0, 0, 1, 1, 0, 0, 0, 1, 0),
        Matrix3::new(0, 1, 0, 1, 0, 0, 0, 0, -1),
    ]
}

/// Unimodular matrices that keep the b axis, with entries up to `range` in the a-c plane, the
/// identity first.
pub(super) fn monoclinic_matrices(range: i32) -> Vec<Matrix3<i32>> {
    let mut list = Vec::new();
    for p in -range..=range {
        for q in -range..=range {
            for r in -range..=range {
                for s in -range..=range {
                    if (p * s - q * r).abs() == 1 {
                        for b in [1, -1] {
                            list.push(Matrix3::new(p, 0, q, 0, b, 0, r, 0, s));
                        }
                    }
                }
            }
        }
    }
    identity_first(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wyckoff::same_point;

    /// Checks the definition on all operations of the group, in conventional axes.
    fn keeps_the_group(group: &SpaceGroup, change: &Change) -> bool {
        let p = change.linear.map(f64::from);
        let inverse = p.try_inverse().unwrap();
        group.rotations().iter().zip(group.translations()).all(|(rotation, translation)| {
            let w = rotation.map(f64::from);
            let image = inverse * w * p;
            let shift = inverse * (w * change.origin + translation - change.origin);
            group.rotations().iter().zip(group.translations()).any(|(other, other_shift)| {
                (other.map(f64::from) - image).abs().max() < 1e-9 && same_point(other_shift, &shift, 1e-6)
            })
        })
    }

    #[test]
    fn changes_and_translations_keep_the_group() {
        for number in 1..=230 {
            let normalizer = normalizer(number).unwrap();
            let group = normalizer.group;
            let mut settings = normalizer.fixed_settings().to_vec();
            if number <= 15 {
                settings = normalizer.settings(&normalizer.cosets(monoclinic_matrices(1)));
            }
            assert!(settings[0].change.linear == Matrix3::identity());
            for setting in settings {
                assert!(keeps_the_group(group, &setting.change), "{number} {setting:?}");
            }
        }
    }

    #[test]
    fn polar_axes_are_all_free_translations() {
        for number in 1..=230 {
            let normalizer = normalizer(number).unwrap();
            let free = (0..3).filter(|&i| normalizer.smith.d[(i, i)] == 0).count();
            assert_eq!(normalizer.polar_axes().len(), free, "space group {number}");
        }
    }

    #[test]
    fn sizes_of_known_normalizers() {
        // Index of the group in its Euclidean normalizer (affine for 2 and 47), International
        // Tables A, table 3.5.2.3 to 3.5.2.5: translations times linear cosets.
        let index = |number: u8| normalizer(number).unwrap().fixed_settings().len();
        assert_eq!(index(225), 2); // Fm-3m: Pm-3m (a/2)
        assert_eq!(index(227), 2); // Fd-3m: Pn-3m (a/2)
        assert_eq!(index(221), 2); // Pm-3m: Im-3m
        assert_eq!(index(216), 8); // F-43m: Im-3m (a/2)
        assert_eq!(index(136), 4); // P4_2/mnm: P4/mmm (a' = (a-b)/2, c/2)
        assert_eq!(index(47), 48); // Pmmm: Pm-3m (a/2)
        assert_eq!(index(166), 2); // R-3m: R-3m (c/2)
    }

    #[test]
    fn letters_of_known_groups_are_exchanged() {
        let count = |number: u8| normalizer(number).unwrap().letter_permutations().len();
        assert_eq!(count(1), 1);
        assert_eq!(count(2), 1344); // affine group of the cube of inversion centres, AGL(3, 2)
        assert_eq!(count(225), 2); // a <-> b
        assert_eq!(count(216), 8); // a, c, b, d follow each other along [111]: cycle and mirror image
    }
}
