//! Canonical codes and fingerprints: one description for all choices of cell and origin.
//!
//! *Exact* are the space group, the letters and the elements: they come from integer arithmetic on
//! the normalizer. *Compared with a tolerance* are cell parameters and free parameters, so two
//! codes of one crystal agree up to numerical noise well below [`TOLERANCE`]; nothing is rounded in
//! the result. Where two inequivalent choices differ by about the tolerance itself, noise decides
//! between them: such nearly degenerate codes are the limit of any canonical form that compares
//! real numbers.

use nalgebra::{Matrix3, Vector3};

use super::normalizer::{
    Change, Normalizer, Setting, determinant, monoclinic_matrices, normalizer, triclinic_matrices,
};
use super::{CodeError, CrystalSystem, Orbit, SymmetryCode};
use crate::element::Element;
use crate::lattice::Lattice;
use crate::reduction::niggli;
use crate::wyckoff::WyckoffPosition;

/// Free parameters (fractional), cosines and lengths (Å) closer than this count as equal while the
/// canonical description is chosen.
pub const TOLERANCE: f64 = 1e-3;

/// Letters of a code as sorted indices with atomic numbers.
type Occupation = Vec<(u8, Element)>;

impl SymmetryCode {
    /// The canonical code of this crystal: the same for every choice of conventional cell and
    /// origin that the space group allows (its affine normalizer). Handedness is kept: mirror
    /// images of a chiral crystal have different canonical codes but the same
    /// [`Self::fingerprint`].
    ///
    /// The choice: the reduced cell (orthorhombic: shortest a, then b; monoclinic: beta nearest
    /// to 90°, obtuse; triclinic: shortest vectors, then angles nearest to 90°), then the smallest
    /// list of (letter, element), then the smallest free parameters; along polar axes the origin
    /// lies on an atom of the rarest kind.
    ///
    /// # Errors
    /// When [`Self::validate`] finds something wrong.
    pub fn canonical(&self) -> Result<Self, CodeError> {
        self.validate()?;
        let unknown = CodeError::UnknownSpaceGroup(self.space_group);
        let normalizer = normalizer(self.space_group).ok_or(unknown)?;
        let mut best: Option<(Occupation, Vec<Setting>)> = None;
        for setting in self.reduced_settings(normalizer)? {
            let occupation = self.occupation(Some(&setting.letters))?;
            match &mut best {
                Some((smallest, _)) if occupation > *smallest => {}
                Some((smallest, equals)) if occupation == *smallest => equals.push(setting),
                _ => best = Some((occupation, vec![setting])),
            }
        }
        let Some((_, settings)) = best else { return Ok(self.clone()) };
        let mut codes = Vec::new();
        for Setting { change, letters } in &settings {
            let cell = self.cell_under(&change.linear)?;
            for change in self.polar_origins(normalizer, change, letters)? {
                codes.push(self.transformed(&change, letters, cell)?);
            }
        }
        let keys: Vec<Vec<f64>> = codes
            .iter()
            .map(|code| code.orbits.iter().flat_map(|orbit| orbit.free.iter().map(|&x| key(x))).collect())
            .collect();
        let chosen = smallest(&keys).first().copied().unwrap_or(0);
        Ok(codes.swap_remove(chosen))
    }

    /// Space group and occupied Wyckoff positions with their elements, for instance
    /// `225|a:Cl|b:Na`: the smallest over all changes of cell and origin that the group allows,
    /// mirror images included. Exact: equal for all descriptions of one crystal, and for all
    /// crystals that differ by cell and free parameters only.
    ///
    /// # Errors
    /// For an unknown space group or letter.
    pub fn fingerprint(&self) -> Result<String, CodeError> {
        let unknown = CodeError::UnknownSpaceGroup(self.space_group);
        let normalizer = normalizer(self.space_group).ok_or(unknown)?;
        let mut best = self.occupation(None)?;
        for letters in normalizer.letter_permutations() {
            best = best.min(self.occupation(Some(letters))?);
        }
        let group = self.group()?;
        let mut text = self.space_group.to_string();
        for (index, element) in best {
            let letter = group.positions()[usize::from(index)].letter();
            text.push_str(&format!("|{letter}:{element}"));
        }
        Ok(text)
    }

    /// Whether two codes agree as they stand: space group, letters and elements exactly, cell
    /// lengths and cosines and free parameters (modulo 1) within `tolerance`.
    pub fn agrees_with(&self, other: &Self, tolerance: f64) -> bool {
        let cosine = |degrees: f64| degrees.to_radians().cos();
        let cells = self.cell.iter().zip(&other.cell).enumerate().all(|(i, (&x, &y))| {
            let difference = if i < 3 { x - y } else { cosine(x) - cosine(y) };
            difference.abs() <= tolerance
        });
        let near = |x: &f64, y: &f64| ((x - y) - (x - y).round()).abs() <= tolerance;
        let orbits = self.orbits.len() == other.orbits.len()
            && self.orbits.iter().zip(&other.orbits).all(|(x, y)| {
                x.letter == y.letter
                    && x.element == y.element
                    && x.free.len() == y.free.len()
                    && x.free.iter().zip(&y.free).all(|(a, b)| near(a, b))
            });
        self.space_group == other.space_group && cells && orbits
    }

