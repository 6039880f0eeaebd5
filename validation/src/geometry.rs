//! A simple geometric fingerprint: the mean environment of every kind of atom.

use std::collections::BTreeMap;

use druse_representations::{Crystal, Element, NeighbourError, Neighbours};

/// Neighbours of each kind that are looked at. Cubic and hexagonal close packing differ from the
/// 19th on only.
const NEIGHBOURS: usize = 24;
/// Searches are given up beyond this many enlargements of the cut-off.
const ENLARGEMENTS: usize = 12;

/// Who sits on a site: elements with occupancies in thousandths.
type Kind = Vec<(Element, u16)>;

/// Element-resolved average minimum distances: for every ordered pair of kinds (A, B) and k = 1 to
/// 24, mean and standard deviation over the A sites of the distance to the k-th nearest B, in units
/// of (V/N)^(1/3) with V/N the volume per site. Kinds are elements, or sets of occupants on
/// disordered sites.
///
/// The same for every cell, supercell, origin, orientation, scale and mirror image of a crystal,
/// and continuous in the coordinates (the idea of average minimum distances: Widdowson et al.,
/// MATCH Commun. Math. Comput. Chem. 87, 529 (2022); here per pair of elements). Crystals with equal
/// fingerprints are not strictly proven equal.
#[derive(Clone, Debug, PartialEq)]
pub struct GeometryFingerprint {
    kinds: Vec<Kind>,
    values: Vec<f64>,
}

/// Why there is no fingerprint.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// No sites.
    #[error("a crystal without sites has no geometry")]
    NoSites,
    /// The neighbours cannot be found.
    #[error(transparent)]
    Neighbours(#[from] NeighbourError),
    /// Some kind of atom is too far away from another in an extremely stretched cell.
    #[error("not every atom has 24 neighbours of each kind within {0:.1} Å")]
    TooFar(f64),
}

impl GeometryFingerprint {
    /// Fingerprint of a crystal.
    ///
    /// # Errors
    /// Without sites, without volume, for collapsed or extremely stretched cells.
    pub fn of(crystal: &Crystal) -> Result<Self, GeometryError> {
        let sites = crystal.sites.len();
        if sites == 0 {
            return Err(GeometryError::NoSites);
        }
        let mut members: BTreeMap<Kind, Vec<usize>> = BTreeMap::new();
        for (index, site) in crystal.sites.iter().enumerate() {
            let mut kind: Kind =
                site.occupants.iter().map(|o| (o.element, (o.occupancy * 1000.0).round() as u16)).collect();
            kind.sort_unstable();
            members.entry(kind).or_default().push(index);
        }
        let mut kind_of = vec![0; sites];
        for (number, indices) in members.values().enumerate() {
            indices.iter().for_each(|&index| kind_of[index] = number);
        }
        let unit = (crystal.lattice.volume() / sites as f64).cbrt();
        let rarest = members.values().map(Vec::len).min().unwrap_or(1) as f64 / sites as f64;
        // Radius of the sphere that holds 24 atoms of the rarest kind on average, and a bit.
        let mut cutoff = 1.25 * unit * (NEIGHBOURS as f64 / rarest * 0.239).cbrt();
        let kinds: Vec<Kind> = members.keys().cloned().collect();
        for _ in 0..ENLARGEMENTS {
            let neighbours = Neighbours::within(crystal, cutoff)?;
            if let Some(distances) = nearest(&neighbours, &kind_of, kinds.len()) {
                let values = moments(&distances, members.values(), kinds.len(), unit);
                return Ok(Self { kinds, values });
            }
            cutoff *= 1.3;
        }
        Err(GeometryError::TooFar(cutoff))
    }

    /// Largest difference of two fingerprints in units of (V/N)^(1/3); `None` when the crystals are
    /// made of different kinds of atoms.
    pub fn distance(&self, other: &Self) -> Option<f64> {
        (self.kinds == other.kinds)
            .then(|| self.values.iter().zip(&other.values).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max))
    }
}

/// Distances to the nearest neighbours of each kind: `[site][kind * NEIGHBOURS + k]`; `None` when
/// some site has too few within the cut-off.
fn nearest(neighbours: &Neighbours, kind_of: &[usize], kinds: usize) -> Option<Vec<Vec<f64>>> {
    (0..kind_of.len())
        .map(|site| {
            let mut around: Vec<Vec<f64>> = vec![Vec::new(); kinds];
            for pair in neighbours.around(site) {
                around[kind_of[neighbours.second[pair] as usize]].push(neighbours.distance[pair]);
            }
            let mut row = Vec::with_capacity(kinds * NEIGHBOURS);
            for distances in &mut around {
                distances.sort_by(f64::total_cmp);
                row.extend_from_slice(distances.get(..NEIGHBOURS)?);
            }
            Some(row)
        })
        .collect()
}

