//! Primitive cells: the smallest cell whose translations carry the crystal onto itself.

use nalgebra::{Matrix3, Vector3};

use super::hermite::hermite;
use super::{ReductionError, niggli, niggli_crystal};
use crate::crystal::{Crystal, Site, wrap};
use crate::lattice::Lattice;
use crate::symmetry::species_classes;

/// Halvings of the tolerance before the cell counts as primitive.
const MAX_TRIALS: usize = 12;

/// A primitive cell of the crystal, Niggli reduced, in the orientation of the input; sites that
/// coincide modulo the new lattice within `tolerance` (Å) are averaged. Occupancies are kept: on
/// disordered sites all occupants must agree.
///
/// When the translations found within the tolerance form no group, it is halved until they do; in
/// the end the Niggli cell of the input itself comes back.
///
/// # Errors
/// For bad lattices, sites or tolerances.
pub fn primitive(crystal: &Crystal, tolerance: f64) -> Result<Crystal, ReductionError> {
    if !(tolerance > 0.0 && tolerance.is_finite()) {
        return Err(ReductionError::BadTolerance(tolerance));
    }
    if let Some(site) = crystal.sites.iter().position(|site| site.frac.iter().any(|x| !x.is_finite())) {
        return Err(ReductionError::BadSite(site));
    }
    let reduced = niggli_crystal(crystal)?;
    let thinnest = reduced.lattice.plane_spacings().into_iter().fold(f64::INFINITY, f64::min);
    let mut tolerance = tolerance.min(thinnest / 4.0);
    for _ in 0..MAX_TRIALS {
        let lookup = Lookup::new(&reduced, tolerance);
        let translations = lookup.translations();
        if translations.len() <= 1 {
            break;
        }
        if let Some(smaller) = fold(&reduced, &lookup, &translations) {
            return niggli_crystal(&smaller);
        }
        tolerance /= 2.0;
    }
    Ok(reduced)
}

/// Sites by species, sorted along a, for finding the site at a place.
struct Lookup<'a> {
    crystal: &'a Crystal,
    tolerance: f64,
    window: f64,
    classes: Vec<i32>,
    /// For each class its sites as (wrapped first coordinate, index).
    sorted: Vec<Vec<(f64, usize)>>,
}

impl<'a> Lookup<'a> {
    fn new(crystal: &'a Crystal, tolerance: f64) -> Self {
        let (classes, kinds) = species_classes(crystal);
        let mut sorted = vec![Vec::new(); kinds.len()];
        for (index, (site, &class)) in crystal.sites.iter().zip(&classes).enumerate() {
            sorted[class as usize].push((wrap(site.frac[0]), index));
        }
        for list in &mut sorted {
            list.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        }
        let window = tolerance / crystal.lattice.plane_spacings()[0];
        Self { crystal, tolerance, window, classes, sorted }
    }

    /// The site of class `class` nearest to `place` within the tolerance, and the way to it.
    fn find(&self, class: i32, place: &Vector3<f64>) -> Option<(usize, Vector3<f64>)> {
        let list = &self.sorted[class as usize];
        let x = wrap(place[0]);
        let mut best: Option<(f64, usize, Vector3<f64>)> = None;
        for shift in [-1.0, 0.0, 1.0] {
            let start = list.partition_point(|entry| entry.0 < x + shift - self.window);
            for &(y, index) in &list[start..] {
                if y > x + shift + self.window {
                    break;
                }
                let mut d = self.crystal.sites[index].frac - place;
                d -= d.map(f64::round);
                let distance = self.crystal.lattice.to_cartesian(&d).norm();
                if distance <= self.tolerance && best.as_ref().is_none_or(|(least, ..)| distance < *least) {
                    best = Some((distance, index, d));
                }
            }
        }
        best.map(|(_, index, d)| (index, d))
    }