    /// Sorted list of position index and element, letters replaced as given.
    fn occupation(&self, letters: Option<&[u8]>) -> Result<Occupation, CodeError> {
        let mut list: Occupation = (0..self.orbits.len())
            .map(|orbit| {
                let index = self.position_index(orbit)?;
                let index = letters.map_or(index, |letters| usize::from(letters[index]));
                Ok((index as u8, self.orbits[orbit].element))
            })
            .collect::<Result<_, CodeError>>()?;
        list.sort_unstable();
        Ok(list)
    }

    fn position_index(&self, orbit: usize) -> Result<usize, CodeError> {
        let letter = self.orbits[orbit].letter;
        let positions = self.group()?.positions();
        positions.iter().position(|position| position.letter() == letter).ok_or(CodeError::UnknownLetter {
            orbit,
            space_group: self.space_group,
            letter,
        })
    }

    /// Handedness-keeping changes to the reduced conventional cells; several where they are
    /// equally good.
    fn reduced_settings(&self, normalizer: &Normalizer) -> Result<Vec<Setting>, CodeError> {
        let system = self.system()?;
        let lattice = Lattice::from_parameters(self.cell)?;
        match system {
            CrystalSystem::Triclinic => {
                let start = niggli(&lattice).map_or_else(|_| Matrix3::identity(), |(_, t)| t.transpose());
                let list: Vec<_> = triclinic_matrices().iter().map(|p| start * p).collect();
                let keys: Vec<_> = list.iter().map(|p| triclinic_key(&lattice_under(&lattice, p))).collect();
                let chosen = smallest(&keys).into_iter().map(|i| list[i]);
                Ok(normalizer.settings(&normalizer.cosets(chosen)))
            }
            CrystalSystem::Monoclinic => {
                let start = plane_reduction(&lattice);
                let mut changes = normalizer.cosets(monoclinic_matrices(3).iter().map(|p| start * p));
                changes.retain(|change| determinant(&change.linear) > 0);
                let mut keys = Vec::with_capacity(changes.len());
                for change in &changes {
                    let cell = self.cell_under(&change.linear)?;
                    let cosine = cell[4].to_radians().cos();
                    keys.push(vec![cosine.abs(), cosine, cell[0], cell[2]]);
                }
                let chosen: Vec<_> = smallest(&keys).into_iter().map(|i| changes[i].clone()).collect();
                Ok(normalizer.settings(&chosen))
            }
            _ => {
                let all = normalizer.fixed_settings();
                let proper: Vec<_> = all.iter().filter(|s| determinant(&s.change.linear) > 0).collect();
                let mut keys = Vec::with_capacity(proper.len());
                for setting in &proper {
                    keys.push(self.cell_under(&setting.change.linear)?[..3].to_vec());
                }
                Ok(smallest(&keys).into_iter().map(|i| proper[i].clone()).collect())
            }
        }
    }

    /// The conventional cell after a change of basis.
    fn cell_under(&self, p: &Matrix3<i32>) -> Result<[f64; 6], CodeError> {
        let system = self.system()?;
        Ok(match system {
            CrystalSystem::Triclinic | CrystalSystem::Monoclinic => {
                let lattice = Lattice::from_parameters(self.cell)?;
                system.constrain(lattice_under(&lattice, p).parameters())
            }
            CrystalSystem::Orthorhombic => {
                // Signed permutations: lengths change places, exactly.
                let place = |j: usize| (0..3).find(|&i| p[(i, j)] != 0).unwrap_or(j);
                [self.cell[place(0)], self.cell[place(1)], self.cell[place(2)], 90.0, 90.0, 90.0]
            }
            _ => self.cell,
        })
    }

    /// The change with its origin moved along the polar axes onto atoms of the rarest kind; the
    /// change itself where there is no polar axis.
    fn polar_origins(
        &self,
        normalizer: &Normalizer,
        change: &Change,
        letters: &[u8],
    ) -> Result<Vec<Change>, CodeError> {
        if normalizer.polar_axes().is_empty() {
            return Ok(vec![change.clone()]);
        }
        let mut kinds = Vec::with_capacity(self.orbits.len());
        for (index, orbit) in self.orbits.iter().enumerate() {
            kinds.push((letters[self.position_index(index)?], orbit.element));
        }
        let count = |kind: &(u8, Element)| kinds.iter().filter(|other| *other == kind).count();
        let rarest = kinds.iter().min_by_key(|kind| (count(kind), **kind)).copied();
        let mut changes: Vec<Change> = Vec::new();
        for (index, orbit) in self.orbits.iter().enumerate() {
            if Some(kinds[index]) != rarest {
                continue;
            }
            // Points that differ by a centring translation still give different origins.
            for point in self.position_of(index)?.coordinates(&orbit.free) {
                // New polar coordinates of the point, as a shift in old axes.
                let image = change.apply(&point);
                let mut shift = Vector3::zeros();
                for &axis in normalizer.polar_axes() {
                    shift[axis] = image[axis];
                }
                changes.push(change.shifted(&(change.linear.map(f64::from) * shift)));
            }
        }
        Ok(changes)
    }

