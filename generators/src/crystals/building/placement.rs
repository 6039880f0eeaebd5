//! Distances in small periodic cells, and placing one orbit so that atoms keep theirs.

use druse_representations::{Crystal, Lattice};
use nalgebra::{Matrix3, Vector3};
use rand::{Rng, RngExt};

use super::Contacts;
use druse_representations::wyckoff::WyckoffPosition;

/// A primitive cell that is being filled.
pub(crate) struct Filling<'a> {
    lattice: Lattice,
    contacts: &'a Contacts,
    /// Lattice translations (Å) that can bring a wrapped difference below the largest contact; the
    /// first is zero.
    images: Vec<Vector3<f64>>,
    /// Fractional coordinates and kinds of the atoms so far.
    atoms: Vec<(Vector3<f64>, usize)>,
}

impl<'a> Filling<'a> {
    pub(crate) fn new(lattice: Lattice, contacts: &'a Contacts) -> Self {
        let spacings = lattice.plane_spacings();
        // A wrapped difference has |x| <= 1/2, so image n is at least |n| - 1/2 planes away.
        let reach: [i32; 3] =
            std::array::from_fn(|k| ((contacts.largest() / spacings[k] + 0.5) as i32).clamp(1, 8));
        let mut images = vec![Vector3::zeros()];
        for i in -reach[0]..=reach[0] {
            for j in -reach[1]..=reach[1] {
                for k in -reach[2]..=reach[2] {
                    if (i, j, k) != (0, 0, 0) {
                        images.push(lattice.to_cartesian(&Vector3::new(i.into(), j.into(), k.into())));
                    }
                }
            }
        }
        Self { lattice, contacts, images, atoms: Vec::new() }
    }

    /// Smallest ratio of distance to contact between two atoms, or of one with its own images.
    fn ratio(&self, x: &(Vector3<f64>, usize), y: &(Vector3<f64>, usize), same: bool) -> f64 {
        let difference = self.lattice.to_cartesian(&(y.0 - x.0).map(|d| d - d.round()));
        let images = if same { &self.images[1..] } else { &self.images[..] };
        let squared =
            images.iter().map(|shift| (difference + shift).norm_squared()).fold(f64::INFINITY, f64::min);
        squared.sqrt() / self.contacts.smallest(x.1, y.1)
    }

    /// Smallest ratio of distance to contact that one more atom of `kind` would bring in, its own images
    /// counted.
    pub(crate) fn ratio_at(&self, frac: Vector3<f64>, kind: usize) -> f64 {
        self.ratio_of_orbit(&[(frac, kind)])
    }

    /// Adds an atom.
    pub(crate) fn add(&mut self, frac: Vector3<f64>, kind: usize) {
        self.atoms.push((frac, kind));
    }

    /// The shortest way (Å) from one place to another.
    pub(crate) fn way(&self, from: &Vector3<f64>, to: &Vector3<f64>) -> Vector3<f64> {
        let difference = self.lattice.to_cartesian(&(to - from).map(|d| d - d.round()));
        let ways = self.images.iter().map(|shift| difference + shift);
        ways.min_by(|x, y| x.norm_squared().total_cmp(&y.norm_squared())).unwrap_or(difference)
    }

    /// Smallest ratio of distance to contact that new atoms of one orbit bring in. All of them are
    /// equivalent, so the first speaks for all.
    pub(crate) fn ratio_of_orbit(&self, orbit: &[(Vector3<f64>, usize)]) -> f64 {
        let Some(first) = orbit.first() else { return f64::INFINITY };
        let mut smallest = self.ratio(first, first, true);
        for other in orbit[1..].iter().chain(&self.atoms) {
            smallest = smallest.min(self.ratio(first, other, false));
        }
        smallest
    }
}

/// Smallest ratio of the distance of two atoms to the smallest distance that `contacts` allow them;
/// 1 and more is fine. Disordered sites and foreign elements count 0.
pub(crate) fn closest_approach(crystal: &Crystal, contacts: &Contacts) -> f64 {
    let mut filling = Filling::new(crystal.lattice, contacts);
    let mut smallest = f64::INFINITY;
    for site in &crystal.sites {
        let Some(kind) = site.main_element().and_then(|e| contacts.index(e)) else { return 0.0 };
        let atom = [(site.frac, kind)];
        smallest = smallest.min(filling.ratio_of_orbit(&atom));
        filling.atoms.extend(atom);
    }
    smallest
}

/// Places an orbit of elements of `kind` with random free parameters, taking the first of `trials`
/// draws that keeps all contacts, otherwise the best. `to_primitive` takes conventional to
/// primitive coordinates. Returns the parameters and the smallest ratio of distance to contact;
/// the atoms are added to the filling.
pub(crate) fn place_orbit<R: Rng + ?Sized>(
    filling: &mut Filling<'_>,
    position: &WyckoffPosition,
    to_primitive: &Matrix3<f64>,
    kind: usize,
    trials: usize,
    rng: &mut R,
) -> (Vec<f64>, f64) {
    let freedom = position.degrees_of_freedom();
    let trials = if freedom == 0 { 1 } else { trials.max(1) };
    let mut best = (Vec::new(), f64::NEG_INFINITY, Vec::new());
    for _ in 0..trials {
        let free: Vec<f64> = (0..freedom).map(|_| rng.random::<f64>()).collect();
        let orbit: Vec<(Vector3<f64>, usize)> =
            position.primitive_coordinates(&free).iter().map(|x| (to_primitive * x, kind)).collect();
        let ratio = filling.ratio_of_orbit(&orbit);
        if ratio > best.1 {
            best = (free, ratio, orbit);
        }
        if ratio >= 1.0 {
            break;
        }
    }
    let (free, ratio, orbit) = best;
    filling.atoms.extend(orbit);
    (free, ratio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototypes;
    use druse_representations::neighbours::Neighbours;

    /// The same ratio from the general neighbour list.
    fn by_neighbours(crystal: &Crystal, contacts: &Contacts) -> f64 {
        let elements = crystal.elements().unwrap();
        let kind = |i: usize| contacts.index(elements[i]).unwrap();
        Neighbours::within(crystal, 1.2 * contacts.largest())
            .unwrap()
            .iter()
            .map(|(i, j, _, distance)| distance / contacts.smallest(kind(i), kind(j)))
            .fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn distances_agree_with_the_neighbour_list() {
        for prototype in prototypes() {
            let crystal = prototype.code().to_primitive().unwrap();
            let contacts = Contacts::of(&crystal.composition());
            let (mine, other) = (closest_approach(&crystal, &contacts), by_neighbours(&crystal, &contacts));
            if mine < 1.0 || other < 1.0 {
                assert!((mine - other).abs() < 1e-9, "{}: {mine} {other}", prototype.name);
            }
        }
    }
}