    /// Translations (fractional, the zero included) that carry every site onto a distinct site of
    /// its class.
    fn translations(&self) -> Vec<Vector3<f64>> {
        let rarest = (0..self.sorted.len()).min_by_key(|&class| self.sorted[class].len());
        let Some(sites) = rarest.map(|class| &self.sorted[class]) else { return Vec::new() };
        let frac = |index: usize| self.crystal.sites[index].frac;
        let Some(&(_, first)) = sites.first() else { return Vec::new() };
        sites.iter().filter_map(|&(_, other)| self.confirm(&(frac(other) - frac(first)))).collect()
    }

    /// The translation averaged over all sites, when it carries the crystal onto itself.
    fn confirm(&self, translation: &Vector3<f64>) -> Option<Vector3<f64>> {
        let mut taken = vec![false; self.classes.len()];
        let mut sum = Vector3::zeros();
        for (site, &class) in self.crystal.sites.iter().zip(&self.classes) {
            let (target, d) = self.find(class, &(site.frac + translation))?;
            if std::mem::replace(&mut taken[target], true) {
                return None;
            }
            sum += d;
        }
        Some(translation + sum / self.classes.len() as f64)
    }
}

/// The cell of the lattice that `translations` and the cell span; `None` when they form no group
/// of that order or sites do not fall together accordingly.
fn fold(crystal: &Crystal, lookup: &Lookup, translations: &[Vector3<f64>]) -> Option<Crystal> {
    let order = translations.len();
    if !crystal.sites.len().is_multiple_of(order) {
        return None;
    }
    // In a group of this order every translation is a multiple of 1/order.
    let n = order as f64;
    let mut rows = vec![[order as i64, 0, 0], [0, order as i64, 0], [0, 0, order as i64]];
    for t in translations {
        let scaled: [f64; 3] = std::array::from_fn(|k| t[k] * n);
        let off = Vector3::from(scaled.map(|x| (x - x.round()) / n));
        if crystal.lattice.to_cartesian(&off).norm() > lookup.tolerance {
            return None;
        }
        rows.push(scaled.map(|x| x.round() as i64));
    }
    let basis = hermite(rows)?;
    // The determinant of the finer lattice, basis / n, must be 1 / n.
    if basis[0][0] * basis[1][1] * basis[2][2] != (order as i64).pow(2) {
        return None;
    }
    let finer = Matrix3::from_fn(|i, j| basis[i][j] as f64 / n);
    let back = finer.transpose().try_inverse()?;
    let lattice = Lattice::from_matrix(finer * crystal.lattice.matrix());
    // Work in a reduced basis: nearest images are found by rounding.
    let (lattice, t) = niggli(&lattice).ok()?;
    let back = t.map(f64::from).transpose().try_inverse()?.map(f64::round) * back;

    let mut groups: Vec<(i32, Site, Vector3<f64>, usize)> = Vec::new();
    for (site, &class) in crystal.sites.iter().zip(&lookup.classes) {
        let place = back * site.frac;
        let near = |other: &Site| {
            let mut d = place - other.frac;
            d -= d.map(f64::round);
            (lattice.to_cartesian(&d).norm() <= 2.0 * lookup.tolerance).then_some(d)
        };
        let known = groups.iter_mut().find_map(|group| {
            let d = if group.0 == class { near(&group.1) } else { None }?;
            Some((group, d))
        });
        match known {
            Some((group, d)) => {
                group.2 += d;
                group.3 += 1;
            }
            None => {
                let first = Site { occupants: site.occupants.clone(), frac: place };
                groups.push((class, first, Vector3::zeros(), 1));
            }
        }
    }
    if groups.len() * order != crystal.sites.len() || groups.iter().any(|group| group.3 != order) {
        return None;
    }
    let sites = groups
        .into_iter()
        .map(|(_, site, sum, count)| Site { frac: site.frac + sum / count as f64, ..site })
        .collect();
    Some(Crystal { lattice, sites }.wrapped())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystal::Occupant;
    use crate::supercell::supercell;
    use proptest::prelude::*;

    fn element(symbol: &str) -> crate::Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn rock_salt_has_two_atoms() {
        let mut atoms = Vec::new();
        for [x, y, z] in [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]] {
            atoms.push((element("Na"), [x, y, z]));
            atoms.push((element("Cl"), [x + 0.5, y, z]));
        }
        let salt = Crystal::ordered(Lattice::cubic(5.64), atoms);
        let small = primitive(&salt, 0.01).unwrap();
        assert_eq!(small.sites.len(), 2);
        assert!((small.lattice.volume() * 4.0 - salt.lattice.volume()).abs() < 1e-9);
        assert!(small.lattice.angles().iter().all(|angle| (angle - 60.0).abs() < 1e-6));
    }

    #[test]
    fn occupancies_count() {
        let alloy = |share: f64, frac: [f64; 3]| Site {
            occupants: vec![
                Occupant { element: element("Cu"), occupancy: share },
                Occupant { element: element("Au"), occupancy: 1.0 - share },
            ],
            frac: Vector3::from(frac),
        };
        let lattice = Lattice::cubic(3.0);
        let same = Crystal { lattice, sites: vec![alloy(0.3, [0.0; 3]), alloy(0.3, [0.5; 3])] };
        let small = primitive(&same, 0.01).unwrap();
        assert_eq!(small.sites.len(), 1);
        assert_eq!(small.sites[0].occupants, same.sites[0].occupants);
        let different = Crystal { lattice, sites: vec![alloy(0.3, [0.0; 3]), alloy(0.4, [0.5; 3])] };
        assert_eq!(primitive(&different, 0.01).unwrap().sites.len(), 2);
    }

    #[test]
    fn bad_input_is_refused() {
        let crystal = Crystal::ordered(Lattice::cubic(3.0), [(element("Fe"), [0.0; 3])]);
        assert_eq!(primitive(&crystal, -1.0), Err(ReductionError::BadTolerance(-1.0)));
        let mut broken = crystal.clone();
        broken.sites[0].frac[1] = f64::NAN;
        assert_eq!(primitive(&broken, 0.01), Err(ReductionError::BadSite(0)));
        let empty = Crystal { lattice: Lattice::cubic(3.0), sites: vec![] };
        assert_eq!(primitive(&empty, 0.01).unwrap().sites.len(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn supercells_fold_back(
            entries in prop::array::uniform9(-2..=2i32),
            places in prop::collection::vec(prop::array::uniform3(0.0..1.0f64), 1..4),
            noise in -2e-4..2e-4f64,
        ) {
            let matrix = Matrix3::from_row_slice(&entries);
            let size = matrix.map(f64::from).determinant().abs().round() as usize;
            prop_assume!(size > 0);
            let kinds = ["Na", "Cl", "Ti"];
            let atoms = places.iter().zip(kinds).map(|(&x, kind)| (element(kind), x));
            let lattice = Lattice::from_parameters([4.0, 5.1, 6.3, 81.0, 97.0, 105.0]).unwrap();
            let crystal = Crystal::ordered(lattice, atoms);
            let mut large = supercell(&crystal, &matrix).unwrap();
            prop_assert_eq!(large.sites.len(), size * crystal.sites.len());
            for (k, site) in large.sites.iter_mut().enumerate() {
                site.frac[k % 3] += noise;
            }
            let small = primitive(&large, 0.02).unwrap();
            prop_assert_eq!(small.sites.len(), crystal.sites.len());
            prop_assert!((small.lattice.volume() - lattice.volume()).abs() < 1e-6);
            prop_assert_eq!(small.composition(), crystal.composition());
            let (wanted, _) = niggli(&lattice).unwrap();
            for (x, y) in small.lattice.parameters().into_iter().zip(wanted.parameters()) {
                prop_assert!((x - y).abs() < 1e-6);
            }
            prop_assert_eq!(primitive(&small, 0.02).unwrap().sites.len(), small.sites.len());
        }
    }
}
