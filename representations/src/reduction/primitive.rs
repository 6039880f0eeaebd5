//! Primitive cells: the smallest cell whose translations carry the crystal onto itself.

use nalgebra::{Matrix3, Vector3};

use super::hermite::hermite;
use super::sites::SiteLookup;
use super::{ReductionError, niggli, niggli_crystal};
use crate::crystal::{Crystal, Site};
use crate::lattice::Lattice;

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
    let mut tolerance = tolerance.min(thinnest / 8.0);
    for _ in 0..MAX_TRIALS {
        if let Some(folded) = fold(&reduced, tolerance) {
            return Ok(folded.crystal);
        }
        tolerance /= 2.0;
    }
    Ok(reduced)
}

/// A crystal folded into its primitive cell.
pub(crate) struct Folded {
    /// The primitive cell, Niggli reduced.
    pub(crate) crystal: Crystal,
    /// Integer matrix B with `x_primitive = B x_input` (columns).
    pub(crate) to_primitive: Matrix3<f64>,
    /// For each site of the input its site in the primitive cell.
    pub(crate) mapping: Vec<usize>,
}

/// Folds a Niggli-reduced crystal along all translations that carry it onto itself within
/// `tolerance` (Å); `None` when these form no group.
pub(crate) fn fold(crystal: &Crystal, tolerance: f64) -> Option<Folded> {
    let lookup = SiteLookup::new(crystal, 2.0 * tolerance);
    let identity = Matrix3::identity();
    let translations: Vec<Vector3<f64>> =
        lookup.images(&identity, tolerance).into_iter().map(|image| image.translation).collect();
    let order = translations.len();
    if order <= 1 {
        return Some(Folded {
            crystal: crystal.clone(),
            to_primitive: identity,
            mapping: (0..crystal.sites.len()).collect(),
        });
    }
    if !crystal.sites.len().is_multiple_of(order) {
        return None;
    }
    // In a group of this order every translation is a multiple of 1/order.
    let n = order as f64;
    let mut rows = vec![[order as i64, 0, 0], [0, order as i64, 0], [0, 0, order as i64]];
    for t in translations {
        let scaled: [f64; 3] = std::array::from_fn(|k| t[k] * n);
        let off = Vector3::from(scaled.map(|x| (x - x.round()) / n));
        if crystal.lattice.to_cartesian(&off).norm() > tolerance {
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
    let back = finer.transpose().try_inverse()?.map(f64::round);
    let lattice = Lattice::from_matrix(finer * crystal.lattice.matrix());
    // Nearest images are found by rounding in a reduced basis.
    let (lattice, t) = niggli(&lattice).ok()?;
    let to_primitive = t.map(f64::from).transpose().try_inverse()?.map(f64::round) * back;

    let mut groups: Vec<Group> = Vec::new();
    let mut mapping = Vec::with_capacity(crystal.sites.len());
    for (site, &class) in crystal.sites.iter().zip(lookup.classes()) {
        let place = to_primitive * site.frac;
        let near = |group: &Group| {
            let mut d = place - group.site.frac;
            d -= d.map(f64::round);
            let close = lattice.to_cartesian(&d).norm() <= 4.0 * tolerance;
            (group.class == class && close).then_some(d)
        };
        let known = groups.iter().enumerate().find_map(|(index, group)| Some((index, near(group)?)));
        let index = match known {
            Some((index, d)) => {
                groups[index].sum += d;
                groups[index].count += 1;
                index
            }
            None => {
                let site = Site { occupants: site.occupants.clone(), frac: place };
                groups.push(Group { class, site, sum: Vector3::zeros(), count: 1 });
                groups.len() - 1
            }
        };
        mapping.push(index);
    }
    if groups.iter().any(|group| group.count != order) {
        return None;
    }
    let sites = groups
        .into_iter()
        .map(|group| Site { frac: group.site.frac + group.sum / n, ..group.site })
        .collect();
    Some(Folded { crystal: Crystal { lattice, sites }.wrapped(), to_primitive, mapping })
}

/// Sites that fall together: class, first of them, sum of the ways from it, and their number.
struct Group {
    class: i32,
    site: Site,
    sum: Vector3<f64>,
    count: usize,
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