/// Mean and standard deviation over the sites of each kind, divided by `unit`.
fn moments<'a>(
    distances: &[Vec<f64>],
    members: impl Iterator<Item = &'a Vec<usize>>,
    kinds: usize,
    unit: f64,
) -> Vec<f64> {
    let mut values = Vec::new();
    for indices in members {
        let mean = |column: usize, value: &dyn Fn(f64) -> f64| {
            indices.iter().map(|&site| value(distances[site][column])).sum::<f64>() / indices.len() as f64
        };
        for column in 0..kinds * NEIGHBOURS {
            let first = mean(column, &|distance| distance);
            let variance = mean(column, &|distance| (distance - first).powi(2));
            values.extend([first / unit, variance.sqrt() / unit]);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;
    use druse_representations::nalgebra::{Matrix3, Rotation3, Vector3};
    use proptest::prelude::*;

    fn el(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    fn fingerprint(crystal: &Crystal) -> GeometryFingerprint {
        GeometryFingerprint::of(crystal).unwrap()
    }

    /// Rutile, P4_2/mnm, a = 4.594, c = 2.959, u = 0.305.
    fn rutile(u: f64) -> Crystal {
        let lattice = Lattice::from_parameters([4.594, 4.594, 2.959, 90.0, 90.0, 90.0]).unwrap();
        Crystal::ordered(
            lattice,
            [
                (el("Ti"), [0.0; 3]),
                (el("Ti"), [0.5; 3]),
                (el("O"), [u, u, 0.0]),
                (el("O"), [-u, -u, 0.0]),
                (el("O"), [0.5 + u, 0.5 - u, 0.5]),
                (el("O"), [0.5 - u, 0.5 + u, 0.5]),
            ],
        )
    }

    fn supercell(crystal: &Crystal) -> Crystal {
        let doubled = Matrix3::from_diagonal(&Vector3::new(2.0, 1.0, 1.0)) * crystal.lattice.matrix();
        let sites = crystal.sites.iter().flat_map(|site| {
            [0.0, 1.0].map(|n| {
                let mut copy = site.clone();
                copy.frac[0] = (copy.frac[0] + n) / 2.0;
                copy
            })
        });
        Crystal { lattice: Lattice::from_matrix(doubled), sites: sites.collect() }
    }

    #[test]
    fn rock_salt_by_hand() {
        let lattice = Lattice::from_rows([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]);
        let salt = Crystal::ordered(lattice, [(el("Na"), [0.0; 3]), (el("Cl"), [0.5; 3])]);
        let values = fingerprint(&salt).values;
        // V/N = 1: twelve Na-Na at sqrt 2, six at 2 and more at sqrt 6; then Na-Cl (the kinds are in
        // order of atomic number): six at 1, eight at sqrt 3, more at sqrt 5.
        let shells = [(12, 2f64), (6, 4.0), (6, 6.0), (6, 1.0), (8, 3.0), (10, 5.0)];
        let expected = shells.into_iter().flat_map(|(count, squared)| vec![squared.sqrt(); count]);
        for (found, expected) in values.chunks(2).zip(expected) {
            assert!((found[0] - expected).abs() < 1e-12 && found[1] < 1e-12);
        }
    }

    #[test]
    fn different_crystals_differ() {
        let distance = |u: f64| fingerprint(&rutile(0.305)).distance(&fingerprint(&rutile(u))).unwrap();
        assert!(distance(0.305) == 0.0);
        assert!(distance(0.307) < 0.02 && distance(0.307) > 1e-4);
        assert!(distance(0.33) > 0.03);
        let mut other = rutile(0.305);
        other.sites[0].occupants[0].element = el("Sn");
        assert_eq!(fingerprint(&other).distance(&fingerprint(&rutile(0.305))), None);
    }

    #[test]
    fn close_packings_differ() {
        let cubic = Lattice::from_rows([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]);
        let cubic = Crystal::ordered(cubic, [(el("Co"), [0.0; 3])]);
        let c = (8f64 / 3.0).sqrt();
        let hexagonal = Lattice::from_parameters([1.0, 1.0, c, 90.0, 90.0, 120.0]).unwrap();
        let third = 1.0 / 3.0;
        let atoms = [(el("Co"), [third, 2.0 * third, 0.25]), (el("Co"), [2.0 * third, third, 0.75])];
        let hexagonal = Crystal::ordered(hexagonal, atoms);
        assert!(fingerprint(&cubic).distance(&fingerprint(&hexagonal)).unwrap() > 0.1);
    }

    #[test]
    fn impossible_crystals_are_errors() {
        let empty = Crystal { lattice: Lattice::cubic(3.0), sites: Vec::new() };
        assert_eq!(GeometryFingerprint::of(&empty), Err(GeometryError::NoSites));
        let flat = Crystal { lattice: Lattice::cubic(0.0), ..rutile(0.3) };
        assert!(GeometryFingerprint::of(&flat).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn invariant_to_cell_origin_orientation_and_scale(
            angles in prop::array::uniform3(-3.0..3.0f64),
            shift in prop::array::uniform3(-1.0..1.0f64),
            scale in 0.7..1.5f64,
            u in 0.25..0.35f64,
        ) {
            let crystal = rutile(u);
            let mut moved = supercell(&crystal);
            let turn = Rotation3::from_euler_angles(angles[0], angles[1], angles[2]);
            let skew = Matrix3::new(1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 1.0);
            let back = skew.try_inverse().unwrap();
            let lattice = skew * moved.lattice.matrix() * turn.matrix().transpose() * scale;
            for site in &mut moved.sites {
                site.frac = back.tr_mul(&(site.frac + Vector3::from(shift)));
            }
            moved.sites.reverse();
            moved.lattice = Lattice::from_matrix(lattice);
            prop_assert!(fingerprint(&moved).distance(&fingerprint(&crystal)).unwrap() < 1e-9);
        }
    }
}