    /// This code under a change, orbits sorted by letter, element and parameters.
    fn transformed(&self, change: &Change, letters: &[u8], cell: [f64; 6]) -> Result<Self, CodeError> {
        let positions = self.group()?.positions();
        let mut list: Vec<(u8, Orbit)> = Vec::with_capacity(self.orbits.len());
        for (index, orbit) in self.orbits.iter().enumerate() {
            let place = letters[self.position_index(index)?];
            let target = &positions[usize::from(place)];
            let point = change.apply(&self.position_of(index)?.representative(&orbit.free));
            let free = smallest_parameters(target, &point);
            list.push((place, Orbit { element: orbit.element, letter: target.letter(), free }));
        }
        let mut orbits = Vec::with_capacity(list.len());
        while let Some(first) = list.iter().map(|(place, orbit)| (*place, orbit.element)).min() {
            let class: Vec<usize> =
                (0..list.len()).filter(|&i| (list[i].0, list[i].1.element) == first).collect();
            let keys: Vec<Vec<f64>> =
                class.iter().map(|&i| list[i].1.free.iter().map(|&x| key(x)).collect()).collect();
            let next = smallest(&keys).first().map_or(class[0], |&k| class[k]);
            orbits.push(list.remove(next).1);
        }
        Ok(Self { space_group: self.space_group, cell, orbits })
    }
}

/// Smallest free parameters that put a point of the position on `point`.
fn smallest_parameters(position: &WyckoffPosition, point: &Vector3<f64>) -> Vec<f64> {
    let solutions: Vec<Vec<f64>> = position.all_parameters_of(point, 1e-6).collect();
    let keys: Vec<Vec<f64>> = solutions.iter().map(|free| free.iter().map(|&x| key(x)).collect()).collect();
    smallest(&keys).first().map(|&i| solutions[i].clone()).unwrap_or_default()
}

/// A free parameter as it is compared: values just below 1 count as just below 0.
fn key(x: f64) -> f64 {
    if x > 1.0 - TOLERANCE / 2.0 { x - 1.0 } else { x }
}

/// Indices of the lexicographically smallest vectors: entry by entry those stay whose value exceeds
/// the least by at most [`TOLERANCE`]. Does not depend on the order of the list.
fn smallest(keys: &[Vec<f64>]) -> Vec<usize> {
    let mut rest: Vec<(usize, &Vec<f64>)> = keys.iter().enumerate().collect();
    let length = keys.iter().map(Vec::len).min().unwrap_or(0);
    for place in 0..length {
        let least = rest.iter().map(|(_, key)| key[place]).fold(f64::INFINITY, f64::min);
        rest.retain(|(_, key)| key[place] <= least + TOLERANCE);
    }
    rest.into_iter().map(|(index, _)| index).collect()
}

/// Lattice with the vectors `(a, b, c) P`.
fn lattice_under(lattice: &Lattice, p: &Matrix3<i32>) -> Lattice {
    Lattice::from_matrix(p.map(f64::from).transpose() * lattice.matrix())
}

/// Squared lengths, then how far the angles are from 90°, then their signs: obtuse or acute
/// together where possible.
fn triclinic_key(lattice: &Lattice) -> Vec<f64> {
    let g = lattice.metric();
    let [bc, ac, ab] = [g[(1, 2)], g[(0, 2)], g[(0, 1)]];
    let sum = bc + ac + ab;
    vec![
        g[(0, 0)].sqrt(),
        g[(1, 1)].sqrt(),
        g[(2, 2)].sqrt(),
        bc.abs() + ac.abs() + ab.abs(),
        -sum.abs(),
        sum,
        bc,
        ac,
        ab,
    ]
}

/// Change to the two shortest vectors of the a-c plane (Gauss), proper.
fn plane_reduction(lattice: &Lattice) -> Matrix3<i32> {
    let (mut a, mut c) = (Vector3::new(1, 0, 0), Vector3::new(0, 0, 1));
    let g = lattice.metric();
    let dot = |u: &Vector3<i32>, v: &Vector3<i32>| u.map(f64::from).dot(&(g * v.map(f64::from)));
    // Each round shortens the longer vector; cells of usual shape need a handful.
    for _ in 0..100 {
        if dot(&a, &a) > dot(&c, &c) {
            (a, c) = (-c, a);
        }
        let steps = (dot(&a, &c) / dot(&a, &a)).round();
        if steps == 0.0 || steps.abs() > 1e6 {
            break;
        }
        c -= a * steps as i32;
    }
    Matrix3::from_columns(&[a, Vector3::new(0, 1, 0), c])
}
